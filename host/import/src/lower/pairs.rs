//! Operators of two operands, element by element.
//!
//! **Sums.** Two operands of bytes go to one fine scale as 32-bit integers, are added there exactly, and are rounded once
//! more when the sum is put on a grid. The fine scale is 1/1024 of the coarsest byte grid that takes part, so what that
//! first step rounds is at most half of 1/1024 of a step for each operand; its multiplier is off by at most 2^−15 of the
//! operand's value, 255 steps · 2^−15 < 1/128 of a step. Wider operands become 16-bit words on the scale of the greater
//! one. What only masks (far below all else) becomes a 32-bit number of great magnitude instead, so that it does not make
//! that scale coarse.
//!
//! **Products** of words are exact in 32 bits. **Quotients** are products with a reciprocal.

use super::state::{Lowered, Lowering, Real, sum};
use crate::error::Problem;
use crate::plan::words as word_scale;
use crate::typed::{Arg, Element, TypedNode};
use metisvm_model::{DType, Op, Shape, Value};

/// Steps of the fine scale in one of a byte grid.
const FINER: f64 = 1024.0;
/// How many times an operand must exceed the other, downwards, to be nothing but a mask.
const MASKS: f64 = 256.0;
/// And what it must exceed at least: no score is that low.
const LEAST_MASK: f64 = 1000.0;

impl Lowering<'_> {
    pub(super) fn add(&mut self, node: &TypedNode, shape: Shape, op: &Op) -> Result<Lowered, Problem> {
        if self.typed.values[node.output].element == Element::Int {
            let operands = [
                self.whole_operand(&node.inputs[0])?,
                self.whole_operand(&node.inputs[1])?,
            ];
            return Ok(Lowered::Integers(
                self.emitter.node(op.clone(), &operands),
                DType::I32,
            ));
        }
        if let Some(real) = self.shifted(node, &shape, op)? {
            return Ok(Lowered::Real(real));
        }
        if self.all_bytes(node)? {
            return Ok(Lowered::Real(self.add_bytes(node, shape, op)?));
        }
        let (operands, scale, most) = self.on_one_scale(&node.inputs)?;
        let value = self.emitter.node(op.clone(), &operands);
        Ok(Lowered::Real(sum(value, shape, vec![scale], 0, most)))
    }

    /// A sum of one scale plus a constant needs no other scale.
    fn shifted(&mut self, node: &TypedNode, shape: &Shape, op: &Op) -> Result<Option<Real>, Problem> {
        let (x, c) = match &node.inputs[..] {
            [x @ Arg::Value(_), Arg::Constant(c)] => (x, c),
            [Arg::Constant(c), x @ Arg::Value(_)] => (x, c),
            _ => return Ok(None),
        };
        let mut real = self.real(x)?;
        let width = real.shape.dims().last().copied().unwrap_or(1);
        let columns =
            real.in_columns() && real.zero == 0 && c.dims.last() == Some(&width) && real.shape == *shape;
        let columns = columns && self.plan.calibrated && self.mask(&node.inputs).is_none();
        let one = real.dtype == DType::I32 && real.scales.len() == 1;
        if !real.done() || !columns && !one {
            return Ok(None);
        }
        if columns && real.dtype != DType::I32 {
            self.refine(&mut real)?;
        }
        let scales = real.scales.iter().cycle();
        let steps: Vec<f64> = c
            .reals64()
            .iter()
            .zip(scales)
            .map(|(v, s)| (v / s).round())
            .collect();
        let most = steps.iter().fold(0f64, |m, s| m.max(s.abs())) + real.most as f64;
        if most >= f64::from(i32::MAX)
            && (self.plan.calibrated || steps.iter().any(|s| s.abs() > f64::from(i32::MAX)))
        {
            return Ok(None);
        }
        let steps = steps.iter().map(|&s| s as i32).collect();
        self.emitter.layer().weights += c.len() as u64;
        let constant = self.emitter.tensor(DType::I32, &c.dims, steps)?;
        let first = matches!(node.inputs[0], Arg::Value(_));
        let operands = if first {
            [real.value, constant]
        } else {
            [constant, real.value]
        };
        let value = self.emitter.node(op.clone(), &operands);
        Ok(Some(sum(
            value,
            shape.clone(),
            real.scales,
            real.axis,
            most as i64,
        )))
    }

    /// Whether every computed operand is bytes, or no range is known that words would need.
    fn all_bytes(&self, node: &TypedNode) -> Result<bool, Problem> {
        let mut bytes = true;
        for arg in node.inputs.iter().filter(|arg| matches!(arg, Arg::Value(_))) {
            bytes &= self.real(arg)?.byte_grid().is_some();
        }
        let known = node.inputs.iter().all(|arg| self.reach(arg).is_ok());
        let mask = self.mask(&node.inputs).is_some();
        Ok(!mask && (bytes || !known))
    }

    fn add_bytes(&mut self, node: &TypedNode, shape: Shape, op: &Op) -> Result<Real, Problem> {
        let mut reals = Vec::new();
        for arg in &node.inputs {
            reals.push(match arg {
                Arg::Value(_) => Some(self.real(arg)?),
                Arg::Constant(_) => None,
            });
        }
        let common = reals
            .iter()
            .flatten()
            .map(|r| {
                let coarsest = r.scales.iter().copied().fold(0.0, f64::max);
                match r.dtype {
                    DType::I32 => coarsest,
                    _ => coarsest / FINER,
                }
            })
            .fold(0.0, f64::max);
        let mut operands = Vec::new();
        for (arg, real) in node.inputs.iter().zip(&reals) {
            operands.push(match (arg, real) {
                (_, Some(real)) => {
                    let value = self.on_common_scale(real, common)?;
                    match &real.reshape {
                        Some(shape) => self.emitter.node(Op::Reshape { shape: shape.clone() }, &[value]),
                        None => value,
                    }
                }
                (Arg::Constant(c), None) => {
                    let steps = steps(&c.reals64(), common)?;
                    self.emitter.layer().weights += c.len() as u64;
                    self.emitter.tensor(DType::I32, &c.dims, steps)?
                }
                (Arg::Value(_), None) => return Err(Problem::Cycle),
            });
        }
        let value = self.emitter.node(op.clone(), &operands);
        Ok(sum(value, shape, vec![common], 0, i32::MAX.into()))
    }

    /// Which of several operands only masks the others, if one does.
    fn mask(&self, args: &[Arg]) -> Option<usize> {
        let reaches: Vec<(f64, f64)> = args
            .iter()
            .map(|arg| self.reach(arg).ok())
            .collect::<Option<_>>()?;
        (0..args.len()).find(|&at| {
            let others = reaches.iter().enumerate().filter(|(other, _)| *other != at);
            let most = others
                .map(|(_, (low, high))| low.abs().max(*high))
                .fold(0.0, f64::max);
            reaches[at].0 < -LEAST_MASK && -reaches[at].0 > MASKS * most
        })
    }

    /// Operands as words of one scale (a mask among them as 32-bit numbers), the scale, and what a sum of two of them
    /// can be at most.
    pub(super) fn on_one_scale(&mut self, args: &[Arg]) -> Result<(Vec<Value>, f64, i64), Problem> {
        let mask = self.mask(args);
        let mut scale = 0f64;
        for (at, arg) in args.iter().enumerate() {
            if Some(at) != mask {
                scale = scale.max(self.least_scale(arg)?);
            }
        }
        // Scales are f32 wherever they are grids.
        let scale = if scale > 0.0 { f64::from(scale as f32) } else { 1.0 };
        let mut most = 2 << 15;
        let mut operands = Vec::new();
        for (at, arg) in args.iter().enumerate() {
            operands.push(if Some(at) == mask {
                most = i64::from(super::forms::MASK) + (1 << 15);
                self.mask_at(arg, scale)?
            } else {
                self.words_at(arg, scale)?
            });
        }
        Ok((operands, scale, most))
    }

    /// The finest scale on which an operand is words; 0 where all of it is 0, as every scale is fine enough for that.
    pub(super) fn least_scale(&self, arg: &Arg) -> Result<f64, Problem> {
        Ok(match self.reach(arg)? {
            (0.0, 0.0) => 0.0,
            (low, high) => word_scale(low, high),
        })
    }

    pub(super) fn mul(&mut self, node: &TypedNode, shape: Shape) -> Result<Lowered, Problem> {
        let op = Op::Mul {
            shift: 0,
            to: DType::I32,
        };
        if self.typed.values[node.output].element == Element::Int {
            let operands = [
                self.whole_operand(&node.inputs[0])?,
                self.whole_operand(&node.inputs[1])?,
            ];
            return Ok(Lowered::Integers(self.emitter.node(op, &operands), DType::I32));
        }
        let scaled = match &node.inputs[..] {
            [x @ Arg::Value(_), Arg::Constant(c)] | [Arg::Constant(c), x @ Arg::Value(_)] => {
                self.scaled(&self.real(x)?, c, &shape, |s, c| s * c)
            }
            _ => None,
        };
        if let Some(real) = scaled {
            return Ok(Lowered::Real(real));
        }
        let (a, a_scale) = self.words(&node.inputs[0])?;
        let (b, b_scale) = self.words(&node.inputs[1])?;
        let value = self.emitter.node(op, &[a, b]);
        Ok(Lowered::Real(sum(
            value,
            shape,
            vec![a_scale * b_scale],
            0,
            1 << 30,
        )))
    }

    /// `a / b` with b positive: `(a · ⌊2^k / b⌋) >> shift`.
    pub(super) fn div(&mut self, node: &TypedNode, shape: Shape) -> Result<Lowered, Problem> {
        let (low, high) = self.reach(&node.inputs[1])?;
        if low <= 0.0 {
            return Err(Problem::Unsupported(format!(
                "it divides by what was seen to be {low} to {high}; a divisor must be positive"
            )));
        }
        if let [x @ Arg::Value(_), Arg::Constant(c)] = &node.inputs[..]
            && let Some(real) = self.scaled(&self.real(x)?, c, &shape, |s, c| s / c)
        {
            return Ok(Lowered::Real(real));
        }
        let (a, a_scale) = self.words(&node.inputs[0])?;
        let divisor = match &node.inputs[1] {
            arg @ Arg::Value(_) => self.single(arg)?,
            arg @ Arg::Constant(_) => {
                let (value, scale) = self.words(arg)?;
                let shape = self.shape(arg)?;
                Real::new(value, DType::I16, shape, scale, 0)
            }
        };
        let divisor = if divisor.zero == 0 {
            divisor
        } else {
            let (value, scale) = self.words(&node.inputs[1])?;
            Real::new(value, DType::I16, divisor.shape, scale, 0)
        };
        let b_scale = divisor.scales[0];
        // Half of the least divisor that was seen: below, the reciprocal saturates at 2^31 − 1.
        let least = (low / b_scale / 2.0).max(1.0).log2().floor() as u32;
        let k = (30 + least).min(61);
        let reciprocal = self
            .emitter
            .node(Op::Reciprocal { numerator: 1 << k }, &[divisor.value]);
        let (low, high) = self
            .plan
            .ranges
            .get(node.output)
            .copied()
            .flatten()
            .unwrap_or_else(|| {
                let most = a_scale * f64::from(i16::MAX) / low;
                (-most, most)
            });
        // One step of the quotient before the shift is a_scale / b_scale / 2^k.
        let step = a_scale / b_scale / 2f64.powi(k as i32);
        let shift = (word_scale(low, high) / step).log2().ceil().clamp(0.0, 62.0);
        let op = Op::Mul {
            shift: shift as u8,
            to: DType::I16,
        };
        let value = self.emitter.node(op, &[a, reciprocal]);
        Ok(Lowered::Real(Real::new(
            value,
            DType::I16,
            shape,
            step * shift.exp2(),
            0,
        )))
    }

    /// `b + condition · (a − b)`, the condition being 0 or 1.
    pub(super) fn choose(&mut self, node: &TypedNode, shape: Shape) -> Result<Lowered, Problem> {
        let whole = self.typed.values[node.output].element == Element::Int;
        let condition = self.truth(&node.inputs[0])?;
        let (operands, scale, most) = if whole {
            let operands = vec![
                self.whole_operand(&node.inputs[1])?,
                self.whole_operand(&node.inputs[2])?,
            ];
            (operands, 1.0, i64::from(i32::MAX))
        } else {
            self.on_one_scale(&node.inputs[1..])?
        };
        let distance = self.emitter.node(Op::Sub, &operands);
        let op = Op::Mul {
            shift: 0,
            to: DType::I32,
        };
        let part = self.emitter.node(op, &[condition, distance]);
        let value = self.emitter.node(Op::Add, &[operands[1], part]);
        if whole {
            return Ok(Lowered::Integers(value, DType::I32));
        }
        // By intervals the sum is at most three times the operands; the numbers themselves are no greater than those.
        Ok(Lowered::Real(sum(value, shape, vec![scale], 0, 3 * most)))
    }

    /// A condition as 0 and 1.
    fn truth(&mut self, arg: &Arg) -> Result<Value, Problem> {
        let (value, dtype) = match arg {
            Arg::Constant(c) => (self.whole(c)?, DType::I32),
            Arg::Value(_) => self.integers(arg)?,
        };
        if dtype.is_byte() {
            return self.emitter.table(value, dtype, DType::U8, |v| i32::from(v != 0));
        }
        self.emitter.clamp(value, dtype, 0, 1)
    }

    fn whole_operand(&mut self, arg: &Arg) -> Result<Value, Problem> {
        match arg {
            Arg::Constant(c) => self.whole(c),
            Arg::Value(_) => Ok(self.integers(arg)?.0),
        }
    }
}

fn steps(reals: &[f64], scale: f64) -> Result<Vec<i32>, Problem> {
    let step = |(index, &real): (usize, &f64)| {
        let value = (real / scale).round();
        if value.abs() <= f64::from(i32::MAX) {
            Ok(value as i32)
        } else {
            Err(Problem::Bias { index, value })
        }
    };
    reals.iter().enumerate().map(step).collect()
}
