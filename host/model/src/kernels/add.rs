//! Broadcast addition.

use crate::tensor::{Shape, Tensor, TensorType};
use alloc::vec::Vec;

/// `y = a + b`, dimensions aligned at the end, those of extent 1 stretched; `ty` is the result's type.
pub fn add(a: &Tensor, b: &Tensor, ty: &TensorType) -> Vec<i32> {
    let dims = ty.shape.dims();
    let (a_strides, b_strides) = (
        broadcast_strides(a.shape(), dims),
        broadcast_strides(b.shape(), dims),
    );
    let mut index = alloc::vec![0u32; dims.len()];
    let mut y = Vec::with_capacity(ty.elements());
    for _ in 0..ty.elements() {
        let offset = |strides: &[usize]| {
            index
                .iter()
                .zip(strides)
                .map(|(&i, &s)| i as usize * s)
                .sum::<usize>()
        };
        y.push(a.data()[offset(&a_strides)] + b.data()[offset(&b_strides)]);
        for (i, &d) in index.iter_mut().zip(dims).rev() {
            *i += 1;
            if *i < d {
                break;
            }
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
