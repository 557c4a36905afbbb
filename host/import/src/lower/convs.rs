//! Convolutions: their operand as bytes on one grid, as bytes with a scale for each channel, or as words whose halves go
//! through them one after the other. Words of a quantised file's own grid are that too.

use super::products::{ACCUMULATOR, Left};
use super::state::{Lowered, Lowering, Real, sum};
use super::weights::{MAX_BIAS_STEPS, Weights};
use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::grid::Grid;
use crate::plan::Site;
use crate::typed::{Arg, TypedNode};
use metisvm_model::{DType, Op, Shape, Value};

impl Lowering<'_> {
    pub(super) fn conv(
        &mut self,
        node: &TypedNode,
        op: Op,
        bias: Option<&[f64]>,
        shape: Shape,
    ) -> Result<Lowered, Problem> {
        let Arg::Constant(w) = &node.inputs[1] else {
            return Err(Problem::NotConstant("the weight"));
        };
        self.of_bytes(w)?;
        let x = &node.inputs[0];
        let left = match self.plan.convs.get(&node.output).cloned() {
            Some(Site::Words { scales }) => {
                return self
                    .conv_by_halves(x, &op, scales[0], w, bias, shape)
                    .map(Lowered::Real);
            }
            Some(Site::Columns { scales, zero, dtype }) => {
                let value = self.on_columns(x, 1, &scales, zero, dtype)?;
                Left {
                    value,
                    dtype,
                    zero,
                    scales,
                }
            }
            _ => {
                if let Some(grid) = self.own_words(x)? {
                    return self.conv_on_grid(x, &op, grid, w, bias, shape).map(Lowered::Real);
                }
                let (x, grid) = self.bytes(x)?;
                Left::of(x, grid)
            }
        };
        if let [scale] = left.scales[..] {
            let w = Weights::per_channel(w, 0, scale, bias, None)?;
            return self.product(op, &left, w, bias, shape, 1).map(Lowered::Real);
        }
        let scaled = scaled_inputs(w, &left.scales)?;
        let w = Weights::per_channel(&scaled, 0, 1.0, bias, None)?;
        let left = Left {
            scales: vec![1.0],
            ..left
        };
        self.product(op, &left, w, bias, shape, 1).map(Lowered::Real)
    }

    /// A convolution of words: of their upper halves, 256 times that, and of the lower ones.
    fn conv_by_halves(
        &mut self,
        x: &Arg,
        op: &Op,
        scale: f64,
        w: &Constant,
        bias: Option<&[f64]>,
        shape: Shape,
    ) -> Result<Real, Problem> {
        let Arg::Value(id) = *x else {
            return Err(self.not_quantised(x));
        };
        let weights = Weights::per_channel(w, 0, scale, bias, None)?;
        let bound = weights.greatest_column().max(1.0);
        // The lower halves go up to 255 whatever the words are.
        let most = (((ACCUMULATOR - MAX_BIAS_STEPS) / bound).floor() - 256.0).min(32_767.0);
        if most < 511.0 {
            // So many products leave no room for more than bytes.
            let (x, grid) = self.bytes(x)?;
            let w = Weights::per_channel(w, 0, f64::from(grid.scale), bias, None)?;
            return self.product(op.clone(), &Left::of(x, grid), w, bias, shape, 1);
        }
        let upper = ((most as i32 + 1) >> 8) - 1;
        let factor = 32_767.0 / f64::from(upper * 256 + 255);
        let scale = f64::from((scale * factor) as f32);
        let grid = Grid {
            scale: scale as f32,
            zero_point: 0,
            dtype: DType::I16,
        };
        let value = self.value_on_grid(id, grid)?;
        let halves = self.halves(value, upper)?;
        let weights = Weights::per_channel(w, 0, scale, bias, None)?;
        self.of_halves(op, halves, grid, &weights, bias, shape)
    }

    /// The grid of words that a file with its own grids has this operand on. (Where samples choose, they have chosen.)
    fn own_words(&self, x: &Arg) -> Result<Option<Grid>, Problem> {
        if self.plan.calibrated {
            return Ok(None);
        }
        let real = self.real(x)?;
        let words = |grid: &Grid| grid.dtype == DType::I16 && real.only_clamps();
        Ok(real.grid().filter(words))
    }

    /// A convolution of words on the grid that the file has them on: exact, and on a coarser one only where so many
    /// products leave no room for 16 bits.
    fn conv_on_grid(
        &mut self,
        x: &Arg,
        op: &Op,
        grid: Grid,
        w: &Constant,
        bias: Option<&[f64]>,
        shape: Shape,
    ) -> Result<Real, Problem> {
        let Arg::Value(id) = *x else {
            return Err(self.not_quantised(x));
        };
        let scale = f64::from(grid.scale);
        let weights = Weights::per_channel(w, 0, scale, bias, None)?;
        let (high, low) = zero_halves(grid);
        // What the proof takes: each half as far from its zero point as its type goes.
        let reach = f64::from(256 * (127 - high).max(high + 128) + (255 - low).max(low));
        let steps = |(index, b): (usize, &f64)| {
            let w = weights.scales.get(index).or(weights.scales.first());
            (b / (scale * w.copied().unwrap_or(1.0))).abs()
        };
        let added = bias.unwrap_or_default().iter().enumerate().map(steps);
        let added = added.fold(0.0, f64::max);
        if weights.greatest_column() * reach + added >= ACCUMULATOR {
            let reach = (32_767 - grid.zero_point).max(grid.zero_point + 32_768);
            return self.conv_by_halves(x, op, scale * f64::from(reach) / 32_767.0, w, bias, shape);
        }
        let value = self.value_on_grid(id, grid)?;
        let halves = self.halves(value, 127)?;
        self.of_halves(op, halves, grid, &weights, bias, shape)
    }

    /// The convolution of upper halves, 256 times that, and of lower ones, of words on this grid.
    fn of_halves(
        &mut self,
        op: &Op,
        (high, low): (Value, Value),
        grid: Grid,
        weights: &Weights,
        bias: Option<&[f64]>,
        shape: Shape,
    ) -> Result<Real, Problem> {
        let scale = f64::from(grid.scale);
        let scales: Vec<f64> = weights.scales.iter().map(|s| s * scale).collect();
        let w_value = self.emitter.weights(weights)?;
        let w_zero = self.emitter.zeros(weights)?;
        let zeros = zero_halves(grid);
        let high_zero = self.emitter.scalar(DType::I8, zeros.0)?;
        let low_zero = self.emitter.scalar(DType::U8, zeros.1)?;
        let high = self.emitter.node(op.clone(), &[high, w_value, high_zero, w_zero]);
        let high = self.emitter.times(high, 256, 0, DType::I32)?;
        let mut operands = vec![low, w_value, low_zero, w_zero];
        if let Some(bias) = bias {
            operands.push(self.emitter.bias(bias, &scales)?);
        }
        let low = self.emitter.node(op.clone(), &operands);
        let value = self.emitter.node(Op::Add, &[high, low]);
        Ok(sum(value, shape, scales, 1, ACCUMULATOR as i64))
    }

    /// Words as `256 · h + l` with h a signed byte within `−upper − 1..=upper` and l an unsigned one.
    fn halves(&mut self, words: Value, upper: i32) -> Result<(Value, Value), Problem> {
        let half = self.emitter.scalar(DType::I32, 128)?;
        let lowered = self.emitter.node(Op::Sub, &[words, half]);
        let high = self.emitter.times(lowered, 1, 8, DType::I8)?;
        let high = self.emitter.clamp(high, DType::I8, -upper - 1, upper)?;
        let part = self.emitter.times(high, 256, 0, DType::I32)?;
        let rest = self.emitter.node(Op::Sub, &[words, part]);
        let low = self.emitter.times(rest, 1, 0, DType::U8)?;
        Ok((high, low))
    }
}

/// The zero point of words as those of their halves.
const fn zero_halves(grid: Grid) -> (i32, i32) {
    (grid.zero_point >> 8, grid.zero_point & 255)
}

/// Weights `[O,I,KH,KW]` with a factor for each input channel.
fn scaled_inputs(w: &Constant, factors: &[f64]) -> Result<Constant, Problem> {
    let taps: usize = w.dims[2..].iter().map(|&d| d as usize).product();
    let every = factors.iter().flat_map(|&f| std::iter::repeat_n(f, taps)).cycle();
    let reals = w.finite()?;
    let scaled = reals.iter().zip(every).map(|(&v, f)| (f64::from(v) * f) as f32);
    Constant::new(&w.name, w.dims.clone(), Data::F32(scaled.collect()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn convolutions_hold_what_bytes_of_one_scale_do_not() {
        crate::float::cases::check("convolutions");
    }
}
