//! What only moves elements: no rows at all, but wires in another order, which the reference kernel gives.

use super::node::{NodeView, Refusal};
use crate::rows::Rows;
use metisvm_model::{DType, Tensor, TensorType, kernels};
use plonky2::iop::target::Target;

/// Reshape, Transpose, Concat.
pub(super) fn moved(rows: &mut Rows, node: &NodeView<'_>) -> Result<Vec<Target>, Refusal> {
    let mut all: Vec<Target> = Vec::new();
    let mut positions = Vec::new();
    for operand in 0..node.operands() {
        positions.push(numbered(node.ty(operand), all.len())?);
        all.extend(node.wires(rows, operand).iter());
    }
    Ok(reordered(node, &positions.iter().collect::<Vec<_>>(), &all))
}

/// Gather with constant indices.
pub(super) fn gather(rows: &mut Rows, node: &NodeView<'_>) -> Result<Vec<Target>, Refusal> {
    let index = node.constant(1, "indices")?;
    let wires = node.wires(rows, 0);
    Ok(reordered(node, &[&numbered(node.ty(0), 0)?, &index], &wires))
}

/// What the kernel makes of positions, as wires.
fn reordered(node: &NodeView<'_>, positions: &[&Tensor], wires: &[Target]) -> Vec<Target> {
    let ty = TensorType {
        dtype: DType::I32,
        shape: node.result_ty().shape.clone(),
    };
    let order = kernels::evaluate(node.op(), positions, &ty);
    order.data().iter().map(|&i| wires[i as usize]).collect()
}

/// A tensor of that shape whose elements are numbers from `first` on.
fn numbered(ty: &TensorType, first: usize) -> Result<Tensor, Refusal> {
    let ty = TensorType {
        dtype: DType::I32,
        shape: ty.shape.clone(),
    };
    let last = i32::try_from(first + ty.elements()).ok();
    last.and_then(|last| Tensor::new(ty, (first as i32..last).collect()))
        .ok_or_else(|| Refusal::unsupported("it has too many elements"))
}
