//! Gather: slices of a tensor, by their indices along one dimension.

use super::{Operator, OperatorId};
use crate::bundle::{BundleError, Reader};
use crate::error::Problem;
use crate::intervals::NodeIntervals;
use crate::kernels;
use crate::op::Op;
use crate::range::Operand;
use crate::tensor::{Tensor, TensorType};
use crate::types::{dimension, result};
use crate::work::Work;
use alloc::vec::Vec;

pub(super) const OPERATOR: Operator = Operator {
    id: OperatorId(17),
    name: "Gather",
    arity: (2, 2),
    since: 2,
    read: |from: &mut Reader<'_>| -> Result<Op, BundleError> {
        Ok(Op::Gather {
            axis: from.array::<1>("a node")?[0],
        })
    },
};

pub(super) fn infer(axis: &u8, operands: &[&TensorType]) -> Result<TensorType, Problem> {
    let axis = usize::from(*axis);
    dimension(operands, axis)?;
    let (data, index) = (operands[0].shape.dims(), operands[1].shape.dims());
    let dims = [&data[..axis], index, &data[axis + 1..]].concat();
    result(operands[0].dtype, &dims)
}

pub(super) fn prove(axis: &u8, operands: &[Operand], _: &TensorType) -> Result<NodeIntervals, Problem> {
    let extent = operands[0].ty.shape.dim(usize::from(*axis));
    operands[1].must_lie_in(1, "index", 0, extent as i64 - 1)?;
    Ok(NodeIntervals::selected(operands[0].range))
}

/// A look-up for each run of neighbouring elements that is moved.
pub(super) fn count(axis: &u8, operands: &[&TensorType], _: &TensorType) -> Work {
    let (outer, ..) = operands[0].shape.split(usize::from(*axis));
    Work {
        runs: (outer as u64).saturating_mul(operands[1].elements() as u64),
        ..Work::NONE
    }
}

pub(super) fn evaluate(axis: &u8, operands: &[&Tensor], _: &TensorType) -> Vec<i32> {
    kernels::gather::gather(operands[0], operands[1], usize::from(*axis))
}

pub(super) fn write(axis: &u8, out: &mut Vec<u8>) {
    out.push(*axis);
}
