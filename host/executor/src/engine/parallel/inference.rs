//! The inference engines of the block engine's EVMs: one for speculation, which never waits, and one for a
//! transaction whose turn has come, which does. Both stand for the node's own engine and ask it by way of the
//! [suspensions](super::suspension).

use super::suspension::{Question, Suspensions, Ticket, lock};
use alloy_primitives::{B256, Bytes};
use metisvm_vm::{EngineError, InferenceEngine, MetisEvmFactory, ModelFacts, Request, Submitted};
use std::sync::{Arc, Mutex};

/// The engine of a worker's speculating EVM.
pub(super) struct SpeculativeEngine {
    suspensions: Arc<Suspensions>,
    run: Mutex<Run>,
}

/// The run that is going on.
#[derive(Default)]
struct Run {
    transaction: usize,
    /// Why it ended, if it was for want of an output.
    ticket: Option<Ticket>,
}

impl SpeculativeEngine {
    /// One for a worker.
    pub(super) fn new(suspensions: Arc<Suspensions>) -> Arc<Self> {
        Arc::new(Self {
            suspensions,
            run: Mutex::default(),
        })
    }

    /// The chain with this engine, if there is any to stand for.
    pub(super) fn factory(self: &Arc<Self>, factory: &MetisEvmFactory) -> MetisEvmFactory {
        match factory.engine() {
            Some(_) => factory.with_engine(self.clone()),
            None => factory.clone(),
        }
    }

    /// A run of this transaction begins.
    pub(super) fn begin(&self, transaction: usize) {
        let ticket = None;
        *lock(&self.run) = Run { transaction, ticket };
    }

    /// The run is over. Gives the ticket where it ended for want of an output.
    pub(super) fn end(&self) -> Option<Ticket> {
        lock(&self.run).ticket.take()
    }
}

impl SpeculativeEngine {
    fn ask(&self, id: B256, question: Question<'_>) -> Result<Bytes, EngineError> {
        let transaction = lock(&self.run).transaction;
        match self.suspensions.ask(transaction, id, question)? {
            Some(Submitted::Ready(output)) => Ok(output),
            Some(Submitted::Pending(ticket)) if ticket.is_ready() => ticket.wait(),
            Some(Submitted::Pending(ticket)) => {
                lock(&self.run).ticket = Some(ticket);
                Err(EngineError("the output is not there yet".into()))
            }
            None => Err(EngineError("it is left for the transaction's turn".into())),
        }
    }
}

impl InferenceEngine for SpeculativeEngine {
    fn model(&self, id: B256) -> Option<ModelFacts> {
        self.suspensions.engine()?.model(id)
    }

    /// Never waits: an error ends the run, and whether it is for want of an output [`Self::end`] tells.
    fn infer(&self, id: B256, input: &[u8]) -> Result<Bytes, EngineError> {
        self.ask(id, Question::Inference(input))
    }

    /// Generates here and now: the steps of a text follow from each other, so there is nothing to hand over.
    fn generate(&self, id: B256, request: &Request) -> Result<Bytes, EngineError> {
        self.ask(id, Question::Text(request, &request.to_bytes()))
    }
}

/// The engine of the EVM that executes a transaction in its turn.
pub(super) struct TurnEngine(Arc<Suspensions>);

impl TurnEngine {
    /// The chain with such an engine, if there is any to stand for.
    pub(super) fn factory(suspensions: &Arc<Suspensions>, factory: &MetisEvmFactory) -> MetisEvmFactory {
        match factory.engine() {
            Some(_) => factory.with_engine(Arc::new(Self(suspensions.clone()))),
            None => factory.clone(),
        }
    }
}

impl TurnEngine {
    /// What the transaction whose turn it is found in a speculation, if it did.
    fn held(&self, id: B256, question: Question<'_>) -> Option<Bytes> {
        match self.0.held(self.0.head(), id, question)? {
            Submitted::Ready(output) => Some(output),
            Submitted::Pending(ticket) => ticket.wait().ok(),
        }
    }

    fn engine(&self) -> Result<&dyn InferenceEngine, EngineError> {
        let none = || EngineError("no inference engine is attached".into());
        self.0.engine().ok_or_else(none)
    }
}

impl InferenceEngine for TurnEngine {
    fn model(&self, id: B256) -> Option<ModelFacts> {
        self.0.engine()?.model(id)
    }

    /// Waits. What failed for a speculation is tried once more, so that a node fault is always one of the
    /// transaction's own turn.
    fn infer(&self, id: B256, input: &[u8]) -> Result<Bytes, EngineError> {
        match self.held(id, Question::Inference(input)) {
            Some(output) => Ok(output),
            None => self.engine()?.infer(id, input),
        }
    }

    fn generate(&self, id: B256, request: &Request) -> Result<Bytes, EngineError> {
        match self.held(id, Question::Text(request, &request.to_bytes())) {
            Some(text) => Ok(text),
            None => self.engine()?.generate(id, request),
        }
    }
}
