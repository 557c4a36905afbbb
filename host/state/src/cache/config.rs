//! How large a cache may be, and when it reads a storage as a whole.

/// The sizes of a [`StateCache`](crate::StateCache).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheConfig {
    /// Bytes for everything that is cached, bookkeeping included. Never exceeded; [`CacheConfig::parts`]
    /// says what gets how much of it.
    pub bytes: usize,
    /// Slots missed of one account before its storage is read as a whole for the first time.
    pub misses_before_range: u32,
    /// Slots that a range read may bring for each slot missed so far: a slot of a range costs a small part
    /// of what a read of its own costs, so that a range read in vain costs no more than the misses did.
    pub slots_per_miss: u32,
    /// The largest storage that is kept as a whole, in slots. Never one that takes more than half of the bytes for
    /// whole storages: larger ones are kept slot by slot.
    pub largest_storage: usize,
    /// How many blocks back the cache can be unwound key by key.
    pub history_blocks: usize,
}

impl Default for CacheConfig {
    /// 256 MiB; storages of up to 262,144 slots (229,376 find room), first tried at the third miss; 64 blocks of
    /// history.
    fn default() -> Self {
        Self {
            bytes: 256 << 20,
            misses_before_range: 3,
            slots_per_miss: 64,
            largest_storage: 1 << 18,
            history_blocks: 64,
        }
    }
}

/// How the bytes of a cache are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheParts {
    /// Single slots.
    pub slots: usize,
    /// Accounts without code.
    pub accounts: usize,
    /// Code.
    pub codes: usize,
    /// Storages held as a whole.
    pub storages: usize,
    /// What is known about the sizes of storages.
    pub sizes: usize,
    /// The keys that recent blocks changed.
    pub history: usize,
}

impl CacheConfig {
    /// A cache of so many bytes, otherwise as by default.
    pub fn with_bytes(bytes: usize) -> Self {
        Self {
            bytes,
            ..Self::default()
        }
    }

    /// The division of `bytes`, in sixty-fourths: slots 24, accounts 12, codes 12, storages 12, sizes 2,
    /// history 2.
    pub fn parts(&self) -> CacheParts {
        let part = self.bytes / 64;
        CacheParts {
            slots: 24 * part,
            accounts: 12 * part,
            codes: 12 * part,
            storages: 12 * part,
            sizes: 2 * part,
            history: 2 * part,
        }
    }
}
