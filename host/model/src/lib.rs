//! Integer graphs: what a model *is* to MetisVM, and the definition of every bit it computes.
//!
//! The normative text is `docs/inference.md`; this crate is its executable form. A model travels as
//! a [`bundle`] (canonical bytes, named by their hash), is read into a [`Parsed`] graph that nobody
//! trusts, and becomes a [`Graph`] only through [`Parsed::check`], which infers every type and proves
//! that no 32-bit accumulator can overflow. [`Reference`] runs a [`Graph`] with the kernels of
//! [`kernels`]; whatever engine gives other bits is wrong.
//!
//! The crate is `no_std` with `alloc`, holds no floating-point arithmetic and no unsafe code, so that
//! it also builds for a soft core or a zero-knowledge virtual machine.

#![no_std]
#![deny(clippy::float_arithmetic)]

extern crate alloc;

pub mod bundle;
mod canonical;
mod error;
pub mod generation;
mod graph;
mod intervals;
pub mod kernels;
pub mod limits;
mod liveness;
mod op;
mod operators;
mod range;
mod reference;
mod schedule;
mod segment;
mod tensor;
pub mod trace;
mod types;
mod work;

pub use bundle::{Bundle, ModelId};
pub use error::{GraphError, Problem};
pub use graph::{Constant, Graph, Node, Output, Parsed, Port, Value};
pub use intervals::{ChannelIntervals, Intervals, NodeIntervals};
pub use op::{Op, Padding, Window};
pub use operators::{OPERATORS, Operator, OperatorId, OperatorSet};
pub use range::Interval;
pub use reference::{Reference, Step, WrongInputLength};
pub use schedule::{Schedule, ScheduleError, ScheduleOptions};
pub use segment::Segment;
pub use tensor::{DType, Shape, Tensor, TensorType};
pub use work::Work;
