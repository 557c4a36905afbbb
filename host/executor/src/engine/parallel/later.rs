//! Transactions that have been taken and are executed later: once more, since somebody below has overtaken them,
//! since they have met a write that one below has yet to make, or since they [queue](super::lanes).

use super::suspension::lock;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::{collections::BTreeMap, sync::Mutex};

/// What a transaction waits for before it is executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Nothing.
    Now,
    /// A write that this transaction below is about to make. What comes before the read that met it can be done
    /// meanwhile.
    Written(usize),
    /// This transaction below has run.
    Ran(usize),
}

/// Transactions that are executed later, each with what it waits for.
#[derive(Debug, Default)]
pub(super) struct Later {
    waiting: Mutex<BTreeMap<usize, Until>>,
    /// How many they are, to be looked at without the lock.
    count: AtomicUsize,
}

impl Later {
    /// One more.
    pub(super) fn put(&self, index: usize, until: Until) {
        let mut waiting = lock(&self.waiting);
        waiting.insert(index, until);
        self.count.store(waiting.len(), Ordering::Release);
    }

    /// Takes this one, if it waits for another one to have run.
    pub(super) fn take_queued(&self, index: usize) -> bool {
        let mut waiting = lock(&self.waiting);
        let queued = matches!(waiting.get(&index), Some(Until::Ran(_)));
        if queued {
            waiting.remove(&index);
            self.count.store(waiting.len(), Ordering::Release);
        }
        queued
    }

    /// Takes the lowest one that is ready by what it waits for.
    pub(super) fn take(&self, ready: impl Fn(Until) -> bool) -> Option<usize> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut waiting = lock(&self.waiting);
        let (index, _) = waiting.iter().find(|(_, until)| ready(**until))?;
        let index = *index;
        waiting.remove(&index);
        self.count.store(waiting.len(), Ordering::Release);
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_comes_first_of_those_that_are_ready() {
        let later = Later::default();
        later.put(7, Until::Now);
        later.put(3, Until::Written(1));
        later.put(5, Until::Ran(2));
        assert_eq!(later.take(|until| until == Until::Ran(2)), Some(5));
        assert_eq!(later.take(|until| until == Until::Now), Some(7));
        assert_eq!(later.take(|until| until == Until::Now), None);
        assert_eq!(later.take(|_| true), Some(3));
        assert_eq!(later.take(|_| true), None);
    }

    #[test]
    fn what_queues_can_be_taken_by_itself() {
        let later = Later::default();
        later.put(3, Until::Written(1));
        later.put(5, Until::Ran(2));
        assert!(!later.take_queued(3) && !later.take_queued(4));
        assert!(later.take_queued(5) && !later.take_queued(5));
    }
}
