//! ArgMax: where the greatest element of a row is.

use super::{Operator, OperatorId};
use crate::bundle::{BundleError, Reader};
use crate::error::Problem;
use crate::intervals::NodeIntervals;
use crate::kernels;
use crate::op::Op;
use crate::range::{Interval, Operand};
use crate::tensor::{DType, Tensor, TensorType};
use crate::types::{dimension, result};
use crate::work::Work;
use alloc::vec::Vec;

pub(super) const OPERATOR: Operator = Operator {
    id: OperatorId(9),
    name: "ArgMax",
    arity: (1, 1),
    since: 1,
    read: |from: &mut Reader<'_>| -> Result<Op, BundleError> {
        Ok(Op::ArgMax {
            axis: from.array::<1>("a node")?[0],
        })
    },
};

pub(super) fn infer(axis: &u8, operands: &[&TensorType]) -> Result<TensorType, Problem> {
    let axis = usize::from(*axis);
    let mut dims = operands[0].shape.dims().to_vec();
    dimension(operands, axis)?;
    dims.remove(axis);
    result(DType::I32, &dims)
}

pub(super) fn prove(axis: &u8, operands: &[Operand], _: &TensorType) -> Result<NodeIntervals, Problem> {
    let extent = operands[0].ty.shape.dim(usize::from(*axis));
    Ok(NodeIntervals::selected(Interval {
        low: 0,
        high: extent as i64 - 1,
    }))
}

pub(super) fn count(axis: &u8, operands: &[&TensorType], _: &TensorType) -> Work {
    Work::reduction(operands[0], usize::from(*axis))
}

pub(super) fn evaluate(axis: &u8, operands: &[&Tensor], _: &TensorType) -> Vec<i32> {
    kernels::arg_max::arg_max(operands[0], usize::from(*axis))
}

pub(super) fn write(axis: &u8, out: &mut Vec<u8>) {
    out.push(*axis);
}
