//! Matrices whose columns have scales of their own: features of 0.1 and of 4000 side by side. What scales columns changes
//! their scales and no integer, and what joins columns need not bring them to one scale.

use super::state::{Lowered, Lowering, Real};
use crate::constant::Constant;
use crate::error::Problem;
use crate::typed::TypedNode;
use metisvm_model::{DType, Op, Shape};

/// Scales that are further apart than this stay apart: three bits lost by one of two is more than eight bits can spare.
const APART: f64 = 8.0;
/// Scales within this are ones that an f32 holds.
const SOUND: std::ops::Range<f64> = 1e-30..1e30;

/// Steps in one of a column that something is added to: 0 and 1 are whole steps, and their mean is half of one.
const FINER: i32 = 1 << 12;

impl Lowering<'_> {
    /// Makes the steps of bytes or words finer.
    pub(super) fn refine(&mut self, real: &mut Real) -> Result<(), Problem> {
        let finer = self.emitter.scalar(DType::I32, FINER)?;
        let op = Op::Mul {
            shift: 0,
            to: DType::I32,
        };
        real.value = self.emitter.node(op, &[real.value, finer]);
        real.dtype = DType::I32;
        real.most = real.most.saturating_mul(FINER.into());
        real.scales.iter_mut().for_each(|s| *s /= f64::from(FINER));
        Ok(())
    }

    /// A matrix times a row of positive numbers, or divided by it, if that only changes scales.
    pub(super) fn scaled(
        &self,
        real: &Real,
        row: &Constant,
        shape: &Shape,
        by: impl Fn(f64, f64) -> f64,
    ) -> Option<Real> {
        let width = shape.dims().last().map_or(1, |&d| d as usize);
        let is_row = row.dims.len() <= shape.rank() && row.len() == width && row.dims.last().is_some();
        let is_row = is_row && row.dims.last().is_some_and(|&d| d as usize == width);
        let in_place = real.done() && real.shape == *shape && (real.scales.len() == 1 || real.in_columns());
        if !self.plan.calibrated || width < 2 || !is_row || !in_place {
            return None;
        }
        let own = real.scales.iter().cycle();
        let scales: Vec<f64> = row
            .reals64()
            .into_iter()
            .zip(own)
            .map(|(c, &s)| by(s, c))
            .collect();
        scales.iter().all(|s| SOUND.contains(s)).then(|| Real {
            scales,
            axis: shape.rank() - 1,
            ..real.clone()
        })
    }

    /// Columns side by side, each with the scale that it has, where their scales lie far apart.
    pub(super) fn columns_joined(
        &mut self,
        node: &TypedNode,
        axis: usize,
        shape: &Shape,
    ) -> Result<Option<Real>, Problem> {
        if !self.plan.calibrated || axis != 1 || shape.rank() != 2 || self.plan.grids[node.output].is_some() {
            return Ok(None);
        }
        let mut parts = Vec::new();
        let mut scales = Vec::new();
        for arg in &node.inputs {
            let Ok(Lowered::Real(real)) = self.state(arg) else {
                return Ok(None);
            };
            let width = self.dims(arg).last().map_or(1, |&d| d as usize);
            if !real.done() || real.zero != 0 || real.scales.len() > 1 && !real.in_columns() {
                return Ok(None);
            }
            scales.extend(real.scales.iter().cycle().take(width.max(real.scales.len())));
            parts.push(real.clone());
        }
        let ends = scales
            .iter()
            .fold((f64::INFINITY, 0f64), |(l, h), &s| (l.min(s), h.max(s)));
        if ends.1 <= APART * ends.0 {
            return Ok(None);
        }
        let alike = parts.windows(2).all(|pair| pair[0].dtype == pair[1].dtype);
        let dtype = if alike { parts[0].dtype } else { DType::I32 };
        let mut operands = Vec::new();
        for real in &parts {
            operands.push(if real.dtype == dtype {
                real.value
            } else {
                let nothing = self.emitter.scalar(real.dtype, 0)?;
                self.emitter.node(Op::Add, &[real.value, nothing])
            });
        }
        let most = parts.iter().map(|real| real.most).max().unwrap_or_default();
        let value = self.joined(Op::Concat { axis: 1 }, operands);
        Ok(Some(Real {
            scales,
            axis: 1,
            most,
            ..Real::new(value, dtype, shape.clone(), 1.0, 0)
        }))
    }
}
