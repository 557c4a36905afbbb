//! The cards of a composition, and what is told of each.

use crate::card_work::CardWork;
use crate::fault::Injection;
use metisvm_accel::fpga::{Condition, FpgaBackend, State};
use metisvm_driver::{CardCounters, Counters, Health};
use metisvm_sim::FaultPlan;
use serde_json::{Value, json};
use std::sync::Arc;

/// A card that was opened, and what it was told to do wrong.
#[derive(Debug, Clone)]
pub struct OpenCard {
    /// The card as a backend.
    pub backend: Arc<FpgaBackend>,
    /// What people are told of it.
    pub title: String,
    /// What goes wrong with it.
    pub plan: FaultPlan,
    /// What was asked to go wrong.
    pub injections: Vec<Injection>,
    /// Jobs of the handshake, before anybody's work.
    pub jobs_before: u64,
}

/// How far the counters of a card had come.
#[derive(Debug, Clone, Copy, Default)]
pub struct CardMark {
    driver: Counters,
    /// What the card counts itself, and multiply-accumulates that it did.
    counted: Option<CardCounters>,
    macs: u64,
    /// Faults that had happened.
    happened: usize,
    wrong_results: u32,
}

/// What became of an injected fault.
#[derive(Debug, Clone)]
pub struct FaultReport {
    /// The fault, as it was asked for.
    pub fault: String,
    /// The number of the job at which it happened, 0 for the first; `None` where it did not.
    pub at_job: Option<u64>,
}

/// What the driver saw of a card.
#[derive(Debug, Clone)]
pub struct CardReport {
    /// What card it is.
    pub title: String,
    /// What it counted itself, where it has an engine and counters.
    pub work: Option<CardWork>,
    /// The faults that were injected.
    pub faults: Vec<FaultReport>,
    /// Jobs that it answered.
    pub jobs: u64,
    /// Faults that the driver noticed and that put the card out of service.
    pub noticed: u64,
    /// Resets that the card acknowledged.
    pub resets: u64,
    /// Results that the host's check found to be wrong.
    pub wrong_results: u64,
    /// Bytes of memory that are given up because the card never acknowledged a reset.
    pub leaked_bytes: u64,
    /// Its state.
    pub state: &'static str,
    /// Whether the card takes work, and why not.
    pub health: String,
    /// Its last fault, which it may have recovered from.
    pub last_fault: Option<String>,
}

impl OpenCard {
    /// How far its counters have come.
    pub fn mark(&self) -> CardMark {
        CardMark {
            driver: self.backend.counters(),
            counted: self.backend.device().card_counters(),
            macs: self.backend.macs(),
            happened: self.plan.history().len(),
            wrong_results: self.backend.condition().wrong_results,
        }
    }

    /// What became of it since. Faults that happened before are left out.
    pub fn report(&self, mark: &CardMark) -> CardReport {
        let mut history: Vec<_> = self.plan.history().into_iter().enumerate().collect();
        let faults = self.injections.iter().filter_map(|injection| {
            let place = history
                .iter()
                .position(|(_, happened)| happened.fault == injection.fault());
            let happened = place.map(|place| history.remove(place));
            let before = happened.as_ref().is_some_and(|(index, _)| *index < mark.happened);
            (!before).then(|| FaultReport {
                fault: injection.to_string(),
                at_job: happened.map(|(_, happened)| happened.job.saturating_sub(self.jobs_before)),
            })
        });
        let faults = faults.collect();
        let counters = self.backend.counters().since(&mark.driver);
        let macs = self.backend.macs() - mark.macs;
        let work = self
            .backend
            .device()
            .card_counters()
            .zip(mark.counted)
            .and_then(|(now, before)| {
                let grown = now.since(&before);
                CardWork::new(grown, macs, self.backend.capabilities())
            });
        let condition = self.backend.condition();
        CardReport {
            title: self.title.clone(),
            work,
            faults,
            jobs: counters.jobs,
            noticed: counters.faults,
            resets: counters.resets,
            wrong_results: u64::from(condition.wrong_results.saturating_sub(mark.wrong_results)),
            leaked_bytes: counters.leaked_bytes,
            state: condition.state.name(),
            health: self.health(&condition),
            last_fault: condition.fault,
        }
    }

    /// Whether it takes work, in words.
    fn health(&self, condition: &Condition) -> String {
        if let Some(why) = &condition.out {
            return format!("out of service for good: {why}");
        }
        let device = self.backend.device().health();
        match (&device, condition.state) {
            (Health::Healthy, State::Ready) => "healthy".to_owned(),
            (Health::Healthy, State::Degraded) => "healthy, on probation after a fault".to_owned(),
            (Health::Healthy, state) => format!("out of service: {}", state.name()),
            (Health::Unhealthy(why), _) => format!("out of service: {why}"),
            (Health::Dead(why), _) => format!("dead: {why}"),
        }
    }
}

impl CardReport {
    /// A card that did not open, and so did nothing.
    pub fn of_absent(title: &str, state: State, why: &str) -> Self {
        Self {
            title: title.to_owned(),
            work: None,
            faults: Vec::new(),
            jobs: 0,
            noticed: 0,
            resets: 0,
            wrong_results: 0,
            leaked_bytes: 0,
            state: state.name(),
            health: format!("it does not open: {why}"),
            last_fault: Some(why.to_owned()),
        }
    }

    /// Whether there is anything to be told of it besides its work.
    pub fn had_trouble(&self) -> bool {
        !self.faults.is_empty() || self.noticed > 0 || self.last_fault.is_some()
    }

    /// The card for programs, as one of several.
    fn json(&self) -> Value {
        let mut object = json!({
            "card": self.title,
            "jobs": self.jobs,
            "faults": self.noticed,
            "resets": self.resets,
            "wrong_results": self.wrong_results,
            "leaked_bytes": self.leaked_bytes,
            "state": self.state,
            "health": self.health,
            "last_fault": self.last_fault,
        });
        if let Some(work) = &self.work {
            object["counters"] = work.json();
        }
        object
    }
}

/// Adds cards to an object for programs: each by itself, and all together.
pub fn add_cards(cards: &[CardReport], object: &mut Value) {
    let Some(first) = cards.first() else { return };
    let sum = |of: fn(&CardReport) -> u64| json!(cards.iter().map(of).sum::<u64>());
    let words = |of: fn(&CardReport) -> &str| {
        let mut words: Vec<String> = cards.iter().map(|card| of(card).to_owned()).collect();
        words.dedup();
        json!(words.join("; "))
    };
    object["card"] = words(|card| &card.title);
    if let (Some(work), [_]) = (&first.work, cards) {
        object["card_counters"] = work.json();
    }
    let faults = cards.iter().flat_map(|card| &card.faults);
    object["faults"] = faults.map(FaultReport::json).collect();
    object["card_faults"] = sum(|card| card.noticed);
    object["card_resets"] = sum(|card| card.resets);
    object["card_wrong_results"] = sum(|card| card.wrong_results);
    object["card_leaked_bytes"] = sum(|card| card.leaked_bytes);
    object["card_health"] = words(|card| &card.health);
    object["cards"] = cards.iter().map(CardReport::json).collect();
}

impl FaultReport {
    /// What came of it, for people.
    pub fn outcome(&self) -> String {
        match self.at_job {
            Some(job) => format!("happened at job {job}"),
            None => "did NOT happen: no such job came, or another fault took it".to_owned(),
        }
    }

    /// The same for programs.
    pub fn json(&self) -> Value {
        json!({ "fault": self.fault, "at_job": self.at_job })
    }
}
