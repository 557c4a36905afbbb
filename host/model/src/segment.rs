//! A run of neighbouring nodes: what one engine takes of a graph.

use crate::graph::{Graph, Value};
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

/// Neighbouring nodes of a graph, with the values that enter and leave them.
#[derive(Clone, Debug)]
pub struct Segment {
    graph: Arc<Graph>,
    nodes: Range<usize>,
    inputs: Vec<Value>,
    outputs: Vec<Value>,
}

impl Segment {
    /// The whole graph; its inputs and outputs are those that the graph declares.
    pub fn whole(graph: Arc<Graph>) -> Self {
        let inputs = (0..graph.inputs().len() as u32).map(Value::Input).collect();
        let outputs = graph.outputs().iter().map(|o| o.value).collect();
        Self {
            nodes: 0..graph.nodes().len(),
            inputs,
            outputs,
            graph,
        }
    }

    /// The nodes of `range`. Inputs are the values they read from outside (constants apart), in the
    /// order of [`Value`]; outputs the results that later nodes or the graph's outputs read.
    ///
    /// # Panics
    /// If the range is not within the graph.
    pub fn part(graph: Arc<Graph>, range: Range<usize>) -> Self {
        let outside = |value: &Value| match value {
            Value::Input(_) => true,
            Value::Constant(_) => false,
            Value::Node(i) => !range.contains(&(*i as usize)),
        };
        let reads = |nodes: Range<usize>| {
            graph.nodes()[nodes]
                .iter()
                .flat_map(|n| n.operands.iter().copied())
        };
        let inputs: BTreeSet<Value> = reads(range.clone()).filter(outside).collect();
        let later = reads(range.end..graph.nodes().len()).chain(graph.outputs().iter().map(|o| o.value));
        let inside = |value: &Value| matches!(value, Value::Node(i) if range.contains(&(*i as usize)));
        let outputs: BTreeSet<Value> = later.filter(inside).collect();
        let (inputs, outputs) = (inputs.into_iter().collect(), outputs.into_iter().collect());
        Self {
            graph,
            nodes: range,
            inputs,
            outputs,
        }
    }

    /// One node with its result as the output, whether or not anything reads it. Unlike [`Segment::part`] it looks
    /// at no other node.
    ///
    /// # Panics
    /// If the node is not one of the graph.
    pub fn node(graph: Arc<Graph>, index: usize) -> Self {
        let operands = graph.nodes()[index].operands.iter().copied();
        let inputs: BTreeSet<Value> = operands
            .filter(|value| !matches!(value, Value::Constant(_)))
            .collect();
        Self {
            inputs: inputs.into_iter().collect(),
            outputs: [Value::Node(index as u32)].into(),
            nodes: index..index + 1,
            graph,
        }
    }

    /// The graph that this is a part of.
    pub const fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }

    /// Which nodes.
    pub fn nodes(&self) -> Range<usize> {
        self.nodes.clone()
    }

    /// What enters, in the order in which raw tensors are concatenated.
    pub fn inputs(&self) -> &[Value] {
        &self.inputs
    }

    /// What leaves, in the order in which raw tensors are concatenated.
    pub fn outputs(&self) -> &[Value] {
        &self.outputs
    }

    /// Bytes of all inputs.
    pub fn input_bytes(&self) -> usize {
        self.inputs.iter().map(|&v| self.graph.ty(v).bytes()).sum()
    }

    /// Bytes of all outputs.
    pub fn output_bytes(&self) -> usize {
        self.outputs.iter().map(|&v| self.graph.ty(v).bytes()).sum()
    }
}
