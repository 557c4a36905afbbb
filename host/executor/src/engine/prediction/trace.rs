//! What one execution did, as far as prediction learns from it: slots and hashes, in their order.

use alloy_primitives::{Address, B256, U256};

/// So many slots of an execution are looked at; the rest is only counted as unforeseen.
pub(super) const MAX_ACCESSES: usize = 256;
/// So many hashes of an execution are looked at.
pub(crate) const MAX_HASHES: usize = 1_024;

/// What one execution did. Worth learning from only where the call succeeded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trace {
    /// Each slot once, in the order of first touch.
    pub(crate) accesses: Vec<Access>,
    /// What was hashed, in any order.
    pub(crate) hashes: Vec<Hashed>,
}

/// A slot that an execution touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Access {
    /// Whose storage: that of the proxy where code was delegated to.
    pub(crate) address: Address,
    /// Which slot.
    pub(crate) slot: U256,
    /// Its value before the transaction.
    pub(crate) before: U256,
    /// Its value after the transaction.
    pub(crate) after: U256,
    /// It was written, be it with the same value.
    pub(crate) wrote: bool,
}

/// What may lie under a slot's hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Preimage {
    /// 32 bytes: the slot of a dynamic array.
    Word([U256; 1]),
    /// 64 bytes: a mapping's key and slot.
    Pair([U256; 2]),
}

impl Preimage {
    pub(super) fn words(&self) -> &[U256] {
        match self {
            Self::Word(words) => words,
            Self::Pair(words) => words,
        }
    }
}

/// A Keccak-256 hash that an execution computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hashed {
    pub(super) preimage: Preimage,
    pub(super) hash: U256,
}

impl Hashed {
    /// `None` for inputs of other lengths than 32 and 64 bytes, which no slot of a mapping or array has.
    pub(crate) fn new(input: &[u8], hash: B256) -> Option<Self> {
        let preimage = match input.len() {
            32 => Preimage::Word([U256::from_be_slice(input)]),
            64 => Preimage::Pair([
                U256::from_be_slice(&input[..32]),
                U256::from_be_slice(&input[32..]),
            ]),
            _ => return None,
        };
        let hash = hash.into();
        Some(Self { preimage, hash })
    }
}
