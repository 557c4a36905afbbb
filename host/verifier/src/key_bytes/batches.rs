//! The keys of batches as bytes: those of single proofs with the shape of the tree.

use super::cursor::Cursor;
use super::form::{
    check_digest, check_length, check_work, head, held_to, read_circuit, read_head, write_circuit,
};
use super::limits::{MAX_BATCH_INPUTS, MAX_LEVELS};
use crate::batch::{BatchVerifier, DIGEST_ELEMENTS, capacity};
use crate::error::KeyError;
use crate::key::Verifier;
use crate::key_digest::KeyDigest;
use crate::statement::FIXED_INPUTS;

/// What the bytes of a batch's key begin with.
pub const MAGIC: [u8; 8] = *b"METISBAT";

/// Writes the key of a batch.
///
/// # Errors
/// If the circuit has gates that are not plonky2's, as a `BatchCircuit` has and no tree, or something is beyond the
/// limits.
pub fn to_bytes(key: &BatchVerifier) -> Result<Vec<u8>, KeyError> {
    let mut bytes = head(MAGIC, key.single())?;
    let levels = key.arities();
    bytes.push(u8::try_from(levels.len()).map_err(|_| KeyError::Limit("levels of a batch"))?);
    for &arity in levels {
        let arity = u32::try_from(arity).map_err(|_| KeyError::Limit("children of a node"))?;
        bytes.extend(arity.to_le_bytes());
    }
    write_circuit(&mut bytes, key.key())?;
    held_to(key.key(), read(&bytes)?.key())?;
    Ok(bytes)
}

/// Reads the key of a batch that has this digest. The digest is checked first: bytes that have another are not looked
/// at.
///
/// # Errors
/// If the bytes have another digest, or are no key of a batch.
pub fn from_bytes(bytes: &[u8], digest: &KeyDigest) -> Result<BatchVerifier, KeyError> {
    check_digest(bytes, digest)?;
    read(bytes)
}

fn read(bytes: &[u8]) -> Result<BatchVerifier, KeyError> {
    check_length(bytes)?;
    let mut cursor = Cursor::new(bytes);
    let (model, outputs) = read_head(&mut cursor, MAGIC)?;
    let levels = usize::from(cursor.byte()?);
    if !(1..=MAX_LEVELS).contains(&levels) {
        return Err(KeyError::Limit("levels of a batch"));
    }
    let arities = (0..levels).map(|_| Ok(u32::from_le_bytes(cursor.array()?) as usize));
    let arities = arities.collect::<Result<Vec<usize>, KeyError>>()?;
    let elements: usize = outputs.iter().map(|(_, count)| count).sum();
    // Whatever the number of statements, as many as the tree holds are hashed.
    let inputs = capacity(&arities).and_then(|capacity| capacity.checked_mul(FIXED_INPUTS + elements));
    if inputs.is_none_or(|inputs| inputs > MAX_BATCH_INPUTS) {
        return Err(KeyError::Limit("statements of a batch"));
    }
    let data = read_circuit(&mut cursor, DIGEST_ELEMENTS)?;
    let single = Verifier::new(model, outputs, data.clone());
    check_work(&single)?;
    Ok(BatchVerifier::new(single, arities, data))
}
