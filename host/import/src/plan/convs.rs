//! The operand of a convolution: bytes on one grid, bytes with a scale for each channel, or 16-bit words whose halves go
//! through it one after the other. Chosen, as for other products, by the error that each gives on some patches.

use super::sites::{self, Site};
use super::trial::Trial;
use crate::calibrate::Seen;
use crate::constant::Constant;
use crate::grid::Grid;
use crate::options::{Options, Range};
use crate::typed::{Arg, Operator, Typed, ValueId};
use metisvm_model::DType;
use std::collections::BTreeMap;

/// Output channels whose weights are looked at.
const MAX_OUTPUTS: usize = 64;
/// Relative squared errors of the result that make words worth twice the work: 1.7 %, 0.9 % and 0.5 %. The first will
/// do for most models; the next are tried where the outputs turn out to be further off than was asked for.
pub(super) const WORTH_WORDS: [f64; 3] = [3e-4, 8e-5, 2.5e-5];
/// A relative squared error that nobody would notice beside that of the weights: 0.5 %.
const NEGLIGIBLE: f64 = 2.5e-5;
/// Parts of the range that are kept: what lies beyond saturates.
const CLIPS: [f64; 3] = [1.0, 0.9, 0.75];
/// Strengths of migration that are tried.
const STRENGTHS: [f64; 4] = [0.35, 0.5, 0.65, 1.0];

/// By the value that a convolution computes, the form of its operand.
pub(super) fn choose(
    typed: &Typed,
    seen: &Seen,
    options: &Options,
    range: Range,
    round: usize,
) -> BTreeMap<ValueId, Site> {
    let worth = WORTH_WORDS.get(round).copied().unwrap_or(0.0);
    let mut chosen = BTreeMap::new();
    for node in &typed.nodes {
        let (Operator::Conv { groups, .. }, [Arg::Value(x), Arg::Constant(w)]) = (&node.op, &node.inputs[..])
        else {
            continue;
        };
        let given = options.input_grids.contains_key(&typed.values[*x].name);
        let (Some(channels), Some(range)) = (
            seen.channels.get(x),
            seen.held[*x].range(range, options.activation.dtype()),
        ) else {
            continue;
        };
        let case = Case {
            channels,
            range,
            extremes: seen.held[*x].extremes.unwrap_or(range),
            w,
            dtype: options.activation.dtype(),
            worth,
        };
        let site = match seen.patches.get(&node.output) {
            _ if given => case.plain(),
            Some(patches) if *groups == 1 => case.of_patches(patches, typed.inputs.contains(x)),
            _ => case.of_groups(*groups as usize),
        };
        chosen.insert(node.output, site);
    }
    chosen
}

struct Case<'a> {
    channels: &'a [(f32, f32)],
    range: (f64, f64),
    extremes: (f64, f64),
    w: &'a Constant,
    dtype: DType,
    /// What words would have to undercut.
    worth: f64,
}

impl Case<'_> {
    fn grid(&self) -> Grid {
        Grid::covering(self.range.0, self.range.1, self.dtype)
    }

    fn plain(&self) -> Site {
        Site::Bytes(self.grid())
    }

    fn of_patches(&self, patches: &[f32], input: bool) -> Site {
        let outputs = self.w.dims[0] as usize;
        let reals = self.w.reals();
        let depth = reals.len().checked_div(outputs).unwrap_or(0).max(1);
        let step = outputs.div_ceil(MAX_OUTPUTS).max(1);
        let taken: Vec<Vec<f32>> = reals
            .chunks_exact(depth)
            .step_by(step)
            .map(<[f32]>::to_vec)
            .collect();
        let taps = depth.checked_div(self.channels.len()).unwrap_or(1).max(1);
        let every = |scales: &[f64]| -> Vec<f64> {
            scales
                .iter()
                .flat_map(|&s| std::iter::repeat_n(s, taps))
                .collect()
        };
        let trial = Trial::of(patches, depth, &taken);
        let grid = self.grid();
        let plain = trial.bytes(&vec![f64::from(grid.scale); depth], grid.zero_point, self.dtype);
        let word = sites::words(self.extremes.0, self.extremes.1);
        let best = trial.words(&vec![word; depth]);
        if plain <= (1.5 * best).max(NEGLIGIBLE) || input && plain <= self.worth {
            return Site::Bytes(grid);
        }
        let candidates = STRENGTHS.into_iter().flat_map(|a| CLIPS.map(|clip| (a, clip)));
        let migrated = sites::least(candidates.map(|(strength, clip)| {
            let (scales, zero) = trial.migrated(self.channels, strength, clip, self.dtype);
            (trial.bytes(&every(&scales), zero, self.dtype), (scales, zero))
        }));
        let Some((error, (scales, zero))) = migrated else {
            return Site::Bytes(grid);
        };
        // Callers quantise an input: one scale is what they like.
        let error = if input { plain } else { error };
        if plain.min(error) > (2.0 * best).max(self.worth) {
            return Site::Words { scales: vec![word] };
        }
        if plain <= 1.2 * error {
            return Site::Bytes(grid);
        }
        Site::Columns {
            scales,
            zero,
            dtype: self.dtype,
        }
    }

    /// Of a depthwise convolution each result is made of few products: words are cheap, and what bytes lose is not
    /// averaged out, so that a dozen of such layers in a row ruin a model.
    fn of_groups(&self, groups: usize) -> Site {
        if groups != self.channels.len() || self.range == (0.0, 0.0) {
            return self.plain();
        }
        Site::Words {
            scales: vec![sites::words(self.extremes.0, self.extremes.1)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constant::Data;

    /// Patches of two numbers up to 1, of a tensor that was seen to reach 8.3: bytes cost 1.2 % of their sum.
    #[test]
    fn a_stricter_measure_takes_words_where_a_tolerant_one_takes_bytes() {
        let w = Constant::new("w", vec![1, 2, 1, 1], Data::F32(vec![1.0, 1.0])).unwrap();
        let patches: Vec<f32> = (0..96).map(|i| (i * 37 % 96) as f32 / 96.0).collect();
        let site = |worth| {
            let case = Case {
                channels: &[(0.0, 8.3), (0.0, 1.0)],
                range: (0.0, 8.3),
                extremes: (0.0, 8.3),
                w: &w,
                dtype: DType::U8,
                worth,
            };
            case.of_patches(&patches, true)
        };
        assert!(matches!(site(WORTH_WORDS[0]), Site::Bytes(_)));
        assert!(matches!(site(WORTH_WORDS[1]), Site::Words { .. }));
        assert!(WORTH_WORDS.is_sorted_by(|a, b| a > b));
    }
}
