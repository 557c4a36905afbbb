//! What a block does besides its transactions, by alloy-evm's own executor: system calls before them
//! (EIP-2935, EIP-4788), and requests (EIP-6110, 7002, 7251), withdrawals, rewards and the DAO fork after.

use super::block_state::BlockState;
use crate::{BlockInput, Error, execute::block_error};
use alloy_consensus::ReceiptEnvelope;
use alloy_eips::eip7685::Requests;
use alloy_evm::{
    EvmFactory,
    block::BlockExecutor,
    eth::{EthBlockExecutionCtx, EthBlockExecutor, receipt_builder::AlloyReceiptBuilder},
};
use alloy_hardforks::EthereumHardforks;
use metisvm_state::StateError;
use metisvm_vm::MetisEvmFactory;
use revm::DatabaseRef;
use std::borrow::Cow;

fn context<'a>(block: &BlockInput<'a>) -> EthBlockExecutionCtx<'a> {
    let header = block.header;
    EthBlockExecutionCtx {
        parent_hash: header.parent_hash,
        parent_beacon_block_root: header.parent_beacon_block_root,
        ommers: block.ommers,
        withdrawals: block.withdrawals.map(Cow::Borrowed),
        extra_data: header.extra_data.clone(),
        tx_count_hint: None,
        slot_number: header.slot_number,
    }
}

/// The system calls before the first transaction.
pub(super) fn before_transactions<S: DatabaseRef<Error = StateError>>(
    factory: &MetisEvmFactory,
    block: &BlockInput<'_>,
    state: &mut BlockState<'_, S>,
) -> Result<(), Error> {
    let spec = factory.spec().as_ref();
    if !spec.is_cancun_active_at_timestamp(block.header.timestamp) {
        // The first of them came with Cancun.
        return Ok(());
    }
    let evm = factory.create_evm(state, spec.evm_env(block.header));
    let mut executor = EthBlockExecutor::new(evm, context(block), spec, AlloyReceiptBuilder::default());
    executor.apply_pre_execution_changes().map_err(block_error)
}

/// What follows the last transaction. Gives the receipts back, with the requests.
pub(super) fn after_transactions<S: DatabaseRef<Error = StateError>>(
    factory: &MetisEvmFactory,
    block: &BlockInput<'_>,
    state: &mut BlockState<'_, S>,
    receipts: Vec<ReceiptEnvelope>,
) -> Result<(Vec<ReceiptEnvelope>, Requests), Error> {
    let spec = factory.spec().as_ref();
    state.next_step();
    let evm = factory.create_evm(state, spec.evm_env(block.header));
    let mut executor = EthBlockExecutor::new(evm, context(block), spec, AlloyReceiptBuilder::default());
    executor.receipts = receipts;
    let (_, result) = executor.finish().map_err(block_error)?;
    Ok((result.receipts, result.requests))
}
