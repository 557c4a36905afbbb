//! What stands for the values of the typed graph on their way to integers.

use super::emitter::Emitter;
use crate::error::Problem;
use crate::function::Function;
use crate::grid::Grid;
use crate::measure::Place;
use crate::plan::Plan;
use crate::typed::{Arg, Element, Typed, ValueId};
use metisvm_model::{DType, Shape, Value};
use std::collections::BTreeMap;

/// What stands for a value.
#[derive(Clone, Debug)]
pub(super) enum Lowered {
    /// Integers that are meant as such: between QuantizeLinear and DequantizeLinear, or whole numbers.
    Integers(Value, DType),
    /// Real numbers.
    Real(Real),
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
    /// No integer is known to be of greater magnitude.
    pub(super) most: i64,
    /// To be applied, in order.
    pub(super) then: Vec<Function>,
    /// The shape it is to have in the end, where scales along `axis` forbid giving it now.
    pub(super) reshape: Option<Shape>,
}

impl Real {
    /// Integers of that type with one scale.
    pub(super) fn new(value: Value, dtype: DType, shape: Shape, scale: f64, zero: i32) -> Self {
        Self {
            value,
            dtype,
            shape,
            scales: vec![scale],
            axis: 0,
            zero,
            most: -i64::from(dtype.min()).min(0) + i64::from(dtype.max()) + 1,
            then: Vec::new(),
            reshape: None,
        }
    }

    /// The grid, if it is bytes or words.
    pub(super) fn grid(&self) -> Option<Grid> {
        match self.scales[..] {
            [scale] if self.dtype != DType::I32 => Some(Grid {
                scale: scale as f32,
                zero_point: self.zero,
                dtype: self.dtype,
            }),
            _ => None,
        }
    }

    /// The grid, if it is bytes.
    pub(super) fn byte_grid(&self) -> Option<Grid> {
        self.grid().filter(|_| self.dtype.is_byte())
    }

    /// Whether nothing is left to be done to it.
    pub(super) const fn done(&self) -> bool {
        self.then.is_empty() && self.reshape.is_none()
    }

    /// The grid, if it is bytes or words and nothing is left to be done to them.
    pub(super) fn plain(&self) -> Option<Grid> {
        self.grid().filter(|_| self.done())
    }

    /// Whether each index of the last dimension has a scale of its own.
    pub(super) fn in_columns(&self) -> bool {
        self.scales.len() > 1 && self.axis + 1 == self.shape.rank()
    }

    pub(super) fn apply(&self, x: f32) -> f32 {
        self.then.iter().fold(x, |v, f| f.at(v))
    }

    pub(super) fn only_clamps(&self) -> bool {
        self.then.iter().all(Function::is_clamp)
    }

    /// The real number that a byte or word stands for, functions applied.
    pub(super) fn at(&self, integer: i32) -> f32 {
        // In f32, as a runtime dequantises.
        let scale = self.scales.first().copied().unwrap_or(1.0) as f32;
        self.apply((integer - self.zero) as f32 * scale)
    }
}

/// Integers on a grid.
pub(super) fn on(value: Value, grid: Grid, shape: Shape) -> Real {
    Real::new(value, grid.dtype, shape, grid.scale.into(), grid.zero_point)
}

/// 32-bit sums, none of which is of greater magnitude than `most`.
pub(super) fn sum(value: Value, shape: Shape, scales: Vec<f64>, axis: usize, most: i64) -> Real {
    Real {
        value,
        dtype: DType::I32,
        shape,
        scales,
        axis,
        zero: 0,
        most,
        then: Vec::new(),
        reshape: None,
    }
}

/// What a conversion of a value is remembered by: the value, its scale's bits, zero point and type.
pub(super) type Form = (ValueId, u64, i32, DType);

/// A graph half lowered.
pub(super) struct Lowering<'t> {
    pub(super) typed: &'t Typed,
    pub(super) plan: &'t Plan,
    pub(super) emitter: Emitter,
    pub(super) states: Vec<Option<Lowered>>,
    /// Conversions that were made already.
    pub(super) forms: BTreeMap<Form, Value>,
    /// Where values are found, for measuring.
    pub(super) places: Vec<Place>,
    pub(super) output_places: Vec<Place>,
}

impl Lowering<'_> {
    /// Notes where a value is found, if it can be compared with a float there.
    pub(super) fn place(&mut self, id: ValueId, state: &Lowered, layer: Option<usize>) {
        let (value, dtype, scales, axis, zero) = match state {
            Lowered::Real(real) if real.done() => {
                (real.value, real.dtype, real.scales.clone(), real.axis, real.zero)
            }
            Lowered::Integers(value, dtype) if self.typed.values[id].element == Element::Int => {
                (*value, *dtype, vec![1.0], 0, 0)
            }
            _ => return,
        };
        self.places.push(Place {
            id,
            value,
            dtype,
            scales,
            axis,
            zero,
            layer,
            operand: false,
        });
    }

    /// Notes a form of a value that the step being written asks for, so that what saturates in it is counted.
    pub(super) fn operand(&mut self, id: ValueId, value: Value, grid: (&[f64], usize, i32, DType)) {
        let (scales, axis, zero, dtype) = grid;
        self.places.push(Place {
            id,
            value,
            dtype,
            scales: scales.to_vec(),
            axis,
            zero,
            layer: Some(self.emitter.at()),
            operand: true,
        });
    }

    /// What stands for an operand.
    pub(super) fn state(&self, arg: &Arg) -> Result<&Lowered, Problem> {
        match arg {
            Arg::Value(id) => self.states[*id].as_ref().ok_or(Problem::Cycle),
            Arg::Constant(_) => Err(Problem::Unsupported("an operand is a constant".to_string())),
        }
    }

    /// An operand of real numbers. Whole numbers are real ones of scale 1.
    pub(super) fn real(&self, arg: &Arg) -> Result<Real, Problem> {
        let whole = matches!(arg, Arg::Value(id) if self.typed.values[*id].element == Element::Int);
        match self.state(arg)? {
            Lowered::Real(real) => Ok(real.clone()),
            Lowered::Integers(value, dtype) if whole => {
                Ok(Real::new(*value, *dtype, self.shape(arg)?, 1.0, 0))
            }
            _ => Err(self.not_quantised(arg)),
        }
    }

    /// An operand of whole numbers.
    pub(super) fn integers(&self, arg: &Arg) -> Result<(Value, DType), Problem> {
        match self.state(arg)? {
            Lowered::Integers(value, dtype) => Ok((*value, *dtype)),
            _ => Err(Problem::Unsupported(
                "an operand is real, not of whole numbers".to_string(),
            )),
        }
    }

    /// That an operand had to be on a grid, and is not.
    pub(super) fn not_quantised(&self, arg: &Arg) -> Problem {
        let name = match arg {
            Arg::Value(id) => self.typed.values[*id].name.chars().take(80).collect(),
            Arg::Constant(c) => c.name.to_string(),
        };
        Problem::NotQuantised(format!("operand {name:?}"))
    }

    /// The name of the node that gives a value.
    pub(super) fn producer(&self, id: ValueId) -> String {
        let node = self.typed.nodes.iter().find(|n| n.output == id);
        node.map_or_else(String::new, |n| n.name.name.clone())
    }

    /// The extents of an operand.
    pub(super) fn dims<'a>(&'a self, arg: &'a Arg) -> &'a [u32] {
        match arg {
            Arg::Value(id) => self.typed.values[*id].shape.dims(),
            Arg::Constant(c) => &c.dims,
        }
    }

    /// The greatest magnitude that an operand was seen to hold, or must have by its grid.
    pub(super) fn reach(&self, arg: &Arg) -> Result<(f64, f64), Problem> {
        let id = match arg {
            Arg::Constant(c) => {
                let reals = c.finite()?;
                let bound = |f: fn(f64, f64) -> f64| reals.iter().map(|&v| f64::from(v)).fold(0.0, f);
                return Ok((bound(f64::min), bound(f64::max)));
            }
            Arg::Value(id) => *id,
        };
        if let Some(Some(range)) = self.plan.ranges.get(id) {
            return Ok(*range);
        }
        match self.state(arg)? {
            Lowered::Real(real) if real.byte_grid().is_some() => {
                let ends = (real.dtype.min()..=real.dtype.max()).map(|v| f64::from(real.at(v)));
                let ends: Vec<f64> = ends.filter(|v| v.is_finite()).collect();
                Ok((
                    ends.iter().copied().fold(0.0, f64::min),
                    ends.iter().copied().fold(0.0, f64::max),
                ))
            }
            Lowered::Real(real) if real.plain().is_some() => {
                let end = |end: i32| f64::from(end - real.zero) * real.scales[0];
                Ok((end(real.dtype.min()), end(real.dtype.max())))
            }
            Lowered::Real(real) if real.done() => {
                let scale = real.scales.iter().copied().fold(0.0, f64::max);
                let most = scale * (real.most + i64::from(real.zero).abs()) as f64;
                if real.dtype == DType::I32 {
                    // What no sum can exceed is far from what it will be.
                    return Err(self.not_quantised(arg));
                }
                Ok((-most, most))
            }
            _ => Err(self.not_quantised(arg)),
        }
    }
}
