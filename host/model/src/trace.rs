//! A run of the reference kernels, laid open: of every step what it read, what it gave, and what the overflow
//! proof knows of both. A prover takes its witness and the widths of its range checks from it, a checker what
//! it compares with.
//!
//! [`Reference::trace`] shows one step after the other and keeps nothing, so that a large model needs no more
//! memory than a plain run; [`Reference::collect_trace`] keeps every value, four bytes an element.

use crate::graph::{Graph, Value};
use crate::intervals::{ChannelIntervals, NodeIntervals};
use crate::op::Op;
use crate::range::Interval;
use crate::reference::{Reference, WrongInputLength};
use crate::tensor::{Tensor, TensorType};
use crate::{kernels, limits};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// One node of a run.
#[derive(Clone, Copy, Debug)]
pub struct TraceStep<'a> {
    /// The graph that it is of.
    pub graph: &'a Graph,
    /// The position of the node in the graph.
    pub node: usize,
    /// The elements of each operand, in the order of [`Self::operands`].
    pub tensors: &'a [&'a Tensor],
    /// The elements of the result.
    pub result: &'a Tensor,
}

impl<'a> TraceStep<'a> {
    /// The operator with its attributes.
    pub fn op(&self) -> &'a Op {
        &self.graph.nodes()[self.node].op
    }

    /// Which values the operator reads.
    pub fn operands(&self) -> &'a [Value] {
        &self.graph.nodes()[self.node].operands
    }

    /// The value that it gives.
    pub const fn value(&self) -> Value {
        Value::Node(self.node as u32) // a graph has at most MAX_NODES
    }

    /// The type of the result.
    pub fn ty(&self) -> &'a TensorType {
        self.graph.ty(self.value())
    }

    /// What is proven of the result and of what is computed on the way.
    pub fn intervals(&self) -> &'a NodeIntervals {
        self.graph.intervals().node(self.node)
    }

    /// What is proven of the result channel by channel, where that is more; see
    /// [`Graph::channel_intervals`].
    pub fn channel_intervals(&self) -> Option<ChannelIntervals> {
        self.graph.channel_intervals(self.node)
    }

    /// What is proven of each operand.
    pub fn operand_intervals(&self) -> impl Iterator<Item = Interval> + 'a {
        let intervals = self.graph.intervals();
        self.operands().iter().map(|&value| intervals.of(value))
    }

    /// Checks the step by itself, whoever made it: operands and result have the types of the graph and lie
    /// in their intervals, constants are the graph's, and the result is what the kernel gives for the
    /// operands. A run is right if its inputs are the inputs, every step passes, and every step reads what
    /// the others gave.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), StepFault> {
        let operands = self.operands();
        if operands.len() != self.tensors.len() {
            return Err(StepFault::Operands {
                expected: operands.len(),
                actual: self.tensors.len(),
            });
        }
        // The kernels trust types and intervals: both come first.
        for (&value, tensor) in operands.iter().zip(self.tensors) {
            check_value(self.graph, value, tensor)?;
            if self
                .graph
                .constant(value)
                .is_some_and(|constant| constant.tensor() != **tensor)
            {
                return Err(StepFault::Constant { value });
            }
        }
        check_value(self.graph, self.value(), self.result)?;
        let expected = kernels::evaluate(self.op(), self.tensors, self.ty());
        let pairs = expected.data().iter().zip(self.result.data());
        match pairs
            .enumerate()
            .find(|(_, (expected, actual))| expected != actual)
        {
            None => Ok(()),
            Some((element, (&expected, &actual))) => Err(StepFault::Result {
                element,
                expected,
                actual,
            }),
        }
    }
}

/// Checks that a tensor has the type that a graph gives a value, and that its elements are in the value's
/// interval.
fn check_value(graph: &Graph, value: Value, tensor: &Tensor) -> Result<(), StepFault> {
    if tensor.ty() != graph.ty(value) {
        return Err(StepFault::Type {
            value,
            expected: graph.ty(value).clone(),
            actual: tensor.ty().clone(),
        });
    }
    let interval = graph.intervals().of(value);
    let outside = |&&v: &&i32| !interval.contains(v.into());
    match tensor.data().iter().find(outside) {
        None => Ok(()),
        Some(&element) => Err(StepFault::Outside {
            value,
            element,
            interval,
        }),
    }
}

/// What is wrong with a step of a trace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StepFault {
    /// More or fewer operands than the node has.
    #[error("the step has {actual} operands, its node {expected}")]
    Operands {
        /// Of the node.
        expected: usize,
        /// Of the step.
        actual: usize,
    },
    /// A tensor of another type than its value.
    #[error("{value:?} is of type {expected}, not {actual}")]
    Type {
        /// Which value.
        value: Value,
        /// The type that the graph gives it.
        expected: TensorType,
        /// The tensor's.
        actual: TensorType,
    },
    /// An element outside of what is proven of it.
    #[error("{value:?} has the element {element}, outside of {}..={}", interval.low, interval.high)]
    Outside {
        /// Which value.
        value: Value,
        /// The element.
        element: i32,
        /// What is proven of it.
        interval: Interval,
    },
    /// Other elements than the constant of the graph has.
    #[error("{value:?} has other elements in the graph")]
    Constant {
        /// Which value.
        value: Value,
    },
    /// An element that the kernel does not give.
    #[error("element {element} of the result is {actual}; the kernel gives {expected}")]
    Result {
        /// Its position, row-major.
        element: usize,
        /// What the kernel gives.
        expected: i32,
        /// What the step says.
        actual: i32,
    },
}

impl Reference {
    /// Runs as [`Reference::run`] does, and shows every step to `visit`, in the order of the nodes. Nothing
    /// of a step outlives the call but what `visit` keeps.
    ///
    /// # Errors
    /// If the length is not exactly that of the inputs.
    pub fn trace(
        &self,
        input: &[u8],
        mut visit: impl FnMut(TraceStep<'_>),
    ) -> Result<Vec<u8>, WrongInputLength> {
        let graph = self.segment().graph();
        self.run_with(input, |step| {
            let result = step.evaluate();
            visit(TraceStep {
                graph,
                node: step.node,
                tensors: step.operands,
                result: &result,
            });
            result
        })
    }

    /// Runs as [`Reference::run`] does and keeps the result of every node: at most
    /// [`MAX_COMPUTED_ELEMENTS`](limits::MAX_COMPUTED_ELEMENTS) elements of four bytes.
    ///
    /// # Errors
    /// If the length is not exactly that of the inputs.
    pub fn collect_trace(&self, input: &[u8]) -> Result<Trace, WrongInputLength> {
        let mut results = Vec::with_capacity(self.segment().nodes().len().min(limits::MAX_NODES));
        let output = self.trace(input, |step| results.push(step.result.clone()))?;
        let graph = self.segment().graph().clone();
        let mut entering = Vec::new();
        let mut rest = input;
        for &value in self.segment().inputs() {
            let ty = graph.ty(value);
            let (bytes, after) = rest.split_at(ty.bytes());
            entering.extend(Tensor::from_bytes(ty.clone(), bytes).map(|tensor| (value, tensor)));
            rest = after;
        }
        Ok(Trace {
            graph,
            first: self.segment().nodes().start,
            entering,
            results,
            output,
        })
    }
}

/// Every value of one run of a graph, or of a part of one.
#[derive(Clone, Debug)]
pub struct Trace {
    graph: Arc<Graph>,
    /// The first node that ran.
    first: usize,
    /// What entered: inputs of the graph, and of a part what nodes before it gave.
    entering: Vec<(Value, Tensor)>,
    results: Vec<Tensor>,
    output: Vec<u8>,
}

impl Trace {
    /// The graph.
    pub const fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }

    /// What entered the run, in the order of the raw input.
    pub fn inputs(&self) -> impl ExactSizeIterator<Item = (Value, &Tensor)> {
        self.entering.iter().map(|(value, tensor)| (*value, tensor))
    }

    /// The result of every node that ran, with its position in the graph.
    pub fn results(&self) -> impl ExactSizeIterator<Item = (usize, &Tensor)> {
        let first = self.first;
        self.results
            .iter()
            .enumerate()
            .map(move |(at, tensor)| (first + at, tensor))
    }

    /// The elements of an input or of the result of a node. Constants are in the graph; of them, and of what
    /// was not part of the run, there is nothing here.
    pub fn value(&self, value: Value) -> Option<&Tensor> {
        let entered = self.entering.iter().find(|(entering, _)| *entering == value);
        match (entered, value) {
            (Some((_, tensor)), _) => Some(tensor),
            (None, Value::Node(i)) => self.results.get((i as usize).checked_sub(self.first)?),
            (None, _) => None,
        }
    }

    /// The outputs, raw, as [`Reference::run`] gives them.
    pub fn output(&self) -> &[u8] {
        &self.output
    }
}
