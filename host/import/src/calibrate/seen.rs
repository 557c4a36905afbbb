//! What calibration remembers.

use crate::ranges::Held;
use crate::typed::ValueId;
use std::collections::BTreeMap;

/// What running the samples showed.
pub(crate) struct Seen {
    /// For each value what it held.
    pub(crate) held: Vec<Held>,
    /// For each value that was asked for, the least and greatest number in each column (its last dimension).
    pub(crate) columns: BTreeMap<ValueId, Vec<(f32, f32)>>,
    /// Of the same values, some rows, one after the other.
    pub(crate) rows: BTreeMap<ValueId, Vec<f32>>,
    /// Of the same values, what a row reaches.
    pub(crate) reaches: BTreeMap<ValueId, Reach>,
    /// For each operand of a convolution, the least and greatest number in each channel.
    pub(crate) channels: BTreeMap<ValueId, Vec<(f32, f32)>>,
    /// By the value that a convolution of one group computes, some of the patches of its operand, one after the other.
    pub(crate) patches: BTreeMap<ValueId, Vec<f32>>,
    /// Samples used.
    pub(crate) samples: usize,
}

/// The greatest magnitude of a row, over all rows of all samples.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reach {
    sum: f64,
    rows: u64,
}

impl Reach {
    pub(super) fn note(&mut self, row: &[f32]) {
        self.sum += f64::from(row.iter().fold(0f32, |most, v| most.max(v.abs())));
        self.rows += 1;
    }

    /// That of a row in the mean.
    pub(crate) fn mean(self) -> f64 {
        self.sum / self.rows.max(1) as f64
    }
}
