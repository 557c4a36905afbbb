//! What MatMul, WideMatMul and Conv2d have in common.

use crate::error::Problem;
use crate::intervals::{ChannelIntervals, NodeIntervals};
use crate::range::{Interval, Operand, accumulator};
use crate::tensor::{DType, Tensor, TensorType};
use crate::types::{dtype_is, scalar_of, shape_is};
use alloc::vec::Vec;

/// Checks operands 2 to 4 of a product with so many columns.
pub(super) fn zero_points_and_bias(operands: &[&TensorType], columns: u32) -> Result<(), Problem> {
    scalar_of(operands, 2, operands[0].dtype)?;
    dtype_is(operands, 3, operands[1].dtype)?;
    if operands[3].shape.rank() > 0 {
        shape_is(operands, 3, &[columns])?;
    }
    if operands.len() > 4 {
        dtype_is(operands, 4, DType::I32)?;
        shape_is(operands, 4, &[columns])?;
    }
    Ok(())
}

/// `Σ|w − w_zero|·max|x − x_zero| + |bias|` of every column, saturated; one for all of them where no constant
/// tells them apart. `sum` gives, for constant weights and the zero point of each column, the sum of each
/// column.
///
/// So its length is at most that of a constant, and no small bundle makes it long.
pub(super) fn bounds(
    operands: &[Operand],
    depth: usize,
    columns: usize,
    sum: impl Fn(&Tensor, &[Interval]) -> Vec<i64>,
) -> Vec<i64> {
    let x = operands[0].range.distance(operands[2].range);
    let differ = [1, 3, 4].iter().filter_map(|&i| operands.get(i)?.values.as_ref());
    let distinct = match differ.map(|constant| constant.data().len()).max() {
        Some(2..) => columns,
        _ => 1,
    };
    let zeros: Vec<Interval> = (0..distinct).map(|column| operands[3].channel(column)).collect();
    // At most 2^26 elements of at most 2^8 each, later times at most 2^16: no sum here overflows.
    let mut bounds = match &operands[1].values {
        Some(w) => sum(w, &zeros),
        None => zeros
            .iter()
            .map(|&zero| operands[1].range.distance(zero) * depth as i64)
            .collect(),
    };
    for (column, bound) in bounds.iter_mut().enumerate() {
        let bias = operands.get(4).map_or(0, |b| b.channel(column).magnitude());
        *bound = bound.saturating_mul(x).saturating_add(bias);
    }
    bounds
}

/// The proof: the worst column fits an accumulator.
pub(super) fn prove(bounds: Vec<i64>) -> Result<NodeIntervals, Problem> {
    let worst = bounds.into_iter().max().unwrap_or(0);
    accumulator(Interval::within(worst)).map(NodeIntervals::summed)
}

/// The columns, of which there are so many, as channels along `axis` of the result, where they differ.
pub(super) fn channels(bounds: Vec<i64>, columns: usize, axis: usize) -> Option<ChannelIntervals> {
    (bounds.len() == columns).then(|| ChannelIntervals {
        axis,
        intervals: bounds.into_iter().map(Interval::within).collect(),
    })
}
