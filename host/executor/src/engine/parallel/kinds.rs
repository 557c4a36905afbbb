//! What is known of kinds of calls: the same function of the same contract.
//!
//! A kind is **chained** where its calls mostly read what the call of the kind before them has written, and **free**
//! where they mostly do not. Calls of a free kind are executed as they come. Those of any other [queue](super::lanes):
//! none begins before the one before it has run, so that it runs on what that has written. Nothing is known of a
//! kind at first, and it counts as one that queues: that costs the wait for a call or two, where guessing wrong costs an
//! execution each time.
//!
//! A collision teaches that calls of a kind write a slot that others read. From then on a call of that kind announces
//! the write before it runs. A kind that keeps colliding, or is chained, is **hot**: its calls are worth
//! [foretelling](super::plan), as long as that goes well. One of which many calls in a row were committed without a
//! collision is **calm**: its calls can share a batch with others.

use super::CallKey;
use crate::engine::prediction::{Kind, Predictor};
use alloy_primitives::{Address, U256, map::HashMap};
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// So many slots are announced for one kind of call at most.
const MAX_SLOTS: usize = 16;

/// So many kinds of calls are remembered at most, in two generations.
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

/// How sure it is that a kind is chained. From here on it is;
const CHAINED: i32 = 2;
/// from here downwards it is free,
const FREE: i32 = -2;
/// and these are the bounds.
const SUREST_CHAIN: i32 = 8;
/// What a call adds that read what the one before it wrote, and one that did not;
const FOLLOWED: i32 = 2;
const APART: i32 = -1;
/// and what a collision of two calls of the kind adds.
const COLLIDED: i32 = 3;
/// Of so many calls of a chained kind
const TESTED: u32 = 32;
/// so many are executed by themselves, to see whether it still is.
const TESTS: u32 = 2;

/// How well forecasts of a kind go. Below zero it is not foretold.
const GOOD_FORECAST: i32 = 1;
const BAD_FORECAST: i32 = -4;
const BEST_FORECASTS: i32 = 16;
const WORST_FORECASTS: i32 = -64;
/// From here on calls are foretold in large batches.
const RELIABLE: i32 = 8;

fn add(to: &AtomicI32, by: i32, bounds: core::ops::RangeInclusive<i32>) {
    // Two at the same time may come out as one: it is a hint.
    let now = to.load(Ordering::Relaxed) + by;
    to.store(now.clamp(*bounds.start(), *bounds.end()), Ordering::Relaxed);
}

/// A slot that calls of a kind were seen to write in a collision.
#[derive(Debug)]
struct Suspect {
    slot: (Address, U256),
    sure: AtomicI32,
}

impl Suspect {
    fn judge(&self, by: i32) {
        add(&self.sure, by, -SUREST..=SUREST);
    }
}

/// What is known of a kind.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// What the predictor knows it as; set by the first collision.
    kind: OnceLock<Kind>,
    heat: AtomicI32,
    /// How many calls were committed since one collided.
    held: AtomicU32,
    /// Above zero the more it is chained.
    chain: AtomicI32,
    /// Calls since the last test of that.
    untested: AtomicU32,
    forecasts: AtomicI32,
    /// The predictor knows what calls of this kind touch.
    learnt: AtomicBool,
    suspected: AtomicBool,
    suspects: RwLock<Vec<Suspect>>,
}

impl Known {
    fn heat(&self, by: i32) {
        add(&self.heat, by, 0..=HOTTEST);
    }

    /// A read of what a call of this kind writes was saved from colliding: it took the value that was foretold, or
    /// waited for the write.
    pub(super) fn saved(&self, foretold: Option<bool>) {
        self.heat(COLLISION);
        if let Some(good) = foretold {
            self.forecast(good);
        }
    }

    /// A forecast of a call of this kind was of use, or was not.
    pub(super) fn forecast(&self, good: bool) {
        let by = if good { GOOD_FORECAST } else { BAD_FORECAST };
        add(&self.forecasts, by, WORST_FORECASTS..=BEST_FORECASTS);
    }

    /// The slots that calls of this kind were seen to write in collisions, while it has not cooled down: to
    /// announce writes that nobody reads costs as much as a collision now and then. Counts as a call.
    pub(super) fn expected(&self, mut each: impl FnMut((Address, U256))) {
        if !self.suspected.load(Ordering::Relaxed) || self.heat.load(Ordering::Relaxed) <= 0 {
            return;
        }
        self.heat(-1);
        let suspects = self.suspects.read().unwrap_or_else(PoisonError::into_inner);
        for suspect in suspects.iter() {
            if suspect.sure.load(Ordering::Relaxed) >= 0 {
                each(suspect.slot);
            }
        }
    }

    /// A call of this kind has written a slot that it was expected to write, or has not.
    pub(super) fn wrote(&self, slot: (Address, U256), wrote: bool) {
        let suspects = self.suspects.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(suspect) = suspects.iter().find(|suspect| suspect.slot == slot) {
            suspect.judge(if wrote { WRITTEN } else { NOT_WRITTEN });
        }
    }

    /// A call of this kind was committed as it was speculated.
    pub(super) fn held(&self) {
        let held = self.held.load(Ordering::Relaxed);
        if held < CALM {
            self.held.store(held + 1, Ordering::Relaxed);
        }
        if self.is_free() {
            add(&self.chain, APART, -SUREST_CHAIN..=SUREST_CHAIN);
        }
    }

    /// A call of this kind, or one in a batch with it, was thrown away or had to wait.
    pub(super) fn disturbed(&self) {
        self.held.store(0, Ordering::Relaxed);
    }

    /// Whether calls of this kind have not collided for long.
    pub(super) fn is_calm(&self) -> bool {
        self.held.load(Ordering::Relaxed) >= CALM
    }

    /// Whether calls of this kind are executed without regard to each other.
    pub(super) fn is_free(&self) -> bool {
        self.chain.load(Ordering::Relaxed) <= FREE
    }

    /// Whether calls of this kind follow from each other.
    pub(super) fn is_chained(&self) -> bool {
        self.chain.load(Ordering::Relaxed) >= CHAINED
    }

    /// Whether the next call of this kind is to be executed by itself, so that it can be seen whether it has read
    /// what the one before it wrote.
    pub(super) fn is_tested(&self) -> bool {
        let testing = || self.untested.load(Ordering::Relaxed) < TESTS || !self.is_chained();
        !self.is_free() && testing()
    }

    /// So many calls of this kind were taken, one after the other.
    pub(super) fn taken(&self, calls: usize) {
        let calls = u32::try_from(calls).unwrap_or(TESTED);
        let untested = self.untested.load(Ordering::Relaxed).saturating_add(calls);
        self.untested
            .store(if untested < TESTED { untested } else { 0 }, Ordering::Relaxed);
    }

    /// A call of this kind has read what the one before it wrote, or has not.
    pub(super) fn followed(&self, followed: bool) {
        let by = if followed { FOLLOWED } else { APART };
        add(&self.chain, by, -SUREST_CHAIN..=SUREST_CHAIN);
        if followed {
            self.heat(COLLISION);
            // What was foretold badly is tried again after a while.
            self.forecast(true);
        }
    }

    /// Such a call only sends ether: it reads nothing that others write.
    pub(super) fn set_free(&self) {
        self.chain.store(-SUREST_CHAIN, Ordering::Relaxed);
    }

    /// Two calls of this kind have collided.
    pub(super) fn collided(&self) {
        add(&self.chain, COLLIDED, -SUREST_CHAIN..=SUREST_CHAIN);
    }

    /// Whether calls of this kind are worth foretelling: they collide, or would.
    pub(super) fn is_hot(&self) -> bool {
        self.heat.load(Ordering::Relaxed) >= HOT
    }

    /// Whether calls of this kind are foretold.
    pub(super) fn is_foretold(&self) -> bool {
        self.is_hot() && self.learnt.load(Ordering::Relaxed) && self.forecasts.load(Ordering::Relaxed) >= 0
    }

    /// Whether forecasts of this kind are mostly right.
    pub(super) fn is_reliable(&self) -> bool {
        self.forecasts.load(Ordering::Relaxed) >= RELIABLE
    }

    /// What the predictor knows it as, if it is hot. Counts as a call.
    pub(super) fn hot(&self) -> Option<&Kind> {
        let hot = self.is_hot();
        self.heat(-1);
        self.kind.get().filter(|_| hot)
    }

    /// What the predictor knows it as.
    pub(super) fn set_kind(&self, kind: Kind) {
        let _ = self.kind.set(kind);
    }

    /// Whether the predictor can foretell calls of this kind by now.
    pub(super) fn set_learnt(&self, learnt: bool) {
        self.learnt.store(learnt, Ordering::Relaxed);
    }

    /// A call of this kind took part in a collision. `wrote`: the slot, where it was one that it writes.
    pub(super) fn learn(&self, kind: Kind, wrote: Option<(Address, U256)>) {
        self.set_kind(kind);
        if let Some(slot) = wrote {
            let mut suspects = self.suspects.write().unwrap_or_else(PoisonError::into_inner);
            match suspects.iter().find(|suspect| suspect.slot == slot) {
                Some(suspect) => suspect.judge(WRITTEN),
                None if suspects.len() < MAX_SLOTS => suspects.push(Suspect {
                    slot,
                    sure: AtomicI32::new(SURE),
                }),
                None => {}
            }
            self.suspected.store(true, Ordering::Relaxed);
        }
        self.heat(COLLISION);
    }
}

type Map = HashMap<CallKey, Arc<Known>>;

/// Kinds in two generations: those of lately, and those before.
#[derive(Debug, Default)]
struct Generations {
    young: Map,
    old: Map,
}

impl Generations {
    /// That of a kind which is not among the young ones.
    fn make(&mut self, key: CallKey) -> Arc<Known> {
        if self.young.len() >= MAX_KINDS / 2 {
            self.old = core::mem::take(&mut self.young);
        }
        let old = &mut self.old;
        let made = || old.remove(&key).unwrap_or_default();
        self.young.entry(key).or_insert_with(made).clone()
    }
}

/// What is known of kinds from this block and earlier ones.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    known: RwLock<Generations>,
    /// What calls touch.
    pub(super) predictor: Predictor,
}

impl Kinds {
    /// What is known of a kind.
    pub(super) fn get(&self, key: CallKey) -> Arc<Known> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.young.get(&key) {
            return found.clone();
        }
        drop(known);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.make(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::B256;

    const KIND: Kind = Kind {
        code_hash: B256::ZERO,
        selector: [1; 4],
    };

    fn slot(number: u64) -> (Address, U256) {
        (Address::ZERO, U256::from(number))
    }

    fn expected(known: &Known) -> Vec<(Address, U256)> {
        let mut slots = Vec::new();
        known.expected(|slot| slots.push(slot));
        slots
    }

    #[test]
    fn a_kind_that_collides_now_and_then_is_announced_but_not_hot() {
        let known = Known::default();
        for _ in 0..20 {
            known.learn(KIND, Some(slot(7)));
            assert_eq!(expected(&known), [slot(7)]);
            assert!((0..COLLISION).all(|_| known.hot().is_none()));
            assert!(expected(&known).is_empty());
        }
    }

    #[test]
    fn a_write_that_mostly_does_not_come_is_not_announced() {
        let known = Known::default();
        let slots = [slot(7), slot(8)];
        slots.iter().for_each(|slot| known.learn(KIND, Some(*slot)));
        assert_eq!(expected(&known), slots);
        for _ in 0..10 {
            known.wrote(slots[0], true);
            known.wrote(slots[1], false);
        }
        assert_eq!(expected(&known), slots[..1]);
        (0..10).for_each(|_| known.wrote(slots[1], true));
        assert_eq!(expected(&known), slots);
    }

    #[test]
    fn a_kind_is_calm_after_many_calls_without_a_collision() {
        let known = Known::default();
        (1..CALM).for_each(|_| known.held());
        assert!(!known.is_calm());
        known.held();
        assert!(known.is_calm());
        known.disturbed();
        assert!(!known.is_calm());
    }

    #[test]
    fn a_kind_that_collides_often_is_hot_until_it_stops() {
        let known = Known::default();
        (0..2).for_each(|_| known.learn(KIND, None));
        let calls = (0..1000).take_while(|_| known.hot().is_some());
        assert!((1..=HOTTEST as usize).contains(&calls.count()));
        (0..2).for_each(|_| known.learn(KIND, None));
        assert!((0..1000).all(|_| {
            known.saved(Some(true));
            known.hot().is_some()
        }));
    }

    #[test]
    fn a_kind_queues_until_its_calls_have_been_seen_apart_and_again_once_they_collide() {
        let known = Known::default();
        assert!(!known.is_free() && !known.is_chained() && known.is_tested());
        (0..2).for_each(|_| known.followed(false));
        assert!(known.is_free());
        (0..100).for_each(|_| known.held());
        (0..3).for_each(|_| known.collided());
        assert!(!known.is_free());
    }

    #[test]
    fn a_chained_kind_is_tested_now_and_then() {
        let known = Known::default();
        known.followed(true);
        assert!(known.is_chained());
        let tests = (0..10 * TESTED).filter(|_| {
            let tested = known.is_tested();
            known.taken(1);
            tested
        });
        assert_eq!(tests.count(), 10 * TESTS as usize);
        (0..4).for_each(|_| known.followed(false));
        assert!(known.is_free());
    }

    #[test]
    fn a_kind_is_foretold_while_that_goes_well() {
        let known = Known::default();
        (0..2).for_each(|_| known.learn(KIND, None));
        assert!(!known.is_foretold());
        known.set_learnt(true);
        assert!(known.is_foretold() && !known.is_reliable());
        (0..RELIABLE).for_each(|_| known.saved(Some(true)));
        assert!(known.is_reliable());
        (0..5).for_each(|_| known.saved(Some(false)));
        assert!(!known.is_foretold());
    }

    #[test]
    fn of_too_many_kinds_those_of_lately_are_kept() {
        let kinds = Kinds::default();
        let key = |number: usize| {
            let [.., a, b, c, d] = number.to_be_bytes();
            (Address::ZERO, [a, b, c, d])
        };
        let first = kinds.get(key(0));
        // Those of lately are full, and it is among those before.
        (1..=MAX_KINDS / 2).for_each(|number| drop(kinds.get(key(number))));
        assert!(Arc::ptr_eq(&kinds.get(key(0)), &first));
        (MAX_KINDS..3 * MAX_KINDS).for_each(|number| drop(kinds.get(key(number))));
        assert!(!Arc::ptr_eq(&kinds.get(key(0)), &first));
        let known = kinds.known.read().unwrap();
        assert!(known.young.len() + known.old.len() <= MAX_KINDS);
    }
}
