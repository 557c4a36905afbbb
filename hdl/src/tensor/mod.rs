//! Tensor arithmetic: the array and what feeds it, the scratchpads, and the way of sums back to small types.
//!
//! * [`multiplier`], [`twin`], [`array`], [`delay`]: products, two columns of a row, all rows.
//! * [`gemm_unit`]: the instruction GEMM, of [`gemm_check`], [`gemm_sequencer`], [`gemm_rows`] and [`row_walk`].
//! * [`lane_bank`], [`accumulators`] with [`turns`], [`records`], [`tables`]: the scratchpads.
//! * [`mac`], [`gemm`], [`tile`], [`requantise`]: the slice that came first, and its requantise unit.

pub mod accumulators;
pub mod array;
pub mod delay;
pub mod gemm;
pub mod gemm_check;
pub mod gemm_rows;
pub mod gemm_sequencer;
pub mod gemm_unit;
pub mod lane_bank;
pub mod mac;
pub mod multiplier;
pub mod records;
pub mod requantise;
pub mod row_walk;
pub mod tables;
pub mod tile;
pub mod turns;
pub mod twin;
