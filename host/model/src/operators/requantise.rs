//! Requantise: where a wide integer becomes a narrow one.

use super::{Operator, OperatorId};
use crate::bundle::{BundleError, Reader};
use crate::error::Problem;
use crate::intervals::{ChannelIntervals, NodeIntervals};
use crate::kernels;
use crate::limits::{MAX_SHIFT, MIN_MULTIPLIER, MIN_SHIFT};
use crate::op::Op;
use crate::range::{Interval, Operand};
use crate::tensor::{DType, Tensor, TensorType};
use crate::types::{dtype_is, shape_is};
use crate::work::Work;
use alloc::vec::Vec;

pub(super) const OPERATOR: Operator = Operator {
    id: OperatorId(4),
    name: "Requantise",
    arity: (4, 4),
    since: 1,
    read: |from: &mut Reader<'_>| -> Result<Op, BundleError> {
        Ok(Op::Requantise {
            to: from.dtype()?,
            axis: from.array::<1>("a node")?[0],
        })
    },
};

pub(super) fn infer(to: &DType, axis: &u8, operands: &[&TensorType]) -> Result<TensorType, Problem> {
    let (to, axis) = (*to, usize::from(*axis));
    let x = &operands[0].shape;
    let mut per_channel = false;
    for (operand, dtype) in [(1, DType::I16), (2, DType::U8), (3, to)] {
        dtype_is(operands, operand, dtype)?;
        if operands[operand].shape.rank() > 0 {
            per_channel = true;
            let Some(&extent) = x.dims().get(axis) else {
                return Err(Problem::Attribute {
                    name: "axis",
                    why: "the operand has no such dimension",
                });
            };
            shape_is(operands, operand, &[extent])?;
        }
    }
    if !per_channel && axis != 0 {
        let why = "it must be 0 where every parameter is a scalar";
        return Err(Problem::Attribute { name: "axis", why });
    }
    Ok(TensorType {
        dtype: to,
        shape: x.clone(),
    })
}

pub(super) fn prove(
    to: &DType,
    axis: &u8,
    operands: &[Operand],
    _: &TensorType,
) -> Result<NodeIntervals, Problem> {
    operands[1].must_lie_in(1, "multiplier", MIN_MULTIPLIER, i64::from(i16::MAX))?;
    operands[2].must_lie_in(2, "shift", MIN_SHIFT, MAX_SHIFT)?;
    let proven = per_channel(*to, *axis, operands).and_then(|channels| channels.reduce(union));
    // Computed parameters may meet in any combination.
    Ok(proven.unwrap_or_else(|| NodeIntervals {
        result: Interval::of(*to),
        ..scaled(operands[0].range, [1, 2, 3].map(|i| operands[i].range), *to)
    }))
}

/// Where the parameters are constant and not all scalars.
pub(super) fn channels(to: DType, axis: u8, operands: &[Operand]) -> Option<ChannelIntervals> {
    let scalars = operands[1..].iter().all(|operand| operand.ty.shape.rank() == 0);
    if scalars {
        return None;
    }
    Some(ChannelIntervals {
        axis: usize::from(axis),
        intervals: per_channel(to, axis, operands)?
            .map(|channel| channel.result)
            .collect(),
    })
}

/// The intervals of each channel, where all parameters are constant; one where all are scalars.
fn per_channel<'a>(
    to: DType,
    axis: u8,
    operands: &'a [Operand],
) -> Option<impl Iterator<Item = NodeIntervals> + 'a> {
    let parameters = &operands[1..];
    if !parameters.iter().all(|operand| operand.values.is_some()) {
        return None;
    }
    let scalars = parameters.iter().all(|operand| operand.ty.elements() == 1);
    let channels = if scalars {
        1
    } else {
        operands[0].ty.shape.dim(usize::from(axis))
    };
    let acc = operands[0].range;
    Some((0..channels).map(move |c| scaled(acc, [1, 2, 3].map(|i| operands[i].channel(c)), to)))
}

/// The intervals for parameters that lie in these. With positive multipliers every step is monotone in
/// each of accumulator, multiplier and shift, whichever way, so that the corners give the ends.
fn scaled(acc: Interval, [multiplier, shift, zero]: [Interval; 3], to: DType) -> NodeIntervals {
    let (mut sum, mut shifted): (Option<Interval>, Option<Interval>) = (None, None);
    let widen = |to: &mut Option<Interval>, v: i64| {
        let point = Interval { low: v, high: v };
        *to = Some(to.map_or(point, |so_far| so_far.union(point)));
    };
    for a in [acc.low, acc.high] {
        for m in [multiplier.low, multiplier.high] {
            for s in [shift.low, shift.high] {
                let value = a * m + (1i64 << (s - 1));
                widen(&mut sum, value);
                widen(&mut shifted, value >> s);
            }
        }
    }
    let unclamped = shifted.map(|shifted| Interval {
        low: zero.low + shifted.low,
        high: zero.high + shifted.high,
    });
    NodeIntervals {
        result: unclamped.map_or(Interval::of(to), |range| Interval {
            low: to.saturate(range.low).into(),
            high: to.saturate(range.high).into(),
        }),
        accumulator: sum,
        unclamped,
    }
}

fn union(a: NodeIntervals, b: NodeIntervals) -> NodeIntervals {
    let both = |a: Option<Interval>, b: Option<Interval>| Some(a?.union(b?));
    NodeIntervals {
        result: a.result.union(b.result),
        accumulator: both(a.accumulator, b.accumulator),
        unclamped: both(a.unclamped, b.unclamped),
    }
}

pub(super) fn count(_: &DType, _: &u8, _: &[&TensorType], ty: &TensorType) -> Work {
    Work::pointwise(ty)
}

pub(super) fn evaluate(to: &DType, axis: &u8, operands: &[&Tensor], _: &TensorType) -> Vec<i32> {
    kernels::requantise::requantise_tensor(operands, *to, usize::from(*axis))
}

pub(super) fn write(to: &DType, axis: &u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[to.code(), *axis]);
}
