//! A constant divided by each element.

use crate::tensor::Tensor;
use alloc::vec::Vec;

/// `min(2^31 − 1, ⌊numerator / max(1, x)⌋)`.
pub fn reciprocal(x: &Tensor, numerator: u64) -> Vec<i32> {
    let quotient = |&v: &i32| numerator / v.max(1) as u64;
    x.data()
        .iter()
        .map(|v| quotient(v).min(i32::MAX as u64) as i32)
        .collect()
}
