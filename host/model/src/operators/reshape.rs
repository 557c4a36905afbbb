//! Reshape: the same elements in another shape.

use super::{Operator, OperatorId};
use crate::bundle::{BundleError, Reader, put_type};
use crate::error::Problem;
use crate::intervals::NodeIntervals;
use crate::op::Op;
use crate::range::Operand;
use crate::tensor::{DType, Shape, Tensor, TensorType};
use crate::types::wrong_shape;
use crate::work::Work;
use alloc::format;
use alloc::vec::Vec;

pub(super) const OPERATOR: Operator = Operator {
    id: OperatorId(8),
    name: "Reshape",
    arity: (1, 1),
    since: 1,
    read: |from: &mut Reader<'_>| -> Result<Op, BundleError> {
        Ok(Op::Reshape {
            shape: from.ty("a node")?.shape,
        })
    },
};

pub(super) fn infer(shape: &Shape, operands: &[&TensorType]) -> Result<TensorType, Problem> {
    if shape.elements() != operands[0].elements() {
        return Err(wrong_shape(operands, 0, format!("{} elements", shape.elements())));
    }
    Ok(TensorType {
        dtype: operands[0].dtype,
        shape: shape.clone(),
    })
}

pub(super) fn prove(_: &Shape, operands: &[Operand], _: &TensorType) -> Result<NodeIntervals, Problem> {
    Ok(NodeIntervals::selected(operands[0].range))
}

/// Nothing but the bytes moved, which every node counts.
pub(super) const fn count(_: &Shape, _: &[&TensorType], _: &TensorType) -> Work {
    Work::NONE
}

pub(super) fn evaluate(_: &Shape, operands: &[&Tensor], _: &TensorType) -> Vec<i32> {
    operands[0].data().to_vec()
}

/// As a type, whose element type says nothing and is the first.
pub(super) fn write(shape: &Shape, out: &mut Vec<u8>) {
    let ty = TensorType {
        dtype: DType::U8,
        shape: shape.clone(),
    };
    put_type(out, &ty);
}
