//! The index of the greatest element.

use crate::tensor::Tensor;
use alloc::vec::Vec;

/// Along dimension `axis`, the index of the greatest element; of equal ones the lowest.
pub fn arg_max(x: &Tensor, axis: usize) -> Vec<i32> {
    let (outer, extent, inner) = x.shape().split(axis);
    let mut y = Vec::with_capacity(outer * inner);
    for block in x.data().chunks_exact(extent * inner) {
        let mut best: Vec<i32> = block[..inner].to_vec();
        let mut index = alloc::vec![0; inner];
        for (e, row) in block.chunks_exact(inner).enumerate().skip(1) {
            for ((best, index), &value) in best.iter_mut().zip(&mut index).zip(row) {
                if value > *best {
                    (*best, *index) = (value, e as i32);
                }
            }
        }
        y.extend(index);
    }
    y
}
