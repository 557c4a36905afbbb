//! Verifying keys as bytes, and the digest that names one.
//!
//! A key is not what plonky2 would write. That form has lengths that its reader allocates by, indices that its
//! verifier trusts, and several ways to say the same; whoever may register a digest may choose the bytes under it.
//! Here stand only the numbers that a circuit is free in, each within [`limits`]; everything else that plonky2's
//! verifier wants (selectors, cosets, shapes of FRI) is made of them as its builder makes it. So a key has one form,
//! reading it needs no memory but for its own few kilobytes, and every key that is read can verify proofs without a
//! panic.
//!
//! Only gates of plonky2's own can stand in a key: those of a circuit that verifies other proofs. The circuit of a
//! model has gates of ours besides, hides nothing of its input, and is made of the bundle by whoever wants to check
//! its proofs.
//!
//! The form is in `docs/proofs.md`, "A key as bytes". [`batches`] has that of batches.

pub mod batches;
mod cursor;
mod form;
mod gates;
pub mod limits;
mod parameters;

use crate::error::KeyError;
use crate::key::Verifier;
pub use crate::key_digest::KeyDigest;
use crate::statement::FIXED_INPUTS;
use cursor::Cursor;
pub use form::KEY_VERSION;
use form::{check_digest, check_length, check_work, head, held_to, read_circuit, read_head, write_circuit};

/// What the bytes of a key begin with.
pub const MAGIC: [u8; 8] = *b"METISKEY";

/// Writes a key.
///
/// # Errors
/// If the circuit has gates that are not plonky2's, or parameters beyond the limits: `docs/proofs.md` says which
/// circuits have keys as bytes.
pub fn to_bytes(key: &Verifier) -> Result<Vec<u8>, KeyError> {
    let mut bytes = head(MAGIC, key)?;
    write_circuit(&mut bytes, key.key())?;
    held_to(key.key(), read(&bytes)?.key())?;
    Ok(bytes)
}

/// Reads the key that has this digest. The digest is checked first: bytes that have another are not looked at.
///
/// # Errors
/// If the bytes have another digest, or are no key.
pub fn from_bytes(bytes: &[u8], digest: &KeyDigest) -> Result<Verifier, KeyError> {
    check_digest(bytes, digest)?;
    read(bytes)
}

fn read(bytes: &[u8]) -> Result<Verifier, KeyError> {
    check_length(bytes)?;
    let mut cursor = Cursor::new(bytes);
    let (model, outputs) = read_head(&mut cursor, MAGIC)?;
    let elements: usize = outputs.iter().map(|(_, count)| count).sum();
    let data = read_circuit(&mut cursor, FIXED_INPUTS + elements)?;
    let key = Verifier::new(model, outputs, data);
    check_work(&key)?;
    Ok(key)
}

#[cfg(test)]
mod tests;
