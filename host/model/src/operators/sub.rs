//! Sub: a difference of any types, broadcast.

use super::{Operator, OperatorId};
use crate::bundle::{BundleError, Reader};
use crate::error::Problem;
use crate::intervals::NodeIntervals;
use crate::kernels;
use crate::op::Op;
use crate::range::{Interval, Operand, accumulator};
use crate::tensor::{DType, Tensor, TensorType};
use crate::types::broadcast;
use crate::work::Work;
use alloc::vec::Vec;

pub(super) const OPERATOR: Operator = Operator {
    id: OperatorId(10),
    name: "Sub",
    arity: (2, 2),
    since: 2,
    read: |_: &mut Reader<'_>| -> Result<Op, BundleError> { Ok(Op::Sub) },
};

pub(super) fn infer(operands: &[&TensorType]) -> Result<TensorType, Problem> {
    let shape = broadcast(&operands[0].shape, &operands[1].shape)?;
    Ok(TensorType {
        dtype: DType::I32,
        shape,
    })
}

pub(super) fn prove(operands: &[Operand], _: &TensorType) -> Result<NodeIntervals, Problem> {
    let (a, b) = (operands[0].range, operands[1].range);
    accumulator(Interval {
        low: a.low - b.high,
        high: a.high - b.low,
    })
    .map(NodeIntervals::summed)
}

pub(super) fn count(_: &[&TensorType], ty: &TensorType) -> Work {
    Work::pointwise(ty)
}

pub(super) fn evaluate(operands: &[&Tensor], ty: &TensorType) -> Vec<i32> {
    kernels::sub::sub(operands[0], operands[1], ty)
}

pub(super) const fn write(_: &mut Vec<u8>) {}
