//! Transactions that have been taken and are executed later: once more, since somebody below has overtaken them,
//! or since they have met a write that one below has yet to make.

use super::suspension::lock;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::{collections::BTreeMap, sync::Mutex};

/// Transactions that are executed later, each with the one it waits for.
#[derive(Debug, Default)]
pub(super) struct Later {
    waiting: Mutex<BTreeMap<usize, Option<usize>>>,
    /// How many they are, to be looked at without the lock.
    count: AtomicUsize,
}

impl Later {
    /// One more, which waits for `on`, below it, if for anything.
    pub(super) fn put(&self, index: usize, on: Option<usize>) {
        let mut waiting = lock(&self.waiting);
        waiting.insert(index, on);
        self.count.store(waiting.len(), Ordering::Release);
    }

    /// Takes the lowest one that waits for nothing, or for a transaction that is `ready`.
    pub(super) fn take(&self, ready: impl Fn(usize) -> bool) -> Option<usize> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut waiting = lock(&self.waiting);
        let (index, _) = waiting.iter().find(|(_, on)| on.is_none_or(&ready))?;
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
    fn the_lowest_comes_first_of_those_that_wait_for_nothing_more() {
        let later = Later::default();
        later.put(7, None);
        later.put(3, Some(1));
        later.put(5, Some(2));
        assert_eq!(later.take(|on| on == 2), Some(5));
        assert_eq!(later.take(|_| false), Some(7));
        assert_eq!(later.take(|_| false), None);
        assert_eq!(later.take(|_| true), Some(3));
        assert_eq!(later.take(|_| true), None);
    }
}
