//! Operators that have no integer form here, whatever their operands are.

use super::blockers::Blockers;
use super::name::node_name;
use crate::error::{ImportError, Problem};
use crate::{fold, operators};
use onnx_rs::ast::{Graph, Node};

/// Whether a node's operator is one of those that are known.
pub(super) fn check(node: &Node<'_>) -> Result<(), Problem> {
    let operator = node.op_type.as_str();
    let own = matches!(node.domain, "" | "ai.onnx");
    let known = operators::translator(node.domain, operator).is_some()
        || own && (fold::knows(operator) || operator == "If");
    if known {
        Ok(())
    } else {
        Err(operators::unsupported(node.domain, operator))
    }
}

/// Where dimensions of inputs are open nothing else can be looked at; which operators are not known can be said all the
/// same, so that nobody finds out extents for a file that does not import.
pub(super) fn beside(error: ImportError, graph: &Graph<'_>, live: &[usize]) -> ImportError {
    let open = match &error {
        ImportError::Model(problem) if matches!(**problem, Problem::Open { .. }) => problem.clone(),
        _ => return error,
    };
    let nodes = live
        .iter()
        .filter_map(|&index| Some((index, graph.node.get(index)?)));
    let mut wrong = nodes.filter_map(|(index, node)| Some((check(node).err()?, node_name(index, node))));
    let mut blockers = Blockers::default();
    let first = graph.input.first().map_or("", |input| input.name);
    blockers.add(ImportError::tensor("input", first, *open));
    let Some((problem, name)) = wrong.next() else {
        return error;
    };
    blockers.add(problem.at(&name));
    for (problem, name) in wrong {
        blockers.add(problem.at(&name));
    }
    blockers.into_error().unwrap_or(error)
}
