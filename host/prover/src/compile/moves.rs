//! What only moves elements: no rows at all, but wires in another order, which the reference kernel gives. A Gather
//! by computed indices chooses among them.

use super::node::{NodeView, Refusal};
use super::select::{selected, selected_constants};
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

/// Gather: constant indices only move elements; computed ones choose them.
pub(super) fn gather(rows: &mut Rows, node: &NodeView<'_>, axis: usize) -> Result<Vec<Target>, Refusal> {
    if let Some(index) = node.constant(1) {
        let wires = node.wires(rows, 0);
        return Ok(reordered(node, &[&numbered(node.ty(0), 0)?, &index], &wires));
    }
    let (outer, extent, inner) = node.ty(0).shape.split(axis);
    let places = node.wires(rows, 1);
    // Element i of the slices is what the places choose among.
    let position = |place: usize, i: usize| (i / inner * extent + place) * inner + i % inner;
    let width = outer * inner;
    let slices = if let Some(data) = node.constant(0) {
        let entry = |place: usize, i: usize| data.data()[position(place, i)].into();
        selected_constants(rows, &places, extent, width, entry)?
    } else {
        let data = node.wires(rows, 0);
        let entries = (0..extent).flat_map(|place| (0..width).map(move |i| (place, i)));
        let entries: Vec<Target> = entries.map(|(place, i)| data[position(place, i)]).collect();
        selected(rows, &places, &entries, width)?
    };
    // Slice by slice; the result has the places between the outer and the inner dimensions.
    let mut y = Vec::with_capacity(slices.len());
    for o in 0..outer {
        for slice in slices.chunks_exact(width) {
            y.extend(&slice[o * inner..(o + 1) * inner]);
        }
    }
    Ok(y)
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
