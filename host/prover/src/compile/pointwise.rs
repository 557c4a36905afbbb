//! Sums, for which plonky2's own arithmetic does: every number stays below 2^31 by the graph's proof.

use super::node::{NodeView, Refusal};
use crate::rows::Rows;
use metisvm_model::kernels::broadcast;
use metisvm_model::{DType, Tensor, TensorType};
use metisvm_verifier::field::{F, residue};
use plonky2::field::types::Field;
use plonky2::iop::target::Target;

/// `a + sign · b`.
pub(super) fn add(rows: &mut Rows, node: &NodeView<'_>, sign: i64) -> Result<Vec<Target>, Refusal> {
    let pairs = pairs(rows, node);
    let sums = pairs
        .into_iter()
        .map(|(a, b)| rows.scale_add(residue(sign), b, a));
    Ok(sums.collect())
}

/// The sum along a dimension.
pub(super) fn reduce_sum(rows: &mut Rows, node: &NodeView<'_>, axis: usize) -> Result<Vec<Target>, Refusal> {
    let (outer, extent, inner) = node.ty(0).shape.split(axis);
    let x = node.wires(rows, 0);
    let mut sums = Vec::with_capacity(outer * inner);
    for block in x.chunks_exact(extent * inner) {
        for i in 0..inner {
            let mut sum = block[i];
            for &term in block[i..].iter().step_by(inner).skip(1) {
                sum = rows.scale_add(F::ONE, term, sum);
            }
            sums.push(sum);
        }
    }
    Ok(sums)
}

/// Elements of two operands that meet, by the reference's own rule of broadcasting.
pub(super) fn pairs(rows: &mut Rows, node: &NodeView<'_>) -> Vec<(Target, Target)> {
    let [a, b] = [0, 1].map(|i| positions(node.ty(i)));
    let (a_wires, b_wires) = (node.wires(rows, 0), node.wires(rows, 1));
    let (Some(a), Some(b)) = (a, b) else {
        return Vec::new();
    };
    let a_at = broadcast::pointwise(&a, &b, node.result_ty(), |a, _| a);
    let b_at = broadcast::pointwise(&a, &b, node.result_ty(), |_, b| b);
    a_at.into_iter()
        .zip(b_at)
        .map(|(a, b)| (a_wires[a as usize], b_wires[b as usize]))
        .collect()
}

/// A tensor of that shape whose elements are their positions; there are at most 2^26.
fn positions(ty: &TensorType) -> Option<Tensor> {
    let ty = TensorType {
        dtype: DType::I32,
        shape: ty.shape.clone(),
    };
    let data = (0..ty.elements() as i32).collect();
    Tensor::new(ty, data)
}
