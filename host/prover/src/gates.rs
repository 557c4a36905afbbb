//! The gates: each file has one, its constraints, and how its wires are filled.
//!
//! A gate is a set of [`Rules`]; [`Custom`] makes a plonky2 gate of it. Wires of one row repeat for each of
//! its operations, which have nothing to do with each other.

mod bytes;
mod constants;
mod custom;
mod greatest;
mod mat_vec;
mod reciprocal;
mod requantise;
mod rules;
mod table;

pub use bytes::Bytes;
pub use constants::Constants;
pub use custom::Custom;
pub use greatest::Greatest;
pub use mat_vec::MatVec;
pub use reciprocal::Reciprocal;
pub use requantise::{Requantise, RequantiseConstants};
pub use rules::{Row, Rules};
pub use table::Table;

pub(crate) use rules::{ROUTED_WIRES, WIRES};
