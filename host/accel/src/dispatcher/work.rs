//! What the threads of a dispatcher do: ask, wait, and run batches in between.

use super::{
    DispatchError, DoneBy, Job, MAX_BEGUN, MAX_ERRORS, Model, Outcome, Queue, Shared, Submitted, Ticket, lock,
};
use crate::backend::BackendError;
use crate::member::caught_result;
use crate::memo::Key;
use crate::plan::{Run, Tally};
use bytes::Bytes;
use metisvm_model::ModelId;
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

impl Shared {
    pub(super) fn model(&self, model: ModelId) -> Option<Model> {
        self.models
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&model)
            .cloned()
    }

    pub(super) fn submit(&self, model: ModelId, input: &[u8]) -> Result<Submitted, DispatchError> {
        let plan = self.model(model).ok_or(DispatchError::UnknownModel(model))?.plan;
        let expected = plan.graph().input_bytes();
        if input.len() != expected {
            return Err(DispatchError::WrongInputLength {
                model,
                expected,
                actual: input.len(),
            });
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        let key = Key::inference(model, Bytes::copy_from_slice(input));
        if let Some(output) = self.memo.get(&key) {
            self.memo_hits.fetch_add(1, Ordering::Relaxed);
            return Ok(Submitted::Ready(output));
        }
        let mut queue = lock(&self.queue);
        while queue.waiting.len() >= self.options.max_waiting
            || (!queue.waiting.is_empty() && queue.bytes + input.len() > self.options.max_waiting_bytes)
        {
            queue = self.run_batches(queue);
        }
        if let Some(job) = queue.open.get(&key) {
            self.joined.fetch_add(1, Ordering::Relaxed);
            return Ok(Submitted::Pending(Ticket(job.clone())));
        }
        let job = Arc::new(Job {
            key: key.clone(),
            plan,
            by: OnceLock::new(),
            outcome: Mutex::new(None),
        });
        queue.open.insert(key, job.clone());
        queue.bytes += input.len();
        queue.waiting.push_back(job.clone());
        Ok(Submitted::Pending(Ticket(job)))
    }

    pub(super) fn wait(&self, job: &Job) -> Outcome {
        let mut queue = lock(&self.queue);
        loop {
            if let Some(outcome) = lock(&job.outcome).clone() {
                return outcome;
            }
            queue = if queue.waiting.is_empty() {
                self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner)
            } else {
                self.run_batches(queue)
            };
        }
    }

    /// The dispatcher's own thread: works off what nobody waits for.
    pub(super) fn work(&self) {
        let mut queue = lock(&self.queue);
        loop {
            queue = if !queue.waiting.is_empty() {
                self.run_batches(queue)
            } else if queue.closed {
                return;
            } else {
                self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner)
            };
        }
    }

    /// Takes the oldest ticket and all others of its model, and runs them with the queue unlocked. While a
    /// device is at them and has place for more, the next ones are begun as well.
    fn run_batches<'a>(&'a self, mut queue: MutexGuard<'a, Queue>) -> MutexGuard<'a, Queue> {
        let mut begun = Vec::new();
        while let Some(batch) = self.take_batch(&mut queue) {
            drop(queue);
            let items = batch.iter().map(|job| job.key.bytes.clone()).collect();
            self.batches.fetch_add(1, Ordering::Relaxed);
            let plan = batch[0].plan.clone();
            // Backends are caught where they are called; this is for a defect of the plan itself, which must
            // not leave tickets open for ever.
            let run = caught_result(|| Run::start(plan, &self.members, items));
            let more = run.as_ref().is_ok_and(Run::is_in_flight)
                && begun.len() + 1 < MAX_BEGUN
                && self.members.iter().any(|m| m.is_device() && !m.is_full());
            begun.push((batch, run));
            queue = lock(&self.queue);
            if !more {
                break;
            }
        }
        drop(queue);
        for (batch, run) in begun {
            let (outcomes, by) = self.finish(&batch, run);
            let mut queue = lock(&self.queue);
            for (job, outcome) in batch.into_iter().zip(outcomes) {
                queue.open.remove(&job.key);
                job.by.get_or_init(|| by.clone());
                *lock(&job.outcome) = Some(outcome);
            }
            self.changed.notify_all();
        }
        lock(&self.queue)
    }

    /// The oldest ticket with all others of its model, as many as make a batch.
    fn take_batch(&self, queue: &mut Queue) -> Option<Vec<Arc<Job>>> {
        let oldest = queue.waiting.front()?;
        let model = oldest.key.model;
        let graph = oldest.plan.graph();
        let item = (graph.input_bytes() + graph.output_bytes()).max(1);
        let most = (self.options.max_waiting_bytes / item).clamp(1, self.options.max_batch);
        let mut batch = Vec::new();
        let mut others = VecDeque::new();
        for job in std::mem::take(&mut queue.waiting) {
            if job.key.model == model && batch.len() < most {
                batch.push(job);
            } else {
                others.push_back(job);
            }
        }
        queue.waiting = others;
        queue.bytes -= batch.iter().map(|job| job.key.bytes.len()).sum::<usize>();
        Some(batch)
    }

    /// Waits for a batch, counts what it took, and keeps its results. One outcome for each ticket, and who did them.
    fn finish(&self, batch: &[Arc<Job>], run: Result<Run<'_>, BackendError>) -> (Vec<Outcome>, DoneBy) {
        let model = batch[0].key.model;
        let (result, by) = match run.and_then(|run| caught_result(|| Ok(run.finish()))) {
            Ok((result, tally)) => (result, self.count(model, tally).into()),
            Err(error) => (Err(error), DoneBy::default()),
        };
        let outputs = match result {
            Ok(outputs) => outputs,
            Err(error) => {
                let why = error.to_string();
                return (vec![Err(DispatchError::Failed { model, why }); batch.len()], by);
            }
        };
        let outcome = |(job, output): (&Arc<Job>, Bytes)| {
            // A copy: what a backend gives may be a small piece of something large.
            let output: Arc<[u8]> = Arc::from(&*output);
            self.memo.insert(job.key.clone(), output.clone());
            Ok(output)
        };
        (batch.iter().zip(outputs).map(outcome).collect(), by)
    }

    /// Counts what a run took, and keeps what went wrong. Gives who did it.
    pub(super) fn count(&self, model: ModelId, tally: Tally) -> Vec<&'static str> {
        for (counter, amount) in [
            (&self.fallbacks, tally.fallbacks),
            (&self.compiled, tally.compiled),
            (&self.to_devices, tally.to_devices),
            (&self.from_devices, tally.from_devices),
        ] {
            counter.fetch_add(amount, Ordering::Relaxed);
        }
        let mut errors = lock(&self.errors);
        for (backend, error) in tally.errors {
            if errors.len() == MAX_ERRORS {
                errors.pop_front();
            }
            errors.push_back(format!("{backend}: model {model}: {error}"));
        }
        tally.by
    }
}
