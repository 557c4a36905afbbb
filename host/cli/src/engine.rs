//! The dispatcher as the EVM sees it.

use alloy_primitives::{B256, Bytes};
use metisvm_accel::Dispatcher;
use metisvm_model::ModelId;
use metisvm_vm::{EngineError, InferenceEngine, ModelFacts};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Answers the inference precompile from a dispatcher, and counts the time that takes.
#[derive(Debug)]
pub struct DispatcherEngine {
    dispatcher: Arc<Dispatcher>,
    nanoseconds: AtomicU64,
}

impl DispatcherEngine {
    /// An engine over a dispatcher.
    pub fn new(dispatcher: Arc<Dispatcher>) -> Self {
        Self {
            dispatcher,
            nanoseconds: AtomicU64::new(0),
        }
    }

    /// The dispatcher.
    pub fn dispatcher(&self) -> &Dispatcher {
        &self.dispatcher
    }

    /// Time that the EVM has waited for inferences.
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
            work: facts.work,
        })
    }

    fn infer(&self, id: B256, input: &[u8]) -> Result<Bytes, EngineError> {
        let started = Instant::now();
        let outcome = self.dispatcher.infer(ModelId(id.0), input);
        let waited = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(waited, Ordering::Relaxed);
        outcome
            .map(|output| Bytes::copy_from_slice(&output))
            .map_err(|e| EngineError(e.to_string()))
    }
}
