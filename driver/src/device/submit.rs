//! From a job to an entry in the ring.
//!
//! A full ring and full card memory make the submitter wait for jobs in flight, which give room back or
//! run out of time; so the wait is bounded. Nothing is submitted to a card that is out of service, but by
//! its bring-up.

use super::Shared;
use super::jobs::{Key, NOBODY, Remains};
use super::state::State;
use crate::error::DeviceError;
use metisvm_firmware::Submission;
use std::sync::MutexGuard;
use std::time::Instant;

/// Most bytes that one job may move in one direction.
pub(super) const MAX_TRANSFER_BYTES: u64 = 1 << 30;

pub(super) fn limit(what: &'static str, asked: u64, limit: u64) -> Result<(), DeviceError> {
    if asked <= limit {
        Ok(())
    } else {
        Err(DeviceError::TooLarge { what, asked, limit })
    }
}

/// On whose behalf a job is submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// A user's: the device must be in service.
    User,
    /// The device's own, while it comes up.
    BringUp,
}

impl Caller {
    /// Whether the job may be submitted.
    pub(super) fn check(self, state: &State) -> Result<(), DeviceError> {
        match (self, state.health.fault()) {
            (Self::User, _) => state.check(),
            (Self::BringUp, Some(fault)) => Err(fault.clone()),
            (Self::BringUp, None) => Ok(()),
        }
    }
}

impl Shared {
    /// Writes up to `count` entries for a ticket, or for nobody; gives how many there was room for. They
    /// are to be published.
    #[inline]
    pub(super) fn push(
        &self,
        state: &mut State,
        submission: Submission,
        count: usize,
        key: Option<Key>,
    ) -> usize {
        let Some(rings) = &mut state.rings else { return 0 };
        let (tag, reported) = (key.map_or(NOBODY, Key::tag), self.head.written());
        let mut pushed = 0;
        let mut last = None;
        while pushed < count
            && let Some(sequence) = rings.push(submission, tag, reported)
        {
            last = Some(sequence);
            pushed += 1;
        }
        if let (Some(key), Some(sequence)) = (key, last) {
            state.jobs.set_sequence(key, sequence);
        }
        pushed
    }

    /// Declares all entries. The tail is to be rung without the lock.
    #[inline]
    pub(super) fn publish(&self, state: &mut State) {
        if let Some(rings) = &mut state.rings {
            self.tail.want(rings.publish());
        }
    }

    /// Whether the ring has room.
    #[inline]
    pub(super) fn has_room(&self, state: &State) -> bool {
        let reported = self.head.written();
        state.rings.as_ref().is_some_and(|rings| rings.has_room(reported))
    }

    /// Submits a job of one entry, once there is room for it. The tail is to be rung without the lock.
    pub(super) fn submit<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        caller: Caller,
        submission: Submission,
        remains: Remains,
    ) -> (MutexGuard<'a, State>, Result<Key, DeviceError>) {
        let epoch = remains.holds.epoch;
        let (mut state, ready) = self.wait_for(state, None, |state| match caller.check(state) {
            Err(refusal) => Some(Err(refusal)),
            Ok(()) if state.epoch != epoch => {
                Some(Err(DeviceError::OutOfService("it was reset meanwhile".into())))
            }
            Ok(()) => self.has_room(state).then_some(Ok(())),
        });
        if let Err(refusal) = ready {
            self.take_back(&mut state, remains, false);
            return (state, Err(refusal));
        }
        let key = state.jobs.open(1, true, remains);
        self.push(&mut state, submission, 1, Some(key));
        self.publish(&mut state);
        (state, Ok(key))
    }

    /// Takes something of the card's memory, waiting for jobs in flight and evictions that will give some
    /// back, but not longer than a job may take.
    pub(super) fn take_card_memory<'a, T>(
        &'a self,
        state: MutexGuard<'a, State>,
        caller: Caller,
        mut take: impl FnMut(&mut State) -> Result<T, DeviceError>,
    ) -> (MutexGuard<'a, State>, Result<T, DeviceError>) {
        let start = Instant::now();
        self.wait_for(state, None, |state| {
            if let Err(refusal) = caller.check(state) {
                return Some(Err(refusal));
            }
            self.evict_dropped(state);
            match take(state) {
                Err(DeviceError::CardMemoryFull(_) | DeviceError::HandlesExhausted(_))
                    if state.will_give_back() && start.elapsed() < self.options.timeout =>
                {
                    None
                }
                outcome => Some(outcome),
            }
        })
    }
}
