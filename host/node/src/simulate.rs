//! `eth_simulateV1`: blocks that were never mined, upon a state that stays as it is.

mod refusal;
mod request;

use crate::{
    block::MinedBlock,
    call::{CALL_GAS, CallState},
    convert,
    error::NodeError,
    moves,
    node::Node,
    world::World,
};
use alloy_consensus::{
    EMPTY_OMMER_ROOT_HASH, Header, Receipt, ReceiptEnvelope, ReceiptWithBloom, TxEnvelope, TxType, Typed2718,
    proofs::{calculate_receipt_root, calculate_transaction_root},
    transaction::Recovered,
};
use alloy_eips::{BlockId, eip4895::Withdrawals, eip7685::EMPTY_REQUESTS_HASH};
use alloy_evm::{
    Evm, EvmEnv, EvmFactory, block::SystemCaller, overrides::apply_state_overrides, rpc::TryIntoTxEnv,
};
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::{B256, Bloom, Bytes, Log as RawLog};
use alloy_rpc_types::{
    Block, BlockOverrides, Log, TransactionRequest,
    simulate::{SimBlock, SimCallResult, SimulateError, SimulatePayload, SimulatedBlock},
};
use metisvm_executor::validity::{next_base_fee, next_excess_blob_gas};
use metisvm_state::{AccountChange, BasicAccount, StateChanges};
use metisvm_vm::{MetisPrecompiles, Rearranged};
use refusal::refused;
use request::in_order;
use revm::{
    DatabaseCommit,
    context::TxEnv,
    context_interface::result::{ExecutionResult, HaltReason, ResultAndState},
    database::{AccountState, CacheDB},
};
use revm_inspectors::transfer::{TRANSFER_LOG_EMITTER, TransferInspector};
use std::sync::Arc;

/// What is simulated so far.
struct Simulation<'a> {
    node: &'a Node,
    parent: Header,
    parent_hash: B256,
    world: World,
    /// Of all calls together.
    gas_left: u64,
    validation: bool,
    trace_transfers: bool,
    /// Where precompiles are, if elsewhere.
    rearranged: Option<Arc<Rearranged>>,
}

/// Simulates blocks on top of one.
///
/// # Errors
/// If the blocks are not in order or too many, or a call may not run.
pub fn simulate(
    node: &Node,
    payload: SimulatePayload,
    id: BlockId,
) -> Result<Vec<SimulatedBlock<Block>>, NodeError> {
    let (block, world) = node.chain.state(id).map_err(|error| match error {
        NodeError::NoSuchBlock(_) => NodeError::Refused("header not found".to_owned()),
        other => other,
    })?;
    let SimulatePayload {
        block_state_calls,
        trace_transfers,
        validation,
        return_full_transactions,
    } = payload;
    let blocks = in_order(block_state_calls, block.number(), block.header.timestamp)?;
    let mut simulation = Simulation {
        node,
        parent: block.header.clone(),
        parent_hash: block.hash,
        world,
        gas_left: CALL_GAS,
        validation,
        trace_transfers,
        rearranged: None,
    };
    blocks
        .into_iter()
        .map(|block| simulation.block(block, return_full_transactions))
        .collect()
}

/// What came of the calls of a block.
#[derive(Default)]
struct Called {
    transactions: Vec<Recovered<TxEnvelope>>,
    receipts: Vec<ReceiptEnvelope>,
    results: Vec<SimCallResult>,
    gas_used: u64,
    blob_gas_used: u64,
    logs: u64,
}

impl Simulation<'_> {
    fn header(&self, overrides: &BlockOverrides) -> Result<Header, NodeError> {
        let spec = self.node.spec();
        let parent = &self.parent;
        let number = overrides
            .number
            .map_or(parent.number + 1, |number| number.saturating_to());
        let timestamp = overrides.time.unwrap_or(parent.timestamp + 1);
        let cancun = spec.is_cancun_active_at_timestamp(timestamp);
        let base_fee = match overrides.base_fee {
            Some(fee) => fee.saturating_to(),
            None if self.validation => next_base_fee(spec, parent).map_err(NodeError::fault)?,
            None => 0,
        };
        let excess = cancun
            .then(|| next_excess_blob_gas(spec, timestamp, parent))
            .transpose()
            .map_err(NodeError::fault)?;
        Ok(Header {
            parent_hash: self.parent_hash,
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            beneficiary: overrides.coinbase.unwrap_or(parent.beneficiary),
            difficulty: overrides.difficulty.unwrap_or(parent.difficulty),
            number,
            gas_limit: overrides.gas_limit.unwrap_or(parent.gas_limit),
            timestamp,
            mix_hash: overrides.random.unwrap_or_default(),
            base_fee_per_gas: spec.is_london_active_at_block(number).then_some(base_fee),
            withdrawals_root: spec
                .is_shanghai_active_at_timestamp(timestamp)
                .then_some(alloy_consensus::constants::EMPTY_WITHDRAWALS),
            blob_gas_used: cancun.then_some(0),
            excess_blob_gas: excess,
            parent_beacon_block_root: cancun.then(|| overrides.beacon_root.unwrap_or_default()),
            requests_hash: spec
                .is_prague_active_at_timestamp(timestamp)
                .then_some(EMPTY_REQUESTS_HASH),
            ..Header::default()
        })
    }

    fn block(&mut self, block: SimBlock, full: bool) -> Result<SimulatedBlock<Block>, NodeError> {
        let overrides = block.block_overrides.unwrap_or_default();
        let mut header = self.header(&overrides)?;
        let mut env = self.node.spec().evm_env(&header);
        env.cfg_env.disable_nonce_check = !self.validation;
        env.cfg_env.disable_eip3607 = true;
        env.cfg_env.tx_gas_limit_cap = Some(u64::MAX);
        if let (Some(fee), Some(blob)) = (
            overrides.blob_base_fee,
            &mut env.block_env.blob_excess_gas_and_price,
        ) {
            blob.blob_gasprice = fee.saturating_to();
        }
        let mut state: CallState = CacheDB::new(self.world.clone());
        // Of this block alone: in the next one they are where they always are.
        self.rearranged = None;
        if let Some(mut overrides) = block.state_overrides {
            self.rearranged = moves::take(&self.node.factory, &env, &mut overrides)?;
            apply_state_overrides(overrides, &mut state).map_err(NodeError::invalid)?;
        }
        {
            let mut evm = self.node.factory.create_evm(&mut state, env.clone());
            SystemCaller::new(self.node.spec().clone())
                .apply_pre_execution_changes(&header, &mut evm)
                .map_err(NodeError::fault)?;
        }
        let mut called = Called::default();
        for request in block.calls {
            self.call(&mut state, &env, &header, request, &mut called)?;
        }
        let step = self.world.step(changes(&state, &self.world)?)?;
        header.state_root = step.root;
        header.transactions_root = calculate_transaction_root(&called.transactions);
        header.receipts_root = calculate_receipt_root(&called.receipts);
        header.logs_bloom = called
            .receipts
            .iter()
            .fold(Bloom::ZERO, |bloom, receipt| bloom | *receipt.logs_bloom());
        header.gas_used = called.gas_used;
        header.blob_gas_used = header.blob_gas_used.map(|_| called.blob_gas_used);
        let hash = header.hash_slow();
        for result in &mut called.results {
            for log in &mut result.logs {
                log.block_hash = Some(hash);
            }
        }
        self.world = self.world.after(step, Some((header.number, hash)));
        self.parent = header.clone();
        self.parent_hash = hash;
        let block = MinedBlock {
            hash,
            withdrawals: header.withdrawals_root.map(|_| Withdrawals::default()),
            header,
            transactions: called.transactions,
            ommers: Vec::new(),
            receipts: called.receipts,
            before: None,
            state: None,
        };
        Ok(SimulatedBlock {
            inner: convert::whole(&block, full),
            calls: called.results,
        })
    }

    fn call(
        &mut self,
        state: &mut CallState,
        env: &EvmEnv,
        header: &Header,
        request: TransactionRequest,
        called: &mut Called,
    ) -> Result<(), NodeError> {
        let left_in_block = header.gas_limit - called.gas_used.min(header.gas_limit);
        let nonce =
            |address| Ok(revm::DatabaseRef::basic_ref(state, address)?.map_or(0, |account| account.nonce));
        let asked = request.gas;
        let request = request::complete(
            request,
            self.node.spec().chain_id,
            left_in_block.min(self.gas_left),
            nonce,
        )?;
        if asked.is_some_and(|gas| gas > left_in_block) {
            return Err(NodeError::Coded {
                code: -38015,
                message: format!(
                    "block gas limit reached: {} >= {}",
                    called.gas_used, header.gas_limit
                ),
            });
        }
        let from = request.from.unwrap_or_default();
        let transaction = request
            .clone()
            .build_typed_simulate_transaction()
            .map_err(NodeError::invalid)?
            .map_eip4844(Into::into);
        if self.validation && request.nonce == Some(u64::MAX) {
            return Err(NodeError::Coded {
                code: -32603,
                message: format!("nonce has max value: address {from}"),
            });
        }
        let mut env = env.clone();
        let price = request.gas_price.or(request.max_fee_per_gas).unwrap_or_default();
        if !self.validation && price == 0 {
            env.block_env.basefee = 0;
        }
        let gas = request.gas.unwrap_or_default();
        let tx_env: TxEnv = request.try_into_tx_env(&env).map_err(NodeError::invalid)?;
        let ran = self
            .run(state, env, tx_env)
            .map_err(|error| refused(error, from, gas))?;
        let index = called.transactions.len() as u64;
        let hash = *transaction.hash();
        let logs = ran.result.logs();
        called.gas_used += ran.result.tx_gas_used();
        called.blob_gas_used += alloy_consensus::Transaction::blob_gas_used(&transaction).unwrap_or_default();
        self.gas_left = self.gas_left.saturating_sub(ran.result.tx_gas_used());
        let first = called.logs;
        called.logs += logs.len() as u64;
        let log = |(at, log): (usize, &RawLog)| Log {
            inner: log.clone(),
            block_hash: None,
            block_number: Some(header.number),
            block_timestamp: Some(header.timestamp),
            transaction_hash: Some(hash),
            transaction_index: Some(index),
            log_index: Some(first + at as u64),
            removed: false,
        };
        let logs: Vec<Log> = logs.iter().enumerate().map(log).collect();
        called
            .receipts
            .push(receipt(&transaction, &ran.result, called.gas_used));
        called.results.push(result(&ran.result, logs));
        called
            .transactions
            .push(Recovered::new_unchecked(transaction, from));
        state.commit(ran.state);
        Ok(())
    }

    fn run(
        &self,
        state: &mut CallState,
        env: EvmEnv,
        transaction: TxEnv,
    ) -> Result<
        ResultAndState<HaltReason>,
        revm::context_interface::result::EVMError<metisvm_state::StateError>,
    > {
        if self.trace_transfers {
            let inspector = TransferInspector::new(false).with_logs(true);
            let mut evm = self.node.factory.create_evm_with_inspector(state, env, inspector);
            self.rearrange(evm.precompiles_mut());
            return evm.transact_raw(transaction);
        }
        let mut evm = self.node.factory.create_evm(state, env);
        self.rearrange(evm.precompiles_mut());
        evm.transact_raw(transaction)
    }

    fn rearrange(&self, precompiles: &mut MetisPrecompiles) {
        if let Some(rearranged) = &self.rearranged {
            precompiles.rearrange(rearranged.clone());
        }
    }
}

fn result(result: &ExecutionResult, logs: Vec<Log>) -> SimCallResult {
    let gas = result.gas();
    let error = match result {
        ExecutionResult::Success { .. } => None,
        ExecutionResult::Revert { output, .. } => Some(SimulateError {
            code: SimulateError::EXECUTION_REVERTED_CODE,
            message: NodeError::Reverted(output.clone()).to_string(),
            data: Some(output.clone()),
        }),
        ExecutionResult::Halt { reason, .. } => Some(SimulateError {
            code: SimulateError::VM_EXECUTION_ERROR_CODE,
            message: crate::call::halt_reason(reason),
            data: None,
        }),
    };
    SimCallResult {
        // Of a revert the data is in the error.
        return_data: match result {
            ExecutionResult::Success { output, .. } => output.data().clone(),
            _ => Bytes::new(),
        },
        logs: if error.is_none() { logs } else { Vec::new() },
        gas_used: gas.tx_gas_used(),
        max_used_gas: Some(gas.total_gas_spent().max(gas.floor_gas())),
        status: error.is_none(),
        error,
    }
}

/// A receipt has what the chain would have logged, and no transfers of ether.
fn receipt(transaction: &TxEnvelope, result: &ExecutionResult, gas_used: u64) -> ReceiptEnvelope {
    let logs = result
        .logs()
        .iter()
        .filter(|log| log.address != TRANSFER_LOG_EMITTER);
    let receipt = ReceiptWithBloom::from(Receipt {
        status: result.is_success().into(),
        cumulative_gas_used: gas_used,
        logs: logs.cloned().collect(),
    });
    match transaction.ty() {
        ty if ty == TxType::Eip2930 as u8 => ReceiptEnvelope::Eip2930(receipt),
        ty if ty == TxType::Eip1559 as u8 => ReceiptEnvelope::Eip1559(receipt),
        ty if ty == TxType::Eip4844 as u8 => ReceiptEnvelope::Eip4844(receipt),
        ty if ty == TxType::Eip7702 as u8 => ReceiptEnvelope::Eip7702(receipt),
        _ => ReceiptEnvelope::Legacy(receipt),
    }
}

/// What calls and overrides have made of a state. What was only read is in it with the value that it has.
fn changes(state: &CallState, below: &World) -> Result<StateChanges, NodeError> {
    let codes = state.cache.contracts.iter().filter(|(_, code)| !code.is_empty());
    let mut changes = StateChanges {
        codes: codes.map(|(hash, code)| (*hash, code.clone())).collect(),
        ..StateChanges::default()
    };
    for (address, account) in &state.cache.accounts {
        let info = &account.info;
        let gone = matches!(account.account_state, AccountState::NotExisting) || info.is_empty();
        if gone && below.account(*address)?.is_none() {
            continue;
        }
        let change = if gone {
            AccountChange::default()
        } else {
            AccountChange {
                account: Some(BasicAccount {
                    balance: info.balance,
                    nonce: info.nonce,
                    code_hash: info.code_hash,
                }),
                storage_cleared: account.account_state.is_storage_cleared(),
                storage: account
                    .storage
                    .iter()
                    .map(|(slot, value)| (*slot, *value))
                    .collect(),
            }
        };
        changes.accounts.insert(*address, change);
    }
    Ok(changes)
}
