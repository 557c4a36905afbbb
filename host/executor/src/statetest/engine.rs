//! State tests through the block engine.

use super::{Executed, Job, MetisExecutor, StateTestExecutor, envelope::sealed};
use crate::{BlockEngine, EngineOptions, Error, Threads};
use metisvm_jit::Jit;
use metisvm_vm::MetisEvmFactory;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The block engine, with one transaction at a time and nothing around it: no system calls, rewards or
/// withdrawals.
#[derive(Debug)]
pub struct EngineExecutor {
    name: &'static str,
    engine: BlockEngine,
    jit: Option<Arc<Jit>>,
    speculated: AtomicU64,
    in_turn: AtomicU64,
    transfers: AtomicU64,
    in_sequence: AtomicU64,
    refused: AtomicU64,
    elsewhere: AtomicU64,
}

/// By which way of the engine transactions went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EngineTally {
    /// Executed speculatively and committed so.
    pub speculated: u64,
    /// Executed when their turn came.
    pub in_turn: u64,
    /// Transfers of ether that needed no EVM.
    pub transfers: u64,
    /// Executed in the sequential mode.
    pub in_sequence: u64,
    /// Refused by the engine.
    pub refused: u64,
    /// Not through the engine but through [`MetisExecutor`]: no signed transaction can say what the test
    /// wants.
    pub elsewhere: u64,
}

impl EngineExecutor {
    /// The engine in its sequential mode.
    ///
    /// # Errors
    /// None, in fact: no threads are started.
    pub fn sequential() -> Result<Self, Error> {
        Self::new("engine, sequential", Threads::new(1)?)
    }

    /// The engine in its parallel mode, which speculates on every transaction. With one transaction to do,
    /// one worker executes it on its view of the state and commits it.
    ///
    /// # Errors
    /// Where no threads can be started.
    pub fn speculative() -> Result<Self, Error> {
        Self::new("engine, speculative", Threads::new(2)?)
    }

    fn new(name: &'static str, threads: Threads) -> Result<Self, Error> {
        let options = EngineOptions {
            adaptive: false,
            ..EngineOptions::default()
        };
        Ok(Self {
            name,
            engine: BlockEngine::with_options(threads, options),
            jit: None,
            speculated: AtomicU64::new(0),
            in_turn: AtomicU64::new(0),
            transfers: AtomicU64::new(0),
            in_sequence: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            elsewhere: AtomicU64::new(0),
        })
    }

    /// The same with native code.
    #[must_use]
    pub fn with_jit(self, jit: Arc<Jit>) -> Self {
        Self {
            jit: Some(jit),
            ..self
        }
    }

    /// By which way the transactions went so far.
    pub fn tally(&self) -> EngineTally {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        EngineTally {
            speculated: of(&self.speculated),
            in_turn: of(&self.in_turn),
            transfers: of(&self.transfers),
            in_sequence: of(&self.in_sequence),
            refused: of(&self.refused),
            elsewhere: of(&self.elsewhere),
        }
    }
}

impl StateTestExecutor for EngineExecutor {
    fn name(&self) -> &'static str {
        self.name
    }

    fn transact(&self, job: &Job<'_>) -> Result<Executed, String> {
        let Some(transaction) = sealed(job.transaction) else {
            self.elsewhere.fetch_add(1, Ordering::Relaxed);
            return MetisExecutor.transact(job);
        };
        let factory = MetisEvmFactory::new(job.spec.clone(), None).with_jit(self.jit.clone());
        let executed = self.engine.execute_alone(
            &factory,
            job.env.clone(),
            std::slice::from_ref(&transaction),
            job.pre_state,
        );
        let (results, changes, report) = executed.map_err(|error| {
            self.refused.fetch_add(1, Ordering::Relaxed);
            match error {
                // The words that revm puts before it.
                Error::InvalidTransaction { problem, .. } => {
                    format!("transaction validation error: {problem}")
                }
                Error::NodeFault { problem, .. } => problem,
                other => other.to_string(),
            }
        })?;
        for (count, more) in [
            (&self.speculated, report.speculated),
            (&self.in_turn, report.in_turn),
            (&self.transfers, report.transfers),
            (&self.in_sequence, report.sequential),
        ] {
            count.fetch_add(more, Ordering::Relaxed);
        }
        let result = results
            .into_iter()
            .next()
            .ok_or("the engine gave no result for its transaction")?;
        let mut state = job.pre_state.clone();
        state.apply(&changes);
        Ok(Executed { result, state })
    }
}
