//! Results that are known already. An inference is a pure function of (model, input), so an entry is
//! right for ever, in every fork and for every speculation; only memory bounds it.

use bytes::Bytes;
use metisvm_model::ModelId;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::Arc;

/// A key holds the whole input, not its hash: no collision can ever answer for another input.
type Key = (ModelId, Bytes);

/// Bytes that an entry costs besides its input and output.
const OVERHEAD_BYTES: u64 = 160;
/// What an entry is taken to weigh when tables are sized.
const TYPICAL_BYTES: u64 = 1024;

#[derive(Clone, Debug)]
struct Weight;

impl Weighter<Key, Arc<[u8]>> for Weight {
    fn weight(&self, (_, input): &Key, output: &Arc<[u8]>) -> u64 {
        input.len() as u64 + output.len() as u64 + OVERHEAD_BYTES
    }
}

/// A cache of results, bounded in bytes.
#[derive(Debug)]
pub(crate) struct Memo(Option<Cache<Key, Arc<[u8]>, Weight>>);

impl Memo {
    /// A memo of at most `bytes`; of none with 0.
    pub(crate) fn new(bytes: u64) -> Self {
        let entries = (bytes / TYPICAL_BYTES).clamp(16, 1 << 20) as usize;
        Self((bytes > 0).then(|| Cache::with_weighter(entries, bytes, Weight)))
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Arc<[u8]>> {
        self.0.as_ref()?.get(key)
    }

    pub(crate) fn insert(&self, key: Key, output: Arc<[u8]>) {
        if let Some(cache) = &self.0 {
            cache.insert(key, output);
        }
    }
}
