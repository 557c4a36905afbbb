//! Where workers sleep while there is nothing to do for them: a stretch in sequence is the work of one. A processor
//! that only waits is one that the machine cannot give to anybody else, and what it then takes away may be the one that
//! works.

use super::suspension::lock;
use core::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};
use std::sync::{Condvar, Mutex};

/// So long a worker sleeps at most before it looks about: nothing has to wake it for the block to end.
const LONGEST_SLEEP: Duration = Duration::from_millis(1);

/// Open at first.
#[derive(Debug)]
pub(super) struct Gate {
    /// So long a sleep is at most.
    longest: Duration,
    closed: AtomicBool,
    /// How many sleep, to be looked at without the lock.
    asleep: AtomicUsize,
    /// Held between looking and falling asleep.
    door: Mutex<()>,
    opened: Condvar,
}

impl Default for Gate {
    fn default() -> Self {
        Self::with(LONGEST_SLEEP)
    }
}

impl Gate {
    fn with(longest: Duration) -> Self {
        Self {
            longest,
            closed: AtomicBool::new(false),
            asleep: AtomicUsize::new(0),
            door: Mutex::default(),
            opened: Condvar::new(),
        }
    }

    /// There is nothing to do for others until it is opened.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// Wakes those who sleep.
    pub(super) fn open(&self) {
        if self.closed.swap(false, Ordering::SeqCst) && self.asleep.load(Ordering::SeqCst) > 0 {
            drop(lock(&self.door));
            self.opened.notify_all();
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Sleeps until it is opened, or for a while.
    pub(super) fn sleep(&self) {
        // In this order: whoever opens it looks for sleepers after that.
        self.asleep.fetch_add(1, Ordering::SeqCst);
        let door = lock(&self.door);
        if self.closed.load(Ordering::SeqCst) {
            // Poisoned or not, it is awake.
            drop(self.opened.wait_timeout(door, self.longest));
        }
        self.asleep.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever sleeps so long has not been woken.
    const FOREVER: Duration = Duration::from_secs(3600);

    #[test]
    fn an_open_gate_lets_nobody_sleep() {
        let gate = Gate::with(FOREVER);
        gate.sleep();
        gate.close();
        gate.open();
        gate.sleep();
        assert_eq!(gate.asleep.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn at_a_gate_that_is_never_opened_a_sleep_ends_all_the_same() {
        let gate = Gate::default();
        gate.close();
        gate.sleep();
        assert!(gate.is_closed());
    }

    #[test]
    fn who_sleeps_wakes_when_the_gate_is_opened() {
        let gate = Gate::with(FOREVER);
        gate.close();
        std::thread::scope(|scope| {
            let sleepers: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        while gate.is_closed() {
                            gate.sleep();
                        }
                    })
                })
                .collect();
            while gate.asleep.load(Ordering::SeqCst) < 4 {
                std::thread::yield_now();
            }
            gate.open();
            sleepers.into_iter().for_each(|sleeper| sleeper.join().unwrap());
        });
        assert_eq!(gate.asleep.load(Ordering::SeqCst), 0);
    }
}
