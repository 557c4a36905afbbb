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
//! The form is in `docs/proofs.md`, "A key as bytes".

mod cursor;
mod gates;
pub mod limits;
mod parameters;

use crate::error::KeyError;
use crate::field::{F, ProofConfig};
use crate::key::Verifier;
pub use crate::key_digest::KeyDigest;
use crate::statement::{FIXED_INPUTS, VERSION};
use cursor::Cursor;
use limits::{MAX_KEY_BYTES, MAX_OUTPUT_ELEMENTS, MAX_OUTPUTS};
use metisvm_model::{DType, ModelId};
use parameters::Parameters;
use plonky2::field::types::{Field, Field64, PrimeField64};
use plonky2::hash::hash_types::HashOut;
use plonky2::hash::merkle_tree::MerkleCap;
use plonky2::plonk::circuit_data::{VerifierCircuitData, VerifierOnlyCircuitData};

/// What the bytes of a key begin with.
pub const MAGIC: [u8; 8] = *b"METISKEY";

/// The version of the form.
pub const KEY_VERSION: u32 = 1;

/// Writes a key.
///
/// # Errors
/// If the circuit has gates that are not plonky2's, or parameters beyond the limits: `docs/proofs.md` says which
/// circuits have keys as bytes.
pub fn to_bytes(key: &Verifier) -> Result<Vec<u8>, KeyError> {
    let data = key.key();
    let parameters = Parameters::of(&data.common)?;
    let mut bytes = MAGIC.to_vec();
    bytes.extend(KEY_VERSION.to_le_bytes());
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(key.model().0);
    let outputs = key.outputs();
    bytes.push(u8::try_from(outputs.len()).map_err(|_| KeyError::Limit("outputs"))?);
    for &(dtype, elements) in outputs {
        bytes.push(dtype.code());
        let elements = u32::try_from(elements).map_err(|_| KeyError::Limit("elements of an output"))?;
        bytes.extend(elements.to_le_bytes());
    }
    parameters.write(&mut bytes);
    let hashes = [data.verifier_only.circuit_digest];
    for hash in hashes.iter().chain(&data.verifier_only.constants_sigmas_cap.0) {
        for element in hash.elements {
            bytes.extend(element.to_canonical_u64().to_le_bytes());
        }
    }
    // What a reader would make of it is what was written, or else nothing is written.
    let read = read(&bytes)?;
    let data_read = read.key();
    if data_read.common != data.common || data_read.verifier_only != data.verifier_only {
        return Err(KeyError::Parameters(
            "the circuit was not made as plonky2's builder makes circuits",
        ));
    }
    Ok(bytes)
}

/// Reads the key that has this digest. The digest is checked first: bytes that have another are not looked at.
///
/// # Errors
/// If the bytes have another digest, or are no key.
pub fn from_bytes(bytes: &[u8], digest: &KeyDigest) -> Result<Verifier, KeyError> {
    // Hashing, too, is work that somebody else's bytes ask for.
    if bytes.len() > MAX_KEY_BYTES {
        return Err(KeyError::Limit("bytes of a key"));
    }
    let actual = KeyDigest::of(bytes);
    if actual != *digest {
        return Err(KeyError::Digest {
            expected: *digest,
            actual,
        });
    }
    read(bytes)
}

fn read(bytes: &[u8]) -> Result<Verifier, KeyError> {
    if bytes.len() > MAX_KEY_BYTES {
        return Err(KeyError::Limit("bytes of a key"));
    }
    let mut cursor = Cursor::new(bytes);
    if cursor.array()? != MAGIC {
        return Err(cursor.malformed("it does not begin as a key does"));
    }
    let version = u32::from_le_bytes(cursor.array()?);
    if version != KEY_VERSION {
        return Err(KeyError::Version {
            what: "form",
            found: version,
            known: KEY_VERSION,
        });
    }
    let circuit = u32::from_le_bytes(cursor.array()?);
    if circuit != VERSION {
        return Err(KeyError::Version {
            what: "circuits",
            found: circuit,
            known: VERSION,
        });
    }
    let model = ModelId(cursor.array()?);
    let outputs = read_outputs(&mut cursor)?;
    let elements: usize = outputs.iter().map(|(_, count)| count).sum();
    let parameters = Parameters::read(&mut cursor)?;
    let common = parameters.common(FIXED_INPUTS + elements)?;
    let circuit_digest = hash(&mut cursor)?;
    let cap = (0..1usize << parameters.cap_height()).map(|_| hash(&mut cursor));
    let cap = cap.collect::<Result<Vec<_>, _>>()?;
    cursor.end()?;
    let data = VerifierCircuitData {
        verifier_only: VerifierOnlyCircuitData::<ProofConfig, { crate::field::D }> {
            constants_sigmas_cap: MerkleCap(cap),
            circuit_digest,
        },
        common,
    };
    let key = Verifier::new(model, outputs, data);
    if key.work().permutations > limits::MAX_PERMUTATIONS || key.proof_bytes() > limits::MAX_PROOF_BYTES {
        return Err(KeyError::Limit("work of a verification"));
    }
    Ok(key)
}

fn read_outputs(cursor: &mut Cursor<'_>) -> Result<Vec<(DType, usize)>, KeyError> {
    let count = usize::from(cursor.byte()?);
    if !(1..=MAX_OUTPUTS).contains(&count) {
        return Err(KeyError::Limit("outputs"));
    }
    let mut outputs = Vec::with_capacity(count);
    let mut left = MAX_OUTPUT_ELEMENTS;
    for _ in 0..count {
        let code = cursor.byte()?;
        let dtype = DType::ALL.into_iter().find(|dtype| dtype.code() == code);
        let dtype = dtype.ok_or_else(|| cursor.malformed("no type of elements has this code"))?;
        let elements = u32::from_le_bytes(cursor.array()?) as usize;
        left = left
            .checked_sub(elements)
            .ok_or(KeyError::Limit("elements of the outputs"))?;
        outputs.push((dtype, elements));
    }
    Ok(outputs)
}

fn hash(cursor: &mut Cursor<'_>) -> Result<HashOut<F>, KeyError> {
    let mut elements = [F::ZERO; 4];
    for element in &mut elements {
        let value = u64::from_le_bytes(cursor.array()?);
        if value >= F::ORDER {
            return Err(cursor.malformed("a number is not below p"));
        }
        *element = F::from_canonical_u64(value);
    }
    Ok(HashOut { elements })
}

#[cfg(test)]
mod tests;
