//! How many multiply-accumulates a node has: what backends count.

use metisvm_model::{Graph, Op, Value};

/// Multiply-accumulates of a node.
pub(crate) fn macs(graph: &Graph, index: usize) -> u64 {
    let node = &graph.nodes()[index];
    let result = graph.ty(Value::Node(index as u32)).elements() as u64;
    match node.op {
        Op::MatMul | Op::WideMatMul => {
            let x = &graph.ty(node.operands[0]).shape;
            result * x.dim(x.rank() - 1) as u64
        }
        Op::Conv2d { .. } => {
            let w = graph.ty(node.operands[1]);
            result * (w.elements() / w.shape.dim(0)) as u64
        }
        _ => 0,
    }
}
