//! What is compared: an engine executes a settled block, and so does the oracle, the sequential execution.

use alloy_consensus::{TxEnvelope, transaction::Recovered};
use metisvm_executor::{BlockInput, BlockOutcome, Error, execute_block};
use metisvm_state::MemoryState;
use metisvm_vm::MetisEvmFactory;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::plan::Plan;

/// What an execution gives: the outcome of the block and the state after it.
pub type Executed = Result<(BlockOutcome, MemoryState), Error>;

/// The thing under test. Closures and functions of this signature are engines.
pub trait Engine {
    /// Executes a block over the state before it.
    fn execute(&self, factory: &MetisEvmFactory, block: BlockInput<'_>, state: &MemoryState) -> Executed;
}

impl<F> Engine for F
where
    F: Fn(&MetisEvmFactory, BlockInput<'_>, &MemoryState) -> Executed,
{
    fn execute(&self, factory: &MetisEvmFactory, block: BlockInput<'_>, state: &MemoryState) -> Executed {
        self(factory, block, state)
    }
}

/// The oracle: alloy-evm's executor over the state in memory, one transaction after the other.
pub fn sequential(factory: &MetisEvmFactory, block: BlockInput<'_>, state: &MemoryState) -> Executed {
    let mut state = state.clone();
    let outcome = execute_block(factory, block, &mut state)?;
    Ok((outcome, state))
}

/// A plan whose nonces and gas limits are known.
#[derive(Debug, Clone)]
pub struct Case {
    /// The plan, without the transactions that were not valid.
    pub plan: Plan,
    /// The transactions, one for each in the plan.
    pub transactions: Vec<Recovered<TxEnvelope>>,
    /// The state before the block.
    pub state: MemoryState,
    /// The chain, with an engine for the models where it has inference.
    pub factory: MetisEvmFactory,
}

impl Case {
    /// The block.
    pub fn block(&self) -> BlockInput<'_> {
        let withdrawals = self.plan.header.withdrawals_root.is_some();
        BlockInput {
            header: &self.plan.header,
            transactions: &self.transactions,
            withdrawals: withdrawals.then_some(self.plan.withdrawals.as_slice()),
            ommers: &self.plan.ommers,
            access_list: None,
        }
    }

    /// What the oracle gives.
    pub fn oracle(&self) -> Executed {
        sequential(&self.factory, self.block(), &self.state)
    }

    /// Where an engine differs from the oracle, in words; a panic of the engine is a difference, too.
    pub fn difference(&self, engine: &dyn Engine) -> Option<String> {
        let expected = self.oracle();
        self.difference_to(&expected, engine)
    }

    /// The same, with what the oracle gives at hand.
    pub fn difference_to(&self, expected: &Executed, engine: &dyn Engine) -> Option<String> {
        let run = || engine.execute(&self.factory, self.block(), &self.state);
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(actual) => super::compare::difference(expected, &actual),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
                Some(format!("the engine panicked: {}", text.unwrap_or("no text")))
            }
        }
    }
}
