//! Addition of tensors on different grids.
//!
//! Both go to one fine scale as 32-bit integers, are added there exactly, and are rounded once more
//! when the sum is put on a grid. The fine scale is 1/1024 of the coarsest byte grid that takes part, so
//! what that first step rounds is at most half of 1/1024 of a step for each operand; its multiplier is
//! off by at most 2^−15 of the operand's value, 255 steps · 2^−15 < 1/128 of a step.

use super::state::{Lowering, Real, sum};
use crate::error::Problem;
use crate::typed::{Arg, TypedNode};
use metisvm_model::{DType, Op, Shape, Value};

/// Steps of the fine scale in one of a byte grid.
const FINER: f64 = 1024.0;

impl Lowering<'_> {
    pub(super) fn add(&mut self, node: &TypedNode, shape: Shape) -> Result<Real, Problem> {
        // A sum plus a constant needs no other scale.
        if let [Arg::Value(_), Arg::Constant(c)] | [Arg::Constant(c), Arg::Value(_)] = &node.inputs[..] {
            let value = node.inputs.iter().find(|i| matches!(i, Arg::Value(_)));
            let real = self.real(value.unwrap_or(&node.inputs[0]))?;
            let alone = real.then.is_empty() && real.reshape.is_none() && real.scales.len() == 1;
            if !real.dtype.is_byte() && alone {
                let steps = steps(&c.reals64(), real.scales[0])?;
                let constant = self.emitter.tensor(DType::I32, &c.dims, steps)?;
                self.emitter.layer().weights += c.len() as u64;
                let value = self.emitter.node(Op::Add, &[real.value, constant]);
                return Ok(sum(value, shape, real.scales, 0));
            }
        }
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
                if r.dtype.is_byte() {
                    coarsest / FINER
                } else {
                    coarsest
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
        let value = self.emitter.node(Op::Add, &operands);
        Ok(sum(value, shape, vec![common], 0))
    }

    /// Real numbers as 32-bit integers on one scale, functions applied, not yet reshaped.
    pub(super) fn on_common_scale(&mut self, real: &Real, common: f64) -> Result<Value, Problem> {
        let factors: Vec<f64> = real.scales.iter().map(|s| s / common).collect();
        match real.grid() {
            Some(own) if !real.then.is_empty() => {
                let entry = |v: i32| {
                    DType::I32.saturate((f64::from(real.apply(own.real(v))) / common).round() as i64)
                };
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
                let value = if factors.iter().all(|&f| f == 1.0) {
                    real.value
                } else {
                    self.emitter
                        .requantise(real.value, &factors, real.axis, DType::I32, 0)?
                };
                let bound = |v: f32| DType::I32.saturate((f64::from(real.apply(v)) / common).round() as i64);
                self.emitter
                    .clamp(value, DType::I32, bound(f32::NEG_INFINITY), bound(f32::INFINITY))
            }
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
