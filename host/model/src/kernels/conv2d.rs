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
    for (b, o) in (0..batch).flat_map(|b| (0..outs).map(move |o| (b, o))) {
        let first_channel = o / (outs / groups) * per_group;
        let mut accs = alloc::vec![operands.get(4).map_or(0, |bias| bias.data()[o]); rows * cols];
        for (c, u, v) in taps(per_group, kh, kw) {
            let weight = w.data()[((o * per_group + c) * kh + u) * kw + v] - w_zero.channel(o);
            let plane = &x.data()[(b * channels + first_channel + c) * height * width..][..height * width];
            let inside = window.outputs_inside(1, v, width, cols);
            for i in window.outputs_inside(0, u, height, rows) {
                let line = &plane[window.coordinate(0, i, u) as usize * width..][..width];
                for j in inside.clone() {
                    let value = line[window.coordinate(1, j, v) as usize];
                    accs[i * cols + j] += (value - x_zero) * weight;
                }
            }
        }
        y.extend(accs);
    }
    y
}

/// Every (channel, tap row, tap column).
fn taps(channels: usize, kh: usize, kw: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..channels).flat_map(move |c| (0..kh).flat_map(move |u| (0..kw).map(move |v| (c, u, v))))
}
