//! The operand of a product with constant weights: its form, chosen by the error of the product that it gives.
//!
//! Migration moves the spread of columns from the operand into the weights (SmoothQuant, arXiv:2211.10438): column k
//! is divided by `t[k] = max|x[k]|^α / max|w[k]|^(1−α)` and row k of the weights multiplied by it. It costs nothing,
//! because a requantisation has a multiplier for each column anyway. The strength α and the clipping of outliers
//! are searched: no one value serves all products.

use crate::constant::Constant;
use crate::grid::Grid;
use metisvm_model::DType;

/// How an operand enters its products.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Site {
    /// Bytes on one grid.
    Bytes(Grid),
    /// Bytes with one zero point and a scale for each column.
    Columns {
        scales: Vec<f64>,
        zero: i32,
        dtype: DType,
    },
    /// 16-bit words with one scale, or one for each column.
    Words { scales: Vec<f64> },
}

/// Strengths of migration that are tried; 0 is none.
const STRENGTHS: [f64; 6] = [0.0, 0.35, 0.5, 0.65, 0.8, 1.0];
/// Parts of the range that are kept: what lies beyond saturates.
const CLIPS: [f64; 4] = [1.0, 0.9, 0.75, 0.6];
/// Columns of the weights that are looked at: what they show holds for the others.
const MAX_OUTPUTS: usize = 192;
/// A relative squared error that nobody would notice: 0.3 % of the product.
const NEGLIGIBLE: f64 = 1e-5;

/// And one up to which a model's own input stays bytes on one grid, since that is what callers like best: 2 %.
const PLAIN_INPUT: f64 = 4e-4;

/// One product as the search sees it: rows `[R,K]`, weights `[K,N]`.
struct Trial {
    rows: Vec<f32>,
    weights: Vec<f32>,
    depth: usize,
    outputs: usize,
    exact: Vec<f32>,
    power: f64,
}

/// The form for an operand with these rows, with these constant matrices `[K,·]`.
pub(super) fn choose(
    rows: &[f32],
    columns: &[(f32, f32)],
    range: (f64, f64),
    weights: &[&Constant],
    dtype: DType,
    input: bool,
) -> Site {
    let trial = Trial::new(rows, columns.len(), weights);
    let uniform = |clip: f64| {
        let grid = Grid::covering(range.0 * clip, range.1 * clip, dtype);
        let scales = vec![f64::from(grid.scale); columns.len()];
        let error = trial.bytes(&scales, grid.zero_point, dtype);
        (error, grid)
    };
    let (plain, grid) =
        least(CLIPS.into_iter().map(uniform)).unwrap_or((0.0, Grid::covering(0.0, 1.0, dtype)));
    let wide =
        [vec![words(range.0, range.1)], column_words(columns)].map(|scales| (trial.words(&scales), scales));
    let Some((best, scales)) = least(wide.into_iter()) else {
        return Site::Bytes(grid);
    };
    let enough = if input { PLAIN_INPUT } else { NEGLIGIBLE };
    if plain <= (1.5 * best).max(enough) {
        return Site::Bytes(grid);
    }
    let candidates = STRENGTHS
        .into_iter()
        .skip(1)
        .flat_map(|a| CLIPS.map(|clip| (a, clip)));
    let migrated = least(candidates.map(|(strength, clip)| {
        let (scales, zero) = trial.migrated(columns, strength, clip, dtype);
        (trial.bytes(&scales, zero, dtype), (scales, zero))
    }));
    let Some((error, (column_scales, zero))) = migrated else {
        return Site::Bytes(grid);
    };
    if plain.min(error) > (3.0 * best).max(NEGLIGIBLE) {
        return Site::Words { scales };
    }
    if plain <= 1.2 * error {
        return Site::Bytes(grid);
    }
    Site::Columns {
        scales: column_scales,
        zero,
        dtype,
    }
}

fn least<T>(candidates: impl Iterator<Item = (f64, T)>) -> Option<(f64, T)> {
    candidates.reduce(|a, b| if b.0 < a.0 { b } else { a })
}

/// The scale of words that hold this range; a tenth more, since the samples do not show everything.
pub(crate) fn words(low: f64, high: f64) -> f64 {
    let most = low.abs().max(high.abs()) * 1.1;
    if most > f64::from(f32::MIN_POSITIVE) {
        most / f64::from(i16::MAX)
    } else {
        1.0
    }
}

fn column_words(columns: &[(f32, f32)]) -> Vec<f64> {
    columns
        .iter()
        .map(|&(low, high)| words(low.into(), high.into()))
        .collect()
}

impl Trial {
    fn new(rows: &[f32], depth: usize, weights: &[&Constant]) -> Self {
        let total: usize = weights.iter().map(|w| w.dims[1] as usize).sum();
        let step = total.div_ceil(MAX_OUTPUTS).max(1);
        let mut taken: Vec<Vec<f32>> = Vec::new();
        for w in weights {
            let (reals, width) = (w.reals(), w.dims[1] as usize);
            for column in (0..width).step_by(step) {
                taken.push(reals.iter().skip(column).step_by(width).copied().collect());
            }
        }
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

    fn bytes(&self, scales: &[f64], zero: i32, dtype: DType) -> f64 {
        let low = f64::from(dtype.min() - zero);
        let high = f64::from(dtype.max() - zero);
        let rows = self.rows.chunks_exact(self.depth.max(1)).flat_map(|row| {
            let steps = row.iter().zip(scales);
            steps.map(|(&v, &s)| (f64::from(v) / s).round().clamp(low, high) as f32)
        });
        let rows: Vec<f32> = rows.collect();
        self.error(&rows, &self.quantised_weights(scales))
    }

    fn words(&self, scales: &[f64]) -> f64 {
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
    fn migrated(&self, columns: &[(f32, f32)], strength: f64, clip: f64, dtype: DType) -> (Vec<f64>, i32) {
        const TINY: f64 = 1e-6;
        let n = self.outputs.max(1);
        let of_weights = self.weights.chunks_exact(n);
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
        let grid = Grid::covering(least * clip, most * clip, dtype);
        let scales = moved.iter().map(|t| t * f64::from(grid.scale)).collect();
        (scales, grid.zero_point)
    }
}
