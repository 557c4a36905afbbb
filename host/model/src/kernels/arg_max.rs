//! The index of the greatest element.

use crate::tensor::Tensor;
use alloc::vec::Vec;

/// Along dimension `axis`, the index of the greatest element; of equal ones the lowest.
pub fn arg_max(x: &Tensor, axis: usize) -> Vec<i32> {
    let (outer, extent, inner) = x.shape().split(axis);
    let mut y = Vec::with_capacity(outer * inner);
    for o in 0..outer {
        for i in 0..inner {
            let at = |e: usize| x.data()[(o * extent + e) * inner + i];
            let mut best = 0;
            for e in 1..extent {
                if at(e) > at(best) {
                    best = e;
                }
            }
            y.push(best as i32);
        }
    }
    y
}
