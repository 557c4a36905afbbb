//! One job on the ring: an entry, its completion, and what becomes of its buffers.
//!
//! Every job but NOP goes through here, one by one. An answer that keeps to the rules gives the
//! buffers back or to the pool; a broken rule takes the device out of service and puts them, which
//! the card may still write, into quarantine. To refuse an entry is to break a rule: the limits that
//! a card states are checked before it is asked.

use super::{Shared, State};
use crate::counters::add;
use crate::dma::DmaBuffer;
use crate::error::DeviceError;
use metisvm_firmware::{Completion, Status, Submission};
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

/// Checks a job's output, copied out of memory that the card can reach, against its completion.
pub(super) fn check_output(completion: &Completion, output: &[u8]) -> Result<(), DeviceError> {
    let found = crc32fast::hash(output);
    if found == completion.detail {
        Ok(())
    } else {
        let written = completion.detail;
        Err(DeviceError::OutputChecksum { written, found })
    }
}

impl Shared {
    /// Submits one entry and waits for its completion. The buffers are the ones that the card may
    /// touch: they come back only from a card that kept to the rules.
    pub(super) fn transact(
        &self,
        state: &mut State,
        submission: Submission,
        buffers: Vec<DmaBuffer>,
    ) -> Result<(Completion, Vec<DmaBuffer>), DeviceError> {
        let timeout = self.options.timeout;
        let queue = state.queue.as_mut().ok_or(DeviceError::Dead)?;
        let pushed = queue.push(submission);
        debug_assert!(pushed.is_some(), "jobs go one by one through an empty ring");
        queue.ring_doorbell();
        let outcome = queue
            .wait(Instant::now() + timeout, timeout)
            .and_then(|completion| {
                // With nothing outstanding, any further completion is one too many.
                if queue.waiting() == 0 && queue.has_completion() {
                    queue.poll()?;
                }
                match Status::from_bits(completion.status) {
                    Some(Status::Ok) => Ok(completion),
                    Some(status) => Err(DeviceError::Job {
                        status,
                        detail: completion.detail,
                    }),
                    None => Err(DeviceError::UnknownStatus(completion.status)),
                }
            });
        match outcome {
            Ok(completion) => {
                add(&self.counters.jobs, 1);
                Ok((completion, buffers))
            }
            Err(fault) if fault.condemns() => {
                buffers
                    .into_iter()
                    .for_each(|buffer| state.pool.quarantine(buffer));
                self.condemn(state, &fault);
                Err(fault)
            }
            Err(refusal) => {
                buffers.into_iter().for_each(|buffer| state.pool.give(buffer));
                Err(refusal)
            }
        }
    }
}
