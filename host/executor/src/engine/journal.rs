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
use metisvm_vm::MetisEvm;
use revm::{
    Database, ExecuteEvm,
    context::JournalTr,
    context_interface::{
        journaled_state::{account::JournaledAccountTr, entry::JournalEntry},
        result::{EVMError, ExecutionResult, HaltReason},
    },
    handler::{EvmTr, FrameResult, Handler, post_execution},
    primitives::hardfork::SpecId,
    state::{Account, EvmState},
};

/// The EVM of a block, which here runs transactions in a journal that lasts.
pub(super) type Inner<DB> = MetisEvm<DB>;

/// From so many entries on it pays to see whether the journal has fewer slots than entries.
const MANY_ENTRIES: usize = 256;

/// What has to be remembered of the transactions that are in the journal.
#[derive(Debug, Default)]
pub(super) struct Runner {
    /// Slots that were written, at least for a while, but for those of the [last](Self::last) transaction.
    written: HashSet<(Address, U256)>,
    /// The transaction that runs is the last one before the journal is emptied. What it has written can still be
    /// seen from the slots: nobody comes who takes their values for the original ones.
    last: bool,
    /// Accounts whose code was set.
    coded: AddressSet,
    /// Accounts that did not exist and were touched in vain: the next transaction must not find them.
    vanished: Vec<Address>,
    /// Something must be written out before the next transaction.
    clear: bool,
}

impl Runner {
    /// Says whether the next transaction is the last one before the journal is [drained](Self::drain), with
    /// nothing [published](Self::publish) before that.
    pub(super) fn set_last(&mut self, last: bool) {
        self.last = last;
    }

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
        // Every SSTORE that changes a value leaves an entry. Where a loop writes the same slots again and again it
        // is less work to look at the slots.
        let entries = journal.journal.len();
        let held = || journal.state.values().map(|account| 1 + account.storage.len());
        if entries >= MANY_ENTRIES && held().sum::<usize>() < entries {
            self.collect_from_state(&journal.state, clearing);
            return;
        }
        for entry in &journal.journal {
            match entry {
                JournalEntry::StorageChanged { address, key, .. } if !self.last => {
                    self.written.insert((*address, *key));
                }
                JournalEntry::CodeChange { address, .. } => {
                    self.coded.insert(*address);
                }
                JournalEntry::AccountDestroyed { .. } => self.clear = true,
                JournalEntry::AccountTouched { address } if clearing => {
                    if let Some(account) = journal.state.get(address) {
                        self.note_if_empty(*address, account);
                    }
                }
                _ => {}
            }
        }
    }

    /// The same from what the accounts have become. It may find what an earlier transaction did as well, which is
    /// taken down already.
    fn collect_from_state(&mut self, state: &EvmState, clearing: bool) {
        for (address, account) in state {
            if !self.last {
                let changed = account.storage.iter().filter(|(_, slot)| slot.is_changed());
                self.written.extend(changed.map(|(key, _)| (*address, *key)));
            }
            if account.info.code_hash != account.original_info().code_hash {
                self.coded.insert(*address);
            }
            self.clear |= account.is_selfdestructed();
            if clearing && account.is_touched() {
                self.note_if_empty(*address, account);
            }
        }
    }

    /// An account that was touched must be gone before the next transaction if it is empty.
    fn note_if_empty(&mut self, address: Address, account: &Account) {
        if account.is_empty() && account.is_loaded_as_not_existing() {
            self.vanished.push(address);
        } else if account.is_empty() {
            // One that was there goes with its storage, if it had any.
            self.clear = true;
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
        self.last = false;
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
