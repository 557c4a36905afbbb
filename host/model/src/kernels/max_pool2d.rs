//! The maximum over a moving window.

use crate::op::Window;
use crate::tensor::{Tensor, TensorType};
use alloc::vec::Vec;

/// `y[b, c, i, j] = max over taps (u, v) of x[b, c, row(i,u), col(j,v)]`, taps in the padding left out;
/// `ty` is the result's type.
pub fn max_pool2d(kernel: [u32; 2], window: &Window, x: &Tensor, ty: &TensorType) -> Vec<i32> {
    let (height, width) = (x.shape().dim(2), x.shape().dim(3));
    let (rows, cols) = (ty.shape.dim(2), ty.shape.dim(3));
    let mut y = Vec::with_capacity(ty.elements());
    for plane in x.data().chunks_exact(height * width) {
        for i in 0..rows {
            for j in 0..cols {
                let mut greatest = i32::MIN;
                for u in 0..kernel[0] as usize {
                    let row = window.coordinate(0, i, u);
                    if !(0..height as i64).contains(&row) {
                        continue;
                    }
                    for v in 0..kernel[1] as usize {
                        let col = window.coordinate(1, j, v);
                        if (0..width as i64).contains(&col) {
                            greatest = greatest.max(plane[row as usize * width + col as usize]);
                        }
                    }
                }
                y.push(greatest);
            }
        }
    }
    y
}
