//! Operators that look at a row: sums, maxima, Softmax and norms, from the primitives of docs/inference.md.

use super::state::{Lowered, Lowering, Real, sum};
use crate::error::Problem;
use crate::plan::words as word_scale;
use crate::typed::{Arg, Element, Reduction, TypedNode};
use metisvm_model::{DType, Op, Shape};

/// exp is interpolated on −16 to 0: exp(−16) is below half a step of the 15 bits that an exponential has.
const EXP_RANGE: f64 = 16.0;
/// What stands for 1 among exponentials.
const ONE: i64 = 32767;
/// Reciprocals of sums of exponentials: the least sum is one exponential of about [`ONE`], whose reciprocal then just
/// fits 31 bits.
const NUMERATOR: u64 = (1 << 46) - 1;
/// Bits that summands may lose for their number: a million of them still have eleven.
const MOST_LOST: u8 = 4;
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
        let extent = self.dims(&node.inputs[0]).get(axis).copied().unwrap_or(1);
        let lost = lost_bits(extent)?;
        let x = self.subtrahend(&node.inputs[0])?;
        let axis = axis as u8;
        let greatest = self.emitter.node(Op::ReduceMax { axis }, &[x.value]);
        let below = self.emitter.node(Op::Sub, &[x.value, greatest]);
        let factor = x.scales[0] * 65_536.0 / EXP_RANGE;
        let words = self
            .emitter
            .requantise(below, &[factor], 0, DType::I16, i16::MAX.into())?;
        let node_at = |h: i32| (f64::from(h - 256) * EXP_RANGE / 256.0).exp() * (ONE >> lost) as f64;
        // The first is 0 and not 0.004: what is masked is exactly nothing.
        let nodes = (0..=256)
            .map(|h| if h == 0 { 0 } else { node_at(h).round() as i32 })
            .collect();
        let table = self.emitter.tensor(DType::I16, &[257], nodes)?;
        let e = self.emitter.node(Op::Interpolate, &[words, table]);
        let total = self.emitter.node(Op::ReduceSum { axis }, &[e]);
        let reciprocal = self.emitter.node(
            Op::Reciprocal {
                numerator: NUMERATOR >> lost,
            },
            &[total],
        );
        let op = Op::Mul {
            shift: SHIFT - lost,
            to: DType::I16,
        };
        let p = self.emitter.node(op, &[e, reciprocal]);
        Ok(Lowered::Real(Real::new(p, DType::I16, shape, 2f64.powi(-15), 0)))
    }

    /// An operand with one scale of which any two differ by no more than 32 bits hold: sums that reach further get a
    /// coarser scale.
    fn subtrahend(&mut self, arg: &Arg) -> Result<Real, Problem> {
        let mut x = self.single(arg)?;
        if x.dtype != DType::I32 {
            return Ok(x);
        }
        let mut coarser = 0;
        while x.most >> coarser >= 1 << 30 {
            coarser += 1;
        }
        if coarser > 0 {
            let factor = 2f64.powi(-coarser);
            x.value = self.emitter.requantise(x.value, &[factor], 0, DType::I32, 0)?;
            x.scales[0] /= factor;
            x.most = (x.most >> coarser) + 1;
        }
        Ok(x)
    }

    /// c = x − mean x where it is centred; y = c · √n / √(ε + Σc²).
    pub(super) fn normalise(
        &mut self,
        node: &TypedNode,
        epsilon: f64,
        centred: bool,
        shape: Shape,
    ) -> Result<Lowered, Problem> {
        let axis = shape.rank().saturating_sub(1);
        let extent = shape.dims().last().copied().unwrap_or(1);
        let (x, scale, _) = self.summed_words(&node.inputs[0], extent)?;
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
        self.summed_words(arg, extent)
    }

    /// Words of which `extent` add up within 32 bits, their scale, and the most that they add up to. Where they are very
    /// many, they have fewer bits.
    fn summed_words(&mut self, arg: &Arg, extent: u32) -> Result<(metisvm_model::Value, f64, i64), Problem> {
        let (x, scale) = self.words(arg)?;
        let lost = lost_bits(extent)?;
        if lost == 0 {
            return Ok((x, scale, (1i64 << 15) * i64::from(extent)));
        }
        let scale = f64::from((scale * f64::from(1u32 << lost)) as f32);
        let x = self.words_at(arg, scale)?;
        let most = i32::from(i16::MAX) >> lost;
        let x = self.emitter.clamp(x, DType::I16, -most, most)?;
        Ok((x, scale, i64::from(most) * i64::from(extent)))
    }
}

/// By how many bits words have to be shorter for `extent` of them to add up within 32 bits.
fn lost_bits(extent: u32) -> Result<u8, Problem> {
    let most = i64::from(i32::MAX);
    // Of the full length -2^15 counts as well.
    let fits = |lost: &u8| i64::from(extent) * ((ONE + i64::from(*lost == 0)) >> lost) <= most;
    (0..=MOST_LOST).find(fits).ok_or_else(|| {
        Problem::Unsupported(format!(
            "it adds up {extent} elements, of which 32 bits hold {} at most; add them up in parts",
            most / (ONE >> MOST_LOST)
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lose_bits_only_where_their_sum_would_overflow() {
        assert_eq!(lost_bits(65_535), Ok(0));
        assert_eq!(lost_bits(65_536), Ok(1));
        assert_eq!(lost_bits(70_000), Ok(1));
        assert_eq!(lost_bits(1_049_088), Ok(4));
        let refused = lost_bits(1_100_000).unwrap_err().to_string();
        assert!(
            refused.contains("1100000 elements") && refused.contains("in parts"),
            "{refused}"
        );
    }
}
