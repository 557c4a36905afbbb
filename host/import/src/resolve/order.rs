//! The order of nodes: operands before users, what no output needs left out.

use super::name::node_name;
use crate::error::{ImportError, NodeName, Problem};
use onnx_rs::ast::Graph;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

/// Operands that one node may have.
const MAX_NODE_INPUTS: usize = 64;

/// The order in which to visit nodes, and which to leave out.
pub(super) struct Order {
    pub(super) live: Vec<usize>,
    pub(super) dropped: Vec<NodeName>,
}

impl Order {
    /// Sorts the nodes of a graph, of which some names are `given` as inputs and some `stored` as initializers.
    ///
    /// # Errors
    /// If a name is given twice or never, or nodes depend on each other in a circle.
    pub(super) fn of(
        graph: &Graph<'_>,
        given: impl Fn(&str) -> bool,
        stored: impl Fn(&str) -> bool,
    ) -> Result<Self, ImportError> {
        if graph.node.is_empty() {
            return Err(match graph.output.first() {
                Some(o) if !given(o.name) => {
                    ImportError::tensor("output", o.name, Problem::NoSuchValue(o.name.to_string()))
                }
                _ => ImportError::model(Problem::Missing("node")),
            });
        }
        let name = |i: usize| node_name(i, &graph.node[i]);
        let mut producer = HashMap::new();
        for (index, node) in graph.node.iter().enumerate() {
            for &output in node.output.iter().filter(|o| !o.is_empty()) {
                let taken = given(output) || stored(output);
                if taken || producer.insert(output, index).is_some() {
                    return Err(Problem::Duplicate(output.to_string()).at(&name(index)));
                }
            }
        }
        let mut readers = vec![Vec::new(); graph.node.len()];
        let mut waiting = vec![0usize; graph.node.len()];
        for (index, node) in graph.node.iter().enumerate() {
            if node.input.len() > MAX_NODE_INPUTS {
                return Err(Problem::Count {
                    what: "operands",
                    actual: node.input.len(),
                    expected: "at most 64",
                }
                .at(&name(index)));
            }
            for &input in node.input.iter().filter(|i| !i.is_empty()) {
                match producer.get(input) {
                    Some(&from) => {
                        readers[from].push(index);
                        waiting[index] += 1;
                    }
                    None if given(input) || stored(input) => {}
                    None => return Err(Problem::NoSuchValue(input.to_string()).at(&name(index))),
                }
            }
        }
        // Of the nodes that are ready always the first of the file: the order depends on it alone.
        let mut ready: BinaryHeap<Reverse<usize>> = (0..graph.node.len())
            .filter(|&i| waiting[i] == 0)
            .map(Reverse)
            .collect();
        let mut order = Vec::new();
        while let Some(Reverse(index)) = ready.pop() {
            order.push(index);
            for &reader in &readers[index] {
                waiting[reader] -= 1;
                if waiting[reader] == 0 {
                    ready.push(Reverse(reader));
                }
            }
        }
        if let Some(index) = (0..graph.node.len()).find(|&i| waiting[i] > 0) {
            return Err(Problem::Cycle.at(&name(index)));
        }
        let mut live = BTreeSet::new();
        let mut open: Vec<usize> = graph
            .output
            .iter()
            .filter_map(|o| producer.get(o.name).copied())
            .collect();
        while let Some(index) = open.pop() {
            if live.insert(index) {
                let inputs = &graph.node[index].input;
                open.extend(inputs.iter().filter_map(|&i| producer.get(i).copied()));
            }
        }
        let dropped = (0..graph.node.len())
            .filter(|i| !live.contains(i))
            .map(name)
            .collect();
        order.retain(|i| live.contains(i));
        Ok(Self { live: order, dropped })
    }
}
