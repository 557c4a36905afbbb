//! The state within a block: what the block has changed so far, over the state before it.
//!
//! Transactions are committed here one after the other, in the order of the block, by either engine; so
//! there is one place that says what a finished transaction does to the state.

use super::{
    access_list::recorder::Recorder,
    hashes::Hashes,
    keccak::{Hashing, Recall},
};
use alloy_eips::eip7928::BlockAccessList;
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256, map::B256Map};
use core::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};
use metisvm_state::{
    AccountChange, BasicAccount, StateChanges, asks_for_storage, has_storage_ref, storage_answer,
};
use revm::{
    Database, DatabaseCommit, DatabaseRef,
    bytecode::Bytecode,
    state::{Account, AccountId, AccountInfo, EvmState, EvmStorageSlot},
};

/// From this balance on, in wei, its figure always matters: crediting it may overflow, and then a call fails. That
/// no sum of smaller ones overflows follows from ether being conserved: it would take 2^64 accounts.
pub(super) const VAST_BALANCE: U256 = U256::from_limbs([0, 0, 0, 1]);

/// The state before the block with the block's changes so far on top.
pub(super) struct BlockState<'a, S> {
    base: &'a S,
    hashes: &'a Hashes,
    recall: Recall,
    changes: StateChanges,
    /// Code of accounts that the block changed, so that it need not be asked for again.
    known_codes: B256Map<Bytecode>,
    /// What the block touches, where its access list is to be made.
    recorder: Option<Box<Recorder>>,
    /// Set where an account of a [vast balance](VAST_BALANCE) was read.
    vast: &'a AtomicBool,
}

impl<S> fmt::Debug for BlockState<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockState")
            .field("accounts", &self.changes.accounts.len())
            .finish_non_exhaustive()
    }
}

/// A copy records nothing.
impl<S> Clone for BlockState<'_, S> {
    fn clone(&self) -> Self {
        Self {
            base: self.base,
            hashes: self.hashes,
            recall: self.recall,
            changes: self.changes.clone(),
            known_codes: self.known_codes.clone(),
            recorder: None,
            vast: self.vast,
        }
    }
}

impl<'a, S: DatabaseRef> BlockState<'a, S> {
    /// `vast`: see there.
    pub(super) fn new(base: &'a S, hashes: &'a Hashes, vast: &'a AtomicBool) -> Self {
        Self {
            base,
            hashes,
            recall: Recall::default(),
            changes: StateChanges::default(),
            known_codes: B256Map::default(),
            recorder: None,
            vast,
        }
    }

    /// Reads an account as it was before the block.
    fn read(&self, address: Address) -> Result<Option<AccountInfo>, S::Error> {
        let info = self.base.basic_ref(address)?;
        if info.as_ref().is_some_and(|info| info.balance >= VAST_BALANCE) {
            self.vast.store(true, Ordering::Relaxed);
        }
        Ok(info)
    }

    /// Has the block's access list recorded (EIP-7928), from its first step on.
    pub(super) fn record(&mut self) {
        self.recorder = Some(Box::default());
    }

    /// Whether that is so.
    pub(super) fn records(&self) -> bool {
        self.recorder.is_some()
    }

    /// The next step of the block begins: a transaction, or what follows the last one.
    pub(super) fn next_step(&mut self) {
        if let Some(recorder) = &mut self.recorder {
            recorder.next_step();
        }
    }

    /// The access list of what was committed, where it was recorded.
    pub(super) fn take_access_list(&mut self) -> Result<Option<BlockAccessList>, S::Error> {
        let recorder = self.recorder.take();
        recorder.map(|recorder| recorder.finish(self)).transpose()
    }

    /// An account as it was before the block.
    pub(super) fn before(&self, address: Address) -> Result<Option<BasicAccount>, S::Error> {
        Ok(self.base.basic_ref(address)?.as_ref().map(basic))
    }

    /// The state before the block, with nothing changed.
    pub(super) fn fresh(&self) -> Self {
        Self::new(self.base, self.hashes, self.vast)
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
            None => Ok(self.read(*address)?.as_ref().map(basic)),
        }
    }

    /// Whether an account has storage as it stands (EIP-7610).
    ///
    /// Only asked of accounts without nonce and code. What a block writes to one of those it has written while
    /// it created it, over nothing, so no slot of the state below can have become zero without the rest.
    pub(super) fn has_storage(&self, address: Address) -> Result<bool, S::Error> {
        if let Some(changed) = self.changes.accounts.get(&address) {
            if changed.storage.values().any(|value| !value.is_zero()) {
                return Ok(true);
            }
            if changed.storage_cleared {
                return Ok(false);
            }
        }
        has_storage_ref(self.base, address)
    }

    /// Puts balance and nonce of an account; storage stays as it is.
    pub(super) fn set_account(&mut self, address: Address, account: BasicAccount) {
        if let Some(recorder) = &mut self.recorder {
            recorder.set(address, account);
        }
        self.changes.accounts.entry(address).or_default().account = Some(account);
    }

    /// Everything that the block changed. Values may equal what was there before.
    pub(super) fn into_changes(self) -> StateChanges {
        self.changes
    }

    /// Commits what became of one account, with the slots that were written, of which there are so many.
    pub(super) fn apply(
        &mut self,
        address: Address,
        write: AccountWrite,
        count: usize,
        slots: impl Iterator<Item = (U256, U256)>,
    ) {
        let entry = self.changes.accounts.entry(address).or_default();
        let Some(account) = write.account else {
            entry.account = None;
            entry.storage_cleared = true;
            entry.storage.clear();
            return;
        };
        if let Some(code) = write.code {
            let known = entry
                .account
                .is_some_and(|before| before.code_hash == account.code_hash);
            if write.new_code {
                self.changes.codes.entry(account.code_hash).or_insert(code);
            } else if !known {
                self.known_codes.entry(account.code_hash).or_insert(code);
            }
        }
        entry.account = Some(account);
        if write.storage_cleared {
            entry.storage_cleared = true;
            entry.storage.clear();
        }
        entry.storage.reserve(count);
        entry.storage.extend(slots);
    }

    /// Commits one transaction with all that it touched.
    pub(super) fn commit_transaction(&mut self, state: EvmState) {
        self.next_step();
        self.commit_state(state);
    }

    /// Commits a step of the block, or a part of one.
    fn commit_state(&mut self, state: EvmState) {
        for (address, mut account) in state {
            if let Some(recorder) = &mut self.recorder {
                let cleared = account.is_empty() && !account.is_created();
                recorder.commit(address, &account, account.is_selfdestructed() || cleared);
            }
            let created = account.is_created();
            let new_code = created || account.original_info().code_hash != account.info.code_hash;
            let Some(write) = AccountWrite::of(&account, new_code) else {
                continue;
            };
            let written = |slot: &EvmStorageSlot| slot.is_changed() || created;
            let count = account.storage.values().filter(|slot| written(slot)).count();
            let slots = core::mem::take(&mut account.storage)
                .into_iter()
                .filter(|(_, slot)| written(slot))
                .map(|(key, slot)| (key, slot.present_value));
            self.apply(address, write, count, slots);
        }
    }
}

/// What one transaction or several made of an account, without its slots.
#[derive(Debug)]
pub(super) struct AccountWrite {
    /// `None` where it is gone, with its storage.
    pub(super) account: Option<BasicAccount>,
    /// It was created: what its storage had before is gone.
    storage_cleared: bool,
    /// Its code, if it has any and that is at hand,
    pub(super) code: Option<Bytecode>,
    /// and whether that was set only now.
    new_code: bool,
}

impl AccountWrite {
    /// As the journal has it; `None` where it was only looked at.
    pub(super) fn of(account: &Account, new_code: bool) -> Option<Self> {
        if !account.is_touched() {
            return None;
        }
        // The journal marks an empty account as created where the fork keeps it (before EIP-161), so
        // what arrives here empty and not created is to be cleared.
        let cleared = account.is_empty() && !account.is_created();
        if account.is_selfdestructed() || cleared {
            return Some(Self {
                account: None,
                storage_cleared: true,
                code: None,
                new_code: false,
            });
        }
        let has_code = account.info.code_hash != KECCAK256_EMPTY;
        Some(Self {
            account: Some(basic(&account.info)),
            storage_cleared: account.is_created(),
            code: account.info.code.clone().filter(|_| has_code),
            new_code,
        })
    }
}

impl<S> Hashing for BlockState<'_, S> {
    #[inline]
    fn keccak256(&mut self, input: &[u8]) -> B256 {
        self.recall.keccak256(self.hashes, input)
    }
}

impl<S: DatabaseRef> DatabaseRef for BlockState<'_, S> {
    type Error = S::Error;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, S::Error> {
        let Some(changed) = self.changes.accounts.get(&address) else {
            return self.read(address);
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

    fn storage_by_account_id_ref(
        &self,
        address: Address,
        account: AccountId,
        slot: U256,
    ) -> Result<U256, S::Error> {
        if asks_for_storage(account) {
            return Ok(storage_answer(self.has_storage(address)?));
        }
        self.storage_ref(address, slot)
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

    fn storage_by_account_id(
        &mut self,
        address: Address,
        account: AccountId,
        slot: U256,
    ) -> Result<U256, S::Error> {
        self.storage_by_account_id_ref(address, account, slot)
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
