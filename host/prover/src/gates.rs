//! The gates: each file has one, its constraints, and how its wires are filled.
//!
//! A gate is a set of [`Rules`]; [`Custom`] makes a plonky2 gate of it. Wires of one row repeat for each of
//! its operations, which have nothing to do with each other.

mod bytes;
mod constants;
mod custom;
mod division;
mod greatest;
mod indicators;
mod magnitude;
mod mat_vec;
mod reciprocal;
mod requantise;
mod root;
mod rules;
mod table;
mod tile;

pub use bytes::Bytes;
pub use constants::Constants;
pub use custom::Custom;
pub use division::Division;
pub use greatest::Greatest;
pub use indicators::Indicators;
pub use magnitude::Magnitude;
pub use mat_vec::MatVec;
pub use reciprocal::Reciprocal;
pub use requantise::{Requantise, RequantiseConstants};
pub use root::Root;
pub use rules::{Row, Rules};
pub use table::Table;
pub use tile::Tile;

pub(crate) use rules::{ROUTED_WIRES, WIRES};
