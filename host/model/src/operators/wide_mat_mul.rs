//! WideMatMul: a product of a 16-bit tensor with an 8-bit one into 32-bit accumulators.

use super::{Operator, OperatorId, mat_mul};
use crate::bundle::{BundleError, Reader};
use crate::error::Problem;
use crate::intervals::{ChannelIntervals, NodeIntervals};
use crate::kernels;
use crate::op::Op;
use crate::range::Operand;
use crate::tensor::{DType, Tensor, TensorType};
use crate::types::dtype_is;
use crate::work::Work;
use alloc::vec::Vec;

pub(super) const OPERATOR: Operator = Operator {
    id: OperatorId(20),
    name: "WideMatMul",
    arity: (4, 5),
    since: 2,
    read: |_: &mut Reader<'_>| -> Result<Op, BundleError> { Ok(Op::WideMatMul) },
};

pub(super) fn infer(operands: &[&TensorType]) -> Result<TensorType, Problem> {
    dtype_is(operands, 0, DType::I16)?;
    mat_mul::infer_product(operands)
}

pub(super) fn prove(operands: &[Operand], ty: &TensorType) -> Result<NodeIntervals, Problem> {
    mat_mul::prove(operands, ty)
}

pub(super) fn channels(operands: &[Operand]) -> Option<ChannelIntervals> {
    mat_mul::channels(operands)
}

pub(super) fn count(operands: &[&TensorType], ty: &TensorType) -> Work {
    let narrow = mat_mul::count(operands, ty);
    Work {
        macs: 0,
        wide_macs: narrow.macs,
        vector_macs: 0,
        wide_vector_macs: narrow.vector_macs,
        ..narrow
    }
}

pub(super) fn evaluate(operands: &[&Tensor], _: &TensorType) -> Vec<i32> {
    kernels::mat_mul::mat_mul(operands)
}

pub(super) const fn write(_: &mut Vec<u8>) {}
