//! A node with what is known of it, and the wires of values.

use crate::rows::{Rows, TooManyRows};
use metisvm_model::{Graph, Interval, Op, Tensor, TensorType, Value};
use metisvm_verifier::field::residue;
use plonky2::iop::target::Target;
use std::borrow::Cow;

/// The wires of inputs and results, element by element.
#[derive(Debug, Default)]
pub(crate) struct Values {
    pub(crate) inputs: Vec<Vec<Target>>,
    pub(crate) nodes: Vec<Vec<Target>>,
}

/// Why a node has no rows.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Circuits lack what it needs.
    Unsupported(String),
    /// It does not fit.
    TooLarge(TooManyRows),
}

impl From<TooManyRows> for Refusal {
    fn from(too_many: TooManyRows) -> Self {
        Self::TooLarge(too_many)
    }
}

impl Refusal {
    /// Something that circuits lack.
    pub(super) fn unsupported(why: impl Into<String>) -> Self {
        Self::Unsupported(why.into())
    }
}

/// A node of a graph, with the wires of all values before it.
pub(super) struct NodeView<'a> {
    graph: &'a Graph,
    index: usize,
    values: &'a Values,
}

impl<'a> NodeView<'a> {
    pub(super) const fn new(graph: &'a Graph, index: usize, values: &'a Values) -> Self {
        Self { graph, index, values }
    }

    pub(super) fn op(&self) -> &'a Op {
        &self.graph.nodes()[self.index].op
    }

    /// Its position in the graph.
    pub(super) const fn index(&self) -> usize {
        self.index
    }

    fn value(&self, operand: usize) -> Value {
        self.graph.nodes()[self.index].operands[operand]
    }

    /// How many operands it has.
    pub(super) fn operands(&self) -> usize {
        self.graph.nodes()[self.index].operands.len()
    }

    /// The type of an operand.
    pub(super) fn ty(&self, operand: usize) -> &'a TensorType {
        self.graph.ty(self.value(operand))
    }

    /// The type of the result.
    pub(super) fn result_ty(&self) -> &'a TensorType {
        self.graph.ty(Value::Node(self.index as u32))
    }

    /// What every element of an operand is proven to lie in.
    pub(super) fn interval(&self, operand: usize) -> Interval {
        self.graph.intervals().of(self.value(operand))
    }

    /// An operand's elements, where they are constant.
    pub(super) fn constant(&self, operand: usize) -> Option<Tensor> {
        let constant = self.graph.constant(self.value(operand))?;
        Some(constant.tensor())
    }

    /// The wires of an operand.
    pub(super) fn wires(&self, rows: &mut Rows, operand: usize) -> Cow<'a, [Target]> {
        match self.value(operand) {
            Value::Input(i) => Cow::Borrowed(&self.values.inputs[i as usize]),
            Value::Node(i) => Cow::Borrowed(&self.values.nodes[i as usize]),
            Value::Constant(i) => {
                let tensor = self.graph.constants()[i as usize].tensor();
                let wires = tensor.data().iter().map(|&v| rows.constant(residue(v.into())));
                Cow::Owned(wires.collect())
            }
        }
    }
}
