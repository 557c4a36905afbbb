//! NOP: entries that do nothing, many at a time.
//!
//! They show that a ring works and measure what an entry costs, so this is the one job that keeps
//! the ring full: NOPs go out in groups, one doorbell a group.

use super::{Shared, State};
use crate::counters::add;
use crate::error::DeviceError;
use crate::ring::QueuePair;
use metisvm_firmware::{Completion, Opcode, Status, Submission};
use std::time::{Duration, Instant};

/// NOPs before the first doorbell. Each later group is twice as long, up to [`LAST_GROUP`]: the card
/// begins early, and then works on one group while the next is written.
const FIRST_GROUP: usize = 8;
/// Most NOPs between two doorbells.
const LAST_GROUP: usize = 128;

impl Shared {
    pub(super) fn nops(&self, state: &mut State, count: usize) -> Result<(), DeviceError> {
        let queue = state.queue.as_mut().ok_or(DeviceError::Dead)?;
        match send_nops(queue, count, self.options.timeout) {
            Ok(()) => {
                add(&self.counters.nops, count as u64);
                Ok(())
            }
            Err(fault) => {
                self.condemn(state, &fault);
                Err(fault)
            }
        }
    }
}

/// Sends NOPs through a pair in groups, and waits until none is outstanding.
fn send_nops(queue: &mut QueuePair, count: usize, timeout: Duration) -> Result<(), DeviceError> {
    let nop = Submission {
        opcode: Opcode::Nop as u8,
        ..Submission::default()
    };
    let deadline = Instant::now() + timeout;
    let mut left = count;
    let mut group = FIRST_GROUP;
    while left > 0 {
        let mut pushed = 0;
        while pushed < group.min(left) && queue.push(nop).is_some() {
            pushed += 1;
        }
        left -= pushed;
        group = (group * 2).min(LAST_GROUP);
        queue.ring_doorbell();
        // Completions are looked at only when the ring is full or all is submitted: polling lines
        // that the card is about to write slows both sides down.
        if pushed == 0 {
            accept_nop(queue.wait(deadline, timeout)?)?;
            while let Some(completion) = queue.poll()? {
                accept_nop(completion)?;
            }
        }
    }
    while queue.waiting() > 0 {
        accept_nop(queue.wait(deadline, timeout)?)?;
        while let Some(completion) = queue.poll()? {
            accept_nop(completion)?;
        }
    }
    // With nothing outstanding, any further completion is one too many.
    if queue.has_completion() {
        queue.poll().map(|_| ())
    } else {
        Ok(())
    }
}

#[inline]
fn accept_nop(completion: Completion) -> Result<(), DeviceError> {
    match Status::from_bits(completion.status) {
        Some(Status::Ok) => Ok(()),
        Some(status) => Err(DeviceError::Job {
            status,
            detail: completion.detail,
        }),
        None => Err(DeviceError::UnknownStatus(completion.status)),
    }
}
