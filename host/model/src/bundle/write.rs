//! The canonical bytes of a graph, or of the two graphs of a generative model.

use super::{ALIGNMENT, GENERATIVE_VERSION, MAGIC, OLDEST_VERSION};
use crate::generation::Generation;
use crate::graph::{Constant, Node, Parsed, Value};
use crate::op::Window;
use crate::operators;
use crate::tensor::TensorType;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// The version that a graph is written in: the oldest that has all its operators; that of generative models for the two
/// graphs of one.
pub(super) fn version(graph: &Parsed, generation: Option<&Generation>) -> u32 {
    if generation.is_some() {
        return GENERATIVE_VERSION;
    }
    let versions = graph.nodes.iter().map(|node| node.op.operator().since);
    versions.fold(OLDEST_VERSION, u32::max)
}

/// The bytes of a graph in a version that has all its operators, and with it what a generative model has besides.
pub(super) fn encode(graph: &Parsed, generation: Option<&Generation>, version: u32) -> Vec<u8> {
    let prefill = generation.map(|generation| generation.prefill().parsed());
    let (constants, of_prefill) = pool(graph, prefill);
    let mut out = Vec::from(MAGIC);
    let mut word = |v: usize| out.extend_from_slice(&(v as u32).to_le_bytes());
    word(version as usize);
    word(graph.inputs.len());
    word(constants.len());
    word(graph.nodes.len());
    word(graph.outputs.len());
    word(graph.metadata.len());
    out.extend_from_slice(&[0; 8]); // the total length, known at the end
    put_inputs(&mut out, graph);
    for constant in &constants {
        put_type(&mut out, &constant.ty);
    }
    put_nodes(&mut out, graph, version, constants.len(), |constant| constant);
    for (key, value) in &graph.metadata {
        put_string(&mut out, key);
        put_string(&mut out, value);
    }
    if let (Some(generation), Some(prefill)) = (generation, prefill) {
        let counts = [prefill.inputs.len(), prefill.nodes.len(), prefill.outputs.len()];
        put_words(&mut out, &counts.map(|count| count as u32));
        let sampling = generation.sampling();
        put_words(&mut out, &[sampling.multiplier]);
        let ends = generation.end_tokens();
        out.extend_from_slice(&[sampling.shift, ends.len() as u8]); // at most 64
        put_words(&mut out, ends);
        put_inputs(&mut out, prefill);
        put_nodes(&mut out, prefill, version, constants.len(), |constant| {
            of_prefill[constant as usize]
        });
    }
    pad(&mut out);
    for constant in constants {
        out.extend_from_slice(&constant.bytes);
        pad(&mut out);
    }
    let total = out.len() as u64;
    out[32..40].copy_from_slice(&total.to_le_bytes());
    out
}

/// The constants of both graphs: those of the first in its order, then those that only the second has, in its own; and
/// where those of the second are.
fn pool<'g>(graph: &'g Parsed, prefill: Option<&'g Parsed>) -> (Vec<&'g Constant>, Vec<u32>) {
    let mut pool: Vec<&Constant> = graph.constants.iter().collect();
    let Some(prefill) = prefill else {
        return (pool, Vec::new());
    };
    let mut places: BTreeMap<&Constant, u32> = pool.iter().copied().zip(0..).collect();
    let mut place = |constant: &'g Constant| {
        *places.entry(constant).or_insert_with(|| {
            pool.push(constant);
            pool.len() as u32 - 1
        })
    };
    let of_prefill = prefill.constants.iter().map(&mut place).collect();
    (pool, of_prefill)
}

fn put_inputs(out: &mut Vec<u8>, graph: &Parsed) {
    for port in &graph.inputs {
        put_string(out, &port.name);
        put_type(out, &port.ty);
    }
}

/// The nodes and outputs of a graph. `constants` is how many there are in the bundle, `place` where a constant of the
/// graph is among them.
fn put_nodes(out: &mut Vec<u8>, graph: &Parsed, version: u32, constants: usize, place: impl Fn(u32) -> u32) {
    let inputs = graph.inputs.len() as u32;
    let number = |value| match value {
        Value::Input(i) => i,
        Value::Constant(i) => inputs + place(i),
        Value::Node(i) => inputs + constants as u32 + i,
    };
    for node in &graph.nodes {
        put_node(out, node, version, number);
    }
    for output in &graph.outputs {
        put_string(out, &output.name);
        out.extend_from_slice(&number(output.value).to_le_bytes());
    }
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
