//! A job in flight, as its owner sees it.

use super::Shared;
use super::ticket::{Answer, Deliver, Key, Outcome};
use super::wait::wake_settled;
use crate::error::DeviceError;
use std::sync::Arc;
use std::time::Instant;

/// Makes the result of a job that the card has done, unless its output is not what the card wrote.
type Finish<T> = Box<dyn FnOnce(&Arc<Shared>, Answer) -> Result<T, DeviceError> + Send>;

enum Stage<T> {
    /// There was nothing to ask the card.
    Done(T),
    /// On this pair.
    Submitted(usize, Key, Finish<T>),
    Collected,
}

/// A job that was submitted. [`Running::wait`] or [`Running::poll`] gives what came of it; dropped, it is
/// left to itself, and what it holds comes free with its answer.
///
/// A job has `Options::timeout` from its submission on, or from the time on when all that were submitted
/// before it on its queue pair were settled. The time passes only while somebody looks: with this, or any other call
/// that waits for a job of that pair.
#[must_use = "its result is lost unless it is waited for"]
pub struct Running<T> {
    shared: Arc<Shared>,
    stage: Stage<T>,
}

impl<T> Running<T> {
    pub(super) fn new(
        shared: &Arc<Shared>,
        pair: usize,
        key: Key,
        finish: impl FnOnce(&Arc<Shared>, Answer) -> Result<T, DeviceError> + Send + 'static,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            stage: Stage::Submitted(pair, key, Box::new(finish)),
        }
    }

    /// A job for which nothing is to be done.
    pub(super) fn of_nothing(shared: &Arc<Shared>, result: T) -> Self {
        Self {
            shared: Arc::clone(shared),
            stage: Stage::Done(result),
        }
    }

    /// Looks whether it is done, and gives what came of it: once, then [`DeviceError::Collected`]. Never
    /// sleeps.
    pub fn poll(&mut self) -> Option<Result<T, DeviceError>> {
        let Stage::Submitted(pair, key, _) = self.stage else {
            return Some(self.finish(None));
        };
        let on = self.shared.on(pair);
        let mut state = on.lock();
        let now = Instant::now();
        on.harvest(&mut state);
        let mut outcome = state.jobs.collect(key);
        if outcome.is_none() && on.expire(&mut state, now) {
            outcome = state.jobs.collect(key);
        }
        let outcome = on.leave(state, outcome)?;
        Some(self.finish(Some(outcome)))
    }

    /// Waits until it is done.
    ///
    /// # Errors
    /// A fault of the card, the time-out of this job, or what put the card out of service meanwhile.
    pub fn wait(mut self) -> Result<T, DeviceError> {
        let Stage::Submitted(pair, key, _) = self.stage else {
            return self.finish(None);
        };
        let on = self.shared.on(pair);
        let mut state = on.lock();
        state.jobs.set_awaited(key);
        let (state, outcome) = on.wait_for(state, Some(key), |state| state.jobs.collect(key));
        let outcome = on.leave(state, outcome);
        self.finish(Some(outcome))
    }

    /// Gives it up, so that the card need not do it: one that it has not begun is cancelled, and of one that it has,
    /// the answer is forgotten. What it holds comes free with the answer either way.
    pub fn cancel(mut self) {
        if let Stage::Submitted(pair, key, _) = std::mem::replace(&mut self.stage, Stage::Collected) {
            self.shared.on(pair).cancel(key);
        }
    }

    /// Has a thread of the driver's own call `then` with what comes of it, or calls it at once where that is known;
    /// gives the job's pair and key, unless it is over.
    pub(super) fn when_done(
        mut self,
        then: impl FnOnce(Result<T, DeviceError>) + Send + 'static,
    ) -> Option<(usize, Key)>
    where
        T: 'static,
    {
        let (pair, key, finish) = match std::mem::replace(&mut self.stage, Stage::Collected) {
            Stage::Submitted(pair, key, finish) => (pair, key, finish),
            stage => {
                self.stage = stage;
                then(self.finish(None));
                return None;
            }
        };
        let deliver = move |shared: &Arc<Shared>, outcome: Outcome| {
            then(outcome.and_then(|answer| finish(shared, answer)));
        };
        let on = self.shared.on(pair);
        let mut state = on.lock();
        if let Some(outcome) = state.jobs.collect(key) {
            // The thread that watches may be asleep until another job is answered.
            let outcome = on.leave(state, outcome);
            deliver(&self.shared, outcome);
            return None;
        }
        state.jobs.watch(key, Deliver::new(deliver));
        drop(state);
        on.pair.watched.notify_all();
        Some((pair, key))
    }

    fn finish(&mut self, outcome: Option<Outcome>) -> Result<T, DeviceError> {
        match (std::mem::replace(&mut self.stage, Stage::Collected), outcome) {
            (Stage::Done(result), _) => Ok(result),
            (Stage::Submitted(_, _, finish), Some(outcome)) => {
                let result = finish(&self.shared, outcome?);
                self.shared.pool.tidy();
                result
            }
            _ => Err(DeviceError::Collected),
        }
    }
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        if let Stage::Submitted(pair, key, _) = self.stage {
            let mut state = self.shared.on(pair).lock();
            if let Some(remains) = state.jobs.disown(key) {
                self.shared.take_back(remains, true);
                wake_settled(&state);
            }
        }
    }
}

impl<T> std::fmt::Debug for Running<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stage = match &self.stage {
            Stage::Done(_) => "done",
            Stage::Submitted(..) => "submitted",
            Stage::Collected => "collected",
        };
        f.debug_struct("Running").field("stage", &stage).finish()
    }
}
