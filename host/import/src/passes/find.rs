//! What gives a value: the question that every pass asks that looks for a pattern.

use crate::function::Function;
use crate::typed::{Arg, Element, Operator, Reduction, Typed, TypedNode, TypedValue, ValueId};
use metisvm_model::Shape;
use std::collections::BTreeMap;

/// Reshapes in a row that are looked through.
const MOST_RESHAPES: usize = 8;

/// A graph with the node that gives each value.
pub(super) struct Finder<'a> {
    pub(super) typed: &'a Typed,
    producer: Vec<Option<usize>>,
}

/// Sums or averages of the rows of a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// What they are of, without reshapes that only add or drop extents of 1.
    pub(super) of: ValueId,
    /// The dimension, counted among those that are wider than 1.
    pub(super) wide_axis: usize,
    /// How often the average it is.
    pub(super) weight: f64,
}

impl<'a> Finder<'a> {
    pub(super) fn new(typed: &'a Typed) -> Self {
        let mut producer = vec![None; typed.values.len()];
        for (at, node) in typed.nodes.iter().enumerate() {
            producer[node.output] = Some(at);
        }
        Self { typed, producer }
    }

    pub(super) fn dims(&self, value: ValueId) -> &'a [u32] {
        self.typed.values[value].shape.dims()
    }

    pub(super) fn producer(&self, value: ValueId) -> Option<usize> {
        self.producer[value]
    }

    /// The node that gives a value; none for an input.
    pub(super) fn node(&self, value: ValueId) -> Option<&'a TypedNode> {
        self.producer[value].map(|at| &self.typed.nodes[at])
    }

    /// The same elements before reshapes that only add or drop extents of 1.
    pub(super) fn plain(&self, value: ValueId) -> ValueId {
        let mut value = value;
        for _ in 0..MOST_RESHAPES {
            match self.node(value) {
                Some(node) if matches!(node.op, Operator::Reshape) => match node.inputs[..] {
                    [Arg::Value(from)] if wide(self.dims(from)).eq(wide(self.dims(value))) => value = from,
                    _ => break,
                },
                _ => break,
            }
        }
        value
    }

    /// The function and its operand, if a value is one of another.
    pub(super) fn function(&self, value: ValueId) -> Option<(&'a Function, ValueId)> {
        let node = self.node(self.plain(value))?;
        match (&node.op, &node.inputs[..]) {
            (Operator::Pointwise(function), [Arg::Value(x)]) => Some((function, *x)),
            _ => None,
        }
    }

    /// Both operands of an operator that has two.
    pub(super) fn pair(&self, value: ValueId) -> Option<(&'a Operator, &'a Arg, &'a Arg)> {
        let node = self.node(self.plain(value))?;
        match &node.inputs[..] {
            [a, b] => Some((&node.op, a, b)),
            _ => None,
        }
    }

    /// The value that is squared.
    pub(super) fn squared(&self, value: ValueId) -> Option<ValueId> {
        if let Some((Function::Power { exponent }, x)) = self.function(value) {
            return (*exponent == 2.0).then_some(x);
        }
        match self.pair(value)? {
            (Operator::Mul, Arg::Value(a), Arg::Value(b)) if a == b => Some(*a),
            _ => None,
        }
    }

    /// A value that is a sum or average of rows, or that times a number.
    pub(super) fn moment(&self, value: ValueId) -> Option<Moment> {
        if let Some((function, x)) = self.function(value) {
            let factor = match *function {
                Function::Affine { scale, offset: 0.0 } => f64::from(scale),
                Function::DivideBy { divisor } => 1.0 / f64::from(divisor),
                _ => return None,
            };
            let (of, wide_axis, weight) = self.reduced(x)?;
            return Some(Moment {
                of,
                wide_axis,
                weight: weight * factor,
            });
        }
        let (of, wide_axis, weight) = self.reduced(value)?;
        Some(Moment {
            of,
            wide_axis,
            weight,
        })
    }

    fn reduced(&self, value: ValueId) -> Option<(ValueId, usize, f64)> {
        let (kind, of, wide_axis) = self.reduction(value)?;
        let extent = f64::from(wide(self.dims(of)).nth(wide_axis)?);
        match kind {
            Reduction::Mean => Some((of, wide_axis, 1.0)),
            Reduction::Sum => Some((of, wide_axis, extent)),
            Reduction::Max => None,
        }
    }

    /// A reduction: its kind, its operand and its dimension among those that are wider than 1.
    pub(super) fn reduction(&self, value: ValueId) -> Option<(Reduction, ValueId, usize)> {
        let node = self.node(self.plain(value))?;
        match (&node.op, &node.inputs[..]) {
            (Operator::Reduce { kind, axis }, [Arg::Value(x)]) if self.dims(*x)[*axis] > 1 => {
                let before = wide(&self.dims(*x)[..*axis]).count();
                Some((*kind, self.plain(*x), before))
            }
            _ => None,
        }
    }

    /// The dimension of `value` that is number `wide_axis` of those wider than 1, if `row` has one element for each
    /// row along it, broadcast as the rows lie.
    pub(super) fn axis(&self, value: ValueId, wide_axis: usize, row: ValueId) -> Option<usize> {
        let (dims, row) = (self.dims(value), self.dims(row));
        let axis = (0..dims.len()).filter(|&d| dims[d] > 1).nth(wide_axis)?;
        let shift = dims.len().checked_sub(row.len())?;
        let fits = (0..dims.len()).all(|d| {
            let extent = d.checked_sub(shift).map_or(1, |d| row[d]);
            extent == if d == axis { 1 } else { dims[d] }
        });
        fits.then_some(axis)
    }
}

fn wide(dims: &[u32]) -> impl Iterator<Item = u32> {
    dims.iter().copied().filter(|&d| d > 1)
}

/// The only element of a constant.
pub(super) fn single(arg: &Arg) -> Option<f32> {
    match arg {
        Arg::Constant(c) if c.len() == 1 => c.reals().first().copied(),
        _ => None,
    }
}

/// A value that only a pass knows.
pub(super) fn nameless(typed: &mut Typed, shape: Shape, element: Element) -> ValueId {
    typed.values.push(TypedValue {
        name: String::new(),
        shape,
        element,
    });
    typed.values.len() - 1
}

/// The graph with some nodes, by position, replaced by others.
pub(super) fn replace(mut typed: Typed, mut by: BTreeMap<usize, Vec<TypedNode>>) -> Typed {
    let nodes = std::mem::take(&mut typed.nodes).into_iter().enumerate();
    typed.nodes = nodes
        .flat_map(|(at, node)| by.remove(&at).unwrap_or_else(|| vec![node]))
        .collect();
    typed
}
