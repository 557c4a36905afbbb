//! Products with constant weights.

use super::node::{NodeView, Refusal};
use crate::gates::{MatVec, Rules};
use crate::rows::Rows;
use metisvm_model::Window;
use metisvm_verifier::field::{F, residue};
use plonky2::field::types::Field;
use plonky2::iop::target::Target;

/// MatMul and WideMatMul.
pub(super) fn mat_mul(rows: &mut Rows, node: &NodeView<'_>) -> Result<Vec<Target>, Refusal> {
    let operands = Constants::of(node)?;
    let x_shape = &node.ty(0).shape;
    let rank = x_shape.rank();
    let (m, k) = (x_shape.dim(rank - 2), x_shape.dim(rank - 1));
    let w_shape = &node.ty(1).shape;
    let n = w_shape.dim(w_shape.rank() - 1);
    let w_step = if w_shape.rank() == 2 { 0 } else { k * n };
    let x = node.wires(rows, 0);

    rows.reserve(x.len() / k * rows_of(k, n))?;
    let mut y = Vec::with_capacity(node.result_ty().elements());
    for (row, x_row) in x.chunks_exact(k).enumerate() {
        let first = row / m * w_step;
        let weight = |column: usize, i: usize| operands.weight(first + i * n + column, column);
        y.extend(mat_vec(rows, x_row, n, weight, |column| {
            operands.bias(column, k, &weight)
        }));
    }
    Ok(y)
}

/// Conv2d: each pixel of the result is a product of the weights with the taps that lie within the image.
pub(super) fn conv2d(
    rows: &mut Rows,
    node: &NodeView<'_>,
    window: &Window,
    groups: usize,
) -> Result<Vec<Target>, Refusal> {
    let operands = Constants::of(node)?;
    let (x_shape, w_shape, y_shape) = (&node.ty(0).shape, &node.ty(1).shape, &node.result_ty().shape);
    let (channels, height, width) = (x_shape.dim(1), x_shape.dim(2), x_shape.dim(3));
    let (per_group, kh, kw) = (w_shape.dim(1), w_shape.dim(2), w_shape.dim(3));
    let (batch, outs, lines, columns) = (y_shape.dim(0), y_shape.dim(1), y_shape.dim(2), y_shape.dim(3));
    let group_outs = outs / groups;
    let x = node.wires(rows, 0);

    rows.reserve(batch * groups * lines * columns * rows_of(per_group * kh * kw, group_outs))?;
    let mut y = vec![Target::default(); node.result_ty().elements()];
    for b in 0..batch {
        for g in 0..groups {
            for (i, j) in (0..lines).flat_map(|i| (0..columns).map(move |j| (i, j))) {
                let (mut patch, mut taps) = (Vec::new(), Vec::new());
                for c in 0..per_group {
                    for (u, v) in (0..kh).flat_map(|u| (0..kw).map(move |v| (u, v))) {
                        let row = usize::try_from(window.coordinate(0, i, u))
                            .ok()
                            .filter(|&r| r < height);
                        let column = usize::try_from(window.coordinate(1, j, v))
                            .ok()
                            .filter(|&r| r < width);
                        if let (Some(row), Some(column)) = (row, column) {
                            let plane = b * channels + g * per_group + c;
                            patch.push(x[(plane * height + row) * width + column]);
                            taps.push((c * kh + u) * kw + v);
                        }
                    }
                }
                let weight = |o: usize, tap: usize| {
                    let out = g * group_outs + o;
                    operands.weight(out * per_group * kh * kw + taps[tap], out)
                };
                let bias = |o: usize| operands.bias_of(g * group_outs + o, taps.len(), |tap| weight(o, tap));
                let pixel = mat_vec(rows, &patch, group_outs, weight, bias);
                for (o, wire) in pixel.into_iter().enumerate() {
                    y[((b * outs + g * group_outs + o) * lines + i) * columns + j] = wire;
                }
            }
        }
    }
    Ok(y)
}

/// The constant operands of a product.
struct Constants {
    weights: Vec<i32>,
    x_zero: i64,
    w_zero: Vec<i32>,
    bias: Option<Vec<i32>>,
}

impl Constants {
    fn of(node: &NodeView<'_>) -> Result<Self, Refusal> {
        let x_zero = node.constant(2, "zero point of x")?.data()[0];
        let bias = match node.operands() {
            5 => Some(node.constant(4, "biases")?.data().to_vec()),
            _ => None,
        };
        Ok(Self {
            weights: node.constant(1, "weights")?.data().to_vec(),
            x_zero: x_zero.into(),
            w_zero: node.constant(3, "zero points of the weights")?.data().to_vec(),
            bias,
        })
    }

    /// The weight at a position, for an output, less its zero point.
    fn weight(&self, at: usize, output: usize) -> i64 {
        let zero = self.w_zero[if self.w_zero.len() == 1 { 0 } else { output }];
        i64::from(self.weights[at]) - i64::from(zero)
    }

    fn bias(&self, output: usize, terms: usize, weight: &impl Fn(usize, usize) -> i64) -> i64 {
        self.bias_of(output, terms, |i| weight(output, i))
    }

    /// The bias of an output with x's zero point folded in: `bias − x_zero · Σ w`. At most 2^26 weights of at
    /// most 2^8, times 2^15, and 2^31: far below 2^62.
    fn bias_of(&self, output: usize, terms: usize, weight: impl Fn(usize) -> i64) -> i64 {
        let sum: i64 = (0..terms).map(weight).sum();
        let bias = self.bias.as_ref().map_or(0, |bias| bias[output]);
        i64::from(bias) - self.x_zero * sum
    }
}

/// Rows that one mat-vec takes.
const fn rows_of(inputs: usize, outputs: usize) -> usize {
    let gate = MatVec::STANDARD;
    inputs.div_ceil(gate.inputs()) * outputs.div_ceil(gate.outputs())
}

/// `y[o] = bias(o) + Σ_i weight(o, i) · x[i]`.
fn mat_vec(
    rows: &mut Rows,
    x: &[Target],
    outputs: usize,
    weight: impl Fn(usize, usize) -> i64,
    bias: impl Fn(usize) -> i64,
) -> Vec<Target> {
    let gate = MatVec::STANDARD;
    let zero = rows.zero();
    let mut y = Vec::with_capacity(outputs);
    for first in (0..outputs).step_by(gate.outputs()) {
        let own = gate.outputs().min(outputs - first);
        let mut sums = vec![zero; gate.outputs()];
        // A window may lie in the padding altogether; its sum is the bias.
        for start in (0..x.len().max(1)).step_by(gate.inputs()) {
            let taken = &x[start..x.len().min(start + gate.inputs())];
            let mut constants = vec![F::ZERO; gate.constants()];
            for o in 0..own {
                for i in 0..taken.len() {
                    constants[gate.weight(o, i)] = residue(weight(first + o, start + i));
                }
                if start == 0 {
                    constants[gate.bias(o)] = residue(bias(first + o));
                }
            }
            let row = rows.row(&gate, constants);
            for i in 0..gate.inputs() {
                rows.connect(row.wire(i), taken.get(i).copied().unwrap_or(zero));
            }
            for (o, &sum) in sums.iter().enumerate() {
                rows.connect(row.wire(gate.sum_in(o)), sum);
            }
            sums = (0..gate.outputs()).map(|o| row.wire(gate.sum_out(o))).collect();
        }
        y.extend(&sums[..own]);
    }
    y
}
