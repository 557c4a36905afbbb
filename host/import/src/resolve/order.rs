//! The order of nodes: operands before users, what no output needs left out.

use super::name::node_name;
use crate::error::{ImportError, NodeName, Problem};
use onnx_rs::ast::{Graph, Node};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};

/// Operands that one node may have: polynomials of features are joined column by column.
const MAX_NODE_INPUTS: usize = 4096;

/// The order in which to visit nodes, and which to leave out.
pub(super) struct Order {
    pub(super) live: Vec<usize>,
    pub(super) dropped: Vec<NodeName>,
}

/// What a node reads: its operands, and what its subgraphs take from outside.
pub(super) fn read<'m>(node: &'m Node<'m>) -> Vec<&'m str> {
    let mut names: Vec<&str> = node.input.iter().copied().filter(|i| !i.is_empty()).collect();
    // Subgraphs nest no deeper than messages may.
    let mut open: Vec<&Graph<'_>> = node.attribute.iter().filter_map(|a| a.g.as_deref()).collect();
    let mut own = HashSet::new();
    let mut taken = Vec::new();
    while let Some(graph) = open.pop() {
        own.extend(graph.input.iter().map(|i| i.name));
        own.extend(graph.initializer.iter().map(onnx_rs::ast::TensorProto::name));
        taken.extend(graph.output.iter().map(|o| o.name));
        for inner in &graph.node {
            own.extend(inner.output.iter().copied());
            taken.extend(inner.input.iter().copied().filter(|i| !i.is_empty()));
            open.extend(inner.attribute.iter().filter_map(|a| a.g.as_deref()));
        }
    }
    names.extend(taken.into_iter().filter(|name| !own.contains(name)));
    names
}

impl Order {
    /// Sorts the nodes of a graph that `roots` need, of which some names are `given` and some `stored` as
    /// initializers.
    ///
    /// # Errors
    /// If a name is given twice or never, or nodes depend on each other in a circle.
    pub(super) fn of(
        graph: &Graph<'_>,
        roots: &[&str],
        given: impl Fn(&str) -> bool,
        stored: impl Fn(&str) -> bool,
    ) -> Result<Self, ImportError> {
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
        let mut live = BTreeSet::new();
        let mut reads: HashMap<usize, Vec<&str>> = HashMap::new();
        let mut open: Vec<usize> = roots.iter().filter_map(|o| producer.get(o).copied()).collect();
        while let Some(index) = open.pop() {
            if live.insert(index) {
                let node = &graph.node[index];
                if node.input.len() > MAX_NODE_INPUTS {
                    return Err(Problem::Count {
                        what: "operands",
                        actual: node.input.len(),
                        expected: "at most 4096",
                    }
                    .at(&name(index)));
                }
                let names = read(node);
                open.extend(names.iter().filter_map(|i| producer.get(i).copied()));
                reads.insert(index, names);
            }
        }
        let mut readers = vec![Vec::new(); graph.node.len()];
        let mut waiting = vec![0usize; graph.node.len()];
        for &index in &live {
            for &input in reads.get(&index).into_iter().flatten() {
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
        let mut ready: BinaryHeap<Reverse<usize>> = live
            .iter()
            .copied()
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
        if let Some(&index) = live.iter().find(|&&i| waiting[i] > 0) {
            return Err(Problem::Cycle.at(&name(index)));
        }
        let dropped = (0..graph.node.len())
            .filter(|i| !live.contains(i))
            .map(name)
            .collect();
        Ok(Self { live: order, dropped })
    }
}
