//! What a transaction or a call does, step by step, in geth's formats.

use crate::{
    block::MinedBlock,
    call::{CallState, Setting, evm_error},
    error::NodeError,
    node::Node,
};
use alloy_consensus::transaction::TxHashRef;
use alloy_evm::{Evm, EvmFactory, FromRecoveredTx, block::SystemCaller};
use alloy_primitives::B256;
use alloy_rpc_types::{
    TransactionRequest,
    trace::geth::{GethDebugTracingOptions, GethTrace, TraceResult},
};
use revm::{DatabaseCommit, context::TxEnv, database::CacheDB};
use revm_inspectors::tracing::{
    DebugInspector, DebugInspectorError, TraceLimitBehavior, TraceLimits, TracingInspector,
    TransactionContext,
};

/// The most that the copied bytes of one trace take: memory, inputs. More ends it with an error.
const MOST_BYTES: usize = 256 << 20;
/// The most steps of one trace where the caller sets no limit. A step of the structured log takes about a kilobyte
/// as JSON.
const MOST_STEPS: u64 = 500_000;

/// Who looks on.
fn inspector(mut options: GethDebugTracingOptions) -> Result<DebugInspector, NodeError> {
    // Before there is a recorder, so that it records no more than is shown.
    let limit = options.config.limit.filter(|limit| *limit > 0);
    options.config.limit = Some(limit.unwrap_or(MOST_STEPS).min(MOST_STEPS));
    let limits = TraceLimits::default()
        .set_max_recorded_bytes(Some(MOST_BYTES))
        .set_behavior(TraceLimitBehavior::Halt);
    let bounded = |inspector: TracingInspector| inspector.with_limits(limits);
    let inspector =
        DebugInspector::new(options).map_err(|error: DebugInspectorError| NodeError::invalid(error))?;
    Ok(match inspector {
        DebugInspector::CallTracer(inspector, config) => {
            DebugInspector::CallTracer(bounded(inspector), config)
        }
        DebugInspector::PreStateTracer(inspector, config) => {
            DebugInspector::PreStateTracer(bounded(inspector), config)
        }
        DebugInspector::FlatCallTracer(inspector) => DebugInspector::FlatCallTracer(bounded(inspector)),
        DebugInspector::Erc7562Tracer(inspector, config) => {
            DebugInspector::Erc7562Tracer(bounded(inspector), config)
        }
        DebugInspector::Default(inspector, config) => DebugInspector::Default(bounded(inspector), config),
        other => other,
    })
}

/// Traces the transactions of a block from the first on: those that are `wanted`, in their order.
fn replay(
    node: &Node,
    block: &MinedBlock,
    options: &GethDebugTracingOptions,
    wanted: impl Fn(usize) -> bool,
) -> Result<Vec<TraceResult>, NodeError> {
    let before = block.before.clone().ok_or(NodeError::StatePruned {
        number: block.number().saturating_sub(1),
        first: block.number(),
    })?;
    let mut state: CallState = CacheDB::new(before);
    // With what the node permits beside the rules: a sender that is acted for may have code.
    let env = node.factory.evm_env(&block.header);
    {
        let mut evm = node.factory.create_evm(&mut state, env.clone());
        SystemCaller::new(node.spec().clone())
            .apply_pre_execution_changes(&block.header, &mut evm)
            .map_err(NodeError::fault)?;
    }
    let last = (0..block.transactions.len()).rev().find(|index| wanted(*index));
    let mut traces = Vec::new();
    for (index, transaction) in block.transactions.iter().enumerate() {
        if last.is_none_or(|last| index > last) {
            break;
        }
        let tx_env = TxEnv::from_recovered_tx(transaction.inner(), transaction.signer());
        let failed = |error| evm_error(error, transaction.signer());
        if !wanted(index) {
            let mut evm = node.factory.create_evm(&mut state, env.clone());
            let ran = evm.transact_raw(tx_env).map_err(failed)?;
            drop(evm);
            state.commit(ran.state);
            continue;
        }
        let context = TransactionContext::default()
            .with_block_hash(block.hash)
            .with_tx_index(index)
            .with_tx_hash(*transaction.tx_hash());
        let mut inspector = inspector(options.clone())?;
        let ran = {
            let mut evm = node
                .factory
                .create_evm_with_inspector(&mut state, env.clone(), &mut inspector);
            evm.transact_raw(tx_env.clone()).map_err(failed)?
        };
        let trace = inspector
            .get_result(Some(context), &tx_env, &env.block_env, &ran, &mut state)
            .map_err(NodeError::fault)?;
        traces.push(TraceResult::Success {
            result: trace,
            tx_hash: Some(*transaction.tx_hash()),
        });
        state.commit(ran.state);
    }
    Ok(traces)
}

/// Traces one transaction.
///
/// # Errors
/// If there is none of this hash, the state before its block is not kept, or the tracer is not known.
pub fn transaction(
    node: &Node,
    hash: B256,
    options: GethDebugTracingOptions,
) -> Result<GethTrace, NodeError> {
    let (block, at) = node
        .chain
        .transaction(hash)
        .ok_or_else(|| NodeError::Refused("transaction not found".to_owned()))?;
    let traced = replay(node, &block, &options, |index| index == at)?;
    match traced.into_iter().next() {
        Some(TraceResult::Success { result, .. }) => Ok(result),
        _ => Err(NodeError::Fault("the transaction is not in its block".to_owned())),
    }
}

/// Traces every transaction of a block.
///
/// # Errors
/// If the state before it is not kept, or the tracer is not known.
pub fn block(
    node: &Node,
    block: &MinedBlock,
    options: &GethDebugTracingOptions,
) -> Result<Vec<TraceResult>, NodeError> {
    if block.number() == 0 {
        return Err(NodeError::Refused("genesis is not traceable".to_owned()));
    }
    replay(node, block, options, |_| true)
}

/// Traces a call.
///
/// # Errors
/// If the call may not run, or the tracer is not known.
pub fn call(
    node: &Node,
    setting: &mut Setting,
    request: TransactionRequest,
    options: GethDebugTracingOptions,
) -> Result<GethTrace, NodeError> {
    let tx_env = setting.transaction(request)?;
    let mut inspector = inspector(options)?;
    let ran = setting.inspect(node, tx_env.clone(), &mut inspector)?;
    let block_env = setting.env.block_env.clone();
    inspector
        .get_result(None, &tx_env, &block_env, &ran, &mut setting.state)
        .map_err(NodeError::fault)
}
