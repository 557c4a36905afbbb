//! Who reads what: the values behind reshapes, the nodes that read them, and how many of those are still open.

use metisvm_model::{Op, Segment, Value};
use std::collections::BTreeMap;

/// The readers of the values of a part. Every question takes the same short time however large the part is: a
/// part is compiled inside a block, and gas pays for its nodes, not for pairs of them.
pub(super) struct Readers {
    /// The first node of the part.
    first: usize,
    /// What each node's result is, however often it was reshaped.
    roots: Vec<Value>,
    /// Nodes that read a value, by its root, in their order.
    by_root: BTreeMap<Value, Vec<usize>>,
    /// How many readers of a value are open: nodes that are not done, and whoever takes the outputs.
    open: BTreeMap<Value, usize>,
    /// Values that nothing may read any more since they were last asked for.
    closed: Vec<Value>,
}

impl Readers {
    /// Of a part, and of whoever takes the values that are `kept`.
    pub(super) fn new(segment: &Segment, kept: &[Value]) -> Self {
        let nodes = segment.nodes();
        let mut readers = Self {
            first: nodes.start,
            roots: Vec::with_capacity(nodes.len()),
            by_root: BTreeMap::new(),
            open: BTreeMap::new(),
            closed: Vec::new(),
        };
        for index in nodes {
            let node = &segment.graph().nodes()[index];
            // Operands come before their readers, so their roots are known.
            let root = match node.op {
                Op::Reshape { .. } => readers.root(node.operands[0]),
                _ => Value::Node(index as u32),
            };
            readers.roots.push(root);
            if matches!(node.op, Op::Reshape { .. }) {
                continue;
            }
            for &operand in &node.operands {
                let root = readers.root(operand);
                let by_nodes = readers.by_root.entry(root).or_default();
                if by_nodes.last() != Some(&index) {
                    by_nodes.push(index);
                    *readers.open.entry(root).or_default() += 1;
                }
            }
        }
        for &output in kept {
            *readers.open.entry(readers.root(output)).or_default() += 1;
        }
        readers
    }

    /// What a value is, however often it was reshaped.
    pub(super) fn root(&self, value: Value) -> Value {
        let Value::Node(index) = value else { return value };
        let own = (index as usize).checked_sub(self.first);
        own.and_then(|at| self.roots.get(at)).copied().unwrap_or(value)
    }

    /// The nodes that read a value, by its root, in their order.
    pub(super) fn of(&self, root: Value) -> &[usize] {
        self.by_root.get(&root).map_or(&[], Vec::as_slice)
    }

    /// Whether a node that is not done reads a value, or it is an output.
    pub(super) fn is_open(&self, root: Value) -> bool {
        self.open.get(&root).is_some_and(|&count| count > 0)
    }

    /// Whether all that reads a value is nodes that are not done yet.
    pub(super) fn is_for_nodes(&self, root: Value) -> bool {
        self.open.get(&root).copied().unwrap_or_default() == self.of(root).len()
    }

    /// A node is done: it reads its operands no more. Once for each node.
    pub(super) fn done(&mut self, operands: &[Value]) {
        for (at, &operand) in operands.iter().enumerate() {
            let root = self.root(operand);
            // A node with a value in two places is one reader.
            if operands[..at].iter().any(|&before| self.root(before) == root) {
                continue;
            }
            if let Some(count) = self.open.get_mut(&root) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.closed.push(root);
                }
            }
        }
    }

    /// A value has a place: if nothing reads it, it will be among the closed ones.
    pub(super) fn placed(&mut self, root: Value) {
        if !self.is_open(root) {
            self.closed.push(root);
        }
    }

    /// Values that nothing reads any more, in their order, each once; those given before are left out.
    pub(super) fn take_closed(&mut self) -> Vec<Value> {
        let mut closed = std::mem::take(&mut self.closed);
        closed.sort_unstable();
        closed.dedup();
        closed
    }
}
