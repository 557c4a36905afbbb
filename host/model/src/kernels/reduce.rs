//! One element in place of each row along a dimension.

use crate::tensor::Tensor;
use alloc::vec::Vec;

/// Along dimension `axis`, all elements joined by `f`, which does not depend on their order.
pub fn reduce(x: &Tensor, axis: usize, f: impl Fn(i32, i32) -> i32) -> Vec<i32> {
    let (outer, extent, inner) = x.shape().split(axis);
    let mut y = Vec::with_capacity(outer * inner);
    for block in x.data().chunks_exact(extent * inner) {
        let (first, rest) = block.split_at(inner);
        let start = y.len();
        y.extend_from_slice(first);
        for row in rest.chunks_exact(inner) {
            for (so_far, &value) in y[start..].iter_mut().zip(row) {
                *so_far = f(*so_far, value);
            }
        }
    }
    y
}
