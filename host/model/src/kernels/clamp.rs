//! Clamping between two bounds; with the zero point as the lower one it is a quantised ReLU.

use crate::tensor::Tensor;
use alloc::vec::Vec;

/// `max(low, min(high, x))`; `low` and `high` are scalars.
pub fn clamp(x: &Tensor, low: &Tensor, high: &Tensor) -> Vec<i32> {
    let (low, high) = (low.data()[0], high.data()[0]);
    x.data().iter().map(|&v| v.min(high).max(low)).collect()
}
