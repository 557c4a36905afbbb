//! The reference executor: every node in order, by its kernel.

use crate::graph::{Graph, Value};
use crate::kernels;
use crate::segment::Segment;
use crate::tensor::{Tensor, TensorType};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A graph, or a part of one, made ready for the reference kernels: its constants are widened once.
#[derive(Debug)]
pub struct Reference {
    segment: Segment,
    /// By position in the graph; `None` where no node of the segment reads it.
    constants: Vec<Option<Tensor>>,
    /// For each node of the segment, the nodes whose results nothing reads after it.
    last_read: Vec<Vec<usize>>,
}

/// An input had another length than the graph declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the input has {actual} bytes; the model takes {expected}")]
pub struct WrongInputLength {
    /// Bytes of all declared inputs.
    pub expected: usize,
    /// Bytes given.
    pub actual: usize,
}

impl Reference {
    /// Makes a whole graph ready.
    pub fn new(graph: Arc<Graph>) -> Self {
        Self::of(Segment::whole(graph))
    }

    /// Makes a part of a graph ready.
    pub fn of(segment: Segment) -> Self {
        let graph = segment.graph();
        let (first, count) = (segment.nodes().start, segment.nodes().len());
        let mut constants = alloc::vec![None; graph.constants().len()];
        let mut last = alloc::vec![0usize; count];
        let mut keep = |value: Value| {
            if let Value::Constant(i) = value {
                constants[i as usize].get_or_insert_with(|| graph.constants()[i as usize].tensor());
            }
        };
        for (at, node) in graph.nodes()[segment.nodes()].iter().enumerate() {
            for &value in &node.operands {
                keep(value);
                if let Value::Node(i) = value
                    && let Some(i) = (i as usize).checked_sub(first)
                {
                    last[i] = at;
                }
            }
        }
        for &value in segment.outputs() {
            keep(value);
            if let Value::Node(i) = value {
                last[i as usize - first] = usize::MAX;
            }
        }
        let mut last_read = alloc::vec![Vec::new(); count];
        for (index, &at) in last.iter().enumerate() {
            if let Some(dead) = last_read.get_mut(at) {
                dead.push(index);
            }
        }
        Self {
            segment,
            constants,
            last_read,
        }
    }

    /// What it runs.
    pub const fn segment(&self) -> &Segment {
        &self.segment
    }

    /// Runs on raw tensors, little-endian, concatenated in declared order; gives the outputs in the
    /// same form.
    ///
    /// # Errors
    /// If the length is not exactly that of the inputs.
    pub fn run(&self, input: &[u8]) -> Result<Vec<u8>, WrongInputLength> {
        self.run_with(input, |step| step.evaluate())
    }

    /// Like [`Self::run`], but asks `evaluate` for every result. It serves checkers, which take some
    /// results from elsewhere.
    ///
    /// # Errors
    /// If the length is not exactly that of the inputs.
    pub fn run_with(
        &self,
        input: &[u8],
        mut evaluate: impl FnMut(Step<'_>) -> Tensor,
    ) -> Result<Vec<u8>, WrongInputLength> {
        let graph = self.segment.graph();
        let first = self.segment.nodes().start;
        let mut state = State {
            entering: self.read(input)?,
            results: Vec::new(),
            reference: self,
        };
        for (at, node) in graph.nodes()[self.segment.nodes()].iter().enumerate() {
            let operands: Vec<&Tensor> = node.operands.iter().map(|&v| state.value(v)).collect();
            let ty = graph.ty(Value::Node((first + at) as u32));
            let result = evaluate(Step {
                node: first + at,
                op: &node.op,
                operands: &operands,
                ty,
            });
            state.results.push(Some(result));
            for &dead in &self.last_read[at] {
                state.results[dead] = None;
            }
        }
        let mut out = Vec::with_capacity(self.segment.output_bytes());
        for &output in self.segment.outputs() {
            state.value(output).write_bytes(&mut out);
        }
        Ok(out)
    }

    fn read(&self, mut input: &[u8]) -> Result<Vec<Tensor>, WrongInputLength> {
        let wrong = WrongInputLength {
            expected: self.segment.input_bytes(),
            actual: input.len(),
        };
        if wrong.expected != wrong.actual {
            return Err(wrong);
        }
        let mut inputs = Vec::new();
        for &value in self.segment.inputs() {
            let ty = self.segment.graph().ty(value);
            let (bytes, rest) = input.split_at(ty.bytes());
            inputs.push(Tensor::from_bytes(ty.clone(), bytes).ok_or(wrong)?);
            input = rest;
        }
        Ok(inputs)
    }
}

/// One node about to be computed.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Its position in the graph.
    pub node: usize,
    /// Its operator.
    pub op: &'a crate::Op,
    /// Its operands.
    pub operands: &'a [&'a Tensor],
    /// The type of its result.
    pub ty: &'a TensorType,
}

impl Step<'_> {
    /// The result, by the reference kernel.
    pub fn evaluate(&self) -> Tensor {
        kernels::evaluate(self.op, self.operands, self.ty)
    }
}

/// What one run has in hand.
struct State<'a> {
    reference: &'a Reference,
    entering: Vec<Tensor>,
    results: Vec<Option<Tensor>>,
}

impl State<'_> {
    fn value(&self, value: Value) -> &Tensor {
        let segment = &self.reference.segment;
        let found = match value {
            Value::Constant(i) => self.reference.constants[i as usize].as_ref(),
            Value::Node(i) if segment.nodes().contains(&(i as usize)) => {
                self.results[i as usize - segment.nodes().start].as_ref()
            }
            // Inputs are in order, of a whole graph and of a part alike.
            outside => segment
                .inputs()
                .iter()
                .position(|&v| v == outside)
                .map(|i| &self.entering[i]),
        };
        found.expect("operands come first, and live until their last reader")
    }
}
