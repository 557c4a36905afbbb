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
const SALT: usize = 4;

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

/// What a proof of the circuit is made of, in order.
fn parts(common: &CommonCircuitData<F, D>) -> Vec<Part> {
    let config = &common.config;
    let fri = &common.fri_params;
    let cap = HASH << config.fri_config.cap_height;
    let challenges = config.num_challenges;
    let products = challenges * common.num_partial_products;
    let quotients = challenges * common.quotient_degree_factor;
    // Openings of constants, copies, wires; of the products at two points; of partial products and quotients.
    let opened = common.num_constants
        + config.num_routed_wires
        + config.num_wires
        + 2 * challenges
        + products
        + quotients;
    let mut parts = vec![Part::Elements(3 * cap + D * opened)];
    parts.push(Part::Elements(fri.reduction_arity_bits.len() * cap));

    let depth = |domain_bits: usize| domain_bits.saturating_sub(config.fri_config.cap_height);
    let domain_bits = fri.degree_bits + config.fri_config.rate_bits;
    // The verifying key's tree, and those of wires, products, quotients.
    let salt = if fri.hiding { SALT } else { 0 };
    let trees = [
        common.num_constants + config.num_routed_wires,
        config.num_wires + salt,
        challenges + products + salt,
        quotients + salt,
    ];
    for _ in 0..config.fri_config.num_query_rounds {
        for columns in trees {
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
    parts.push(Part::Elements(D * fri.final_poly_len() + 1));
    parts
}
