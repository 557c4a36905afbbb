//! ReduceSum: the sum along one dimension.

use super::{Operator, OperatorId};
use crate::bundle::{BundleError, Reader};
use crate::error::Problem;
use crate::intervals::NodeIntervals;
use crate::kernels;
use crate::op::Op;
use crate::range::{Interval, Operand, accumulator};
use crate::tensor::{DType, Tensor, TensorType};
use crate::types::reduced;
use crate::work::Work;
use alloc::vec::Vec;

pub(super) const OPERATOR: Operator = Operator {
    id: OperatorId(13),
    name: "ReduceSum",
    arity: (1, 1),
    since: 2,
    read: |from: &mut Reader<'_>| -> Result<Op, BundleError> {
        Ok(Op::ReduceSum {
            axis: from.array::<1>("a node")?[0],
        })
    },
};

pub(super) fn infer(axis: &u8, operands: &[&TensorType]) -> Result<TensorType, Problem> {
    reduced(operands, usize::from(*axis), DType::I32)
}

pub(super) fn prove(axis: &u8, operands: &[Operand], _: &TensorType) -> Result<NodeIntervals, Problem> {
    let terms = operands[0].ty.shape.dim(usize::from(*axis)) as i64;
    let x = operands[0].range;
    // At most 2^26 terms of at most 2^31: 64 bits are plenty.
    accumulator(Interval::within(terms * x.magnitude()))?;
    let result = Interval {
        low: terms * x.low,
        high: terms * x.high,
    };
    Ok(NodeIntervals {
        result,
        // A sum of some of the terms, in any order.
        accumulator: Some(Interval {
            low: result.low.min(0),
            high: result.high.max(0),
        }),
        unclamped: None,
    })
}

pub(super) fn count(axis: &u8, operands: &[&TensorType], _: &TensorType) -> Work {
    Work::reduction(operands[0], usize::from(*axis))
}

pub(super) fn evaluate(axis: &u8, operands: &[&Tensor], _: &TensorType) -> Vec<i32> {
    kernels::reduce::reduce(operands[0], usize::from(*axis), |sum, v| sum + v)
}

pub(super) fn write(axis: &u8, out: &mut Vec<u8>) {
    out.push(*axis);
}
