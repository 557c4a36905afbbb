//! Out of service and back: condemning, resetting and closing a device.
//!
//! All three decide about memory that the card may still write. A condemned device's rings join the
//! quarantine. An acknowledged reset ends all DMA; once the
//! handshake has passed too, the quarantine is freed. If that never happens it is leaked, mapped.

use super::bring_up::{claim, handshake};
use super::{Shared, State};
use crate::card_memory::{CardMemory, Handles};
use crate::counters::add;
use crate::error::DeviceError;
use crate::health::Health;
use crate::transport::Transport;
use metisvm_firmware::registers as reg;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

impl Shared {
    /// Marks the device unhealthy. The rings are as dangerous as the job's buffers from then on.
    pub(super) fn condemn(&self, state: &mut State, fault: &DeviceError) {
        if let Some(queue) = state.queue.take() {
            queue
                .into_buffers()
                .into_iter()
                .for_each(|buffer| state.pool.quarantine(buffer));
        }
        if !matches!(state.health, Health::Dead(_)) {
            if state.health.is_healthy() {
                add(&self.counters.faults, 1);
            }
            state.health = Health::after(fault);
        }
    }

    pub(super) fn reset(&self, state: &mut State) -> Result<(), DeviceError> {
        if let Health::Dead(_) = state.health {
            return Err(DeviceError::Dead);
        }
        let verdict = self.renew();
        match &verdict {
            Ok(boot_nonce) => {
                // The old rings are the card's no longer either.
                state.queue = None;
                state.pool.release_quarantine();
                state.boot_nonce = *boot_nonce;
                state.memory = CardMemory::new(self.capabilities.card_memory_bytes);
                state.handles = Handles::new(self.capabilities.max_handles);
                self.dropped
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clear();
                add(&self.counters.resets, 1);
            }
            Err(fault) => {
                self.condemn(state, fault);
                if let Health::Dead(_) = state.health {
                    add(&self.counters.leaked, state.pool.leak_quarantine() as u64);
                }
            }
        }
        verdict.map(|_| ())
    }

    /// Gives the new boot nonce.
    fn renew(&self) -> Result<u32, DeviceError> {
        reset_card(&*self.transport, self.options.reset_timeout)?;
        if handshake(&*self.transport, &self.options)? != self.capabilities {
            return Err(DeviceError::CapabilitiesChanged);
        }
        claim(&*self.transport)
    }
}

/// Resets a card and waits for the acknowledgement.
pub(super) fn reset_card(transport: &dyn Transport, timeout: Duration) -> Result<(), DeviceError> {
    let dead = || transport.failure().map_or(DeviceError::Dead, DeviceError::from);
    if transport.read32(reg::MAGIC) == reg::ALL_ONES {
        return Err(dead());
    }
    // A card that was reset behind our back has no nonce to clear: it gets one, so that the reset shows.
    if transport.read32(reg::BOOT_NONCE) == 0 {
        claim(transport)?;
    }
    transport.write32(reg::CONTROL, reg::CONTROL_RESET);
    let deadline = Instant::now() + timeout;
    loop {
        match transport.read32(reg::BOOT_NONCE) {
            0 => return Ok(()),
            reg::ALL_ONES => return Err(dead()),
            _ if Instant::now() >= deadline => return Err(DeviceError::ResetUnacknowledged(timeout)),
            _ => std::thread::sleep(Duration::from_micros(50)),
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Memory that an unanswered job may still write is never unmapped under the card.
        state.pool.leak_quarantine();
        if state.health.is_healthy() {
            self.transport
                .write32(reg::queue_register(0, reg::queue::ENABLE), 0);
        }
    }
}
