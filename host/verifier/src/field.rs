//! The field of the proofs, and integers in it.

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::{Field, Field64, PrimeField64};
use plonky2::hash::poseidon::PoseidonHash;
use plonky2::plonk::config::PoseidonGoldilocksConfig;

/// Goldilocks: integers modulo p = 2^64 − 2^32 + 1.
pub type F = GoldilocksField;

/// The degree of the extension that challenges are drawn from.
pub const D: usize = 2;

/// Poseidon for Merkle trees, transcript and commitments.
pub type ProofConfig = PoseidonGoldilocksConfig;

/// The hash of [`ProofConfig`].
pub type Hasher = PoseidonHash;

/// The residue of an integer.
pub fn residue(value: i64) -> F {
    F::from_noncanonical_i64(value)
}

/// The integer of least magnitude with that residue.
pub fn integer(element: F) -> i64 {
    let value = element.to_canonical_u64();
    if value > F::ORDER / 2 {
        -((F::ORDER - value) as i64)
    } else {
        value as i64
    }
}

/// The residue of a number below 2^32, as limbs of public inputs are.
pub fn limb(value: u32) -> F {
    F::from_canonical_u32(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_come_back() {
        for value in [
            0,
            1,
            -1,
            i64::from(i32::MIN),
            i64::from(i32::MAX),
            1 << 62,
            -(1 << 62),
        ] {
            assert_eq!(integer(residue(value)), value);
        }
    }
}
