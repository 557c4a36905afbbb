//! The dimensions in another order.

use crate::tensor::{Tensor, TensorType};
use alloc::vec::Vec;

/// `y[i_0, …, i_n] = x[…]` where dimension `d` of the result is dimension `perm[d]` of x; `ty` is the
/// result's type.
pub fn transpose(x: &Tensor, perm: &[u8], ty: &TensorType) -> Vec<i32> {
    let stride = |axis: &u8| x.shape().split(usize::from(*axis)).2;
    let walk: Vec<(u32, usize)> = ty
        .shape
        .dims()
        .iter()
        .copied()
        .zip(perm.iter().map(stride))
        .collect();
    let mut index = alloc::vec![0u32; walk.len()];
    let mut y = Vec::with_capacity(ty.elements());
    let mut at = 0;
    while y.len() < ty.elements() {
        y.push(x.data()[at]);
        for (i, &(extent, stride)) in index.iter_mut().zip(&walk).rev() {
            *i += 1;
            at += stride;
            if *i < extent {
                break;
            }
            at -= stride * extent as usize;
            *i = 0;
        }
    }
    y
}
