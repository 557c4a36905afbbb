//! Reciprocal: a constant divided by each element.

use super::{Operator, OperatorId};
use crate::bundle::{BundleError, Reader};
use crate::error::Problem;
use crate::intervals::NodeIntervals;
use crate::kernels;
use crate::limits::WIDE_BOUND;
use crate::op::Op;
use crate::range::{Interval, Operand};
use crate::tensor::{DType, Tensor, TensorType};
use crate::work::Work;
use alloc::vec::Vec;

pub(super) const OPERATOR: Operator = Operator {
    id: OperatorId(15),
    name: "Reciprocal",
    arity: (1, 1),
    since: 2,
    read: |from: &mut Reader<'_>| -> Result<Op, BundleError> {
        Ok(Op::Reciprocal {
            numerator: from.u64("a node")?,
        })
    },
};

pub(super) fn infer(numerator: &u64, operands: &[&TensorType]) -> Result<TensorType, Problem> {
    if !(1..WIDE_BOUND as u64).contains(numerator) {
        return Err(Problem::Attribute {
            name: "numerator",
            why: "it must be at least 1 and less than 2^62",
        });
    }
    Ok(TensorType {
        dtype: DType::I32,
        shape: operands[0].shape.clone(),
    })
}

pub(super) fn prove(numerator: &u64, operands: &[Operand], _: &TensorType) -> Result<NodeIntervals, Problem> {
    // Below 2^62, as the types' rule asks. The greater the divisor, the less the quotient.
    let quotient = |x: i64| *numerator as i64 / x.max(1);
    let x = operands[0].range;
    Ok(NodeIntervals::limited(Interval {
        low: quotient(x.high),
        high: quotient(x.low),
    }))
}

pub(super) fn count(_: &u64, _: &[&TensorType], ty: &TensorType) -> Work {
    Work {
        divisions: ty.elements() as u64,
        ..Work::NONE
    }
}

pub(super) fn evaluate(numerator: &u64, operands: &[&Tensor], _: &TensorType) -> Vec<i32> {
    kernels::reciprocal::reciprocal(operands[0], *numerator)
}

pub(super) fn write(numerator: &u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&numerator.to_le_bytes());
}
