//! Which calls write the slots that transactions have collided on.
//!
//! A collision teaches that calls of one kind (the same function of the same contract) write a slot that
//! others read. From then on a call of that kind announces the write before it runs, so that a reader above
//! it waits for the value, or takes up something else, instead of running on a value that is about to
//! change.

use super::CallKey;
use alloy_primitives::{Address, U256, map::HashMap};
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

/// So many slots are announced for one kind of call at most.
const MAX_SLOTS: usize = 16;

/// So many kinds of calls are remembered; then it starts anew.
const MAX_KINDS: usize = 1 << 16;

/// What collisions have taught, in this block and earlier ones.
#[derive(Debug, Default)]
pub(super) struct Contention {
    any: AtomicBool,
    slots: RwLock<HashMap<CallKey, Vec<(Address, U256)>>>,
}

impl Contention {
    /// The slots that a call of this kind is expected to write.
    pub(super) fn expected(&self, key: Option<CallKey>) -> Vec<(Address, U256)> {
        let Some(key) = key.filter(|_| self.any.load(Ordering::Relaxed)) else {
            return Vec::new();
        };
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.get(&key).cloned().unwrap_or_default()
    }

    /// A call of this kind wrote a slot that another transaction had read before.
    pub(super) fn learn(&self, key: Option<CallKey>, slot: (Address, U256)) {
        let Some(key) = key else { return };
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MAX_KINDS {
            slots.clear();
        }
        let known = slots.entry(key).or_default();
        if known.len() < MAX_SLOTS && !known.contains(&slot) {
            known.push(slot);
        }
        self.any.store(true, Ordering::Relaxed);
    }
}
