//! Out of service and back: condemning, resetting and closing a device.
//!
//! All three decide about memory that the card may still write. A broken rule condemns the card: its rings
//! and the buffers of all jobs go into quarantine. A time-out only takes it out of service: the rings stay,
//! so that other jobs are answered. An acknowledged reset ends all
//! DMA; once the handshake has passed too, the quarantine is freed. If that never happens, it is written
//! off: unmapped, if no DMA reaches unmapped memory, else leaked, mapped.

use super::Shared;
use super::bring_up::{claim, handshake};
use super::common::Common;
use super::pair::{Held, OnPair};
use super::state::State;
use crate::counters::add;
use crate::error::DeviceError;
use crate::health::Health;
use crate::lending::LentBuffer;
use crate::transport::Transport;
use metisvm_firmware::registers as reg;
use std::sync::Arc;
use std::sync::atomic::Ordering;
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
        self.0.whole.lock().resetting = false;
        self.0.untold.store(true, Ordering::SeqCst);
        self.0.tell_pairs();
    }
}

impl Shared {
    /// The card is not to get new work. What is in flight goes on.
    pub(super) fn take_out_of_service(&self, fault: &DeviceError) {
        self.note_fault(&mut self.whole.lock(), fault);
        // Whoever waits for room on another pair need not.
        self.untold.store(true, Ordering::SeqCst);
    }

    fn note_fault(&self, common: &mut Common, fault: &DeviceError) {
        if !matches!(common.health, Health::Dead(_)) {
            if common.health.is_healthy() {
                add(&self.counters.faults, 1);
            }
            common.health = Health::after(fault);
        }
    }

    /// Nothing that the card says is believed any more, and it may write whatever it was given. Each pair draws its
    /// conclusions when it is told ([`Shared::tell_pairs`]).
    fn distrust(&self, fault: &DeviceError) {
        let mut common = self.whole.lock();
        common.epoch += 1;
        common.condemnations += 1;
        common.giving = 0;
        common.blame = fault.clone();
        self.note_fault(&mut common, fault);
        drop(common);
        self.untold.store(true, Ordering::SeqCst);
    }

    /// Condemns the card, by a thread that holds nothing and must not wait for the link.
    pub(super) fn condemn_and_tell(&self, fault: &DeviceError) {
        self.distrust(fault);
        self.tell_pairs();
    }

    /// Condemns the card, by a thread that holds nothing and may wait for the link.
    pub(super) fn condemn_now(&self, fault: &DeviceError) {
        self.condemn_and_tell(fault);
        self.pool.tidy();
    }

    /// The quarantine of a card that will never acknowledge a reset. It is only retired here, and unmapped by a thread
    /// that has given up the locks.
    pub(super) fn write_off(&self, common: &mut Common) {
        let quarantine = std::mem::take(&mut common.quarantine);
        if self.transport.isolates_on_unmap() {
            // First: no buffer is to be cut from these regions any more.
            self.pool.clear();
            drop(quarantine);
        } else {
            add(&self.counters.leaked, quarantine.leak() as u64);
        }
    }

    pub(super) fn reset(self: &Arc<Self>, dead_card: Dead) -> Result<(), DeviceError> {
        let on = self.on(self.here());
        let (state, begun) = on.wait_across(on.lock(), |_, _| self.begin_reset(dead_card));
        let resetting = match begun {
            Ok(()) => Resetting(self),
            Err(refusal) => return on.leave(state, Err(refusal)),
        };
        // No pair takes a further job; each has been looked at since then.
        let (state, ()) = on.wait_across(state, |state, elsewhere| {
            (state.jobs.waiting() + elsewhere.waiting == 0).then_some(())
        });
        on.leave(state, ());
        let verdict = self.renew();
        match &verdict {
            Ok(boot_nonce) => self.start_over(*boot_nonce),
            Err(fault) => self.condemn_now(fault),
        }
        self.pool.tidy();
        let verdict = verdict.and_then(|_| self.bring_up());
        drop(resetting);
        self.pool.tidy();
        verdict
    }

    /// Once no other reset is under way: whether this one may begin, which it then has.
    fn begin_reset(&self, dead_card: Dead) -> Option<Result<(), DeviceError>> {
        let mut common = self.whole.lock();
        if common.resetting {
            return None;
        }
        if matches!(common.health, Health::Dead(_)) && dead_card == Dead::IsLeftAlone {
            return Some(Err(DeviceError::Dead));
        }
        common.resetting = true;
        Some(Ok(()))
    }

    /// The card has acknowledged a reset, and writes nothing of what it was given before.
    fn start_over(&self, boot_nonce: u32) {
        self.whole.lock().start_over(&self.capabilities, boot_nonce);
        for on in self.all_pairs() {
            let mut state = on.lock();
            on.catch_up(&mut state);
            state.start_over();
            on.pair.tail.reopen();
            on.pair.head.reopen();
        }
        // After the pairs, which may have had something to add.
        let quarantine = std::mem::take(&mut self.whole.lock().quarantine);
        drop(quarantine);
        add(&self.counters.resets, 1);
    }

    /// Gives the new boot nonce.
    fn renew(&self) -> Result<u32, DeviceError> {
        let (transport, timeout) = (&*self.transport, self.options.reset_timeout);
        if transport.read32(reg::MAGIC) == reg::ALL_ONES {
            return Err(dead(transport));
        }
        // A doorbell of before that comes afterwards would be taken for the new queue's.
        let deadline = Instant::now() + timeout;
        for on in self.all_pairs() {
            for bell in [&on.pair.tail, &on.pair.head] {
                if !bell.close(deadline.saturating_duration_since(Instant::now())) {
                    return Err(DeviceError::ResetUnacknowledged(timeout));
                }
            }
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

impl OnPair<'_> {
    /// As [`Shared::condemn_now`], by a thread that has the pair's lock: the others are told as it gives that up.
    pub(super) fn condemn(self, state: &mut State, fault: &DeviceError) {
        self.distrust(fault);
        self.catch_up(state);
    }

    /// Takes the pair away from the card, if it is at none of its jobs. Memory that an unanswered job may still write
    /// is never given away under the card.
    fn close(self, mut state: Held<'_>) {
        let rings = state.rings.take();
        let buffers = state.jobs.abandon(&DeviceError::Dead);
        drop(state);
        let idle = rings.as_ref().is_some_and(|rings| rings.waiting() == 0);
        if idle {
            let enable = reg::queue_register(self.pair.queue, reg::queue::ENABLE);
            self.transport.write32(enable, 0);
        }
        let mut common = self.whole.lock();
        if let Some(rings) = rings.filter(|_| !idle) {
            common.quarantine.add_rings(rings);
        }
        common
            .quarantine
            .extend(buffers.into_iter().map(LentBuffer::keep));
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        for on in self.all_pairs() {
            let mut state = on.lock();
            on.harvest(&mut state);
            on.close(state);
        }
        self.write_off(&mut self.whole.lock());
        self.pool.tidy();
    }
}
