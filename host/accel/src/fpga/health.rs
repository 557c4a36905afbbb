//! Whether a card is given work, and what is to be done about one that is not: the states and the ways between them,
//! without a clock and without a thread. `recovery` acts on it.

use std::time::Duration;

/// What a card is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The way to it is looked for: its registers are tried again, or it is opened anew.
    Probing,
    /// It takes work.
    Ready,
    /// It takes work, on probation after a fault: where there are other cards, one job at a time.
    Degraded,
    /// It takes none. It is tried again later, unless it is [out for good](Condition::out).
    Failed,
    /// It is being reset.
    Resetting,
}

impl State {
    /// Its name, as reports have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Probing => "probing",
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
            Self::Resetting => "resetting",
        }
    }
}

/// The state of a card, and how it came to be in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What it is at.
    pub state: State,
    /// The last fault, also of a card that has recovered from it.
    pub fault: Option<String>,
    /// Results of it that the host's check found to be wrong.
    pub wrong_results: u32,
    /// Why it is not tried again, if it is not.
    pub out: Option<String>,
}

/// How much a card may get wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) resets: u32,
    pub(super) wrong_results: u32,
}

/// Jobs without a fault after which a card is no longer on probation.
const PROBATION: u32 = 16;
/// How long after the first attempt that failed the next one comes; each further one takes twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// How long it takes at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The state machine of a card.
#[derive(Debug)]
pub(super) struct Health {
    condition: Condition,
    limits: Limits,
    /// Faults that the card had, and resets after which it was no better, since it was last ready.
    strikes: u32,
    /// Attempts to bring it back, since it was last ready.
    attempts: u32,
    /// Jobs without a fault since it came back.
    sound: u32,
}

impl Health {
    /// Of a card that was just opened.
    pub(super) const fn new(limits: Limits) -> Self {
        let condition = Condition {
            state: State::Ready,
            fault: None,
            wrong_results: 0,
            out: None,
        };
        Self {
            condition,
            limits,
            strikes: 0,
            attempts: 0,
            sound: 0,
        }
    }

    pub(super) const fn condition(&self) -> &Condition {
        &self.condition
    }

    pub(super) const fn takes_work(&self) -> bool {
        matches!(self.condition.state, State::Ready | State::Degraded)
    }

    pub(super) const fn is_out(&self) -> bool {
        self.condition.out.is_some()
    }

    /// A card that took work has a fault. Gives the time after which it is to be brought back, if it is.
    pub(super) fn fault(&mut self, why: String) -> Option<Duration> {
        self.condition.state = State::Failed;
        self.condition.fault = Some(why);
        self.strike()
    }

    /// A card that took work is away: its link broke, or its server ended. That is no fault of the card's, however often
    /// it happens, so it only makes the pauses longer. Gives the time as [`fault`](Self::fault) does.
    pub(super) fn gone(&mut self, why: String) -> Option<Duration> {
        self.stayed_away(why, false)
    }

    /// A result was wrong. Whether that is a fault of the card's besides, its device says.
    pub(super) fn wrong_result(&mut self) {
        self.condition.wrong_results = self.condition.wrong_results.saturating_add(1);
        if self.condition.wrong_results >= self.limits.wrong_results {
            self.take_out(format!(
                "{} of its results were wrong",
                self.condition.wrong_results
            ));
        }
    }

    /// An attempt to bring it back begins; says whether it is to be made.
    pub(super) fn begin(&mut self, attempt: State) -> bool {
        if !self.is_out() {
            self.condition.state = attempt;
        }
        !self.is_out()
    }

    /// It was brought back.
    pub(super) fn came_back(&mut self) {
        if !self.is_out() {
            self.condition.state = State::Degraded;
            self.sound = 0;
        }
    }

    /// It was not. One that answers and yet does not come back is given up some day; one that is away may return at
    /// any time. Gives the time until the next attempt, if there is to be one.
    pub(super) fn stayed_away(&mut self, why: String, answers: bool) -> Option<Duration> {
        self.condition.state = State::Failed;
        self.condition.fault = Some(why);
        if answers { self.strike() } else { self.pause() }
    }

    /// It takes work as before, as far as is known here: nobody is there to bring it back.
    pub(super) fn put_off(&mut self, why: String) {
        if !self.is_out() {
            self.condition.state = State::Degraded;
            self.condition.fault = Some(why);
        }
    }

    /// It did a job.
    pub(super) fn sound_job(&mut self) {
        if self.condition.state != State::Degraded {
            return;
        }
        self.sound += 1;
        if self.sound >= PROBATION {
            self.condition.state = State::Ready;
            self.strikes = 0;
            self.attempts = 0;
        }
    }

    fn strike(&mut self) -> Option<Duration> {
        self.strikes = self.strikes.saturating_add(1);
        if self.strikes > self.limits.resets {
            let resets = self.limits.resets;
            self.take_out(format!("it failed again after {resets} resets in a row"));
        }
        self.pause()
    }

    fn pause(&mut self) -> Option<Duration> {
        if self.is_out() {
            return None;
        }
        let before = self.attempts;
        self.attempts = before.saturating_add(1);
        // At once the first time: most faults are over with a reset.
        let doublings = before.checked_sub(1).map_or(0, |n| n.min(16));
        let pause = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
        Some(if before == 0 { Duration::ZERO } else { pause })
    }

    fn take_out(&mut self, why: String) {
        self.condition.state = State::Failed;
        self.condition.out.get_or_insert(why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health() -> Health {
        Health::new(Limits {
            resets: 3,
            wrong_results: 2,
        })
    }

    fn state(health: &Health) -> State {
        health.condition().state
    }

    #[test]
    fn a_card_that_comes_back_is_on_probation_until_it_has_worked() {
        let mut health = health();
        assert_eq!(health.fault("late".into()), Some(Duration::ZERO));
        assert_eq!((state(&health), health.takes_work()), (State::Failed, false));
        assert!(health.begin(State::Resetting));
        health.came_back();
        for _ in 1..PROBATION {
            health.sound_job();
            assert_eq!((state(&health), health.takes_work()), (State::Degraded, true));
        }
        health.sound_job();
        assert_eq!(state(&health), State::Ready);
        assert_eq!(
            health.condition().fault.as_deref(),
            Some("late"),
            "it can still be told"
        );
        // Then it has all of its resets again.
        assert_eq!(health.fault("late".into()), Some(Duration::ZERO));
    }

    #[test]
    fn a_card_that_fails_again_and_again_is_out_and_pauses_grow_until_then() {
        let mut health = health();
        let mut pauses = Vec::new();
        while let Some(pause) = health.fault("wrong".into()) {
            pauses.push(pause);
            health.begin(State::Resetting);
            health.came_back();
        }
        assert_eq!(pauses, [0, 20, 40].map(Duration::from_millis));
        assert!(!health.takes_work() && health.is_out());
        // Whoever was just at it does not bring it back.
        assert!(!health.begin(State::Resetting));
        health.came_back();
        assert_eq!(state(&health), State::Failed);
    }

    #[test]
    fn a_card_that_is_away_is_looked_for_without_end_and_ever_more_rarely() {
        let mut health = health();
        let mut pauses = vec![health.gone("gone".into()).unwrap()];
        pauses.extend((0..100).map(|_| health.stayed_away("gone".into(), false).unwrap()));
        assert!(pauses.is_sorted() && pauses.last() == Some(&LONGEST_PAUSE));
        health.begin(State::Probing);
        health.came_back();
        assert!(health.takes_work());
        // It may go as often as it likes.
        assert_eq!(health.gone("gone".into()), Some(LONGEST_PAUSE));
    }

    #[test]
    fn a_card_that_answers_and_fails_its_test_after_every_reset_is_out() {
        let mut health = health();
        health.fault("wrong".into());
        let attempts = (0..100)
            .take_while(|_| health.stayed_away("self-test".into(), true).is_some())
            .count();
        assert_eq!(attempts, 2);
        assert!(health.is_out());
    }

    #[test]
    fn wrong_results_are_counted_over_its_whole_life_and_take_it_out() {
        let mut health = health();
        health.wrong_result();
        assert!(!health.is_out());
        health.fault("wrong result".into());
        health.came_back();
        (0..PROBATION).for_each(|_| health.sound_job());
        health.wrong_result();
        assert!(health.is_out() && !health.takes_work());
        assert_eq!(
            health.fault("wrong result".into()),
            None,
            "nobody is to bring it back"
        );
        let out = health.condition().out.clone();
        assert_eq!(out.as_deref(), Some("2 of its results were wrong"));
    }
}
