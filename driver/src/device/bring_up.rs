//! From a card that answers to one that takes work: handshake, rings, self-test.
//!
//! The handshake reads and checks what the card says about itself and changes nothing. Bringing up
//! makes the rings and runs the self-test: a known program on known input, whose output must be
//! right to the byte; a card without the tensor engine answers a NOP instead, and so does each queue pair
//! but the first. Both happen at opening and at each reset.

use super::reset::{dead, reset_card};
use super::resident::Kind;
use super::submit::Caller;
use super::{Options, RunJob, Shared, ring_sizes};
use crate::error::DeviceError;
use crate::health::Health;
use crate::pool::is_shortage;
use crate::rings::Rings;
use crate::transport::Transport;
use metisvm_firmware::registers::{self as reg, CardState};
use metisvm_firmware::{Capabilities, Dtype, microprograms};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The pair that there always is.
const FIRST: usize = 0;

/// Reads and checks everything the card says about itself.
pub(super) fn handshake(transport: &dyn Transport, options: &Options) -> Result<Capabilities, DeviceError> {
    match transport.read32(reg::MAGIC) {
        reg::MAGIC_VALUE => {}
        reg::ALL_ONES => return Err(dead(transport)),
        other => return Err(DeviceError::NotACard(other)),
    }
    let version = transport.read32(reg::ABI_VERSION);
    let (major, minor) = ((version >> 16) as u16, version as u16);
    // Every minor version of this major one has all that this driver uses.
    if major != reg::ABI_MAJOR {
        return Err(DeviceError::AbiVersion { major, minor });
    }
    let deadline = Instant::now() + options.reset_timeout;
    loop {
        let status = transport.read32(reg::STATUS);
        match CardState::from_bits(status) {
            Some(CardState::Ready) => break,
            Some(CardState::Resetting) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_micros(100));
            }
            _ => return Err(DeviceError::NotReady(status)),
        }
    }
    let capabilities = Capabilities::read(|register| transport.read32(register));
    capabilities.validate()?;
    Ok(capabilities)
}

/// Shakes hands with a card and takes it, from a host before this one if need be.
pub(super) fn take(transport: &dyn Transport, options: &Options) -> Result<(Capabilities, u32), DeviceError> {
    let capabilities = handshake(transport, options)?;
    if transport.read32(reg::BOOT_NONCE) != 0 {
        reset_card(transport, options.reset_timeout)?;
        if handshake(transport, options)? != capabilities {
            return Err(DeviceError::CapabilitiesChanged);
        }
    }
    Ok((capabilities, claim(transport)?))
}

/// Takes a card that was just reset: writes a nonce of this host's, one that no host before it has used.
pub(super) fn claim(transport: &dyn Transport) -> Result<u32, DeviceError> {
    // The standard library seeds its hash maps from the system's randomness, which is all that is needed.
    let random = RandomState::new().build_hasher().finish() as u32;
    let written = if matches!(random, 0 | reg::ALL_ONES) {
        1
    } else {
        random
    };
    transport.write32(reg::BOOT_NONCE, written);
    match transport.read32(reg::BOOT_NONCE) {
        reg::ALL_ONES => Err(dead(transport)),
        found if found == written => Ok(written),
        found => Err(DeviceError::BootNonce { written, found }),
    }
}

impl Shared {
    /// Rings and self-test; afterwards the card is fit for work.
    pub(super) fn bring_up(self: &Arc<Self>) -> Result<(), DeviceError> {
        let verdict = self.make_rings().and_then(|()| self.test());
        if let Err(fault) = &verdict {
            // Any failure of the self-test, even a refusal, means a card that cannot be used.
            self.condemn_now(fault);
        }
        verdict
    }

    fn make_rings(&self) -> Result<(), DeviceError> {
        let log2 = self
            .options
            .ring_entries_log2
            .clamp(1, self.capabilities.max_queue_entries.ilog2());
        let common = self.whole.lock();
        let (boot_nonce, condemnations) = (common.boot_nonce, common.condemnations);
        drop(common);
        let mut all = vec![self.allocate_rings(log2, boot_nonce)?];
        for log2 in ring_sizes::of_further_pairs(self.options.dma_bytes, log2, self.pairs.len() - 1) {
            match self.try_rings(log2, boot_nonce) {
                Ok(rings) => all.push(rings),
                // What is missing is no fault: there are fewer pairs.
                Err(shortage) if is_shortage(&shortage) => break,
                Err(error) => return Err(error),
            }
        }
        self.open_pairs.store(all.len(), Ordering::Relaxed);
        let mut all = all.into_iter();
        for on in self.all_pairs() {
            let rings = all.next();
            on.pair.set_capacity(rings.as_ref().map_or(0, Rings::capacity));
            if let Some(rings) = rings {
                rings.enable(&*self.transport, on.pair.queue);
                on.lock().rings = Some(rings);
            }
        }
        let mut common = self.whole.lock();
        // Otherwise its user has condemned it meanwhile.
        if common.condemnations == condemnations {
            common.health = Health::Healthy;
        }
        Ok(())
    }

    /// Rings, if there is memory for them now.
    pub(super) fn try_rings(&self, entries_log2: u32, boot_nonce: u32) -> Result<Rings, DeviceError> {
        Rings::new(entries_log2, boot_nonce, |bytes| {
            self.pool.whole(&self.transport, bytes)
        })
    }

    /// The self-test on the first pair, and a NOP on each other: what those have of their own is rings, doorbells and
    /// an interrupt. So the card has done as many jobs when it comes up, however many processors the host has.
    fn test(self: &Arc<Self>) -> Result<(), DeviceError> {
        let mut tested = 0;
        if self.options.self_test && self.capabilities.features & reg::features::TENSOR != 0 {
            self.self_test()?;
            tested = 1;
        }
        (tested..self.open_pairs()).try_for_each(|pair| self.on(pair).nops(Caller::BringUp, 1))
    }

    fn self_test(self: &Arc<Self>) -> Result<(), DeviceError> {
        let test =
            microprograms::self_test(&self.capabilities.geometry).map_err(DeviceError::SelfTestProgram)?;
        let program = test.program.to_bytes();
        let program = self
            .start_load(FIRST, Caller::BringUp, &program, Kind::Data)?
            .wait()?;
        let job = RunJob {
            program: &program,
            data: None,
            state: None,
            workspace_bytes: 0,
            inputs: &[&test.input],
            output_bytes: test.output.len(),
            dtype_in: Dtype::U8,
            dtype_out: Dtype::U8,
        };
        let outputs = self.start_run(FIRST, Caller::BringUp, &job)?.wait()?;
        drop(program);
        let output = outputs.first().map_or(&[][..], Vec::as_slice);
        let mut bytes = output.iter().zip(&test.output);
        match bytes.position(|(found, expected)| found != expected) {
            Some(byte) => Err(DeviceError::SelfTest(byte)),
            None => self.settle_evictions(),
        }
    }

    /// Evicts the self-test's program: the device starts with an empty card.
    fn settle_evictions(&self) -> Result<(), DeviceError> {
        let on = self.on(FIRST);
        let (state, settled) = on.wait_for(on.lock(), None, |state| {
            if let Err(fault) = on.check(Caller::BringUp, state) {
                return Some(Err(fault));
            }
            on.evict_dropped(state, Caller::BringUp);
            let settled = self.whole.lock().dropped.is_empty() && state.jobs.waiting() == 0;
            settled.then_some(Ok(()))
        });
        on.leave(state, settled)
    }
}
