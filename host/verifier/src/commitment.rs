//! The commitment to an input: Poseidon over domain, salt, length and the raw bytes.

use crate::field::{F, Hasher, limb};
use plonky2::field::types::{Field, PrimeField64};
use plonky2::plonk::config::Hasher as _;

/// "METISIN0" as a little-endian number, less than p: what keeps these hashes apart from others by Poseidon.
pub const DOMAIN: u64 = u64::from_le_bytes(*b"METISIN0");

/// Bytes of an input that one element says.
pub const PACKED_BYTES: usize = 7;

/// What makes a commitment to an input that can be guessed say nothing of it. It must be drawn at random and
/// kept secret as long as the input is.
pub type Salt = [u8; 32];

/// A commitment: four elements of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Commitment(pub(crate) [F; 4]);

impl Commitment {
    /// The elements.
    pub const fn elements(&self) -> [F; 4] {
        self.0
    }

    /// Each element as eight bytes, little-endian.
    pub fn to_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, element) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&element.to_canonical_u64().to_le_bytes());
        }
        bytes
    }

    /// The commitment with these bytes; `None` where one of the four numbers is not below p.
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        use plonky2::field::types::Field64;
        let mut elements = [F::ZERO; 4];
        for (element, chunk) in elements.iter_mut().zip(bytes.as_chunks::<8>().0) {
            let value = u64::from_le_bytes(*chunk);
            if value >= F::ORDER {
                return None;
            }
            *element = F::from_canonical_u64(value);
        }
        Some(Self(elements))
    }
}

/// The salt as 32-bit limbs, little-endian.
pub fn salt_elements(salt: &Salt) -> [F; 8] {
    words(salt).map(limb)
}

/// 32 bytes as eight words, little-endian.
pub fn words(bytes: &[u8; 32]) -> [u32; 8] {
    let chunks = bytes.as_chunks::<4>().0;
    std::array::from_fn(|i| u32::from_le_bytes(chunks[i]))
}

/// The commitment to a raw input.
pub fn commit(salt: &Salt, input: &[u8]) -> Commitment {
    let mut message = vec![F::from_canonical_u64(DOMAIN)];
    message.extend(salt_elements(salt));
    message.push(F::from_canonical_usize(input.len()));
    message.extend(input.chunks(PACKED_BYTES).map(|chunk| {
        let mut bytes = [0; 8];
        bytes[..chunk.len()].copy_from_slice(chunk);
        F::from_canonical_u64(u64::from_le_bytes(bytes))
    }));
    Commitment(Hasher::hash_no_pad(&message).elements)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plonky2::field::types::Field64;

    #[test]
    fn domain_is_below_p() {
        const { assert!(DOMAIN < F::ORDER) };
    }

    #[test]
    fn everything_is_bound() {
        let original = commit(&[1; 32], b"twelve bytes");
        let mut salt = [1; 32];
        salt[31] = 0;
        assert_ne!(commit(&salt, b"twelve bytes"), original);
        assert_ne!(commit(&[1; 32], b"twelve byteS"), original);
        // Zeros at the end are what padding would be.
        assert_ne!(commit(&[1; 32], b"twelve bytes\0"), original);
        assert_eq!(Commitment::from_bytes(&original.to_bytes()), Some(original));
        assert_eq!(Commitment::from_bytes(&[0xff; 32]), None);
    }
}
