//! Moves of whole tensors meet and cancel. A Transpose of a Transpose is one or none, so is a Reshape of a Reshape; and a
//! function of every element is applied before a move instead of after it. What surrounds an operator that takes another
//! layout then disappears, and a function stands next to the product that it follows, which rounds once for both.

use super::find::nameless;
use crate::typed::{Arg, Element, Operator, Typed, TypedNode, ValueId};
use std::collections::BTreeMap;

pub(super) fn join(mut typed: Typed) -> Typed {
    let readers: Vec<usize> = typed.readers().iter().map(Vec::len).collect();
    let mut is_output = vec![false; typed.values.len()];
    for (_, output) in &typed.outputs {
        is_output[*output] = true;
    }
    let nodes = std::mem::take(&mut typed.nodes);
    let mut joined = Joined {
        same: BTreeMap::new(),
        producer: vec![None; typed.values.len()],
        kept: Vec::with_capacity(nodes.len()),
        readers,
        is_output,
        typed,
    };
    for mut node in nodes {
        joined.look_up(&mut node);
        match node.op {
            Operator::Reshape | Operator::Transpose { .. } => joined.push_move(node),
            Operator::Pointwise(_) => joined.push_function(node),
            _ => joined.push(node),
        }
    }
    joined.finish()
}

/// The graph in the making.
struct Joined {
    typed: Typed,
    /// `None` where a node was that has gone elsewhere.
    kept: Vec<Option<TypedNode>>,
    /// The node of `kept` that gives a value.
    producer: Vec<Option<usize>>,
    readers: Vec<usize>,
    is_output: Vec<bool>,
    /// Values that are the same as another.
    same: BTreeMap<ValueId, ValueId>,
}

impl Joined {
    fn push(&mut self, node: TypedNode) {
        self.producer[node.output] = Some(self.kept.len());
        self.kept.push(Some(node));
    }

    fn dims(&self, value: ValueId) -> &[u32] {
        self.typed.values[value].shape.dims()
    }

    /// Operands by what they are the same as.
    fn look_up(&self, node: &mut TypedNode) {
        for input in &mut node.inputs {
            if let Arg::Value(value) = input {
                // At most twice: once for what was not moved, once for what took the name of an output.
                for _ in 0..2 {
                    *value = self.same.get(value).copied().unwrap_or(*value);
                }
            }
        }
    }

    /// The move that gives a value, and what it moves.
    fn moved(&self, value: ValueId) -> Option<(usize, &Operator, ValueId)> {
        let at = self.producer[value]?;
        let before = self.kept[at].as_ref()?;
        match (&before.op, &before.inputs[..]) {
            (op @ (Operator::Reshape | Operator::Transpose { .. }), [Arg::Value(from)]) => {
                Some((at, op, *from))
            }
            _ => None,
        }
    }

    /// A move, as one with those before it where one says it, or none where nothing is moved.
    fn push_move(&mut self, mut node: TypedNode) {
        let [Arg::Value(mut x)] = node.inputs[..] else {
            return self.push(node);
        };
        // Counts of readers only grow here: one too many keeps a move where it is until the pass runs again.
        while let Some((_, before, from)) = self.moved(x)
            && let Some(op) = self.one_move(before, &node.op, from)
        {
            node.op = op;
            x = from;
            self.readers[x] += 1;
        }
        node.inputs = vec![Arg::Value(x)];
        let nothing = matches!(node.op, Operator::Reshape) && self.dims(x) == self.dims(node.output);
        match self.producer[x] {
            _ if !nothing => self.push(node),
            _ if !self.is_output[node.output] => {
                self.same.insert(node.output, x);
                self.readers[x] += self.readers[node.output];
            }
            Some(at) if !self.is_output[x] => {
                // The output is what gives x from now on.
                if let Some(labels) = self.typed.labels.remove(&x) {
                    self.typed.labels.entry(node.output).or_insert(labels);
                }
                if let Some(producer) = &mut self.kept[at] {
                    producer.output = node.output;
                }
                self.producer[node.output] = Some(at);
                self.same.insert(x, node.output);
                self.readers[node.output] += self.readers[x];
            }
            _ => self.push(node),
        }
    }

    /// What two moves are together.
    fn one_move(&self, first: &Operator, then: &Operator, from: ValueId) -> Option<Operator> {
        match (first, then) {
            (Operator::Reshape, Operator::Reshape) => Some(Operator::Reshape),
            (Operator::Transpose { perm: first }, Operator::Transpose { perm: then }) => {
                let perm: Vec<usize> = then.iter().map(|&p| first[p]).collect();
                // Where only dimensions of extent 1 change place, the elements keep theirs.
                let stay = perm.iter().filter(|&&p| self.dims(from)[p] != 1).is_sorted();
                Some(if stay {
                    Operator::Reshape
                } else {
                    Operator::Transpose { perm }
                })
            }
            _ => None,
        }
    }

    /// A function, before the moves that only it reads.
    fn push_function(&mut self, mut node: TypedNode) {
        let [Arg::Value(mut x)] = node.inputs[..] else {
            return self.push(node);
        };
        let mut moves = Vec::new();
        while self.readers[x] == 1
            && let Some((at, _, from)) = self.moved(x)
        {
            moves.extend(self.kept[at].take());
            x = from;
        }
        if moves.is_empty() {
            return self.push(node);
        }
        let (last, element) = (node.output, self.typed.values[node.output].element);
        node.inputs = vec![Arg::Value(x)];
        node.output = self.value(x, element);
        let mut at = node.output;
        self.push(node);
        while let Some(mut after) = moves.pop() {
            after.inputs = vec![Arg::Value(at)];
            at = if moves.is_empty() {
                last
            } else {
                self.value(after.output, element)
            };
            after.output = at;
            self.push(after);
        }
    }

    /// A new value, of the shape of another, that one node reads.
    fn value(&mut self, like: ValueId, element: Element) -> ValueId {
        let shape = self.typed.values[like].shape.clone();
        self.producer.push(None);
        self.readers.push(1);
        self.is_output.push(false);
        nameless(&mut self.typed, shape, element)
    }

    fn finish(mut self) -> Typed {
        let mut nodes: Vec<TypedNode> = std::mem::take(&mut self.kept).into_iter().flatten().collect();
        nodes.iter_mut().for_each(|node| self.look_up(node));
        self.typed.nodes = nodes;
        self.typed
    }
}
