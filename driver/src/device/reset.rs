//! Out of service and back: condemning, resetting and closing a device.
//!
//! All three decide about memory that the card may still write. A broken rule condemns the card: its rings
//! and the buffers of all jobs go into quarantine. A time-out only takes it out of service: the rings stay,
//! so that other jobs are answered. An acknowledged reset ends all
//! DMA; once the handshake has passed too, the quarantine is freed. If that never happens, it is written
//! off: unmapped, if no DMA reaches unmapped memory, else leaked, mapped.

use super::bring_up::{claim, handshake};
use super::state::State;
use super::wait::wake_all;
use super::{QUEUE, Shared};
use crate::counters::add;
use crate::error::DeviceError;
use crate::health::Health;
use crate::lending::LentBuffer;
use crate::transport::Transport;
use metisvm_firmware::registers as reg;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// What is done about a dead card.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dead {
    IsLeftAlone,
    IsTried,
}

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
        state.quarantine.extend(buffers.into_iter().map(LentBuffer::keep));
        self.take_out_of_service(state, fault);
        if let Health::Dead(_) = state.health {
            self.write_off(state);
        }
        wake_all(state);
    }

    /// The same, by a thread that holds nothing and may wait for the link.
    pub(super) fn condemn_now(&self, fault: &DeviceError) {
        self.condemn(&mut self.lock(), fault);
        self.pool.tidy();
    }

    /// The quarantine of a card that will never acknowledge a reset. It is only retired here, and unmapped by a thread
    /// that has given up the lock.
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

    pub(super) fn reset(self: &Arc<Self>, dead_card: Dead) -> Result<(), DeviceError> {
        let (mut state, ()) = self.wait_for(self.lock(), None, |state| (!state.resetting).then_some(()));
        if matches!(state.health, Health::Dead(_)) && dead_card == Dead::IsLeftAlone {
            return self.leave(state, Err(DeviceError::Dead));
        }
        state.resetting = true;
        let resetting = Resetting(self);
        let (state, ()) = self.wait_for(state, None, |state| (state.jobs.waiting() == 0).then_some(()));
        self.leave(state, ());
        let verdict = self.renew();
        let mut state = self.lock();
        match &verdict {
            Ok(boot_nonce) => {
                state.start_over(&self.capabilities, *boot_nonce);
                self.tail.reopen();
                self.head.reopen();
                add(&self.counters.resets, 1);
            }
            Err(fault) => self.condemn(&mut state, fault),
        }
        self.leave(state, ());
        let verdict = verdict.and_then(|_| self.bring_up());
        drop(resetting);
        self.pool.tidy();
        verdict
    }

    /// Gives the new boot nonce.
    fn renew(&self) -> Result<u32, DeviceError> {
        let (transport, timeout) = (&*self.transport, self.options.reset_timeout);
        if transport.read32(reg::MAGIC) == reg::ALL_ONES {
            return Err(dead(transport));
        }
        // A doorbell of before that comes afterwards would be taken for the new queue's.
        if !self.tail.close(timeout) || !self.head.close(timeout) {
            return Err(DeviceError::ResetUnacknowledged(timeout));
        }
        reset_card(transport, timeout)?;
        if handshake(transport, &self.options)? != self.capabilities {
            return Err(DeviceError::CapabilitiesChanged);
        }
        claim(transport)
    }
}

/// The fault of a card whose registers read all ones.
pub(super) fn dead(transport: &dyn Transport) -> DeviceError {
    DeviceError::dead(transport)
}

/// Resets a card by its registers and waits for the acknowledgement.
///
/// # Errors
/// It does not answer, or does not acknowledge in time.
pub fn reset_card(transport: &dyn Transport, timeout: Duration) -> Result<(), DeviceError> {
    // A card that was reset behind our back has no nonce to clear: it gets one, so that the reset shows.
    match transport.read32(reg::BOOT_NONCE) {
        reg::ALL_ONES => return Err(dead(transport)),
        0 => drop(claim(transport)?),
        _ => {}
    }
    transport.write32(reg::CONTROL, reg::CONTROL_RESET);
    let deadline = Instant::now() + timeout;
    loop {
        match transport.read32(reg::BOOT_NONCE) {
            0 => return Ok(()),
            reg::ALL_ONES => return Err(dead(transport)),
            _ if Instant::now() >= deadline => return Err(DeviceError::ResetUnacknowledged(timeout)),
            _ => std::thread::sleep(Duration::from_micros(50)),
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
        state
            .quarantine
            .extend(unanswered.into_iter().map(LentBuffer::keep));
        self.write_off(&mut state);
        drop(state);
        self.pool.tidy();
    }
}
