//! How much of a processor the background takes.

use std::time::{Duration, Instant};

/// What may be spent in advance after a pause: a contract of the largest size is compiled within it.
const BURST: Duration = Duration::from_secs(1);

/// A part of one processor's time, which accrues while nothing is spent.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Hundredths of one processor: 1 to 100.
    percent: u32,
    /// What may be spent, up to [`BURST`].
    credit: Duration,
    /// What was spent beyond it. One of the two is nought.
    debt: Duration,
    /// Until when time was turned to credit.
    at: Instant,
}

impl Budget {
    /// The whole burst is there at the beginning.
    pub(crate) fn new(percent: u8, now: Instant) -> Self {
        Self {
            percent: u32::from(percent.clamp(1, 100)),
            credit: BURST,
            debt: Duration::ZERO,
            at: now,
        }
    }

    /// Takes note of what was spent. One piece of work may go beyond the credit.
    pub(crate) fn spend(&mut self, time: Duration, now: Instant) {
        self.accrue(now);
        let from_credit = time.min(self.credit);
        self.credit -= from_credit;
        self.debt = self.debt.saturating_add(time - from_credit);
    }

    /// How long to wait before anything more is spent.
    pub(crate) fn delay(&mut self, now: Instant) -> Duration {
        self.accrue(now);
        self.debt.saturating_mul(100) / self.percent
    }

    fn accrue(&mut self, now: Instant) {
        let earned = now
            .saturating_duration_since(self.at)
            .saturating_mul(self.percent)
            / 100;
        self.at = self.at.max(now);
        let repaid = earned.min(self.debt);
        self.debt -= repaid;
        self.credit = self.credit.saturating_add(earned - repaid).min(BURST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_part_and_the_burst_is_spent() {
        let start = Instant::now();
        let (mut now, mut spent) = (start, Duration::ZERO);
        let mut budget = Budget::new(25, now);
        let work = Duration::from_millis(40);
        for _ in 0..1000 {
            now += budget.delay(now);
            assert_eq!(budget.delay(now), Duration::ZERO);
            // The work itself takes twice its processor time, as others run as well.
            now += 2 * work;
            budget.spend(work, now);
            spent += work;
        }
        let allowed = BURST + (now - start) / 4 + work;
        assert!(spent <= allowed, "{spent:?} were spent, and {allowed:?} allowed");
        // It is used up, too.
        assert!(spent + 3 * work >= allowed, "{spent:?} of {allowed:?} were spent");
    }

    #[test]
    fn a_long_pause_gives_no_more_than_the_burst() {
        let start = Instant::now();
        let mut budget = Budget::new(50, start);
        let later = start + Duration::from_secs(3600);
        budget.spend(BURST, later);
        assert_eq!(budget.delay(later), Duration::ZERO);
        budget.spend(Duration::from_millis(10), later);
        assert_eq!(budget.delay(later), Duration::from_millis(20));
        // A clock that stands or goes back gives nothing.
        assert_eq!(budget.delay(start), Duration::from_millis(20));
    }
}
