//! The one order in which a graph is written, so that equal graphs are equal bytes.
//!
//! Nodes are numbered as a depth-first walk from the outputs leaves them: outputs in declared order,
//! operands in their order, a node after its operands. What no output needs is dropped. Constants are
//! numbered by first use, equal ones once. Inputs keep their place even if nothing reads them: they
//! are the interface.

use crate::error::{GraphError, Problem};
use crate::graph::{Constant, Node, Output, Parsed, Value};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    Open,
    Done,
}

/// The nodes that outputs need, operands before users. Checks every reference on the way.
pub(crate) fn order(graph: &Parsed) -> Result<Vec<usize>, GraphError> {
    let mut marks = alloc::vec![Mark::New; graph.nodes.len()];
    let mut order = Vec::new();
    // An explicit stack of (node, next operand): a deep graph must not exhaust the call stack.
    let mut stack: Vec<(usize, usize)> = Vec::new();
    for (position, output) in graph.outputs.iter().enumerate() {
        visit(graph, output.value, position, None, &mut marks, &mut stack)?;
        while let Some((index, next)) = stack.pop() {
            let node = &graph.nodes[index];
            match node.operands.get(next) {
                Some(&value) => {
                    stack.push((index, next + 1));
                    visit(graph, value, next, Some(index), &mut marks, &mut stack)?;
                }
                None => {
                    marks[index] = Mark::Done;
                    order.push(index);
                }
            }
        }
    }
    Ok(order)
}

fn visit(
    graph: &Parsed,
    value: Value,
    operand: usize,
    user: Option<usize>,
    marks: &mut [Mark],
    stack: &mut Vec<(usize, usize)>,
) -> Result<(), GraphError> {
    let error = |problem| GraphError {
        node: user.map(|i| (i, graph.nodes[i].op.name())),
        problem,
    };
    let (index, count) = match value {
        Value::Input(i) => (i as usize, graph.inputs.len()),
        Value::Constant(i) => (i as usize, graph.constants.len()),
        Value::Node(i) => (i as usize, graph.nodes.len()),
    };
    if index >= count {
        return Err(error(Problem::NoSuchValue { operand }));
    }
    if let Value::Node(_) = value {
        match marks[index] {
            Mark::New => {
                marks[index] = Mark::Open;
                stack.push((index, 0));
            }
            Mark::Open => return Err(error(Problem::Cycle)),
            Mark::Done => {}
        }
    }
    Ok(())
}

/// The graph with its nodes in that order, and for each the position it had.
pub(crate) fn rearrange(graph: Parsed, order: &[usize]) -> (Parsed, Vec<usize>) {
    let Parsed {
        inputs,
        constants,
        nodes,
        outputs,
        metadata,
    } = graph;
    let mut position = alloc::vec![0u32; nodes.len()];
    for (new, &old) in order.iter().enumerate() {
        position[old] = new as u32;
    }
    let numbers = alloc::vec![None; constants.len()];
    let mut used = Constants {
        old: constants,
        numbers,
        by_content: BTreeMap::new(),
        order: Vec::new(),
    };
    let mut renumber = |value| match value {
        Value::Input(i) => Value::Input(i),
        Value::Node(i) => Value::Node(position[i as usize]),
        Value::Constant(i) => Value::Constant(used.number(i as usize)),
    };
    let nodes: Vec<Node> = order
        .iter()
        .map(|&old| Node {
            op: nodes[old].op.clone(),
            operands: nodes[old].operands.iter().map(|&v| renumber(v)).collect(),
        })
        .collect();
    let outputs = outputs
        .into_iter()
        .map(|o| Output {
            name: o.name,
            value: renumber(o.value),
        })
        .collect();
    let constants = used.finish();
    (
        Parsed {
            inputs,
            constants,
            nodes,
            outputs,
            metadata,
        },
        order.to_vec(),
    )
}

/// Constants in the order of their first use.
struct Constants {
    old: Vec<Constant>,
    /// The new number of each, once it has one.
    numbers: Vec<Option<u32>>,
    /// From the hash of the content, so that large weights are not compared over and over.
    by_content: BTreeMap<[u8; 32], u32>,
    order: Vec<usize>,
}

impl Constants {
    fn number(&mut self, old: usize) -> u32 {
        if let Some(number) = self.numbers[old] {
            return number;
        }
        let constant = &self.old[old];
        let mut head = Vec::from([constant.ty.dtype.code()]);
        head.extend(constant.ty.shape.dims().iter().flat_map(|d| d.to_le_bytes()));
        let key = crate::bundle::keccak256(&[&head, b"|", &constant.bytes]);
        let next = self.order.len() as u32;
        let number = *self.by_content.entry(key).or_insert_with(|| {
            self.order.push(old);
            next
        });
        self.numbers[old] = Some(number);
        number
    }

    fn finish(self) -> Vec<Constant> {
        let mut old: Vec<Option<Constant>> = self.old.into_iter().map(Some).collect();
        self.order.iter().filter_map(|&i| old[i].take()).collect()
    }
}
