//! The reference executor: every node in order, by its kernel.

use crate::graph::{Graph, Value};
use crate::kernels;
use crate::schedule::Schedule;
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
    schedule: Schedule,
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
        let mut constants = alloc::vec![None; graph.constants().len()];
        let operands = graph.nodes()[segment.nodes()].iter().flat_map(|n| &n.operands);
        for value in operands.chain(segment.outputs()) {
            if let Value::Constant(i) = *value {
                constants[i as usize].get_or_insert_with(|| graph.constants()[i as usize].tensor());
            }
        }
        Self {
            // Tensors own their elements here, so offsets are of no use, and any alignment will do.
            schedule: Schedule::new(&segment, 1),
            segment,
            constants,
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

    /// Like [`Self::run`] for inputs that are apart: the raw form of each, in declared order. Gives each
    /// output by itself.
    ///
    /// # Errors
    /// If there are not as many inputs as the segment has, or one has another length than its type.
    pub fn run_values(&self, inputs: &[&[u8]]) -> Result<Vec<Vec<u8>>, WrongInputLength> {
        let entering = self.read(inputs)?;
        let state = self.compute(entering, |step| step.evaluate());
        let raw = |&output: &Value| {
            let mut bytes = Vec::new();
            state.value(output).write_bytes(&mut bytes);
            bytes
        };
        Ok(self.segment.outputs().iter().map(raw).collect())
    }

    /// Like [`Self::run`], but asks `evaluate` for every result. It serves checkers, which take some
    /// results from elsewhere.
    ///
    /// # Errors
    /// If the length is not exactly that of the inputs.
    pub fn run_with(
        &self,
        input: &[u8],
        evaluate: impl FnMut(Step<'_>) -> Tensor,
    ) -> Result<Vec<u8>, WrongInputLength> {
        let mut rest = input;
        let mut inputs = Vec::with_capacity(self.segment.inputs().len());
        for &value in self.segment.inputs() {
            let (own, after) = rest
                .split_at_checked(self.segment.graph().ty(value).bytes())
                .ok_or_else(|| self.wrong(input.len()))?;
            inputs.push(own);
            rest = after;
        }
        if !rest.is_empty() {
            return Err(self.wrong(input.len()));
        }
        let state = self.compute(self.read(&inputs)?, evaluate);
        let mut out = Vec::with_capacity(self.segment.output_bytes());
        for &output in self.segment.outputs() {
            state.value(output).write_bytes(&mut out);
        }
        Ok(out)
    }

    fn compute(&self, entering: Vec<Tensor>, mut evaluate: impl FnMut(Step<'_>) -> Tensor) -> State<'_> {
        let graph = self.segment.graph();
        let first = self.segment.nodes().start;
        let mut state = State {
            entering,
            results: alloc::vec![None; self.segment.nodes().len()],
            reference: self,
        };
        for (at, nodes) in self.schedule.steps().enumerate() {
            for &index in nodes {
                let node = &graph.nodes()[index];
                let operands: Vec<&Tensor> = node.operands.iter().map(|&v| state.value(v)).collect();
                let result = evaluate(Step {
                    node: index,
                    op: &node.op,
                    operands: &operands,
                    ty: graph.ty(Value::Node(index as u32)),
                });
                state.results[index - first] = Some(result);
            }
            for dead in self.schedule.dies_after(at) {
                if let Value::Node(dead) = dead {
                    state.results[*dead as usize - first] = None;
                }
            }
        }
        state
    }

    fn read(&self, inputs: &[&[u8]]) -> Result<Vec<Tensor>, WrongInputLength> {
        let wrong = || self.wrong(inputs.iter().map(|input| input.len()).sum());
        if inputs.len() != self.segment.inputs().len() {
            return Err(wrong());
        }
        let types = self.segment.inputs().iter().map(|&v| self.segment.graph().ty(v));
        types
            .zip(inputs)
            .map(|(ty, bytes)| Tensor::from_bytes(ty.clone(), bytes).ok_or_else(wrong))
            .collect()
    }

    fn wrong(&self, actual: usize) -> WrongInputLength {
        WrongInputLength {
            expected: self.segment.input_bytes(),
            actual,
        }
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
