//! One over the length of each row.

use crate::tensor::Tensor;
use alloc::vec::Vec;

/// Of each row of the last dimension `min(2^31 − 1, ⌊√⌊2^shift / V⌋⌋)` with `V = epsilon + Σ x²`.
///
/// `V` is proven to lie below 2^62.
pub fn inv_norm(x: &Tensor, shift: u8, epsilon: u64) -> Vec<i32> {
    let (_, extent, _) = x.shape().split(x.shape().rank() - 1);
    let square = |&v: &i32| u64::from(v.unsigned_abs()).pow(2);
    x.data()
        .chunks_exact(extent)
        .map(|row| {
            let sum = epsilon + row.iter().map(square).sum::<u64>();
            root(sum, shift).min(i32::MAX as u64) as i32
        })
        .collect()
}

/// `⌊√⌊2^shift / v⌋⌋`.
pub const fn root(v: u64, shift: u8) -> u64 {
    ((1 << shift) / v).isqrt()
}
