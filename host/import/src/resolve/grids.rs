//! Whether bytes that go in are integers of a grid or whole numbers: the type alone does not say it.

use onnx_rs::ast::Graph;
use std::collections::HashSet;

/// Operators that only bring elements elsewhere.
const MOVES: &[&str] = &[
    "Concat",
    "DepthToSpace",
    "Expand",
    "Flatten",
    "Gather",
    "Identity",
    "MaxPool",
    "Pad",
    "Reshape",
    "Slice",
    "SpaceToDepth",
    "Split",
    "Squeeze",
    "Tile",
    "Transpose",
    "Unsqueeze",
];

/// Operators that take integers of a grid, beside those whose names begin with QLinear.
const ON_GRIDS: &[&str] = &[
    "ConvInteger",
    "DequantizeLinear",
    "MatMulInteger",
    "MatMulIntegerToFloat",
    "QAttention",
    "QGemm",
];

/// The inputs that an operator of quantised files reads, at once or after moves.
pub(super) fn on_grids<'m>(graph: &'m Graph<'m>) -> HashSet<&'m str> {
    let mut found: HashSet<&str> = HashSet::new();
    // Readers mostly stand behind what they read, so that one walk backwards sees the moves in between.
    for node in graph.node.iter().rev() {
        let operator = node.op_type.as_str();
        let reads = operator.starts_with("QLinear") || ON_GRIDS.contains(&operator);
        let passes = MOVES.contains(&operator) && node.output.iter().any(|output| found.contains(output));
        if reads || passes {
            found.extend(node.input.iter().copied().filter(|input| !input.is_empty()));
        }
    }
    found
}
