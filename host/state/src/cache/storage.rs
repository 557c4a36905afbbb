//! Storages known as a whole, and what is known about the size of the others.
//!
//! Many slots that execution reads are zero: a voter who has not voted yet, an allowance never given. For
//! each of them a store has to search, and there is no end of them. Of an account whose storage is known
//! *completely*, every slot that is not in it is zero without asking anyone.
//!
//! When to read a storage as a whole is decided as one decides between renting and buying (ski rental;
//! Karlin et al., "Competitive snoopy caching", 1988): once `m` slots were missed, up to `m · slots_per_miss`
//! slots may be read at once. If the storage has more, the next attempt comes when twice as many have been
//! missed, so that attempts in vain cost no more than the misses did. A storage larger than the largest that
//! is kept is remembered as such, and not tried again before the account loses its storage.

use super::{
    CacheConfig,
    keys::{ACCOUNT_KEY, Hashers},
    table::Table,
    units::Weigh,
};
use alloy_primitives::{Address, U256, map::U256Map};

/// All slots of one account that are not zero.
#[derive(Debug, Clone, Default)]
pub(super) struct CompleteStorage {
    slots: U256Map<U256>,
}

impl CompleteStorage {
    pub(super) fn new(slots: impl IntoIterator<Item = (U256, U256)>) -> Self {
        let mut storage = Self::default();
        storage.add(slots);
        storage.finish()
    }

    /// Adds slots while it is being read, part by part.
    pub(super) fn add(&mut self, slots: impl IntoIterator<Item = (U256, U256)>) {
        let slots = slots.into_iter().filter(|(_, value)| !value.is_zero());
        self.slots.extend(slots);
    }

    /// All of it is there.
    pub(super) fn finish(mut self) -> Self {
        self.slots.shrink_to_fit();
        self
    }

    /// How many slots take at most so many bytes.
    pub(super) fn slots_within(bytes: usize) -> usize {
        let buckets = bytes.saturating_sub(GROUP) / BUCKET;
        // The greatest power of two, of which seven in eight may be used.
        match buckets.checked_ilog2() {
            Some(power) if power >= 3 => (1 << power) / 8 * 7,
            _ => 0,
        }
    }

    #[inline]
    pub(super) fn slot(&self, slot: &U256) -> U256 {
        self.slots.get(slot).copied().unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn write(&mut self, changes: &U256Map<U256>) {
        for (slot, value) in changes {
            if value.is_zero() {
                self.slots.remove(slot);
            } else {
                self.slots.insert(*slot, *value);
            }
        }
    }
}

// What a bucket of the map takes, with its byte of control; and the group of these that comes on top.
const BUCKET: usize = size_of::<(U256, U256)>() + 1;
const GROUP: usize = 16;

impl Weigh for CompleteStorage {
    fn heap_bytes(&self) -> usize {
        // A power of two of buckets.
        let capacity = self.slots.capacity();
        if capacity == 0 {
            return 0;
        }
        let buckets = (capacity * 8 / 7).next_power_of_two();
        buckets * BUCKET + GROUP
    }
}

/// What is known about storages that are not held completely: slots missed, and whether it is large. All of
/// it is advice: it is not bound to a block, and losing it costs time only.
pub(super) struct StorageSizes {
    table: Table<ACCOUNT_KEY, 1>,
    hashers: Hashers,
    largest: usize,
}

// One word: misses below, the number of attempts in vain above, two flags.
const ATTEMPT: u64 = 1 << 32;
const LOADING: u64 = 1 << 62;
const LARGE: u64 = 1 << 63;
const EPOCH: u64 = 1;

fn misses(word: u64) -> u64 {
    word & u64::from(u32::MAX)
}

fn attempts(word: u64) -> u32 {
    ((word >> 32) & 0x3f) as u32
}

impl StorageSizes {
    /// `largest` is the largest storage that is kept as a whole, in slots.
    pub(super) fn new(bytes: usize, hashers: Hashers, largest: usize) -> Self {
        Self {
            table: Table::new(bytes),
            hashers,
            largest,
        }
    }

    /// The largest storage that is kept as a whole, in slots.
    pub(super) fn largest(&self) -> usize {
        self.largest
    }

    pub(super) fn bytes(&self) -> usize {
        self.table.bytes()
    }

    fn update(&self, address: &Address, change: impl FnOnce(u64) -> u64) {
        let key = self.hashers.account_key(address);
        self.table
            .write(&key, EPOCH, |word| [change(word.map_or(0, |[word]| word))]);
    }

    /// Notes that a slot of the account had to be read by itself. Answers how many slots to read instead
    /// where it is time for that: then one of [`Self::known`], [`Self::larger`] and [`Self::give_up`] is to
    /// follow, and nobody else is told to read meanwhile.
    pub(super) fn missed(&self, address: &Address, config: &CacheConfig) -> Option<usize> {
        if self.largest == 0 {
            return None;
        }
        let mut limit = None;
        self.update(address, |word| {
            if word & (LOADING | LARGE) != 0 {
                return word;
            }
            let missed = misses(word) + 1;
            let due = u64::from(config.misses_before_range.max(1)) << attempts(word).min(32);
            if missed >= due {
                let allowed = missed.saturating_mul(u64::from(config.slots_per_miss));
                limit = Some(self.largest.min(usize::try_from(allowed).unwrap_or(usize::MAX)));
                return word | LOADING;
            }
            if missed <= u64::from(u32::MAX) {
                word + 1
            } else {
                word
            }
        });
        limit
    }

    /// True while somebody reads the storage in a range.
    pub(super) fn is_loading(&self, address: &Address) -> bool {
        self.table
            .get(&self.hashers.account_key(address), EPOCH, false)
            .is_some_and(|found| found.value[0] & LOADING != 0)
    }

    /// The storage was read completely. Should it be evicted, it has to earn its way back.
    pub(super) fn known(&self, address: &Address) {
        self.update(address, |_| 0);
    }

    /// The storage has more slots than were asked for.
    pub(super) fn larger(&self, address: &Address, limit: usize) {
        self.update(address, |word| {
            if limit >= self.largest {
                LARGE
            } else {
                (word & !LOADING) + ATTEMPT
            }
        });
    }

    /// The storage could not be read or found no room: not before twice as many misses.
    pub(super) fn give_up(&self, address: &Address) {
        self.update(address, |word| {
            let more = if attempts(word) < 32 { ATTEMPT } else { 0 };
            (word & !LOADING) + more
        });
    }

    /// True where the storage was found to be larger than what is kept.
    pub(super) fn is_large(&self, address: &Address) -> bool {
        self.table
            .get(&self.hashers.account_key(address), EPOCH, false)
            .is_some_and(|found| found.value[0] & LARGE != 0)
    }

    /// The account lost its storage: what was known about its size is void.
    pub(super) fn cleared(&self, address: &Address) {
        self.table.remove(&self.hashers.account_key(address), EPOCH);
    }
}
