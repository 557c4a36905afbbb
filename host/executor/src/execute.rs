//! The sequential execution of a block: alloy-evm's Ethereum executor over our EVM.

use crate::{BlockOutcome, Error, TransactionOutcome};
use alloy_consensus::{Header, Transaction, TxEnvelope, transaction::Recovered};
use alloy_eips::{eip4895::Withdrawal, eip7928::BlockAccessList};
use alloy_evm::{
    Evm, EvmFactory, FromRecoveredTx, FromTxWithEncoded,
    block::{BlockExecutionError, BlockExecutor, BlockValidationError, StateDB, TxResult},
    eth::{EthBlockExecutionCtx, EthBlockExecutor, receipt_builder::AlloyReceiptBuilder},
};
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use revm::{context_interface::result::HaltReason, primitives::hardfork::SpecId};
use std::{borrow::Cow, time::Instant};

/// A block whose senders are known. Of the header only what the execution needs is looked at; roots, gas
/// used and bloom are not.
#[derive(Debug, Clone, Copy)]
pub struct BlockInput<'a> {
    /// The header.
    pub header: &'a Header,
    /// The transactions, each with who signed it.
    pub transactions: &'a [Recovered<TxEnvelope>],
    /// The withdrawals, from Shanghai on.
    pub withdrawals: Option<&'a [Withdrawal]>,
    /// The headers of the ommers, for their rewards before Paris.
    pub ommers: &'a [Header],
    /// The access list that came with the block (EIP-7928), if one did. The engine takes it instead of
    /// guesses, and the block is invalid if it is not the list of its execution. Any fork may have one.
    pub access_list: Option<&'a BlockAccessList>,
}

/// Executes a block and leaves its changes in `state`: system calls, transactions, requests,
/// withdrawals, and the rewards before Paris. An access list is neither looked at nor made.
///
/// After an error the state is that of some point within the block.
pub fn execute_block<DB>(
    factory: &MetisEvmFactory,
    block: BlockInput<'_>,
    state: &mut DB,
) -> Result<BlockOutcome, Error>
where
    DB: StateDB + core::fmt::Debug,
    DB::Error: Send + Sync,
{
    let spec = factory.spec().as_ref();
    execute_with(factory.create_evm(state, spec.evm_env(block.header)), spec, block)
}

/// Executes a block in an EVM over the state before it.
pub(crate) fn execute_with<E>(evm: E, spec: &ChainSpec, block: BlockInput<'_>) -> Result<BlockOutcome, Error>
where
    E: Evm<
            DB: StateDB,
            HaltReason = HaltReason,
            Spec: Into<SpecId> + Clone,
            Tx: FromRecoveredTx<TxEnvelope> + FromTxWithEncoded<TxEnvelope>,
        >,
{
    check_ommers(&block)?;
    let header = block.header;
    let started = Instant::now();
    let context = EthBlockExecutionCtx {
        parent_hash: header.parent_hash,
        parent_beacon_block_root: header.parent_beacon_block_root,
        ommers: block.ommers,
        withdrawals: block.withdrawals.map(Cow::Borrowed),
        extra_data: header.extra_data.clone(),
        tx_count_hint: Some(block.transactions.len()),
        slot_number: header.slot_number,
    };
    let mut executor = EthBlockExecutor::new(evm, context, spec, AlloyReceiptBuilder::default());
    executor.apply_pre_execution_changes().map_err(block_error)?;
    let most_blob_gas = most_blob_gas(spec, header.timestamp);
    let mut transactions = Vec::with_capacity(block.transactions.len());
    for (index, transaction) in block.transactions.iter().enumerate() {
        let hash = *transaction.hash();
        let executed = executor.execute_transaction_without_commit(transaction);
        let no_gas_left = matches!(
            &executed,
            Err(BlockExecutionError::Validation(
                BlockValidationError::TransactionGasLimitMoreThanAvailableBlockGas { .. }
            ))
        );
        if !no_gas_left {
            check_blob_gas(most_blob_gas, executor.blob_gas_used, transaction.inner())
                .map_err(|problem| Error::InvalidTransaction { index, hash, problem })?;
        }
        let executed = executed.map_err(|error| transaction_error(index, hash, error))?;
        transactions.push(TransactionOutcome::new(hash, &executed.result().result));
        executor.commit_transaction(executed);
    }
    let (_, result) = executor.finish().map_err(block_error)?;
    let execute_time = started.elapsed();
    Ok(BlockOutcome {
        receipts: result.receipts,
        transactions,
        requests: result.requests,
        gas_used: result.gas_used,
        blob_gas_used: result.blob_gas_used,
        access_list: None,
        execute_time,
    })
}

/// The blob gas that a block may use; none before Cancun.
pub(crate) fn most_blob_gas(spec: &ChainSpec, timestamp: u64) -> Option<u64> {
    spec.blob_params(timestamp)
        .map(|params| params.max_blob_gas_per_block())
}

/// Whether a transaction's blobs fit into a block that has used so much blob gas (EIP-4844: the block's
/// blobs together stay within the maximum). alloy-evm leaves this to whoever checks the header.
pub(crate) fn check_blob_gas(most: Option<u64>, used: u64, transaction: &TxEnvelope) -> Result<(), String> {
    let (Some(most), Some(wanted)) = (most, transaction.blob_gas_used()) else {
        return Ok(());
    };
    let left = most.saturating_sub(used);
    if wanted <= left {
        return Ok(());
    }
    Err(format!(
        "too many blobs for the block: they take {wanted} blob gas, and {left} of {most} are left"
    ))
}

/// The reward of an ommer is computed from how many blocks it is behind, one to six.
pub(crate) fn check_ommers(block: &BlockInput<'_>) -> Result<(), Error> {
    if block.ommers.len() > 2 {
        return Err(Error::wrong("block.uncles", "a block has at most two ommers"));
    }
    for (index, ommer) in block.ommers.iter().enumerate() {
        let behind = block.header.number.checked_sub(ommer.number);
        if !behind.is_some_and(|behind| (1..=6).contains(&behind)) {
            let problem = format!(
                "ommer {} cannot belong to block {}",
                ommer.number, block.header.number
            );
            return Err(Error::wrong(format!("block.uncles[{index}]"), problem));
        }
    }
    Ok(())
}

pub(crate) fn block_error(error: BlockExecutionError) -> Error {
    match error {
        BlockExecutionError::Validation(error) => Error::Block(error.to_string()),
        BlockExecutionError::Internal(error) => Error::Node(error.to_string()),
    }
}

fn transaction_error(index: usize, hash: alloy_primitives::B256, error: BlockExecutionError) -> Error {
    use alloy_evm::block::InternalBlockExecutionError;
    match error {
        BlockExecutionError::Validation(BlockValidationError::InvalidTx { error, .. }) => {
            Error::InvalidTransaction {
                index,
                hash,
                problem: error.to_string(),
            }
        }
        BlockExecutionError::Validation(error) => Error::InvalidTransaction {
            index,
            hash,
            problem: error.to_string(),
        },
        BlockExecutionError::Internal(InternalBlockExecutionError::EVM { error, .. }) => Error::NodeFault {
            index,
            hash,
            problem: error.to_string(),
        },
        BlockExecutionError::Internal(error) => Error::NodeFault {
            index,
            hash,
            problem: error.to_string(),
        },
    }
}
