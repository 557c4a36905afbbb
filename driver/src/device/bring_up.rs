//! From a card that answers to one that takes work: handshake, rings, self-test.
//!
//! The handshake reads and checks what the card says about itself and changes nothing. Bringing up
//! makes the rings and runs the self-test: a known program on known input, whose output must be
//! right to the byte; a card without the tensor engine answers a NOP instead. Both happen at opening
//! and at each reset.

use super::reset::{dead, reset_card};
use super::resident::Kind;
use super::submit::Caller;
use super::{Options, QUEUE, RunJob, Shared};
use crate::error::DeviceError;
use crate::health::Health;
use crate::transport::Transport;
use metisvm_firmware::registers::{self as reg, CardState};
use metisvm_firmware::{Capabilities, Dtype, microprograms};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

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
        let verdict = self.make_rings().and_then(|()| {
            if self.options.self_test && self.capabilities.features & reg::features::TENSOR != 0 {
                self.self_test()
            } else {
                self.nops(Caller::BringUp, 1)
            }
        });
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
        let boot_nonce = self.lock().boot_nonce;
        let rings = self.allocate_rings(log2, boot_nonce)?;
        rings.enable(&*self.transport, QUEUE);
        let mut state = self.lock();
        state.rings = Some(rings);
        state.health = Health::Healthy;
        Ok(())
    }

    fn self_test(self: &Arc<Self>) -> Result<(), DeviceError> {
        let test =
            microprograms::self_test(&self.capabilities.geometry).map_err(DeviceError::SelfTestProgram)?;
        let program = self
            .start_load(Caller::BringUp, &test.program.to_bytes(), Kind::Data)?
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
        let outputs = self.start_run(Caller::BringUp, &job)?.wait()?;
        drop(program);
        self.settle_evictions()?;
        let output = outputs.first().map_or(&[][..], Vec::as_slice);
        match output
            .iter()
            .zip(&test.output)
            .position(|(found, expected)| found != expected)
        {
            Some(byte) => Err(DeviceError::SelfTest(byte)),
            None => Ok(()),
        }
    }

    /// Evicts the self-test's program: the device starts with an empty card.
    fn settle_evictions(&self) -> Result<(), DeviceError> {
        let (state, settled) = self.wait_for(self.lock(), None, |state| {
            if let Some(fault) = state.health.fault() {
                return Some(Err(fault.clone()));
            }
            self.evict_dropped(state);
            let settled = state.dropped.is_empty() && state.jobs.waiting() == 0;
            settled.then_some(Ok(()))
        });
        self.leave(state, settled)
    }
}
