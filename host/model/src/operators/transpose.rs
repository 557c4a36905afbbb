//! Transpose: the dimensions in another order.

use super::{Operator, OperatorId};
use crate::bundle::{BundleError, Reader};
use crate::error::Problem;
use crate::intervals::NodeIntervals;
use crate::kernels;
use crate::op::Op;
use crate::range::Operand;
use crate::tensor::{Tensor, TensorType};
use crate::types::result;
use crate::work::Work;
use alloc::vec::Vec;

pub(super) const OPERATOR: Operator = Operator {
    id: OperatorId(18),
    name: "Transpose",
    arity: (1, 1),
    since: 2,
    read: |from: &mut Reader<'_>| -> Result<Op, BundleError> {
        let [rank] = *from.array("a node")?;
        let mut perm = Vec::new();
        for _ in 0..rank {
            perm.push(from.array::<1>("a node")?[0]);
        }
        Ok(Op::Transpose { perm })
    },
};

pub(super) fn infer(perm: &[u8], operands: &[&TensorType]) -> Result<TensorType, Problem> {
    let dims = operands[0].shape.dims();
    let mut sorted = perm.to_vec();
    sorted.sort_unstable();
    if sorted.len() != dims.len() || sorted.iter().enumerate().any(|(i, &axis)| i != usize::from(axis)) {
        return Err(Problem::Attribute {
            name: "perm",
            why: "it must name each dimension of the operand once",
        });
    }
    let moved: Vec<u32> = perm.iter().map(|&axis| dims[usize::from(axis)]).collect();
    result(operands[0].dtype, &moved)
}

pub(super) fn prove(_: &[u8], operands: &[Operand], _: &TensorType) -> Result<NodeIntervals, Problem> {
    Ok(NodeIntervals::selected(operands[0].range))
}

/// A look-up for each run of neighbouring elements that is moved: those of the last dimensions that stay.
pub(super) fn count(perm: &[u8], operands: &[&TensorType], ty: &TensorType) -> Work {
    let dims = operands[0].shape.dims().iter().enumerate().zip(perm).rev();
    let stay = dims.take_while(|((i, _), axis)| *i == usize::from(**axis));
    let run: u64 = stay.map(|((_, &extent), _)| u64::from(extent)).product();
    Work {
        runs: ty.elements() as u64 / run,
        ..Work::NONE
    }
}

pub(super) fn evaluate(perm: &[u8], operands: &[&Tensor], ty: &TensorType) -> Vec<i32> {
    kernels::transpose::transpose(operands[0], perm, ty)
}

pub(super) fn write(perm: &[u8], out: &mut Vec<u8>) {
    out.push(perm.len() as u8);
    out.extend_from_slice(perm);
}
