//! How large the rings of further queue pairs are, where memory for DMA is bounded.
//!
//! The first pair has what was asked for, as a device needs one. Further ones are a gain in speed, and must not cost
//! jobs their memory: they have a part of the bound, in smaller rings before fewer.

use crate::rings::Rings;

/// Further pairs' rings are the bound divided by this at most.
const PART: u64 = 16;
/// Rings of this size take one page for completions, and smaller ones no less.
const LEAST_ENTRIES_LOG2: u32 = 6;

/// For each of up to `most` further pairs, the base-2 logarithm of its entries: that of the first pair, or less.
pub(super) fn of_further_pairs(bound: u64, first_log2: u32, most: usize) -> impl Iterator<Item = u32> {
    let may_have = bound / PART;
    let bytes = |entries_log2| Rings::bytes(entries_log2) as u64;
    let all = |log2| bytes(log2).saturating_mul(most as u64);
    let sizes = (LEAST_ENTRIES_LOG2.min(first_log2)..=first_log2).rev();
    let least = LEAST_ENTRIES_LOG2.min(first_log2);
    let log2 = { sizes }.find(|&log2| all(log2) <= may_have).unwrap_or(least);
    let pairs = usize::try_from(may_have / bytes(log2)).unwrap_or(usize::MAX);
    std::iter::repeat_n(log2, pairs.min(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tight_bound_means_smaller_rings_and_then_fewer() {
        let sizes = |bound: u64, log2, most| of_further_pairs(bound, log2, most).collect::<Vec<_>>();
        assert_eq!(sizes(u64::MAX, 10, 7), [10; 7]);
        // 80 KiB a pair.
        assert_eq!(sizes(7 * PART * (80 << 10), 10, 7), [10; 7]);
        assert_eq!(sizes(7 * PART * (80 << 10) - 1, 10, 7), [9; 7]);
        // 8 KiB a pair is the least.
        assert_eq!(sizes(PART * (8 << 10) * 7, 10, 7), [6; 7]);
        assert_eq!(sizes(PART * (8 << 10) * 3, 10, 7), [6; 3]);
        assert_eq!(sizes(PART * (8 << 10) - 1, 10, 7), [0; 0]);
        assert_eq!(sizes(u64::MAX, 2, 3), [2; 3], "never larger than the first");
        assert_eq!(sizes(u64::MAX, 10, 0), [0; 0]);
    }
}
