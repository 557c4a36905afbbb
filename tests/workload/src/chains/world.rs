//! The state before the first block, while it is written: people with ether, contracts with their slots.
//!
//! A slot of a mapping lies at `keccak256(key ‖ slot of the mapping)`, both of 32 bytes ("Layout of state
//! variables in storage" in the documentation of Solidity); where the mappings lie, the artefacts say.

use super::people::keyless;
use crate::{DigitModels, artefacts::Artefact, genesis};
use alloy_primitives::{
    Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256,
    map::{B256Set, U256Map},
};
use metisvm_state::{AccountChange, BasicAccount, MemoryState, StateChanges};

/// The contracts of a scenario, in the order in which they were placed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deployed {
    /// `Token`s.
    pub tokens: Vec<Address>,
    /// `Pair`s.
    pub pairs: Vec<Address>,
    /// The `Dao`.
    pub dao: Option<Address>,
    /// The `Collectible`.
    pub collectible: Option<Address>,
    /// The `DigitClassifier`s of the MLP and of the CNN.
    pub classifiers: Vec<Address>,
}

/// The state before the first block.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) deployed: Deployed,
    state: MemoryState,
    /// What is not in `state` yet. Contracts of the same code share it this way, instead of each being
    /// analysed and kept anew.
    changes: StateChanges,
    codes: B256Set,
    addresses: usize,
}

impl World {
    /// The genesis of the development chain.
    pub(crate) fn new(models: &DigitModels) -> Self {
        Self {
            deployed: Deployed::default(),
            state: genesis(models),
            changes: StateChanges::default(),
            codes: B256Set::default(),
            addresses: 0,
        }
    }

    /// A thousand ether for each.
    pub(crate) fn fund(&mut self, addresses: impl IntoIterator<Item = Address>) {
        for address in addresses {
            self.put(address, whole(1_000), 0, KECCAK256_EMPTY, U256Map::default());
        }
    }

    /// An address for a contract that is placed later.
    pub(crate) fn address(&mut self) -> Address {
        self.addresses += 1;
        keyless("contract", self.addresses)
    }

    /// Places a contract.
    pub(crate) fn place(&mut self, address: Address, code: &Code, storage: U256Map<U256>) {
        if self.codes.insert(code.hash) {
            self.state
                .insert_account(address, U256::ZERO, 1, code.runtime.clone(), []);
        }
        // Nonce 1, as every contract has since EIP-161.
        self.put(address, U256::ZERO, 1, code.hash, storage);
    }

    /// The state.
    pub(crate) fn finish(mut self) -> (MemoryState, Deployed) {
        self.state.apply(&self.changes);
        (self.state, self.deployed)
    }

    fn put(&mut self, address: Address, balance: U256, nonce: u64, code_hash: B256, storage: U256Map<U256>) {
        let account = BasicAccount {
            balance,
            nonce,
            code_hash,
        };
        let change = AccountChange {
            account: Some(account),
            storage_cleared: false,
            storage,
        };
        self.changes.accounts.insert(address, change);
    }
}

/// Runtime code with its hash.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    runtime: Bytes,
    hash: B256,
}

impl Code {
    pub(crate) fn new(artefact: &Artefact) -> Self {
        Self {
            hash: keccak256(&artefact.runtime),
            runtime: artefact.runtime.clone(),
        }
    }
}

/// The slot of a key in the mapping at `slot`.
pub(crate) fn mapped(key: B256, slot: U256) -> U256 {
    let mut preimage = [0; 64];
    preimage[..32].copy_from_slice(key.as_slice());
    preimage[32..].copy_from_slice(&slot.to_be_bytes::<32>());
    keccak256(preimage).into()
}

/// An address as the value of a slot.
pub(crate) fn word(address: Address) -> U256 {
    address.into_word().into()
}

/// A string of at most 31 bytes as the value of its slot: the bytes first, twice their number last.
pub(crate) fn short_string(text: &str) -> U256 {
    assert!(text.len() < 32, "{text:?} needs more than one slot");
    let mut bytes = [0; 32];
    bytes[..text.len()].copy_from_slice(text.as_bytes());
    bytes[31] = 2 * text.len() as u8;
    U256::from_be_bytes(bytes)
}

/// Whole tokens of 18 decimals, or whole ether, in their smallest unit.
pub(crate) fn whole(amount: u64) -> U256 {
    U256::from(amount) * U256::from(1_000_000_000_000_000_000_u64)
}
