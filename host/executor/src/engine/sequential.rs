//! One transaction after the other, in one [journal](super::journal). Where the block's access list is recorded,
//! every transaction is written out by itself.

use super::{
    Environment, Invalid, Progress,
    block_state::{AccountWrite, BlockState},
    journal::{Inner, Runner},
    keccak,
    parallel::versions::{Versions, Written},
    transfer::{self, Transfer},
};
use crate::Error;
use alloy_evm::{EvmFactory, FromRecoveredTx, eth::EthEvmContext};
use alloy_primitives::{Address, U256, map::HashMap};
use metisvm_state::StateError;
use metisvm_vm::MetisEvmFactory;
use revm::{
    DatabaseRef, ExecuteEvm,
    context::{JournalTr, TxEnv},
    context_interface::result::{EVMError, ExecutionResult},
    handler::{Handler, MainnetHandler, PrecompileProvider},
    primitives::hardfork::SpecId,
};

/// The journal is written out when it has so many accounts: a larger one leaves the processor's caches.
const JOURNAL: usize = 512;

/// An EVM over the committed state of a block, which it holds while it executes.
pub(super) struct Turn<'e, S: DatabaseRef<Error = StateError>> {
    evm: Inner<BlockState<'e, S>>,
    runner: Runner,
    /// Slots that transactions executed alone have written, with the values they left.
    left: HashMap<(Address, U256), U256>,
    spec_id: SpecId,
}

impl<'e, S: DatabaseRef<Error = StateError>> Turn<'e, S> {
    /// One that holds nothing yet; `like` says over which state.
    pub(super) fn new(
        factory: &MetisEvmFactory,
        environment: &Environment<'_>,
        like: &BlockState<'e, S>,
    ) -> Self {
        let mut evm = factory.create_evm(like.fresh(), environment.evm_env.clone());
        keccak::remember(&mut evm.instruction);
        Self {
            evm,
            runner: Runner::default(),
            left: HashMap::default(),
            spec_id: environment.spec_id,
        }
    }

    /// Lends it the state.
    pub(super) fn start(&mut self, state: &mut BlockState<'e, S>) {
        core::mem::swap(&mut self.evm.ctx.journaled_state.database, state);
    }

    /// Takes the state back, with all that was executed committed to it.
    pub(super) fn finish(&mut self, state: &mut BlockState<'e, S>) {
        self.flush();
        core::mem::swap(&mut self.evm.ctx.journaled_state.database, state);
    }

    /// Executes one transaction. What is written out meanwhile is published, if anybody wants to see it.
    fn transact(
        &mut self,
        environment: &Environment<'_>,
        index: usize,
        versions: Option<&Versions>,
    ) -> Result<ExecutionResult, EVMError<StateError>> {
        let transaction = &environment.transactions[index];
        self.evm.ctx.tx = TxEnv::from_recovered_tx(transaction.inner(), transaction.signer());
        if self.evm.ctx.journaled_state.database.records() {
            return self.transact_alone();
        }
        let result = self.run();
        if self.runner.must_flush(self.spec_id) || self.evm.ctx.journaled_state.inner.state.len() > JOURNAL {
            if let Some(versions) = versions {
                self.publish(versions, index);
            }
            self.flush();
        }
        result
    }

    /// Executes the context's transaction and commits it with all that it touched.
    fn transact_alone(&mut self) -> Result<ExecutionResult, EVMError<StateError>> {
        let outcome: Result<_, EVMError<StateError>> = MainnetHandler::default().run(&mut self.evm);
        let state = self.evm.finalize();
        let result = outcome?;
        for (address, account) in &state {
            let written = account.storage.iter().filter(|(_, slot)| slot.is_changed());
            self.left
                .extend(written.map(|(key, slot)| ((*address, *key), slot.present_value)));
        }
        self.evm.ctx.journaled_state.database.commit_transaction(state);
        Ok(result)
    }

    /// Executes the context's transaction in the journal.
    fn run(&mut self) -> Result<ExecutionResult, EVMError<StateError>> {
        let Self { evm, runner, .. } = self;
        let parts = &mut **evm;
        if let Some(transfer) = transfer::plan(&mut parts.ctx, |address| {
            PrecompileProvider::<EthEvmContext<BlockState<'_, S>>>::contains(&parts.precompiles, address)
        }) {
            match apply(runner, evm, &transfer) {
                Ok(Some(result)) => return Ok(result),
                Ok(None) => evm.ctx.journaled_state.discard_tx(),
                Err(error) => {
                    evm.ctx.journaled_state.discard_tx();
                    return Err(EVMError::Database(error));
                }
            }
        }
        runner.run(evm)
    }

    fn flush(&mut self) {
        self.left.clear();
        let (mut state, coded) = self.runner.drain(&mut self.evm);
        let block_state = &mut self.evm.ctx.journaled_state.database;
        for (address, mut account) in state.drain() {
            let new_code = account.is_created() || coded.contains(&address);
            let Some(write) = AccountWrite::of(&account, new_code) else {
                continue;
            };
            let changed = account.storage.values().filter(|slot| slot.is_changed()).count();
            let slots = core::mem::take(&mut account.storage)
                .into_iter()
                .filter(|(_, slot)| slot.is_changed())
                .map(|(key, slot)| (key, slot.present_value));
            block_state.apply(address, write, changed, slots);
        }
    }

    /// Executes transactions one after the other. `versions` is where those look who execute what comes after them; it
    /// takes [publishing](Self::publish) at the end to be complete.
    pub(super) fn execute(
        &mut self,
        environment: &Environment<'_>,
        range: core::ops::Range<usize>,
        progress: &mut Progress,
        versions: Option<&Versions>,
    ) -> Result<(), Error> {
        for index in range {
            if let Err(invalid) = progress.admit(environment, index) {
                progress.refuse(environment, index, invalid)?;
                continue;
            }
            match self.transact(environment, index, versions) {
                Ok(result) => progress.include(environment, index, result),
                Err(error) => {
                    let invalid = Invalid::from_evm(environment, index, error);
                    progress.refuse(environment, index, invalid)?;
                }
            }
        }
        Ok(())
    }

    /// Publishes what has been executed since the start, or since it was written out.
    pub(super) fn publish(&self, versions: &Versions, index: usize) {
        for ((address, key), value) in &self.left {
            versions.write_slot(*address, *key, index, Written::Value(*value));
        }
        self.runner
            .publish(&self.evm.ctx.journaled_state.inner.state, versions, index);
    }
}

/// Executes the block's transactions and commits them to `state`.
pub(super) fn execute<S: DatabaseRef<Error = StateError>>(
    environment: &Environment<'_>,
    state: &mut BlockState<'_, S>,
    progress: &mut Progress,
) -> Result<(), Error> {
    let mut turn = Turn::new(environment.factory, environment, state);
    turn.start(state);
    let count = environment.transactions.len();
    let last = count.saturating_sub(1);
    let outcome = turn.execute(environment, 0..last, progress, None).and_then(|()| {
        turn.runner.set_last(true);
        turn.execute(environment, last..count, progress, None)
    });
    turn.finish(state);
    outcome
}

/// Applies a transfer; `None` where the EVM has to. Accounts that the journal holds are changed there,
/// others in the state itself.
fn apply<S: DatabaseRef<Error = StateError>>(
    runner: &mut Runner,
    evm: &mut Inner<BlockState<'_, S>>,
    transfer: &Transfer,
) -> Result<Option<ExecutionResult>, StateError> {
    let beneficiary = evm.ctx.block.beneficiary;
    let journal = &mut evm.ctx.journaled_state;
    let in_journal = |address| journal.inner.state.contains_key(address);
    if in_journal(&transfer.from) || in_journal(&transfer.to) {
        return runner.transfer(evm, transfer);
    }
    let rewarded = in_journal(&beneficiary);
    let state = &mut journal.database;
    let (sender, recipient) = (state.account(&transfer.from)?, state.account(&transfer.to)?);
    if !rewarded {
        let applied = transfer.apply(state, beneficiary, sender, recipient)?;
        return Ok(applied.then(|| transfer.result()));
    }
    let Some(debited) = transfer.debit(sender) else {
        return Ok(None);
    };
    let to_itself = transfer.to == transfer.from;
    let Some(credited) = transfer.credit(if to_itself { Some(debited) } else { recipient }) else {
        return Ok(None);
    };
    state.set_account(transfer.from, debited);
    state.set_account(transfer.to, credited);
    runner.reward(evm, transfer)
}
