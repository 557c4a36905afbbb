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
    /// For each operand of a convolution, the least and greatest number in each channel.
    pub(crate) channels: BTreeMap<ValueId, Vec<(f32, f32)>>,
    /// By the value that a convolution of one group computes, some of the patches of its operand, one after the other.
    pub(crate) patches: BTreeMap<ValueId, Vec<f32>>,
    /// Samples used.
    pub(crate) samples: usize,
}
