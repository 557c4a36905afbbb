//! The range that a grid of bytes covers, of what samples showed: a few values far out may cost all others their
//! precision.

use crate::grid::Grid;
use crate::options::Range;
use metisvm_model::DType;

/// Elements that are kept of one tensor, over all samples: a search among grids needs no more.
const MAX_KEPT: usize = 1 << 14;

/// Parts of the range among which the search looks.
const PARTS: [f64; 12] = [1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1];

/// The part of the elements that a percentile leaves out, half of it at each end: a hundredth of a percent, as
/// calibration tools have it.
const LEFT_OUT: f64 = 1e-4;

/// What one tensor held over all samples.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    /// The least and the greatest element.
    pub(crate) extremes: Option<(f64, f64)>,
    /// Sums of the least and of the greatest elements of each sample.
    sums: (f64, f64),
    runs: usize,
    /// Some of the elements.
    kept: Vec<f32>,
}

impl Held {
    /// Adds one sample's elements; of `runs` samples in all.
    pub(crate) fn note(&mut self, elements: &[f32], runs: usize, range: Range) {
        if elements.is_empty() {
            return;
        }
        let low = f64::from(elements.iter().copied().fold(f32::INFINITY, f32::min));
        let high = f64::from(elements.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let (least, most) = self.extremes.unwrap_or((low, high));
        self.extremes = Some((least.min(low), most.max(high)));
        self.sums = (self.sums.0 + low, self.sums.1 + high);
        self.runs += 1;
        if matches!(range, Range::Percentile | Range::Search) {
            let each = (MAX_KEPT / runs.max(1)).max(1);
            // An odd distance, from another place in each sample, does not keep to some columns or rows.
            let step = elements.len().div_ceil(each).max(1) | 1;
            let first = crate::picks::start(self.runs, step).min(elements.len() - 1);
            if self.kept.len() < MAX_KEPT {
                self.kept.extend(elements.iter().skip(first).step_by(step));
            }
        }
    }

    /// The range of a grid of that type; nothing of a tensor without elements.
    pub(crate) fn range(&self, range: Range, dtype: DType) -> Option<(f64, f64)> {
        let extremes = self.extremes?;
        Some(match range {
            Range::MinMax => extremes,
            Range::MeanMinMax => (self.sums.0 / self.runs as f64, self.sums.1 / self.runs as f64),
            Range::Percentile => self.percentile(),
            Range::Search => self.searched(extremes, dtype),
        })
    }

    fn percentile(&self) -> (f64, f64) {
        let mut sorted = self.kept.clone();
        sorted.sort_by(f32::total_cmp);
        let last = sorted.len().saturating_sub(1);
        let out = ((sorted.len() as f64 * LEFT_OUT / 2.0).round() as usize).min(last);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(0.0).into();
        (at(out), at(last - out))
    }

    /// The part of the range whose grid has the least squared error.
    fn searched(&self, (low, high): (f64, f64), dtype: DType) -> (f64, f64) {
        let error = |part: f64| -> f64 {
            let grid = Grid::covering(low * part, high * part, dtype);
            let off = |&v: &f32| f64::from(grid.real(grid.quantise(v)) - v).powi(2);
            self.kept.iter().map(off).sum()
        };
        let mut best = (f64::INFINITY, 1.0);
        for part in PARTS {
            let error = error(part);
            if error < best.0 {
                best = (error, part);
            }
        }
        (low * best.1, high * best.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(range: Range, elements: &[f32]) -> (f64, f64) {
        let mut held = Held::default();
        let (a, b) = elements.split_at(elements.len() / 2);
        held.note(a, 2, range);
        held.note(b, 2, range);
        held.range(range, DType::U8).unwrap()
    }

    #[test]
    fn one_value_far_out_is_cut_where_that_is_asked_for() {
        // 0, 0.001 … 0.999, and 40 in the second half.
        let mut elements: Vec<f32> = (0..8000).map(|i| i as f32 % 1000.0 / 1000.0).collect();
        elements.push(2.0);
        let (low, high) = held(Range::MinMax, &elements);
        assert_eq!((low, high), (0.0, 2.0));
        let (_, mean) = held(Range::MeanMinMax, &elements);
        assert!((1.4..1.6).contains(&mean), "{mean}");
        // All but one lie halfway between steps of a grid up to 1, and on a step of one up to 0.95.
        let mut between = vec![90.0 * 0.95 / 255.0; 16_000];
        between[5] = 1.0;
        let (_, searched) = held(Range::Search, &between);
        assert!((searched - 0.95).abs() < 1e-6, "{searched}");
    }

    #[test]
    fn percentiles_leave_out_a_hundredth_of_a_percent() {
        let mut elements: Vec<f32> = vec![0.5; 16_000];
        elements[3] = -7.0;
        elements[9000] = 9.0;
        assert_eq!(held(Range::Percentile, &elements), (0.5, 0.5));
        assert_eq!(held(Range::Percentile, &[-1.0, 2.0]), (-1.0, 2.0));
    }

    #[test]
    fn a_search_keeps_a_range_that_is_used_evenly() {
        let elements: Vec<f32> = (0..512).map(|i| i as f32).collect();
        assert_eq!(held(Range::Search, &elements), (0.0, 511.0));
    }
}
