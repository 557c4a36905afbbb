//! ReduceMax: the greatest element along one dimension.

use super::{Operator, OperatorId};
use crate::bundle::{BundleError, Reader};
use crate::error::Problem;
use crate::intervals::NodeIntervals;
use crate::kernels;
use crate::op::Op;
use crate::range::Operand;
use crate::tensor::{Tensor, TensorType};
use crate::types::reduced;
use crate::work::Work;
use alloc::vec::Vec;

pub(super) const OPERATOR: Operator = Operator {
    id: OperatorId(14),
    name: "ReduceMax",
    arity: (1, 1),
    since: 2,
    read: |from: &mut Reader<'_>| -> Result<Op, BundleError> {
        Ok(Op::ReduceMax {
            axis: from.array::<1>("a node")?[0],
        })
    },
};

pub(super) fn infer(axis: &u8, operands: &[&TensorType]) -> Result<TensorType, Problem> {
    reduced(operands, usize::from(*axis), operands[0].dtype)
}

pub(super) fn prove(_: &u8, operands: &[Operand], _: &TensorType) -> Result<NodeIntervals, Problem> {
    Ok(NodeIntervals::selected(operands[0].range))
}

pub(super) fn count(axis: &u8, operands: &[&TensorType], _: &TensorType) -> Work {
    Work::reduction(operands[0], usize::from(*axis))
}

pub(super) fn evaluate(axis: &u8, operands: &[&Tensor], _: &TensorType) -> Vec<i32> {
    kernels::reduce::reduce(operands[0], usize::from(*axis), i32::max)
}

pub(super) fn write(axis: &u8, out: &mut Vec<u8>) {
    out.push(*axis);
}
