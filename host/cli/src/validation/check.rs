//! What a check is given, and what comes of it.

use metisvm_accel::fpga::{self, FpgaBackend};
use metisvm_driver::{Device, DeviceError};
use metisvm_firmware::Capabilities;
use metisvm_firmware::registers::features;
use std::sync::Arc;

/// A card under test.
pub struct Target {
    /// The card.
    pub device: Arc<Device>,
    /// The same as a backend. Its results are compared in full, so it need not check them itself.
    pub backend: FpgaBackend,
    /// It is simulated gate by gate: little work takes it long.
    pub slow: bool,
    /// Most bytes of its memory to be tested.
    pub memory: u64,
}

/// What a check that was passed has to say.
#[derive(Debug, Default)]
pub(super) struct Passed {
    /// In words.
    pub detail: String,
    /// Figures, by their keys for programs.
    pub figures: Vec<(&'static str, f64)>,
}

/// Why a check was not passed.
#[derive(Debug)]
pub(super) enum Problem {
    /// The card gave a wrong result.
    Wrong(String),
    /// The driver found it at fault.
    Device(DeviceError),
    /// The card has nothing to be checked here.
    NotThere(String),
}

impl From<DeviceError> for Problem {
    fn from(error: DeviceError) -> Self {
        Self::Device(error)
    }
}

/// A check: its name for programs, what it checks for people, and how.
pub(super) struct Check {
    /// For programs.
    pub key: &'static str,
    /// For people.
    pub name: &'static str,
    /// Does it.
    pub run: fn(&Target) -> Result<Passed, Problem>,
}

impl Passed {
    /// What there is to say in words alone.
    pub(super) fn saying(detail: impl Into<String>) -> Self {
        Self {
            detail: detail.into(),
            figures: Vec::new(),
        }
    }
}

impl Target {
    /// A card that was opened.
    pub fn new(device: Device, slow: bool, memory: u64) -> Self {
        let trust = fpga::Options {
            checked: false,
            ..fpga::Options::default()
        };
        // It is reset between two checks, and by nobody else: a backend that brings it back by itself would do so in the
        // middle of the next check.
        let backend = FpgaBackend::without_recovery(device, trust);
        Self {
            device: backend.device(),
            backend,
            slow,
            memory,
        }
    }

    /// What the card has.
    pub(super) fn capabilities(&self) -> &Capabilities {
        self.device.capabilities()
    }

    /// Whether it runs programs.
    ///
    /// # Errors
    /// It does not.
    pub(super) fn needs_engine(&self) -> Result<(), Problem> {
        if self.capabilities().features & features::TENSOR != 0 {
            return Ok(());
        }
        Err(Problem::NotThere("the card has no tensor engine".to_owned()))
    }
}
