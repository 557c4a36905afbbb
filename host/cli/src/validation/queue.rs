//! The queue: more entries than it holds, so that its rings wrap, and batches of all sizes.

use super::check::{Passed, Problem, Target};

/// Entries in all, of a card that has time: a default ring three times over; of one that has not.
const ENTRIES: usize = 3100;
const SLOW_ENTRIES: usize = 70;
/// Batches before them.
const BATCHES: [usize; 6] = [1, 2, 3, 7, 8, 9];

pub(super) fn queue(target: &Target) -> Result<Passed, Problem> {
    let entries = if target.slow { SLOW_ENTRIES } else { ENTRIES };
    for batch in BATCHES.into_iter().chain([entries]) {
        target.device.nop_batch(batch)?;
    }
    let all = BATCHES.iter().sum::<usize>() + entries;
    Ok(Passed::saying(format!("{all} entries, each answered once")))
}
