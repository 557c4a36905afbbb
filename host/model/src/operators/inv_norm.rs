//! InvNorm: one over the length of each row.

use super::{Operator, OperatorId};
use crate::bundle::{BundleError, Reader};
use crate::error::Problem;
use crate::intervals::NodeIntervals;
use crate::kernels;
use crate::limits::WIDE_BOUND;
use crate::op::Op;
use crate::range::{Interval, Operand, wide};
use crate::tensor::{DType, Tensor, TensorType};
use crate::types::{reduced, wide_shift, wrong_shape};
use crate::work::Work;
use alloc::string::ToString;
use alloc::vec::Vec;

pub(super) const OPERATOR: Operator = Operator {
    id: OperatorId(16),
    name: "InvNorm",
    arity: (1, 1),
    since: 2,
    read: |from: &mut Reader<'_>| -> Result<Op, BundleError> {
        Ok(Op::InvNorm {
            shift: from.array::<1>("a node")?[0],
            epsilon: from.u64("a node")?,
        })
    },
};

pub(super) fn infer(shift: &u8, epsilon: &u64, operands: &[&TensorType]) -> Result<TensorType, Problem> {
    wide_shift(*shift)?;
    if !(1..WIDE_BOUND as u64).contains(epsilon) {
        return Err(Problem::Attribute {
            name: "epsilon",
            why: "it must be at least 1 and less than 2^62",
        });
    }
    match operands[0].shape.rank() {
        0 => Err(wrong_shape(operands, 0, "at least one dimension".to_string())),
        rank => reduced(operands, rank - 1, DType::I32),
    }
}

pub(super) fn prove(
    shift: &u8,
    epsilon: &u64,
    operands: &[Operand],
    _: &TensorType,
) -> Result<NodeIntervals, Problem> {
    let (x, shape) = (operands[0].range, &operands[0].ty.shape);
    let terms = shape.dim(shape.rank() - 1) as i64;
    // A square is at most 2^62; their sum may be more than 64 bits have.
    let sum = |magnitude: i64| {
        let squares = (magnitude * magnitude).saturating_mul(terms);
        squares.saturating_add(*epsilon as i64)
    };
    let least = if x.contains(0) {
        0
    } else {
        x.low.abs().min(x.high.abs())
    };
    let (least, most) = (sum(least), sum(x.magnitude()));
    wide(most)?;
    // The greater the sum, the less the root.
    let root = |v: i64| kernels::inv_norm::root(v as u64, *shift) as i64;
    Ok(NodeIntervals {
        // Sums begin with epsilon, and no term is negative.
        accumulator: Some(Interval {
            low: *epsilon as i64,
            high: most,
        }),
        ..NodeIntervals::limited(Interval {
            low: root(most),
            high: root(least),
        })
    })
}

pub(super) fn count(_: &u8, _: &u64, operands: &[&TensorType], ty: &TensorType) -> Work {
    Work {
        compares: operands[0].elements() as u64,
        divisions: ty.elements() as u64,
        runs: ty.elements() as u64,
        ..Work::NONE
    }
}

pub(super) fn evaluate(shift: &u8, epsilon: &u64, operands: &[&Tensor], _: &TensorType) -> Vec<i32> {
    kernels::inv_norm::inv_norm(operands[0], *shift, *epsilon)
}

pub(super) fn write(shift: &u8, epsilon: &u64, out: &mut Vec<u8>) {
    out.push(*shift);
    out.extend_from_slice(&epsilon.to_le_bytes());
}
