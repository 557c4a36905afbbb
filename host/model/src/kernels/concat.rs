//! Tensors one after the other.

use crate::tensor::{Tensor, TensorType};
use alloc::vec::Vec;

/// All of `xs` in turn along dimension `axis`; `ty` is the result's type.
pub fn concat(xs: &[&Tensor], axis: usize, ty: &TensorType) -> Vec<i32> {
    let (outer, ..) = ty.shape.split(axis);
    let mut y = Vec::with_capacity(ty.elements());
    for block in 0..outer {
        for x in xs {
            let (_, extent, inner) = x.shape().split(axis);
            y.extend_from_slice(&x.data()[block * extent * inner..][..extent * inner]);
        }
    }
    y
}
