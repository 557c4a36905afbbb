//! The state as maps in memory.

use crate::{StateChanges, StateError, asks_for_storage, storage_answer};
use alloy_primitives::{
    Address, B256, Bytes, KECCAK256_EMPTY, U256,
    map::{AddressMap, B256Map, HashMap, U256Map},
};
use revm::{
    Database, DatabaseCommit, DatabaseRef,
    bytecode::Bytecode,
    state::{Account, AccountId, AccountInfo},
};

/// One account as it stands between two transactions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountState {
    /// Balance, nonce and code. The code is kept beside its hash, so that a call costs one look-up.
    pub info: AccountInfo,
    /// The non-zero slots.
    pub storage: U256Map<U256>,
}

/// Accounts, code and block hashes in memory. Whatever is absent is empty, except block hashes.
///
/// An account that is present but empty (no balance, nonce or code) exists, as it could before
/// EIP-161, and counts in the state root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryState {
    accounts: AddressMap<AccountState>,
    codes: B256Map<Bytecode>,
    block_hashes: HashMap<u64, B256>,
}

impl MemoryState {
    /// Puts an account in place of whatever was there. Zero slots are dropped; the hash of the code
    /// is computed here.
    pub fn insert_account(
        &mut self,
        address: Address,
        balance: U256,
        nonce: u64,
        code: Bytes,
        storage: impl IntoIterator<Item = (U256, U256)>,
    ) {
        let info = if code.is_empty() {
            AccountInfo {
                balance,
                nonce,
                code_hash: KECCAK256_EMPTY,
                code: Some(Bytecode::default()),
                ..Default::default()
            }
        } else {
            // State may hold bytes that look like a malformed EIP-7702 designator: ordinary code then.
            let code = Bytecode::new_raw_checked(code.clone()).unwrap_or_else(|_| Bytecode::new_legacy(code));
            let code_hash = code.hash_slow();
            self.codes.insert(code_hash, code.clone());
            AccountInfo {
                balance,
                nonce,
                code_hash,
                code: Some(code),
                ..Default::default()
            }
        };
        let storage = storage
            .into_iter()
            .filter(|(_, value)| !value.is_zero())
            .collect();
        self.accounts.insert(address, AccountState { info, storage });
    }

    /// Makes a block hash known to `BLOCKHASH`.
    pub fn insert_block_hash(&mut self, number: u64, hash: B256) {
        self.block_hashes.insert(number, hash);
    }

    /// The known block hashes, in no order.
    pub fn block_hashes(&self) -> impl Iterator<Item = (u64, B256)> + '_ {
        self.block_hashes.iter().map(|(number, hash)| (*number, *hash))
    }

    /// The hash of a block, where it is known.
    pub fn known_block_hash(&self, number: u64) -> Option<B256> {
        self.block_hashes.get(&number).copied()
    }

    /// An account, where it exists.
    pub fn account(&self, address: &Address) -> Option<&AccountState> {
        self.accounts.get(address)
    }

    /// All accounts, in no order.
    pub fn accounts(&self) -> impl Iterator<Item = (&Address, &AccountState)> {
        self.accounts.iter()
    }

    /// How many accounts exist.
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// True where no account exists.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// Applies the changes of a block.
    ///
    /// Where a change names a code hash whose code is neither in the changes nor known here, the account
    /// has that hash without code, and asking for the code is an error.
    pub fn apply(&mut self, changes: &StateChanges) {
        for (hash, code) in &changes.codes {
            self.codes.entry(*hash).or_insert_with(|| code.clone());
        }
        for (address, change) in &changes.accounts {
            let Some(basic) = change.account else {
                self.accounts.remove(address);
                continue;
            };
            let entry = self.accounts.entry(*address).or_default();
            if entry.info.code_hash != basic.code_hash || entry.info.code.is_none() {
                entry.info.code = if basic.code_hash == KECCAK256_EMPTY {
                    Some(Bytecode::default())
                } else {
                    self.codes.get(&basic.code_hash).cloned()
                };
            }
            entry.info.balance = basic.balance;
            entry.info.nonce = basic.nonce;
            entry.info.code_hash = basic.code_hash;
            if change.storage_cleared {
                entry.storage.clear();
            }
            for (slot, value) in &change.storage {
                if value.is_zero() {
                    entry.storage.remove(slot);
                } else {
                    entry.storage.insert(*slot, *value);
                }
            }
        }
    }

    fn commit_account(&mut self, address: Address, account: Account) {
        if !account.is_touched() {
            return;
        }
        // The journal marks an empty account as created where the fork keeps it (before EIP-161), so
        // what arrives here empty and not created is to be cleared.
        let cleared = account.is_empty() && !account.is_created();
        if account.is_selfdestructed() || cleared {
            self.accounts.remove(&address);
            return;
        }
        let created = account.is_created();
        let mut info = account.info;
        let entry = self.accounts.entry(address).or_default();
        if info.code_hash != entry.info.code_hash || entry.info.code.is_none() {
            if let Some(code) = &info.code
                && !code.is_empty()
            {
                self.codes.entry(info.code_hash).or_insert_with(|| code.clone());
            }
        } else if info.code.is_none() {
            info.code = entry.info.code.take();
        }
        if info.code.is_none() {
            info.code = self.codes.get(&info.code_hash).cloned();
        }
        entry.info = info;
        if created {
            entry.storage.clear();
        }
        for (slot, value) in account.storage {
            if !value.is_changed() && !created {
                continue;
            }
            if value.present_value.is_zero() {
                entry.storage.remove(&slot);
            } else {
                entry.storage.insert(slot, value.present_value);
            }
        }
    }
}

impl DatabaseRef for MemoryState {
    type Error = StateError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        Ok(self.accounts.get(&address).map(|account| account.info.clone()))
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, StateError> {
        if code_hash == KECCAK256_EMPTY || code_hash.is_zero() {
            return Ok(Bytecode::default());
        }
        self.codes
            .get(&code_hash)
            .cloned()
            .ok_or(StateError::UnknownCode(code_hash))
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        Ok(self
            .accounts
            .get(&address)
            .and_then(|account| account.storage.get(&slot).copied())
            .unwrap_or_default())
    }

    fn storage_by_account_id_ref(
        &self,
        address: Address,
        account: AccountId,
        slot: U256,
    ) -> Result<U256, StateError> {
        if asks_for_storage(account) {
            let account = self.accounts.get(&address);
            return Ok(storage_answer(
                account.is_some_and(|account| !account.storage.is_empty()),
            ));
        }
        self.storage_ref(address, slot)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, StateError> {
        self.known_block_hash(number)
            .ok_or(StateError::UnknownBlockHash(number))
    }
}

impl Database for MemoryState {
    type Error = StateError;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        self.basic_ref(address)
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, StateError> {
        self.code_by_hash_ref(code_hash)
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, StateError> {
        self.storage_ref(address, slot)
    }

    fn storage_by_account_id(
        &mut self,
        address: Address,
        account: AccountId,
        slot: U256,
    ) -> Result<U256, StateError> {
        self.storage_by_account_id_ref(address, account, slot)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, StateError> {
        self.block_hash_ref(number)
    }
}

impl DatabaseCommit for MemoryState {
    fn commit(&mut self, changes: AddressMap<Account>) {
        for (address, account) in changes {
            self.commit_account(address, account);
        }
    }

    fn commit_iter(&mut self, changes: &mut dyn Iterator<Item = (Address, Account)>) {
        for (address, account) in changes {
            self.commit_account(address, account);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use revm::state::{AccountStatus, EvmStorageSlot, TransactionId};

    fn state_with(address: Address, slots: &[(u64, u64)]) -> MemoryState {
        let mut state = MemoryState::default();
        let storage = slots
            .iter()
            .map(|(slot, value)| (U256::from(*slot), U256::from(*value)));
        state.insert_account(address, U256::from(1), 1, Bytes::from_static(&[0x00]), storage);
        state
    }

    fn touched(state: &MemoryState, address: Address) -> Account {
        let mut account = state
            .account(&address)
            .map(|account| Account::from(account.info.clone()))
            .unwrap_or_else(|| Account::new_not_existing(TransactionId::ZERO));
        account.mark_touch();
        account
    }

    fn commit(state: &mut MemoryState, address: Address, account: Account) {
        state.commit_iter(&mut [(address, account)].into_iter());
    }

    #[test]
    fn zero_slots_are_not_kept() {
        let address = Address::with_last_byte(1);
        let mut state = state_with(address, &[(1, 0), (2, 7)]);
        assert_eq!(state.account(&address).unwrap().storage.len(), 1);
        let mut account = touched(&state, address);
        account.storage.insert(
            U256::from(2),
            EvmStorageSlot::new_changed(U256::from(7), U256::ZERO, TransactionId::ZERO),
        );
        commit(&mut state, address, account);
        assert!(state.account(&address).unwrap().storage.is_empty());
    }

    #[test]
    fn selfdestruct_removes_the_account_and_its_storage() {
        let address = Address::with_last_byte(2);
        let mut state = state_with(address, &[(1, 1)]);
        let mut account = touched(&state, address);
        account.status |= AccountStatus::SelfDestructed;
        commit(&mut state, address, account);
        assert!(state.is_empty());
        assert_eq!(state.storage(address, U256::from(1)), Ok(U256::ZERO));
    }

    #[test]
    fn creating_an_account_clears_older_storage() {
        let address = Address::with_last_byte(3);
        let mut state = state_with(address, &[(1, 1)]);
        let mut account = touched(&state, address);
        account.status |= AccountStatus::Created;
        commit(&mut state, address, account);
        assert!(state.account(&address).unwrap().storage.is_empty());
    }

    #[test]
    fn an_empty_touched_account_goes_unless_it_was_created() {
        let address = Address::with_last_byte(4);
        let mut state = MemoryState::default();
        let account = touched(&state, address);
        commit(&mut state, address, account.clone());
        assert!(state.is_empty());
        let mut created = account;
        created.status |= AccountStatus::Created;
        commit(&mut state, address, created);
        assert_eq!(state.len(), 1);
    }

    #[test]
    fn an_untouched_account_changes_nothing() {
        let address = Address::with_last_byte(5);
        let mut state = state_with(address, &[]);
        let before = state.clone();
        let mut account = Account::from(state.account(&address).unwrap().info.clone());
        account.info.balance = U256::from(99);
        commit(&mut state, address, account);
        assert_eq!(state, before);
    }

    #[test]
    fn code_stays_when_a_change_does_not_carry_it() {
        let address = Address::with_last_byte(6);
        let mut state = state_with(address, &[]);
        let mut account = touched(&state, address);
        account.info.code = None;
        account.info.balance = U256::from(5);
        commit(&mut state, address, account);
        let info = state.basic(address).unwrap().unwrap();
        assert_eq!(info.balance, U256::from(5));
        assert_eq!(info.code.unwrap().original_bytes(), Bytes::from_static(&[0x00]));
    }

    #[test]
    fn an_unknown_block_hash_is_an_error_not_zero() {
        let mut state = MemoryState::default();
        assert_eq!(state.block_hash(7), Err(StateError::UnknownBlockHash(7)));
        state.insert_block_hash(7, B256::with_last_byte(1));
        assert_eq!(state.block_hash(7), Ok(B256::with_last_byte(1)));
    }
}
