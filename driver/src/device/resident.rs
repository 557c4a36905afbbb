//! Resident memory: bytes that stay on the card from one job to the next.
//!
//! The driver says where they lie and under which handle (LOAD_RESIDENT); the card only keeps what
//! it was told. Dropped memory is noted, and evicted (EVICT) with a later job, once no job in flight reads
//! it. A reset ends everything resident: older places are refused as stale.

use super::Shared;
use super::common::Common;
use super::pair::OnPair;
use super::running::Running;
use super::state::State;
use super::submit::{Caller, MAX_TRANSFER_BYTES, limit};
use super::ticket::{Holds, Remains};
use crate::counters::add;
use crate::error::DeviceError;
use metisvm_firmware::submission::flags;
use metisvm_firmware::{Opcode, Submission};
use std::sync::{Arc, Weak};

/// Where resident memory lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) handle: u32,
    pub(super) address: u64,
    pub(super) bytes: u64,
    /// The device's epoch when it was taken.
    pub(super) epoch: u64,
    /// The pair that it was loaded on. All jobs on a state go there, as two pairs' jobs have no order.
    pub(super) pair: usize,
    pub(super) kind: Kind,
}

/// What resident memory is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What a program reads, or a program whose cost nobody knows.
    Data,
    /// What a program reads and writes.
    State,
    /// A program.
    Program {
        /// What one item costs, in the units of [`metisvm_firmware::cost`].
        cost: u64,
    },
}

/// Bytes that stay in card memory until this is dropped or the card is reset.
pub struct Resident {
    pub(super) place: Place,
    pub(super) owner: Weak<Shared>,
}

impl Resident {
    /// Size, bytes.
    pub fn bytes(&self) -> u64 {
        self.place.bytes
    }

    /// Whether it still lies on that device's card.
    pub(super) fn is_on(&self, device: &Arc<Shared>, common: &Common) -> bool {
        self.place.epoch == common.epoch && Weak::as_ptr(&self.owner) == Arc::as_ptr(device)
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        // Evicting takes a job, and registers may block; whoever submits the next job does it.
        if let Some(owner) = self.owner.upgrade() {
            owner.whole.lock().dropped.push(self.place);
        }
    }
}

impl std::fmt::Debug for Resident {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resident")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl OnPair<'_> {
    /// Evicts dropped memory that no job reads any more, as far as the ring has room. Its place is free
    /// once that is answered.
    pub(super) fn evict_dropped(self, state: &mut State, caller: Caller) {
        while self.has_room(state) && self.check(caller, state).is_ok() {
            let Some(place) = self.whole.take_evictable() else {
                return;
            };
            let holds = Holds {
                epoch: place.epoch,
                place: Some(place),
                ..Holds::default()
            };
            let remains = Remains {
                opcode: Opcode::Evict,
                holds,
                buffer: None,
            };
            let key = state.jobs.open(1, false, remains);
            let submission = Submission {
                opcode: Opcode::Evict as u8,
                data_handle: place.handle,
                ..Submission::default()
            };
            self.push(state, submission, 1, Some(key));
        }
    }
}

impl Shared {
    pub(super) fn start_load(
        self: &Arc<Self>,
        pair: usize,
        caller: Caller,
        bytes: &[u8],
        kind: Kind,
    ) -> Result<Running<Resident>, DeviceError> {
        let size = bytes.len() as u64;
        limit("bytes to load", size, MAX_TRANSFER_BYTES)?;
        let on = self.on(pair);
        let buffer = on.take_dma_memory(caller, bytes.len())?;
        buffer.copy_in(0, bytes);
        let (state, place) = on.take_card_memory(on.lock(), caller, |common| {
            self.take_place(common, size, kind, pair)
        });
        let place = match place {
            Ok(place) => place,
            Err(refusal) => {
                let refused = on.leave(state, Err(refusal));
                self.give_back(buffer);
                return refused;
            }
        };
        let submission = Submission {
            opcode: Opcode::LoadResident as u8,
            flags: if kind == Kind::State { flags::STATE } else { 0 },
            data_handle: place.handle,
            input: buffer.iova().0,
            card_address: place.address,
            card_bytes: size,
            ..Submission::default()
        };
        let remains = Remains {
            opcode: Opcode::LoadResident,
            holds: Holds {
                epoch: place.epoch,
                place: Some(place),
                ..Holds::default()
            },
            buffer: Some(buffer),
        };
        let key = on.submit(state, caller, submission, remains)?;
        Ok(Running::new(self, pair, key, move |shared, answer| {
            shared.finish(answer.buffer, size as usize, 0);
            add(&shared.counters.loads, 1);
            Ok(Resident {
                place,
                owner: Arc::downgrade(shared),
            })
        }))
    }

    fn take_place(
        &self,
        common: &mut Common,
        bytes: u64,
        kind: Kind,
        pair: usize,
    ) -> Result<Place, DeviceError> {
        let address = common
            .memory
            .allocate(bytes)
            .ok_or(DeviceError::CardMemoryFull(bytes))?;
        let Some(handle) = common.handles.take() else {
            common.memory.free(address, bytes);
            return Err(DeviceError::HandlesExhausted(self.capabilities.max_handles));
        };
        Ok(Place {
            handle,
            address,
            bytes,
            epoch: common.epoch,
            pair,
            kind,
        })
    }
}
