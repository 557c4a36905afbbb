//! GEMM on an array of R×C×D products a cycle.
//!
//! * [`mod@unit`]: the instruction, of [`check`], [`sequencer`], [`rows`] and [`row_walk`].
//! * [`multiplier`], [`twin`], [`products`], [`delay`]: products, two columns of a row, all rows, registers in a chain.

pub mod check;
pub mod delay;
pub mod multiplier;
pub mod products;
pub mod row_walk;
pub mod rows;
pub mod sequencer;
pub mod twin;
pub mod unit;
