//! Parallel or in sequence: the choice, stretch by stretch.
//!
//! A stretch in which most transactions collided or waited for each other may run faster on one thread,
//! which neither publishes nor checks anything. Whether it does is measured: after such a stretch one runs
//! in sequence, and what took less time for its gas is how it goes on. The choice changes speed only.

use std::time::{Duration, Instant};

/// Transactions after which a parallel stretch is judged.
const JUDGED: u32 = 8;
/// The first sequential stretch.
const SHORTEST: usize = 32;
/// The longest one; then running in parallel is tried again.
const LONGEST: usize = 1024;
/// Each sequential stretch that paid is followed by one so much longer.
const GROWTH: usize = 8;
/// After a sequential stretch that did not pay, so many parallel ones are not judged.
const PATIENCE: u32 = 16;

/// How to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// On several threads; `calm` where nothing has collided.
    Parallel { calm: bool },
    /// One after the other.
    Sequence,
}

/// Measures and decides.
#[derive(Debug)]
pub(super) struct Governor {
    since: Instant,
    gas: u64,
    commits: u32,
    contended: u32,
    /// Time and gas of the last contended parallel stretch.
    parallel: (Duration, u64),
    /// How long the next sequential stretch is.
    next: usize,
    /// Parallel stretches that are not to be judged.
    unjudged: u32,
}

impl Governor {
    /// `remembered` is what the block before left: how long the first sequential stretch is to be, 0 for
    /// none.
    pub(super) fn new(remembered: usize) -> Self {
        Self {
            since: Instant::now(),
            gas: 0,
            commits: 0,
            contended: 0,
            parallel: (Duration::ZERO, 0),
            next: remembered.max(SHORTEST),
            unjudged: 0,
        }
    }

    /// A transaction was committed. Says how to go on where a stretch is over.
    pub(super) fn committed(&mut self, gas: u64, contended: bool) -> Option<Next> {
        self.gas += gas;
        self.commits += 1;
        self.contended += u32::from(contended);
        if self.commits < JUDGED {
            return None;
        }
        let bad = self.contended * 2 >= self.commits;
        let calm = self.contended == 0;
        self.parallel = (self.since.elapsed(), self.gas);
        self.begin();
        if !bad {
            self.next = SHORTEST;
        } else if self.unjudged == 0 {
            return Some(Next::Sequence);
        }
        self.unjudged = self.unjudged.saturating_sub(1);
        Some(Next::Parallel { calm })
    }

    /// What the next block should know, where `mostly` says whether most of this one ran in sequence: half
    /// of the stretch, so that running in parallel is tried again before long.
    pub(super) fn remember(&self, mostly: bool) -> usize {
        if mostly && self.next / 2 > SHORTEST {
            self.next / 2
        } else {
            0
        }
    }

    /// How many transactions the sequential stretch is to have. Starts its measurement.
    pub(super) fn stretch(&mut self) -> usize {
        self.begin();
        self.next
    }

    /// The sequential stretch is over and used so much gas.
    pub(super) fn stretched(&mut self, gas: u64) {
        let sequential = self.since.elapsed().as_nanos() * u128::from(self.parallel.1);
        let parallel = self.parallel.0.as_nanos() * u128::from(gas);
        if sequential <= parallel {
            self.next = (self.next * GROWTH).min(LONGEST);
        } else {
            self.next = SHORTEST;
            self.unjudged = PATIENCE;
        }
        self.begin();
    }

    fn begin(&mut self) {
        self.since = Instant::now();
        self.gas = 0;
        self.commits = 0;
        self.contended = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_without_contention_stay_parallel() {
        let mut governor = Governor::new(0);
        assert!((0..1000).all(|index| governor.committed(21_000, index % 3 == 0) != Some(Next::Sequence)));
    }

    #[test]
    fn contention_is_answered_by_a_sequential_stretch() {
        let mut governor = Governor::new(0);
        let asked = (0..JUDGED)
            .filter(|_| governor.committed(21_000, true) == Some(Next::Sequence))
            .count();
        assert_eq!(asked, 1);
        assert_eq!(governor.stretch(), SHORTEST);
    }

    #[test]
    fn a_stretch_that_pays_is_followed_by_a_longer_one_and_one_that_does_not_by_patience() {
        let mut governor = Governor::new(0);
        governor.parallel = (Duration::from_secs(3600), 1);
        governor.stretch();
        governor.stretched(1);
        assert_eq!(governor.stretch(), SHORTEST * GROWTH);
        governor.parallel = (Duration::ZERO, 1);
        governor.stretched(1);
        assert_eq!(governor.stretch(), SHORTEST);
        assert!((0..JUDGED * PATIENCE).all(|_| governor.committed(1, true) != Some(Next::Sequence)));
        assert!((0..JUDGED).any(|_| governor.committed(1, true) == Some(Next::Sequence)));
    }
}
