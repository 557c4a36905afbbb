//! The forms that a value takes: bytes on a grid, 16-bit words on a scale, 32-bit numbers on a scale. Each is made
//! from what the value was computed as, so that nothing is rounded twice, and is made once.

use super::state::{Lowered, Lowering, Real, on};
use crate::constant::Constant;
use crate::error::Problem;
use crate::grid::Grid;
use crate::plan::words as word_scale;
use crate::typed::{Arg, ValueId};
use metisvm_model::{DType, Op, Shape, Value};

/// Magnitude of what only masks: far below every score, and two of them still add up within 32 bits.
pub(super) const MASK: i32 = 1 << 28;

impl Lowering<'_> {
    /// Real numbers as integers on a grid of bytes or words, in their final shape.
    pub(super) fn on_grid(&mut self, real: &Real, grid: Grid) -> Result<Value, Problem> {
        let value = match real.byte_grid() {
            Some(own) => self.regrid(real, own, grid)?,
            None => {
                if !real.only_clamps() {
                    return Err(Problem::NotQuantised(
                        "the operand, a sum to which a function other than a clamp is applied,".to_string(),
                    ));
                }
                let factors: Vec<f64> = real.scales.iter().map(|s| s / f64::from(grid.scale)).collect();
                let same = real.dtype == grid.dtype
                    && real.zero == grid.zero_point
                    && factors.iter().all(|&f| f == 1.0);
                let value = if same {
                    real.value
                } else {
                    let value = self.less_zero(real)?;
                    self.emitter
                        .requantise(value, &factors, real.axis, grid.dtype, grid.zero_point)?
                };
                let low = grid.quantise(real.apply(f32::NEG_INFINITY));
                let high = grid.quantise(real.apply(f32::INFINITY));
                self.emitter.clamp(value, grid.dtype, low, high)?
            }
        };
        Ok(self.reshaped(value, real))
    }

    /// The integers less their zero point: a requantisation has none for its operand, and one of the result, where a
    /// step may be many of the operand's, would not be exact.
    fn less_zero(&mut self, real: &Real) -> Result<Value, Problem> {
        if real.zero == 0 {
            return Ok(real.value);
        }
        let zero = self.emitter.scalar(DType::I32, real.zero)?;
        Ok(self.emitter.node(Op::Sub, &[real.value, zero]))
    }

    fn reshaped(&mut self, value: Value, real: &Real) -> Value {
        match &real.reshape {
            Some(shape) => self.emitter.node(Op::Reshape { shape: shape.clone() }, &[value]),
            None => value,
        }
    }

    /// Bytes to bytes or words: exactly what an ONNX runtime computes, all 256 values in a table.
    fn regrid(&mut self, real: &Real, own: Grid, grid: Grid) -> Result<Value, Problem> {
        if own == grid && real.only_clamps() {
            let low = grid.quantise(real.apply(f32::NEG_INFINITY));
            let high = grid.quantise(real.apply(f32::INFINITY));
            return self.emitter.clamp(real.value, grid.dtype, low, high);
        }
        let entry = |v: i32| grid.quantise(real.at(v));
        self.emitter.table(real.value, own.dtype, grid.dtype, entry)
    }

    /// A value as integers on a grid, remembered.
    pub(super) fn value_on_grid(&mut self, id: ValueId, grid: Grid) -> Result<Value, Problem> {
        let real = self.real(&Arg::Value(id))?;
        if real.plain() == Some(grid) {
            return Ok(real.value);
        }
        let key = (id, u64::from(grid.scale.to_bits()), grid.zero_point, grid.dtype);
        if let Some(value) = self.forms.get(&key) {
            return Ok(*value);
        }
        let value = self.on_grid(&real, grid)?;
        let form = (&[f64::from(grid.scale)][..], 0, grid.zero_point, grid.dtype);
        self.operand(id, value, form);
        self.forms.insert(key, value);
        Ok(value)
    }

    /// An operand as bytes: on the grid it has, else on the one that its range asks for.
    pub(super) fn bytes(&mut self, arg: &Arg) -> Result<(Value, Grid), Problem> {
        let real = self.real(arg)?;
        if let Some(grid) = real.plain().filter(|grid| grid.dtype.is_byte()) {
            return Ok((real.value, grid));
        }
        let Arg::Value(id) = *arg else {
            return Err(self.not_quantised(arg));
        };
        let (low, high) = self.reach(arg)?;
        let grid = Grid::covering(low, high, self.plan.bytes);
        Ok((self.value_on_grid(id, grid)?, grid))
    }

    /// An operand as words without zero point, and their scale. Of words that are there already it is theirs; of
    /// bytes a 128th of their grid's, which holds each exactly.
    pub(super) fn words(&mut self, arg: &Arg) -> Result<(Value, f64), Problem> {
        let scale = match arg {
            Arg::Value(_) => {
                let real = self.real(arg)?;
                match real.plain() {
                    Some(grid) if grid.dtype == DType::I16 && grid.zero_point == 0 => {
                        return Ok((real.value, real.scales[0]));
                    }
                    Some(grid) if grid.dtype.is_byte() => f64::from(grid.scale) / 128.0,
                    _ => {
                        let (low, high) = self.reach(arg)?;
                        word_scale(low, high)
                    }
                }
            }
            Arg::Constant(_) => {
                let (low, high) = self.reach(arg)?;
                // A constant does not grow: no room is left above it.
                word_scale(low, high) / 1.1
            }
        };
        Ok((self.words_at(arg, scale)?, f64::from(scale as f32)))
    }

    /// An operand as words of that scale.
    pub(super) fn words_at(&mut self, arg: &Arg, scale: f64) -> Result<Value, Problem> {
        let grid = Grid {
            scale: scale as f32,
            zero_point: 0,
            dtype: DType::I16,
        };
        match arg {
            Arg::Value(id) => self.value_on_grid(*id, grid),
            Arg::Constant(c) => {
                let steps = c.finite()?.iter().map(|&v| grid.quantise(v)).collect();
                self.emitter.layer().weights += c.len() as u64;
                self.emitter.tensor(DType::I16, &c.dims, steps)
            }
        }
    }

    /// An operand as 32-bit numbers of that scale, saturated at [`MASK`].
    pub(super) fn mask_at(&mut self, arg: &Arg, scale: f64) -> Result<Value, Problem> {
        let saturate = |real: f64| (real / scale).round().clamp(-f64::from(MASK), f64::from(MASK)) as i32;
        match arg {
            Arg::Constant(c) => {
                let steps = c.reals64().into_iter().map(saturate).collect();
                self.emitter.tensor(DType::I32, &c.dims, steps)
            }
            Arg::Value(_) => {
                let real = self.real(arg)?;
                if let Some(own) = real.byte_grid() {
                    let entry = |v: i32| saturate(real.at(v).into());
                    let value = self.emitter.table(real.value, own.dtype, DType::I32, entry)?;
                    return Ok(self.reshaped(value, &real));
                }
                let value = self.on_common_scale(&real, scale)?;
                let value = self.reshaped(value, &real);
                self.emitter.clamp(value, DType::I32, -MASK, MASK)
            }
        }
    }

    /// Real numbers as 32-bit integers on one scale, functions applied, not yet reshaped.
    pub(super) fn on_common_scale(&mut self, real: &Real, common: f64) -> Result<Value, Problem> {
        let factors: Vec<f64> = real.scales.iter().map(|s| s / common).collect();
        match real.byte_grid() {
            Some(own) if !real.then.is_empty() => {
                let entry = |v: i32| DType::I32.saturate((f64::from(real.at(v)) / common).round() as i64);
                self.emitter.table(real.value, own.dtype, DType::I32, entry)
            }
            Some(own) => {
                // The operator has no zero point for its operand: what it would add comes off its own.
                let zero = (-f64::from(own.zero_point) * factors[0]).round() as i32;
                self.emitter.requantise(real.value, &factors, 0, DType::I32, zero)
            }
            None => {
                if !real.only_clamps() {
                    return Err(Problem::NotQuantised("an operand".to_string()));
                }
                let value = if real.dtype == DType::I32 && real.zero == 0 && factors.iter().all(|&f| f == 1.0)
                {
                    real.value
                } else {
                    let value = self.less_zero(real)?;
                    self.emitter
                        .requantise(value, &factors, real.axis, DType::I32, 0)?
                };
                let bound = |v: f32| DType::I32.saturate((f64::from(real.apply(v)) / common).round() as i64);
                self.emitter
                    .clamp(value, DType::I32, bound(f32::NEG_INFINITY), bound(f32::INFINITY))
            }
        }
    }

    /// An operand with one scale and nothing left to be done to it, whatever its type; words where it is not that yet.
    pub(super) fn single(&mut self, arg: &Arg) -> Result<Real, Problem> {
        let real = self.real(arg)?;
        if real.done() && real.scales.len() == 1 {
            return Ok(real);
        }
        let (value, scale) = self.words(arg)?;
        let shape = self.shape(arg)?;
        Ok(Real::new(value, DType::I16, shape, scale, 0))
    }

    pub(super) fn shape(&self, arg: &Arg) -> Result<Shape, Problem> {
        Shape::new(self.dims(arg))
            .ok_or_else(|| Problem::Shape("an operand is empty or too large".to_string()))
    }

    /// What a value becomes as soon as it is computed: bytes where the plan says so.
    pub(super) fn settled(&mut self, state: Lowered, id: ValueId) -> Result<Lowered, Problem> {
        match (state, self.plan.grids[id]) {
            (Lowered::Real(real), Some(grid)) => {
                let shape = self.typed.values[id].shape.clone();
                self.emitter.layer().grid = Some(grid);
                let value = if real.plain() == Some(grid) {
                    real.value
                } else {
                    self.on_grid(&real, grid)?
                };
                Ok(Lowered::Real(on(value, grid, shape)))
            }
            (state, _) => Ok(state),
        }
    }

    /// A constant of whole numbers.
    pub(super) fn whole(&mut self, c: &Constant) -> Result<Value, Problem> {
        let numbers = c.whole("a constant operand")?;
        let narrow =
            |v: i64| i32::try_from(v).map_err(|_| Problem::Data(format!("{v} does not fit 32 bits")));
        let numbers = numbers.into_iter().map(narrow).collect::<Result<Vec<_>, _>>()?;
        self.emitter.tensor(DType::I32, &c.dims, numbers)
    }
}
