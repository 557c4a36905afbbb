//! Two-dimensional convolution of 8-bit tensors into 32-bit accumulators.

use crate::op::Window;
use crate::tensor::{Tensor, TensorType};
use alloc::vec::Vec;

/// `y[b, o, i, j] = bias[o] + Σ_{c, u, v} (x[b, g·C/groups + c, row(i,u), col(j,v)] − x_zero) ·
/// (w[o, c, u, v] − w_zero[o])`, where `g` is the group of `o` and taps in the padding add nothing.
///
/// Operands as [`crate::Op::Conv2d`] lists them; `ty` is the result's type.
pub fn conv2d(window: &Window, groups: usize, operands: &[&Tensor], ty: &TensorType) -> Vec<i32> {
    let (x, w, x_zero, w_zero) = (operands[0], operands[1], operands[2].data()[0], operands[3]);
    let (channels, height, width) = (x.shape().dim(1), x.shape().dim(2), x.shape().dim(3));
    let (per_group, kh, kw) = (w.shape().dim(1), w.shape().dim(2), w.shape().dim(3));
    let (batch, outs, rows, cols) = (ty.shape.dim(0), ty.shape.dim(1), ty.shape.dim(2), ty.shape.dim(3));

    let mut y = Vec::with_capacity(ty.elements());
    for b in 0..batch {
        for o in 0..outs {
            let first_channel = o / (outs / groups) * per_group;
            let start = operands.get(4).map_or(0, |bias| bias.data()[o]);
            for i in 0..rows {
                for j in 0..cols {
                    let mut acc = start;
                    for c in 0..per_group {
                        let plane = &x.data()[(b * channels + first_channel + c) * height * width..]
                            [..height * width];
                        let kernel = &w.data()[(o * per_group + c) * kh * kw..][..kh * kw];
                        for u in 0..kh {
                            let row = window.coordinate(0, i, u);
                            if !(0..height as i64).contains(&row) {
                                continue;
                            }
                            for v in 0..kw {
                                let col = window.coordinate(1, j, v);
                                if (0..width as i64).contains(&col) {
                                    let value = plane[row as usize * width + col as usize] - x_zero;
                                    acc += value * (kernel[u * kw + v] - w_zero.channel(o));
                                }
                            }
                        }
                    }
                    y.push(acc);
                }
            }
        }
    }
    y
}
