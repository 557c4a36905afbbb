//! Sources that count what they are asked, and short ways to make states and changes.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use metisvm_state::{AccountChange, BasicAccount, MemoryState, StateChanges, StateError, StateSource};
use revm::{DatabaseRef, bytecode::Bytecode, state::AccountInfo};

/// A state that counts its reads, and can be told to fail.
#[derive(Debug, Default)]
pub(crate) struct CountingSource {
    pub(crate) state: MemoryState,
    pub(crate) accounts: AtomicU64,
    pub(crate) slots: AtomicU64,
    pub(crate) codes: AtomicU64,
    pub(crate) ranges: AtomicU64,
    pub(crate) failing: bool,
}

impl CountingSource {
    pub(crate) fn new(state: MemoryState) -> Self {
        Self {
            state,
            ..Self::default()
        }
    }

    pub(crate) fn reads(&self) -> u64 {
        [&self.accounts, &self.slots, &self.codes, &self.ranges]
            .iter()
            .map(|count| count.load(Relaxed))
            .sum()
    }

    fn count(&self, counter: &AtomicU64) -> Result<(), StateError> {
        counter.fetch_add(1, Relaxed);
        if self.failing {
            return Err(StateError::Store("told to fail".into()));
        }
        Ok(())
    }
}

impl DatabaseRef for CountingSource {
    type Error = StateError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        self.count(&self.accounts)?;
        // As a store does: code only by its hash.
        Ok(self
            .state
            .basic_ref(address)?
            .map(|info| AccountInfo { code: None, ..info }))
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, StateError> {
        self.count(&self.codes)?;
        self.state.code_by_hash_ref(code_hash)
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        self.count(&self.slots)?;
        self.state.storage_ref(address, slot)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, StateError> {
        self.state.block_hash_ref(number)
    }
}

impl StateSource for CountingSource {
    fn storage_range(
        &self,
        address: Address,
        from: U256,
        limit: usize,
    ) -> Result<Vec<(U256, U256)>, StateError> {
        self.count(&self.ranges)?;
        self.state.storage_range(address, from, limit)
    }
}

pub(crate) fn address(number: u64) -> Address {
    Address::left_padding_from(&number.to_be_bytes())
}

pub(crate) fn block(number: u64) -> B256 {
    B256::left_padding_from(&number.to_be_bytes())
}

/// A slot as a mapping in Solidity has it: anywhere.
pub(crate) fn mapped(a: u64, b: u64) -> U256 {
    U256::from_be_bytes(keccak256([a.to_be_bytes(), b.to_be_bytes()].concat()).0)
}

pub(crate) fn code(number: u64) -> Bytes {
    Bytes::from([0x60, number as u8, 0x00].to_vec())
}

/// A contract with slots `0..slots`, slot `n` holding `n + 1`.
pub(crate) fn contract(state: &mut MemoryState, number: u64, slots: u64) -> Address {
    let storage = (0..slots).map(|slot| (U256::from(slot), U256::from(slot + 1)));
    state.insert_account(address(number), U256::from(1), 1, code(number), storage);
    address(number)
}

pub(crate) fn basic(state: &MemoryState, address: Address) -> Option<BasicAccount> {
    state.account(&address).map(|account| BasicAccount {
        balance: account.info.balance,
        nonce: account.info.nonce,
        code_hash: account.info.code_hash,
    })
}

/// The change that writes these slots of an account and leaves the rest of it as it is.
pub(crate) fn write_slots(
    state: &MemoryState,
    address: Address,
    slots: impl IntoIterator<Item = (U256, U256)>,
) -> StateChanges {
    let mut changes = StateChanges::default();
    changes.accounts.insert(
        address,
        AccountChange {
            account: basic(state, address),
            storage_cleared: false,
            storage: slots.into_iter().collect(),
        },
    );
    changes
}

/// The change that removes an account.
pub(crate) fn destroy(address: Address) -> StateChanges {
    let mut changes = StateChanges::default();
    changes.accounts.insert(address, AccountChange::default());
    changes
}

pub(crate) fn applied(state: &MemoryState, changes: &StateChanges) -> MemoryState {
    let mut next = state.clone();
    next.apply(changes);
    next
}
