//! What the engine is compared with: a loop over alloy-evm's Ethereum executor, which is what other clients
//! execute a block with. Nothing of ours is in it but the state at the bottom, which answers both alike.
//!
//! Each way is compiled once, here, so that its code is warm after the block before (see
//! [`Ours::execute`](crate::ours::Ours::execute)).

use crate::{Failure, ours::recover, sampling::timed, slow_state::SlowState};
use alloy_consensus::{ReceiptEnvelope, TxEnvelope};
use alloy_evm::{
    EthEvmFactory, EvmFactory, FromRecoveredTx, FromTxWithEncoded,
    block::{BlockExecutionResult, BlockExecutor, StateDB},
    eth::{EthBlockExecutionCtx, EthBlockExecutor, receipt_builder::AlloyReceiptBuilder},
};
use metisvm_executor::{BlockInput, Threads};
use metisvm_state::{MemoryState, StateError};
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use revm::{
    DatabaseRef,
    context::BlockEnv,
    database::{CacheDB, State},
    inspector::NoOpInspector,
    primitives::hardfork::SpecId,
};
use std::{borrow::Cow, fmt, time::Duration};

/// The receipts.
pub type Receipts = BlockExecutionResult<ReceiptEnvelope>;

/// Executes a block and leaves its changes in `db`. Gives the EVM back with the receipts, so that the caller
/// says when both are dropped.
fn execute<F, DB>(
    factory: &F,
    spec: &ChainSpec,
    block: BlockInput<'_>,
    db: DB,
) -> Result<(F::Evm<DB, NoOpInspector>, Receipts), Failure>
where
    F: PlainFactory,
    DB: StateDB<Error: Send + Sync + 'static> + fmt::Debug,
{
    let header = block.header;
    let context = EthBlockExecutionCtx {
        parent_hash: header.parent_hash,
        parent_beacon_block_root: header.parent_beacon_block_root,
        ommers: block.ommers,
        withdrawals: block.withdrawals.map(Cow::Borrowed),
        extra_data: header.extra_data.clone(),
        tx_count_hint: Some(block.transactions.len()),
        slot_number: None,
    };
    let evm = factory.create_evm(db, spec.evm_env(header));
    let mut executor = EthBlockExecutor::new(evm, context, spec, AlloyReceiptBuilder::default());
    executor.apply_pre_execution_changes()?;
    for transaction in block.transactions {
        let executed = executor.execute_transaction_without_commit(transaction)?;
        executor.commit_transaction(executed);
    }
    Ok(executor.finish()?)
}

/// Which EVM the plain loop runs.
#[derive(Debug, Clone, Copy)]
pub enum PlainEvm<'a> {
    /// That of alloy-evm.
    Ethereum,
    /// Ours, for blocks that need the inference precompile.
    Ours(&'a MetisEvmFactory),
}

/// Transactions whose senders are to be recovered under the clock, and the threads for that.
pub type Unrecovered<'a> = (Vec<TxEnvelope>, &'a Threads);

/// One sample over revm's `CacheDB`, the denominator of all ratios.
#[inline(never)]
pub fn sample(
    evm: PlainEvm<'_>,
    spec: &ChainSpec,
    block: BlockInput<'_>,
    base: &MemoryState,
    unrecovered: Option<Unrecovered<'_>>,
) -> Result<Duration, Failure> {
    match evm {
        PlainEvm::Ethereum => over_cache(&EthEvmFactory::default(), spec, block, base, unrecovered),
        PlainEvm::Ours(factory) => over_cache(factory, spec, block, base, unrecovered),
    }
}

/// The same over a state whose reads take time.
#[inline(never)]
pub fn sample_slow(
    evm: PlainEvm<'_>,
    spec: &ChainSpec,
    block: BlockInput<'_>,
    base: &SlowState<'_>,
) -> Result<Duration, Failure> {
    match evm {
        PlainEvm::Ethereum => over_cache(&EthEvmFactory::default(), spec, block, base, None),
        PlainEvm::Ours(factory) => over_cache(factory, spec, block, base, None),
    }
}

fn over_cache<F, S>(
    factory: &F,
    spec: &ChainSpec,
    block: BlockInput<'_>,
    base: &S,
    unrecovered: Option<Unrecovered<'_>>,
) -> Result<Duration, Failure>
where
    F: PlainFactory,
    S: DatabaseRef<Error = StateError> + fmt::Debug,
{
    let mut cache = CacheDB::new(base);
    let (time, _kept) = timed(|| {
        let Some((signed, threads)) = unrecovered else {
            return Ok((None, execute(factory, spec, block, &mut cache)?));
        };
        let transactions = recover(spec, block.header.number, signed, threads)?;
        let block = BlockInput {
            transactions: &transactions,
            ..block
        };
        let kept = execute(factory, spec, block, &mut cache)?;
        Ok((Some(transactions), kept))
    })?;
    Ok(time)
}

/// One sample over revm's `State`, of which no bundle is made.
#[inline(never)]
pub fn sample_over_state(
    spec: &ChainSpec,
    block: BlockInput<'_>,
    base: &MemoryState,
) -> Result<Duration, Failure> {
    let mut db = State::builder().with_database_ref(base).build();
    let (time, _kept) = timed(|| execute(&EthEvmFactory::default(), spec, block, &mut db))?;
    Ok(time)
}

/// One sample that commits straight into a copy of the state.
#[inline(never)]
pub fn sample_in_memory(
    spec: &ChainSpec,
    block: BlockInput<'_>,
    base: &MemoryState,
) -> Result<Duration, Failure> {
    let mut db = base.clone();
    let (time, _kept) = timed(|| execute(&EthEvmFactory::default(), spec, block, &mut db))?;
    Ok(time)
}

/// The state after a block, and its receipts.
pub fn reach(
    evm: PlainEvm<'_>,
    spec: &ChainSpec,
    block: BlockInput<'_>,
    base: &MemoryState,
) -> Result<(MemoryState, Receipts), Failure> {
    let mut state = base.clone();
    let receipts = match evm {
        PlainEvm::Ethereum => execute(&EthEvmFactory::default(), spec, block, &mut state)?.1,
        PlainEvm::Ours(factory) => execute(factory, spec, block, &mut state)?.1,
    };
    Ok((state, receipts))
}

trait PlainFactory:
    EvmFactory<
        Spec = SpecId,
        BlockEnv = BlockEnv,
        Tx: FromRecoveredTx<TxEnvelope> + FromTxWithEncoded<TxEnvelope>,
    >
{
}

impl PlainFactory for EthEvmFactory {}
impl PlainFactory for MetisEvmFactory {}
