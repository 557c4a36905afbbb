//! A table of fixed size for small records, read without locks.
//!
//! Set-associative: a key's hash names a set of seven places. Everything is atomic words, and every set has
//! a sequence number (a *seqlock*; Boehm, "Can seqlocks get along with programming language memory
//! models?", MSPC 2012): a writer makes it odd, writes, makes it even again; a reader that finds the same
//! even number before and after has read one consistent entry. Readers store nothing, so workers share hot
//! entries without taking lines from each other, and a set is as fine a shard as there can be. All memory is
//! taken at the start.
//!
//! An entry belongs to an **epoch**; raising the epoch empties the table in one step.

use super::{
    admission::{self, Fill, IDENTITY, WAYS},
    keys::Key,
};
use core::{
    array, hint,
    sync::atomic::{
        AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
        fence,
    },
};
use std::thread;

// Looks at a set that is being written before a reader gives up and calls it a miss.
const READER_TRIES: usize = 64;
// Turns of waiting before a writer lets other threads run.
const WRITER_SPINS: usize = 64;
const GHOSTS: usize = 8;

struct Entry<const K: usize, const V: usize> {
    key: [AtomicU64; K],
    value: [AtomicU64; V],
}

#[repr(C, align(64))]
struct Set<const K: usize, const V: usize> {
    sequence: AtomicU64,
    tags: [AtomicU64; WAYS],
    // Eight ghosts of sixteen bits.
    ghosts: [AtomicU64; 2],
    entries: [Entry<K, V>; WAYS],
}

/// Keys of `K` words and values of `V` words.
pub(super) struct Table<const K: usize, const V: usize> {
    sets: Box<[Set<K, V>]>,
}

/// What was found.
pub(super) struct Found<const V: usize> {
    pub(super) value: [u64; V],
    /// Execution read for the first time what a prefetch had brought.
    pub(super) first_use_of_prefetch: bool,
}

/// What became of an entry that was to be put in.
pub(super) enum Put<const K: usize> {
    /// Not put in: no room at all, the set is being written by another, or the value is out of date.
    Refused,
    /// There was an entry of this key.
    Present,
    /// Put in; `displaced` was thrown out for it. `living` where that could still have been read.
    Added {
        displaced: Option<[u64; K]>,
        living: bool,
    },
}

// Holds a set for writing; the sequence number becomes even again when this is dropped.
struct Writing<'a, const K: usize, const V: usize> {
    set: &'a Set<K, V>,
    odd: u64,
}

impl<const K: usize, const V: usize> Drop for Writing<'_, K, V> {
    fn drop(&mut self) {
        self.set.sequence.store(self.odd.wrapping_add(1), Release);
    }
}

impl<const K: usize, const V: usize> Set<K, V> {
    fn new() -> Self {
        let words = || AtomicU64::new(0);
        Self {
            sequence: words(),
            tags: array::from_fn(|_| words()),
            ghosts: array::from_fn(|_| words()),
            entries: array::from_fn(|_| Entry {
                key: array::from_fn(|_| words()),
                value: array::from_fn(|_| words()),
            }),
        }
    }

    fn try_write(&self) -> Option<Writing<'_, K, V>> {
        let even = self.sequence.load(Relaxed);
        if even & 1 == 1 {
            return None;
        }
        let odd = even + 1;
        self.sequence.compare_exchange(even, odd, Acquire, Relaxed).ok()?;
        // Nothing written below may be seen by a reader that does not also see the odd number.
        fence(Release);
        Some(Writing { set: self, odd })
    }

    fn write(&self) -> Writing<'_, K, V> {
        let mut turns = 0;
        loop {
            if let Some(writing) = self.try_write() {
                return writing;
            }
            turns += 1;
            if turns % WRITER_SPINS == 0 {
                thread::yield_now();
            } else {
                hint::spin_loop();
            }
        }
    }

    #[inline]
    fn find(&self, key: &Key<K>, epoch: u64) -> Option<(usize, u64)> {
        let wanted = admission::identity(key.hash, epoch);
        (0..WAYS).find_map(|way| {
            let tag = self.tags[way].load(Relaxed);
            let same = tag & IDENTITY == wanted
                && self.entries[way]
                    .key
                    .iter()
                    .zip(&key.words)
                    .all(|(have, want)| have.load(Relaxed) == *want);
            same.then_some((way, tag))
        })
    }

    #[inline]
    fn value(&self, way: usize) -> [u64; V] {
        array::from_fn(|word| self.entries[way].value[word].load(Relaxed))
    }

    fn key(&self, way: usize) -> [u64; K] {
        array::from_fn(|word| self.entries[way].key[word].load(Relaxed))
    }
}

impl<const K: usize, const V: usize> Writing<'_, K, V> {
    fn set_value(&self, way: usize, value: &[u64; V]) {
        for (word, new) in self.set.entries[way].value.iter().zip(value) {
            word.store(*new, Relaxed);
        }
    }

    // Forgets the ghost of `hash` and says whether there was one.
    fn take_ghost(&self, hash: u64) -> bool {
        let wanted = u64::from(admission::ghost(hash));
        for word in &self.set.ghosts {
            let ghosts = word.load(Relaxed);
            for shift in [0, 16, 32, 48] {
                if (ghosts >> shift) & 0xffff == wanted {
                    word.store(ghosts & !(0xffff << shift), Relaxed);
                    return true;
                }
            }
        }
        false
    }

    // Ghosts overwrite each other in the order of the writes to the set.
    fn leave_ghost(&self, tag: u64, now: u64) {
        let ghost = u64::from(admission::ghost(tag));
        let place = now as usize % GHOSTS;
        let shift = 16 * (place % 4);
        let word = &self.set.ghosts[place / 4];
        word.store(
            word.load(Relaxed) & !(0xffff << shift) | (ghost << shift),
            Relaxed,
        );
    }

    // Puts a key in that is not there.
    fn add(&self, key: &Key<K>, value: &[u64; V], epoch: u64, fill: Fill) -> Put<K> {
        let now = self.odd / 2;
        let mut tags: [u64; WAYS] = array::from_fn(|way| self.set.tags[way].load(Relaxed));
        let had_ghost = self.take_ghost(key.hash);
        let dead = (0..WAYS).find(|way| !admission::lives(tags[*way], epoch));
        let (way, displaced) = match dead {
            Some(way) => (way, (tags[way] != 0).then(|| self.set.key(way))),
            None => {
                let way = admission::victim(&mut tags, now);
                self.leave_ghost(tags[way], now);
                (way, Some(self.set.key(way)))
            }
        };
        tags[way] = admission::newcomer(key.hash, epoch, now, fill, had_ghost);
        for (place, tag) in self.set.tags.iter().zip(tags) {
            place.store(tag, Relaxed);
        }
        for (word, new) in self.set.entries[way].key.iter().zip(&key.words) {
            word.store(*new, Relaxed);
        }
        self.set_value(way, value);
        Put::Added {
            displaced,
            living: dead.is_none(),
        }
    }
}

impl<const K: usize, const V: usize> Table<K, V> {
    /// As many sets as fit into `bytes`; with none, nothing is ever kept.
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            sets: (0..bytes / size_of::<Set<K, V>>()).map(|_| Set::new()).collect(),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.sets)
    }

    #[inline]
    fn set(&self, hash: u64) -> Option<&Set<K, V>> {
        // The upper bits choose the set, the lower ones are the fingerprint.
        let index = (u128::from(hash) * self.sets.len() as u128) >> 64;
        self.sets.get(index as usize)
    }

    /// The value of a key in this epoch. `used`: execution reads it, which counts for its keeping.
    #[inline]
    pub(super) fn get(&self, key: &Key<K>, epoch: u64, used: bool) -> Option<Found<V>> {
        let set = self.set(key.hash)?;
        for _ in 0..READER_TRIES {
            let before = set.sequence.load(Acquire);
            if before & 1 == 0 {
                let found = set.find(key, epoch);
                let value = found.map(|(way, _)| set.value(way));
                fence(Acquire);
                if set.sequence.load(Relaxed) == before {
                    let ((way, tag), value) = found.zip(value)?;
                    return Some(Found {
                        value,
                        first_use_of_prefetch: used && Self::note_use(set, way, tag),
                    });
                }
            }
            hint::spin_loop();
        }
        None
    }

    // A use that another thread's note or a writer comes before is lost: it only steers eviction.
    #[inline]
    fn note_use(set: &Set<K, V>, way: usize, tag: u64) -> bool {
        admission::used(tag).is_some_and(|(new, first)| {
            set.tags[way].compare_exchange(tag, new, Relaxed, Relaxed).is_ok() && first
        })
    }

    /// Puts in what a reader got from the source, unless there is an entry already. `current` is asked while
    /// the set is held: a value of an older block must not come in after a newer block was written.
    pub(super) fn fill(
        &self,
        key: &Key<K>,
        value: &[u64; V],
        epoch: u64,
        fill: Fill,
        current: impl FnOnce() -> bool,
    ) -> Put<K> {
        let Some(writing) = self.set(key.hash).and_then(Set::try_write) else {
            return Put::Refused;
        };
        if !current() {
            return Put::Refused;
        }
        if writing.set.find(key, epoch).is_some() {
            return Put::Present;
        }
        writing.add(key, value, epoch, fill)
    }

    /// Gives a key the value that `change` makes of the present one, and puts it in where it was absent.
    pub(super) fn write(
        &self,
        key: &Key<K>,
        epoch: u64,
        change: impl FnOnce(Option<[u64; V]>) -> [u64; V],
    ) -> Put<K> {
        let Some(set) = self.set(key.hash) else {
            return Put::Refused;
        };
        let writing = set.write();
        match set.find(key, epoch) {
            Some((way, _)) => {
                writing.set_value(way, &change(Some(set.value(way))));
                Put::Present
            }
            None => writing.add(key, &change(None), epoch, Fill::Write),
        }
    }

    /// Forgets a key; true where it was there.
    pub(super) fn remove(&self, key: &Key<K>, epoch: u64) -> bool {
        let Some(set) = self.set(key.hash) else {
            return false;
        };
        let _writing = set.write();
        set.find(key, epoch)
            .map(|(way, _)| set.tags[way].store(0, Relaxed))
            .is_some()
    }

    /// Forgets every key that `gone` says, calling it once for each entry of any epoch.
    pub(super) fn sweep(&self, mut gone: impl FnMut(&[u64; K]) -> bool) {
        for set in &self.sets {
            let _writing = set.write();
            for way in 0..WAYS {
                if set.tags[way].load(Relaxed) != 0 && gone(&set.key(way)) {
                    set.tags[way].store(0, Relaxed);
                }
            }
        }
    }
}
