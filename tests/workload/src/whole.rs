//! Building a block that has every transaction of a workload in it.

use crate::WorkloadError;
use alloy_consensus::{Header, TxEnvelope};
use alloy_eips::eip4895::Withdrawals;
use metisvm_executor::{BlockEngine, BuiltBlock, build_block};
use metisvm_state::MemoryState;
use metisvm_vm::MetisEvmFactory;

/// [`build_block`], where a transaction that is left out is an error: workloads are made to be included.
pub(crate) fn build_whole(
    factory: &MetisEvmFactory,
    pre_state: MemoryState,
    template: Header,
    transactions: Vec<TxEnvelope>,
    withdrawals: Withdrawals,
    engine: &BlockEngine,
) -> Result<BuiltBlock, WorkloadError> {
    let built = build_block(factory, pre_state, template, transactions, withdrawals, engine)?;
    match built.skipped.first() {
        None => Ok(built),
        Some(skipped) => Err(WorkloadError::Skipped {
            index: skipped.index,
            problem: skipped.problem.clone(),
        }),
    }
}
