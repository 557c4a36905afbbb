//! Operators that look at a row: sums, maxima, Softmax and norms, from the primitives of docs/inference.md.

use super::state::{Lowered, Lowering, Real, sum};
use crate::error::Problem;
use crate::plan::words as word_scale;
use crate::typed::{Arg, Element, Reduction, TypedNode};
use metisvm_model::{DType, Op, Shape};

/// exp is interpolated on −16 to 0: exp(−16) is below half a step of the 15 bits that an exponential has.
const EXP_RANGE: f64 = 16.0;
/// What stands for 1 among exponentials.
const ONE: f64 = 32767.0;
/// Reciprocals of sums of exponentials: the least sum is one exponential of about [`ONE`], whose reciprocal then just
/// fits 31 bits.
const NUMERATOR: u64 = (1 << 46) - 1;
/// Down from 2^46 to the 15 bits of a probability.
const SHIFT: u8 = 31;
/// The power of two under the root of a norm: the greatest that 62-bit arithmetic has, for the most bits of result.
const NORM_SHIFT: u8 = 62;

impl Lowering<'_> {
    /// d = x − max x; e = exp d; p = e / Σe, as words of 2^−15.
    pub(super) fn softmax(
        &mut self,
        node: &TypedNode,
        axis: usize,
        shape: Shape,
    ) -> Result<Lowered, Problem> {
        let x = self.single(&node.inputs[0])?;
        let axis = axis as u8;
        let greatest = self.emitter.node(Op::ReduceMax { axis }, &[x.value]);
        let below = self.emitter.node(Op::Sub, &[x.value, greatest]);
        let factor = x.scales[0] * 65_536.0 / EXP_RANGE;
        let words = self
            .emitter
            .requantise(below, &[factor], 0, DType::I16, i16::MAX.into())?;
        let node_at = |h: i32| (f64::from(h - 256) * EXP_RANGE / 256.0).exp() * ONE;
        // The first is 0 and not 0.004: what is masked is exactly nothing.
        let nodes = (0..=256)
            .map(|h| if h == 0 { 0 } else { node_at(h).round() as i32 })
            .collect();
        let table = self.emitter.tensor(DType::I16, &[257], nodes)?;
        let e = self.emitter.node(Op::Interpolate, &[words, table]);
        let total = self.emitter.node(Op::ReduceSum { axis }, &[e]);
        let reciprocal = self
            .emitter
            .node(Op::Reciprocal { numerator: NUMERATOR }, &[total]);
        let op = Op::Mul {
            shift: SHIFT,
            to: DType::I16,
        };
        let p = self.emitter.node(op, &[e, reciprocal]);
        Ok(Lowered::Real(Real::new(p, DType::I16, shape, 2f64.powi(-15), 0)))
    }

    /// c = x − mean x where it is centred; y = c · √n / √(ε + Σc²).
    pub(super) fn normalise(
        &mut self,
        node: &TypedNode,
        epsilon: f64,
        centred: bool,
        shape: Shape,
    ) -> Result<Lowered, Problem> {
        let (x, scale) = self.words(&node.inputs[0])?;
        let axis = shape.rank().saturating_sub(1);
        let n = shape.dims().last().map_or(1.0, |&d| f64::from(d));
        let c = if centred {
            let total = self.emitter.node(Op::ReduceSum { axis: axis as u8 }, &[x]);
            let mean = self.emitter.requantise(total, &[1.0 / n], 0, DType::I32, 0)?;
            self.emitter.node(Op::Sub, &[x, mean])
        } else {
            x
        };
        let epsilon = (epsilon * n / (scale * scale)).round();
        if epsilon.is_nan() || epsilon >= 2f64.powi(60) {
            return Err(Problem::Unsupported(
                "its epsilon is far above what the operand was seen to hold; check the calibration data"
                    .to_string(),
            ));
        }
        let op = Op::InvNorm {
            shift: NORM_SHIFT,
            epsilon: (epsilon as u64).max(1),
        };
        let inverse = self.emitter.node(op, &[c]);
        // The product has the scale √n · 2^−31.
        let step = n.sqrt() * 2f64.powi(-i32::from(NORM_SHIFT) / 2);
        let seen = self.plan.ranges.get(node.output).copied().flatten();
        let (low, high) = seen.unwrap_or((-n.sqrt(), n.sqrt()));
        let shift = (word_scale(low, high) / step).log2().ceil().clamp(0.0, 62.0);
        let op = Op::Mul {
            shift: shift as u8,
            to: DType::I16,
        };
        let y = self.emitter.node(op, &[c, inverse]);
        Ok(Lowered::Real(Real::new(
            y,
            DType::I16,
            shape,
            step * shift.exp2(),
            0,
        )))
    }

    pub(super) fn reduce(
        &mut self,
        node: &TypedNode,
        kind: Reduction,
        axis: usize,
        shape: Shape,
    ) -> Result<Lowered, Problem> {
        let arg = &node.inputs[0];
        let extent = self.dims(arg).get(axis).copied().unwrap_or(1);
        let op = match kind {
            Reduction::Max => Op::ReduceMax { axis: axis as u8 },
            _ => Op::ReduceSum { axis: axis as u8 },
        };
        if self.typed.values[node.output].element == Element::Int {
            let (value, dtype) = self.integers(arg)?;
            if kind == Reduction::Mean {
                return Err(Problem::Unsupported(
                    "a mean of whole numbers; cast them to FLOAT first".to_string(),
                ));
            }
            let dtype = if kind == Reduction::Max { dtype } else { DType::I32 };
            return Ok(Lowered::Integers(self.emitter.node(op, &[value]), dtype));
        }
        if kind == Reduction::Max {
            let mut x = self.single(arg)?;
            x.value = self.emitter.node(op, &[x.value]);
            x.shape = shape;
            return Ok(Lowered::Real(x));
        }
        let (x, scale, most) = self.summands(arg, extent)?;
        let value = self.emitter.node(op, &[x]);
        let scale = match kind {
            Reduction::Mean => scale / f64::from(extent),
            _ => scale,
        };
        Ok(Lowered::Real(sum(value, shape, vec![scale], 0, most)))
    }

    /// Words, or 32-bit sums that are small enough, of which `extent` add up within 32 bits.
    fn summands(&mut self, arg: &Arg, extent: u32) -> Result<(metisvm_model::Value, f64, i64), Problem> {
        let real = self.real(arg)?;
        let fits = real.most.saturating_mul(extent.into()) < i64::from(i32::MAX);
        if real.done() && real.scales.len() == 1 && real.zero == 0 && fits {
            return Ok((real.value, real.scales[0], real.most * i64::from(extent)));
        }
        let (x, scale) = self.words(arg)?;
        Ok((x, scale, (1i64 << 15) * i64::from(extent)))
    }
}
