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

    let (image, pixels) = (channels * height * width, rows * cols);
    let mut y = Vec::with_capacity(ty.elements());
    for b in 0..batch {
        for o in 0..outs {
            let start = operands.get(4).map_or(0, |bias| bias.data()[o]);
            y.extend(core::iter::repeat_n(start, pixels));
        }
        let accs = &mut y[b * outs * pixels..];
        for (u, v) in (0..kh).flat_map(|u| (0..kw).map(move |v| (u, v))) {
            let lines = window.outputs_inside(0, u, height, rows);
            let inside = window.outputs_inside(1, v, width, cols);
            if inside.is_empty() {
                continue;
            }
            let first = window.coordinate(1, inside.start, v) as usize;
            for (o, c) in (0..outs).flat_map(|o| (0..per_group).map(move |c| (o, c))) {
                let weight = w.data()[((o * per_group + c) * kh + u) * kw + v] - w_zero.channel(o);
                let plane = b * image + (o / (outs / groups) * per_group + c) * height * width;
                for i in lines.clone() {
                    let line = &x.data()[plane + window.coordinate(0, i, u) as usize * width + first..];
                    let acc = &mut accs[o * pixels + i * cols..][inside.clone()];
                    for (acc, &value) in acc.iter_mut().zip(line.iter().step_by(window.stride[1] as usize)) {
                        *acc += (value - x_zero) * weight;
                    }
                }
            }
        }
    }
    y
}
