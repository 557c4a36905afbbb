//! What operators are put together from: nodes of the typed graph with their shapes. A node whose operands are all
//! constants is evaluated instead, so that no composition has to think of them.

use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data, EXACT};
use crate::error::{NodeName, Problem};
use crate::float::{self, View};
use crate::function::Function;
use crate::typed::{Arg, Element, Operator, Reduction};
use metisvm_model::Shape;
use metisvm_model::limits::MAX_ELEMENTS;

/// Puts nodes into the typed graph in the name of one node of the file.
pub(super) struct Maker<'a> {
    pub(super) b: &'a mut Builder,
    node: &'a NodeName,
}

impl<'a> Maker<'a> {
    pub(super) const fn new(b: &'a mut Builder, call: &'a Call<'_>) -> Self {
        Self { b, node: &call.node }
    }

    /// A constant number.
    pub(super) fn number(&self, value: f32) -> Result<Arg, Problem> {
        self.constant(vec![], vec![value])
    }

    /// A constant of real numbers.
    pub(super) fn constant(&self, dims: Vec<u32>, data: Vec<f32>) -> Result<Arg, Problem> {
        Ok(Arg::Constant(Constant::new(
            &self.node.name,
            dims,
            Data::F32(data),
        )?))
    }

    pub(super) fn dims(&self, arg: &Arg) -> Vec<u32> {
        self.b.dims(arg).to_vec()
    }

    /// What the elements of an operand are.
    pub(super) fn element(&self, arg: &Arg) -> Element {
        Self::element_of(self.b, arg)
    }

    /// The same before there is a node to make.
    pub(super) fn element_of(b: &Builder, arg: &Arg) -> Element {
        match arg {
            Arg::Value(id) => b.typed_value(*id).element,
            Arg::Constant(c) if c.is_float() => Element::Real,
            Arg::Constant(_) => Element::Int,
        }
    }

    /// A node, or its value where every operand is a constant.
    pub(super) fn emit(
        &mut self,
        op: Operator,
        inputs: Vec<Arg>,
        dims: &[u32],
        element: Element,
    ) -> Result<Arg, Problem> {
        let constants: Vec<&Constant> = inputs
            .iter()
            .filter_map(|arg| match arg {
                Arg::Constant(c) => Some(c),
                Arg::Value(_) => None,
            })
            .collect();
        if constants.len() < inputs.len() {
            return self.b.emit(self.node, op, inputs, dims, element);
        }
        let shape = Shape::new(dims).ok_or_else(|| {
            Problem::Shape(format!(
                "its result {dims:?} is empty or over {MAX_ELEMENTS} elements"
            ))
        })?;
        let read = constants.iter().map(|c| c.len()).sum::<usize>();
        self.b.folds(read.saturating_add(shape.elements()))?;
        let reals: Vec<Vec<f32>> = constants.iter().map(|c| c.reals()).collect();
        let views: Vec<View<'_>> = constants
            .iter()
            .zip(&reals)
            .map(|(c, data)| View { dims: &c.dims, data })
            .collect();
        let data = float::evaluate(&op, &views, &shape);
        let data = if element == Element::Int {
            if data.iter().any(|v| v.abs() >= EXACT) {
                return Err(Problem::Unsupported(
                    "a constant whole number is over 2^24; fold it when exporting".to_string(),
                ));
            }
            Data::I64(data.iter().map(|&v| v as i64).collect())
        } else {
            Data::F32(data)
        };
        Ok(Arg::Constant(Constant::new(
            &self.node.name,
            dims.to_vec(),
            data,
        )?))
    }

    /// An operator of two operands, broadcast.
    pub(super) fn pair(&mut self, op: Operator, x: Arg, y: Arg) -> Result<Arg, Problem> {
        let dims = broadcast(self.b.dims(&x), self.b.dims(&y))?;
        let element = match (self.element(&x), self.element(&y)) {
            (Element::Int, Element::Int) => Element::Int,
            _ => Element::Real,
        };
        self.emit(op, vec![x, y], &dims, element)
    }

    /// A function of every element.
    pub(super) fn function(&mut self, x: Arg, function: Function) -> Result<Arg, Problem> {
        let dims = self.dims(&x);
        // What rounds or compares gives whole numbers only where it is asked to.
        let element = if function.is_truth() {
            Element::Int
        } else {
            self.element(&x)
        };
        self.emit(Operator::Pointwise(function), vec![x], &dims, element)
    }

    /// The same elements in another shape of as many.
    pub(super) fn reshape(&mut self, x: Arg, dims: &[u32]) -> Result<Arg, Problem> {
        if self.b.dims(&x) == dims {
            return Ok(x);
        }
        if let Arg::Constant(c) = &x {
            self.b.folds(c.len())?;
            return Ok(Arg::Constant(c.reshaped(dims.to_vec())?));
        }
        let element = self.element(&x);
        self.emit(Operator::Reshape, vec![x], dims, element)
    }

    /// The dimensions in another order.
    pub(super) fn transpose(&mut self, x: Arg, perm: Vec<usize>) -> Result<Arg, Problem> {
        let from = self.dims(&x);
        if perm.len() != from.len() || perm.iter().any(|&p| p >= from.len()) {
            return Err(Problem::Shape(format!(
                "{from:?} has other dimensions than {perm:?}"
            )));
        }
        let dims: Vec<u32> = perm.iter().map(|&p| from[p]).collect();
        // Where only dimensions of extent 1 change place, the elements keep theirs.
        if perm.iter().filter(|&&p| from[p] != 1).is_sorted() {
            return self.reshape(x, &dims);
        }
        let element = self.element(&x);
        self.emit(Operator::Transpose { perm }, vec![x], &dims, element)
    }

    /// A reduction of dimension `axis`, which stays with extent 1.
    pub(super) fn reduce(&mut self, x: Arg, kind: Reduction, axis: usize) -> Result<Arg, Problem> {
        let mut dims = self.dims(&x);
        let Some(extent) = dims.get_mut(axis) else {
            return Err(Problem::Shape(format!("{dims:?} has no dimension {axis}")));
        };
        *extent = 1;
        let element = self.element(&x);
        self.emit(Operator::Reduce { kind, axis }, vec![x], &dims, element)
    }

    /// `a` where the condition is not 0, `b` where it is; broadcast.
    pub(super) fn choose(&mut self, condition: Arg, a: Arg, b: Arg) -> Result<Arg, Problem> {
        let dims = broadcast(self.b.dims(&a), self.b.dims(&b))?;
        let dims = broadcast(self.b.dims(&condition), &dims)?;
        let element = match (self.element(&a), self.element(&b)) {
            (Element::Int, Element::Int) => Element::Int,
            _ => Element::Real,
        };
        self.emit(Operator::Where, vec![condition, a, b], &dims, element)
    }
}

/// NumPy's rule: dimensions align at the end, and one of extent 1 stretches.
pub(crate) fn broadcast(a: &[u32], b: &[u32]) -> Result<Vec<u32>, Problem> {
    let rank = a.len().max(b.len());
    let extent = |dims: &[u32], i: usize| (i + dims.len()).checked_sub(rank).map_or(1, |i| dims[i]);
    (0..rank)
        .map(|i| match (extent(a, i), extent(b, i)) {
            (x, y) if x == y => Ok(x),
            (1, y) => Ok(y),
            (x, 1) => Ok(x),
            _ => Err(Problem::Shape(format!("{a:?} and {b:?} do not broadcast"))),
        })
        .collect()
}

/// Operand `index`: real or whole numbers, not integers of a grid.
pub(super) fn numeric(b: &Builder, call: &Call<'_>, index: usize) -> Result<Arg, Problem> {
    let arg = call.arg(index)?;
    match arg {
        Arg::Value(id) => match b.typed_value(*id).element {
            Element::Quantised(dtype) => Err(Problem::UnsupportedType {
                actual: format!("{dtype} of operand {index}"),
                expected: "it must be FLOAT, or whole numbers that are on no grid",
            }),
            Element::Real | Element::Int => Ok(arg.clone()),
        },
        Arg::Constant(c) => {
            let reals = c.reals();
            match reals.iter().find(|v| v.is_nan()) {
                Some(&value) => Err(Problem::NotFinite {
                    name: c.name.to_string(),
                    value: value.into(),
                }),
                None => Ok(arg.clone()),
            }
        }
    }
}

/// The only element of a constant.
pub(super) fn single(arg: &Arg) -> Option<f32> {
    match arg {
        Arg::Constant(c) => match c.reals()[..] {
            [one] => Some(one),
            _ => None,
        },
        Arg::Value(_) => None,
    }
}
