//! The dispatcher as the EVM sees it.

use alloy_primitives::{B256, Bytes};
use metisvm_accel::{DispatchError, Dispatcher, DoneBy, Submitted, Ticket};
use metisvm_model::ModelId;
use metisvm_vm::{EngineError, InferenceEngine, InferenceTicket, ModelFacts, Request};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Is told of each inference that a backend did for the EVM.
pub trait Observer: std::fmt::Debug + Send + Sync {
    /// An inference was done by these backends, and was waited for so long.
    fn inferred(&self, model: B256, by: &[&'static str], waited: Duration);
}

/// What the waits of one engine come to.
#[derive(Debug, Default)]
struct Tally {
    nanoseconds: AtomicU64,
    observer: Option<Arc<dyn Observer>>,
}

/// Answers the inference precompile from a dispatcher, and counts the time that takes.
///
/// Tickets are given where a device does the work. With the reference alone every thread works for itself:
/// what one thread would gather into a batch, the threads of the block engine do side by side.
#[derive(Debug)]
pub struct DispatcherEngine {
    dispatcher: Arc<Dispatcher>,
    by_ticket: bool,
    tally: Arc<Tally>,
}

impl DispatcherEngine {
    /// An engine over a dispatcher.
    pub fn new(dispatcher: Arc<Dispatcher>) -> Self {
        Self {
            by_ticket: dispatcher.has_device(),
            dispatcher,
            tally: Arc::default(),
        }
    }

    /// The same engine, telling an observer. What the memo has is nobody's work, and not told.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.tally = Arc::new(Tally {
            observer: Some(observer),
            ..Tally::default()
        });
        self
    }

    /// The same engine, giving tickets whatever does the work.
    #[must_use]
    pub fn always_by_ticket(mut self) -> Self {
        self.by_ticket = true;
        self
    }

    /// The dispatcher.
    pub fn dispatcher(&self) -> &Dispatcher {
        &self.dispatcher
    }

    /// Time that threads of the EVM have waited for inferences.
    pub fn waited(&self) -> Duration {
        Duration::from_nanos(self.tally.nanoseconds.load(Ordering::Relaxed))
    }
}

impl InferenceEngine for DispatcherEngine {
    fn model(&self, id: B256) -> Option<ModelFacts> {
        let facts = self.dispatcher.facts(ModelId(id.0))?;
        Some(ModelFacts {
            input_bytes: facts.input_bytes as u64,
            output_bytes: facts.output_bytes as u64,
            operators: facts.operators,
            work: facts.work,
            generation: facts.generation,
        })
    }

    fn infer(&self, id: B256, input: &[u8]) -> Result<Bytes, EngineError> {
        let started = Instant::now();
        let outcome = self.dispatcher.infer_by(ModelId(id.0), input);
        self.tally.close(id, started, outcome)
    }

    fn submit(&self, id: B256, input: &[u8]) -> Result<metisvm_vm::Submitted, EngineError> {
        if !self.by_ticket {
            return self.infer(id, input).map(metisvm_vm::Submitted::Ready);
        }
        let submitted = self.dispatcher.submit(ModelId(id.0), input);
        Ok(match submitted.map_err(fault)? {
            Submitted::Ready(output) => metisvm_vm::Submitted::Ready(Bytes::copy_from_slice(&output)),
            Submitted::Pending(ticket) => metisvm_vm::Submitted::Pending(Arc::new(Claim {
                dispatcher: self.dispatcher.clone(),
                model: id,
                ticket,
                told: AtomicBool::new(false),
                tally: self.tally.clone(),
            })),
        })
    }

    fn generate(&self, id: B256, request: &Request) -> Result<Bytes, EngineError> {
        let started = Instant::now();
        let outcome = self.dispatcher.generate_by(ModelId(id.0), request);
        self.tally.close(id, started, outcome)
    }
}

/// A ticket and whom to ask about it.
struct Claim {
    dispatcher: Arc<Dispatcher>,
    model: B256,
    ticket: Ticket,
    /// It may be waited for several times, and is one inference.
    told: AtomicBool,
    tally: Arc<Tally>,
}

impl InferenceTicket for Claim {
    fn is_ready(&self) -> bool {
        self.ticket.poll().is_some()
    }

    fn wait(&self) -> Result<Bytes, EngineError> {
        let started = Instant::now();
        let outcome = self.dispatcher.wait(&self.ticket).map(|output| {
            let told = self.told.swap(true, Ordering::Relaxed);
            let by = if told {
                DoneBy::default()
            } else {
                self.ticket.done_by()
            };
            (output, by)
        });
        self.tally.close(self.model, started, outcome)
    }
}

impl Tally {
    /// Ends a wait that began then and came to this.
    fn close(
        &self,
        model: B256,
        started: Instant,
        outcome: Result<(Arc<[u8]>, DoneBy), DispatchError>,
    ) -> Result<Bytes, EngineError> {
        let waited = started.elapsed();
        let nanoseconds = u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
        let (output, by) = outcome.map_err(fault)?;
        if let Some(observer) = self.observer.as_ref().filter(|_| !by.is_empty()) {
            observer.inferred(model, &by, waited);
        }
        Ok(Bytes::copy_from_slice(&output))
    }
}

fn fault(error: DispatchError) -> EngineError {
    EngineError(error.to_string())
}
