//! Proofs as bytes.
//!
//! The bytes are plonky2's, whose reader trusts them: it takes numbers that are not below p, and lengths of
//! Merkle proofs as they stand there. Everything about a proof's form follows from the circuit, so it is
//! checked here first, byte by byte, and a proof has one form.

use crate::error::VerifyError;
use crate::field::{D, F, ProofConfig};
use plonky2::field::types::Field64;
use plonky2::plonk::circuit_data::CommonCircuitData;
use plonky2::plonk::proof::{Proof, ProofWithPublicInputs};
use plonky2::util::serialization::{Buffer, Read};

/// Elements that hide a row of the prover's columns, where a proof hides them.
pub(crate) const SALT: usize = 4;

/// Elements of a hash.
const HASH: usize = 4;

/// A part of a proof.
enum Part {
    /// So many elements of the field, eight bytes each, little-endian.
    Elements(usize),
    /// A byte that says how many hashes a Merkle proof has, and these.
    MerkleProof(usize),
}

/// Writes a proof, without its public inputs.
pub fn encode(proof: &ProofWithPublicInputs<F, ProofConfig, D>) -> Vec<u8> {
    let mut bytes = proof.to_bytes();
    // They stand at the end, after their number.
    bytes.truncate(bytes.len() - 8 * (1 + proof.public_inputs.len()));
    bytes
}

/// Reads a proof of the circuit.
///
/// # Errors
/// If the bytes do not have exactly its form.
pub fn decode(
    bytes: &[u8],
    common: &CommonCircuitData<F, D>,
) -> Result<Proof<F, ProofConfig, D>, VerifyError> {
    let mut rest = bytes;
    for part in parts(common) {
        let elements = match part {
            Part::Elements(elements) => elements,
            Part::MerkleProof(hashes) => {
                let at = bytes.len() - rest.len();
                let (&length, after) = rest.split_first().ok_or_else(|| malformed(at, "it ends here"))?;
                if usize::from(length) != hashes {
                    return Err(malformed(at, "a Merkle proof has another length"));
                }
                rest = after;
                hashes * HASH
            }
        };
        for _ in 0..elements {
            let at = bytes.len() - rest.len();
            let (element, after) = rest
                .split_first_chunk::<8>()
                .ok_or_else(|| malformed(at, "it ends here"))?;
            if u64::from_le_bytes(*element) >= F::ORDER {
                return Err(malformed(at, "a number is not below p"));
            }
            rest = after;
        }
    }
    if !rest.is_empty() {
        return Err(malformed(
            bytes.len() - rest.len(),
            "there are bytes after its end",
        ));
    }
    let mut reader = Buffer::new(bytes);
    reader
        .read_proof::<F, ProofConfig, D>(common)
        .map_err(|_| malformed(bytes.len(), "it ends here"))
}

fn malformed(at: usize, why: &'static str) -> VerifyError {
    VerifyError::Malformed { at, why }
}

/// Bytes of every proof of the circuit.
pub(crate) fn proof_bytes(common: &CommonCircuitData<F, D>) -> usize {
    let bytes = |part: &Part| match part {
        Part::Elements(elements) => 8 * elements,
        Part::MerkleProof(hashes) => 1 + 8 * HASH * hashes,
    };
    parts(common).iter().map(bytes).sum()
}

/// Elements of a proof that the verifier's transcript takes in: all but the queries.
pub(crate) fn transcript_elements(common: &CommonCircuitData<F, D>) -> usize {
    let [first, second, last] = transcript_parts(common);
    first + second + last
}

/// Columns of the four trees: the key's, of wires, of products and of quotients; `salt` more where these hide.
pub(crate) fn columns(common: &CommonCircuitData<F, D>, salt: usize) -> [usize; 4] {
    let challenges = common.config.num_challenges;
    [
        common.num_constants + common.config.num_routed_wires,
        common.config.num_wires + salt,
        challenges * (1 + common.num_partial_products) + salt,
        challenges * common.quotient_degree_factor + salt,
    ]
}

/// Elements of caps and openings; of the caps of FRI's steps; of its last polynomial with the witness of the work.
fn transcript_parts(common: &CommonCircuitData<F, D>) -> [usize; 3] {
    let fri = &common.fri_params;
    let cap = HASH << common.config.fri_config.cap_height;
    // Products are opened at two points.
    let opened = columns(common, 0).iter().sum::<usize>() + common.config.num_challenges;
    [
        3 * cap + D * opened,
        fri.reduction_arity_bits.len() * cap,
        D * fri.final_poly_len() + 1,
    ]
}

/// What a proof of the circuit is made of, in order.
fn parts(common: &CommonCircuitData<F, D>) -> Vec<Part> {
    let config = &common.config;
    let fri = &common.fri_params;
    let [openings, caps, last] = transcript_parts(common);
    let mut parts = vec![Part::Elements(openings), Part::Elements(caps)];

    let depth = |domain_bits: usize| domain_bits.saturating_sub(config.fri_config.cap_height);
    let domain_bits = fri.degree_bits + config.fri_config.rate_bits;
    let salt = if fri.hiding { SALT } else { 0 };
    for _ in 0..config.fri_config.num_query_rounds {
        for columns in columns(common, salt) {
            parts.push(Part::Elements(columns));
            parts.push(Part::MerkleProof(depth(domain_bits)));
        }
        let mut bits = domain_bits;
        for &arity_bits in &fri.reduction_arity_bits {
            bits -= arity_bits;
            parts.push(Part::Elements(D << arity_bits));
            parts.push(Part::MerkleProof(depth(bits)));
        }
    }
    parts.push(Part::Elements(last));
    parts
}

/// Bytes that have the form of the circuit's proofs, of numbers that are given one by one.
#[cfg(test)]
pub(crate) fn made_up(common: &CommonCircuitData<F, D>, mut number: impl FnMut() -> u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts(common) {
        let elements = match part {
            Part::Elements(elements) => elements,
            Part::MerkleProof(hashes) => {
                bytes.push(u8::try_from(hashes).expect("trees are low"));
                hashes * HASH
            }
        };
        bytes.extend((0..elements).flat_map(|_| (number() % F::ORDER).to_le_bytes()));
    }
    bytes
}
