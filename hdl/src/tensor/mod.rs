//! Tensor arithmetic: the multiply-accumulate array and the way of its sums back to small types.

pub mod gemm;
pub mod mac;
pub mod requantise;
pub mod run;
pub mod tile;
