//! Nodes by their reference kernels.

use super::program::Spot;
use super::shifts::View;
use metisvm_model::kernels::evaluate;
use metisvm_model::{Op, Tensor, TensorType};

/// Computes one item's result.
pub(super) fn run(op: &Op, operands: &[Spot], view: View<'_>, ty: &TensorType, y: &mut [u8]) {
    let tensor = |spot: &Spot| {
        let raw = view.bytes(spot);
        Tensor::from_bytes(spot.ty.clone(), raw).expect("a spot has the bytes of its type")
    };
    let tensors: Vec<Tensor> = operands.iter().map(tensor).collect();
    let tensors: Vec<&Tensor> = tensors.iter().collect();
    let mut raw = Vec::with_capacity(y.len());
    evaluate(op, &tensors, ty).write_bytes(&mut raw);
    y.copy_from_slice(&raw);
}
