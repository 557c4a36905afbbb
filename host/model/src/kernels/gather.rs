//! Slices of a tensor, by their indices.

use crate::tensor::Tensor;
use alloc::vec::Vec;

/// Along dimension `axis` of `data`, the slices that `index` names: its dimensions stand in place of that
/// one. Every index is proven to lie within the dimension.
pub fn gather(data: &Tensor, index: &Tensor, axis: usize) -> Vec<i32> {
    let (outer, extent, inner) = data.shape().split(axis);
    let mut y = Vec::with_capacity(outer * index.data().len() * inner);
    for block in data.data().chunks_exact(extent * inner) {
        for &i in index.data() {
            y.extend_from_slice(&block[i as usize * inner..][..inner]);
        }
    }
    y
}
