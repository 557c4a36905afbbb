//! Broadcast multiplication into a narrower type.

use super::broadcast::pointwise;
use crate::tensor::{DType, Tensor, TensorType};
use alloc::vec::Vec;

/// `clamp((a·b + half) >> shift)` to the range of `to`, broadcast; `ty` is the result's type.
///
/// `|a·b| < 2^62`, so that the sum fits 64 bits: one rounding, halves towards positive infinity.
pub fn mul(a: &Tensor, b: &Tensor, shift: u8, to: DType, ty: &TensorType) -> Vec<i32> {
    pointwise(a, b, ty, |a, b| {
        let product = i64::from(a) * i64::from(b);
        to.saturate((product + half(shift)) >> shift)
    })
}

/// What is added before a shift, so that it rounds: `2^(shift−1)`, and nothing where nothing is cut off.
pub const fn half(shift: u8) -> i64 {
    match shift {
        0 => 0,
        _ => 1 << (shift - 1),
    }
}
