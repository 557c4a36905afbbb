//! The root of the state trie (Yellow Paper, appendix D and section 4.1): a secure Merkle-Patricia
//! trie of the accounts, each of which names the root of a trie of its non-zero slots.

use crate::{BasicAccount, MemoryState};
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_trie::{HashBuilder, Nibbles, TrieAccount};

/// The state root. The state must be complete: every account and every non-zero slot of the chain.
pub fn state_root(state: &MemoryState) -> B256 {
    root_of(state.accounts().map(|(address, account)| {
        let info = &account.info;
        let basic = BasicAccount {
            balance: info.balance,
            nonce: info.nonce,
            code_hash: info.code_hash,
        };
        let slots = account.storage.iter().map(|(slot, value)| (*slot, *value));
        (*address, basic, storage_root(slots))
    }))
}

/// The state root of these accounts, each with the root of its storage.
pub(crate) fn root_of(accounts: impl IntoIterator<Item = (Address, BasicAccount, B256)>) -> B256 {
    let leaf = |(address, basic, storage_root): (Address, BasicAccount, B256)| {
        let account = TrieAccount {
            nonce: basic.nonce,
            balance: basic.balance,
            storage_root,
            code_hash: basic.code_hash,
        };
        (keccak256(address), account)
    };
    let mut leaves: Vec<(B256, TrieAccount)> = accounts.into_iter().map(leaf).collect();
    leaves.sort_unstable_by_key(|(key, _)| *key);
    let mut trie = HashBuilder::default();
    let mut value = Vec::new();
    for (key, account) in leaves {
        value.clear();
        alloy_rlp::Encodable::encode(&account, &mut value);
        trie.add_leaf(Nibbles::unpack(key), &value);
    }
    trie.root()
}

/// The root of one account's storage; slots with value zero do not count.
pub fn storage_root(slots: impl IntoIterator<Item = (U256, U256)>) -> B256 {
    let mut leaves: Vec<(B256, U256)> = slots
        .into_iter()
        .filter(|(_, value)| !value.is_zero())
        .map(|(slot, value)| (keccak256(slot.to_be_bytes::<32>()), value))
        .collect();
    leaves.sort_unstable_by_key(|(key, _)| *key);
    let mut trie = HashBuilder::default();
    for (key, value) in leaves {
        trie.add_leaf(Nibbles::unpack(key), &alloy_rlp::encode(value));
    }
    trie.root()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::Bytes;
    use alloy_trie::EMPTY_ROOT_HASH;

    #[test]
    fn an_empty_state_has_the_empty_root() {
        assert_eq!(state_root(&MemoryState::default()), EMPTY_ROOT_HASH);
        assert_eq!(storage_root([]), EMPTY_ROOT_HASH);
    }

    #[test]
    fn slots_with_value_zero_do_not_count() {
        let one = (U256::from(1), U256::from(2));
        assert_eq!(
            storage_root([one, (U256::from(9), U256::ZERO)]),
            storage_root([one])
        );
    }

    #[test]
    fn an_existing_empty_account_counts() {
        let mut state = MemoryState::default();
        state.insert_account(Address::ZERO, U256::ZERO, 0, Bytes::new(), []);
        assert_ne!(state_root(&state), EMPTY_ROOT_HASH);
    }
}
