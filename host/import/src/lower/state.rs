//! What stands for the values of the typed graph on their way to integers.

use super::emitter::Emitter;
use crate::error::Problem;
use crate::function::Function;
use crate::grid::Grid;
use crate::plan::Plan;
use crate::typed::{Arg, Typed, ValueId};
use metisvm_model::{DType, Shape, Value};

/// What stands for a value.
#[derive(Clone, Debug)]
pub(super) enum Lowered {
    /// Integers that are meant as such: between QuantizeLinear and DequantizeLinear, or positions.
    Integers(Value),
    /// Real numbers.
    Real(Real),
    /// An f32 input, already given as bytes, whose QuantizeLinear is still to come.
    Input(Value, Grid),
}

/// Real numbers, as integers.
#[derive(Clone, Debug)]
pub(super) struct Real {
    pub(super) value: Value,
    pub(super) dtype: DType,
    pub(super) shape: Shape,
    /// The real is `scale[c] · (integer − zero)`; one scale, or one for each index of `axis`.
    pub(super) scales: Vec<f64>,
    pub(super) axis: usize,
    pub(super) zero: i32,
    /// To be applied, in order.
    pub(super) then: Vec<Function>,
    /// The shape it is to have in the end, where scales along `axis` forbid giving it now.
    pub(super) reshape: Option<Shape>,
}

impl Real {
    /// The grid, if it is bytes.
    pub(super) fn grid(&self) -> Option<Grid> {
        match self.scales[..] {
            [scale] if self.dtype.is_byte() => Some(Grid {
                scale: scale as f32,
                zero_point: self.zero,
                dtype: self.dtype,
            }),
            _ => None,
        }
    }

    /// The grid, if it is bytes and nothing is left to be done to them.
    pub(super) fn plain(&self) -> Option<Grid> {
        let done = self.then.is_empty() && self.reshape.is_none();
        self.grid().filter(|_| done)
    }

    pub(super) fn apply(&self, x: f32) -> f32 {
        self.then.iter().fold(x, |v, f| f.at(v))
    }

    pub(super) fn only_clamps(&self) -> bool {
        self.then.iter().all(|f| f.is_clamp())
    }
}

/// Bytes on a grid.
pub(super) fn on(value: Value, grid: Grid, shape: Shape) -> Real {
    Real {
        value,
        dtype: grid.dtype,
        shape,
        scales: vec![f64::from(grid.scale)],
        axis: 0,
        zero: grid.zero_point,
        then: Vec::new(),
        reshape: None,
    }
}

/// The 32-bit results of a product.
pub(super) const fn sum(value: Value, shape: Shape, scales: Vec<f64>, axis: usize) -> Real {
    Real {
        value,
        dtype: DType::I32,
        shape,
        scales,
        axis,
        zero: 0,
        then: Vec::new(),
        reshape: None,
    }
}

/// A graph half lowered.
pub(super) struct Lowering<'t> {
    pub(super) typed: &'t Typed,
    pub(super) plan: &'t Plan,
    pub(super) emitter: Emitter,
    pub(super) states: Vec<Option<Lowered>>,
}

impl Lowering<'_> {
    /// What stands for an operand.
    pub(super) fn state(&self, arg: &Arg) -> Result<&Lowered, Problem> {
        match arg {
            Arg::Value(id) => self.states[*id].as_ref().ok_or(Problem::Cycle),
            Arg::Constant(_) => Err(Problem::Unsupported("an operand is a constant".to_string())),
        }
    }

    /// An operand of real numbers.
    pub(super) fn real(&self, arg: &Arg) -> Result<Real, Problem> {
        match self.state(arg)? {
            Lowered::Real(real) => Ok(real.clone()),
            _ => Err(self.not_quantised(arg)),
        }
    }

    /// That an operand had to be bytes, or integers, and is not.
    pub(super) fn not_quantised(&self, arg: &Arg) -> Problem {
        let name = match arg {
            Arg::Value(id) => self.typed.values[*id].name.chars().take(80).collect(),
            Arg::Constant(c) => c.name.to_string(),
        };
        Problem::NotQuantised(format!("operand {name:?}"))
    }

    /// An operand of bytes with nothing left to be done to them.
    pub(super) fn bytes(&self, arg: &Arg) -> Result<(Value, Grid, Shape), Problem> {
        let real = self.real(arg)?;
        match real.plain() {
            Some(grid) => Ok((real.value, grid, real.shape)),
            None => Err(self.not_quantised(arg)),
        }
    }

    /// The name of the node that gives a value.
    pub(super) fn producer(&self, id: ValueId) -> String {
        let node = self.typed.nodes.iter().find(|n| n.output == id);
        node.map_or_else(String::new, |n| n.name.name.clone())
    }
}
