//! What every engine offers: implemented in this crate, one file or folder an engine, and called by the
//! plan of a model alone.
//!
//! Three small traits. A [`Backend`] is the engine: what it is, whether it works, which nodes it takes. An
//! [`Executable`] is a part of a model made ready for it. A [`Buffer`] is a value that may stay where it was
//! computed; engines whose values can do so implement [`OnDevice`] too. All but four methods have a default,
//! for engines on the processor. docs/backends.md is the text, `tests/src/backend_suite` the judge.

use crate::buffer::{Buffer, Placement};
use metisvm_model::{Graph, Segment};
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

/// An engine.
pub trait Backend: Send + Sync + Debug {
    /// The name by which operators choose it and reports show it: `fpga`, `opencl`, …
    fn name(&self) -> &'static str;

    /// Where it computes. Work on a device is worth waiting for by ticket, and is passed over once the
    /// values of a batch were lost on one.
    fn placement(&self) -> Placement {
        Placement::Host
    }

    /// Whether it is worth asking. A backend that is not is passed over until it is again.
    fn healthy(&self) -> bool {
        true
    }

    /// What the device has done and seen since it was opened, for reports.
    fn report(&self) -> DeviceReport {
        DeviceReport::default()
    }

    /// The runs of neighbouring nodes that it takes, in order. It is asked once a model, when the model is
    /// added.
    fn takes(&self, graph: &Graph) -> Vec<Range<usize>>;

    /// Makes a part that it takes ready to run; weights may stay on the device from here on.
    ///
    /// # Errors
    /// If the part does not fit the device, or the device fails.
    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError>;
}

/// What a batch of items gives: each item's outputs.
pub type Outputs = Vec<Vec<u8>>;

/// A part of a graph, ready to run on one engine.
pub trait Executable: Send + Sync + Debug {
    /// Runs a batch. Each item is the segment's inputs, raw and concatenated, and exactly as long as
    /// [`Segment::input_bytes`] says; each result is its outputs in the same form. A result depends
    /// on its item alone, whatever the batch and whatever runs beside it.
    ///
    /// # Errors
    /// If the device fails; nothing of the batch is then used.
    fn run(&self, batch: &[&[u8]]) -> Result<Outputs, BackendError>;

    /// Begins a batch, as [`Self::run`] has it. An engine that works on its own gives the work back while
    /// it is under way; by default it is done at once.
    ///
    /// # Errors
    /// As [`Self::run`].
    fn submit(&self, batch: &[&[u8]]) -> Result<Box<dyn Running<Outputs>>, BackendError> {
        Ok(Box::new(Done::new(self.run(batch))))
    }

    /// The same part with values that may stay on the device, if the engine can do that.
    fn on_device(&self) -> Option<&dyn OnDevice> {
        None
    }
}

/// Values of a segment's outputs, in their order.
pub type Buffers = Vec<Arc<dyn Buffer>>;

/// A part that takes and gives buffers.
pub trait OnDevice {
    /// Begins a batch on one buffer for each of the segment's inputs, in their order, all of as many items.
    /// A buffer may be another engine's: then its bytes are asked for.
    ///
    /// # Errors
    /// If the device fails; nothing of the batch is then used.
    fn submit(&self, inputs: &[Arc<dyn Buffer>]) -> Result<Box<dyn Running<Buffers>>, BackendError>;
}

/// Work under way.
pub trait Running<T>: Send + Debug {
    /// What it came to, if it is over; asked again after that, an error.
    fn poll(&mut self) -> Option<Result<T, BackendError>>;

    /// Waits until it is over.
    ///
    /// # Errors
    /// If the device fails.
    fn wait(self: Box<Self>) -> Result<T, BackendError>;
}

/// Work that is over already.
#[derive(Debug)]
pub struct Done<T>(Option<Result<T, BackendError>>);

impl<T> Done<T> {
    /// What it came to.
    pub const fn new(result: Result<T, BackendError>) -> Self {
        Self(Some(result))
    }
}

fn taken<T>() -> Result<T, BackendError> {
    Err(BackendError::Device("its result was taken before".into()))
}

impl<T: Send + Debug> Running<T> for Done<T> {
    fn poll(&mut self) -> Option<Result<T, BackendError>> {
        Some(self.0.take().unwrap_or_else(taken))
    }

    fn wait(self: Box<Self>) -> Result<T, BackendError> {
        self.0.unwrap_or_else(taken)
    }
}

/// What a device has done since it was opened, or within some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceReport {
    /// Jobs it completed.
    pub jobs: u64,
    /// Bytes that moved to it and from it.
    pub dma_bytes: u64,
    /// Faults seen.
    pub faults: u64,
    /// Times that weights or programs were moved to it, to stay.
    pub loads: u64,
}

impl DeviceReport {
    /// The sum, count by count.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            jobs: self.jobs + other.jobs,
            dma_bytes: self.dma_bytes + other.dma_bytes,
            faults: self.faults + other.faults,
            loads: self.loads + other.loads,
        }
    }

    /// What was counted since an earlier report of the same devices.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self {
            jobs: self.jobs.saturating_sub(earlier.jobs),
            dma_bytes: self.dma_bytes.saturating_sub(earlier.dma_bytes),
            faults: self.faults.saturating_sub(earlier.faults),
            loads: self.loads.saturating_sub(earlier.loads),
        }
    }
}

/// Why a backend did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// The part does not fit the device: no fault, another backend must take it.
    #[error("the device is too small for this part of the model: {0}")]
    TooLarge(String),
    /// A defect of the backend's compiler: asking again gives the same.
    #[error("the backend does not take this part of the model: {0}")]
    NotTaken(String),
    /// The device or the way to it failed.
    #[error("the device failed: {0}")]
    Device(String),
    /// Values that lay on the device are gone with it.
    #[error("values of the batch are lost with the device: {0}")]
    Lost(String),
    /// The device answered, and a check of ours says that the answer is wrong.
    #[error("the device computed a wrong result: {0}")]
    WrongResult(String),
}
