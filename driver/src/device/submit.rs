//! From a job to an entry in the ring.
//!
//! A full ring and full card memory make the submitter wait for jobs in flight, which give room back or
//! run out of time; so the wait is bounded. Nothing is submitted to a card that is out of service, but by
//! its bring-up.

use super::common::Common;
use super::pair::{Held, OnPair};
use super::state::State;
use super::ticket::{Key, NOBODY, Remains};
use super::wait::wake_settled;
use crate::error::DeviceError;
use crate::rings::Reserved;
use metisvm_firmware::Submission;
use std::time::Instant;

/// Most bytes that one job may move in one direction.
pub const MAX_TRANSFER_BYTES: u64 = 1 << 30;

pub(super) fn limit(what: &'static str, asked: u64, limit: u64) -> Result<(), DeviceError> {
    if asked <= limit {
        Ok(())
    } else {
        Err(DeviceError::TooLarge { what, asked, limit })
    }
}

fn reset_meanwhile() -> DeviceError {
    DeviceError::OutOfService("it was reset meanwhile".into())
}

/// On whose behalf a job is submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// A user's: the device must be in service.
    User,
    /// The device's own, while it comes up.
    BringUp,
}

impl<'a> OnPair<'a> {
    /// Whether a job may be submitted here.
    #[inline]
    pub(super) fn check(self, caller: Caller, state: &State) -> Result<(), DeviceError> {
        match caller {
            Caller::User if self.whole.is_open() && state.rings.is_some() => Ok(()),
            Caller::User => self.refusal(),
            Caller::BringUp => match self.whole.lock().health.fault() {
                Some(fault) => Err(fault.clone()),
                None => Ok(()),
            },
        }
    }

    #[cold]
    fn refusal(self) -> Result<(), DeviceError> {
        self.whole.lock().check()?;
        // It was condemned just now, or its reset found memory for the rings of fewer pairs.
        Err(reset_meanwhile())
    }

    /// Submits up to `count` entries for a ticket, or for nobody; gives how many there was room for. The
    /// caller rings once it has given up the lock.
    pub(super) fn push(
        self,
        state: &mut State,
        submission: Submission,
        count: usize,
        key: Option<Key>,
    ) -> usize {
        let Some(reserved) = self.reserve(state, submission, count, key) else {
            return 0;
        };
        let pushed = reserved.count();
        reserved.write();
        if let Some(rings) = &state.rings {
            self.pair.tail.want(rings.tail());
        }
        pushed
    }

    /// As [`OnPair::push`], and gives up the lock and rings. The entries are written and rung without an
    /// atomic operation in between that would wait until the card's cache has handed over their lines.
    #[inline]
    pub(super) fn push_and_leave(
        self,
        mut state: Held<'_>,
        submission: Submission,
        count: usize,
        key: Key,
    ) -> usize {
        // While the doorbell is claimed, nobody declares the entries, nor does a reset go on.
        let Some(claim) = self.pair.tail.claim() else {
            let pushed = self.push(&mut state, submission, count, Some(key));
            return self.leave(state, pushed);
        };
        let Some(reserved) = self.reserve(&mut state, submission, count, Some(key)) else {
            drop(claim);
            return self.leave(state, 0);
        };
        if let Some(rings) = &state.rings {
            claim.want(rings.tail());
        }
        drop(state);
        let pushed = reserved.count();
        reserved.write();
        claim.ring(&*self.transport);
        self.pair.head.ring(&*self.transport);
        pushed
    }

    #[inline]
    fn reserve(
        self,
        state: &mut State,
        submission: Submission,
        count: usize,
        key: Option<Key>,
    ) -> Option<Reserved> {
        let rings = state.rings.as_mut()?;
        let tag = key.map_or(NOBODY, Key::tag);
        let reserved = rings.reserve(submission, count, tag, self.pair.head.written())?;
        if let Some(key) = key {
            state.jobs.set_sequence(key, reserved.sequence());
        }
        Some(reserved)
    }

    /// Whether the ring has room.
    #[inline]
    pub(super) fn has_room(self, state: &State) -> bool {
        let reported = self.pair.head.written();
        state
            .rings
            .as_ref()
            .is_some_and(|rings| rings.room(reported, 1) > 0)
    }

    /// Submits a job of one entry, once there is room for it, and rings.
    pub(super) fn submit(
        self,
        state: Held<'a>,
        caller: Caller,
        submission: Submission,
        remains: Remains,
    ) -> Result<Key, DeviceError> {
        let epoch = remains.holds.epoch;
        let mut start = None;
        let (mut state, ready) = self.wait_for(state, None, |state| match self.check(caller, state) {
            Err(refusal) => Some(Err(refusal)),
            Ok(()) if self.whole.epoch() != epoch => Some(Err(reset_meanwhile())),
            Ok(()) if self.has_room(state) => Some(Ok(())),
            Ok(()) => {
                // Jobs in flight make room or run out of time. Without any, a thread is stuck in the
                // report of those that were answered.
                let waited = start.get_or_insert_with(Instant::now).elapsed();
                let fault = DeviceError::Timeout(self.options.timeout);
                let stuck = state.jobs.waiting() == 0 && waited >= self.options.timeout;
                stuck.then(|| {
                    self.take_out_of_service(&fault);
                    Err(fault)
                })
            }
        });
        if let Err(refusal) = ready {
            self.take_back(remains, false);
            wake_settled(&state);
            return self.leave(state, Err(refusal));
        }
        let key = state.jobs.open(1, true, remains);
        self.push_and_leave(state, submission, 1, key);
        Ok(key)
    }

    /// Gives up a job whose outcome nobody wants any more. The card stays in service.
    pub(super) fn cancel(self, key: Key) {
        let mut state = self.lock();
        // Of a card out of service nothing is to be saved but its reset.
        let in_service = self.check(Caller::User, &state).ok();
        let entry = in_service.and_then(|()| state.jobs.cancel(key));
        // One that is watched is looked after until it is answered.
        if !state.jobs.is_watched(key)
            && let Some(remains) = state.jobs.disown(key)
        {
            self.take_back(remains, true);
            wake_settled(&state);
        }
        if let Some(entry) = entry {
            self.take_entry_back(&mut state, entry);
        }
        self.leave(state, ());
    }

    /// Takes something of the card's memory, waiting for jobs in flight and evictions that will give some
    /// back, but not longer than a job may take.
    pub(super) fn take_card_memory<T>(
        self,
        mut state: Held<'a>,
        caller: Caller,
        mut take: impl FnMut(&mut Common) -> Result<T, DeviceError>,
    ) -> (Held<'a>, Result<T, DeviceError>) {
        let start = Instant::now();
        // `None`: it is full, and this may change.
        let mut attempt = |state: &mut State, may_change: bool| {
            if let Err(refusal) = self.check(caller, state) {
                return Some(Err(refusal));
            }
            self.evict_dropped(state, caller);
            let mut common = self.whole.lock();
            match take(&mut common) {
                Err(DeviceError::CardMemoryFull(_) | DeviceError::HandlesExhausted(_))
                    if may_change || common.will_give_back() && start.elapsed() < self.options.timeout =>
                {
                    None
                }
                outcome => Some(outcome),
            }
        };
        // Nearly always there is some. Other pairs, whose answers may give some back, are looked at only where there is
        // none: that takes their locks.
        self.harvest(&mut state);
        if let Some(outcome) = attempt(&mut state, true) {
            return (state, outcome);
        }
        self.wait_across(state, |state, _| attempt(state, false))
    }
}
