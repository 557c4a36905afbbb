//! Which nodes the backend takes.

use metisvm_model::{Graph, Node, Op, Value};
use std::ops::Range;

/// The runs of neighbouring nodes that the backend takes.
pub fn takes(graph: &Graph) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (index, node) in graph.nodes().iter().enumerate() {
        if !takes_node(node) {
            continue;
        }
        match runs.last_mut() {
            Some(run) if run.end == index => run.end += 1,
            _ => runs.push(index..index + 1),
        }
    }
    runs
}

/// Every operator of bundles up to version 2, but for nodes whose zero points, requantisation parameters or clamp bounds
/// are computed, products of 16 bits whose bias is, and reductions and windows of a constant.
fn takes_node(node: &Node) -> bool {
    let constant = |place: usize| matches!(node.operands.get(place), None | Some(Value::Constant(_)));
    let computed = |place: usize| !constant(place);
    match node.op {
        Op::MatMul => constant(2) && constant(3),
        Op::WideMatMul => constant(2) && constant(3) && constant(4),
        Op::Conv2d { .. } => computed(0) && constant(2) && constant(3),
        Op::Requantise { .. } => constant(1) && constant(2) && constant(3),
        Op::Clamp => constant(1) && constant(2),
        Op::MaxPool2d { .. }
        | Op::ArgMax { .. }
        | Op::ReduceSum { .. }
        | Op::ReduceMax { .. }
        | Op::InvNorm { .. } => computed(0),
        Op::Add
        | Op::Sub
        | Op::Mul { .. }
        | Op::Table
        | Op::Interpolate
        | Op::Reciprocal { .. }
        | Op::Reshape { .. }
        | Op::Gather { .. }
        | Op::Transpose { .. }
        | Op::Concat { .. } => true,
        _ => false,
    }
}
