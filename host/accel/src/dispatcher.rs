//! The dispatcher: models by name, work by ticket, results from a memo or from the first backend that
//! gives them.
//!
//! `submit` answers at once: with the output if the memo has it, else with a ticket. Calls with the
//! same model and input share one ticket; calls with the same model that wait at the same time go to a
//! backend as one batch. A thread of the dispatcher's own works tickets off, and whoever waits for one
//! helps, so that a single caller never pays for a change of threads. None of this can reach a result:
//! a batch is a list of independent items, and every engine gives the same bits.
//!
//! Texts are generated on the thread that asks for them: each of their steps needs the one before.

mod generation;
mod work;

use crate::backend::{Backend, DeviceReport};
use crate::calibration::CostCache;
use crate::counters::Counters;
use crate::member::Member;
use crate::memo::{Key, Memo};
use crate::plan::{Forecast, Plan};
use crate::prices::{Policy, Prices};
use crate::reference::ReferenceBackend;
use generation::{Generative, Text};
use metisvm_model::generation::{GenerationFacts, RequestError};
use metisvm_model::{Bundle, Graph, ModelId, OperatorSet, Work};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::thread::JoinHandle;

/// Bounds of a dispatcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bytes of inputs and outputs that the memo keeps; with 0 there is none.
    pub memo_bytes: u64,
    /// The most items of one batch, at least 1.
    pub max_batch: usize,
    /// The most tickets that may wait; a caller beyond that works some off first.
    pub max_waiting: usize,
    /// The most bytes of inputs that may wait, and of inputs and outputs that one batch may have; one
    /// inference may always be asked for and run, however large.
    pub max_waiting_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            memo_bytes: 64 << 20,
            max_batch: 64,
            max_waiting: 4096,
            max_waiting_bytes: 256 << 20,
        }
    }
}

/// Why an inference gave nothing. None of these is the caller's input: see [`Dispatcher::facts`] for
/// what an input must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DispatchError {
    /// No bundle of that name was added.
    #[error("model {0} is not on this machine: import it or copy its bundle into the models folder")]
    UnknownModel(ModelId),
    /// The input has the wrong length.
    #[error("model {model} takes {expected} bytes, not {actual}")]
    WrongInputLength {
        /// Which model.
        model: ModelId,
        /// Bytes it takes.
        expected: usize,
        /// Bytes given.
        actual: usize,
    },
    /// The model generates nothing: its bundle has one graph.
    #[error("model {0} does not generate: it answers inferences only")]
    NotGenerative(ModelId),
    /// The model cannot do what a request asks for.
    #[error("model {model}: {error}")]
    Request {
        /// Which model.
        model: ModelId,
        /// What is wrong with the request.
        error: RequestError,
    },
    /// Every backend failed.
    #[error("model {model}: {why}")]
    Failed {
        /// Which model.
        model: ModelId,
        /// What the last of them said.
        why: String,
    },
}

/// The backends that did a part of an inference, each once; none where its result was known already.
pub type DoneBy = Arc<[&'static str]>;

type Outcome = Result<Arc<[u8]>, DispatchError>;

/// An answer to `submit`.
#[derive(Debug)]
pub enum Submitted {
    /// The output.
    Ready(Arc<[u8]>),
    /// Work that is waiting or under way.
    Pending(Ticket),
}

/// A claim on a result.
#[derive(Clone, Debug)]
pub struct Ticket(Arc<Job>);

impl Ticket {
    /// The result, if it is there.
    pub fn poll(&self) -> Option<Outcome> {
        lock(&self.0.outcome).clone()
    }

    /// Who did it, as soon as the result is there.
    pub fn done_by(&self) -> DoneBy {
        self.0.by.get().cloned().unwrap_or_default()
    }
}

#[derive(Debug)]
struct Job {
    key: Key,
    plan: Arc<Plan>,
    /// Set before the outcome.
    by: OnceLock<DoneBy>,
    outcome: Mutex<Option<Outcome>>,
}

/// Facts of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Bytes of its inputs together.
    pub input_bytes: usize,
    /// Bytes of its outputs together.
    pub output_bytes: usize,
    /// The operators that it uses.
    pub operators: OperatorSet,
    /// What one inference costs.
    pub work: Work,
    /// What it has besides if it generates texts; the facts above are then those of its decode graph.
    pub generation: Option<GenerationFacts>,
}

/// A model as it was added: the plan of its graph, which is the decode graph of one that generates.
#[derive(Clone, Debug)]
struct Model {
    plan: Arc<Plan>,
    generative: Option<Generative>,
}

#[derive(Debug)]
struct Shared {
    members: Vec<Member>,
    prices: Arc<Prices>,
    options: Options,
    models: RwLock<HashMap<ModelId, Model>>,
    memo: Memo,
    queue: Mutex<Queue>,
    /// Texts that are being generated.
    texts: Mutex<HashMap<Key, Arc<Text>>>,
    /// Told when a ticket waits, and when one is done.
    changed: Condvar,
    requests: AtomicU64,
    memo_hits: AtomicU64,
    joined: AtomicU64,
    batches: AtomicU64,
    fallbacks: AtomicU64,
    compiled: AtomicU64,
    to_devices: AtomicU64,
    from_devices: AtomicU64,
    errors: Mutex<VecDeque<String>>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Arc<Job>>,
    /// Bytes of the inputs that wait.
    bytes: usize,
    /// Tickets that are waiting or under way.
    open: HashMap<Key, Arc<Job>>,
    closed: bool,
}

/// The most batches that one thread has under way at once, whatever devices would take: whoever waits for the
/// first waits for no more than these.
const MAX_BEGUN: usize = 8;

/// The most messages kept for [`Dispatcher::take_errors`].
const MAX_ERRORS: usize = 64;

/// Runs inferences on an ordered list of backends.
#[derive(Debug)]
pub struct Dispatcher {
    shared: Arc<Shared>,
    worker: Option<JoinHandle<()>>,
}

impl Dispatcher {
    /// A dispatcher over these backends, in this order. The reference is added at the end unless the last
    /// is one ([`Backend::is_last_resort`]), so that no failing device can stop a block.
    ///
    /// One serves a process for as long as it lives: its memo, the models compiled for it and the weights on
    /// its devices are worth as much to the next block as to this one.
    pub fn new(backends: Vec<Arc<dyn Backend>>, options: Options) -> Self {
        Self::with_policy(backends, options, Policy::Order, None)
    }

    /// The same with a policy. Where it needs to know what work costs, each backend is asked for its costs, or
    /// measured with the first model that is added, or not at all if the cache has them.
    pub fn with_policy(
        mut backends: Vec<Arc<dyn Backend>>,
        options: Options,
        policy: Policy,
        cache: Option<CostCache>,
    ) -> Self {
        if backends.last().is_none_or(|last| !last.is_last_resort()) {
            backends.push(Arc::new(ReferenceBackend));
        }
        let shared = Arc::new(Shared {
            members: backends.into_iter().map(Member::new).collect(),
            prices: Arc::new(Prices::new(policy, cache)),
            options: Options {
                max_batch: options.max_batch.max(1),
                max_waiting: options.max_waiting.max(1),
                ..options
            },
            models: RwLock::default(),
            memo: Memo::new(options.memo_bytes),
            queue: Mutex::default(),
            texts: Mutex::default(),
            changed: Condvar::new(),
            requests: AtomicU64::new(0),
            memo_hits: AtomicU64::new(0),
            joined: AtomicU64::new(0),
            batches: AtomicU64::new(0),
            fallbacks: AtomicU64::new(0),
            compiled: AtomicU64::new(0),
            to_devices: AtomicU64::new(0),
            from_devices: AtomicU64::new(0),
            errors: Mutex::default(),
        });
        let own = shared.clone();
        // Without the thread, whoever waits does the work: a machine out of threads loses speed only.
        let worker = std::thread::Builder::new()
            .name("dispatcher".into())
            .spawn(move || own.work())
            .ok();
        Self { shared, worker }
    }

    /// Adds a model. One that is there already stays as it is, with all that was compiled of it.
    pub fn add(&self, bundle: Bundle) -> ModelId {
        if self.shared.model(bundle.id).is_none() {
            let plan =
                |graph: &Arc<Graph>| Arc::new(Plan::new(graph, &self.shared.members, &self.shared.prices));
            let model = Model {
                plan: plan(&Arc::new(bundle.graph)),
                generative: bundle.generation.map(|generation| Generative {
                    prefill: plan(generation.prefill()),
                    generation,
                }),
            };
            let models = &self.shared.models;
            let mut models = models.write().unwrap_or_else(PoisonError::into_inner);
            models.entry(bundle.id).or_insert(model);
        }
        bundle.id
    }

    /// Forgets a model; work on it that was asked for before is still done.
    pub fn remove(&self, model: ModelId) {
        self.shared
            .models
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&model);
    }

    /// Facts of a model, if it was added.
    pub fn facts(&self, model: ModelId) -> Option<Facts> {
        let Model { plan, generative } = self.shared.model(model)?;
        let graph: &Graph = plan.graph();
        Some(Facts {
            input_bytes: graph.input_bytes(),
            output_bytes: graph.output_bytes(),
            operators: graph.operators(),
            work: graph.work(),
            generation: generative.map(|generative| generative.generation.facts(graph)),
        })
    }

    /// Asks for an inference.
    ///
    /// # Errors
    /// If the model is not here or the input's length is wrong.
    pub fn submit(&self, model: ModelId, input: &[u8]) -> Result<Submitted, DispatchError> {
        let submitted = self.shared.submit(model, input)?;
        self.shared.changed.notify_all();
        Ok(submitted)
    }

    /// Waits for a ticket, and helps until it is done.
    ///
    /// # Errors
    /// If no backend could run it.
    pub fn wait(&self, ticket: &Ticket) -> Outcome {
        self.shared.wait(&ticket.0)
    }

    /// Runs one inference.
    ///
    /// # Errors
    /// As [`Self::submit`] and [`Self::wait`].
    pub fn infer(&self, model: ModelId, input: &[u8]) -> Outcome {
        self.infer_by(model, input).map(|(output, _)| output)
    }

    /// Runs one inference, and says who did it.
    ///
    /// # Errors
    /// As [`Self::infer`].
    pub fn infer_by(&self, model: ModelId, input: &[u8]) -> Result<(Arc<[u8]>, DoneBy), DispatchError> {
        match self.shared.submit(model, input)? {
            Submitted::Ready(output) => Ok((output, DoneBy::default())),
            Submitted::Pending(ticket) => {
                let output = self.shared.wait(&ticket.0)?;
                Ok((output, ticket.done_by()))
            }
        }
    }

    /// What has been done so far, by all that ever asked. A block's share is a difference, see
    /// [`Counters::since`].
    pub fn counters(&self) -> Counters {
        let s = &self.shared;
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            requests: load(&s.requests),
            memo_hits: load(&s.memo_hits),
            joined: load(&s.joined),
            batches: load(&s.batches),
            fallbacks: load(&s.fallbacks),
            compiled: load(&s.compiled),
            to_devices: load(&s.to_devices),
            from_devices: load(&s.from_devices),
            devices: s
                .members
                .iter()
                .fold(DeviceReport::default(), |sum, m| sum.plus(m.backend.report())),
        }
    }

    /// How a model that was added is divided for batches of so many items under a policy, and how long that is
    /// expected to take. Costs that are not known are measured for it.
    pub fn forecast(&self, model: ModelId, items: usize, policy: Policy) -> Option<Forecast> {
        let plan = self.shared.model(model)?.plan;
        Some(plan.forecast(&self.shared.members, items, policy))
    }

    /// What was measured since the last call, a line for each backend.
    pub fn take_notes(&self) -> Vec<String> {
        self.shared.prices.take_notes()
    }

    /// Names of the backends, in order.
    pub fn backends(&self) -> Vec<&'static str> {
        self.shared.members.iter().map(Member::name).collect()
    }

    /// Whether any of them is a device, which gains from batches.
    pub fn has_device(&self) -> bool {
        self.shared.members.iter().any(Member::is_device)
    }

    /// What went wrong on devices since the last call, oldest first; the oldest are dropped when there
    /// are many.
    pub fn take_errors(&self) -> Vec<String> {
        lock(&self.shared.errors).drain(..).collect()
    }
}

impl Drop for Dispatcher {
    fn drop(&mut self) {
        lock(&self.shared.queue).closed = true;
        self.shared.changed.notify_all();
        if let Some(worker) = self.worker.take() {
            // The worker catches panics of backends; one of its own would have been reported.
            let _ = worker.join();
        }
    }
}

/// Nothing under these locks is left half-changed by a panic, so a poisoned one is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
