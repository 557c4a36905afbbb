//! Concat: tensors one after the other along one dimension.

use super::{Operator, OperatorId};
use crate::bundle::{BundleError, Reader};
use crate::error::Problem;
use crate::intervals::NodeIntervals;
use crate::kernels;
use crate::limits::MAX_CONCAT;
use crate::op::Op;
use crate::range::{Interval, Operand};
use crate::tensor::{Tensor, TensorType};
use crate::types::{dimension, dtype_is, result, wrong_shape};
use crate::work::Work;
use alloc::format;
use alloc::vec::Vec;

pub(super) const OPERATOR: Operator = Operator {
    id: OperatorId(19),
    name: "Concat",
    arity: (2, MAX_CONCAT),
    since: 2,
    read: |from: &mut Reader<'_>| -> Result<Op, BundleError> {
        Ok(Op::Concat {
            axis: from.array::<1>("a node")?[0],
        })
    },
};

pub(super) fn infer(axis: &u8, operands: &[&TensorType]) -> Result<TensorType, Problem> {
    let axis = usize::from(*axis);
    dimension(operands, axis)?;
    let mut dims = operands[0].shape.dims().to_vec();
    let (before, after) = (dims[..axis].to_vec(), dims[axis + 1..].to_vec());
    for (operand, other) in operands.iter().enumerate().skip(1) {
        dtype_is(operands, operand, operands[0].dtype)?;
        let own = other.shape.dims();
        let fits = own.len() == dims.len() && own[..axis] == before && own[axis + 1..] == after;
        if !fits {
            let expected = format!("{} but for dimension {axis}", operands[0].shape);
            return Err(wrong_shape(operands, operand, expected));
        }
        // 64 extents of 2^26 are one too many for 32 bits.
        dims[axis] = dims[axis].saturating_add(own[axis]);
    }
    result(operands[0].dtype, &dims)
}

pub(super) fn prove(_: &u8, operands: &[Operand], _: &TensorType) -> Result<NodeIntervals, Problem> {
    let ranges = operands.iter().map(|operand| operand.range);
    let first = operands[0].range;
    Ok(NodeIntervals::selected(ranges.fold(first, Interval::union)))
}

/// A look-up for each run of neighbouring elements that is moved.
pub(super) fn count(axis: &u8, operands: &[&TensorType], _: &TensorType) -> Work {
    let (outer, ..) = operands[0].shape.split(usize::from(*axis));
    Work {
        runs: (outer as u64).saturating_mul(operands.len() as u64),
        ..Work::NONE
    }
}

pub(super) fn evaluate(axis: &u8, operands: &[&Tensor], ty: &TensorType) -> Vec<i32> {
    kernels::concat::concat(operands, usize::from(*axis), ty)
}

pub(super) fn write(axis: &u8, out: &mut Vec<u8>) {
    out.push(*axis);
}
