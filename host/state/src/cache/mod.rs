//! The state-aware cache: what blocks read, kept between blocks, in front of a store.
//!
//! A [`StateCache`] stands at one block (its **tip**) and holds committed values of the state after it. A
//! block is executed over a [`CacheView`] of its parent; what execution changes never enters the cache
//! until [`StateCache::advance`] is told of the finished block, so a block that fails leaves no trace. On a
//! re-organisation [`StateCache::move_to`] goes back by forgetting the keys that the abandoned blocks
//! changed, or everything where its history does not reach.
//!
//! Two numbers keep branches apart. The **generation** rises with every move of the tip, before anything is
//! changed: a reader whose view has another generation takes nothing from the cache and puts nothing in, and
//! looks at it while it holds what it writes to. The **epoch** is written in every entry and rises when
//! everything is to be forgotten at once.
//!
//! What makes it aware of state: absence is an answer that is kept like any other; storages small enough are
//! held whole ([`storage`]); what several transactions read outlives what one of them read ([`admission`]);
//! code is held once for all accounts that have it.

mod admission;
mod budget;
mod config;
mod flights;
mod history;
mod keys;
mod pins;
mod prefetch;
mod ranges;
mod slots;
mod source;
mod statistics;
mod storage;
mod table;
#[cfg(test)]
mod table_races;
mod units;
mod view;

pub use config::{CacheConfig, CacheParts};
pub(crate) use prefetch::Reader;
pub use source::StateSource;
pub use statistics::CacheStatistics;
pub use view::CacheView;

use crate::{AccountChange, StateChanges};
use admission::MAX_EPOCH;
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, map::AddressSet};
use core::{
    fmt,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
};
use flights::Flights;
use history::{BlockRecord, History};
use keys::{ACCOUNT_KEY, ACCOUNT_VALUE, Hashers};
use revm::bytecode::Bytecode;
use slots::SlotTable;
use statistics::{Counter, Counters};
use std::sync::{Mutex, MutexGuard, PoisonError};
use storage::{CompleteStorage, StorageSizes};
use table::{Put, Table};
use units::{Units, Weigh};

/// How the cache came to stand at a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheMove {
    /// It stood there already.
    Stayed,
    /// It went back this many blocks, forgetting the keys that they changed.
    Unwound(usize),
    /// It forgot everything but code: the block was not known to be an ancestor.
    Cleared,
}

/// A cache that lives as long as the node. One for each store; shared by reference between threads.
pub struct StateCache {
    config: CacheConfig,
    hashers: Hashers,
    accounts: Table<ACCOUNT_KEY, ACCOUNT_VALUE>,
    slots: SlotTable,
    storages: Units<Address, CompleteStorage>,
    codes: Units<B256, Bytecode>,
    sizes: StorageSizes,
    counters: Counters,
    flights: Flights,
    generation: AtomicU64,
    tip: Mutex<Tip>,
}

// Held for every move of the tip, and for a moment when a view is opened.
#[derive(Debug)]
struct Tip {
    // `None`: nowhere, before the first move or after a move that did not end.
    block: Option<B256>,
    epoch: u64,
    history: History,
}

impl fmt::Debug for StateCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateCache")
            .field("config", &self.config)
            .field("statistics", &self.statistics())
            .finish_non_exhaustive()
    }
}

impl Weigh for Bytecode {
    fn heap_bytes(&self) -> usize {
        // The padded bytes, a bit of jump table for each, and the headers of three allocations.
        self.bytes_ref().len() + self.bytes_ref().len() / 8 + 256
    }
}

impl StateCache {
    /// An empty cache that stands nowhere: the first [`Self::move_to`] or [`Self::advance`] says where.
    ///
    /// All tables are allocated here. Beside `config.bytes` there are some 4 KiB of counters.
    pub fn new(config: CacheConfig) -> Self {
        let parts = config.parts();
        let hashers = Hashers::default();
        let storages: Units<Address, CompleteStorage> = Units::new(parts.storages, hashers.any().clone());
        let room = storages.largest_unit();
        let room = room.saturating_sub(Units::<Address, CompleteStorage>::OVERHEAD);
        // What would find no room is not read in vain.
        let largest = config.largest_storage.min(CompleteStorage::slots_within(room));
        Self {
            accounts: Table::new(parts.accounts),
            slots: SlotTable::new(parts.slots, hashers.clone()),
            storages,
            codes: Units::new(parts.codes, hashers.any().clone()),
            sizes: StorageSizes::new(parts.sizes, hashers.clone(), largest),
            counters: Counters::new(),
            flights: Flights::default(),
            generation: AtomicU64::new(1),
            tip: Mutex::new(Tip {
                block: None,
                epoch: 1,
                history: History::new(parts.history, config.history_blocks),
            }),
            hashers,
            config,
        }
    }

    /// The sizes that it was made with.
    pub fn config(&self) -> &CacheConfig {
        &self.config
    }

    /// The block that the cache stands at.
    pub fn tip(&self) -> Option<B256> {
        self.lock().block
    }

    /// Bytes taken, never more than [`CacheConfig::bytes`]. Tables count in full from the start.
    pub fn bytes(&self) -> usize {
        self.accounts.bytes()
            + self.slots.bytes()
            + self.storages.bytes()
            + self.codes.bytes()
            + self.sizes.bytes()
            + self.lock().history.bytes()
    }

    /// What it has done so far.
    pub fn statistics(&self) -> CacheStatistics {
        let mut statistics = self.counters.snapshot();
        statistics.evictions += self.storages.evicted() + self.codes.evicted();
        statistics
    }

    /// The state after `block`, which is what `source` holds, through the cache. Where the cache stands
    /// elsewhere the view reads the source alone: right, but slow. For executing a block call
    /// [`Self::move_to`] its parent first; a look at an old block should leave the cache where it is.
    ///
    /// Beside the bound of the cache a view takes some 40 KiB while it lives.
    pub fn view<S: StateSource>(&self, source: S, block: B256) -> CacheView<'_, S> {
        let tip = self.lock();
        let attached = (tip.block == Some(block)).then(|| self.generation.load(SeqCst));
        CacheView::new(self, source, attached, tip.epoch)
    }

    /// Makes the cache stand at `block`, wherever that is: views of it use the cache from then on, and all
    /// that were opened before read their sources alone.
    pub fn move_to(&self, block: B256) -> CacheMove {
        self.move_tip(&mut self.lock(), block)
    }

    /// Takes over what the finished block `block`, a child of `parent`, changed; the cache then stands at
    /// it. Where the cache did not stand at `parent` it moves there first; how is returned.
    pub fn advance(&self, parent: B256, block: B256, changes: &StateChanges) -> CacheMove {
        let mut tip = self.lock();
        let moved = self.move_tip(&mut tip, parent);
        self.begin_move(&mut tip);
        let record = BlockRecord::new(parent, changes);
        for (hash, code) in &changes.codes {
            self.codes.insert(*hash, code.clone(), || true);
        }
        self.clear_storages(&record);
        for (address, change) in &changes.accounts {
            self.write_account(address, change, tip.epoch);
            self.write_storage(address, change, tip.epoch);
        }
        tip.history.push(record);
        tip.block = Some(block);
        moved
    }

    fn lock(&self) -> MutexGuard<'_, Tip> {
        // A move that panicked left `block` at nowhere, so what it left half done is never read.
        self.tip.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // From here on no view of before takes anything from the cache or puts anything in.
    fn begin_move(&self, tip: &mut Tip) {
        tip.block = None;
        self.generation.fetch_add(1, SeqCst);
    }

    fn move_tip(&self, tip: &mut Tip, block: B256) -> CacheMove {
        if tip.block == Some(block) {
            return CacheMove::Stayed;
        }
        let ancestor = tip.block.and_then(|_| tip.history.unwind_to(block));
        self.begin_move(tip);
        let moved = match ancestor {
            Some(records) => {
                for record in &records {
                    self.forget(record, tip.epoch);
                }
                CacheMove::Unwound(records.len())
            }
            None => {
                self.forget_all(tip);
                CacheMove::Cleared
            }
        };
        tip.block = Some(block);
        moved
    }

    // Forgets what a block changed. What it did not change has the same value before and after it.
    fn forget(&self, record: &BlockRecord, epoch: u64) {
        self.clear_storages(record);
        for address in &record.accounts {
            self.accounts.remove(&self.hashers.account_key(address), epoch);
        }
        for (address, slot) in &record.slots {
            self.slots.remove(address, slot, epoch);
            self.storages.remove(address);
        }
    }

    fn forget_all(&self, tip: &mut Tip) {
        tip.history.clear();
        self.storages.clear();
        if tip.epoch < MAX_EPOCH {
            tip.epoch += 1;
        } else {
            self.slots.clear();
            self.accounts.sweep(|_| true);
            tip.epoch = 1;
        }
    }

    fn clear_storages(&self, record: &BlockRecord) {
        for address in &record.cleared {
            self.storages.remove(address);
            self.sizes.cleared(address);
        }
        let accounts: AddressSet = record.cleared.iter().copied().collect();
        self.slots.clear_accounts(accounts);
    }

    fn write_account(&self, address: &Address, change: &AccountChange, epoch: u64) {
        let account = change
            .account
            .as_ref()
            .map(|account| (&account.balance, account.nonce, &account.code_hash));
        let key = self.hashers.account_key(address);
        let put = self.accounts.write(&key, epoch, |_| keys::account_value(account));
        self.count_eviction(&put);
    }

    fn write_storage(&self, address: &Address, change: &AccountChange, epoch: u64) {
        let Some(account) = &change.account else {
            return;
        };
        for (slot, value) in &change.storage {
            let put = self.slots.write(address, slot, *value, epoch);
            self.count_eviction(&put);
        }
        if change.storage_cleared {
            // The slots of a new contract are all known, and likely to be read next.
            let is_contract = account.code_hash != KECCAK256_EMPTY;
            let storage = CompleteStorage::new(change.storage.iter().map(|(slot, value)| (*slot, *value)));
            if is_contract && storage.len() <= self.sizes.largest() {
                self.storages.insert(*address, storage, || true);
            }
        } else if !change.storage.is_empty() {
            self.storages.change(address, |storage| {
                storage.write(&change.storage);
                storage.len() <= self.sizes.largest()
            });
        }
    }

    fn count_eviction<const K: usize>(&self, put: &Put<K>) {
        if matches!(put, Put::Added { living: true, .. }) {
            self.counters.count(Counter::Evictions);
        }
    }
}
