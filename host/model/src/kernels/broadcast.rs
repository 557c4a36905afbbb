//! What pointwise operators of two operands have in common: pairs of elements, broadcast.

use crate::tensor::{Shape, Tensor, TensorType};
use alloc::vec::Vec;

/// `y = f(a, b)`, dimensions aligned at the end, those of extent 1 stretched; `ty` is the result's type.
pub fn pointwise(a: &Tensor, b: &Tensor, ty: &TensorType, f: impl Fn(i32, i32) -> i32) -> Vec<i32> {
    let dims = ty.shape.dims();
    let (a_strides, b_strides) = (
        broadcast_strides(a.shape(), dims),
        broadcast_strides(b.shape(), dims),
    );
    // Dimensions of extent 1 do not move; of the others the last is walked at once.
    let mut walk: Vec<(u32, usize, usize)> = Vec::new();
    walk.extend(
        (0..dims.len())
            .map(|i| (dims[i], a_strides[i], b_strides[i]))
            .filter(|d| d.0 > 1),
    );
    let (columns, a_step, b_step) = walk.pop().unwrap_or((1, 0, 0));
    let mut index = alloc::vec![0u32; walk.len()];
    let mut y = Vec::with_capacity(ty.elements());
    let (mut a_at, mut b_at) = (0, 0);
    while y.len() < ty.elements() {
        let pair = |i: usize| f(a.data()[a_at + i * a_step], b.data()[b_at + i * b_step]);
        y.extend((0..columns as usize).map(pair));
        for (i, &(extent, a_stride, b_stride)) in index.iter_mut().zip(&walk).rev() {
            *i += 1;
            a_at += a_stride;
            b_at += b_stride;
            if *i < extent {
                break;
            }
            a_at -= a_stride * extent as usize;
            b_at -= b_stride * extent as usize;
            *i = 0;
        }
    }
    y
}

/// For each dimension of `dims`, how far `shape`'s elements lie apart; 0 where it is stretched.
pub fn broadcast_strides(shape: &Shape, dims: &[u32]) -> Vec<usize> {
    let mut strides = alloc::vec![0; dims.len()];
    let mut stride = 1;
    for (s, &d) in strides.iter_mut().rev().zip(shape.dims().iter().rev()) {
        if d != 1 {
            *s = stride;
        }
        stride *= d as usize;
    }
    strides
}
