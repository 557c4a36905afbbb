//! Functions of one number.
//!
//! A clamp waits: it is applied where its operand is rounded anyway, exactly, because rounding is monotone. Any other
//! function of bytes waits too, and becomes a table of all 256 values. Of what is wider the operand goes to 16-bit
//! words and the function is interpolated between 257 nodes.

use super::state::{Lowered, Lowering, Real};
use crate::error::Problem;
use crate::function::Function;
use crate::grid::Grid;
use crate::plan::words as word_scale;
use crate::typed::{Arg, Element, TypedNode};
use metisvm_model::{DType, Op, Value};

/// Functions that one table may stand for; it bounds what a hostile chain costs.
const MAX_CHAIN: usize = 256;
/// Words between two nodes of an interpolated table.
const NODE_DISTANCE: f64 = 256.0;

impl Lowering<'_> {
    pub(super) fn pointwise(&mut self, node: &TypedNode, function: &Function) -> Result<Lowered, Problem> {
        let arg = &node.inputs[0];
        let whole = self.typed.values[node.output].element == Element::Int;
        if let Lowered::Integers(value, dtype) = *self.state(arg)?
            && whole
        {
            return self.of_integers(value, dtype, function);
        }
        let mut real = self.real(arg)?;
        if whole {
            return self.predicate(arg, function);
        }
        if let Some(both) = real.then.last().and_then(|last| last.clamps(function)) {
            real.then.pop();
            real.then.push(both);
            return Ok(Lowered::Real(real));
        }
        if let Some(scaled) = self.rescaled(&real, function) {
            return Ok(Lowered::Real(scaled));
        }
        let waits = function.is_clamp() && real.only_clamps() || real.byte_grid().is_some();
        if waits {
            if real.then.len() >= MAX_CHAIN {
                return Err(Problem::TooMany {
                    what: "functions of one number in a row",
                    count: MAX_CHAIN as u64 + 1,
                    limit: MAX_CHAIN as u64,
                });
            }
            real.then.push(function.clone());
            return Ok(Lowered::Real(real));
        }
        if !self.known(arg) {
            // Without a range the function cannot be told from its operand's bits: it waits for a grid, in vain.
            return Err(self.not_quantised(arg));
        }
        let result = self.interpolated(arg, function, node.output)?;
        Ok(Lowered::Real(result))
    }

    fn known(&self, arg: &Arg) -> bool {
        self.reach(arg).is_ok()
    }

    /// A positive factor changes the scale and no integer. Of a quantised file's bytes it goes into a table, as there
    /// each step is to be what a runtime computes.
    fn rescaled(&self, real: &Real, function: &Function) -> Option<Real> {
        let factor = match *function {
            Function::Affine { scale, offset: 0.0 } => f64::from(scale),
            Function::DivideBy { divisor } => 1.0 / f64::from(divisor),
            _ => return None,
        };
        let table = !self.plan.calibrated && real.byte_grid().is_some();
        if table || !real.then.is_empty() || !(1e-20..1e20).contains(&factor) {
            return None;
        }
        let mut scaled = real.clone();
        scaled.scales.iter_mut().for_each(|s| *s *= factor);
        let sound = scaled.scales.iter().all(|s| (1e-30..1e30).contains(s));
        sound.then_some(scaled)
    }

    /// The function of words, by interpolation.
    fn interpolated(&mut self, arg: &Arg, function: &Function, output: usize) -> Result<Real, Problem> {
        let (low, high) = self.reach(arg)?;
        let domain = domain(low, high);
        let x = match *arg {
            Arg::Value(id) => self.value_on_grid(id, domain)?,
            Arg::Constant(_) => return Err(self.not_quantised(arg)),
        };
        let at = |node: i32| {
            let x = (f64::from(node) * NODE_DISTANCE - 32768.0 - f64::from(domain.zero_point))
                * f64::from(domain.scale);
            let y = function.at(x as f32);
            if y.is_nan() { 0.0 } else { y }
        };
        let nodes: Vec<f32> = (0..=256).map(at).collect();
        let grid = match self.plan.grids[output] {
            Some(grid) => grid,
            None => {
                let seen = self.plan.ranges.get(output).copied().flatten();
                let (low, high) = seen.unwrap_or_else(|| {
                    let finite = nodes.iter().filter(|v| v.is_finite()).map(|&v| f64::from(v));
                    finite.fold((0.0, 0.0), |(low, high): (f64, f64), v| (low.min(v), high.max(v)))
                });
                Grid {
                    scale: word_scale(low, high) as f32,
                    zero_point: 0,
                    dtype: DType::I16,
                }
            }
        };
        let table = self.emitter.tensor(
            grid.dtype,
            &[257],
            nodes.iter().map(|&y| grid.quantise(y)).collect(),
        )?;
        let y = self.emitter.node(Op::Interpolate, &[x, table]);
        let shape = self.shape(arg)?;
        Ok(Real::new(
            y,
            grid.dtype,
            shape,
            grid.scale.into(),
            grid.zero_point,
        ))
    }

    /// 1 where a condition holds of real numbers, else 0; exact with respect to the words that stand for them.
    fn predicate(&mut self, arg: &Arg, function: &Function) -> Result<Lowered, Problem> {
        let real = self.single(arg)?;
        let scale = real.scales[0];
        let steps = |v: f32| f64::from(v) / scale + f64::from(real.zero);
        if let Some(own) = real.byte_grid() {
            let entry = |v: i32| i32::from(function.at(real.at(v)) != 0.0);
            let value = self.emitter.table(real.value, own.dtype, DType::U8, entry)?;
            return Ok(Lowered::Integers(value, DType::U8));
        }
        let (value, bound, dtype) = (self.comparable(real.value, real.dtype)?, steps, real.dtype);
        let value = match *function {
            Function::Greater { than } => self.at_least(value, bound(than).floor() + 1.0)?,
            Function::Less { than } => self.at_most(value, bound(than).ceil() - 1.0)?,
            Function::Equal { to } => self.equal(value, bound(to).round())?,
            _ => {
                return Err(Problem::Unsupported(format!(
                    "{function:?} of {dtype} gives no truth value"
                )));
            }
        };
        Ok(Lowered::Integers(value, DType::I32))
    }

    /// A function of whole numbers that gives whole numbers.
    fn of_integers(&mut self, value: Value, dtype: DType, function: &Function) -> Result<Lowered, Problem> {
        if dtype.min() == 0 && matches!(function, Function::FromFront { .. }) {
            return Ok(Lowered::Integers(value, dtype));
        }
        if dtype.is_byte() {
            let entry = |v: i32| DType::I32.saturate(function.at(v as f32) as i64);
            let value = self.emitter.table(value, dtype, DType::I32, entry)?;
            return Ok(Lowered::Integers(value, DType::I32));
        }
        let value = self.comparable(value, dtype)?;
        let whole = |v: f32| v.fract() == 0.0 && v.abs() < (1u32 << 24) as f32;
        let result = match *function {
            Function::Greater { than } => self.at_least(value, f64::from(than).floor() + 1.0)?,
            Function::Less { than } => self.at_most(value, f64::from(than).ceil() - 1.0)?,
            Function::Equal { to } if whole(to) => self.equal(value, to.into())?,
            Function::Equal { .. } => {
                let none = self.emitter.scalar(DType::I32, 0)?;
                self.emitter.node(
                    Op::Mul {
                        shift: 0,
                        to: DType::I32,
                    },
                    &[value, none],
                )
            }
            Function::Affine { scale, offset } if whole(scale) && whole(offset) => {
                let factor = self.emitter.scalar(DType::I32, scale as i32)?;
                let product = self.emitter.node(
                    Op::Mul {
                        shift: 0,
                        to: DType::I32,
                    },
                    &[value, factor],
                );
                if offset == 0.0 {
                    product
                } else {
                    let offset = self.emitter.scalar(DType::I32, offset as i32)?;
                    self.emitter.node(Op::Add, &[product, offset])
                }
            }
            Function::Clamp { low, high } => {
                let bound = |v: f32| DType::I32.saturate(v as i64);
                let bounds = [
                    self.emitter.scalar(dtype, bound(low))?,
                    self.emitter.scalar(dtype, bound(high))?,
                ];
                self.emitter.node(Op::Clamp, &[value, bounds[0], bounds[1]])
            }
            Function::FromFront { extent } => self.counted_from_front(value, extent)?,
            _ => {
                return Err(Problem::Unsupported(
                    "it has no exact form on whole numbers; cast them to FLOAT".to_string(),
                ));
            }
        };
        Ok(Lowered::Integers(result, DType::I32))
    }

    /// `position + extent · (position < 0)`.
    fn counted_from_front(&mut self, position: Value, extent: u32) -> Result<Value, Problem> {
        let extent = i32::try_from(extent).unwrap_or(i32::MAX);
        // Kept near the dimension first, so that no sum can overflow.
        let position = self.emitter.clamp(position, DType::I32, -extent, extent - 1)?;
        let below = self.emitter.clamp(position, DType::I32, -1, 0)?;
        let extent = self.emitter.scalar(DType::I32, extent)?;
        let (shift, to) = (0, DType::I32);
        let added = self.emitter.node(Op::Mul { shift, to }, &[below, extent]);
        Ok(self.emitter.node(Op::Sub, &[position, added]))
    }

    /// Integers such that the difference to a bound fits 32 bits.
    fn comparable(&mut self, value: Value, dtype: DType) -> Result<Value, Problem> {
        if dtype == DType::I32 {
            self.emitter.clamp(value, dtype, -ROOM, ROOM)
        } else {
            Ok(value)
        }
    }

    /// 1 where the integer is at least `bound`: `clamp(x − bound + 1)` to 0..=1.
    fn at_least(&mut self, value: Value, bound: f64) -> Result<Value, Problem> {
        let less = self.emitter.scalar(DType::I32, clamped(bound - 1.0))?;
        let distance = self.emitter.node(Op::Sub, &[value, less]);
        self.emitter.clamp(distance, DType::I32, 0, 1)
    }

    fn at_most(&mut self, value: Value, bound: f64) -> Result<Value, Problem> {
        let more = self.emitter.scalar(DType::I32, clamped(bound + 1.0))?;
        let distance = self.emitter.node(Op::Sub, &[more, value]);
        self.emitter.clamp(distance, DType::I32, 0, 1)
    }

    fn equal(&mut self, value: Value, to: f64) -> Result<Value, Problem> {
        let (above, below) = (self.at_least(value, to + 1.0)?, self.at_most(value, to - 1.0)?);
        let differs = self.emitter.node(Op::Add, &[above, below]);
        let one = self.emitter.scalar(DType::I32, 1)?;
        Ok(self.emitter.node(Op::Sub, &[one, differs]))
    }
}

/// The greatest magnitude of what is compared, and of what it is compared with.
pub(super) const ROOM: i32 = (1 << 30) - 2;

fn clamped(bound: f64) -> i32 {
    bound.clamp(f64::from(-ROOM - 1), f64::from(ROOM + 1)) as i32
}

/// Words that cover the range with all their bits, 0 among them. The zero point is a multiple of the distance between
/// nodes, so that a function with an edge at 0 has a node there.
fn domain(low: f64, high: f64) -> Grid {
    let (low, high) = (low.min(0.0) * 1.05, high.max(0.0) * 1.05);
    // One node's distance is kept free for moving the zero point.
    let scale = ((high - low) / (65_535.0 - 2.0 * NODE_DISTANCE)) as f32;
    let scale = if scale.is_normal() { scale } else { 1.0 };
    let zero = (-32_768.0 + NODE_DISTANCE - low / f64::from(scale)) / NODE_DISTANCE;
    let zero = zero.round() * NODE_DISTANCE;
    Grid {
        scale,
        zero_point: zero.clamp(-32_768.0, 32_512.0) as i32,
        dtype: DType::I16,
    }
}
