//! Mul: a product of any types, broadcast, shifted right with one rounding.

use super::{Operator, OperatorId};
use crate::bundle::{BundleError, Reader};
use crate::error::Problem;
use crate::intervals::NodeIntervals;
use crate::kernels;
use crate::op::Op;
use crate::range::{Interval, Operand, wide};
use crate::tensor::{DType, Tensor, TensorType};
use crate::types::{broadcast, wide_shift};
use crate::work::Work;
use alloc::vec::Vec;

pub(super) const OPERATOR: Operator = Operator {
    id: OperatorId(11),
    name: "Mul",
    arity: (2, 2),
    since: 2,
    read: |from: &mut Reader<'_>| -> Result<Op, BundleError> {
        Ok(Op::Mul {
            shift: from.array::<1>("a node")?[0],
            to: from.dtype()?,
        })
    },
};

pub(super) fn infer(shift: &u8, to: &DType, operands: &[&TensorType]) -> Result<TensorType, Problem> {
    wide_shift(*shift)?;
    let shape = broadcast(&operands[0].shape, &operands[1].shape)?;
    Ok(TensorType { dtype: *to, shape })
}

pub(super) fn prove(
    shift: &u8,
    to: &DType,
    operands: &[Operand],
    _: &TensorType,
) -> Result<NodeIntervals, Problem> {
    let product = operands[0].range.times(operands[1].range);
    wide(product.magnitude())?;
    // Below 2^62 and a half of at most 2^61: the sum fits 64 bits. Rounding is monotone.
    let half = kernels::mul::half(*shift);
    let sum = Interval {
        low: product.low + half,
        high: product.high + half,
    };
    let shifted = Interval {
        low: sum.low >> shift,
        high: sum.high >> shift,
    };
    Ok(NodeIntervals {
        result: Interval {
            low: to.saturate(shifted.low).into(),
            high: to.saturate(shifted.high).into(),
        },
        accumulator: Some(sum),
        unclamped: Some(shifted),
    })
}

pub(super) fn count(_: &u8, _: &DType, _: &[&TensorType], ty: &TensorType) -> Work {
    Work::pointwise(ty)
}

pub(super) fn evaluate(shift: &u8, to: &DType, operands: &[&Tensor], ty: &TensorType) -> Vec<i32> {
    kernels::mul::mul(operands[0], operands[1], *shift, *to, ty)
}

pub(super) fn write(shift: &u8, to: &DType, out: &mut Vec<u8>) {
    out.extend_from_slice(&[*shift, to.code()]);
}
