//! An engine whose outputs come by ticket, when the test wants it.

use alloy_primitives::{B256, Bytes, keccak256};
use metisvm_vm::{EngineError, InferenceEngine, InferenceTicket, ModelFacts, OperatorSet, Submitted, Work};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::inference::answer;

/// When an output is there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Readiness {
    /// No tickets: the calling thread does the work.
    AtOnce,
    /// So long after it was asked for.
    After(Duration),
    /// After up to so long, one after the other in no order.
    OutOfOrder(Duration),
    /// When somebody waits for it.
    OnlyWaitedFor,
    /// One of these, by the input.
    Mixed(Duration),
}

/// The engine. Remembers nothing but what was asked.
#[derive(Default)]
pub(crate) struct Tickets {
    readiness: Option<Readiness>,
    failing: BTreeSet<B256>,
    submitted: Mutex<Vec<B256>>,
    inferred: AtomicUsize,
    at_first_wait: Arc<OnceLock<usize>>,
    count: Arc<AtomicUsize>,
}

impl Tickets {
    pub(crate) fn new(readiness: Readiness) -> Self {
        Self {
            readiness: Some(readiness),
            ..Self::default()
        }
    }

    /// With these inputs it fails.
    pub(crate) fn failing<const N: usize>(mut self, inputs: [B256; N]) -> Self {
        self.failing.extend(inputs);
        self
    }

    /// The inputs of all that was submitted.
    pub(crate) fn submitted(&self) -> Vec<B256> {
        self.submitted.lock().unwrap().clone()
    }

    /// How many inferences a thread waited for without a ticket.
    pub(crate) fn inferred(&self) -> usize {
        self.inferred.load(Ordering::SeqCst)
    }

    /// How many had been submitted when a thread waited for the first time.
    pub(crate) fn asked_at_first_wait(&self) -> Option<usize> {
        self.at_first_wait.get().copied()
    }

    fn outcome(&self, input: &[u8]) -> Result<Bytes, EngineError> {
        let input = B256::from_slice(input);
        if self.failing.contains(&input) {
            return Err(EngineError("the device is gone".into()));
        }
        Ok(answer(&input).0.into())
    }
}

impl InferenceEngine for Tickets {
    fn model(&self, _: B256) -> Option<ModelFacts> {
        Some(ModelFacts {
            input_bytes: 32,
            output_bytes: 32,
            operators: OperatorSet::EMPTY,
            work: Work::default(),
            generation: None,
        })
    }

    fn infer(&self, _: B256, input: &[u8]) -> Result<Bytes, EngineError> {
        self.inferred.fetch_add(1, Ordering::SeqCst);
        self.outcome(input)
    }

    fn submit(&self, _: B256, input: &[u8]) -> Result<Submitted, EngineError> {
        self.submitted.lock().unwrap().push(B256::from_slice(input));
        self.count.fetch_add(1, Ordering::SeqCst);
        let chance = u64::from_be_bytes(keccak256(input)[..8].try_into().unwrap());
        let part = |most: Duration| Some(most * (chance % 8) as u32 / 7);
        let delay = match self.readiness.unwrap() {
            Readiness::AtOnce => return self.outcome(input).map(Submitted::Ready),
            Readiness::After(delay) => Some(delay),
            Readiness::OutOfOrder(most) => part(most),
            Readiness::OnlyWaitedFor => None,
            Readiness::Mixed(most) => match chance >> 8 & 3 {
                0 => return self.outcome(input).map(Submitted::Ready),
                1 => None,
                _ => part(most),
            },
        };
        Ok(Submitted::Pending(Arc::new(Later {
            ready: delay.map(|delay| Instant::now() + delay),
            waited_for: AtomicBool::new(false),
            outcome: self.outcome(input),
            at_first_wait: self.at_first_wait.clone(),
            count: self.count.clone(),
        })))
    }
}

struct Later {
    ready: Option<Instant>,
    waited_for: AtomicBool,
    outcome: Result<Bytes, EngineError>,
    at_first_wait: Arc<OnceLock<usize>>,
    count: Arc<AtomicUsize>,
}

impl InferenceTicket for Later {
    fn is_ready(&self) -> bool {
        self.waited_for.load(Ordering::SeqCst) || self.ready.is_some_and(|ready| ready <= Instant::now())
    }

    fn wait(&self) -> Result<Bytes, EngineError> {
        if !self.is_ready() {
            self.at_first_wait
                .get_or_init(|| self.count.load(Ordering::SeqCst));
        }
        if let Some(ready) = self.ready {
            thread::sleep(ready.saturating_duration_since(Instant::now()));
        }
        self.waited_for.store(true, Ordering::SeqCst);
        self.outcome.clone()
    }
}
