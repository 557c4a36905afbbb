//! The block engine: executes a block over the state before it, on several threads where that gains, and
//! always with the result of sequential execution.

mod block_state;
mod parallel;
mod progress;
mod sequential;
mod system;
mod transfer;

use crate::{BlockInput, BlockOutcome, Error, Threads};
use alloy_consensus::{TxEnvelope, transaction::Recovered};
use alloy_evm::EvmEnv;
use block_state::BlockState;
use metisvm_state::{StateChanges, StateError};
use metisvm_vm::MetisEvmFactory;
use parallel::Tally;
use progress::{Invalid, Progress};
use revm::{DatabaseRef, primitives::hardfork::SpecId};
use std::time::Instant;

/// What holds for every transaction of a block.
struct Environment<'a> {
    factory: &'a MetisEvmFactory,
    evm_env: EvmEnv,
    spec_id: SpecId,
    transactions: &'a [Recovered<TxEnvelope>],
}

/// What the execution of a block gave.
#[derive(Debug, Clone)]
pub struct Executed {
    /// Receipts, gas and the end of every transaction.
    pub outcome: BlockOutcome,
    /// What the block changed in the state.
    pub changes: StateChanges,
    /// Speculations that were thrown away.
    pub aborts: u64,
    /// Transactions that were executed when their turn came.
    pub in_turn: u64,
}

/// Executes blocks.
#[derive(Debug)]
pub struct BlockEngine {
    threads: Threads,
}

impl BlockEngine {
    /// An engine with its threads.
    pub fn new(threads: Threads) -> Self {
        Self { threads }
    }

    /// Executes a block over the state before it.
    pub fn execute<S>(
        &self,
        factory: &MetisEvmFactory,
        block: BlockInput<'_>,
        base: &S,
    ) -> Result<Executed, Error>
    where
        S: DatabaseRef<Error = StateError> + Sync,
    {
        crate::execute::check_ommers(&block)?;
        let started = Instant::now();
        let evm_env = factory.spec().evm_env(block.header);
        let environment = Environment {
            factory,
            spec_id: evm_env.cfg_env.spec,
            evm_env,
            transactions: block.transactions,
        };
        let mut state = BlockState::new(base);
        system::before_transactions(factory, &block, &mut state)?;
        let mut progress = Progress::new(&environment);
        let tally = match self.threads.pool() {
            Some(pool) => parallel::execute(&environment, pool, &mut state, &mut progress)?,
            None => {
                sequential::execute(&environment, &mut state, &mut progress)?;
                Tally::default()
            }
        };
        let (receipts, requests) = system::after_transactions(
            factory,
            &block,
            &mut state,
            core::mem::take(&mut progress.receipts),
        )?;
        let outcome = BlockOutcome {
            receipts,
            transactions: progress.transactions,
            requests,
            gas_used: progress.gas_used,
            blob_gas_used: progress.blob_gas_used,
            execute_time: started.elapsed(),
        };
        Ok(Executed {
            outcome,
            changes: state.into_changes(),
            aborts: tally.aborts,
            in_turn: tally.in_turn,
        })
    }
}
