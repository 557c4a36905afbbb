//! Many transactions in one journal of revm.
//!
//! revm's journal can hold the state of many transactions: an account or slot that an earlier one has loaded
//! is there already, and nothing is committed between two of them. It is written out at the end, and before
//! that only where a transaction leaves something behind that must be gone before the next one starts: a
//! destroyed account, or an empty one (EIP-161).

use super::{
    block_state::basic,
    parallel::versions::{Versions, Written},
    transfer::Transfer,
};
use alloy_evm::eth::EthEvmContext;
use alloy_primitives::{
    Address, U256,
    map::{AddressSet, HashSet},
};
use metisvm_vm::MetisPrecompiles;
use revm::{
    Database, ExecuteEvm,
    context::{Evm, JournalTr},
    context_interface::{
        journaled_state::{account::JournaledAccountTr, entry::JournalEntry},
        result::{EVMError, ExecutionResult, HaltReason},
    },
    handler::{EthFrame, EvmTr, FrameResult, Handler, instructions::EthInstructions, post_execution},
    inspector::NoOpInspector,
    interpreter::interpreter::EthInterpreter,
    primitives::hardfork::SpecId,
    state::EvmState,
};

/// The EVM as revm has it, with our precompiles.
pub(super) type Inner<DB> = Evm<
    EthEvmContext<DB>,
    NoOpInspector,
    EthInstructions<EthInterpreter, EthEvmContext<DB>>,
    MetisPrecompiles,
    EthFrame,
>;

/// What has to be remembered of the transactions that are in the journal.
#[derive(Debug, Default)]
pub(super) struct Runner {
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
    /// Applies a transfer of ether without the interpreter; `None` where the EVM has to: then the caller
    /// discards what was done.
    pub(super) fn transfer<DB: Database>(
        &mut self,
        evm: &mut Inner<DB>,
        transfer: &Transfer,
    ) -> Result<Option<ExecutionResult>, DB::Error> {
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
    pub(super) fn reward<DB: Database>(
        &mut self,
        evm: &mut Inner<DB>,
        transfer: &Transfer,
    ) -> Result<Option<ExecutionResult>, DB::Error> {
        let beneficiary = evm.ctx.block.beneficiary;
        let journal = &mut evm.ctx.journaled_state;
        journal
            .load_account_mut(beneficiary)?
            .data
            .incr_balance(transfer.reward);
        self.collect(&evm.ctx);
        evm.ctx.journaled_state.commit_tx();
        self.forget_vanished(evm);
        Ok(Some(transfer.result()))
    }

    /// Reads off the journal what the transaction that ends has written.
    fn collect<DB: Database>(&mut self, context: &EthEvmContext<DB>) {
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
    pub(super) fn must_flush(&self, spec: SpecId) -> bool {
        // Before EIP-161 whether an empty account exists is decided when the journal is written out.
        self.clear || !spec.is_enabled_in(SpecId::SPURIOUS_DRAGON)
    }

    /// Empties the journal. Slots that were written at any time are marked as changed; the accounts whose
    /// code was set come with it.
    pub(super) fn drain<DB: Database>(&mut self, evm: &mut Inner<DB>) -> (EvmState, AddressSet) {
        let mut state = evm.finalize();
        for (address, key) in self.written.drain() {
            if let Some(account) = state.get_mut(&address)
                && let Some(slot) = account.storage.get_mut(&key)
            {
                // An earlier transaction may have made it what it was before.
                slot.original_value = !slot.present_value;
            }
        }
        self.clear = false;
        (state, core::mem::take(&mut self.coded))
    }

    /// Publishes what the transactions in the journal have written.
    pub(super) fn publish(&self, state: &EvmState, versions: &Versions, index: usize) {
        for (address, key) in &self.written {
            if let Some(account) = state.get(address)
                && let Some(slot) = account.storage.get(key)
            {
                versions.write_slot(*address, *key, index, Written::Value(slot.present_value));
            }
        }
    }

    /// Executes the context's transaction.
    pub(super) fn run<DB: Database>(
        &mut self,
        evm: &mut Inner<DB>,
    ) -> Result<ExecutionResult, EVMError<DB::Error>> {
        let result = Collecting {
            runner: core::cell::RefCell::new(&mut *self),
            evm: core::marker::PhantomData,
        }
        .run(evm);
        self.forget_vanished(evm);
        result
    }

    fn forget_vanished<DB: Database>(&mut self, evm: &mut Inner<DB>) {
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

impl<DB: Database> Handler for Collecting<'_, DB> {
    type Evm = Inner<DB>;
    type Error = EVMError<DB::Error>;
    type HaltReason = HaltReason;

    fn reward_beneficiary(&self, evm: &mut Self::Evm, result: &mut FrameResult) -> Result<(), Self::Error> {
        post_execution::reward_beneficiary(evm.ctx(), result.gas())?;
        self.runner.borrow_mut().collect(&evm.ctx);
        Ok(())
    }
}
