//! Things of different sizes (code, whole storages), kept by S3-FIFO (see [`super::admission`]) over bytes.
//!
//! A **unit** is shared by counting: whoever holds one may go on reading it after it was evicted, and its
//! bytes stay charged until the last holder lets go, so that the bound also covers what is only held by
//! views. Sharded; a lock is held for a look-up or a change, never while the source is read. Workers meet
//! these locks once a block and unit: a view keeps what it got at hand.
//!
//! The bytes are common to all shards: a unit larger than a shard's share of them makes the others smaller.
//! What makes room is taken from the shards in turn, one lock at a time.

use super::budget::{Budget, Charge};
use alloy_primitives::map::{DefaultHashBuilder, HashMap};
use core::hash::{BuildHasher, Hash};
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

const MAX_SHARDS: usize = 16;
const MAX_USES: u8 = 3;
// One entry for so many bytes at the most: the map and the queues are then made once, in their full size.
const BYTES_PER_ENTRY: usize = 1024;

/// What knows how many bytes it takes beside itself.
pub(super) trait Weigh {
    fn heap_bytes(&self) -> usize;
}

/// A value and the bytes that it is charged.
pub(super) struct Unit<V> {
    pub(super) value: V,
    _charge: Charge,
}

struct Node<V> {
    unit: Arc<Unit<V>>,
    hash: u64,
    uses: u8,
    main: bool,
}

struct Shard<K, V> {
    map: HashMap<K, Node<V>>,
    probation: VecDeque<K>,
    main: VecDeque<K>,
    ghosts: VecDeque<u64>,
    entries: usize,
    evicted: u64,
}

/// A sharded, weighted cache.
pub(super) struct Units<K, V> {
    shards: Box<[Mutex<Shard<K, V>>]>,
    budget: Arc<Budget>,
    // The shard that makes room next.
    turn: AtomicUsize,
    hasher: DefaultHashBuilder,
    fixed: usize,
}

impl<K: Copy + Eq + Hash, V> Shard<K, V> {
    fn new(entries: usize) -> Self {
        Self {
            map: HashMap::with_capacity_and_hasher(entries, DefaultHashBuilder::default()),
            probation: VecDeque::with_capacity(entries),
            main: VecDeque::with_capacity(entries),
            ghosts: VecDeque::with_capacity(entries),
            entries,
            evicted: 0,
        }
    }

    fn evict_one(&mut self) -> bool {
        // Units that a view holds would free nothing: they are passed over. The bound on the rounds is the
        // number of second chances there can be.
        let rounds = self.map.len() * (usize::from(MAX_USES) + 2);
        for _ in 0..rounds {
            let from_probation = self.probation.len() * 10 >= self.map.len() || self.main.is_empty();
            let queue = if from_probation {
                &mut self.probation
            } else {
                &mut self.main
            };
            let Some(key) = queue.pop_front() else {
                continue;
            };
            let Some(node) = self.map.get_mut(&key) else {
                continue;
            };
            let held = Arc::strong_count(&node.unit) > 1;
            if held || node.uses > 0 {
                node.uses = if from_probation || held { 0 } else { node.uses - 1 };
                node.main = true;
                self.main.push_back(key);
                continue;
            }
            let hash = node.hash;
            self.map.remove(&key);
            if self.ghosts.len() >= self.entries {
                self.ghosts.pop_front();
            }
            self.ghosts.push_back(hash);
            self.evicted += 1;
            return true;
        }
        false
    }

    // Puts in a key that is not there; `None` where too many others are, and all of them are held.
    fn insert(&mut self, key: K, hash: u64, unit: Unit<V>, uses: u8, main: bool) -> Option<Arc<Unit<V>>> {
        while self.map.len() >= self.entries {
            self.evict_one().then_some(())?;
        }
        let ghost = self.ghosts.iter().position(|ghost| *ghost == hash);
        if let Some(place) = ghost {
            self.ghosts.remove(place);
        }
        let main = main || ghost.is_some();
        if main {
            self.main.push_back(key);
        } else {
            self.probation.push_back(key);
        }
        let unit = Arc::new(unit);
        let node = Node {
            unit: Arc::clone(&unit),
            hash,
            uses,
            main,
        };
        self.map.insert(key, node);
        Some(unit)
    }

    fn remove(&mut self, key: &K) -> Option<Node<V>> {
        let node = self.map.remove(key)?;
        let queue = if node.main {
            &mut self.main
        } else {
            &mut self.probation
        };
        queue.retain(|other| other != key);
        Some(node)
    }
}

impl<K: Copy + Eq + Hash, V: Weigh + Clone> Units<K, V> {
    /// What a unit takes beside what its value has on the heap: the two numbers are the counts in front of what
    /// an `Arc` holds.
    pub(super) const OVERHEAD: usize = size_of::<Unit<V>>() + 2 * size_of::<usize>();

    /// At most `bytes`, the maps and queues included.
    pub(super) fn new(bytes: usize, hasher: DefaultHashBuilder) -> Self {
        let entries = bytes / BYTES_PER_ENTRY;
        // The shards are for the locks; small caches have fewer, so that each has enough entries to choose from.
        let count = (bytes >> 20).clamp(1, MAX_SHARDS);
        let entries = entries / count;
        // A map has a power of two of buckets, of which at most seven in eight are used, with a byte each.
        let buckets = (entries * 8 / 7 + 1).next_power_of_two();
        let fixed = buckets * (size_of::<(K, Node<V>)>() + 1)
            + entries * (2 * size_of::<K>() + size_of::<u64>())
            + size_of::<Mutex<Shard<K, V>>>();
        // Too small for its own bookkeeping: holds nothing, and takes nothing.
        let (entries, limit) = match (bytes / count).checked_sub(fixed) {
            Some(rest) if entries > 0 => (entries, rest),
            _ => (0, 0),
        };
        Self {
            shards: (0..count).map(|_| Mutex::new(Shard::new(entries))).collect(),
            budget: Budget::new(limit * count),
            turn: AtomicUsize::new(0),
            hasher,
            fixed: if entries == 0 { 0 } else { fixed * count },
        }
    }

    fn lock(&self, key: &K) -> (MutexGuard<'_, Shard<K, V>>, u64) {
        let hash = self.hasher.hash_one(key);
        let index = (u128::from(hash) * self.shards.len() as u128) >> 64;
        (lock(&self.shards[index as usize]), hash)
    }

    /// Bytes in use, held by views or not.
    pub(super) fn bytes(&self) -> usize {
        self.fixed + self.budget.used()
    }

    /// The most that one unit may take, its own bookkeeping included: it may not push out most of the others.
    pub(super) fn largest_unit(&self) -> usize {
        self.budget.limit() / 2
    }

    // Takes bytes, where need be from units that make room; `None` where all that is left is held by views.
    fn charge(&self, bytes: usize) -> Option<Charge> {
        if bytes > self.largest_unit() {
            return None;
        }
        let mut in_vain = 0;
        loop {
            if let Some(charge) = self.budget.charge(bytes) {
                return Some(charge);
            }
            if in_vain == self.shards.len() {
                return None;
            }
            let turn = self.turn.fetch_add(1, Relaxed) % self.shards.len();
            let freed = lock(&self.shards[turn]).evict_one();
            in_vain = if freed { 0 } else { in_vain + 1 };
        }
    }

    // Puts a unit in, unless it is there or `current` says no.
    fn put(
        &self,
        key: K,
        value: V,
        uses: u8,
        main: bool,
        current: impl FnOnce() -> bool,
    ) -> Option<Arc<Unit<V>>> {
        let charge = self.charge(value.heap_bytes() + Self::OVERHEAD)?;
        let (mut shard, hash) = self.lock(&key);
        if !current() {
            return None;
        }
        if let Some(node) = shard.map.get(&key) {
            return Some(Arc::clone(&node.unit));
        }
        let unit = Unit {
            value,
            _charge: charge,
        };
        shard.insert(key, hash, unit, uses, main)
    }

    /// Units that made room for others so far.
    pub(super) fn evicted(&self) -> u64 {
        self.shards.iter().map(|shard| lock(shard).evicted).sum()
    }

    /// A unit, where it is there and `current`, asked while the shard is held, says that the asker stands
    /// where the cache stands. `used`: execution reads it.
    pub(super) fn get(&self, key: &K, used: bool, current: impl FnOnce() -> bool) -> Option<Arc<Unit<V>>> {
        let (mut shard, _) = self.lock(key);
        if !current() {
            return None;
        }
        let node = shard.map.get_mut(key)?;
        if used {
            node.uses = (node.uses + 1).min(MAX_USES);
        }
        Some(Arc::clone(&node.unit))
    }

    /// Puts a unit in, unless it is there or `current` (see [`Self::get`]) says no; `None` where it did not
    /// come in because of that or because there is no room.
    pub(super) fn insert(&self, key: K, value: V, current: impl Fn() -> bool) -> Option<Arc<Unit<V>>> {
        {
            // Before others make room for it.
            let (shard, _) = self.lock(&key);
            if !current() {
                return None;
            }
            if let Some(node) = shard.map.get(&key) {
                return Some(Arc::clone(&node.unit));
            }
        }
        self.put(key, value, 0, false, current)
    }

    /// Changes a unit that is there; where `change` says no, or what comes out finds no room, it is gone. Nobody
    /// else may put this unit in meanwhile.
    pub(super) fn change(&self, key: &K, change: impl FnOnce(&mut V) -> bool) {
        let Some(node) = self.lock(key).0.remove(key) else {
            return;
        };
        let (uses, main) = (node.uses, node.main);
        // Views of older blocks go on reading what they hold.
        let mut value = match Arc::try_unwrap(node.unit) {
            Ok(unit) => unit.value,
            Err(shared) => shared.value.clone(),
        };
        if change(&mut value) {
            self.put(*key, value, uses, main, || true);
        }
    }

    /// Forgets a unit.
    pub(super) fn remove(&self, key: &K) {
        self.lock(key).0.remove(key);
    }

    /// Forgets all units.
    pub(super) fn clear(&self) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard.map.clear();
            shard.probation.clear();
            shard.main.clear();
        }
    }
}

// A panic under one of these locks cannot leave half a change: values are put in whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
