//! What a node is called where something is said of it.

use crate::error::NodeName;
use onnx_rs::ast::Node;

pub(super) fn node_name(index: usize, node: &Node<'_>) -> NodeName {
    let named = [node.name, node.output.first().copied().unwrap_or_default()];
    let operator = node.op_type.as_str();
    NodeName {
        index,
        name: named
            .into_iter()
            .find(|n| !n.is_empty())
            .map_or_else(|| format!("#{index}"), str::to_string),
        operator: if node.domain.is_empty() {
            operator.to_string()
        } else {
            format!("{}.{operator}", node.domain)
        },
    }
}
