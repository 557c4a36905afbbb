//! The sequential execution of a block: alloy-evm's Ethereum executor over our EVM.

use crate::{
    BlockOutcome, Error, TransactionOutcome, system,
    validity::{TransactionRules, check_input, refusal},
};
use alloy_consensus::{Header, TxEnvelope, transaction::Recovered};
use alloy_eips::{eip4895::Withdrawal, eip7928::BlockAccessList};
use alloy_evm::{
    Evm, EvmFactory, FromRecoveredTx, FromTxWithEncoded,
    block::{
        BlockExecutionError, BlockExecutor, BlockValidationError, InternalBlockExecutionError, StateDB,
        TxResult,
    },
    eth::{EthBlockExecutionCtx, EthBlockExecutor, receipt_builder::AlloyReceiptBuilder},
};
use alloy_primitives::B256;
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use revm::{
    context_interface::result::{HaltReason, InvalidTransaction},
    primitives::hardfork::SpecId,
};
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
    execute_with(
        factory.create_evm(state, spec.evm_env(block.header)),
        spec,
        block,
        |_| (),
    )
}

/// Executes a block in an EVM over the state before it. `begins` is told the index of each transaction before it is
/// executed, and nothing before the system calls that come after them.
pub(crate) fn execute_with<E>(
    evm: E,
    spec: &ChainSpec,
    block: BlockInput<'_>,
    mut begins: impl FnMut(Option<usize>),
) -> Result<BlockOutcome, Error>
where
    E: Evm<
            DB: StateDB,
            HaltReason = HaltReason,
            Spec: Into<SpecId> + Clone,
            Tx: FromRecoveredTx<TxEnvelope> + FromTxWithEncoded<TxEnvelope>,
        >,
{
    check_input(spec, &block, false)?;
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
    system::before_transactions(&mut executor.evm, spec, header)?;
    let rules = TransactionRules::new(spec, header.timestamp);
    let mut transactions = Vec::with_capacity(block.transactions.len());
    for (index, transaction) in block.transactions.iter().enumerate() {
        let hash = *transaction.hash();
        begins(Some(index));
        let executed = executor.execute_transaction_without_commit(transaction);
        let no_gas_left = matches!(
            &executed,
            Err(BlockExecutionError::Validation(
                BlockValidationError::TransactionGasLimitMoreThanAvailableBlockGas { .. }
            ))
        );
        if !no_gas_left {
            rules
                .check(executor.blob_gas_used, transaction.inner())
                .map_err(|problem| Error::InvalidTransaction { index, hash, problem })?;
        }
        let executed = executed.map_err(|error| {
            let (cfg, block) = (executor.evm.cfg_env(), executor.evm.block());
            let worded = |error: &InvalidTransaction| refusal(error, transaction, cfg, block);
            transaction_error(index, hash, error, worded)
        })?;
        transactions.push(TransactionOutcome::new(hash, &executed.result().result));
        executor.commit_transaction(executed);
    }
    begins(None);
    let requests = system::after_transactions(&mut executor.evm, spec, &block, &executor.receipts)?;
    // From Amsterdam on the block's gas is the greater of both kinds (EIP-8037).
    let gas_used = if executor.evm.cfg_env().enable_amsterdam_eip8037 {
        executor.max_block_gas_used()
    } else {
        executor.cumulative_tx_gas_used
    };
    let execute_time = started.elapsed();
    Ok(BlockOutcome {
        receipts: executor.receipts,
        transactions,
        requests,
        gas_used,
        blob_gas_used: executor.blob_gas_used,
        access_list: None,
        execute_time,
    })
}

/// `worded` puts what the EVM says of the transaction into words.
fn transaction_error(
    index: usize,
    hash: B256,
    error: BlockExecutionError,
    worded: impl Fn(&InvalidTransaction) -> String,
) -> Error {
    let invalid = |problem| Error::InvalidTransaction { index, hash, problem };
    let fault = |problem| Error::NodeFault { index, hash, problem };
    match error {
        BlockExecutionError::Validation(BlockValidationError::InvalidTx { error, .. }) => {
            let known = error.as_invalid_tx_err().map(worded);
            invalid(known.unwrap_or_else(|| error.to_string()))
        }
        BlockExecutionError::Validation(error) => invalid(error.to_string()),
        BlockExecutionError::Internal(InternalBlockExecutionError::EVM { error, .. }) => {
            fault(error.to_string())
        }
        BlockExecutionError::Internal(error) => fault(error.to_string()),
    }
}
