//! What every engine offers: implemented in this crate, one folder an engine, and called by the
//! dispatcher alone.

use metisvm_model::{Graph, Segment};
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

/// An engine with a device behind it.
pub trait Backend: Send + Sync + Debug {
    /// The name by which operators choose it: `reference`, `fpga`, …
    fn name(&self) -> &'static str;

    /// Whether it is worth asking. A backend that is not is passed over until it is again.
    fn healthy(&self) -> bool;

    /// What the device has done and seen, for reports.
    fn report(&self) -> DeviceReport;

    /// The runs of neighbouring nodes that it takes, in order.
    fn takes(&self, graph: &Graph) -> Vec<Range<usize>>;

    /// Makes a part that it takes ready to run; weights may stay on the device from here on.
    ///
    /// # Errors
    /// If the part does not fit the device, or the device fails.
    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError>;
}

/// A part of a graph, ready to run on one device.
pub trait Executable: Send + Sync + Debug {
    /// Runs a batch. Each item is the segment's inputs, raw and concatenated, and exactly as long as
    /// [`Segment::input_bytes`] says; each result is its outputs in the same form. A result depends
    /// on its item alone, whatever the batch.
    ///
    /// # Errors
    /// If the device fails; nothing of the batch is then used.
    fn run(&self, batch: &[&[u8]]) -> Result<Vec<Vec<u8>>, BackendError>;
}

/// What a device has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceReport {
    /// Jobs it completed.
    pub jobs: u64,
    /// Bytes that moved to it and from it.
    pub dma_bytes: u64,
    /// Faults seen.
    pub faults: u64,
}

impl DeviceReport {
    /// The sum, count by count.
    pub const fn plus(self, other: Self) -> Self {
        Self {
            jobs: self.jobs + other.jobs,
            dma_bytes: self.dma_bytes + other.dma_bytes,
            faults: self.faults + other.faults,
        }
    }
}

/// Why a backend did not do what it was asked.
#[derive(Debug, thiserror::Error)]
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
    /// The device answered, and a check of ours says that the answer is wrong.
    #[error("the device computed a wrong result: {0}")]
    WrongResult(String),
}
