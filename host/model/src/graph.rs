//! The graph, in the two forms it goes through: [`Parsed`], as somebody wrote it, and [`Graph`], typed
//! and proven. Only the second can be run.

mod parsed;

pub use parsed::{Constant, Node, Output, Parsed, Port, Value};

use crate::error::{GraphError, Problem};
use crate::intervals::{ChannelIntervals, Intervals};
use crate::limits::{MAX_COMPUTED_ELEMENTS, MAX_CONSTANT_ELEMENTS_READ, MAX_LIVE_ELEMENTS, MAX_PORT_BYTES};
use crate::liveness::Live;
use crate::operators::{self, OperatorSet};
use crate::range::{Interval, Operand};
use crate::tensor::TensorType;
use crate::types;
use crate::work::Work;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// A graph in canonical order whose types are known and whose accumulators are proven not to overflow.
///
/// Nodes stand in an order in which operands come before their users; every node and every constant
/// is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    parsed: Parsed,
    types: Vec<TensorType>,
    intervals: Intervals,
    operators: OperatorSet,
    work: Work,
    live_elements: u64,
}

impl Graph {
    fn prove(parsed: Parsed) -> Result<Self, GraphError> {
        let inputs = parsed.inputs.iter().map(|port| Interval::of(port.ty.dtype));
        let intervals = Intervals {
            inputs: inputs.collect(),
            ..Intervals::default()
        };
        let operators = parsed.nodes.iter().map(|node| node.op.id()).collect();
        let mut graph = Self {
            parsed,
            types: Vec::new(),
            intervals,
            operators,
            work: Work::NONE,
            live_elements: 0,
        };
        let inputs = graph.inputs().iter().map(|port| port.ty.elements() as u64);
        let outputs = graph.outputs().iter().map(|output| output.value);
        let mut live = Live::new(graph.nodes(), outputs, inputs.sum());
        let (mut computed, mut read) = (0u64, 0u64);
        for (index, node) in graph.parsed.nodes.iter().enumerate() {
            let at = |problem| GraphError {
                node: Some((index, node.op.name())),
                problem,
            };
            let types: Vec<&TensorType> = node.operands.iter().map(|&v| graph.ty(v)).collect();
            let ty = types::infer(&node.op, &types).map_err(at)?;
            computed += ty.elements() as u64;
            let constants = node.operands.iter().filter(|&&v| matches!(v, Value::Constant(_)));
            read += constants.map(|&v| graph.ty(v).elements() as u64).sum::<u64>();
            for (what, count, limit) in [
                ("computed elements", computed, MAX_COMPUTED_ELEMENTS),
                ("elements that live at once", live.make(&ty), MAX_LIVE_ELEMENTS),
                ("constant elements read", read, MAX_CONSTANT_ELEMENTS_READ),
            ] {
                if count > limit {
                    return Err(at(Problem::TooMany { what, count, limit }));
                }
            }
            graph.work = graph.work.saturating_add(Work::of(&node.op, &types, &ty));
            let operands: Vec<Operand> = node.operands.iter().map(|&v| graph.operand(v)).collect();
            // Constants are numbered by first use, so that one that is new is the next.
            for (&value, operand) in node.operands.iter().zip(&operands) {
                if value == Value::Constant(graph.intervals.constants.len() as u32) {
                    graph.intervals.constants.push(operand.range);
                }
            }
            let proven = operators::prove(&node.op, &operands, &ty).map_err(at)?;
            graph.types.push(ty);
            graph.intervals.nodes.push(proven);
            live.done(index, &graph.types);
        }
        graph.live_elements = live.most();
        let inputs: Vec<&TensorType> = graph.inputs().iter().map(|p| &p.ty).collect();
        let outputs: Vec<&TensorType> = graph.outputs().iter().map(|o| graph.ty(o.value)).collect();
        for (what, types) in [("input bytes", &inputs), ("output bytes", &outputs)] {
            let count = types.iter().map(|ty| ty.bytes() as u64).sum();
            if count > MAX_PORT_BYTES {
                return Err(GraphError::graph(Problem::TooMany {
                    what,
                    count,
                    limit: MAX_PORT_BYTES,
                }));
            }
        }
        let ports = Work::of_ports(inputs.into_iter().chain(outputs));
        graph.work = graph.work.saturating_add(ports);
        // Those that no node reads, but an output gives.
        for constant in &graph.parsed.constants[graph.intervals.constants.len()..] {
            let range = Interval::of_values(constant.tensor().data());
            graph.intervals.constants.push(range);
        }
        Ok(graph)
    }

    fn operand(&self, value: Value) -> Operand {
        match value {
            Value::Constant(i) => {
                let values = self.parsed.constants[i as usize].tensor();
                let known = self.intervals.constants.get(i as usize).copied();
                let range = known.unwrap_or_else(|| Interval::of_values(values.data()));
                Operand::constant(range, values)
            }
            _ => Operand::computed(self.intervals.of(value), self.ty(value).clone()),
        }
    }

    /// Inputs, in order.
    pub fn inputs(&self) -> &[Port] {
        &self.parsed.inputs
    }

    /// Constants, in order.
    pub fn constants(&self) -> &[Constant] {
        &self.parsed.constants
    }

    /// Nodes, operands before users.
    pub fn nodes(&self) -> &[Node] {
        &self.parsed.nodes
    }

    /// Outputs, in order.
    pub fn outputs(&self) -> &[Output] {
        &self.parsed.outputs
    }

    /// Text for people and tools.
    pub const fn metadata(&self) -> &BTreeMap<String, String> {
        &self.parsed.metadata
    }

    /// The untyped form, for encoding.
    pub(crate) const fn parsed(&self) -> &Parsed {
        &self.parsed
    }

    /// Takes the proof away again, for tools that edit graphs.
    pub fn into_parsed(self) -> Parsed {
        self.parsed
    }

    /// The type of a value.
    ///
    /// # Panics
    /// If the value is not of this graph.
    pub fn ty(&self, value: Value) -> &TensorType {
        match value {
            Value::Input(i) => &self.parsed.inputs[i as usize].ty,
            Value::Constant(i) => &self.parsed.constants[i as usize].ty,
            Value::Node(i) => &self.types[i as usize],
        }
    }

    /// The constant behind a value, if it is one.
    pub fn constant(&self, value: Value) -> Option<&Constant> {
        match value {
            Value::Constant(i) => self.parsed.constants.get(i as usize),
            _ => None,
        }
    }

    /// What the elements of every value are proven to lie in.
    pub const fn intervals(&self) -> &Intervals {
        &self.intervals
    }

    /// What the elements of node `index` are proven to lie in, channel by channel; `None` where the proof
    /// has one interval for all of them. It is worked out anew at each call, from the constants: kept for
    /// every node it could be larger than the model.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn channel_intervals(&self, index: usize) -> Option<ChannelIntervals> {
        let node = &self.parsed.nodes[index];
        let operands: Vec<Operand> = node.operands.iter().map(|&v| self.operand(v)).collect();
        operators::channels(&node.op, &operands)
    }

    /// The operators that it uses.
    pub const fn operators(&self) -> OperatorSet {
        self.operators
    }

    /// What one execution costs.
    pub const fn work(&self) -> Work {
        self.work
    }

    /// What one execution of node `index` costs, without the inputs and the outputs of the graph.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn node_work(&self, index: usize) -> Work {
        let node = &self.parsed.nodes[index];
        let types: Vec<&TensorType> = node.operands.iter().map(|&v| self.ty(v)).collect();
        Work::of(&node.op, &types, &self.types[index])
    }

    /// The most elements that live at once while the nodes are computed in order: the inputs, and every
    /// result from its node to its last reader, outputs to the end. The reference kernels hold four bytes for
    /// each, and as many for each element of a constant.
    pub const fn live_elements(&self) -> u64 {
        self.live_elements
    }

    /// Bytes of all inputs, concatenated.
    pub fn input_bytes(&self) -> usize {
        self.inputs().iter().map(|p| p.ty.bytes()).sum()
    }

    /// Bytes of all outputs, concatenated.
    pub fn output_bytes(&self) -> usize {
        self.outputs().iter().map(|o| self.ty(o.value).bytes()).sum()
    }
}

#[cfg(test)]
mod tests;
