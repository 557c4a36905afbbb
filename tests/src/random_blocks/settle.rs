//! Settling a plan: its transactions are executed one after the other, so that each gets the nonce that the
//! state asks for and, where the plan says so, a gas limit close to what it needs. What is not valid is
//! dropped, unless it is there to be invalid.

use super::{
    coverage::{Coverage, Watch},
    engine::Case,
    models,
    plan::{Envelope, Gas, Plan, TransactionPlan},
};
use alloy_consensus::{Transaction, TxEnvelope, Typed2718, transaction::Recovered};
use alloy_evm::{
    Evm, EvmFactory,
    block::{BlockExecutor, TxResult},
    eth::{EthBlockExecutionCtx, EthBlockExecutor, receipt_builder::AlloyReceiptBuilder},
};
use alloy_primitives::{Address, U256, map::AddressSet};
use metisvm_executor::{BlockOutcome, TransactionStatus};
use metisvm_state::MemoryState;
use metisvm_vm::MetisEvmFactory;
use revm::context_interface::result::ExecutionResult;
use revm::state::EvmState;
use std::{collections::BTreeSet, sync::Arc};

/// The gas limit with which a transaction is tried whose limit is to be near its need.
const TRIED_WITH: u64 = 400_000;

/// Settles a plan. What happens within its transactions is counted, as far as the block is executed.
pub fn settle(plan: &Plan, coverage: &mut Coverage) -> Case {
    let fork = plan.chain.fork;
    let engine = plan.chain.inference.then(models::engine);
    let factory = MetisEvmFactory::new(Arc::new(plan.chain.spec()), engine);
    let mut case = Case {
        plan: Plan {
            transactions: Vec::new(),
            ..plan.clone()
        },
        transactions: Vec::new(),
        state: plan.state(),
        factory,
    };
    let mut state = case.state.clone();
    let spec = case.factory.spec().clone();
    let most_blobs = spec
        .blob_params(plan.header.timestamp)
        .map_or(u64::MAX, |blobs| blobs.max_blob_count);
    let context = EthBlockExecutionCtx {
        parent_hash: plan.header.parent_hash,
        parent_beacon_block_root: plan.header.parent_beacon_block_root,
        ommers: &[],
        withdrawals: None,
        extra_data: plan.header.extra_data.clone(),
        tx_count_hint: None,
        slot_number: None,
    };
    let evm =
        case.factory
            .create_evm_with_inspector(&mut state, spec.evm_env(&plan.header), Watch::default());
    let mut executor = EthBlockExecutor::new(evm, context, spec.as_ref(), AlloyReceiptBuilder::default());
    // Where the block cannot even begin, its transactions do not matter; the oracle says why.
    let _ = executor.apply_pre_execution_changes();
    let mut stopped = false;
    let mut written = Written::default();
    let mut blobs = 0;
    for transaction in &plan.transactions {
        let settled = |gas_limit, state: &MemoryState| {
            transaction.settle(gas_limit, |address| {
                state.account(&address).map_or(0, |account| account.info.nonce)
            })
        };
        let gas_limit = match transaction.gas {
            Gas::Limit(limit) => limit,
            Gas::NearNeed(offset) => {
                let trial = settled(TRIED_WITH, executor.evm().db());
                let Ok(tried) = executor.execute_transaction_without_commit(&trial) else {
                    continue;
                };
                tried
                    .result()
                    .result
                    .gas()
                    .tx_gas_used()
                    .saturating_add_signed(offset)
            }
        };
        let candidate = settled(gas_limit, executor.evm().db());
        let its_blobs = candidate.blob_count().unwrap_or_default();
        if blobs + its_blobs > most_blobs && !transaction.keep_invalid {
            continue;
        }
        executor.evm_mut().inspector_mut().next_transaction(false);
        match executor.execute_transaction_without_commit(&candidate) {
            Ok(executed) => {
                if !stopped {
                    executor
                        .evm()
                        .inspector()
                        .seen
                        .iter()
                        .for_each(|kind| coverage.count(*kind, fork));
                    let result = executed.result();
                    if written.slot_read_by(&result.state) {
                        coverage.count("reads a slot that another transaction wrote", fork);
                    }
                    if written.account_read_by(&result.state, &[transaction.sender, plan.header.beneficiary])
                    {
                        coverage.count("reads an account that another transaction changed", fork);
                    }
                    count_transaction(plan, transaction, &candidate, &executed.result().result, coverage);
                    let delegated = |address: &Address| {
                        let account = executor.evm().db().account(address);
                        account.is_some_and(|account| {
                            account.info.code.as_ref().is_some_and(|code| code.is_eip7702())
                        })
                    };
                    if transaction.to.as_ref().is_some_and(delegated) {
                        coverage.count("call of a delegated account", fork);
                    }
                    if case.state.account(&transaction.sender).is_none() {
                        coverage.count("sender that an earlier transaction created", fork);
                    }
                }
                written.add(&executed.result().state);
                blobs += its_blobs;
                executor.commit_transaction(executed);
                executor.evm_mut().inspector_mut().next_transaction(true);
            }
            Err(_) if transaction.keep_invalid => stopped = true,
            Err(_) => continue,
        }
        case.plan.transactions.push(TransactionPlan {
            gas: Gas::Limit(gas_limit),
            ..transaction.clone()
        });
        case.transactions.push(candidate);
    }
    case
}

/// What the transactions so far have changed.
#[derive(Default)]
struct Written {
    accounts: AddressSet,
    slots: BTreeSet<(Address, U256)>,
}

impl Written {
    fn add(&mut self, state: &EvmState) {
        for (address, account) in state.iter().filter(|(_, account)| account.is_touched()) {
            if account.info != account.original_info() || account.is_selfdestructed() {
                self.accounts.insert(*address);
            }
            let changed = account.storage.iter().filter(|(_, slot)| slot.is_changed());
            self.slots.extend(changed.map(|(slot, _)| (*address, *slot)));
        }
    }

    fn slot_read_by(&self, state: &EvmState) -> bool {
        let slots = state.iter().flat_map(|(address, account)| {
            let slots = account.storage.keys();
            slots.map(|slot| (*address, *slot))
        });
        slots.into_iter().any(|slot| self.slots.contains(&slot))
    }

    /// Whether an account is read that is changed before, but for some that every transaction has to do with.
    fn account_read_by(&self, state: &EvmState, but: &[Address]) -> bool {
        let mut read = state.keys().filter(|address| !but.contains(address));
        read.any(|address| self.accounts.contains(address))
    }
}

fn count_transaction(
    plan: &Plan,
    transaction: &TransactionPlan,
    settled: &Recovered<TxEnvelope>,
    result: &ExecutionResult,
    coverage: &mut Coverage,
) {
    let fork = plan.chain.fork;
    coverage.count("transaction", fork);
    coverage.count(format!("type {}", settled.ty()), fork);
    if let Envelope::SetCode(authorizations) = &transaction.envelope {
        for authorization in authorizations {
            coverage.count("authorisation", fork);
            if authorization.damaged {
                coverage.count("authorisation with a bad signature", fork);
            }
        }
    }
    let beneficiary = plan.header.beneficiary;
    if !transaction.value.is_zero() && transaction.to == Some(transaction.sender) {
        coverage.count("transfer to oneself", fork);
    }
    if !transaction.value.is_zero() && transaction.to == Some(beneficiary) {
        coverage.count("transfer to the beneficiary", fork);
    }
    if transaction.sender == beneficiary {
        coverage.count("transfer by the beneficiary", fork);
    }
    result.logs().iter().for_each(|_| coverage.count("log", fork));
}

/// Counts what the oracle gave for a block.
pub(crate) fn count_block(case: &Case, oracle: &super::engine::Executed, coverage: &mut Coverage) {
    let fork = case.plan.chain.fork;
    let (outcome, _): &(BlockOutcome, MemoryState) = match oracle {
        Ok(executed) => executed,
        Err(error) => {
            let text = error.to_string().to_lowercase();
            coverage.count("block that is invalid", fork);
            let words = super::faults::Fault::ALL.map(|(fault, _)| fault.words());
            // Of several that occur the longest: it is the most precise.
            match words
                .into_iter()
                .filter(|words| text.contains(words))
                .max_by_key(|words| words.len())
            {
                Some(words) => coverage.count(format!("invalid: {words}"), fork),
                None => coverage.count(format!("invalid for another reason: {text}"), fork),
            }
            return;
        }
    };
    for transaction in &outcome.transactions {
        match &transaction.status {
            TransactionStatus::Success { .. } => coverage.count("success", fork),
            TransactionStatus::Revert { .. } => coverage.count("revert", fork),
            TransactionStatus::Halt { reason } => {
                let name = format!("{reason:?}");
                let name = name.split('(').next().unwrap_or_default();
                coverage.count(format!("halt: {name}"), fork);
            }
        }
    }
    if !outcome.requests.iter().all(|request| request.is_empty()) {
        coverage.count("requests", fork);
    }
    let withdrawn: AddressSet = case.plan.withdrawals.iter().map(|one| one.address).collect();
    withdrawn.iter().for_each(|_| coverage.count("withdrawal", fork));
    case.plan
        .ommers
        .iter()
        .for_each(|_| coverage.count("ommer", fork));
}
