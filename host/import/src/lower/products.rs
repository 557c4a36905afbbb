//! Products: their first operand in the form that the plan chose, their weights rounded to 8 bits a column.

use super::state::{Lowered, Lowering, Real, sum};
use super::weights::{MAX_BIAS_STEPS, Weights};
use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::grid::Grid;
use crate::plan::Site;
use crate::typed::{Arg, TypedNode};
use metisvm_model::{DType, Op, Shape, Value};

/// What a sum of products and its bias stay below.
pub(super) const ACCUMULATOR: f64 = 2_147_483_647.0;

/// The first operand of a product.
pub(super) struct Left {
    pub(super) value: Value,
    pub(super) dtype: DType,
    pub(super) zero: i32,
    /// One, or one for each index of the dimension that is summed over.
    pub(super) scales: Vec<f64>,
}

impl Left {
    pub(super) fn of(value: Value, grid: Grid) -> Self {
        Self {
            value,
            dtype: grid.dtype,
            zero: grid.zero_point,
            scales: vec![grid.scale.into()],
        }
    }

    /// The greatest magnitude of an element less the zero point.
    fn reach(&self) -> f64 {
        let low = f64::from(self.dtype.min()) - f64::from(self.zero);
        let high = f64::from(self.dtype.max()) - f64::from(self.zero);
        high.max(-low)
    }
}

impl Lowering<'_> {
    pub(super) fn mat_mul(
        &mut self,
        node: &TypedNode,
        bias: Option<&[f64]>,
        shape: Shape,
    ) -> Result<Lowered, Problem> {
        let axis = shape.rank() - 1;
        let real = match (&node.inputs[0], &node.inputs[1]) {
            (Arg::Constant(c), _) => {
                self.of_bytes(c)?;
                let w = Weights::per_tensor(c)?;
                let left = Left::of(self.emitter.weights(&w)?, w.single_grid()?);
                self.by_computed(left, &node.inputs[1], bias, shape)?
            }
            (x, Arg::Constant(w)) => {
                self.of_bytes(w)?;
                let site = match x {
                    Arg::Value(id) => self.plan.sites.get(id).cloned(),
                    Arg::Constant(_) => None,
                };
                match site {
                    Some(Site::Words { scales }) => {
                        self.wide_by_constant(x, &scales, w, bias, shape, axis)?
                    }
                    Some(Site::Columns { scales, zero, dtype }) => {
                        let value = self.on_columns(x, axis, &scales, zero, dtype)?;
                        let left = Left {
                            value,
                            dtype,
                            zero,
                            scales,
                        };
                        self.by_constant(left, w, bias, shape, axis)?
                    }
                    Some(Site::Bytes(grid))
                        if self.plan.grids.iter().all(|g| *g != Some(grid)) || !self.is_bytes(x) =>
                    {
                        let Arg::Value(id) = *x else {
                            return Err(self.not_quantised(x));
                        };
                        let left = Left::of(self.value_on_grid(id, grid)?, grid);
                        self.by_constant(left, w, bias, shape, axis)?
                    }
                    _ => {
                        let left = self.left(x)?;
                        self.by_constant(left, w, bias, shape, axis)?
                    }
                }
            }
            (x, w) => {
                let left = if self.plan.calibrated {
                    self.narrowed(x, w)?
                } else {
                    self.left(x)?
                };
                self.by_computed(left, w, bias, shape)?
            }
        };
        Ok(Lowered::Real(real))
    }

    /// Weights that a file with grids of its own has in more than 8 bits: rounded, they would not be the file's, and 32
    /// bits hold no sum of their products.
    pub(super) fn of_bytes(&self, w: &Constant) -> Result<(), Problem> {
        if self.plan.calibrated || w.grids.is_none() || matches!(*w.data, Data::I8(_) | Data::U8(_)) {
            return Ok(());
        }
        Err(Problem::UnsupportedType {
            actual: format!("{} of weight {:?}", w.data.name(), w.name),
            expected: "weights of a quantised file have 8 bits: quantise them to INT8 or UINT8 (activations may have \
                       16), or import the f32 file with samples",
        })
    }

    fn is_bytes(&self, arg: &Arg) -> bool {
        matches!(self.state(arg), Ok(Lowered::Real(real)) if real.byte_grid().is_some())
    }

    /// What is on a grid already as it is, all else as bytes.
    fn left(&mut self, arg: &Arg) -> Result<Left, Problem> {
        let real = self.real(arg)?;
        if let Some(grid) = real.plain() {
            let scales = real.scales.clone();
            return Ok(Left {
                scales,
                ..Left::of(real.value, grid)
            });
        }
        let (value, grid) = self.bytes(arg)?;
        Ok(Left::of(value, grid))
    }

    /// Words of as many bits as a product with these computed bytes can be proven to hold.
    fn narrowed(&mut self, x: &Arg, w: &Arg) -> Result<Left, Problem> {
        let depth = self.dims(x).last().map_or(1.0, |&k| f64::from(k));
        let (_, grid) = self.bytes(w)?;
        let least = f64::from(grid.dtype.min() - grid.zero_point);
        let most = f64::from(grid.dtype.max() - grid.zero_point);
        let bound = depth * most.max(-least);
        let (value, scale) = self.words(x)?;
        let narrow = (ACCUMULATOR - MAX_BIAS_STEPS) / bound;
        if narrow >= 32_768.0 {
            return Ok(Left {
                value,
                dtype: DType::I16,
                zero: 0,
                scales: vec![scale],
            });
        }
        let most = narrow.floor();
        let factor = most / 32_767.0;
        let value = self.emitter.requantise(value, &[factor], 0, DType::I16, 0)?;
        let value = self
            .emitter
            .clamp(value, DType::I16, -(most as i32), most as i32)?;
        Ok(Left {
            value,
            dtype: DType::I16,
            zero: 0,
            scales: vec![scale / factor],
        })
    }

    fn by_computed(
        &mut self,
        left: Left,
        w: &Arg,
        bias: Option<&[f64]>,
        shape: Shape,
    ) -> Result<Real, Problem> {
        let (w, w_grid) = self.bytes(w)?;
        let x_zero = self.emitter.scalar(left.dtype, left.zero)?;
        let w_zero = self.emitter.scalar(w_grid.dtype, w_grid.zero_point)?;
        let scale = left.scales[0] * f64::from(w_grid.scale);
        let mut operands = vec![left.value, w, x_zero, w_zero];
        if let Some(bias) = bias {
            operands.push(self.emitter.bias(bias, &[scale])?);
        }
        let axis = shape.rank() - 1;
        let value = self.emitter.node(mat_mul(left.dtype), &operands);
        Ok(sum(value, shape, vec![scale], axis, i32::MAX.into()))
    }

    fn by_constant(
        &mut self,
        left: Left,
        w: &Constant,
        bias: Option<&[f64]>,
        shape: Shape,
        axis: usize,
    ) -> Result<Real, Problem> {
        let rows = (left.scales.len() > 1).then_some(&left.scales[..]);
        let input = if rows.is_some() { 1.0 } else { left.scales[0] };
        let w = Weights::per_channel(w, w.dims.len() - 1, input, bias, rows)?;
        let op = mat_mul(left.dtype);
        let left = if rows.is_some() {
            Left {
                scales: vec![1.0],
                ..left
            }
        } else {
            left
        };
        self.product(op, &left, w, bias, shape, axis)
    }

    /// A product of words: of as many bits as its weights leave room for.
    fn wide_by_constant(
        &mut self,
        x: &Arg,
        scales: &[f64],
        w: &Constant,
        bias: Option<&[f64]>,
        shape: Shape,
        axis: usize,
    ) -> Result<Real, Problem> {
        let depth = w.dims.first().map_or(1, |&k| k as usize);
        let spread: Vec<f64> = (0..depth)
            .map(|k| scales.get(k).unwrap_or(&scales[0]))
            .copied()
            .collect();
        let weights = Weights::per_channel(w, w.dims.len() - 1, 1.0, bias, Some(&spread))?;
        let bound = weights.greatest_column().max(1.0);
        let most = ((ACCUMULATOR - MAX_BIAS_STEPS) / bound).floor().min(32_767.0);
        let factor = 32_767.0 / most;
        let scales: Vec<f64> = scales.iter().map(|s| s * factor).collect();
        let value = self.on_columns(x, axis, &scales, 0, DType::I16)?;
        let value = if factor > 1.0 {
            self.emitter
                .clamp(value, DType::I16, -(most as i32), most as i32)?
        } else {
            value
        };
        let left = Left {
            value,
            dtype: DType::I16,
            zero: 0,
            scales: spread.iter().map(|s| s * factor).collect(),
        };
        self.by_constant(left, w, bias, shape, axis)
    }

    /// An operand with a scale for each index of a dimension.
    pub(super) fn on_columns(
        &mut self,
        arg: &Arg,
        axis: usize,
        scales: &[f64],
        zero: i32,
        dtype: DType,
    ) -> Result<Value, Problem> {
        let Arg::Value(id) = *arg else {
            return Err(self.not_quantised(arg));
        };
        let real = self.real(arg)?;
        if real.done() && real.dtype == dtype && real.zero == zero && real.scales == scales {
            return Ok(real.value);
        }
        if let [scale] = *scales {
            let grid = Grid {
                scale: scale as f32,
                zero_point: zero,
                dtype,
            };
            return self.value_on_grid(id, grid);
        }
        // Distinct sites of one value have distinct scales in the first column, or the same in all.
        let key = (
            id,
            scales.iter().fold(0u64, |h, s| h.rotate_left(7) ^ s.to_bits()),
            zero,
            dtype,
        );
        if let Some(value) = self.forms.get(&key) {
            return Ok(*value);
        }
        let simple = real.only_clamps()
            && real.reshape.is_none()
            && real.byte_grid().is_none()
            && (real.scales.len() == 1 || real.axis == axis)
            && real.then.is_empty();
        let (source, from, source_zero) = if simple {
            (real.value, real.scales.clone(), f64::from(real.zero))
        } else {
            let (value, scale) = self.words(arg)?;
            (value, vec![scale], 0.0)
        };
        let factors: Vec<f64> = scales
            .iter()
            .enumerate()
            .map(|(k, s)| from.get(k).unwrap_or(&from[0]) / s)
            .collect();
        if source_zero != 0.0 {
            return Err(self.not_quantised(arg));
        }
        let value = self.emitter.requantise(source, &factors, axis, dtype, zero)?;
        self.operand(id, value, (scales, axis, zero, dtype));
        self.forms.insert(key, value);
        Ok(value)
    }

    pub(super) fn product(
        &mut self,
        op: Op,
        left: &Left,
        w: Weights,
        bias: Option<&[f64]>,
        shape: Shape,
        axis: usize,
    ) -> Result<Real, Problem> {
        let scales: Vec<f64> = w.scales.iter().map(|s| s * left.scales[0]).collect();
        let most = (w.greatest_column() * left.reach() + bias.map_or(0.0, |_| MAX_BIAS_STEPS))
            .min(ACCUMULATOR) as i64;
        let value = self.emitter.weights(&w)?;
        let x_zero = self.emitter.scalar(left.dtype, left.zero)?;
        let w_zero = self.emitter.zeros(&w)?;
        let mut operands = vec![left.value, value, x_zero, w_zero];
        if let Some(bias) = bias {
            operands.push(self.emitter.bias(bias, &scales)?);
        }
        let value = self.emitter.node(op, &operands);
        Ok(sum(value, shape, scales, axis, most))
    }
}

fn mat_mul(dtype: DType) -> Op {
    if dtype == DType::I16 {
        Op::WideMatMul
    } else {
        Op::MatMul
    }
}

#[cfg(test)]
mod tests {
    use crate::constant::Data;
    use crate::options::Options;
    use crate::typed::Arg;
    use std::rc::Rc;

    /// What a file is told whose weights have 16 bits.
    fn refused(case: &str) -> String {
        let mut typed = crate::float::cases::of("nets", case);
        for arg in typed.nodes.iter_mut().flat_map(|n| &mut n.inputs) {
            if let Arg::Constant(c) = arg
                && matches!(*c.data, Data::I8(_))
            {
                let wide = (0..c.len()).map(|i| c.data.int(i) as i16 * 200);
                c.data = Rc::new(Data::I16(wide.collect()));
            }
        }
        let plan = crate::plan::plan(&typed, &Options::default()).unwrap();
        match crate::lower::lower(&typed, &plan, None) {
            Ok(_) => "it was rounded".to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn weights_of_16_bits_are_refused_and_not_rounded() {
        for case in ["transformer_words", "conv_uneven_i16"] {
            let error = refused(case);
            assert!(error.contains("element type INT16 of weight"), "{case}: {error}");
            assert!(
                error.contains("quantise them to INT8 or UINT8"),
                "{case}: {error}"
            );
        }
    }
}
