//! What products and convolutions share: what of them lies on the device, zero points, biases, forms.

use super::flight::Run;
use super::operands::Operand;
use metisvm_model::{Graph, Op, Value};
use metisvm_opencl::ops::Form;
use metisvm_opencl::{Error, Slice};

/// What of a product lies on the device from compiling on, and the bytes of scratch that an item needs.
#[derive(Debug, Default)]
pub(super) struct Packed {
    pub(super) a: Option<Slice>,
    pub(super) b: Option<Slice>,
    /// What sums begin with, where the left zero point is in it.
    pub(super) start: Option<Slice>,
    pub(super) scratch: usize,
}

/// Rounded up to where pieces of scratch begin.
pub(super) fn aligned(bytes: u64) -> usize {
    (bytes as usize).next_multiple_of(super::compile::ALIGNMENT)
}

/// What a product's left operand is packed as.
pub(super) fn form(graph: &Graph, index: usize) -> Form {
    let operands = &graph.nodes()[index].operands;
    let bytes = operands[..2]
        .iter()
        .all(|&operand| graph.ty(operand).dtype.size() == 1);
    if bytes { Form::Floats } else { Form::Pairs }
}

/// The zero points of a product's weights.
pub(super) fn weight_zeros(run: &Run<'_>, index: usize) -> Result<Slice, Error> {
    let parameters = run.part.parameters.get(&index).and_then(|all| all.first());
    parameters.cloned().ok_or(Error::Sizes("no zero points"))
}

fn scalar(graph: &Graph, value: Value) -> Result<i32, Error> {
    let constant = graph
        .constant(value)
        .ok_or(Error::Sizes("a zero point that is computed"))?;
    Ok(constant.tensor().data()[0])
}

/// The left zero point that packing takes away, and the one that is left to what sums begin with.
pub(super) fn left_zero(graph: &Graph, index: usize) -> Result<(i32, i32), Error> {
    let node = &graph.nodes()[index];
    let zero = scalar(graph, node.operands[2])?;
    // Of 16 bits the difference has 17.
    Ok(match node.op {
        Op::WideMatMul => (0, zero),
        _ => (zero, 0),
    })
}

/// What sums begin with: a bias that is constant, computed, or none. Gives its elements from item to item too.
pub(super) fn bias(run: &Run<'_>, graph: &Graph, index: usize) -> Result<(Operand, u32, u32), Error> {
    let node = &graph.nodes()[index];
    let Some(&value) = node.operands.get(4) else {
        return Ok((run.shared(run.part.zero.clone()), 0, 0));
    };
    if let Some(constant) = run.part.parameters.get(&index).and_then(|all| all.get(1)) {
        return Ok((run.shared(constant.clone()), 0, 1));
    }
    let operand = run.operand(value)?;
    let item = operand.item();
    Ok((operand, item, 1))
}
