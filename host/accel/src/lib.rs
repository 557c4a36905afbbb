//! Inference engines and the dispatcher in front of them.
//!
//! A [`Backend`] says which part of a graph it takes, compiles that part once into an [`Executable`],
//! and runs it; what it leaves goes to the next backend of an ordered list that ends with the
//! [`reference`](mod@reference). Values travel as [`Buffer`]s, which may stay on a device. The [`Dispatcher`] is asked for work by ticket. Every backend gives
//! the bits of `metisvm_model::Reference`; one that fails costs time, never a result.

pub mod backend;
pub mod buffer;
pub mod calibration;
mod check;
pub mod costs;
mod counters;
pub mod cpu;
pub mod dispatcher;
mod error;
pub mod fpga;
pub mod keccak;
mod macs;
mod member;
mod memo;
pub mod opencl;
mod placement;
mod plan;
mod prices;
mod records;
pub mod reference;

pub use backend::{Backend, BackendError, DeviceId, DeviceReport, Executable, Placement, Running};
pub use buffer::{Batch, Buffer, DeviceBuffer};
pub use calibration::CostCache;
pub use costs::Costs;
pub use counters::Counters;
pub use dispatcher::{DispatchError, Dispatcher, DoneBy, Options, Submitted, Ticket};
pub use plan::{Forecast, ForecastPart};
pub use prices::Policy;
