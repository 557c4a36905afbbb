//! Results that are known already. An inference is a pure function of (model, input), and a text one of (model,
//! request), so an entry is right for ever, in every fork and for every speculation; only memory bounds it.

use bytes::Bytes;
use metisvm_model::ModelId;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::Arc;

/// What a model was asked for. It holds the whole input, not its hash: no collision can ever answer for another input.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) model: ModelId,
    kind: Kind,
    pub(crate) bytes: Bytes,
}

/// Input and request are told apart, so that neither answers for the other where their bytes are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Inference,
    Generation,
}

impl Key {
    /// An inference of this input.
    pub(crate) const fn inference(model: ModelId, input: Bytes) -> Self {
        Self {
            model,
            kind: Kind::Inference,
            bytes: input,
        }
    }

    /// A text for this request.
    pub(crate) const fn generation(model: ModelId, request: Bytes) -> Self {
        Self {
            model,
            kind: Kind::Generation,
            bytes: request,
        }
    }
}

/// Bytes that an entry costs besides its input and output.
const OVERHEAD_BYTES: u64 = 160;
/// What an entry is taken to weigh when tables are sized.
const TYPICAL_BYTES: u64 = 1024;

#[derive(Clone, Debug)]
struct Weight;

impl Weighter<Key, Arc<[u8]>> for Weight {
    fn weight(&self, key: &Key, output: &Arc<[u8]>) -> u64 {
        key.bytes.len() as u64 + output.len() as u64 + OVERHEAD_BYTES
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_and_an_input_of_the_same_bytes_are_two_things() {
        let memo = Memo::new(1 << 16);
        let (model, bytes) = (ModelId([7; 32]), Bytes::from_static(b"the same"));
        let (input, request) = (
            Key::inference(model, bytes.clone()),
            Key::generation(model, bytes),
        );
        memo.insert(input.clone(), Arc::from([1]));
        assert_eq!(memo.get(&request), None);
        memo.insert(request.clone(), Arc::from([2]));
        assert_eq!(memo.get(&input).as_deref(), Some(&[1][..]));
        assert_eq!(memo.get(&request).as_deref(), Some(&[2][..]));
    }
}
