//! Table: any function of a byte.

use super::{Operator, OperatorId};
use crate::bundle::{BundleError, Reader};
use crate::error::Problem;
use crate::intervals::NodeIntervals;
use crate::kernels;
use crate::limits::TABLE_ENTRIES;
use crate::op::Op;
use crate::range::Operand;
use crate::tensor::{Tensor, TensorType};
use crate::types::{byte, shape_is};
use crate::work::Work;
use alloc::vec::Vec;

pub(super) const OPERATOR: Operator = Operator {
    id: OperatorId(6),
    name: "Table",
    arity: (2, 2),
    since: 1,
    read: |_: &mut Reader<'_>| -> Result<Op, BundleError> { Ok(Op::Table) },
};

pub(super) fn infer(operands: &[&TensorType]) -> Result<TensorType, Problem> {
    byte(operands, 0)?;
    shape_is(operands, 1, &[TABLE_ENTRIES as u32])?;
    Ok(TensorType {
        dtype: operands[1].dtype,
        shape: operands[0].shape.clone(),
    })
}

pub(super) fn prove(operands: &[Operand], _: &TensorType) -> Result<NodeIntervals, Problem> {
    Ok(NodeIntervals::selected(operands[1].range))
}

pub(super) fn count(_: &[&TensorType], ty: &TensorType) -> Work {
    Work {
        lookups: ty.elements() as u64,
        ..Work::NONE
    }
}

pub(super) fn evaluate(operands: &[&Tensor], _: &TensorType) -> Vec<i32> {
    kernels::table::table(operands[0], operands[1])
}

pub(super) const fn write(_: &mut Vec<u8>) {}
