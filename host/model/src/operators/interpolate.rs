//! Interpolate: any function of 16 bits, straight between 257 nodes.

use super::{Operator, OperatorId};
use crate::bundle::{BundleError, Reader};
use crate::error::Problem;
use crate::intervals::NodeIntervals;
use crate::kernels;
use crate::limits::INTERPOLATION_NODES;
use crate::op::Op;
use crate::range::{Interval, Operand};
use crate::tensor::{DType, Tensor, TensorType};
use crate::types::{dtype_is, shape_is};
use crate::work::Work;
use alloc::vec::Vec;

pub(super) const OPERATOR: Operator = Operator {
    id: OperatorId(12),
    name: "Interpolate",
    arity: (2, 2),
    since: 2,
    read: |_: &mut Reader<'_>| -> Result<Op, BundleError> { Ok(Op::Interpolate) },
};

pub(super) fn infer(operands: &[&TensorType]) -> Result<TensorType, Problem> {
    dtype_is(operands, 0, DType::I16)?;
    let table = operands[1].dtype;
    // The step between two nodes times eight bits must stay narrow.
    if table == DType::I32 {
        return Err(Problem::OperandType {
            operand: 1,
            actual: table,
            expected: "u8, i8 or i16",
        });
    }
    shape_is(operands, 1, &[INTERPOLATION_NODES as u32])?;
    Ok(TensorType {
        dtype: table,
        shape: operands[0].shape.clone(),
    })
}

pub(super) fn prove(operands: &[Operand], _: &TensorType) -> Result<NodeIntervals, Problem> {
    let reached = reached(operands);
    // A step of at most 2^16 times at most 255, and the half.
    let widest = (reached.high - reached.low) * 255;
    Ok(NodeIntervals {
        result: reached,
        accumulator: Some(Interval {
            low: 128 - widest,
            high: 128 + widest,
        }),
        unclamped: None,
    })
}

/// What the nodes lie in that elements of x lie between; a result lies between its two nodes.
fn reached(operands: &[Operand]) -> Interval {
    let Some(table) = &operands[1].values else {
        return operands[1].range;
    };
    let (low, high) = (operands[0].range.low, operands[0].range.high);
    let node = |x: i64| kernels::interpolate::position(x as i32).0;
    Interval::of_values(&table.data()[node(low)..=node(high) + 1])
}

pub(super) fn count(_: &[&TensorType], ty: &TensorType) -> Work {
    Work {
        lookups: ty.elements() as u64,
        ..Work::NONE
    }
}

pub(super) fn evaluate(operands: &[&Tensor], _: &TensorType) -> Vec<i32> {
    kernels::interpolate::interpolate(operands[0], operands[1])
}

pub(super) const fn write(_: &mut Vec<u8>) {}
