//! One worker: executes transactions speculatively and publishes what they write.

use super::{
    Shared, balances,
    batch::Batch,
    database::{ReadError, SpeculativeDb},
    inference::SpeculativeEngine,
    plan::Claim,
    suspension::Ticket,
};
use crate::engine::{
    block_state::basic,
    journal::{Inner, Runner},
    keccak,
    prediction::{Access, Hashed, Kind, Trace},
    transfer,
};
use alloy_consensus::Transaction;
use alloy_evm::{EvmFactory, FromRecoveredTx, eth::EthEvmContext};
use alloy_primitives::{Address, Bloom, KECCAK256_EMPTY, U256, map::AddressSet};
use core::{ops::Range, sync::atomic::Ordering};
use metisvm_state::{BasicAccount, StateError};
use revm::{
    DatabaseRef, ExecuteEvm,
    context::{JournalTr, TxEnv},
    context_interface::{
        Transaction as _,
        result::{EVMError, ExecutionResult},
    },
    handler::{Handler, MainnetHandler, PrecompileProvider},
};
use std::{sync::Arc, time::Instant};

/// A batch ends with the transaction that brings it to so much gas: what comes after would be told too late
/// of what it has written, and a batch that is thrown away costs as much again.
const BATCH_GAS: u64 = 1_500_000;

/// What came of a speculative execution.
pub(super) enum Speculated {
    /// A transfer of ether, with both accounts as they were before the block.
    Transfer(Box<TransferRead>),
    /// An execution by the EVM.
    Executed(Box<Batch>),
    /// It cannot be executed on what is known so far; its turn will tell.
    Deferred,
    /// An execution was overtaken: it is to run again. These are the slots that it wrote.
    Overtaken(Vec<(Address, U256)>),
}

pub(super) struct TransferRead {
    pub(super) transfer: transfer::Transfer,
    pub(super) sender: Option<BasicAccount>,
    pub(super) recipient: Option<BasicAccount>,
}

/// Why a transaction could not be executed now.
pub(super) enum Unfinished {
    /// It has to wait for an inference; nothing of the execution is left, and it begins anew when that is
    /// ready.
    Suspended(Ticket),
    /// It has met a write that this transaction below has yet to make.
    Behind(usize),
}

/// Why the execution of a transaction failed.
enum Failure {
    Suspended(Ticket),
    Evm(EVMError<ReadError>),
    /// It has left something in the journal.
    Spoilt,
}

pub(super) struct Worker<'s, 'e, S: DatabaseRef<Error = StateError>> {
    shared: &'s Shared<'e, S>,
    inference: Arc<SpeculativeEngine>,
    evm: Inner<SpeculativeDb<'s, 'e, S>>,
    runner: Runner,
}

type Host<'s, 'e, S> = EthEvmContext<SpeculativeDb<'s, 'e, S>>;

impl<'s, 'e, S: DatabaseRef<Error = StateError> + Sync> Worker<'s, 'e, S> {
    pub(super) fn new(shared: &'s Shared<'e, S>) -> Self {
        let environment = shared.environment;
        let database = SpeculativeDb::new(shared);
        let inference = SpeculativeEngine::new(shared.suspensions.clone());
        let mut evm = inference
            .factory(environment.factory)
            .create_evm(database, environment.evm_env.clone());
        balances::watch(&mut evm.instruction);
        keccak::remember(&mut evm.instruction);
        Self {
            shared,
            inference,
            evm,
            runner: Runner::default(),
        }
    }

    /// Executes transactions of a claim from its start, as many as go together. Gives the index after the
    /// last.
    pub(super) fn speculate(&mut self, claim: &mut Claim) -> Result<(Speculated, usize), Unfinished> {
        let first = claim.range.start;
        self.take_up(first);
        if let Some(transfer) = self.planned() {
            let base = &self.shared.base;
            let (Ok(sender), Ok(recipient)) = (base.basic_ref(transfer.from), base.basic_ref(transfer.to))
            else {
                return Ok((Speculated::Deferred, first + 1));
            };
            if recipient
                .as_ref()
                .is_none_or(|info| info.code_hash == KECCAK256_EMPTY)
            {
                if let Some(known) = self.shared.lanes().and_then(|lanes| lanes.known(first)) {
                    known.set_free();
                }
                let read = TransferRead {
                    transfer,
                    sender: sender.as_ref().map(basic),
                    recipient: recipient.as_ref().map(basic),
                };
                return Ok((Speculated::Transfer(Box::new(read)), first + 1));
            }
        }
        self.batch(claim)
    }

    /// Puts a transaction into the EVM's context.
    fn take_up(&mut self, index: usize) {
        let transaction = &self.shared.environment.transactions[index];
        self.evm.ctx.tx = TxEnv::from_recovered_tx(transaction.inner(), transaction.signer());
    }

    /// The transfer of ether that the transaction is, if it is one by its fields.
    fn planned(&mut self) -> Option<transfer::Transfer> {
        let parts = &mut *self.evm;
        transfer::plan(&mut parts.ctx, |address| {
            PrecompileProvider::<Host<'s, 'e, S>>::contains(&parts.precompiles, address)
        })
    }

    fn batch(&mut self, claim: &mut Claim) -> Result<(Speculated, usize), Unfinished> {
        let first = claim.range.start;
        let database = &mut self.evm.ctx.journaled_state.database;
        let before = if claim.range.len() == 1 {
            self.shared.ran_before_in_lane(first)
        } else {
            None
        };
        database.begin_batch(first, before, claim.lesson.is_some());
        let mut batch = Batch::default();
        batch.results.reserve_exact(claim.range.len());
        let failure = self.fill(&mut batch, claim.range.clone());
        let (state, coded) = if self.shared.recording {
            (self.evm.finalize(), AddressSet::default())
        } else {
            self.runner.drain(&mut self.evm)
        };
        if let Some(failure) = failure
            && batch.results.is_empty()
        {
            return match failure {
                Failure::Suspended(ticket) => Err(Unfinished::Suspended(ticket)),
                Failure::Evm(EVMError::Database(ReadError::Behind(on))) => Err(Unfinished::Behind(on)),
                Failure::Evm(_) | Failure::Spoilt => Ok((Speculated::Deferred, first + 1)),
            };
        }
        let database = &mut self.evm.ctx.journaled_state.database;
        batch.waited = database.waited;
        batch.predicted = database.predicted + database.followed;
        batch.run_ahead = database.run_ahead;
        if before.is_some() {
            self.shared.followed(first, database.followed > 0);
        }
        batch.reads = core::mem::take(&mut database.reads);
        batch.asked = core::mem::take(&mut database.asked);
        let hashed = database.hashed.take();
        batch.close(
            core::mem::take(&mut database.accounts),
            state,
            &coded,
            self.shared.recording,
        );
        let end = first + batch.results.len();
        self.publish(&batch, first..end);
        self.settle(claim, &batch);
        if let Some(kind) = &claim.lesson {
            self.teach(kind, first, &batch, hashed.unwrap_or_default());
        }
        Ok((Speculated::Executed(Box::new(batch)), end))
    }

    /// What was expected of the batch has come, or has not. Has those run again above that have read another
    /// value than came.
    fn settle(&self, claim: &mut Claim, batch: &Batch) {
        let (shared, first) = (self.shared, claim.range.start);
        if claim.expected.is_empty() {
            return;
        }
        let written = batch.values();
        // Of several transactions it is not known which was expected to make the write.
        let known = shared.lanes().and_then(|lanes| lanes.known(first));
        let judged = known.filter(|_| claim.range.len() == 1);
        claim.expected.retain(|expected| {
            let slot = (expected.address, expected.slot);
            let value = written.get(&slot);
            if let Some(known) = judged {
                known.wrote(slot, value.is_some());
            }
            let Some(value) = value else {
                return true;
            };
            if expected.value.is_some_and(|foretold| foretold != *value) {
                known.inspect(|known| known.forecast(false));
                shared.recheck_slot(first, expected.address, expected.slot);
            }
            false
        });
    }

    /// Shows the predictor what a call has done.
    fn teach(&self, kind: &Kind, index: usize, batch: &Batch, hashes: Vec<Hashed>) {
        let shared = self.shared;
        let started = Instant::now();
        let succeeded = matches!(batch.results.first(), Some((result, _)) if result.is_success());
        let (Some(lanes), Some(call), true) = (shared.lanes(), shared.call(index), succeeded) else {
            return;
        };
        let written = batch.values();
        let accesses = batch.reads.iter().map(|read| {
            let address = batch.accounts[read.place].0.address;
            let after = written.get(&(address, read.slot)).copied();
            Access {
                address,
                slot: read.slot,
                before: read.value,
                after: after.unwrap_or(read.value),
                wrote: after.is_some(),
            }
        });
        let trace = Trace {
            accesses: accesses.collect(),
            hashes,
        };
        let predictor = &lanes.kinds.predictor;
        predictor.learn(kind, &call, &trace);
        if let Some(known) = lanes.known(index) {
            known.set_learnt(predictor.knows_well(kind));
        }
        let spent = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        shared.lesson_time.fetch_add(spent, Ordering::Relaxed);
        shared.lessons.fetch_add(1, Ordering::Relaxed);
    }

    /// Executes the transactions of a batch, up to one that fails or must be the last.
    fn fill(&mut self, batch: &mut Batch, range: Range<usize>) -> Option<Failure> {
        let environment = self.shared.environment;
        let mut gas = 0;
        for index in range.clone() {
            self.runner.set_last(index + 1 == range.end);
            match self.execute(index) {
                Ok(result) => {
                    gas += result.tx_gas_used();
                    let bloom = match result.logs() {
                        [] => Bloom::ZERO,
                        logs => environment.hashes.bloom(logs),
                    };
                    batch.results.push((result, bloom));
                }
                Err(failure) => {
                    if matches!(failure, Failure::Spoilt) {
                        batch.results.clear();
                    }
                    return Some(failure);
                }
            }
            if gas >= BATCH_GAS || self.runner.must_flush(environment.spec_id) {
                break;
            }
        }
        None
    }

    /// Executes one transaction in the journal. What fails leaves nothing there.
    fn execute(&mut self, index: usize) -> Result<ExecutionResult, Failure> {
        let transaction = &self.shared.environment.transactions[index];
        let sender = transaction.signer();
        self.take_up(index);
        let journal = &mut self.evm.ctx.journaled_state;
        journal
            .database
            .begin(sender, transaction.nonce(), transaction.is_eip7702());
        // What it has before it pays for anything, if that is not what the database will be asked for.
        let before = journal
            .inner
            .state
            .get(&sender)
            .map(|account| account.info.balance);
        let result = match self.planned().filter(|_| !self.shared.recording) {
            Some(transfer) => match self.runner.transfer(&mut self.evm, &transfer) {
                Ok(Some(result)) => Ok(result),
                Ok(None) => {
                    self.evm.ctx.journaled_state.discard_tx();
                    self.runner.run(&mut self.evm)
                }
                Err(error) => {
                    self.evm.ctx.journaled_state.discard_tx();
                    Err(EVMError::Database(error))
                }
            },
            None => {
                self.inference.begin(index);
                let result = if self.shared.recording {
                    MainnetHandler::default().run(&mut self.evm)
                } else {
                    self.runner.run(&mut self.evm)
                };
                match (self.inference.end(), &result) {
                    (None, _) => result,
                    (Some(ticket), Err(_)) => return Err(Failure::Suspended(ticket)),
                    // An error of the precompile ends an execution. Were one ever caught, the journal would
                    // be worth nothing.
                    (Some(_), Ok(_)) => return Err(Failure::Spoilt),
                }
            }
        };
        let result = result.map_err(Failure::Evm)?;
        let required = self.evm.ctx.tx.max_balance_spending().unwrap_or(U256::MAX);
        let database = &mut self.evm.ctx.journaled_state.database;
        match before {
            Some(before) => database.balance_spent(&sender, before, required),
            None => database.balance_required(&sender, required),
        }
        Ok(result)
    }

    /// Makes the writes visible to transactions above.
    fn publish(&self, batch: &Batch, range: Range<usize>) {
        if self.shared.given.is_some() {
            // Everyone reads the list that came with the block.
            return;
        }
        let environment = self.shared.environment;
        let beneficiary = environment.evm_env.block_env.beneficiary;
        batch.publish(&self.shared.versions, range.start, |account| {
            // Nobody has to see the senders' or the beneficiary's: those are treated apart.
            let address = account.address;
            address != beneficiary
                && !environment.transactions[range.clone()]
                    .iter()
                    .any(|transaction| transaction.signer() == address)
        });
    }
}
