//! Waiting for the card, many threads at a time.
//!
//! Whoever waits takes completions out of the ring for all (it *pumps*); there is no thread for it. One
//! thread pumps at a time, without the lock while it spins or sleeps in the transport; the others sleep
//! until their own job is settled, or until nobody pumps.
//!
//! All of this is a pair's own; what a thread may wait for of other pairs' jobs it looks for from time to time
//! ([`OnPair::wait_across`]).
//!
//! No wake-up is lost: a thread goes to sleep in the same hold of the lock in which it saw that its
//! condition is not met and that another thread pumps; whoever settles something wakes those that it
//! concerns, and whoever leaves while nobody pumps wakes one sleeper to take over. Each sleep ends at the
//! deadline of the oldest job anyhow, so that a pumping thread that a hung card holds in a register access
//! costs the others their time-out and no more.

use super::jobs::Uncollected;
use super::pair::{Held, OnPair};
use super::state::State;
use super::ticket::Key;
use crate::error::DeviceError;
use metisvm_firmware::{Opcode, Submission};
use std::sync::{Arc, Condvar};
use std::time::{Duration, Instant};

/// How long a thread sleeps that waits for something else than a job, at most.
const LONGEST_SLEEP: Duration = Duration::from_millis(500);

/// How long a thread sleeps while nothing is with the card: as long as another thread may take over a
/// doorbell, on a busy machine.
const UNTIL_RUNG: Duration = Duration::from_millis(1);

/// How often a thread that waits for what comes of any pair's jobs looks at those of others, while there are some, and
/// while there are none.
const LOOK: Duration = Duration::from_millis(1);
const LONG_LOOK: Duration = Duration::from_millis(20);

/// What a thread has found on other pairs than its own.
#[derive(Default)]
pub(super) struct Elsewhere {
    /// Jobs that wait for an answer.
    pub(super) waiting: usize,
    pub(super) uncollected: Uncollected,
}

/// A thread that waits while another one pumps.
pub(super) struct Sleeper {
    /// The job that it waits for; `None` if it is for anything else.
    key: Option<Key>,
    wake: Arc<Condvar>,
}

/// A thread that pumps. A transport that panics must not leave the others without one.
struct Pumping<'a>(OnPair<'a>);

impl Drop for Pumping<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut state = self.0.lock();
            state.pumping = false;
            wake_all(&state);
        }
    }
}

/// Wakes every sleeper, to look for itself.
pub(super) fn wake_all(state: &State) {
    for sleeper in &state.sleepers {
        sleeper.wake.notify_one();
    }
}

/// Wakes those whose job is settled, and those who wait for room of any kind.
pub(super) fn wake_settled(state: &State) {
    for sleeper in &state.sleepers {
        if sleeper.key.is_none_or(|key| state.jobs.is_settled(key)) {
            sleeper.wake.notify_one();
        }
    }
}

impl<'a> OnPair<'a> {
    /// Waits until `ready` gives something, which it is asked after everything that happens. `key` is the
    /// job that it waits for, if that is all it waits for. Jobs whose time is up are given up meanwhile, so
    /// every job is settled some day.
    pub(super) fn wait_for<T>(
        self,
        state: Held<'a>,
        key: Option<Key>,
        ready: impl FnMut(&mut State) -> Option<T>,
    ) -> (Held<'a>, T) {
        self.wait_until(state, key, None, ready)
    }

    /// Waits for what may come of jobs on any pair. Those of others may have nobody who looks for their answers, so
    /// this thread does, between its looks at its own; `ready` is told what it has found there.
    pub(super) fn wait_across<T>(
        self,
        mut state: Held<'a>,
        mut ready: impl FnMut(&mut State, &Elsewhere) -> Option<T>,
    ) -> (Held<'a>, T) {
        loop {
            let mut elsewhere = Elsewhere::default();
            let mut until = None;
            // Also at pairs that have no rings since the last reset: answers of before may lie there.
            if self.pairs.len() > 1 {
                drop(state);
                elsewhere = self.look_elsewhere();
                let time = if elsewhere.waiting > 0 { LOOK } else { LONG_LOOK };
                until = Some(Instant::now() + time);
                state = self.lock();
            }
            let met;
            (state, met) = self.wait_until(state, None, until, |state| {
                let met = ready(state, &elsewhere);
                let late = until.is_some_and(|until| Instant::now() >= until);
                (met.is_some() || late).then_some(met)
            });
            if let Some(met) = met {
                return (state, met);
            }
        }
    }

    /// Takes the answers on other pairs, and gives up jobs there whose time is up.
    fn look_elsewhere(self) -> Elsewhere {
        let awaiting = self.whole.lock().awaiting_memory.clone();
        let mut elsewhere = Elsewhere::default();
        for on in self.others() {
            let now = Instant::now();
            let mut state = on.lock();
            on.harvest(&mut state);
            on.expire(&mut state, now);
            elsewhere.waiting += state.jobs.waiting();
            let uncollected = state.jobs.uncollected(&awaiting);
            elsewhere.uncollected.all += uncollected.all;
            elsewhere.uncollected.by_others += uncollected.by_others;
            drop(state);
            on.ring();
        }
        elsewhere
    }

    /// As [`OnPair::wait_for`]; and asks `ready` again at `until` at the latest.
    fn wait_until<T>(
        self,
        mut state: Held<'a>,
        key: Option<Key>,
        until: Option<Instant>,
        mut ready: impl FnMut(&mut State) -> Option<T>,
    ) -> (Held<'a>, T) {
        // Read before the look that it is for: what was there by then is not late.
        let mut looked = None;
        let mut rang = false;
        loop {
            self.harvest(&mut state);
            let met = ready(&mut state).or_else(|| {
                let expired = looked.is_some_and(|now| self.expire(&mut state, now));
                expired.then(|| ready(&mut state)).flatten()
            });
            if let Some(met) = met {
                if !state.pumping
                    && let Some(sleeper) = state.sleepers.first()
                {
                    sleeper.wake.notify_one();
                }
                return (state, met);
            }
            let outstanding = state.rings.as_ref().is_some_and(|rings| rings.waiting() > 0);
            if outstanding && !state.pumping {
                let came;
                (state, came) = self.pump(state, looked, until);
                looked = (!came).then(Instant::now);
            } else if !rang || self.has_untold() {
                // A report or a cancellation may be due, and nothing may be written under the lock. Nor are other
                // pairs told of what was found here before it is given up.
                drop(state);
                self.ring();
                rang = true;
                state = self.lock();
            } else {
                rang = false;
                state = self.sleep(state, key, outstanding, until);
                looked = Some(Instant::now());
            }
        }
    }

    /// Waits for the next completion, without the lock: it spins, or if the caller has looked in vain
    /// before, it sleeps. Says whether it saw it come while it spun.
    fn pump(self, mut state: Held<'a>, looked: Option<Instant>, until: Option<Instant>) -> (Held<'a>, bool) {
        let Some(rings) = &state.rings else {
            return (state, false);
        };
        let (watch, epoch) = (rings.watch(), self.whole.epoch());
        let deadline = looked.map(|now| self.deadline(&mut state, now, until));
        state.pumping = true;
        drop(state);
        let pumping = Pumping(self);
        self.ring();
        let seen = match deadline {
            None => Ok(watch.spin(self.spin)),
            Some(deadline) => watch
                .sleep(&*self.transport, self.pair.queue, deadline)
                .map(|()| false),
        };
        drop(pumping);
        let mut state = self.lock();
        state.pumping = false;
        // Of rings that are no longer there, nothing is to be learnt.
        let came = seen.unwrap_or_else(|fault| {
            if self.whole.epoch() == epoch {
                self.condemn(&mut state, &fault);
            }
            false
        });
        (state, came)
    }

    /// Sleeps until somebody wakes it. With no entry outstanding nobody may: what is missing then is room
    /// that a thread in the midst of a doorbell is about to give, and that thread has nothing to wake for.
    fn sleep(
        self,
        mut state: Held<'a>,
        key: Option<Key>,
        outstanding: bool,
        until: Option<Instant>,
    ) -> Held<'a> {
        let now = Instant::now();
        let time = if outstanding {
            self.deadline(&mut state, now, until)
                .saturating_duration_since(now)
        } else {
            UNTIL_RUNG
        };
        let wake = Arc::new(Condvar::new());
        state.sleepers.push(Sleeper {
            key,
            wake: Arc::clone(&wake),
        });
        let mut state = state.wait(&wake, Some(time));
        state
            .sleepers
            .retain(|sleeper| !Arc::ptr_eq(&sleeper.wake, &wake));
        state
    }

    /// When a thread that waits is to look again at the latest.
    fn deadline(self, state: &mut State, now: Instant, until: Option<Instant>) -> Instant {
        let elsewhere = || self.answers_elsewhere();
        let deadline = state.jobs.deadline(now, self.options.timeout, elsewhere);
        let deadline = deadline.unwrap_or(now + LONGEST_SLEEP);
        until.map_or(deadline, |until| until.min(deadline))
    }

    /// Gives up the oldest job if its time was up at `now`; says whether it was. The card is out of
    /// service from then on, and the other jobs have their time; if that of the next one is up as well,
    /// the card answers nothing, and all are given up. Each entry is cancelled, as the card may not have
    /// begun it.
    pub(super) fn expire(self, state: &mut State, now: Instant) -> bool {
        let timeout = self.options.timeout;
        let elsewhere = || self.answers_elsewhere();
        let deadline = state.jobs.deadline(now, timeout, elsewhere);
        if deadline.is_none_or(|deadline| now < deadline) {
            return false;
        }
        if state.jobs.forgive(now, elsewhere(), self.capacity_elsewhere()) {
            return false;
        }
        let fault = DeviceError::Timeout(timeout);
        let all = !self.whole.lock().health.is_healthy();
        let sequences = state.jobs.give_up(all, &fault);
        self.take_out_of_service(&fault);
        for sequence in sequences {
            self.take_entry_back(state, sequence);
        }
        wake_settled(state);
        true
    }

    /// Submits a CANCEL of an entry. Without room for it the entry stays as it is.
    pub(super) fn take_entry_back(self, state: &mut State, sequence: u32) {
        let cancel = Submission {
            opcode: Opcode::Cancel as u8,
            count: sequence,
            ..Submission::default()
        };
        self.push(state, cancel, 1, None);
    }
}
