//! What every engine offers: implemented in this crate, one folder an engine, and called by the
//! dispatcher alone. The normative text is `docs/backends.md`.
//!
//! Three small things, as ggml's backends and ONNX Runtime's execution providers have them: a [`Backend`]
//! is a device and its compiler, an [`Executable`] a part of a model made ready for it, a
//! [`Buffer`](crate::Buffer) a value that may stay where it was computed. All but a name, a compiler and a
//! blocking run has a default.

pub use crate::error::BackendError;
pub use crate::placement::{DeviceId, Placement};

use crate::buffer::Batch;
use crate::costs::Costs;
use metisvm_model::{Graph, Segment};
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

/// An engine: implemented by every way of computing a model, called by the dispatcher.
pub trait Backend: Send + Sync + Debug {
    /// The name by which operators choose it: `reference`, `fpga`, … It is for people; nothing is decided
    /// by it.
    fn name(&self) -> &'static str;

    /// Where it computes, and so where values lie that it leaves behind.
    fn placement(&self) -> Placement {
        Placement::Host
    }

    /// Whether it takes every node of every graph and needs no device, so that a list of backends may end
    /// with it. Only the definition itself should say so.
    fn is_last_resort(&self) -> bool {
        false
    }

    /// Whether it is worth asking. A backend that is not is passed over until it is again.
    fn healthy(&self) -> bool {
        true
    }

    /// What the device has done and seen, for reports.
    fn report(&self) -> DeviceReport {
        DeviceReport::default()
    }

    /// A number that changes whenever [`Self::takes`] or [`Self::compile`] would answer otherwise than before,
    /// as when a device came back from a reset with other abilities. Models are then divided anew.
    fn abilities(&self) -> u64 {
        0
    }

    /// What measurements of it are good for: backends of the same name, here and in later processes, are as quick. A
    /// line of text that names the device, its driver and whatever option changes its speed; none where measurements
    /// are not to be kept.
    fn identity(&self) -> Option<String> {
        None
    }

    /// What work costs on it, if it knows that without being measured. A claim decides where parts run and can
    /// change no result, however wrong it is.
    fn claimed_costs(&self) -> Option<Costs> {
        None
    }

    /// How many jobs it is worth having in flight at once, at least 1. More than that are only submitted
    /// by callers that have no other. An engine of the host with 1 is only asked for blocking runs.
    fn max_in_flight(&self) -> usize {
        1
    }

    /// The runs of neighbouring nodes that it takes, in order. Asked once a model.
    fn takes(&self, graph: &Graph) -> Vec<Range<usize>> {
        let all = 0..graph.nodes().len();
        std::iter::once(all).filter(|all| !all.is_empty()).collect()
    }

    /// Makes a part that it takes ready to run; weights may stay on the device from here on. What enters and
    /// leaves is as [`Segment::part`] has it: values that the nodes read from outside, results that others read.
    ///
    /// # Errors
    /// If the part does not fit the device, or the device fails.
    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError>;
}

/// A part of a graph, ready to run on one device. Several threads may use it at once.
pub trait Executable: Send + Sync + Debug {
    /// Runs a batch whose values are the segment's inputs, in order; gives its outputs, in order, for as many
    /// items. Values are on the host or on the backend's own device. A result depends on its item alone,
    /// whatever the batch.
    ///
    /// # Errors
    /// If the device fails; nothing of the batch is then used.
    fn run(&self, batch: &Batch) -> Result<Batch, BackendError>;

    /// Begins a run, and answers before it is over if the device works by itself. If the device has no place
    /// for another job this waits until it has: whoever waits here need not poll for that.
    ///
    /// # Errors
    /// As [`Self::run`].
    fn submit(&self, batch: &Batch) -> Result<Box<dyn Running>, BackendError> {
        Ok(Box::new(Done(Some(self.run(batch)?))))
    }
}

/// A job that a device is at. Jobs may be polled and waited for in any order, by any thread; dropping one
/// means that nobody wants its result.
pub trait Running: Send + Debug {
    /// The outcome, once, when it is there; `None` before.
    fn poll(&mut self) -> Option<Result<Batch, BackendError>>;

    /// Waits for the outcome, for no longer than the device's time-out.
    ///
    /// # Errors
    /// As [`Executable::run`].
    fn wait(self: Box<Self>) -> Result<Batch, BackendError>;
}

/// A run that was over when it was submitted.
#[derive(Debug)]
struct Done(Option<Batch>);

impl Running for Done {
    fn poll(&mut self) -> Option<Result<Batch, BackendError>> {
        self.0.take().map(Ok)
    }

    fn wait(self: Box<Self>) -> Result<Batch, BackendError> {
        self.0
            .ok_or_else(|| BackendError::Device("the outcome was taken already".into()))
    }
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
    /// Times that weights or programs were moved to it, to stay.
    pub loads: u64,
}

impl DeviceReport {
    /// The sum, count by count.
    pub const fn plus(self, other: Self) -> Self {
        Self {
            jobs: self.jobs + other.jobs,
            dma_bytes: self.dma_bytes + other.dma_bytes,
            faults: self.faults + other.faults,
            loads: self.loads + other.loads,
        }
    }

    /// What was done since an earlier report of the same device.
    pub const fn since(self, earlier: &Self) -> Self {
        Self {
            jobs: self.jobs.saturating_sub(earlier.jobs),
            dma_bytes: self.dma_bytes.saturating_sub(earlier.dma_bytes),
            faults: self.faults.saturating_sub(earlier.faults),
            loads: self.loads.saturating_sub(earlier.loads),
        }
    }
}
