//! The time of a pair's oldest job.
//!
//! A card works on several pairs in turn, so a job that is the first of its pair still waits for those of others. Its
//! time is for the card to do it, not them: so it begins anew when it is up and answers came on other pairs
//! meanwhile. A card that has lost the job answers others for ever, and must not get away with it: once as many were
//! answered as the other pairs' rings hold together, the card has passed the job over, and there is no more time.

use std::time::Instant;

#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// Since when its time runs.
    pub(super) since: Instant,
    /// Answers on other pairs by then.
    elsewhere: u64,
    /// Answers on other pairs for which it got its time again.
    forgiven: u64,
}

impl Clock {
    pub(super) fn start(since: Instant, elsewhere: u64) -> Self {
        Self {
            since,
            elsewhere,
            forgiven: 0,
        }
    }

    /// Begins anew, its time being up, if other pairs had answers meanwhile and not too many; says whether it does.
    pub(super) fn forgive(&mut self, now: Instant, elsewhere: u64, most: u64) -> bool {
        let answers = elsewhere.wrapping_sub(self.elsewhere);
        let forgiven = self.forgiven.saturating_add(answers);
        if answers == 0 || forgiven > most {
            return false;
        }
        *self = Self {
            since: now,
            elsewhere,
            forgiven,
        };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn jobs_of_other_pairs_give_a_job_its_time_again_until_they_have_passed_it_over() {
        let start = Instant::now();
        let later = |seconds| start + Duration::from_secs(seconds);
        // A count that has gone round is as good as any.
        let before = u64::MAX - 1;
        let mut clock = Clock::start(start, before);
        assert!(!clock.forgive(later(1), before, 10), "the card answered nothing");
        assert_eq!(clock.since, start);
        for (second, answers) in [(1, 4), (2, 8), (3, 10)] {
            assert!(clock.forgive(later(second), before.wrapping_add(answers), 10));
            assert_eq!(clock.since, later(second));
        }
        assert!(
            !clock.forgive(later(4), before.wrapping_add(10), 10),
            "no further answer"
        );
        assert!(
            !clock.forgive(later(4), before.wrapping_add(11), 10),
            "one too many"
        );
        assert_eq!(clock.since, later(3));
    }

    #[test]
    fn the_only_pair_forgives_nothing() {
        let mut clock = Clock::start(Instant::now(), 0);
        assert!(!clock.forgive(Instant::now(), 0, 0));
    }
}
