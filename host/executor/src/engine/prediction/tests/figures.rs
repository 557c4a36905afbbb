//! How well calls were foretold, counted in slots.

use super::super::{Access, Footprint, Trace};
use std::time::Duration;

/// Slots by what was said of them, over many calls.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Figures {
    pub(super) calls: usize,
    pub(super) touched: usize,
    pub(super) foretold: usize,
    pub(super) hits: usize,
    /// Slots that were changed, and those of them whose value at the end was foretold.
    pub(super) changed: usize,
    pub(super) exact: usize,
    /// Slots that were said to be changed in a known way, or not at all, and were not.
    pub(super) wrong: usize,
    pub(super) time: Duration,
}

impl Footprint {
    pub(super) fn covers(&self, trace: &Trace) -> bool {
        let mut accesses = trace.accesses.iter();
        accesses.all(|access| self.get(access.address, access.slot).is_some())
    }
}

impl Figures {
    pub(super) fn count(&mut self, trace: &Trace, footprint: &Footprint) {
        self.calls += 1;
        self.touched += trace.accesses.len();
        self.foretold += footprint.slots.len();
        self.changed += trace
            .accesses
            .iter()
            .filter(|access| access.before != access.after)
            .count();
        for forecast in &footprint.slots {
            let same = |access: &&Access| access.address == forecast.address && access.slot == forecast.slot;
            let Some(access) = trace.accesses.iter().find(same) else {
                continue;
            };
            self.hits += 1;
            let right = forecast
                .change
                .apply(access.before)
                .map(|after| after == access.after);
            self.wrong += usize::from(right == Some(false));
            self.exact += usize::from(access.before != access.after && right == Some(true));
        }
    }

    fn percent(part: usize, whole: usize) -> f64 {
        100.0 * part as f64 / whole.max(1) as f64
    }

    pub(super) fn recall(&self) -> f64 {
        Self::percent(self.hits, self.touched)
    }

    pub(super) fn precision(&self) -> f64 {
        Self::percent(self.hits, self.foretold)
    }

    pub(super) fn exactness(&self) -> f64 {
        Self::percent(self.exact, self.changed)
    }
}
