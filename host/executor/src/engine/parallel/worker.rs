//! One worker: executes transactions speculatively and publishes what they write.

use super::{
    Shared, balances,
    database::{ReadError, Seen, SpeculativeDb},
    inference::SpeculativeEngine,
    suspension::Ticket,
    versions::Written,
};
use crate::engine::{block_state::basic, keccak, sequential::Inner, transfer};
use alloy_consensus::Transaction;
use alloy_evm::{EvmFactory, FromRecoveredTx, eth::EthEvmContext};
use alloy_primitives::{Address, Bloom, KECCAK256_EMPTY, U256, map::AddressMap};
use metisvm_state::{BasicAccount, StateError};
use revm::{
    DatabaseRef, ExecuteEvm,
    context::TxEnv,
    context_interface::{
        Transaction as _,
        result::{EVMError, ExecutionResult},
    },
    handler::{Handler, MainnetHandler, PrecompileProvider},
    state::{AccountInfo, EvmState},
};
use std::sync::Arc;

/// What came of a speculative execution.
pub(super) enum Speculated {
    /// A transfer of ether, with both accounts as they were before the block.
    Transfer(Box<TransferRead>),
    /// An execution by the EVM.
    Executed(Box<Execution>),
    /// It cannot be executed on what is known so far; its turn will tell.
    Deferred,
    /// An execution was overtaken: it is to run again. These are the slots that it wrote.
    Overtaken(Vec<(Address, U256)>),
    /// It has met a write that a transaction below is to make once more.
    Behind,
}

pub(super) struct TransferRead {
    pub(super) transfer: transfer::Transfer,
    pub(super) sender: Option<BasicAccount>,
    pub(super) recipient: Option<BasicAccount>,
}

pub(super) struct Execution {
    pub(super) result: ExecutionResult,
    pub(super) bloom: Bloom,
    pub(super) state: EvmState,
    pub(super) seen: AddressMap<Seen>,
    pub(super) assumed_slots: Vec<(Address, U256, U256)>,
    /// Reads that waited for an expected write.
    pub(super) predicted: u64,
    /// It had to wait for a transaction below it.
    pub(super) waited: bool,
    /// The slots whose writes were published.
    pub(super) published: Vec<(Address, U256)>,
}

pub(super) struct Worker<'s, 'e, S: DatabaseRef<Error = StateError>> {
    shared: &'s Shared<'e, S>,
    inference: Arc<SpeculativeEngine>,
    evm: Inner<SpeculativeDb<'s, 'e, S>>,
}

type Host<'s, 'e, S> = EthEvmContext<SpeculativeDb<'s, 'e, S>>;

impl<'s, 'e, S: DatabaseRef<Error = StateError> + Sync> Worker<'s, 'e, S> {
    pub(super) fn new(shared: &'s Shared<'e, S>) -> Result<Self, StateError> {
        let environment = shared.environment;
        let database = SpeculativeDb::new(shared)?;
        let inference = SpeculativeEngine::new(shared.suspensions.clone());
        let mut evm = inference
            .factory(environment.factory)
            .create_evm(database, environment.evm_env.clone())
            .into_inner();
        balances::watch(&mut evm.instruction);
        keccak::remember(&mut evm.instruction);
        Ok(Self {
            shared,
            inference,
            evm,
        })
    }

    /// Executes a transaction; `before` is what came of it the last time. Gives the ticket where it has to
    /// wait for an inference: then nothing of the execution is left, and it begins anew when that is ready.
    pub(super) fn speculate(
        &mut self,
        index: usize,
        before: Option<Speculated>,
    ) -> Result<Speculated, Ticket> {
        let transaction = &self.shared.environment.transactions[index];
        let (sender, nonce) = (transaction.signer(), transaction.nonce());
        let evm = &mut self.evm;
        evm.ctx.tx = TxEnv::from_recovered_tx(transaction.inner(), sender);
        evm.ctx
            .journaled_state
            .database
            .begin(index, sender, nonce, transaction.is_eip7702());
        let precompiles = &evm.precompiles;
        let planned = transfer::plan(&mut evm.ctx, |address| {
            PrecompileProvider::<Host<'s, 'e, S>>::contains(precompiles, address)
        });
        if let Some(transfer) = planned {
            let base = &self.shared.base;
            let (Ok(sender), Ok(recipient)) = (base.basic_ref(transfer.from), base.basic_ref(transfer.to))
            else {
                return Ok(Speculated::Deferred);
            };
            if recipient
                .as_ref()
                .is_none_or(|info| info.code_hash == KECCAK256_EMPTY)
            {
                return Ok(Speculated::Transfer(Box::new(TransferRead {
                    transfer,
                    sender: sender.as_ref().map(basic),
                    recipient: recipient.as_ref().map(basic),
                })));
            }
        }
        let shared = self.shared;
        let mut expected = shared.expected(index);
        if let Some(Speculated::Overtaken(published)) = before {
            expected.extend(published);
        }
        for (address, slot) in &expected {
            shared.versions.announce_slot(*address, *slot, index);
        }
        self.inference.begin(index);
        let outcome: Result<ExecutionResult, EVMError<ReadError>> = MainnetHandler::default().run(evm);
        let state = evm.finalize();
        // An error of the precompile ends an execution. Were one ever caught, there still would be no result.
        let suspended = self.inference.end();
        let result = match (outcome, suspended) {
            (Ok(result), None) => result,
            (outcome, suspended) => {
                for (address, slot) in expected {
                    shared.versions.remove_slot(address, slot, index);
                }
                return match (outcome, suspended) {
                    (_, Some(ticket)) => Err(ticket),
                    (Err(EVMError::Database(ReadError::Behind)), None) => Ok(Speculated::Behind),
                    _ => Ok(Speculated::Deferred),
                };
            }
        };
        let required = evm.ctx.tx.max_balance_spending().unwrap_or(U256::MAX);
        let database = &mut evm.ctx.journaled_state.database;
        database.balance_required(&sender, required);
        let seen = core::mem::take(&mut database.seen);
        let assumed_slots = core::mem::take(&mut database.assumed_slots);
        let (waited, predicted) = (database.waited, database.predicted);
        let published = self.publish(index, &state, &seen);
        for (address, slot) in expected {
            if !published.contains(&(address, slot)) {
                shared.versions.remove_slot(address, slot, index);
            }
        }
        Ok(Speculated::Executed(Box::new(Execution {
            bloom: shared.environment.hashes.bloom(result.logs()),
            result,
            state,
            seen,
            assumed_slots,
            waited,
            predicted,
            published,
        })))
    }

    /// Makes the writes visible to transactions above this one.
    fn publish(&self, index: usize, state: &EvmState, seen: &AddressMap<Seen>) -> Vec<(Address, U256)> {
        let environment = self.shared.environment;
        let sender = environment.transactions[index].signer();
        let beneficiary = environment.evm_env.block_env.beneficiary;
        publish(&self.shared.versions, index, state, |address, info| {
            // Nobody has to see the sender's or the beneficiary's: those are treated apart.
            if *address == sender || *address == beneficiary {
                return false;
            }
            match seen.get(address).and_then(|seen| seen.account) {
                None => true,
                Some(before) => {
                    let BasicAccount {
                        balance,
                        nonce,
                        code_hash,
                    } = before;
                    nonce != info.nonce
                        || code_hash != info.code_hash
                        || (balance != info.balance && (balance.is_zero() || code_hash != KECCAK256_EMPTY))
                }
            }
        })
    }
}

/// Publishes what a transaction wrote, accounts as far as they are wanted. Gives the slots.
fn publish(
    versions: &super::versions::Versions,
    index: usize,
    state: &EvmState,
    wanted: impl Fn(&Address, &AccountInfo) -> bool,
) -> Vec<(Address, U256)> {
    let mut published = Vec::new();
    for (address, account) in state {
        if !account.is_touched() {
            continue;
        }
        let gone = account.is_selfdestructed() || (account.is_empty() && !account.is_created());
        if gone {
            versions.write_account(*address, index, None);
            continue;
        }
        if wanted(address, &account.info) {
            versions.write_account(*address, index, Some(account.info.clone()));
        }
        for (slot, value) in &account.storage {
            if value.is_changed() {
                versions.write_slot(*address, *slot, index, Written::Value(value.present_value));
                published.push((*address, *slot));
            }
        }
    }
    published
}
