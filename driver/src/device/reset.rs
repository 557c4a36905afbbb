//! Out of service and back: condemning, resetting and closing a device.
//!
//! All three decide about memory that the card may still write. A broken rule condemns the card: its rings
//! and the buffers of all jobs go into quarantine. A time-out only takes it out of service: the rings stay,
//! so that other jobs are answered. An acknowledged reset ends the card's boot generation, and with it all
//! DMA; once the handshake has passed too, the quarantine is freed. If that never happens, it is written
//! off: unmapped, if no DMA reaches unmapped memory, else leaked, mapped.

use super::bring_up::handshake;
use super::state::State;
use super::wait::wake_all;
use super::{QUEUE, Shared};
use crate::counters::add;
use crate::error::DeviceError;
use crate::health::Health;
use metisvm_firmware::registers as reg;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// A reset under way.
struct Resetting<'a>(&'a Shared);

impl Drop for Resetting<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.resetting = false;
        wake_all(&state);
    }
}

impl Shared {
    /// The card is not to get new work. What is in flight goes on.
    pub(super) fn take_out_of_service(&self, state: &mut State, fault: &DeviceError) {
        if !matches!(state.health, Health::Dead(_)) {
            if state.health.is_healthy() {
                add(&self.counters.faults, 1);
            }
            state.health = Health::after(fault);
        }
    }

    /// Nothing that the card says is believed any more, and it may write whatever it was given: the rings
    /// are as dangerous as the buffers of jobs.
    pub(super) fn condemn(&self, state: &mut State, fault: &DeviceError) {
        state.epoch += 1;
        if let Some(rings) = state.rings.take() {
            state.quarantine.add_rings(rings);
        }
        let buffers = state.jobs.abandon(fault);
        state.quarantine.extend(buffers);
        self.take_out_of_service(state, fault);
        if let Health::Dead(_) = state.health {
            self.write_off(state);
        }
        wake_all(state);
    }

    /// The quarantine of a card that will never acknowledge a reset.
    fn write_off(&self, state: &mut State) {
        let quarantine = std::mem::take(&mut state.quarantine);
        if self.transport.isolates_on_unmap() {
            // First: no buffer is to be cut from these regions any more.
            self.pool.clear();
            drop(quarantine);
        } else {
            add(&self.counters.leaked, quarantine.leak() as u64);
        }
    }

    pub(super) fn reset(self: &Arc<Self>) -> Result<(), DeviceError> {
        let (mut state, ()) = self.wait_for(self.lock(), None, |state| (!state.resetting).then_some(()));
        if let Health::Dead(_) = state.health {
            return self.leave(state, Err(DeviceError::Dead));
        }
        state.resetting = true;
        let resetting = Resetting(self);
        let (state, ()) = self.wait_for(state, None, |state| (state.jobs.waiting() == 0).then_some(()));
        self.leave(state, ());
        let verdict = self.reset_card();
        let mut state = self.lock();
        match &verdict {
            Ok(boot_generation) => {
                state.start_generation(&self.capabilities, *boot_generation);
                self.tail.reopen();
                self.head.reopen();
                add(&self.counters.resets, 1);
            }
            Err(fault) => self.condemn(&mut state, fault),
        }
        drop(state);
        let verdict = verdict.and_then(|_| self.bring_up());
        drop(resetting);
        verdict
    }

    /// Gives the new boot generation.
    fn reset_card(&self) -> Result<u32, DeviceError> {
        let read = |register| self.transport.read32(register);
        if read(reg::MAGIC) == reg::ALL_ONES {
            return Err(self
                .transport
                .failure()
                .map_or(DeviceError::Dead, DeviceError::from));
        }
        // Not the generation of the last handshake: a reset after that one may have been acknowledged
        // and have failed later, and its number would pass for the answer to this one.
        let before = read(reg::BOOT_GENERATION);
        if before == reg::ALL_ONES {
            return Err(DeviceError::Dead);
        }
        // A doorbell of before that comes afterwards would be taken for the new queue's.
        let timeout = self.options.reset_timeout;
        if !self.tail.close(timeout) || !self.head.close(timeout) {
            return Err(DeviceError::ResetUnacknowledged(timeout));
        }
        self.transport.write32(reg::CONTROL, reg::CONTROL_RESET);
        let deadline = Instant::now() + self.options.reset_timeout;
        loop {
            let generation = read(reg::BOOT_GENERATION);
            if generation == reg::ALL_ONES {
                return Err(DeviceError::Dead);
            }
            if generation != before {
                break;
            }
            if Instant::now() >= deadline {
                return Err(DeviceError::ResetUnacknowledged(self.options.reset_timeout));
            }
            std::thread::sleep(Duration::from_micros(50));
        }
        let (capabilities, generation) = handshake(&*self.transport, &self.options)?;
        if capabilities == self.capabilities {
            Ok(generation)
        } else {
            Err(DeviceError::CapabilitiesChanged)
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let mut state = std::mem::replace(
            self.state.get_mut().unwrap_or_else(PoisonError::into_inner),
            State::new(&self.capabilities, 0),
        );
        self.harvest(&mut state);
        let idle = state.rings.as_ref().is_some_and(|rings| rings.waiting() == 0);
        if idle {
            self.transport
                .write32(reg::queue_register(QUEUE, reg::queue::ENABLE), 0);
        } else if let Some(rings) = state.rings.take() {
            // Memory that an unanswered job may still write is never given away under the card.
            state.quarantine.add_rings(rings);
        }
        let unanswered = state.jobs.abandon(&DeviceError::Dead);
        state.quarantine.extend(unanswered);
        self.write_off(&mut state);
    }
}
