//! The operand of a product with constant weights: its form, chosen by the error of the product that it gives.
//!
//! Migration moves the spread of columns from the operand into the weights (SmoothQuant, arXiv:2211.10438): column k
//! is divided by `t[k] = max|x[k]|^α / max|w[k]|^(1−α)` and row k of the weights multiplied by it. It costs nothing,
//! because a requantisation has a multiplier for each column anyway. The strength α and the clipping of outliers
//! are searched: no one value serves all products.

use super::clip::least_clip;
use super::trial::Trial;
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
/// How many times the least squared error bytes on one grid, and bytes with a scale for each column, may have to be taken
/// for the cheaper. The first pair will do for most models; the next are tried where a caller asks for outputs that are
/// nearer to the floats than they turn out to be.
const ENOUGH: [(f64, f64); 3] = [(1.5, 3.0), (1.2, 1.5), (1.0, 1.0)];
/// A relative squared error that nobody would notice: 0.3 % of the product.
const NEGLIGIBLE: f64 = 1e-5;

/// And one up to which a model's own input stays bytes on one grid, since that is what callers like best: 2 %.
const PLAIN_INPUT: f64 = 4e-4;

/// Columns are features of their own, and not pixels, where half of them reach less than this part of the greatest.
const FEATURES: f32 = 1.0 / 16.0;

/// Whether columns hold numbers of very different sizes: ages beside amounts.
fn features(columns: &[(f32, f32)]) -> bool {
    let mut reaches: Vec<f32> = columns
        .iter()
        .map(|c| c.1.max(-c.0))
        .filter(|&r| r > 0.0)
        .collect();
    reaches.sort_by(f32::total_cmp);
    match (reaches.get(reaches.len() / 2), reaches.last()) {
        (Some(middle), Some(greatest)) => *middle < FEATURES * greatest,
        _ => false,
    }
}

/// The form for an operand with these rows, with these constant matrices `[K,·]`, as the demands of this round have it.
pub(super) fn choose(
    rows: &[f32],
    columns: &[(f32, f32)],
    range: (f64, f64),
    weights: &[&Constant],
    dtype: DType,
    input: bool,
    round: usize,
) -> Site {
    let (of_bytes, of_columns) = ENOUGH.get(round).copied().unwrap_or((1.0, 1.0));
    let trial = Trial::new(rows, columns.len(), weights);
    let kept = least_clip(columns.iter().map(|c| f64::from(c.1.max(-c.0))));
    let uniform = |clip: f64| {
        let clip = clip.max(kept);
        let grid = Grid::covering(range.0 * clip, range.1 * clip, dtype);
        let scales = vec![f64::from(grid.scale); columns.len()];
        let error = trial.bytes(&scales, grid.zero_point, dtype);
        (error, grid)
    };
    let (plain, grid) =
        least(CLIPS.into_iter().map(uniform)).unwrap_or((0.0, Grid::covering(0.0, 1.0, dtype)));
    let mut wide = vec![vec![words(range.0, range.1)], column_words(columns)];
    if input && features(columns) {
        wide.push(balanced(columns, &trial.greatest_weights()));
    }
    let wide = wide.into_iter().map(|scales| (trial.words(&scales), scales));
    let Some((best, scales)) = least(wide) else {
        return Site::Bytes(grid);
    };
    let enough = if input && !features(columns) {
        PLAIN_INPUT
    } else {
        NEGLIGIBLE
    };
    if plain <= (of_bytes * best).max(enough) {
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
    if plain.min(error) > (of_columns * best).max(NEGLIGIBLE) {
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

pub(super) fn least<T>(candidates: impl Iterator<Item = (f64, T)>) -> Option<(f64, T)> {
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

/// Scales with which the weights of all columns are alike, so that 8 bits hold each as well as the greatest.
fn balanced(columns: &[(f32, f32)], weights: &[f64]) -> Vec<f64> {
    let own = column_words(columns);
    let pairs = own.iter().zip(weights);
    let share = pairs.fold(0f64, |most, (scale, w)| most.max(scale * w));
    let scale = |(&own, &w): (&f64, &f64)| if w * own > share * 1e-6 { share / w } else { own };
    own.iter().zip(weights).map(scale).collect()
}

fn column_words(columns: &[(f32, f32)]) -> Vec<f64> {
    columns
        .iter()
        .map(|&(low, high)| words(low.into(), high.into()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constant::{Constant, Data};

    /// Rows that were picked may be half as great as all others: no grid is narrower than those need.
    #[test]
    fn what_most_columns_reach_is_not_clipped() {
        let one_beyond = (0..16).map(|column| if column == 9 { 5.0 } else { 4.0 });
        assert_eq!(least_clip(one_beyond), 0.8);
        assert_eq!(least_clip([1.0, 4.0, 5.0, 0.5].into_iter()), 1.0);
        assert_eq!(least_clip([5.0; 3].into_iter()), 1.0);
        assert_eq!(least_clip([0.0; 3].into_iter()), 1.0);
        let w = Constant::new("w", vec![4, 1], Data::F32(vec![1.0, -0.5, 0.25, 0.75])).unwrap();
        let rows: Vec<f32> = (0..512).map(|i| (i * 37 % 301) as f32 / 100.0 - 1.5).collect();
        let trial = Trial::new(&rows, 4, &[&w]);
        let (scales, _) = trial.migrated(&[(-3.0, 3.0); 4], 1.0, 0.6, DType::I8);
        assert!(scales.iter().all(|s| s * 128.0 > 2.9), "{scales:?}");
    }
}
