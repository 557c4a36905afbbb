//! Weights as bytes: those of a quantised file as they are, f32 ones rounded to a symmetric i8 grid for
//! each output channel.

use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::grid::Grid;
use metisvm_model::DType;

/// The real is `scale[c] · (integer − zero[c])`.
#[derive(Debug)]
pub(super) struct Weights {
    pub(super) dtype: DType,
    pub(super) dims: Vec<u32>,
    pub(super) data: Vec<i32>,
    /// One, or one a channel.
    pub(super) scales: Vec<f64>,
    /// As many as scales.
    pub(super) zeros: Vec<i32>,
    /// The greatest distance from the file's value, in steps.
    pub(super) error: f64,
}

/// Where a bias leaves the sum that it is added to: 2^29 steps of at most 2^31.
pub(super) const MAX_BIAS_STEPS: f64 = (1u32 << 29) as f64;

/// What weights with factors are multiplied with on the way: scales of operands are small, and f32 has its limits.
const ROW_UNIT: f64 = 65_536.0;

impl Weights {
    /// The greatest sum of magnitudes of a column or an output channel.
    pub(super) fn greatest_column(&self) -> f64 {
        let channels = self.scales.len();
        let matrix = self.dims.len() < 4;
        let mut sums = vec![0f64; self.dims.last().map_or(1, |&n| n as usize).max(channels)];
        let each = (self.data.len() / channels.max(1)).max(1);
        for (i, &w) in self.data.iter().enumerate() {
            let channel = if matrix { i % sums.len() } else { i / each };
            let zero = self
                .zeros
                .get(channel)
                .or(self.zeros.first())
                .copied()
                .unwrap_or(0);
            if let Some(sum) = sums.get_mut(channel) {
                *sum += f64::from((w - zero).abs());
            }
        }
        sums.into_iter().fold(0.0, f64::max)
    }

    /// Weights of a product whose output channels lie along `axis`. `input` is the scale of the other
    /// operand: a bias that is large beside the weights makes their grid coarser, so that it fits its
    /// accumulator. Of a matrix `rows` are factors that its rows take over from that operand.
    pub(super) fn per_channel(
        c: &Constant,
        axis: usize,
        input: f64,
        bias: Option<&[f64]>,
        rows: Option<&[f64]>,
    ) -> Result<Self, Problem> {
        if let Some(rows) = rows {
            let channels = c.dims[axis] as usize;
            let scaled: Vec<f32> = c
                .finite()?
                .chunks_exact(channels.max(1))
                .zip(rows.iter().cycle())
                .flat_map(|(row, &factor)| {
                    row.iter()
                        .map(move |&w| (f64::from(w) * factor * ROW_UNIT) as f32)
                })
                .collect();
            let c = Constant::new(&c.name, c.dims.clone(), Data::F32(scaled))?;
            let mut w = Self::round(&c, channels, 1, |channel| {
                bias.map_or(0.0, |b| b[channel].abs() * ROW_UNIT / MAX_BIAS_STEPS)
            })?;
            w.scales.iter_mut().for_each(|s| *s /= ROW_UNIT);
            return Ok(w);
        }
        if let Some(quantised) = Self::quantised(c, Some(axis))? {
            return Ok(quantised);
        }
        let channels = c.dims[axis] as usize;
        let inner: usize = c.dims[axis + 1..].iter().map(|&d| d as usize).product();
        Self::round(c, channels, inner, |channel| {
            bias.map_or(0.0, |b| b[channel].abs() / input / MAX_BIAS_STEPS)
        })
    }

    /// Weights with one scale.
    pub(super) fn per_tensor(c: &Constant) -> Result<Self, Problem> {
        match Self::quantised(c, None)? {
            Some(quantised) => Ok(quantised),
            None => Self::round(c, 1, c.len(), |_| 0.0),
        }
    }

    /// The integers of a quantised file.
    fn quantised(c: &Constant, axis: Option<usize>) -> Result<Option<Self>, Problem> {
        let (Some(grids), dtype) = (
            &c.grids,
            match *c.data {
                Data::I8(_) => DType::I8,
                Data::U8(_) => DType::U8,
                _ => return Ok(None),
            },
        ) else {
            return Ok(None);
        };
        if grids.scales.len() > 1 && axis != Some(grids.axis) {
            return Err(Problem::Scale(format!(
                "those of weight {:?} run along dimension {}, which is summed over; quantise it per tensor or per output channel",
                c.name, grids.axis
            )));
        }
        Ok(Some(Self {
            dtype,
            dims: c.dims.clone(),
            data: (0..c.len()).map(|i| c.data.int(i) as i32).collect(),
            scales: grids.scales.iter().map(|&s| s.into()).collect(),
            zeros: grids.zeros.clone(),
            error: 0.0,
        }))
    }

    fn round(
        c: &Constant,
        channels: usize,
        inner: usize,
        least: impl Fn(usize) -> f64,
    ) -> Result<Self, Problem> {
        let reals = c.finite()?;
        let channel = |i: usize| i / inner % channels;
        let mut scales = vec![0f64; channels];
        for (i, &v) in reals.iter().enumerate() {
            let scale = &mut scales[channel(i)];
            *scale = scale.max(f64::from(v.abs()) / 127.0);
        }
        for (index, scale) in scales.iter_mut().enumerate() {
            *scale = scale.max(least(index));
            if *scale < f64::from(f32::MIN_POSITIVE) {
                // A channel of zeros: any grid holds it.
                *scale = 1.0;
            }
        }
        let mut error = 0f64;
        let data = reals.iter().enumerate().map(|(i, &v)| {
            let steps = f64::from(v) / scales[channel(i)];
            let rounded = steps.round().clamp(-127.0, 127.0);
            error = error.max((steps - rounded).abs());
            rounded as i32
        });
        let data = data.collect();
        Ok(Self {
            dtype: DType::I8,
            dims: c.dims.clone(),
            data,
            zeros: vec![0; channels],
            scales,
            error,
        })
    }

    /// The grid, where there is one.
    pub(super) fn single_grid(&self) -> Result<Grid, Problem> {
        match (&self.scales[..], &self.zeros[..]) {
            (&[scale], &[zero_point]) => Ok(Grid {
                scale: scale as f32,
                zero_point,
                dtype: self.dtype,
            }),
            _ => Err(Problem::Scale("a first operand must have one".to_string())),
        }
    }
}
