//! The reference executor: every node in order, by its kernel.

use crate::graph::{Graph, Value};
use crate::kernels;
use crate::liveness;
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
    /// For each node of the segment: the results that nothing reads after it.
    dead: Vec<Vec<usize>>,
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
            dead: liveness::dead_after(
                &graph.nodes()[segment.nodes()],
                segment.nodes().start,
                segment.outputs().iter().copied(),
            ),
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
        let mut given = inputs.iter();
        let next = |bytes: usize| given.next().copied().filter(|own| own.len() == bytes);
        let entering = self.read(next).filter(|_| given.next().is_none());
        let entering = entering.ok_or_else(|| self.wrong(inputs.iter().map(|input| input.len()).sum()))?;
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
        let next = |bytes: usize| {
            let (own, after) = rest.split_at_checked(bytes)?;
            rest = after;
            Some(own)
        };
        let entering = self.read(next).filter(|_| rest.is_empty());
        let entering = entering.ok_or_else(|| self.wrong(input.len()))?;
        let state = self.compute(entering, evaluate);
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
        for (index, dead) in self.segment.nodes().zip(&self.dead) {
            let node = &graph.nodes()[index];
            let operands: Vec<&Tensor> = node.operands.iter().map(|&v| state.value(v)).collect();
            let result = evaluate(Step {
                node: index,
                op: &node.op,
                operands: &operands,
                ty: graph.ty(Value::Node(index as u32)),
            });
            state.results[index - first] = Some(result);
            for &dead in dead {
                state.results[dead - first] = None;
            }
        }
        state
    }

    /// The inputs, each from what `next` gives for its length.
    fn read<'b>(&self, mut next: impl FnMut(usize) -> Option<&'b [u8]>) -> Option<Vec<Tensor>> {
        let types = self.segment.inputs().iter().map(|&v| self.segment.graph().ty(v));
        types
            .map(|ty| Tensor::from_bytes(ty.clone(), next(ty.bytes())?))
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

#[cfg(test)]
mod tests;
