//! Completions: whose they are, what they say, and what their jobs give back.
//!
//! To refuse an entry is to break a rule: the limits that a card states are checked before it is asked,
//! and only what was given up may be cancelled.

use super::Shared;
use super::pair::OnPair;
use super::state::State;
use super::ticket::Remains;
use super::wait::wake_settled;
use crate::counters::add;
use crate::error::DeviceError;
use metisvm_firmware::{Completion, Opcode, Status};

impl OnPair<'_> {
    /// Takes all completions that are there. With nothing outstanding, any further one is one too many.
    #[inline]
    pub(super) fn harvest(self, state: &mut State) {
        self.catch_up(state);
        let mut taken = 0;
        while let Some(rings) = &mut state.rings {
            let answer = match rings.take() {
                Ok(None) => break,
                Ok(Some((completion, tag))) => {
                    taken += 1;
                    if completion.status == Status::Ok as u16 && state.jobs.count_down(tag) {
                        continue;
                    }
                    self.answer(state, tag, &completion)
                }
                Err(fault) => Err(fault),
            };
            match answer {
                Ok(()) => {}
                Err(fault) => self.condemn(state, &fault),
            }
        }
        if let Some(rings) = &mut state.rings
            && let Some(head) = rings.head_to_report()
        {
            self.pair.head.want(head);
        }
        // Whatever was answered, the ring has room again.
        if taken > 0 {
            self.pair.count_answers(taken);
            wake_settled(state);
        }
    }

    /// Settles the job whose entry was answered, if that was its last.
    fn answer(self, state: &mut State, tag: u32, completion: &Completion) -> Result<(), DeviceError> {
        let status =
            Status::from_bits(completion.status).ok_or(DeviceError::UnknownStatus(completion.status))?;
        let detail = completion.detail;
        let Some((opcode, given_up)) = state.jobs.owner(tag) else {
            // A cancellation, which may come too late for its entry.
            return match status {
                Status::Ok | Status::NotFound => Ok(()),
                status => Err(DeviceError::Job { status, detail }),
            };
        };
        let verdict = match status {
            Status::Ok => Ok(detail),
            // Whoever gave it up has been told so, or does not ask.
            Status::Cancelled if given_up => Err(DeviceError::Timeout(self.options.timeout)),
            status => return Err(DeviceError::Job { status, detail }),
        };
        let done = verdict.is_ok();
        let Some(remains) = state.jobs.answer(tag, verdict) else {
            return Ok(());
        };
        if done && opcode != Opcode::Nop {
            add(&self.counters.jobs, 1);
        }
        self.take_back(remains, done);
        Ok(())
    }
}

impl Shared {
    /// Frees what a job held on the card, and a buffer that nobody reads. `done` is whether the card did it.
    pub(super) fn take_back(&self, remains: Remains, done: bool) {
        let Remains {
            opcode,
            holds,
            buffer,
        } = remains;
        drop(buffer);
        if holds.is_nothing() {
            return;
        }
        let mut common = self.whole.lock();
        if holds.epoch != common.epoch {
            return;
        }
        if holds.workspace.is_some() || opcode == Opcode::Evict {
            common.giving -= 1;
        }
        if let Some((address, bytes)) = holds.workspace {
            common.memory.free(address, bytes);
        }
        for handle in holds.handles.into_iter().flatten() {
            common.handles.let_go(handle);
        }
        let Some(place) = holds.place else { return };
        match (opcode, done) {
            // Loaded for nobody.
            (Opcode::LoadResident, true) => common.dropped.push(place),
            (Opcode::LoadResident, false) | (_, true) => common.free_place(place),
            // Not evicted: it is still there.
            (_, false) => {}
        }
    }
}
