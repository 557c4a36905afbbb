//! Parallel or in sequence: the choice, stretch by stretch.
//!
//! A stretch in which most transactions collided or waited for each other may run faster on one thread,
//! which neither publishes nor checks anything. Whether it does is measured: after such a stretch one runs
//! in sequence, and what took less time for its gas is how it goes on. The choice changes speed only.

use std::time::{Duration, Instant};

/// Transactions after which a parallel stretch is judged.
const JUDGED: u32 = 8;
/// One of which everything so far was contended is judged earlier.
const HOPELESS: u32 = 4;
/// The first sequential stretch.
const SHORTEST: usize = 32;
/// The longest one; then running in parallel is tried again.
const LONGEST: usize = 1024;
/// Each sequential stretch that paid is followed by one so much longer.
const GROWTH: usize = 8;
/// A stretch is idle in which no more than so many workers were at work on average. The one that commits is one.
const AT_WORK: (u32, u32) = (5, 4);
/// So many of them in a row are no gain; one of them may come before a better one.
const IDLE_STRETCHES: u32 = 4;
/// What takes at most so much more time counts as taking the same.
const EQUAL: (u128, u128) = (10, 11);
/// Of what parallel stretches took so many parts count on with the next one: single ones are too short to go by. A
/// worker that waits and is not let run has nothing to do for several stretches, and is counted in one.
const FADING: (u32, u32) = (7, 8);
/// After a sequential stretch that did not pay, so many parallel ones are not judged; after each more of them in a row
/// twice as many, up to
const PATIENCE: u32 = 16;
/// so many.
const LONG_PATIENCE: u32 = 256;

/// The largest batch of transactions that one worker executes in one journal.
pub(super) const LARGEST_BATCH: usize = 16;
/// Calm stretches after which larger batches are tried once more; after each failure twice as many, up to
const CALM: u32 = 32;
/// so many.
const LONG_CALM: u32 = 1024;

/// So many stretches of a block in which the predictor learns are not judged: what it learns may do away with
/// the collisions.
const LESSONS: u32 = 2;

/// How to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// On several threads; `calm` where nothing has collided.
    Parallel { calm: bool },
    /// One after the other.
    Sequence,
}

/// What one block leaves for the next.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Remembered {
    /// How long a sequential stretch it is to begin with, 0 for none.
    pub(super) stretch: usize,
    /// The batches that it begins with.
    pub(super) batches: Batches,
}

/// How many transactions make up a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batches {
    pub(super) size: usize,
    largest: usize,
    /// Calm stretches that it takes to try larger ones again.
    patience: u32,
}

impl Default for Batches {
    fn default() -> Self {
        Self {
            size: 1,
            largest: LARGEST_BATCH,
            patience: CALM,
        }
    }
}

/// What was committed together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Committed {
    /// How many transactions.
    pub(super) count: usize,
    pub(super) gas: u64,
    /// They had to wait for others below, or ran on values that had changed.
    pub(super) contended: bool,
    /// How many lessons the predictor has had in the block.
    pub(super) lessons: u32,
    /// How long workers have had nothing to do in the block, all of them together.
    pub(super) idle: Duration,
}

fn faded(time: Duration) -> Duration {
    time * FADING.0 / FADING.1
}

/// Measures and decides.
#[derive(Debug)]
pub(super) struct Governor {
    workers: u32,
    since: Instant,
    gas: u64,
    commits: u32,
    contended: u32,
    /// Time and gas of the parallel stretches of late that did not go well, the older ones counted less.
    parallel: (Duration, u64),
    /// How long the next sequential stretch is.
    next: usize,
    /// Parallel stretches that are not to be judged,
    unjudged: u32,
    /// how many they are after the next sequential stretch that does not pay,
    patience: u32,
    /// and those among which something is learnt.
    lessons: u32,
    /// The last parallel stretch did not go well.
    bad: bool,
    /// How long workers had had nothing to do when the last stretch was over,
    idle: Duration,
    /// and how long in the stretches of late, with the time those took; the older ones count less.
    recent: (Duration, Duration),
    /// Stretches in a row that were idle.
    idle_stretches: u32,
    /// How many lessons there were when the last stretch was over.
    taught: u32,
    batches: Batches,
    /// Calm stretches since the last collision.
    calm: u32,
}

impl Governor {
    /// Begins as the block before has left it.
    pub(super) fn new(remembered: Remembered, workers: usize) -> Self {
        Self {
            workers: u32::try_from(workers).unwrap_or(u32::MAX),
            since: Instant::now(),
            gas: 0,
            commits: 0,
            contended: 0,
            parallel: (Duration::ZERO, 0),
            next: remembered.stretch.max(SHORTEST),
            unjudged: 0,
            patience: PATIENCE,
            lessons: LESSONS,
            bad: false,
            idle: Duration::ZERO,
            recent: (Duration::ZERO, Duration::ZERO),
            idle_stretches: 0,
            taught: 0,
            batches: remembered.batches,
            calm: 0,
        }
    }

    /// Something was committed. Says how to go on where a stretch is over.
    pub(super) fn committed(&mut self, what: Committed) -> Option<Next> {
        let count = what.count as u32;
        self.gas += what.gas;
        self.commits += count;
        if what.contended {
            self.contended += count;
            self.disturbed(count);
        }
        let hopeless = self.commits >= HOPELESS && self.contended == self.commits;
        if self.commits < JUDGED && !hopeless {
            return None;
        }
        let time = self.since.elapsed();
        let idle = what.idle.saturating_sub(self.idle);
        self.idle = what.idle;
        self.recent = (faded(self.recent.0) + idle, faded(self.recent.1) + time);
        let is_idle = self.is_idle(self.recent.0, self.recent.1);
        self.idle_stretches = if is_idle { self.idle_stretches + 1 } else { 0 };
        let is_contended = self.contended * 2 >= self.commits;
        let bad = is_contended || self.idle_stretches >= IDLE_STRETCHES;
        self.bad = bad;
        let calm = self.contended == 0;
        if is_contended || is_idle {
            let (time_before, gas_before) = self.parallel;
            self.parallel = (
                faded(time_before) + time,
                gas_before * u64::from(FADING.0) / u64::from(FADING.1) + self.gas,
            );
        } else {
            self.parallel = (Duration::ZERO, 0);
        }
        self.begin();
        if calm {
            self.quiet();
        }
        let learning = what.lessons != self.taught && self.lessons > 0;
        self.taught = what.lessons;
        if !bad {
            self.next = SHORTEST;
        } else if learning {
            self.lessons -= 1;
            return Some(Next::Parallel { calm });
        } else if self.unjudged == 0 {
            return Some(Next::Sequence);
        }
        self.unjudged = self.unjudged.saturating_sub(1);
        Some(Next::Parallel { calm })
    }

    /// Whether so much time without work, of all workers together, leaves too few of them at work in this time.
    fn is_idle(&self, idle: Duration, time: Duration) -> bool {
        let (at_work, parts) = AT_WORK;
        idle.as_nanos() * u128::from(parts) + time.as_nanos() * u128::from(at_work)
            >= time.as_nanos() * u128::from(self.workers) * u128::from(parts)
    }

    /// Nothing has collided for a stretch: larger batches, which cost less for each transaction.
    fn quiet(&mut self) {
        let batches = &mut self.batches;
        self.calm += 1;
        if self.calm >= batches.patience {
            self.calm = 0;
            batches.largest = (2 * batches.largest).min(LARGEST_BATCH);
        }
        batches.size = (2 * batches.size).min(batches.largest);
    }

    /// A batch of so many has collided or had to wait. What is alone does so less often, makes others wait for
    /// less, and costs less when it is thrown away.
    fn disturbed(&mut self, transactions: u32) {
        self.calm = 0;
        let batches = &mut self.batches;
        batches.size = 1;
        if transactions > 1 {
            batches.largest = 1;
            batches.patience = (2 * batches.patience).min(LONG_CALM);
        }
    }

    /// Whether the first stretch is to run in sequence, since the block before mostly did.
    pub(super) fn begins_in_sequence(&self) -> bool {
        self.next > SHORTEST
    }

    /// How many transactions make up a batch.
    pub(super) fn batch(&self) -> usize {
        self.batches.size
    }

    /// What the next block should know, where `mostly` says whether most of this one ran in sequence: half
    /// of the stretch, so that running in parallel is tried again before long; nothing where that has just
    /// gone well.
    pub(super) fn remember(&self, mostly: bool) -> Remembered {
        let half = self.next / 2;
        Remembered {
            stretch: if mostly && self.bad && half > SHORTEST {
                half
            } else {
                0
            },
            batches: self.batches,
        }
    }

    /// How many transactions the sequential stretch is to have. Starts its measurement.
    pub(super) fn stretch(&mut self) -> usize {
        self.begin();
        self.next
    }

    /// The sequential stretch is over and used so much gas; `idle` is how long workers have had nothing to do in the
    /// block, with what they had not to do meanwhile.
    pub(super) fn stretched(&mut self, gas: u64, idle: Duration) {
        self.idle = idle;
        let sequential = self.since.elapsed().as_nanos() * u128::from(self.parallel.1);
        let parallel = self.parallel.0.as_nanos() * u128::from(gas);
        // Where both take the same, one thread does.
        if sequential * EQUAL.0 <= parallel * EQUAL.1 {
            self.next = (self.next * GROWTH).min(LONGEST);
            self.patience = PATIENCE;
            // One stretch shows whether it is as it was.
            self.idle_stretches = IDLE_STRETCHES - 1;
        } else {
            self.idle_stretches = 0;
            self.next = SHORTEST;
            self.unjudged = self.patience;
            self.patience = (2 * self.patience).min(LONG_PATIENCE);
        }
        self.begin();
    }

    /// Begins to measure anew.
    pub(super) fn begin(&mut self) {
        self.since = Instant::now();
        self.gas = 0;
        self.commits = 0;
        self.contended = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn governor() -> Governor {
        Governor::new(Remembered::default(), 2)
    }

    fn of(count: usize, contended: bool) -> Committed {
        Committed {
            count,
            gas: 21_000,
            contended,
            ..Committed::default()
        }
    }

    #[test]
    fn stretches_without_contention_stay_parallel() {
        let mut governor = governor();
        assert!((0..1000).all(|index| governor.committed(of(1, index % 3 == 0)) != Some(Next::Sequence)));
    }

    #[test]
    fn contention_is_answered_by_a_sequential_stretch() {
        let mut governor = governor();
        let asked = (0..HOPELESS)
            .filter(|_| governor.committed(of(1, true)) == Some(Next::Sequence))
            .count();
        assert_eq!(asked, 1);
        assert_eq!(governor.stretch(), SHORTEST);
    }

    #[test]
    fn a_stretch_that_pays_is_followed_by_a_longer_one_and_one_that_does_not_by_patience() {
        let mut governor = governor();
        governor.parallel = (Duration::from_secs(3600), 1);
        governor.stretch();
        governor.stretched(1, Duration::ZERO);
        assert_eq!(governor.stretch(), SHORTEST * GROWTH);
        governor.parallel = (Duration::ZERO, 1);
        governor.stretched(1, Duration::ZERO);
        assert_eq!(governor.stretch(), SHORTEST);
        let mut patience = |stretches: u32| {
            assert!(
                (0..HOPELESS * stretches).all(|_| governor.committed(of(1, true)) != Some(Next::Sequence))
            );
            assert!((0..JUDGED).any(|_| governor.committed(of(1, true)) == Some(Next::Sequence)));
            governor.parallel = (Duration::ZERO, 1);
            governor.stretch();
            governor.stretched(1, Duration::ZERO);
        };
        [PATIENCE, 2 * PATIENCE, 4 * PATIENCE]
            .into_iter()
            .for_each(&mut patience);
        (0..10).for_each(|_| governor.stretched(1, Duration::ZERO));
        assert_eq!(governor.unjudged, LONG_PATIENCE);
    }

    #[test]
    fn as_many_workers_as_are_at_work_count_whatever_their_number() {
        let time = Duration::from_secs(4);
        let idle_at = |workers: u32, at_work: u32| {
            let governor = Governor::new(Remembered::default(), workers as usize);
            // In quarters of the time.
            governor.is_idle(time / 4 * (4 * workers - at_work), time)
        };
        for workers in [2, 4, 16, 64] {
            assert!(idle_at(workers, 5) && !idle_at(workers, 6), "{workers}");
        }
    }

    #[test]
    fn batches_grow_while_it_is_calm_and_start_small_again_after_a_collision() {
        let mut governor = governor();
        assert_eq!(governor.batch(), 1);
        for _ in 0..10 * JUDGED {
            governor.committed(of(1, false));
        }
        assert_eq!(governor.batch(), LARGEST_BATCH);
        governor.committed(of(LARGEST_BATCH, true));
        assert_eq!(governor.batch(), 1);
        for _ in 0..2 * CALM * JUDGED - 1 {
            governor.committed(of(1, false));
        }
        assert_eq!(governor.batch(), 1);
        governor.committed(of(1, false));
        assert_eq!(governor.batch(), 2);
    }

    #[test]
    fn others_that_have_nothing_to_do_are_answered_by_a_sequential_stretch() {
        let sequence = |idle: u64| {
            let mut governor = governor();
            let commits = 1..=u64::from(JUDGED * IDLE_STRETCHES);
            let next = commits.filter_map(|commit| {
                let idle = Duration::from_secs(idle * commit);
                governor.committed(Committed { idle, ..of(1, false) })
            });
            next.filter(|next| *next == Next::Sequence).count()
        };
        assert_eq!((sequence(0), sequence(3600)), (0, 1));
    }

    /// One that waits and is not let run is counted when it runs again.
    #[test]
    fn idleness_that_is_counted_in_lumps_is_seen_all_the_same() {
        let mut governor = governor();
        let commits = u64::from(JUDGED * 4 * IDLE_STRETCHES);
        let asked = (1..=commits).any(|commit| {
            let lumps = commit / u64::from(4 * JUDGED);
            let idle = Duration::from_secs(3600 * lumps);
            governor.committed(Committed { idle, ..of(1, false) }) == Some(Next::Sequence)
        });
        assert!(asked);
    }

    #[test]
    fn what_others_did_not_do_in_a_sequential_stretch_is_not_held_against_the_next_parallel_one() {
        let mut governor = governor();
        let long = Duration::from_secs(3600);
        governor.idle_stretches = IDLE_STRETCHES;
        governor.stretch();
        governor.stretched(1, long);
        let idle = Committed {
            idle: long,
            ..of(1, false)
        };
        assert!((0..10 * JUDGED).all(|_| governor.committed(idle) != Some(Next::Sequence)));
    }
}
