//! What verification costs. A schedule has a version and is fixed by the chain spec; a change of any number is a new
//! version, never an edit.

use metisvm_verifier::VerifyWork;
use serde::{Deserialize, Serialize, de::Error as _};

/// Elements of the field that a permutation takes in.
const RATE: u64 = 8;

/// Elements of a commitment before those of the input: domain, salt, length.
const COMMITMENT_HEAD: u64 = 10;

/// Bytes of an input in an element.
const PACKED_BYTES: u64 = metisvm_verifier::commitment::PACKED_BYTES as u64;

/// The prices of one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProofGasSchedule {
    /// For every call: decoding, the look-up of the key.
    base: u64,
    /// For each 32-byte word of call data: copied, checked, hashed for the memo.
    per_call_data_word: u64,
    /// For each permutation of Poseidon.
    per_permutation: u64,
    /// For so many products in the extension of the field, 1 gas.
    products_per_gas: u64,
}

impl ProofGasSchedule {
    /// Version 1.
    pub const V1: Self = Self {
        base: 2_000,
        per_call_data_word: 16,
        per_permutation: 60,
        products_per_gas: 2,
    };

    /// What is charged before the call data is looked at.
    pub const fn call_data_gas(&self, call_data_bytes: u64) -> u64 {
        let words = call_data_bytes.div_ceil(32);
        self.base
            .saturating_add(self.per_call_data_word.saturating_mul(words))
    }

    /// What is charged for a verification with a key.
    pub const fn verification_gas(&self, work: &VerifyWork) -> u64 {
        let hashing = self.per_permutation.saturating_mul(work.permutations);
        hashing.saturating_add(work.products.div_ceil(self.products_per_gas))
    }

    /// What is charged for the commitment to an input.
    pub const fn commitment_gas(&self, input_bytes: u64) -> u64 {
        let elements = input_bytes.div_ceil(PACKED_BYTES).saturating_add(COMMITMENT_HEAD);
        self.per_permutation.saturating_mul(elements.div_ceil(RATE))
    }
}

/// The version of a schedule, as a chain spec names it: a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofGasScheduleVersion {
    /// Version 1.
    V1,
}

impl ProofGasScheduleVersion {
    /// The prices of this version.
    pub const fn schedule(self) -> ProofGasSchedule {
        match self {
            Self::V1 => ProofGasSchedule::V1,
        }
    }
}

impl Serialize for ProofGasScheduleVersion {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(match self {
            Self::V1 => 1,
        })
    }
}

impl<'de> Deserialize<'de> for ProofGasScheduleVersion {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            1 => Ok(Self::V1),
            number => Err(D::Error::custom(format!(
                "gas schedule {number} of proofs does not exist; there are: 1"
            ))),
        }
    }
}
