//! The state within a block: what the block has changed so far, over the state before it.
//!
//! Transactions are committed here one after the other, in the order of the block, by either engine; so
//! there is one place that says what a finished transaction does to the state.

use alloy_primitives::{
    Address, B256, KECCAK256_EMPTY, U256,
    map::{AddressMap, B256Map, U256Map},
};
use core::fmt;
use metisvm_state::{AccountChange, BasicAccount, StateChanges};
use revm::{
    Database, DatabaseCommit, DatabaseRef,
    bytecode::Bytecode,
    state::{Account, AccountInfo, EvmState},
};

/// What the block has made of one account.
#[derive(Debug, Clone, Default)]
pub(super) struct ChangedAccount {
    /// `None`: it does not exist any more.
    pub(super) info: Option<AccountInfo>,
    /// Slots that are not in `slots` are zero, whatever the state before the block says.
    pub(super) storage_cleared: bool,
    /// Slots written by the block.
    pub(super) slots: U256Map<U256>,
}

/// The state before the block with the block's changes so far on top.
pub(super) struct BlockState<'a, S> {
    base: &'a S,
    accounts: AddressMap<ChangedAccount>,
    codes: B256Map<Bytecode>,
}

impl<S> fmt::Debug for BlockState<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockState")
            .field("accounts", &self.accounts.len())
            .finish_non_exhaustive()
    }
}

impl<S> Clone for BlockState<'_, S> {
    fn clone(&self) -> Self {
        Self {
            base: self.base,
            accounts: self.accounts.clone(),
            codes: self.codes.clone(),
        }
    }
}

impl<'a, S: DatabaseRef> BlockState<'a, S> {
    pub(super) fn new(base: &'a S) -> Self {
        Self {
            base,
            accounts: AddressMap::default(),
            codes: B256Map::default(),
        }
    }

    /// The state before the block, with nothing changed.
    pub(super) fn fresh(&self) -> Self {
        Self::new(self.base)
    }

    /// What the block has made of an account, if it has changed it.
    pub(super) fn changed(&self, address: &Address) -> Option<&ChangedAccount> {
        self.accounts.get(address)
    }

    /// An account as it stands, where `before` is what it was before the block.
    pub(super) fn known<'b>(
        &'b self,
        address: &Address,
        before: Option<&'b AccountInfo>,
    ) -> Option<&'b AccountInfo> {
        match self.accounts.get(address) {
            Some(changed) => changed.info.as_ref(),
            None => before,
        }
    }

    /// Puts balance and nonce of an account; code and storage stay as they are.
    pub(super) fn set_account(&mut self, address: Address, info: AccountInfo) {
        self.accounts.entry(address).or_default().info = Some(info);
    }

    /// Everything that the block changed. Values may equal what was there before.
    pub(super) fn into_changes(self) -> StateChanges {
        let accounts = self
            .accounts
            .into_iter()
            .map(|(address, changed)| {
                let change = match changed.info {
                    Some(info) => AccountChange {
                        account: Some(BasicAccount {
                            balance: info.balance,
                            nonce: info.nonce,
                            code_hash: info.code_hash,
                        }),
                        storage_cleared: changed.storage_cleared,
                        storage: changed.slots,
                    },
                    None => AccountChange {
                        account: None,
                        storage_cleared: true,
                        storage: U256Map::default(),
                    },
                };
                (address, change)
            })
            .collect();
        StateChanges {
            accounts,
            codes: self.codes,
        }
    }

    /// Commits one account. `new_code`: its code is not that of before; `slots`: those that may have changed.
    pub(super) fn commit_account(
        &mut self,
        address: Address,
        account: &mut Account,
        new_code: bool,
        slots: impl Iterator<Item = (U256, U256)>,
    ) {
        if !account.is_touched() {
            return;
        }
        // The journal marks an empty account as created where the fork keeps it (before EIP-161), so
        // what arrives here empty and not created is to be cleared.
        let cleared = account.is_empty() && !account.is_created();
        let entry = self.accounts.entry(address).or_default();
        if account.is_selfdestructed() || cleared {
            entry.info = None;
            entry.storage_cleared = true;
            entry.slots.clear();
            return;
        }
        let info = core::mem::take(&mut account.info);
        if new_code
            && info.code_hash != KECCAK256_EMPTY
            && let Some(code) = &info.code
        {
            self.codes.entry(info.code_hash).or_insert_with(|| code.clone());
        }
        entry.info = Some(info);
        if account.is_created() {
            entry.storage_cleared = true;
            entry.slots.clear();
        }
        entry.slots.extend(slots);
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
            self.commit_account(address, &mut account, new_code, slots);
        }
    }
}

impl<S: DatabaseRef> DatabaseRef for BlockState<'_, S> {
    type Error = S::Error;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, S::Error> {
        match self.accounts.get(&address) {
            Some(changed) => Ok(changed.info.clone()),
            None => self.base.basic_ref(address),
        }
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, S::Error> {
        match self.codes.get(&code_hash) {
            Some(code) => Ok(code.clone()),
            None => self.base.code_by_hash_ref(code_hash),
        }
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, S::Error> {
        if let Some(changed) = self.accounts.get(&address) {
            if let Some(value) = changed.slots.get(&slot) {
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
