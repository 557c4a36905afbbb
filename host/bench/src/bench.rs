//! What the subjects share while they measure.

use crate::error::Error;
use crate::record::Record;
use crate::sample::{Outcome, Way, by_turns};
use crate::setup::Setup;
use crate::subject::Subject;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A case: it is measured when its turn comes, and gives its figures.
pub(crate) struct Case<'s> {
    pub(crate) subject: Subject,
    pub(crate) name: String,
    pub(crate) measure: Measure<'s>,
}

/// Measures one case.
pub(crate) type Measure<'s> = Box<dyn FnOnce(&Bench<'s>) -> Result<Vec<Record>, Error> + 's>;

/// A run.
pub(crate) struct Bench<'s> {
    pub(crate) setup: &'s Setup,
    /// Seconds that an engine takes for one piece of work of a kind.
    costs: Mutex<BTreeMap<(String, String), f64>>,
    notes: Mutex<Vec<String>>,
}

impl<'s> Bench<'s> {
    pub(crate) fn new(setup: &'s Setup) -> Self {
        Self {
            setup,
            costs: Mutex::default(),
            notes: Mutex::default(),
        }
    }

    /// Samples of ways by turns.
    pub(crate) fn by_turns(&self, ways: Vec<Way<'_>>) -> Vec<Outcome> {
        by_turns(self.setup.samples, ways)
    }

    /// Keeps something to be said. What was said before is not said again.
    pub(crate) fn note(&self, note: String) {
        let mut notes = lock(&self.notes);
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// What was to be said, from the `told`th note on.
    pub(crate) fn notes_from(&self, told: usize) -> Vec<String> {
        lock(&self.notes).get(told..).unwrap_or_default().to_vec()
    }

    /// Keeps what so much work of a kind took an engine.
    pub(crate) fn learn(&self, engine: &str, kind: &str, work: f64, taken: Duration) {
        let cost = taken.as_secs_f64() / work.max(1.0);
        lock(&self.costs).insert((engine.to_owned(), kind.to_owned()), cost);
    }

    /// Whether that much work is worth beginning, by what less of it took. Says what is left out.
    pub(crate) fn is_worth_it(&self, engine: &str, kind: &str, case: &str, work: f64) -> bool {
        let known = lock(&self.costs)
            .get(&(engine.to_owned(), kind.to_owned()))
            .copied();
        let expected = known.map_or(0.0, |cost| cost * work);
        let patience = self.setup.patience.as_secs_f64();
        if expected <= patience {
            return true;
        }
        self.note(format!(
            "left out: {engine} at {case}, which would take it some {expected:.1} s a call (--patience is {patience} s)"
        ));
        false
    }
}

/// Nothing under these locks is left half-changed by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
