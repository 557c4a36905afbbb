//! Queue pairs: each has rings, doorbells, jobs and waiting threads of its own, under a lock of its own.
//!
//! A thread submits on the pair that is its own for as long as it lives, so that threads on different pairs have no
//! lock in common. It does not go to another one where its own is full: a card does the jobs of one pair in the order
//! of their submission, and those of two in any. For the same reason jobs on one state go to that state's pair.
//!
//! Nobody holds two pairs' locks. What puts the device out of service on one pair is therefore told to the others once
//! the first one's lock is given up ([`Held`]), or found by whoever looks at them before ([`OnPair::catch_up`]).

use super::Shared;
use super::state::State;
use super::wait::wake_all;
use crate::counters::InFlight;
use crate::doorbell::Doorbell;
use crate::health::Health;
use crate::lending::LentBuffer;
use metisvm_firmware::registers::{queue, queue_register};
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// One queue pair. The alignment keeps what one pair's threads write from the caches of another's: processors fetch
/// lines by twos.
#[repr(align(128))]
pub(super) struct Pair {
    /// The queue's number, and its interrupt vector.
    pub(super) queue: u16,
    pub(super) tail: Doorbell,
    pub(super) head: Doorbell,
    state: Mutex<State>,
    /// There is a job whose outcome is to be delivered.
    pub(super) watched: Condvar,
    /// Entries that were answered.
    answered: AtomicU64,
    /// Entries that may be unanswered together; 0 while it has no rings.
    capacity: AtomicUsize,
}

impl Pair {
    pub(super) fn new(queue: u16, in_flight: Arc<InFlight>) -> Self {
        Self {
            queue,
            tail: Doorbell::new(queue_register(queue, queue::SQ_TAIL)),
            head: Doorbell::new(queue_register(queue, queue::CQ_HEAD)),
            state: Mutex::new(State::new(in_flight)),
            watched: Condvar::new(),
            answered: AtomicU64::new(0),
            capacity: AtomicUsize::new(0),
        }
    }

    /// Says how many entries its rings hold, which it is given or denied at a bring-up.
    pub(super) fn set_capacity(&self, entries: usize) {
        self.capacity.store(entries, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts entries that were answered, under the lock.
    #[inline]
    pub(super) fn count_answers(&self, count: u64) {
        let answered = self.answered.load(Ordering::Relaxed);
        self.answered.store(answered + count, Ordering::Relaxed);
    }
}

/// The number of this thread among those that have used a device: whichever they are, they spread evenly.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    // A thread whose locals are gone already is as well off with the first pair.
    NUMBER.try_with(|number| *number).unwrap_or_default()
}

/// A device at one of its pairs.
#[derive(Clone, Copy)]
pub(super) struct OnPair<'a> {
    pub(super) shared: &'a Shared,
    pub(super) pair: &'a Pair,
}

impl Deref for OnPair<'_> {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        self.shared
    }
}

/// A pair's lock, held. As it is given up, the other pairs are told of what concerns them.
pub(super) struct Held<'a> {
    // In this order: the lock is given up before others are taken.
    state: MutexGuard<'a, State>,
    teller: Teller<'a>,
}

struct Teller<'a>(&'a Shared);

impl Drop for Teller<'_> {
    fn drop(&mut self) {
        self.0.tell_pairs();
    }
}

impl Deref for Held<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.state
    }
}

impl<'a> Held<'a> {
    /// Gives the lock up until a condition variable is notified or `time` has passed.
    pub(super) fn wait(self, wake: &Condvar, time: Option<Duration>) -> Self {
        let Held { state, teller } = self;
        let state = match time {
            Some(time) => {
                let waited = wake.wait_timeout(state, time);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => wake.wait(state).unwrap_or_else(PoisonError::into_inner),
        };
        Held { state, teller }
    }
}

impl Shared {
    /// The pair of a number; of those that there are.
    pub(super) fn on(&self, index: usize) -> OnPair<'_> {
        let pair = &self.pairs[index % self.pairs.len()];
        OnPair { shared: self, pair }
    }

    /// Which pair is this thread's.
    #[inline]
    pub(super) fn here(&self) -> usize {
        thread_number() % self.open_pairs()
    }

    /// How many pairs have rings.
    #[inline]
    pub(super) fn open_pairs(&self) -> usize {
        self.open_pairs.load(Ordering::Relaxed).max(1)
    }

    pub(super) fn all_pairs(&self) -> impl Iterator<Item = OnPair<'_>> {
        let on = |pair| OnPair { shared: self, pair };
        self.pairs.iter().map(on)
    }

    /// Whether the pairs have not been told of something.
    #[inline]
    pub(super) fn has_untold(&self) -> bool {
        self.untold.load(Ordering::Relaxed)
    }

    /// Lets every pair know of what was done to the device, and wakes who waits there to look for itself: if there is
    /// something to tell. By a thread that holds no lock.
    #[inline]
    pub(super) fn tell_pairs(&self) {
        if self.has_untold() && self.untold.swap(false, Ordering::SeqCst) {
            for on in self.all_pairs() {
                let mut state = on.pair.lock();
                on.catch_up(&mut state);
                wake_all(&state);
            }
        }
    }
}

impl<'a> OnPair<'a> {
    pub(super) fn lock(self) -> Held<'a> {
        Held {
            state: self.pair.lock(),
            teller: Teller(self.shared),
        }
    }

    /// The others.
    pub(super) fn others(self) -> impl Iterator<Item = OnPair<'a>> {
        let shared = self.shared;
        let others = shared
            .pairs
            .iter()
            .filter(move |pair| pair.queue != self.pair.queue);
        others.map(move |pair| OnPair { shared, pair })
    }

    /// Entries that the card has answered on other pairs.
    pub(super) fn answers_elsewhere(self) -> u64 {
        let answers = self.others().map(|on| on.pair.answered.load(Ordering::Relaxed));
        answers.fold(0, u64::wrapping_add)
    }

    /// Entries that the rings of other pairs hold together.
    pub(super) fn capacity_elsewhere(self) -> u64 {
        let entries = self.others().map(|on| on.pair.capacity.load(Ordering::Relaxed));
        entries.map(|entries| entries as u64).sum()
    }

    /// Fails the jobs of a device that was condemned, and puts what the card may write into quarantine: rings are as
    /// dangerous as the buffers of jobs.
    #[inline]
    pub(super) fn catch_up(self, state: &mut State) {
        if state.condemnations != self.whole.condemnations() {
            self.fall(state);
        }
    }

    #[cold]
    fn fall(self, state: &mut State) {
        let mut common = self.whole.lock();
        state.condemnations = common.condemnations;
        if let Some(rings) = state.rings.take() {
            common.quarantine.add_rings(rings);
        }
        let buffers = state.jobs.abandon(&common.blame);
        common
            .quarantine
            .extend(buffers.into_iter().map(LentBuffer::keep));
        if let Health::Dead(_) = common.health {
            self.write_off(&mut common);
        }
        drop(common);
        wake_all(state);
    }

    /// Writes the doorbells that are due. Never under the lock.
    #[inline]
    pub(super) fn ring(self) {
        self.pair.tail.ring(&*self.transport);
        self.pair.head.ring(&*self.transport);
    }

    /// Gives up the lock, writes the doorbells that are due, and unmaps what nobody uses any more.
    pub(super) fn leave<T>(self, state: Held<'_>, result: T) -> T {
        drop(state);
        self.ring();
        self.pool.tidy();
        result
    }
}
