//! Our block engine, as it is timed. Nothing else in the benchmarks calls it, so what changes in its
//! interface changes here.

use crate::{Failure, slow_state::SlowState};
use alloy_consensus::{TxEnvelope, transaction::Recovered};
use metisvm_executor::{BlockEngine, BlockInput, EngineOptions, Executed, Threads, recover_senders};
use metisvm_state::{CacheView, MemoryState, StateChanges};
use metisvm_vm::{ChainSpec, MetisEvmFactory};

/// An engine that has learnt nothing yet.
#[derive(Debug)]
pub struct Ours(BlockEngine);

impl Ours {
    /// A new one with so many threads; one is its sequential mode.
    pub fn fresh(threads: usize) -> Result<Self, Failure> {
        Ok(Self(BlockEngine::new(Threads::new(threads)?)))
    }

    /// The same that reads nothing ahead of execution.
    pub fn without_reading_ahead(threads: usize) -> Result<Self, Failure> {
        let options = EngineOptions {
            read_ahead: 0,
            ..EngineOptions::default()
        };
        Ok(Self(BlockEngine::with_options(Threads::new(threads)?, options)))
    }

    /// The same without prediction.
    pub fn unforeseeing(threads: usize) -> Result<Self, Failure> {
        let options = EngineOptions {
            prediction: false,
            ..EngineOptions::default()
        };
        Ok(Self(BlockEngine::with_options(Threads::new(threads)?, options)))
    }

    /// Executes a block over the state before it. Compiled once, here: code that a benchmark had of its own
    /// would be cold when the clock starts, whatever the engine has executed before.
    #[inline(never)]
    pub fn execute(
        &self,
        factory: &MetisEvmFactory,
        block: BlockInput<'_>,
        base: &MemoryState,
    ) -> Result<Done, Failure> {
        Ok(Done(self.0.execute(factory, block, base)?))
    }

    /// The same over a state whose reads take time.
    #[inline(never)]
    pub fn execute_slow(
        &self,
        factory: &MetisEvmFactory,
        block: BlockInput<'_>,
        base: &SlowState<'_>,
    ) -> Result<Done, Failure> {
        Ok(Done(self.0.execute(factory, block, base)?))
    }

    /// The same over such a state with the state cache in front.
    #[inline(never)]
    pub fn execute_cached(
        &self,
        factory: &MetisEvmFactory,
        block: BlockInput<'_>,
        base: &CacheView<'_, &SlowState<'_>>,
    ) -> Result<Done, Failure> {
        Ok(Done(self.0.execute(factory, block, base)?))
    }
}

/// What the execution of a block gave.
#[derive(Debug)]
pub struct Done(Executed);

impl Done {
    /// The receipts and the gas.
    pub fn outcome(&self) -> &metisvm_executor::BlockOutcome {
        &self.0.outcome
    }

    /// What the block changed.
    pub fn changes(&self) -> &StateChanges {
        &self.0.changes
    }

    /// How speculation went.
    pub fn tally(&self) -> Tally {
        Tally {
            aborts: self.0.report.aborts,
            in_turn: self.0.report.in_turn,
            foretold: self.0.report.predicted_hits,
        }
    }
}

/// How speculation went.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// Speculations that were thrown away.
    pub aborts: u64,
    /// Transactions that were executed when their turn came.
    pub in_turn: u64,
    /// Reads that found what was foretold, or waited for an expected write.
    pub foretold: u64,
}

impl Tally {
    /// The median of each figure.
    pub fn median(tallies: &[Self]) -> Self {
        let median = |figure: fn(&Self) -> u64| {
            let mut figures: Vec<u64> = tallies.iter().map(figure).collect();
            figures.sort_unstable();
            figures.get(figures.len() / 2).copied().unwrap_or_default()
        };
        Self {
            aborts: median(|tally| tally.aborts),
            in_turn: median(|tally| tally.in_turn),
            foretold: median(|tally| tally.foretold),
        }
    }
}

/// Recovers the senders of a block on threads of their own; on one, it is what a plain loop does.
pub fn recover(
    spec: &ChainSpec,
    number: u64,
    transactions: Vec<TxEnvelope>,
    threads: &Threads,
) -> Result<Vec<Recovered<TxEnvelope>>, Failure> {
    Ok(recover_senders(spec, number, transactions, threads)?)
}
