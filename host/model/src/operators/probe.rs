//! An operator of the unit tests alone, and of version 2 of the bundle: what an operator that is added
//! later meets. It gives its operand back.

use super::{Operator, OperatorId};
use crate::bundle::{BundleError, Reader, put_words};
use crate::error::Problem;
use crate::intervals::NodeIntervals;
use crate::op::Op;
use crate::range::Operand;
use crate::tensor::{Tensor, TensorType};
use crate::work::Work;
use alloc::vec::Vec;

pub(super) const OPERATOR: Operator = Operator {
    id: OperatorId(254),
    name: "Probe",
    arity: (1, 1),
    since: 2,
    read: |from: &mut Reader<'_>| -> Result<Op, BundleError> {
        Ok(Op::Probe {
            tag: from.u32("a node")?,
        })
    },
};

pub(super) fn infer(_: &u32, operands: &[&TensorType]) -> Result<TensorType, Problem> {
    Ok(operands[0].clone())
}

pub(super) fn prove(_: &u32, operands: &[Operand], _: &TensorType) -> Result<NodeIntervals, Problem> {
    Ok(NodeIntervals::selected(operands[0].range))
}

pub(super) const fn count(_: &u32, _: &[&TensorType], _: &TensorType) -> Work {
    Work::NONE
}

pub(super) fn evaluate(_: &u32, operands: &[&Tensor], _: &TensorType) -> Vec<i32> {
    operands[0].data().to_vec()
}

pub(super) fn write(tag: &u32, out: &mut Vec<u8>) {
    put_words(out, &[*tag]);
}
