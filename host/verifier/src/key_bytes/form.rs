//! The parts of a key's bytes that the keys of single proofs and of batches have in common.

use super::cursor::Cursor;
use super::limits::{MAX_KEY_BYTES, MAX_OUTPUT_ELEMENTS, MAX_OUTPUTS, MAX_PERMUTATIONS, MAX_PROOF_BYTES};
use super::parameters::Parameters;
use crate::error::KeyError;
use crate::field::{D, F, ProofConfig};
use crate::key::Verifier;
use crate::key_digest::KeyDigest;
use crate::statement::VERSION;
use metisvm_model::{DType, ModelId};
use plonky2::field::types::{Field, Field64, PrimeField64};
use plonky2::hash::hash_types::HashOut;
use plonky2::hash::merkle_tree::MerkleCap;
use plonky2::plonk::circuit_data::{VerifierCircuitData, VerifierOnlyCircuitData};

/// A key as plonky2 has it.
pub(super) type Data = VerifierCircuitData<F, ProofConfig, D>;

/// The version of the form.
pub const KEY_VERSION: u32 = 1;

/// What the bytes of a key begin with: what it is, versions, the model and its outputs.
pub(super) fn head(magic: [u8; 8], key: &Verifier) -> Result<Vec<u8>, KeyError> {
    let mut bytes = magic.to_vec();
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
    Ok(bytes)
}

/// What they end with: the circuit.
pub(super) fn write_circuit(bytes: &mut Vec<u8>, data: &Data) -> Result<(), KeyError> {
    Parameters::of(&data.common)?.write(bytes);
    let hashes = [data.verifier_only.circuit_digest];
    for hash in hashes.iter().chain(&data.verifier_only.constants_sigmas_cap.0) {
        for element in hash.elements {
            bytes.extend(element.to_canonical_u64().to_le_bytes());
        }
    }
    Ok(())
}

/// What a reader would make of a key is what was written, or else nothing is written.
pub(super) fn held_to(written: &Data, read: &Data) -> Result<(), KeyError> {
    if read.common != written.common || read.verifier_only != written.verifier_only {
        return Err(KeyError::Parameters(
            "the circuit was not made as plonky2's builder makes circuits",
        ));
    }
    Ok(())
}

/// Makes sure that bytes have a digest, before anything else of them is looked at.
pub(super) fn check_digest(bytes: &[u8], digest: &KeyDigest) -> Result<(), KeyError> {
    check_length(bytes)?;
    let actual = KeyDigest::of(bytes);
    if actual != *digest {
        return Err(KeyError::Digest {
            expected: *digest,
            actual,
        });
    }
    Ok(())
}

/// Hashing, too, is work that somebody else's bytes ask for.
pub(super) const fn check_length(bytes: &[u8]) -> Result<(), KeyError> {
    if bytes.len() > MAX_KEY_BYTES {
        return Err(KeyError::Limit("bytes of a key"));
    }
    Ok(())
}

/// Reads what bytes begin with.
pub(super) fn read_head(
    cursor: &mut Cursor<'_>,
    magic: [u8; 8],
) -> Result<(ModelId, Vec<(DType, usize)>), KeyError> {
    if cursor.array()? != magic {
        return Err(cursor.malformed("it does not begin as such a key does"));
    }
    for (what, known) in [("form", KEY_VERSION), ("circuits", VERSION)] {
        let found = u32::from_le_bytes(cursor.array()?);
        if found != known {
            return Err(KeyError::Version { what, found, known });
        }
    }
    let model = ModelId(cursor.array()?);
    Ok((model, read_outputs(cursor)?))
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

/// Reads the circuit, which has so many public inputs, and after which nothing may follow.
pub(super) fn read_circuit(cursor: &mut Cursor<'_>, public_inputs: usize) -> Result<Data, KeyError> {
    let parameters = Parameters::read(cursor)?;
    let common = parameters.common(public_inputs)?;
    let circuit_digest = hash(cursor)?;
    let cap = (0..1usize << parameters.cap_height()).map(|_| hash(cursor));
    let cap = cap.collect::<Result<Vec<_>, _>>()?;
    cursor.end()?;
    Ok(VerifierCircuitData {
        verifier_only: VerifierOnlyCircuitData {
            constants_sigmas_cap: MerkleCap(cap),
            circuit_digest,
        },
        common,
    })
}

/// Makes sure that a verification costs no more than it may.
pub(super) fn check_work(key: &Verifier) -> Result<(), KeyError> {
    if key.work().permutations > MAX_PERMUTATIONS || key.proof_bytes() > MAX_PROOF_BYTES {
        return Err(KeyError::Limit("work of a verification"));
    }
    Ok(())
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
