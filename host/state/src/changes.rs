//! What a block changes: the vocabulary between execution, cache, store and trie.

use alloy_primitives::{
    B256, U256,
    map::{AddressMap, B256Map, U256Map},
};
use revm::bytecode::Bytecode;

/// The final values of everything that a block (or a transaction) changed. What is not in here is as it
/// was before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StateChanges {
    /// The accounts of which something changed.
    pub accounts: AddressMap<AccountChange>,
    /// Code that came into the state, by its Keccak-256 hash.
    pub codes: B256Map<Bytecode>,
}

/// What became of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountChange {
    /// Balance, nonce and code hash afterwards; `None` where the account does not exist any more. Then
    /// it has no storage either, and `storage` is empty.
    pub account: Option<BasicAccount>,
    /// All older slots are gone (the account was destroyed or created anew on the way); `storage` is then
    /// everything that it has.
    pub storage_cleared: bool,
    /// The slots with a new value; zero means that the slot is gone.
    pub storage: U256Map<U256>,
}

/// An account without its storage and its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicAccount {
    /// Wei.
    pub balance: U256,
    /// Transactions sent, or contracts created.
    pub nonce: u64,
    /// The Keccak-256 hash of the code; that of nothing where there is none.
    pub code_hash: B256,
}
