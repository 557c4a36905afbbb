//! What one view has at hand: read without locks and without counting references.
//!
//! A view shows one block's state, which never changes, so what it once got stays right for as long as it
//! lives. Each place is filled once; what finds its two places taken is fetched under a lock every time.

use std::sync::OnceLock;

pub(super) struct Pins<K, V> {
    places: Box<[OnceLock<(K, V)>]>,
}

impl<K: PartialEq, V> Pins<K, V> {
    /// `places` is a power of two, or zero.
    pub(super) fn new(places: usize) -> Self {
        Self {
            places: (0..places).map(|_| OnceLock::new()).collect(),
        }
    }

    #[inline]
    fn two(&self, hash: u64) -> impl Iterator<Item = &OnceLock<(K, V)>> {
        let mask = self.places.len().wrapping_sub(1);
        let first = hash as usize & mask;
        [first, first ^ 1]
            .into_iter()
            .filter_map(|index| self.places.get(index))
    }

    #[inline]
    pub(super) fn get(&self, hash: u64, key: &K) -> Option<&V> {
        self.two(hash)
            .filter_map(OnceLock::get)
            .find_map(|(pinned, value)| (pinned == key).then_some(value))
    }

    pub(super) fn put(&self, hash: u64, key: K, value: V) {
        let mut item = (key, value);
        for place in self.two(hash) {
            match place.set(item) {
                Ok(()) => return,
                Err(back) => item = back,
            }
        }
    }
}
