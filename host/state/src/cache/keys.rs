//! Accounts and slots as words, and their hashes.
//!
//! The hashes are seeded at random: nobody can choose keys that crowd into one set. The seed decides where
//! an entry lies and what makes room for it, never a value.

use alloy_primitives::{
    Address, B256, U256,
    map::{DefaultHashBuilder, FbBuildHasher},
};
use core::hash::BuildHasher;
use revm::state::AccountInfo;

/// An address in words, the last one filled up with zeros.
pub(super) const ACCOUNT_KEY: usize = 3;
/// Balance, code hash, nonce, and 1 where the account exists.
pub(super) const ACCOUNT_VALUE: usize = 10;
/// Address, then slot.
pub(super) const SLOT_KEY: usize = 7;
/// A slot's value.
pub(super) const SLOT_VALUE: usize = 4;

/// A key of a table: its words, and their hash.
pub(super) struct Key<const K: usize> {
    pub(super) hash: u64,
    pub(super) words: [u64; K],
}

/// The hashers of a cache. Clones hash alike.
#[derive(Clone, Default)]
pub(super) struct Hashers {
    address: FbBuildHasher<20>,
    word: FbBuildHasher<32>,
    any: DefaultHashBuilder,
}

impl Hashers {
    #[inline]
    pub(super) fn address(&self, address: &Address) -> u64 {
        self.address.hash_one(address)
    }

    #[inline]
    pub(super) fn code(&self, hash: &B256) -> u64 {
        self.word.hash_one(hash)
    }

    #[inline]
    pub(super) fn account_key(&self, address: &Address) -> Key<ACCOUNT_KEY> {
        Key {
            hash: self.address(address),
            words: address_words(address),
        }
    }

    /// The key of a slot; `address_hash` is that of its account's address.
    #[inline]
    pub(super) fn slot_key(&self, address_hash: u64, address: &Address, slot: &U256) -> Key<SLOT_KEY> {
        // The multiplier is 2^64 divided by the golden ratio; folding the product brings all bits down.
        let mixed = address_hash.rotate_left(32) ^ self.word.hash_one(slot);
        let product = u128::from(mixed) * 0x9e37_79b9_7f4a_7c15;
        let [a, b, c] = address_words(address);
        let [d, e, f, g] = *slot.as_limbs();
        Key {
            hash: (product >> 64) as u64 ^ product as u64,
            words: [a, b, c, d, e, f, g],
        }
    }

    pub(super) fn any(&self) -> &DefaultHashBuilder {
        &self.any
    }
}

#[inline]
fn address_words(address: &Address) -> [u64; ACCOUNT_KEY] {
    let mut bytes = [0; 24];
    bytes[..20].copy_from_slice(address.as_slice());
    let mut words = [0; ACCOUNT_KEY];
    for (word, chunk) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u64::from_le_bytes(*chunk);
    }
    words
}

/// The address in the first words of a key.
pub(super) fn address_of(key: &[u64]) -> Address {
    let mut bytes = [0; 24];
    for (chunk, word) in bytes.as_chunks_mut().0.iter_mut().zip(key) {
        *chunk = word.to_le_bytes();
    }
    Address::from_slice(&bytes[..20])
}

pub(super) fn account_value(account: Option<(&U256, u64, &B256)>) -> [u64; ACCOUNT_VALUE] {
    let Some((balance, nonce, code_hash)) = account else {
        return [0; ACCOUNT_VALUE];
    };
    let [a, b, c, d] = *balance.as_limbs();
    let [e, f, g, h] = *U256::from_le_bytes(code_hash.0).as_limbs();
    [a, b, c, d, e, f, g, h, nonce, 1]
}

/// The account without its code, which is asked for by its hash.
#[inline]
pub(super) fn account_of(value: &[u64; ACCOUNT_VALUE]) -> Option<AccountInfo> {
    let [a, b, c, d, e, f, g, h, nonce, exists] = *value;
    (exists != 0).then(|| AccountInfo {
        balance: U256::from_limbs([a, b, c, d]),
        nonce,
        code_hash: B256::new(U256::from_limbs([e, f, g, h]).to_le_bytes()),
        account_id: None,
        code: None,
    })
}
