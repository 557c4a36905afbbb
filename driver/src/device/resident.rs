//! Resident memory: bytes that stay on the card from one job to the next.
//!
//! The driver says where they lie and under which handle (LOAD_RESIDENT); the card only keeps what
//! it was told. Dropped memory is noted and evicted (EVICT) before the next job. A reset ends
//! everything resident: older places are refused as stale.

use super::transact::{MAX_TRANSFER_BYTES, limit};
use super::{Shared, State};
use crate::counters::add;
use crate::error::DeviceError;
use metisvm_firmware::submission::flags;
use metisvm_firmware::{Opcode, Submission};
use std::sync::{PoisonError, Weak};

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

/// Where resident memory lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    handle: u32,
    address: u64,
    bytes: u64,
    pub(super) boot_nonce: u32,
    pub(super) kind: Kind,
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
}

impl Drop for Resident {
    fn drop(&mut self) {
        // Evicting takes a job, which may block; the next job's owner does it.
        if let Some(owner) = self.owner.upgrade() {
            owner
                .dropped
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(self.place);
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

impl Shared {
    pub(super) fn evict_dropped(&self, state: &mut State) -> Result<(), DeviceError> {
        loop {
            let next = self.dropped.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match next {
                Some(place) if place.boot_nonce == state.boot_nonce => self.evict(state, place)?,
                Some(_) => {}
                None => return Ok(()),
            }
        }
    }

    pub(super) fn load(&self, state: &mut State, bytes: &[u8], kind: Kind) -> Result<Place, DeviceError> {
        let size = bytes.len() as u64;
        limit("bytes to load", size, MAX_TRANSFER_BYTES)?;
        let address = state
            .memory
            .allocate(size)
            .ok_or(DeviceError::CardMemoryFull(size))?;
        let Some(handle) = state.handles.take() else {
            state.memory.free(address, size);
            return Err(DeviceError::HandlesExhausted(self.capabilities.max_handles));
        };
        let place = Place {
            handle,
            address,
            bytes: size,
            boot_nonce: state.boot_nonce,
            kind,
        };
        let loaded = state
            .pool
            .take(&self.transport, bytes.len())
            .map_err(DeviceError::from)
            .and_then(|buffer| {
                buffer.copy_in(0, bytes);
                let submission = Submission {
                    opcode: Opcode::LoadResident as u8,
                    flags: if kind == Kind::State { flags::STATE } else { 0 },
                    data_handle: handle,
                    input: buffer.iova().0,
                    card_address: address,
                    card_bytes: size,
                    ..Submission::default()
                };
                self.transact(state, submission, vec![buffer])
            });
        match loaded {
            Ok((_, buffers)) => {
                buffers.into_iter().for_each(|buffer| state.pool.give(buffer));
                add(&self.counters.to_card, size);
                add(&self.counters.loads, 1);
                Ok(place)
            }
            Err(error) => {
                state.memory.free(address, size);
                state.handles.give(handle);
                Err(error)
            }
        }
    }

    pub(super) fn evict(&self, state: &mut State, place: Place) -> Result<(), DeviceError> {
        let submission = Submission {
            opcode: Opcode::Evict as u8,
            data_handle: place.handle,
            ..Submission::default()
        };
        self.transact(state, submission, Vec::new())?;
        state.memory.free(place.address, place.bytes);
        state.handles.give(place.handle);
        Ok(())
    }

    pub(super) fn handle(&self, state: &State, resident: &Resident) -> Result<u32, DeviceError> {
        let ours = resident
            .owner
            .upgrade()
            .is_none_or(|owner| std::ptr::eq(&*owner, self));
        if ours && resident.place.boot_nonce == state.boot_nonce {
            Ok(resident.place.handle)
        } else {
            Err(DeviceError::StaleResident)
        }
    }
}
