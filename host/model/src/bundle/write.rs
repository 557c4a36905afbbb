//! The canonical bytes of a graph.

use super::{ALIGNMENT, MAGIC, OLDEST_VERSION};
use crate::graph::{Node, Parsed, Value};
use crate::op::Window;
use crate::operators;
use crate::tensor::TensorType;
use alloc::vec::Vec;

/// The version that a graph is written in: the oldest that has all its operators.
pub(super) fn version(graph: &Parsed) -> u32 {
    let versions = graph.nodes.iter().map(|node| node.op.operator().since);
    versions.fold(OLDEST_VERSION, u32::max)
}

/// The bytes of a graph in a version that has all its operators.
pub(super) fn encode(graph: &Parsed, version: u32) -> Vec<u8> {
    let mut out = Vec::from(MAGIC);
    let mut word = |v: usize| out.extend_from_slice(&(v as u32).to_le_bytes());
    word(version as usize);
    word(graph.inputs.len());
    word(graph.constants.len());
    word(graph.nodes.len());
    word(graph.outputs.len());
    word(graph.metadata.len());
    out.extend_from_slice(&[0; 8]); // the total length, known at the end
    for port in &graph.inputs {
        put_string(&mut out, &port.name);
        put_type(&mut out, &port.ty);
    }
    for constant in &graph.constants {
        put_type(&mut out, &constant.ty);
    }
    let number = |value| match value {
        Value::Input(i) => i,
        Value::Constant(i) => graph.inputs.len() as u32 + i,
        Value::Node(i) => (graph.inputs.len() + graph.constants.len()) as u32 + i,
    };
    for node in &graph.nodes {
        put_node(&mut out, node, version, number);
    }
    for output in &graph.outputs {
        put_string(&mut out, &output.name);
        out.extend_from_slice(&number(output.value).to_le_bytes());
    }
    for (key, value) in &graph.metadata {
        put_string(&mut out, key);
        put_string(&mut out, value);
    }
    pad(&mut out);
    for constant in &graph.constants {
        out.extend_from_slice(&constant.bytes);
        pad(&mut out);
    }
    let total = out.len() as u64;
    out[32..40].copy_from_slice(&total.to_le_bytes());
    out
}

fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
}

fn put_string(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u16).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn put_node(out: &mut Vec<u8>, node: &Node, version: u32, number: impl Fn(Value) -> u32) {
    out.extend_from_slice(&[node.op.id().0, node.operands.len() as u8]);
    out.extend(node.operands.iter().flat_map(|&v| number(v).to_le_bytes()));
    let length = out.len();
    if version == OLDEST_VERSION {
        operators::write_attributes(&node.op, out);
        return;
    }
    out.extend_from_slice(&[0; 2]); // the length of the attributes, known at their end
    operators::write_attributes(&node.op, out);
    let attributes = (out.len() - length - 2) as u16; // no operator has more than a few words
    out[length..length + 2].copy_from_slice(&attributes.to_le_bytes());
}

/// A type: element type, rank, dimensions.
pub(crate) fn put_type(out: &mut Vec<u8>, ty: &TensorType) {
    out.extend_from_slice(&[ty.dtype.code(), ty.shape.rank() as u8]);
    out.extend(ty.shape.dims().iter().flat_map(|d| d.to_le_bytes()));
}

/// Words, one after the other.
pub(crate) fn put_words(out: &mut Vec<u8>, words: &[u32]) {
    out.extend(words.iter().flat_map(|w| w.to_le_bytes()));
}

/// A window: stride, dilation, padding top, left, bottom, right.
pub(crate) fn put_window(out: &mut Vec<u8>, w: &Window) {
    let p = w.padding;
    put_words(out, &w.stride);
    put_words(out, &w.dilation);
    put_words(out, &[p.top, p.left, p.bottom, p.right]);
}
