//! What a card has to do, and how quick it was at it.

use super::super::lock;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// How much the last of many measurements counts.
const WEIGHT: f64 = 0.25;
/// What is believed of a card's slowness each time that it is passed over: a bad moment is not held against it for good.
const FORGETTING: f64 = 0.995;

/// The jobs of a card.
#[derive(Debug, Default)]
pub(super) struct Load(Mutex<Jobs>);

#[derive(Debug, Default)]
struct Jobs {
    count: usize,
    /// Nanoseconds that they are expected to take together.
    expected: f64,
    /// When the last one was over.
    over: Option<Instant>,
}

impl Load {
    /// Jobs in flight, and how long they are expected to take.
    pub(super) fn now(&self) -> (usize, f64) {
        let jobs = lock(&self.0);
        (jobs.count, jobs.expected)
    }
}

/// A job in flight, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    load: Arc<Load>,
    expected: f64,
    began: Instant,
}

impl Seat {
    pub(super) fn take(load: &Arc<Load>, expected: f64) -> Self {
        let mut jobs = lock(&load.0);
        jobs.count += 1;
        jobs.expected += expected;
        drop(jobs);
        Self {
            load: load.clone(),
            expected,
            began: Instant::now(),
        }
    }

    /// The job is over. Gives the nanoseconds that the card was at it: a job that waits for those before it takes no
    /// longer for that. If it came to its end just now, those behind it begin here.
    pub(super) fn over(&self, exact: bool) -> f64 {
        let now = Instant::now();
        let mut jobs = lock(&self.load.0);
        let before = jobs.over;
        if exact {
            jobs.over = Some(now);
        }
        let began = before.map_or(self.began, |before| before.max(self.began));
        now.saturating_duration_since(began).as_nanos() as f64
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut jobs = lock(&self.load.0);
        jobs.count -= 1;
        // No sum of rounded numbers outlives the jobs.
        jobs.expected = if jobs.count == 0 {
            0.0
        } else {
            jobs.expected - self.expected
        };
    }
}

/// How long an item takes.
#[derive(Debug, Default)]
pub(super) struct Speed(Mutex<Option<f64>>);

impl Speed {
    pub(super) fn each(&self) -> Option<f64> {
        *lock(&self.0)
    }

    /// An item took so long. Of a job whose end was not seen as it came, only that it took no longer is known.
    pub(super) fn learn(&self, took: f64, exact: bool) {
        let mut each = lock(&self.0);
        *each = Some(match *each {
            None => took,
            Some(before) if exact || took < before => before + (took - before) * WEIGHT,
            Some(before) => before,
        });
    }

    /// Another card got the work.
    pub(super) fn forget_a_little(&self) {
        let mut each = lock(&self.0);
        *each = each.map(|each| each * FORGETTING);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_measurement_counts_whole_and_later_ones_draw_it_near() {
        let speed = Speed::default();
        speed.learn(1000.0, false);
        assert_eq!(speed.each(), Some(1000.0));
        speed.learn(2000.0, false);
        assert_eq!(speed.each(), Some(1000.0), "it may have been over for long");
        speed.learn(2000.0, true);
        assert_eq!(speed.each(), Some(1250.0));
        speed.learn(250.0, false);
        assert_eq!(speed.each(), Some(1000.0));
        speed.forget_a_little();
        assert_eq!(speed.each(), Some(995.0));
    }

    #[test]
    fn jobs_count_until_they_are_dropped() {
        let load = Arc::new(Load::default());
        let seats = [100.0, 50.0].map(|expected| Seat::take(&load, expected));
        assert_eq!(load.now(), (2, 150.0));
        let [first, second] = seats;
        drop(first);
        assert_eq!(load.now(), (1, 50.0));
        drop(second);
        assert_eq!(load.now(), (0, 0.0));
    }
}
