//! Which calls collide, and on what.
//!
//! A collision teaches that calls of one kind (the same function of the same contract) write a slot that
//! others read. From then on a call of that kind announces the write before it runs, so that a reader above
//! it waits for the value, or takes up something else, instead of running on a value that is about to
//! change. A kind that keeps colliding is **hot**: its calls are worth [foretelling](super::plan). One of which
//! many calls in a row were committed without a collision is **calm**: its calls can share a batch with others.

use super::CallKey;
use crate::engine::prediction::{Kind, Predictor};
use alloy_primitives::{Address, U256, map::HashMap};
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// So many slots are announced for one kind of call at most.
const MAX_SLOTS: usize = 16;

/// So many kinds of calls are remembered; then it starts anew.
const MAX_KINDS: usize = 1 << 16;

/// What a collision adds to the heat of a kind, or a read that was saved from it by a forecast. Each call takes
/// one off, and a batch of calls collides once, so a kind is hot where one batch in two does, or would.
const COLLISION: i32 = 32;
/// From here on a kind is hot,
const HOT: i32 = 40;
/// and hotter than this it does not get.
const HOTTEST: i32 = 160;

/// So many calls in a row make a kind calm.
const CALM: u32 = 24;

/// How sure it is that a kind of call writes a slot: what it begins with, what a call that does so adds and one that
/// does not takes off, and its bounds. Below zero the write is not announced: which slot it is depends on the
/// arguments, and a reader would wait in vain.
const SURE: i32 = 0;
const WRITTEN: i32 = 1;
const NOT_WRITTEN: i32 = -4;
const SUREST: i32 = 8;

/// How much a kind of call collides.
#[derive(Debug)]
pub(super) struct Heat {
    /// What the predictor knows it as.
    pub(super) kind: Kind,
    heat: AtomicI32,
}

impl Heat {
    fn rise(&self, by: i32) {
        let heat = self.heat.load(Ordering::Relaxed);
        self.heat.store((heat + by).clamp(0, HOTTEST), Ordering::Relaxed);
    }

    /// A read of what a call of this kind writes was saved from colliding.
    pub(super) fn saved(&self) {
        self.rise(COLLISION);
    }
}

/// A slot that calls of a kind were seen to write in a collision.
#[derive(Debug)]
struct Suspect {
    slot: (Address, U256),
    sure: AtomicI32,
}

impl Suspect {
    fn judge(&self, by: i32) {
        let sure = self.sure.load(Ordering::Relaxed);
        self.sure
            .store((sure + by).clamp(-SUREST, SUREST), Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Known {
    slots: Vec<Suspect>,
    heat: Arc<Heat>,
}

/// What collisions have taught, in this block and earlier ones.
#[derive(Debug, Default)]
pub(super) struct Contention {
    any: AtomicBool,
    any_hot: AtomicBool,
    kinds: RwLock<HashMap<CallKey, Known>>,
    /// How many calls of each kind were committed since one collided.
    calm: RwLock<HashMap<CallKey, AtomicU32>>,
    /// What hot calls touch.
    pub(super) predictor: Predictor,
}

impl Contention {
    /// The slots that calls of this kind were seen to write in collisions, while it has not cooled down: to
    /// announce writes that nobody reads costs as much as a collision now and then. Counts as a call.
    pub(super) fn expected(&self, key: CallKey) -> Vec<(Address, U256)> {
        let kinds = self.kinds.read().unwrap_or_else(PoisonError::into_inner);
        match kinds.get(&key) {
            Some(known) if known.heat.heat.load(Ordering::Relaxed) > 0 => {
                known.heat.rise(-1);
                let sure = |suspect: &&Suspect| suspect.sure.load(Ordering::Relaxed) >= 0;
                known
                    .slots
                    .iter()
                    .filter(sure)
                    .map(|suspect| suspect.slot)
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// A call of this kind has written a slot that it was expected to write, or has not.
    pub(super) fn wrote(&self, key: CallKey, slot: (Address, U256), wrote: bool) {
        let kinds = self.kinds.read().unwrap_or_else(PoisonError::into_inner);
        let known = kinds.get(&key).map_or(&[][..], |known| &known.slots);
        if let Some(suspect) = known.iter().find(|suspect| suspect.slot == slot) {
            suspect.judge(if wrote { WRITTEN } else { NOT_WRITTEN });
        }
    }

    /// True once anything has collided.
    pub(super) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// True once any kind has been hot.
    pub(super) fn any_hot(&self) -> bool {
        self.any_hot.load(Ordering::Relaxed)
    }

    /// A call of this kind was committed as it was speculated.
    pub(super) fn held(&self, key: CallKey) {
        let calm = self.calm.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(calls) = calm.get(&key) {
            if calls.load(Ordering::Relaxed) < CALM {
                calls.fetch_add(1, Ordering::Relaxed);
            }
            return;
        }
        drop(calm);
        let mut calm = self.calm.write().unwrap_or_else(PoisonError::into_inner);
        if calm.len() >= MAX_KINDS {
            calm.clear();
        }
        calm.insert(key, AtomicU32::new(1));
    }

    /// A call of this kind, or one in a batch with it, was thrown away or had to wait.
    pub(super) fn disturbed(&self, key: CallKey) {
        let calm = self.calm.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(calls) = calm.get(&key) {
            calls.store(0, Ordering::Relaxed);
        }
    }

    /// Whether calls of this kind have not collided for long.
    pub(super) fn is_calm(&self, key: CallKey) -> bool {
        let calm = self.calm.read().unwrap_or_else(PoisonError::into_inner);
        calm.get(&key)
            .is_some_and(|calls| calls.load(Ordering::Relaxed) >= CALM)
    }

    /// The kind of a call, if it is hot. Counts as a call.
    pub(super) fn hot(&self, key: Option<CallKey>) -> Option<Arc<Heat>> {
        let known = self.heat(key)?;
        let hot = known.heat.load(Ordering::Relaxed) >= HOT;
        known.rise(-1);
        hot.then_some(known)
    }

    /// Whether calls of this kind are foretold. Does not count as a call.
    pub(super) fn is_hot(&self, key: CallKey) -> bool {
        let hot = |heat: Arc<Heat>| heat.heat.load(Ordering::Relaxed) >= HOT;
        self.any_hot() && self.heat(Some(key)).is_some_and(hot)
    }

    /// What is known of a kind of call.
    pub(super) fn heat(&self, key: Option<CallKey>) -> Option<Arc<Heat>> {
        let kinds = self.kinds.read().unwrap_or_else(PoisonError::into_inner);
        kinds.get(&key?).map(|known| known.heat.clone())
    }

    /// A call of this kind took part in a collision. `wrote`: the slot, where it was one that it writes.
    pub(super) fn learn(&self, key: CallKey, kind: Kind, wrote: Option<(Address, U256)>) {
        let mut kinds = self.kinds.write().unwrap_or_else(PoisonError::into_inner);
        if kinds.len() >= MAX_KINDS {
            kinds.clear();
        }
        let known = kinds.entry(key).or_insert_with(|| Known {
            slots: Vec::new(),
            heat: Arc::new(Heat {
                kind,
                heat: AtomicI32::new(0),
            }),
        });
        if let Some(slot) = wrote {
            match known.slots.iter().find(|suspect| suspect.slot == slot) {
                Some(suspect) => suspect.judge(WRITTEN),
                None if known.slots.len() < MAX_SLOTS => known.slots.push(Suspect {
                    slot,
                    sure: AtomicI32::new(SURE),
                }),
                None => {}
            }
        }
        known.heat.rise(COLLISION);
        if known.heat.heat.load(Ordering::Relaxed) >= HOT {
            self.any_hot.store(true, Ordering::Relaxed);
            self.predictor.missed(&kind);
        }
        self.any.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::B256;

    const KEY: CallKey = (Address::ZERO, [1; 4]);
    const KIND: Kind = Kind {
        code_hash: B256::ZERO,
        selector: [1; 4],
    };

    #[test]
    fn a_kind_that_collides_now_and_then_is_announced_but_not_hot() {
        let contention = Contention::default();
        let slot = (Address::ZERO, U256::from(7));
        for _ in 0..20 {
            contention.learn(KEY, KIND, Some(slot));
            assert_eq!(contention.expected(KEY), [slot]);
            assert!((0..COLLISION).all(|_| contention.hot(Some(KEY)).is_none()));
            assert!(contention.expected(KEY).is_empty());
        }
    }

    #[test]
    fn a_write_that_mostly_does_not_come_is_not_announced() {
        let contention = Contention::default();
        let slots = [(Address::ZERO, U256::from(7)), (Address::ZERO, U256::from(8))];
        slots
            .iter()
            .for_each(|slot| contention.learn(KEY, KIND, Some(*slot)));
        assert_eq!(contention.expected(KEY), slots);
        for _ in 0..10 {
            contention.wrote(KEY, slots[0], true);
            contention.wrote(KEY, slots[1], false);
        }
        assert_eq!(contention.expected(KEY), slots[..1]);
        (0..10).for_each(|_| contention.wrote(KEY, slots[1], true));
        assert_eq!(contention.expected(KEY), slots);
    }

    #[test]
    fn a_kind_is_calm_after_many_calls_without_a_collision() {
        let contention = Contention::default();
        (1..CALM).for_each(|_| contention.held(KEY));
        assert!(!contention.is_calm(KEY));
        contention.held(KEY);
        assert!(contention.is_calm(KEY));
        contention.disturbed(KEY);
        assert!(!contention.is_calm(KEY));
    }

    #[test]
    fn a_kind_that_collides_often_is_hot_until_it_stops() {
        let contention = Contention::default();
        assert!(!contention.any_hot());
        (0..2).for_each(|_| contention.learn(KEY, KIND, None));
        assert!(contention.any_hot());
        let calls = (0..1000).take_while(|_| contention.hot(Some(KEY)).is_some());
        assert!((1..=HOTTEST as usize).contains(&calls.count()));
        (0..2).for_each(|_| contention.learn(KEY, KIND, None));
        assert!((0..1000).all(|_| {
            contention.heat(Some(KEY)).iter().for_each(|heat| heat.saved());
            contention.hot(Some(KEY)).is_some()
        }));
    }
}
