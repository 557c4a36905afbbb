//! When results die: after their last reader, in the order of the nodes.
//!
//! A graph is bounded by what lives at once, the reference drops what is dead, and both go by this list, so
//! that the bound holds of what the reference does.

use crate::graph::{Node, Value};
use crate::tensor::TensorType;
use alloc::vec::Vec;

/// For each of `nodes`, which begin with node number `first`: the results, of these nodes, that nothing reads
/// after it, by node number. Outputs never die.
pub(crate) fn dead_after(
    nodes: &[Node],
    first: usize,
    outputs: impl Iterator<Item = Value>,
) -> Vec<Vec<usize>> {
    let own = |value: Value| match value {
        Value::Node(node) => (node as usize).checked_sub(first).filter(|&at| at < nodes.len()),
        _ => None,
    };
    // A result that nothing reads dies where it is made.
    let mut last: Vec<Option<usize>> = (0..nodes.len()).map(Some).collect();
    for (reader, node) in nodes.iter().enumerate() {
        for at in node.operands.iter().filter_map(|&value| own(value)) {
            last[at] = Some(reader);
        }
    }
    for at in outputs.filter_map(own) {
        last[at] = None;
    }
    let mut dead = alloc::vec![Vec::new(); nodes.len()];
    for (at, last) in last.into_iter().enumerate() {
        if let Some(last) = last {
            dead[last].push(first + at);
        }
    }
    dead
}

/// Elements that live at once while a graph is computed node by node: its inputs, every result until its
/// last reader, outputs to the end.
#[derive(Debug)]
pub(crate) struct Live {
    dead: Vec<Vec<usize>>,
    now: u64,
    most: u64,
}

impl Live {
    /// Before the first node.
    pub(crate) fn new(nodes: &[Node], outputs: impl Iterator<Item = Value>, inputs: u64) -> Self {
        Self {
            dead: dead_after(nodes, 0, outputs),
            now: inputs,
            most: inputs,
        }
    }

    /// The next node makes a result; gives what lives while it does.
    pub(crate) fn make(&mut self, ty: &TensorType) -> u64 {
        self.now = self.now.saturating_add(ty.elements() as u64);
        self.most = self.most.max(self.now);
        self.now
    }

    /// Node `index` is done: what it read last dies.
    pub(crate) fn done(&mut self, index: usize, types: &[TensorType]) {
        let dead = self.dead.get(index).into_iter().flatten();
        let elements = dead
            .filter_map(|&node| types.get(node))
            .map(|ty| ty.elements() as u64);
        self.now -= elements.sum::<u64>();
    }

    /// The most so far.
    pub(crate) const fn most(&self) -> u64 {
        self.most
    }
}

#[cfg(test)]
mod tests;
