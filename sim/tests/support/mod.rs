//! What the tests share.
#![allow(dead_code, reason = "each test binary uses its part")]

use metisvm_driver::{Device, DeviceError, InProcess, Options};
use metisvm_firmware::{Capabilities, Geometry};
use metisvm_sim::{FaultPlan, FunctionalCard, SimOptions};
use std::time::Duration;

pub(crate) fn small() -> SimOptions {
    let sound = SimOptions::new(Geometry::SMALL);
    let capabilities = Capabilities {
        card_memory_bytes: 1 << 20,
        ..sound.capabilities
    };
    SimOptions {
        capabilities,
        poison_scratchpads: true,
        ..sound
    }
}

/// Time-outs short enough to wait for, long enough for a loaded machine.
pub(crate) fn impatient() -> Options {
    Options {
        timeout: Duration::from_millis(300),
        reset_timeout: Duration::from_millis(300),
        ..Options::default()
    }
}

pub(crate) fn open(sim: SimOptions, options: Options) -> Result<(Device, FaultPlan), DeviceError> {
    let card = FunctionalCard::new(sim);
    let faults = card.faults();
    let transport = InProcess::start(Box::new(card))?;
    Ok((Device::open(Box::new(transport), options)?, faults))
}

/// A small generator of test data, the same on every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        let x = self.0 ^ self.0 >> 29;
        x.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 16
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.next() as usize % limit
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}
