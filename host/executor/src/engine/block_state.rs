//! The state within a block: what the block has changed so far, over the state before it.
//!
//! Transactions are committed here one after the other, in the order of the block, by either engine; so
//! there is one place that says what a finished transaction does to the state.

use super::{hashes::Hashes, keccak::Hashing};
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256, map::B256Map};
use core::fmt;
use metisvm_state::{AccountChange, BasicAccount, StateChanges};
use revm::{
    Database, DatabaseCommit, DatabaseRef,
    bytecode::Bytecode,
    state::{Account, AccountInfo, EvmState},
};

/// The state before the block with the block's changes so far on top.
pub(super) struct BlockState<'a, S> {
    base: &'a S,
    hashes: &'a Hashes,
    changes: StateChanges,
    /// Code of accounts that the block changed, so that it need not be asked for again.
    known_codes: B256Map<Bytecode>,
}

impl<S> fmt::Debug for BlockState<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockState")
            .field("accounts", &self.changes.accounts.len())
            .finish_non_exhaustive()
    }
}

impl<S> Clone for BlockState<'_, S> {
    fn clone(&self) -> Self {
        Self {
            base: self.base,
            hashes: self.hashes,
            changes: self.changes.clone(),
            known_codes: self.known_codes.clone(),
        }
    }
}

impl<'a, S: DatabaseRef> BlockState<'a, S> {
    pub(super) fn new(base: &'a S, hashes: &'a Hashes) -> Self {
        Self {
            base,
            hashes,
            changes: StateChanges::default(),
            known_codes: B256Map::default(),
        }
    }

    /// The state before the block, with nothing changed.
    pub(super) fn fresh(&self) -> Self {
        Self::new(self.base, self.hashes)
    }

    /// What the block has made of an account, if it has changed it.
    pub(super) fn changed(&self, address: &Address) -> Option<&AccountChange> {
        self.changes.accounts.get(address)
    }

    /// An account as it stands, where `before` is what it was before the block.
    pub(super) fn known(&self, address: &Address, before: Option<BasicAccount>) -> Option<BasicAccount> {
        match self.changes.accounts.get(address) {
            Some(changed) => changed.account,
            None => before,
        }
    }

    /// An account as it stands.
    pub(super) fn account(&self, address: &Address) -> Result<Option<BasicAccount>, S::Error> {
        match self.changes.accounts.get(address) {
            Some(changed) => Ok(changed.account),
            None => Ok(self.base.basic_ref(*address)?.as_ref().map(basic)),
        }
    }

    /// Puts balance and nonce of an account; storage stays as it is.
    pub(super) fn set_account(&mut self, address: Address, account: BasicAccount) {
        self.changes.accounts.entry(address).or_default().account = Some(account);
    }

    /// Everything that the block changed. Values may equal what was there before.
    pub(super) fn into_changes(self) -> StateChanges {
        self.changes
    }

    /// Commits one account. `new_code`: its code is not that of before; `slots`: those that may have changed.
    pub(super) fn commit_account(
        &mut self,
        address: Address,
        account: &Account,
        new_code: bool,
        slots: impl Iterator<Item = (U256, U256)>,
    ) {
        if !account.is_touched() {
            return;
        }
        // The journal marks an empty account as created where the fork keeps it (before EIP-161), so
        // what arrives here empty and not created is to be cleared.
        let cleared = account.is_empty() && !account.is_created();
        let entry = self.changes.accounts.entry(address).or_default();
        if account.is_selfdestructed() || cleared {
            entry.account = None;
            entry.storage_cleared = true;
            entry.storage.clear();
            return;
        }
        if let Some(code) = &account.info.code
            && account.info.code_hash != KECCAK256_EMPTY
        {
            let codes = if new_code {
                &mut self.changes.codes
            } else {
                &mut self.known_codes
            };
            codes
                .entry(account.info.code_hash)
                .or_insert_with(|| code.clone());
        }
        entry.account = Some(basic(&account.info));
        if account.is_created() {
            entry.storage_cleared = true;
            entry.storage.clear();
        }
        entry.storage.extend(slots);
    }

    /// Commits one transaction.
    pub(super) fn commit_state(&mut self, state: EvmState) {
        for (address, mut account) in state {
            let created = account.is_created();
            let storage = core::mem::take(&mut account.storage);
            let slots = storage
                .into_iter()
                .filter(|(_, slot)| slot.is_changed() || created)
                .map(|(key, slot)| (key, slot.present_value));
            let new_code = created || account.original_info().code_hash != account.info.code_hash;
            self.commit_account(address, &account, new_code, slots);
        }
    }
}

impl<S> Hashing for BlockState<'_, S> {
    #[inline]
    fn hashes(&self) -> &Hashes {
        self.hashes
    }
}

impl<S: DatabaseRef> DatabaseRef for BlockState<'_, S> {
    type Error = S::Error;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, S::Error> {
        let Some(changed) = self.changes.accounts.get(&address) else {
            return self.base.basic_ref(address);
        };
        Ok(changed.account.map(|account| AccountInfo {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: account.code_hash,
            code: (account.code_hash == KECCAK256_EMPTY).then(Bytecode::default),
            ..AccountInfo::default()
        }))
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, S::Error> {
        let known = self.known_codes.get(&code_hash);
        match known.or_else(|| self.changes.codes.get(&code_hash)) {
            Some(code) => Ok(code.clone()),
            None => self.base.code_by_hash_ref(code_hash),
        }
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, S::Error> {
        if let Some(changed) = self.changes.accounts.get(&address) {
            if let Some(value) = changed.storage.get(&slot) {
                return Ok(*value);
            }
            if changed.storage_cleared {
                return Ok(U256::ZERO);
            }
        }
        self.base.storage_ref(address, slot)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, S::Error> {
        self.base.block_hash_ref(number)
    }
}

impl<S: DatabaseRef> Database for BlockState<'_, S> {
    type Error = S::Error;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, S::Error> {
        self.basic_ref(address)
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, S::Error> {
        self.code_by_hash_ref(code_hash)
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, S::Error> {
        self.storage_ref(address, slot)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, S::Error> {
        self.block_hash_ref(number)
    }
}

impl<S: DatabaseRef> DatabaseCommit for BlockState<'_, S> {
    fn commit(&mut self, changes: EvmState) {
        self.commit_state(changes);
    }

    fn commit_iter(&mut self, changes: &mut dyn Iterator<Item = (Address, Account)>) {
        self.commit_state(changes.collect());
    }
}

/// The account without its code.
pub(super) fn basic(info: &AccountInfo) -> BasicAccount {
    BasicAccount {
        balance: info.balance,
        nonce: info.nonce,
        code_hash: info.code_hash,
    }
}
