//! What came of a speculative execution of transactions, as it goes from the worker to whoever commits it.
//!
//! A batch is one transaction or several that follow each other, executed in one journal. It is committed or
//! thrown away as a whole. What it holds is small and flat: the maps of the EVM stay with the worker.

use super::{
    database::{AccountUse, Read, StorageAsked},
    versions::{Versions, Written},
};
use crate::engine::block_state::AccountWrite;
use alloy_primitives::{
    Address, Bloom, U256,
    map::{AddressSet, HashMap},
};
use core::ops::Range;
use revm::{
    context_interface::result::ExecutionResult,
    state::{Account, AccountInfo, EvmState},
};

/// What became of an account.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) write: AccountWrite,
    /// Its slots among those of the batch.
    slots: Range<usize>,
}

/// An executed batch.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// One for each transaction, with the bloom filter over its logs.
    pub(super) results: Vec<(ExecutionResult, Bloom)>,
    /// Every account that was looked at, and what became of it.
    pub(super) accounts: Vec<(AccountUse, Option<Change>)>,
    /// Every slot that was read from outside of the batch.
    pub(super) reads: Vec<Read>,
    /// Every account that was asked for storage.
    pub(super) asked: Vec<StorageAsked>,
    /// The slots that were written, with their values.
    slots: Vec<(U256, U256)>,
    /// All that the one transaction touched, where the access list of the block is made.
    pub(super) whole: Option<EvmState>,
    /// Reads that waited for an expected write.
    pub(super) predicted: u64,
    /// Those of them that took a foretold value.
    pub(super) run_ahead: u64,
    /// It had to wait for a transaction below it.
    pub(super) waited: bool,
}

impl Batch {
    /// Takes the state that is left of the execution, given what it has used; `keep`: all of it.
    pub(super) fn close(&mut self, uses: Vec<AccountUse>, state: EvmState, coded: &AddressSet, keep: bool) {
        self.accounts.reserve(uses.len());
        for account_use in uses {
            let account = state.get(&account_use.address);
            let change =
                account.and_then(|account| self.change(account, coded.contains(&account_use.address)));
            self.accounts.push((account_use, change));
        }
        self.whole = keep.then_some(state);
    }

    fn change(&mut self, account: &Account, coded: bool) -> Option<Change> {
        let new_code = account.is_created() || coded;
        let write = AccountWrite::of(account, new_code)?;
        let first = self.slots.len();
        if write.account.is_some() {
            let written = account.storage.iter().filter(|(_, slot)| slot.is_changed());
            self.slots
                .extend(written.map(|(key, slot)| (*key, slot.present_value)));
        }
        Some(Change {
            write,
            slots: first..self.slots.len(),
        })
    }

    /// The slots that an account got.
    pub(super) fn slots_of(&self, change: &Change) -> &[(U256, U256)] {
        &self.slots[change.slots.clone()]
    }

    /// Every slot that was written, with its value.
    pub(super) fn written(&self) -> impl Iterator<Item = (Address, U256, U256)> + '_ {
        self.accounts.iter().flat_map(|(account, change)| {
            let slots = change.as_ref().map_or(&[][..], |change| self.slots_of(change));
            slots.iter().map(|(slot, value)| (account.address, *slot, *value))
        })
    }

    /// The same, to be looked up.
    pub(super) fn values(&self) -> HashMap<(Address, U256), U256> {
        self.written()
            .map(|(address, slot, value)| ((address, slot), value))
            .collect()
    }

    /// Makes the writes visible to transactions above, as those of `index`; accounts as far as they are
    /// wanted.
    pub(super) fn publish(&self, versions: &Versions, index: usize, wanted: impl Fn(&AccountUse) -> bool) {
        for (account, change) in &self.accounts {
            let Some(change) = change else { continue };
            let Some(now) = change.write.account else {
                versions.write_account(account.address, index, None);
                continue;
            };
            let matters = account.seen.matters(&now);
            if matters && wanted(account) {
                let info = AccountInfo {
                    balance: now.balance,
                    nonce: now.nonce,
                    code_hash: now.code_hash,
                    code: change.write.code.clone(),
                    ..AccountInfo::default()
                };
                versions.write_account(account.address, index, Some(info));
            }
            for (slot, value) in self.slots_of(change) {
                versions.write_slot(account.address, *slot, index, Written::Value(*value));
            }
        }
    }
}
