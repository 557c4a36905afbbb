//! Proofs in the shape of `eth_getProof` (EIP-1186).

use alloy_primitives::{Address, B256, Bytes, U64, U256};
use serde::{Deserialize, Serialize};

/// An account as one state root has it, with the proof of it and of some of its slots. The names are those
/// of the JSON-RPC answer; numbers are hexadecimal quantities there.
///
/// An account that does not exist has no balance, nonce, code or storage; its proof shows that it is
/// absent. Proofs are lists of the RLP of trie nodes, the root first, and empty for an empty trie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountProof {
    /// Whose account this is.
    pub address: Address,
    /// The nodes from the state root to the account, or to where it would be.
    pub account_proof: Vec<Bytes>,
    /// Wei.
    pub balance: U256,
    /// The Keccak-256 hash of the code; that of nothing where there is none.
    pub code_hash: B256,
    /// Transactions sent, or contracts created.
    pub nonce: U64,
    /// The root of the account's storage trie.
    pub storage_hash: B256,
    /// One for every slot that was asked for, in that order.
    pub storage_proof: Vec<StorageProof>,
}

/// One slot and its proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageProof {
    /// The slot's number, not hashed.
    pub key: U256,
    /// Its value; zero where the proof shows that it is absent.
    pub value: U256,
    /// The nodes from the storage root to the slot, or to where it would be.
    pub proof: Vec<Bytes>,
}
