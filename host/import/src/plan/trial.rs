//! One product as the search for its operand's form sees it: some rows, the weights, and how far the integers of a
//! candidate are from the exact result.

use crate::constant::Constant;
use crate::grid::Grid;
use metisvm_model::DType;

/// Columns of the weights that are looked at: what they show holds for the others.
pub(super) const MAX_OUTPUTS: usize = 192;

/// One product as the search sees it: rows `[R,K]`, weights `[K,N]`.
pub(super) struct Trial {
    rows: Vec<f32>,
    weights: Vec<f32>,
    depth: usize,
    outputs: usize,
    exact: Vec<f32>,
    power: f64,
}

impl Trial {
    /// Of these rows and some columns of constant matrices `[K,·]`.
    pub(super) fn new(rows: &[f32], depth: usize, weights: &[&Constant]) -> Self {
        let total: usize = weights.iter().map(|w| w.dims[1] as usize).sum();
        let step = total.div_ceil(MAX_OUTPUTS).max(1);
        let mut taken: Vec<Vec<f32>> = Vec::new();
        for w in weights {
            let (reals, width) = (w.reals(), w.dims[1] as usize);
            for column in (0..width).step_by(step) {
                taken.push(reals.iter().skip(column).step_by(width).copied().collect());
            }
        }
        Self::of(rows, depth, &taken)
    }

    /// Of these rows and columns of weights.
    pub(super) fn of(rows: &[f32], depth: usize, taken: &[Vec<f32>]) -> Self {
        let outputs = taken.len();
        let mut flat = vec![0f32; depth * outputs];
        for (n, column) in taken.iter().enumerate() {
            for (k, &w) in column.iter().enumerate().take(depth) {
                flat[k * outputs + n] = w;
            }
        }
        let mut trial = Self {
            rows: rows.to_vec(),
            weights: flat,
            depth,
            outputs,
            exact: Vec::new(),
            power: 0.0,
        };
        trial.exact = trial.product(&trial.rows, &trial.weights);
        trial.power = trial.exact.iter().map(|&v| f64::from(v).powi(2)).sum();
        trial
    }

    /// For each row of the weights the greatest magnitude.
    pub(super) fn greatest_weights(&self) -> Vec<f64> {
        let rows = self.weights.chunks_exact(self.outputs.max(1));
        rows.map(|row| row.iter().fold(0f64, |m, w| m.max(f64::from(w.abs()))))
            .collect()
    }

    fn product(&self, rows: &[f32], weights: &[f32]) -> Vec<f32> {
        let mut y = Vec::with_capacity(rows.len() / self.depth.max(1) * self.outputs);
        for row in rows.chunks_exact(self.depth.max(1)) {
            let mut sums = vec![0f32; self.outputs];
            for (&v, w) in row.iter().zip(weights.chunks_exact(self.outputs.max(1))) {
                for (sum, &w) in sums.iter_mut().zip(w) {
                    *sum += v * w;
                }
            }
            y.extend(sums);
        }
        y
    }

    /// The squared error of a product, as a part of the product itself.
    fn error(&self, rows: &[f32], weights: &[f32]) -> f64 {
        let product = self.product(rows, weights);
        let error: f64 = product
            .iter()
            .zip(&self.exact)
            .map(|(a, b)| f64::from(a - b).powi(2))
            .sum();
        if self.power > 0.0 { error / self.power } else { 0.0 }
    }

    /// The error with bytes of these scales.
    pub(super) fn bytes(&self, scales: &[f64], zero: i32, dtype: DType) -> f64 {
        let low = f64::from(dtype.min() - zero);
        let high = f64::from(dtype.max() - zero);
        let rows = self.rows.chunks_exact(self.depth.max(1)).flat_map(|row| {
            let steps = row.iter().zip(scales);
            steps.map(|(&v, &s)| (f64::from(v) / s).round().clamp(low, high) as f32)
        });
        let rows: Vec<f32> = rows.collect();
        self.error(&rows, &self.quantised_weights(scales))
    }

    /// And with words.
    pub(super) fn words(&self, scales: &[f64]) -> f64 {
        let scale = |k: usize| scales.get(k).or(scales.first()).copied().unwrap_or(1.0);
        let every: Vec<f64> = (0..self.depth).map(scale).collect();
        let rows = self.rows.chunks_exact(self.depth.max(1));
        let rows: Vec<f32> = rows
            .flat_map(|row| {
                row.iter()
                    .zip(&every)
                    .map(|(&v, &s)| (f64::from(v) / s).round() as f32)
            })
            .collect();
        self.error(&rows, &self.quantised_weights(&every))
    }

    /// Weights as the product will have them, times the operand's scales: 8 bits a column, symmetric.
    fn quantised_weights(&self, scales: &[f64]) -> Vec<f32> {
        let n = self.outputs.max(1);
        let mut most = vec![0f64; self.outputs];
        for (row, &t) in self.weights.chunks_exact(n).zip(scales) {
            for (most, &w) in most.iter_mut().zip(row) {
                *most = most.max((f64::from(w) * t).abs());
            }
        }
        let steps: Vec<f64> = most
            .iter()
            .map(|m| if *m > 0.0 { m / 127.0 } else { 1.0 })
            .collect();
        let mut quantised = Vec::with_capacity(self.weights.len());
        for (row, &t) in self.weights.chunks_exact(n).zip(scales) {
            quantised.extend(
                row.iter()
                    .zip(&steps)
                    .map(|(&w, &s)| ((f64::from(w) * t / s).round() * s) as f32),
            );
        }
        quantised
    }

    /// Scales and zero point of bytes, with that much of the spread moved into the weights.
    pub(super) fn migrated(
        &self,
        columns: &[(f32, f32)],
        strength: f64,
        clip: f64,
        dtype: DType,
    ) -> (Vec<f64>, i32) {
        const TINY: f64 = 1e-6;
        // Rows of the weights that belong to one column: as many as a convolution's kernel has taps.
        let each = self.depth.checked_div(columns.len()).unwrap_or(1).max(1) * self.outputs.max(1);
        let of_weights = self.weights.chunks_exact(each);
        let of_weights = of_weights.map(|row| row.iter().fold(0f32, |m, w| m.max(w.abs())));
        let moved: Vec<f64> = columns
            .iter()
            .zip(of_weights)
            .map(|(&(low, high), w)| {
                let x = f64::from(low.abs().max(high.abs())).max(TINY);
                x.powf(strength) / f64::from(w).max(TINY).powf(1.0 - strength)
            })
            .collect();
        let mean = moved.iter().map(|t| t.ln()).sum::<f64>() / moved.len().max(1) as f64;
        let moved: Vec<f64> = moved.iter().map(|t| t / mean.exp()).collect();
        let (mut least, mut most) = (0f64, 0f64);
        for (&(low, high), t) in columns.iter().zip(&moved) {
            least = least.min(f64::from(low) / t);
            most = most.max(f64::from(high) / t);
        }
        let reaches = columns.iter().zip(&moved);
        let reaches = reaches.map(|(&(low, high), t)| f64::from(high.max(-low)) / t);
        let clip = clip.max(super::clip::least_clip(reaches));
        let grid = Grid::covering(least * clip, most * clip, dtype);
        let scales = moved.iter().map(|t| t * f64::from(grid.scale)).collect();
        (scales, grid.zero_point)
    }
}
