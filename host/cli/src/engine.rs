//! The dispatcher as the EVM sees it.

use alloy_primitives::{B256, Bytes};
use metisvm_accel::{DispatchError, Dispatcher, Submitted, Ticket};
use metisvm_model::ModelId;
use metisvm_vm::{EngineError, InferenceEngine, InferenceTicket, ModelFacts};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Answers the inference precompile from a dispatcher, and counts the time that takes.
///
/// Tickets are given where a device does the work. With the reference alone every thread works for itself:
/// what one thread would gather into a batch, the threads of the block engine do side by side.
#[derive(Debug)]
pub struct DispatcherEngine {
    dispatcher: Arc<Dispatcher>,
    by_ticket: bool,
    nanoseconds: Arc<AtomicU64>,
}

impl DispatcherEngine {
    /// An engine over a dispatcher.
    pub fn new(dispatcher: Arc<Dispatcher>) -> Self {
        Self {
            by_ticket: dispatcher.has_device(),
            dispatcher,
            nanoseconds: Arc::default(),
        }
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
        Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed))
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
        })
    }

    fn infer(&self, id: B256, input: &[u8]) -> Result<Bytes, EngineError> {
        timed(&self.nanoseconds, || self.dispatcher.infer(ModelId(id.0), input))
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
                ticket,
                nanoseconds: self.nanoseconds.clone(),
            })),
        })
    }
}

/// A ticket and whom to ask about it.
struct Claim {
    dispatcher: Arc<Dispatcher>,
    ticket: Ticket,
    nanoseconds: Arc<AtomicU64>,
}

impl InferenceTicket for Claim {
    fn is_ready(&self) -> bool {
        self.ticket.poll().is_some()
    }

    fn wait(&self) -> Result<Bytes, EngineError> {
        timed(&self.nanoseconds, || self.dispatcher.wait(&self.ticket))
    }
}

fn timed(
    nanoseconds: &AtomicU64,
    wait: impl FnOnce() -> Result<Arc<[u8]>, DispatchError>,
) -> Result<Bytes, EngineError> {
    let started = Instant::now();
    let outcome = wait();
    let waited = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
    nanoseconds.fetch_add(waited, Ordering::Relaxed);
    outcome
        .map(|output| Bytes::copy_from_slice(&output))
        .map_err(fault)
}

fn fault(error: DispatchError) -> EngineError {
    EngineError(error.to_string())
}
