//! Keccak-256 of short inputs, remembered.
//!
//! A third of the time of a token transfer goes into hashing what has been hashed before: the same mapping
//! slot for a read and a write (`keccak(key . slot)`, Solidity's layout of state variables in storage), the
//! same holder and pool from block to block, and for the bloom filter of every receipt the same contracts and
//! topics (Yellow Paper, section 4.4.3). This is a table of such inputs with their hashes, shared by all
//! threads and kept from block to block. A hash is a function of its input, so nothing here can be stale.
//!
//! Each input has one place. A place is a *seqlock* (Boehm, "Can seqlocks get along with programming language
//! memory models?", MSPC 2012) of atomic words: a reader that finds the same settled version before and
//! after has read one consistent entry, and writers that meet give up. Nobody waits.

use alloy_primitives::{B256, Bloom, BloomInput, Log, keccak256, map::DefaultHashBuilder};
use core::{
    array, fmt,
    hash::BuildHasher,
    sync::atomic::{
        AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
        fence,
    },
};

/// The longest input that is remembered, in bytes. A CREATE2 address takes 85 (EIP-1014).
pub(super) const LONGEST: usize = 96;
const KEY_WORDS: usize = LONGEST / 8;
/// Places: 3 MiB in all, of which short inputs use two thirds.
const PLACES: usize = 1 << 14;

/// Set in a version while its place is being written.
const BUSY: u64 = 1 << 8;
/// What a version counts in; below it are [`BUSY`] and the length of the input.
const STEP: u64 = 1 << 9;
const LENGTH: u64 = BUSY - 1;

#[repr(align(64))]
struct Place {
    version: AtomicU64,
    hash: [AtomicU64; 4],
    key: [AtomicU64; KEY_WORDS],
}

type Key = [u64; KEY_WORDS];

/// Inputs of Keccak-256 with their hashes.
pub(super) struct Hashes {
    places: Box<[Place]>,
    hasher: DefaultHashBuilder,
}

impl fmt::Debug for Hashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hashes").finish_non_exhaustive()
    }
}

impl Default for Hashes {
    /// An empty table with all its memory.
    fn default() -> Self {
        let word = || AtomicU64::new(0);
        Self {
            places: (0..PLACES)
                .map(|_| Place {
                    version: word(),
                    hash: array::from_fn(|_| word()),
                    key: array::from_fn(|_| word()),
                })
                .collect(),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

impl Hashes {
    /// Keccak-256 of the input.
    #[inline]
    pub(super) fn keccak256(&self, input: &[u8]) -> B256 {
        self.look_up(input).0
    }

    /// Keccak-256 of the input, and whether it was remembered.
    #[inline]
    pub(super) fn look_up(&self, input: &[u8]) -> (B256, bool) {
        // An empty input has the length of a place that nobody has written.
        if input.is_empty() || input.len() > LONGEST {
            return (keccak256(input), false);
        }
        let key = words(input);
        let place = &self.places[self.hasher.hash_one(input) as usize % PLACES];
        if let Some(hash) = place.read(&key, input.len()) {
            return (hash, true);
        }
        let hash = keccak256(input);
        place.write(&key, input.len(), &hash);
        (hash, false)
    }

    /// The bloom filter over logs.
    pub(super) fn bloom(&self, logs: &[Log]) -> Bloom {
        let mut bloom = Bloom::ZERO;
        for log in logs {
            bloom.accrue(BloomInput::Hash(self.keccak256(log.address.as_slice())));
            for topic in log.topics() {
                bloom.accrue(BloomInput::Hash(self.keccak256(topic.as_slice())));
            }
        }
        bloom
    }
}

impl Place {
    #[inline]
    fn read(&self, key: &Key, length: usize) -> Option<B256> {
        let version = self.version.load(Acquire);
        if version & (LENGTH | BUSY) != length as u64 {
            return None;
        }
        let used = length.div_ceil(8);
        let same = self.key[..used]
            .iter()
            .zip(key)
            .all(|(have, want)| have.load(Relaxed) == *want);
        if !same {
            return None;
        }
        let mut hash = B256::ZERO;
        for (bytes, word) in hash.chunks_exact_mut(8).zip(&self.hash) {
            bytes.copy_from_slice(&word.load(Relaxed).to_ne_bytes());
        }
        fence(Acquire);
        (self.version.load(Relaxed) == version).then_some(hash)
    }

    fn write(&self, key: &Key, length: usize, hash: &B256) {
        let version = self.version.load(Relaxed);
        if version & BUSY != 0
            || self
                .version
                .compare_exchange(version, version | BUSY, Acquire, Relaxed)
                .is_err()
        {
            return;
        }
        // Nothing written below may be seen by a reader that does not also see the busy version.
        fence(Release);
        for (have, new) in self.key.iter().zip(key).take(length.div_ceil(8)) {
            have.store(*new, Relaxed);
        }
        for (have, new) in self.hash.iter().zip(hash.chunks_exact(8)) {
            have.store(word(new), Relaxed);
        }
        let next = (version & !(STEP - 1)).wrapping_add(STEP) | length as u64;
        self.version.store(next, Release);
    }
}

/// The input in words, the last one filled up with zeros.
#[inline]
fn words(input: &[u8]) -> Key {
    let mut key = [0; KEY_WORDS];
    for (into, bytes) in key.iter_mut().zip(input.chunks(8)) {
        *into = word(bytes);
    }
    key
}

#[inline]
fn word(bytes: &[u8]) -> u64 {
    match bytes.try_into() {
        Ok(bytes) => u64::from_ne_bytes(bytes),
        Err(_) => {
            let mut whole = [0; 8];
            for (into, byte) in whole.iter_mut().zip(bytes) {
                *into = *byte;
            }
            u64::from_ne_bytes(whole)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{Address, LogData, logs_bloom};
    use core::sync::atomic::AtomicBool;

    /// An input of this length that differs from number to number.
    fn input(length: usize, number: u64) -> Vec<u8> {
        (0..length)
            .map(|at| (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (at % 57)) as u8 ^ at as u8)
            .collect()
    }

    #[test]
    fn hashes_are_those_of_keccak_at_first_and_when_remembered() {
        let hashes = Hashes::default();
        for length in 0..2 * LONGEST {
            for number in [1, 2, 1, 2] {
                let input = input(length, number);
                assert_eq!(hashes.keccak256(&input), keccak256(&input), "{length} bytes");
            }
        }
    }

    #[test]
    fn inputs_that_differ_only_in_trailing_zeros_have_hashes_of_their_own() {
        let hashes = Hashes::default();
        for length in (1..=LONGEST).chain(1..=LONGEST) {
            let zeros = vec![0; length];
            assert_eq!(hashes.keccak256(&zeros), keccak256(&zeros), "{length} zeros");
        }
    }

    #[test]
    fn the_bloom_filter_is_that_of_the_logs() {
        let hashes = Hashes::default();
        let logs: Vec<Log> = (0..5_u8)
            .map(|number| Log {
                address: Address::repeat_byte(number),
                data: LogData::new_unchecked(
                    (0..number.min(4)).map(B256::repeat_byte).collect(),
                    vec![number].into(),
                ),
            })
            .collect();
        assert_eq!(hashes.bloom(&logs), logs_bloom(&logs));
        assert_eq!(hashes.bloom(&logs), logs_bloom(&logs));
    }

    #[test]
    fn threads_at_one_place_never_see_half_an_entry() {
        let word = || AtomicU64::new(0);
        let place = Place {
            version: word(),
            hash: array::from_fn(|_| word()),
            key: array::from_fn(|_| word()),
        };
        let inputs: Vec<(Vec<u8>, B256)> = (0..3)
            .map(|number| input(60 + number as usize % 2, number))
            .map(|input| (input.clone(), keccak256(&input)))
            .collect();
        let (done, seen) = (AtomicBool::new(false), AtomicU64::new(0));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Relaxed) {
                    for (input, hash) in &inputs {
                        if let Some(found) = place.read(&words(input), input.len()) {
                            assert_eq!(found, *hash);
                            seen.fetch_add(1, Relaxed);
                        }
                    }
                }
            });
            scope.spawn(|| {
                for turn in 0..200_000_usize {
                    let (input, hash) = &inputs[turn % 3];
                    place.write(&words(input), input.len(), hash);
                    if turn % 100 == 0 {
                        std::thread::yield_now();
                    }
                }
                while seen.load(Relaxed) == 0 {
                    std::thread::yield_now();
                }
                done.store(true, Relaxed);
            });
        });
        assert!(seen.load(Relaxed) > 0);
    }
}
