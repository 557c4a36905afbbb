//! MatMul: a product of 8-bit tensors into 32-bit accumulators.

use super::{Operator, OperatorId, product};
use crate::bundle::{BundleError, Reader};
use crate::error::Problem;
use crate::intervals::{ChannelIntervals, NodeIntervals};
use crate::kernels;
use crate::op::Op;
use crate::range::Operand;
use crate::tensor::{DType, Tensor, TensorType};
use crate::types::{byte, result, wrong_shape};
use crate::work::{VECTOR, Work};
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

pub(super) const OPERATOR: Operator = Operator {
    id: OperatorId(1),
    name: "MatMul",
    arity: (4, 5),
    since: 1,
    read: |_: &mut Reader<'_>| -> Result<Op, BundleError> { Ok(Op::MatMul) },
};

pub(super) fn infer(operands: &[&TensorType]) -> Result<TensorType, Problem> {
    byte(operands, 0)?;
    infer_product(operands)
}

/// The rule of types, but for the element type of x.
pub(super) fn infer_product(operands: &[&TensorType]) -> Result<TensorType, Problem> {
    byte(operands, 1)?;
    let (x, w) = (operands[0].shape.dims(), operands[1].shape.dims());
    let [batch @ .., m, k] = x else {
        return Err(wrong_shape(operands, 0, "at least two dimensions".to_string()));
    };
    let n = match w {
        [wk, n] if wk == k => *n,
        [wb @ .., wk, n] if wk == k && wb == batch => *n,
        _ => {
            let expected = format!("[{k},N] after no or the same batch dimensions");
            return Err(wrong_shape(operands, 1, expected));
        }
    };
    product::zero_points_and_bias(operands, n)?;
    let mut dims = batch.to_vec();
    dims.extend([*m, n]);
    result(DType::I32, &dims)
}

/// The bound of every column; of several matrices the greatest.
fn bounds(operands: &[Operand]) -> Vec<i64> {
    let dims = operands[1].ty.shape.dims();
    let rank = dims.len();
    let (depth, columns) = (dims[rank - 2] as usize, dims[rank - 1] as usize);
    product::bounds(operands, depth, columns, |w, zeros| {
        let mut worst = alloc::vec![0; columns];
        for matrix in w.data().chunks_exact(depth * columns) {
            let mut sums = alloc::vec![0; columns];
            for row in matrix.chunks_exact(columns) {
                for ((sum, &w), zero) in sums.iter_mut().zip(row).zip(zeros) {
                    *sum += zero.farthest(w);
                }
            }
            worst
                .iter_mut()
                .zip(sums)
                .for_each(|(worst, sum): (&mut i64, i64)| *worst = sum.max(*worst));
        }
        worst
    })
}

pub(super) fn prove(operands: &[Operand], _: &TensorType) -> Result<NodeIntervals, Problem> {
    product::prove(bounds(operands))
}

pub(super) fn channels(operands: &[Operand]) -> Option<ChannelIntervals> {
    let w = &operands[1].ty.shape;
    let columns = w.dim(w.rank() - 1);
    product::channels(bounds(operands), columns, operands[0].ty.shape.rank() - 1)
}

pub(super) fn count(operands: &[&TensorType], ty: &TensorType) -> Work {
    let depth = operands[0].shape.dims().last().map_or(1, |&k| u64::from(k));
    let columns = ty.shape.dims().last().map_or(1, |&n| u64::from(n));
    let lines = operands[0].elements() as u64;
    Work {
        macs: (ty.elements() as u64).saturating_mul(depth),
        lines,
        vector_macs: lines.saturating_mul(columns.next_multiple_of(VECTOR)),
        products: operands[1].elements() as u64 / depth.saturating_mul(columns).max(1),
        ..Work::NONE
    }
}

pub(super) fn evaluate(operands: &[&Tensor], _: &TensorType) -> Vec<i32> {
    kernels::mat_mul::mat_mul(operands)
}

pub(super) const fn write(_: &mut Vec<u8>) {}
