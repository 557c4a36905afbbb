//! The `opencl` backend: parts of models on a device that OpenCL knows.
//!
//! It takes nearly every node ([`takes`]). Compiling a part packs its weights on the device, where they stay; a run
//! enqueues one kernel or a few for each node, over all items of the batch, each after those whose results it reads,
//! and answers before the device does. In checked mode every product is verified before a result is used, as a card's
//! are; in the other values stay on the device from part to part. The text is `docs/opencl-backend.md`.

mod compile;
mod convolutions;
mod flight;
mod hazards;
mod keccak;
mod nodes;
mod operands;
mod products;
mod sums;
mod takes;
mod values;
mod walks;

pub use metisvm_opencl::{Choice, Device, Error, Options as DeviceOptions, devices, find};
pub use takes::takes;

use crate::backend::{Backend, BackendError, DeviceId, DeviceReport, Executable, Placement};
use compile::Part;
use metisvm_model::{Graph, Segment};
use metisvm_opencl::Counters;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How far a device is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Check every product with Freivalds' test, and compute everything else again, before using a result.
    pub checked: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { checked: true }
    }
}

/// A device as an engine.
#[derive(Debug)]
pub struct OpenClBackend(Arc<Engine>);

/// What the parts of a backend share.
#[derive(Debug)]
struct Engine {
    device: Device,
    id: DeviceId,
    options: Options,
    macs: AtomicU64,
    /// Parts that were put on the device.
    loads: AtomicU64,
}

/// What a backend has done.
#[derive(Clone, Debug)]
pub struct Report {
    /// The device's name.
    pub device: String,
    /// Multiply-accumulates that it computed.
    pub macs: u64,
    /// What the device did.
    pub counters: Counters,
    /// Why it gets no more work.
    pub condemned: Option<String>,
}

impl OpenClBackend {
    /// A backend over an open device.
    pub fn new(device: Device, options: Options) -> Self {
        Self(Arc::new(Engine {
            device,
            id: DeviceId::unique(),
            options,
            macs: AtomicU64::new(0),
            loads: AtomicU64::new(0),
        }))
    }

    /// The device.
    pub fn device(&self) -> &Device {
        &self.0.device
    }

    /// What it has done and seen.
    pub fn report(&self) -> Report {
        let engine = &*self.0;
        Report {
            device: engine.device.found().name.clone(),
            macs: engine.macs.load(Relaxed),
            counters: engine.device.counters(),
            condemned: engine.device.condemned().map(str::to_owned),
        }
    }
}

impl Backend for OpenClBackend {
    fn name(&self) -> &'static str {
        "opencl"
    }

    fn placement(&self) -> Placement {
        Placement::Device(self.0.id)
    }

    /// A device that failed is not asked again: nothing in OpenCL resets one.
    fn healthy(&self) -> bool {
        self.0.device.condemned().is_none()
    }

    fn report(&self) -> DeviceReport {
        let counters = self.0.device.counters();
        DeviceReport {
            jobs: counters.jobs,
            dma_bytes: counters.sent + counters.received,
            faults: counters.faults,
            loads: self.0.loads.load(Relaxed),
        }
    }

    fn identity(&self) -> Option<String> {
        let mode = if self.0.options.checked {
            "checked"
        } else {
            "trusted"
        };
        Some(format!("OpenCL {}, {mode}", self.device().found().identity()))
    }

    /// One that runs, one that waits for it, and one that the host prepares or checks.
    fn max_in_flight(&self) -> usize {
        3
    }

    fn takes(&self, graph: &Graph) -> Vec<Range<usize>> {
        takes(graph)
    }

    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
        Ok(Arc::new(Part::compile(segment, self.0.clone())?))
    }
}

/// What a fault means while a part is compiled: memory that is not there will not be there next time.
fn compiling(error: Error) -> BackendError {
    match error {
        Error::OutOfMemory(_) => BackendError::TooLarge(error.to_string()),
        Error::Sizes(_) | Error::Build { .. } => BackendError::NotTaken(error.to_string()),
        other => BackendError::Device(other.to_string()),
    }
}

/// The same while a part runs.
fn running(error: Error) -> BackendError {
    BackendError::Device(error.to_string())
}
