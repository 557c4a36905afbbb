//! The table of single slots, with a count of how many slots lie in it for (about) each account.
//!
//! Clearing a storage means finding the slots of one account, which lie all over the table: a walk over all
//! of it. Almost every account that a block clears was just created and has none there. So accounts are
//! counted in a small array by their hash: zero means that no walk is needed.

use super::{
    admission::Fill,
    keys::{self, Hashers, Key, SLOT_KEY, SLOT_VALUE},
    table::{Found, Put, Table},
};
use alloy_primitives::{Address, U256, map::AddressSet};
use core::sync::atomic::{AtomicU32, Ordering::SeqCst};

const MAX_COUNTS: usize = 1 << 16;

pub(super) struct SlotTable {
    table: Table<SLOT_KEY, SLOT_VALUE>,
    counts: Box<[AtomicU32]>,
    hashers: Hashers,
}

impl SlotTable {
    pub(super) fn new(bytes: usize, hashers: Hashers) -> Self {
        // A sixteenth for the counts, a power of two of them; just one where no slot fits in anyway.
        let wanted = (bytes / 16 / size_of::<AtomicU32>()).clamp(1, MAX_COUNTS);
        let counts = 1 << wanted.ilog2();
        let table = Table::new(bytes.saturating_sub(counts * size_of::<AtomicU32>()));
        let counts = if table.bytes() > 0 { counts } else { 1 };
        Self {
            table,
            counts: (0..counts).map(|_| AtomicU32::new(0)).collect(),
            hashers,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self.table.bytes() {
            0 => 0,
            table => table + size_of_val(&*self.counts),
        }
    }

    fn count(&self, address_hash: u64) -> &AtomicU32 {
        &self.counts[address_hash as usize & (self.counts.len() - 1)]
    }

    #[inline]
    pub(super) fn get(&self, key: &Key<SLOT_KEY>, epoch: u64, used: bool) -> Option<Found<SLOT_VALUE>> {
        self.table.get(key, epoch, used)
    }

    // Counts an entry before it can be seen, and what it displaced after that cannot be seen any more: a
    // count is never too low. Sequential consistency, because who clears raises the generation first and
    // then looks at the counts, and who fills counts first and then looks at the generation: one of the two
    // sees the other.
    fn counted(&self, key: &Key<SLOT_KEY>, put: impl FnOnce() -> Put<SLOT_KEY>) -> Put<SLOT_KEY> {
        let count = self.count(self.hashers.address(&keys::address_of(&key.words)));
        count.fetch_add(1, SeqCst);
        let put = put();
        match &put {
            Put::Refused | Put::Present => {
                count.fetch_sub(1, SeqCst);
            }
            Put::Added {
                displaced: Some(words),
                ..
            } => {
                let other = self.hashers.address(&keys::address_of(words));
                self.count(other).fetch_sub(1, SeqCst);
            }
            Put::Added { displaced: None, .. } => {}
        }
        put
    }

    /// Puts in what was read from the source; see [`Table::fill`].
    pub(super) fn fill(
        &self,
        key: &Key<SLOT_KEY>,
        value: U256,
        epoch: u64,
        fill: Fill,
        current: impl FnOnce() -> bool,
    ) -> Put<SLOT_KEY> {
        self.counted(key, || {
            self.table.fill(key, value.as_limbs(), epoch, fill, current)
        })
    }

    /// Puts in what a block wrote.
    pub(super) fn write(&self, address: &Address, slot: &U256, value: U256, epoch: u64) -> Put<SLOT_KEY> {
        let key = self
            .hashers
            .slot_key(self.hashers.address(address), address, slot);
        self.counted(&key, || self.table.write(&key, epoch, |_| *value.as_limbs()))
    }

    pub(super) fn remove(&self, address: &Address, slot: &U256, epoch: u64) {
        let address_hash = self.hashers.address(address);
        let key = self.hashers.slot_key(address_hash, address, slot);
        if self.table.remove(&key, epoch) {
            self.count(address_hash).fetch_sub(1, SeqCst);
        }
    }

    /// Forgets all slots of these accounts. The generation has to be raised before.
    pub(super) fn clear_accounts(&self, mut accounts: AddressSet) {
        accounts.retain(|address| self.count(self.hashers.address(address)).load(SeqCst) > 0);
        if accounts.is_empty() {
            return;
        }
        self.sweep(|address| accounts.contains(address));
    }

    /// Forgets all slots, also those of older epochs.
    pub(super) fn clear(&self) {
        self.sweep(|_| true);
    }

    fn sweep(&self, gone: impl Fn(&Address) -> bool) {
        self.table.sweep(|key| {
            let address = keys::address_of(key);
            let gone = gone(&address);
            if gone {
                self.count(self.hashers.address(&address)).fetch_sub(1, SeqCst);
            }
            gone
        });
    }
}
