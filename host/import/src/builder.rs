//! The typed graph in the making, and what making it may cost.

use crate::error::{NodeName, Problem};
use crate::mark::Mark;
use crate::typed::{Arg, Element, Operator, Typed, TypedNode, TypedValue, ValueId};
use metisvm_model::Shape;
use metisvm_model::limits::MAX_ELEMENTS;
use std::collections::HashMap;

/// Elements that the nodes of a file may compute, all together: calibration keeps them, four bytes each. The
/// integer graph has limits of its own.
const MAX_COMPUTED_ELEMENTS: u64 = 1 << 29;

/// Elements that constant folding may produce, all together.
const MAX_FOLDED_ELEMENTS: u64 = 1 << 27;

/// The typed graph in the making.
#[derive(Default)]
pub(crate) struct Builder {
    pub(crate) typed: Typed,
    /// Values that no node gives.
    pub(crate) marks: HashMap<ValueId, Mark>,
    folded: u64,
    computed: u64,
}

impl Builder {
    /// Adds a value that nothing gives yet.
    pub(crate) fn value(&mut self, name: &str, shape: Shape, element: Element) -> ValueId {
        self.typed.values.push(TypedValue {
            name: name.to_string(),
            shape,
            element,
        });
        self.typed.values.len() - 1
    }

    /// What a value is.
    pub(crate) fn typed_value(&self, id: ValueId) -> &TypedValue {
        &self.typed.values[id]
    }

    /// The extents of an operand.
    pub(crate) fn dims<'a>(&'a self, arg: &'a Arg) -> &'a [u32] {
        match arg {
            Arg::Value(id) => self.typed.values[*id].shape.dims(),
            Arg::Constant(c) => &c.dims,
        }
    }

    /// What an operand without a node is.
    pub(crate) fn mark(&self, arg: &Arg) -> Option<&Mark> {
        match arg {
            Arg::Value(id) => self.marks.get(id),
            Arg::Constant(_) => None,
        }
    }

    /// Adds a node and its result.
    pub(crate) fn emit(
        &mut self,
        name: &NodeName,
        op: Operator,
        inputs: Vec<Arg>,
        dims: &[u32],
        element: Element,
    ) -> Result<Arg, Problem> {
        if inputs.iter().any(|arg| self.mark(arg).is_some()) {
            return Err(Problem::DynamicScale);
        }
        let shape = Shape::new(dims).ok_or_else(|| {
            Problem::Shape(format!(
                "its result {dims:?} is empty or over {MAX_ELEMENTS} elements"
            ))
        })?;
        self.computed += shape.elements() as u64;
        if self.computed > MAX_COMPUTED_ELEMENTS {
            return Err(Problem::TooMany {
                what: "computed elements up to here",
                count: self.computed,
                limit: MAX_COMPUTED_ELEMENTS,
            });
        }
        let output = self.value("", shape, element);
        self.typed.nodes.push(TypedNode {
            name: name.clone(),
            op,
            inputs,
            output,
        });
        Ok(Arg::Value(output))
    }

    /// The graph as it is now, to come back to.
    pub(crate) fn state(&self) -> State {
        State {
            values: self.typed.values.len(),
            nodes: self.typed.nodes.len(),
            computed: self.computed,
        }
    }

    /// Takes back what was added since: parts of a node that then failed.
    pub(crate) fn rewind(&mut self, state: State) {
        self.typed.values.truncate(state.values);
        self.typed.nodes.truncate(state.nodes);
        self.marks.retain(|id, _| *id < state.values);
        self.computed = state.computed;
    }

    /// Names a value that has no name yet: an Identity gives its operand, which has one.
    pub(crate) fn name(&mut self, id: ValueId, name: &str) {
        if let Some(value) = self.typed.values.get_mut(id)
            && value.name.is_empty()
        {
            value.name = name.to_string();
        }
    }

    /// Counts a constant that folding made, before it is made.
    pub(crate) fn folds(&mut self, elements: usize) -> Result<(), Problem> {
        self.folded += elements as u64;
        if self.folded > MAX_FOLDED_ELEMENTS {
            return Err(Problem::TooMany {
                what: "elements of folded constants",
                count: self.folded,
                limit: MAX_FOLDED_ELEMENTS,
            });
        }
        Ok(())
    }
}

/// A state of the graph in the making.
#[derive(Clone, Copy)]
pub(crate) struct State {
    values: usize,
    nodes: usize,
    computed: u64,
}
