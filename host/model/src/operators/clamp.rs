//! Clamp: between two bounds of the operand's type.

use super::{Operator, OperatorId};
use crate::bundle::{BundleError, Reader};
use crate::error::Problem;
use crate::intervals::NodeIntervals;
use crate::kernels;
use crate::op::Op;
use crate::range::{Interval, Operand};
use crate::tensor::{Tensor, TensorType};
use crate::types::scalar_of;
use crate::work::Work;
use alloc::vec::Vec;

pub(super) const OPERATOR: Operator = Operator {
    id: OperatorId(5),
    name: "Clamp",
    arity: (3, 3),
    since: 1,
    read: |_: &mut Reader<'_>| -> Result<Op, BundleError> { Ok(Op::Clamp) },
};

pub(super) fn infer(operands: &[&TensorType]) -> Result<TensorType, Problem> {
    scalar_of(operands, 1, operands[0].dtype)?;
    scalar_of(operands, 2, operands[0].dtype)?;
    Ok(operands[0].clone())
}

pub(super) fn prove(operands: &[Operand], _: &TensorType) -> Result<NodeIntervals, Problem> {
    let (x, low, high) = (operands[0].range, operands[1].range, operands[2].range);
    if low.high > high.low {
        return Err(Problem::EmptyClamp);
    }
    let clamp = |v: i64, l: i64, h: i64| l.max(h.min(v));
    Ok(NodeIntervals::selected(Interval {
        low: clamp(x.low, low.low, high.low),
        high: clamp(x.high, low.high, high.high),
    }))
}

pub(super) fn count(_: &[&TensorType], ty: &TensorType) -> Work {
    Work::pointwise(ty)
}

pub(super) fn evaluate(operands: &[&Tensor], _: &TensorType) -> Vec<i32> {
    kernels::clamp::clamp(operands[0], operands[1], operands[2])
}

pub(super) const fn write(_: &mut Vec<u8>) {}
