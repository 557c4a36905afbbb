//! One transaction after the other, in one journal.
//!
//! revm's journal can hold the state of many transactions: an account or slot that an earlier transaction
//! of the block has loaded is there already, and nothing is committed between two of them. The journal is
//! written out at the end, and before that only where a transaction leaves something behind that must be
//! gone before the next one starts: a destroyed account, or an empty one (EIP-161).

use super::{
    Environment, Invalid, Progress,
    block_state::{BlockState, basic},
    keccak,
    parallel::versions::{Versions, Written},
    transfer::{self, Transfer},
};
use crate::Error;
use alloy_evm::{EvmFactory, FromRecoveredTx, eth::EthEvmContext};
use alloy_primitives::{
    Address, U256,
    map::{AddressSet, HashSet},
};
use metisvm_state::StateError;
use metisvm_vm::{MetisEvmFactory, MetisPrecompiles};
use revm::{
    DatabaseRef, ExecuteEvm,
    context::{Evm, JournalTr, TxEnv},
    context_interface::{
        journaled_state::{account::JournaledAccountTr, entry::JournalEntry},
        result::{EVMError, ExecutionResult, HaltReason},
    },
    handler::{
        EthFrame, EvmTr, FrameResult, Handler, PrecompileProvider, instructions::EthInstructions,
        post_execution,
    },
    inspector::NoOpInspector,
    interpreter::interpreter::EthInterpreter,
    primitives::hardfork::SpecId,
    state::EvmState,
};

/// The journal is written out when it has so many accounts: a larger one leaves the processor's caches.
const JOURNAL: usize = 512;

/// The EVM as revm has it, with our precompiles.
pub(super) type Inner<DB> = Evm<
    EthEvmContext<DB>,
    NoOpInspector,
    EthInstructions<EthInterpreter, EthEvmContext<DB>>,
    MetisPrecompiles,
    EthFrame,
>;

/// An EVM over the committed state of a block, which it holds while it executes.
pub(super) struct Turn<'e, S: DatabaseRef<Error = StateError>> {
    evm: Inner<BlockState<'e, S>>,
    runner: Runner,
    spec_id: SpecId,
}

impl<'e, S: DatabaseRef<Error = StateError>> Turn<'e, S> {
    /// One that holds nothing yet; `like` says over which state.
    pub(super) fn new(
        factory: &MetisEvmFactory,
        environment: &Environment<'_>,
        like: &BlockState<'e, S>,
    ) -> Self {
        let mut evm = factory
            .create_evm(like.fresh(), environment.evm_env.clone())
            .into_inner();
        keccak::remember(&mut evm.instruction);
        Self {
            evm,
            runner: Runner::default(),
            spec_id: environment.spec_id,
        }
    }

    /// Lends it the state.
    pub(super) fn start(&mut self, state: &mut BlockState<'e, S>) {
        core::mem::swap(&mut self.evm.ctx.journaled_state.database, state);
    }

    /// Takes the state back, with all that was executed committed to it.
    pub(super) fn finish(&mut self, state: &mut BlockState<'e, S>) {
        self.runner.flush(&mut self.evm);
        core::mem::swap(&mut self.evm.ctx.journaled_state.database, state);
    }

    /// Executes one transaction.
    pub(super) fn transact(
        &mut self,
        environment: &Environment<'_>,
        index: usize,
    ) -> Result<ExecutionResult, EVMError<StateError>> {
        let transaction = &environment.transactions[index];
        self.evm.ctx.tx = TxEnv::from_recovered_tx(transaction.inner(), transaction.signer());
        let result = self.runner.transact(&mut self.evm);
        if self.runner.must_flush(self.spec_id) || self.evm.ctx.journaled_state.inner.state.len() > JOURNAL {
            self.runner.flush(&mut self.evm);
        }
        result
    }

    /// Executes transactions one after the other.
    pub(super) fn execute(
        &mut self,
        environment: &Environment<'_>,
        range: core::ops::Range<usize>,
        progress: &mut Progress,
    ) -> Result<(), Error> {
        for index in range {
            if let Err(invalid) = progress.admit(environment, index) {
                progress.refuse(environment, index, invalid)?;
                continue;
            }
            match self.transact(environment, index) {
                Ok(result) => progress.include(environment, index, result),
                Err(error) => progress.refuse(environment, index, Invalid::from_evm(error)?)?,
            }
        }
        Ok(())
    }

    /// Publishes what has been executed since the start.
    pub(super) fn publish(&self, versions: &Versions, index: usize) {
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
    let outcome = turn.execute(environment, 0..environment.transactions.len(), progress);
    turn.finish(state);
    outcome
}

/// What has to be remembered of the transactions that are in the journal.
#[derive(Debug, Default)]
struct Runner {
    /// Slots that were written, at least for a while.
    written: HashSet<(Address, U256)>,
    /// Accounts whose code was set.
    coded: AddressSet,
    /// Accounts that did not exist and were touched in vain: the next transaction must not find them.
    vanished: Vec<Address>,
    /// Something must be written out before the next transaction.
    clear: bool,
}

impl Runner {
    fn transact<S: DatabaseRef<Error = StateError>>(
        &mut self,
        evm: &mut Inner<BlockState<'_, S>>,
    ) -> Result<ExecutionResult, EVMError<StateError>> {
        let precompiles = &evm.precompiles;
        if let Some(transfer) = transfer::plan(&mut evm.ctx, |address| {
            PrecompileProvider::<EthEvmContext<BlockState<'_, S>>>::contains(precompiles, address)
        }) {
            match self.transfer(evm, &transfer) {
                Ok(Some(result)) => {
                    self.forget_vanished(evm);
                    return Ok(result);
                }
                Ok(None) => evm.ctx.journaled_state.discard_tx(),
                Err(error) => {
                    evm.ctx.journaled_state.discard_tx();
                    return Err(EVMError::Database(error));
                }
            }
        }
        self.run(evm)
    }

    /// Applies a transfer; `None` where the EVM has to. Accounts that the journal holds are changed there,
    /// others in the state itself.
    fn transfer<S: DatabaseRef<Error = StateError>>(
        &mut self,
        evm: &mut Inner<BlockState<'_, S>>,
        transfer: &Transfer,
    ) -> Result<Option<ExecutionResult>, StateError> {
        let beneficiary = evm.ctx.block.beneficiary;
        let journal = &mut evm.ctx.journaled_state;
        let in_journal = |address| journal.inner.state.contains_key(address);
        if in_journal(&transfer.from) || in_journal(&transfer.to) {
            return self.transfer_in_journal(evm, transfer);
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
        self.reward(evm, transfer)
    }

    fn transfer_in_journal<S: DatabaseRef<Error = StateError>>(
        &mut self,
        evm: &mut Inner<BlockState<'_, S>>,
        transfer: &Transfer,
    ) -> Result<Option<ExecutionResult>, StateError> {
        let journal = &mut evm.ctx.journaled_state;
        let sender = journal.load_account_with_code_mut(transfer.from)?.data;
        let Some(debited) = transfer.debit(Some(basic(&sender.account().info))) else {
            return Ok(None);
        };
        let recipient = journal.load_account_with_code_mut(transfer.to)?.data;
        if transfer.credit(Some(basic(&recipient.account().info))).is_none() {
            return Ok(None);
        }
        let mut sender = journal.load_account_mut(transfer.from)?.data;
        sender.set_balance(debited.balance);
        sender.bump_nonce();
        let mut recipient = journal.load_account_mut(transfer.to)?.data;
        if !recipient.incr_balance(transfer.value) {
            return Ok(None);
        }
        self.reward(evm, transfer)
    }

    /// Pays the beneficiary in the journal and ends the transaction.
    fn reward<S: DatabaseRef<Error = StateError>>(
        &mut self,
        evm: &mut Inner<BlockState<'_, S>>,
        transfer: &Transfer,
    ) -> Result<Option<ExecutionResult>, StateError> {
        let beneficiary = evm.ctx.block.beneficiary;
        let journal = &mut evm.ctx.journaled_state;
        journal
            .load_account_mut(beneficiary)?
            .data
            .incr_balance(transfer.reward);
        self.collect(&evm.ctx);
        evm.ctx.journaled_state.commit_tx();
        Ok(Some(transfer.result()))
    }

    /// Reads off the journal what the transaction that ends has written.
    fn collect<S: DatabaseRef<Error = StateError>>(&mut self, context: &EthEvmContext<BlockState<'_, S>>) {
        let journal = &context.journaled_state.inner;
        // Before EIP-161 an empty account that was touched stays.
        let clearing = journal.cfg.spec.is_enabled_in(SpecId::SPURIOUS_DRAGON);
        for entry in &journal.journal {
            match entry {
                JournalEntry::StorageChanged { address, key, .. } => {
                    self.written.insert((*address, *key));
                }
                JournalEntry::CodeChange { address, .. } => {
                    self.coded.insert(*address);
                }
                JournalEntry::AccountDestroyed { .. } => self.clear = true,
                JournalEntry::AccountTouched { address } if clearing => {
                    let Some(account) = journal.state.get(address) else {
                        continue;
                    };
                    if account.is_empty() && account.is_loaded_as_not_existing() {
                        self.vanished.push(*address);
                    } else if account.is_empty() {
                        // One that was there goes with its storage, if it had any.
                        self.clear = true;
                    }
                }
                _ => {}
            }
        }
    }

    /// True where the next transaction must not see the journal as it is.
    fn must_flush(&self, spec: SpecId) -> bool {
        // Before EIP-161 whether an empty account exists is decided when the journal is written out.
        self.clear || !spec.is_enabled_in(SpecId::SPURIOUS_DRAGON)
    }

    fn flush<S: DatabaseRef<Error = StateError>>(&mut self, evm: &mut Inner<BlockState<'_, S>>) {
        let mut state = evm.finalize();
        let block_state = &mut evm.ctx.journaled_state.database;
        for (address, key) in self.written.drain() {
            if let Some(account) = state.get_mut(&address)
                && let Some(slot) = account.storage.get_mut(&key)
            {
                // Marks it as one to be written, whatever an earlier transaction made of it.
                slot.original_value = !slot.present_value;
            }
        }
        for (address, mut account) in state.drain() {
            let created = account.is_created();
            let new_code = created || self.coded.contains(&address);
            let storage = core::mem::take(&mut account.storage);
            let slots = storage
                .into_iter()
                .filter(|(_, slot)| slot.is_changed())
                .map(|(key, slot)| (key, slot.present_value));
            block_state.commit_account(address, &account, new_code, slots);
        }
        self.coded.clear();
        self.clear = false;
    }
}

impl Runner {
    /// Publishes what the transactions in the journal have written.
    fn publish(&self, state: &EvmState, versions: &Versions, index: usize) {
        for (address, key) in &self.written {
            if let Some(account) = state.get(address)
                && let Some(slot) = account.storage.get(key)
            {
                versions.write_slot(*address, *key, index, Written::Value(slot.present_value));
            }
        }
    }

    fn run<S: DatabaseRef<Error = StateError>>(
        &mut self,
        evm: &mut Inner<BlockState<'_, S>>,
    ) -> Result<ExecutionResult, EVMError<StateError>> {
        let result = Collecting {
            runner: core::cell::RefCell::new(&mut *self),
            evm: core::marker::PhantomData,
        }
        .run(evm);
        self.forget_vanished(evm);
        result
    }

    fn forget_vanished<S: DatabaseRef<Error = StateError>>(&mut self, evm: &mut Inner<BlockState<'_, S>>) {
        for address in self.vanished.drain(..) {
            evm.ctx.journaled_state.inner.state.remove(&address);
        }
    }
}

/// revm's handler, which lets us look at the journal before it is cleared.
struct Collecting<'r, DB> {
    runner: core::cell::RefCell<&'r mut Runner>,
    evm: core::marker::PhantomData<DB>,
}

impl<'e, S: DatabaseRef<Error = StateError>> Handler for Collecting<'_, BlockState<'e, S>> {
    type Evm = Inner<BlockState<'e, S>>;
    type Error = EVMError<StateError>;
    type HaltReason = HaltReason;

    fn reward_beneficiary(&self, evm: &mut Self::Evm, result: &mut FrameResult) -> Result<(), Self::Error> {
        post_execution::reward_beneficiary(evm.ctx(), result.gas())?;
        self.runner.borrow_mut().collect(&evm.ctx);
        Ok(())
    }
}
