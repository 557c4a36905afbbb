//! What names a verifying key.

use sha3::{Digest as _, Keccak256};
use std::fmt;

/// The name of a verifying key: the Keccak-256 hash of its bytes.
///
/// Keccak, though the proofs' own hash is Poseidon: bundles have their names from it, and it is the hash that
/// contracts have, so that one who is given a key can check it against the registry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyDigest(pub [u8; 32]);

impl KeyDigest {
    /// The digest of a key's bytes, whatever they are.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Keccak256::digest(bytes).into())
    }
}

impl fmt::Display for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
