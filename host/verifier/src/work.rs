//! What a verification costs, counted from the circuit's shape.

use crate::encoding::{self, SALT};
use crate::field::{D, F};
use plonky2::plonk::circuit_data::CommonCircuitData;

/// Elements of the field that one permutation of Poseidon takes in.
const RATE: usize = 8;

/// The work of one verification. It follows from the key alone, so that it can be charged for before a proof is
/// looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifyWork {
    /// Permutations of Poseidon: public inputs, transcript, leaves and paths of Merkle trees.
    pub permutations: u64,
    /// Products in the extension of the field: what queries combine and interpolate, and the constraints at one
    /// point.
    pub products: u64,
}

impl VerifyWork {
    /// That of a circuit's proofs.
    pub(crate) fn of(common: &CommonCircuitData<F, D>) -> Self {
        let config = &common.config;
        let fri = &common.fri_params;
        let cap_height = config.fri_config.cap_height;
        let challenges = config.num_challenges;
        let salt = if fri.hiding { SALT } else { 0 };
        let columns = encoding::columns(common, salt);

        let mut bits = fri.lde_bits();
        let leaves = columns.iter().map(|columns| columns.div_ceil(RATE));
        let mut hashed = leaves.sum::<usize>() + columns.len() * bits.saturating_sub(cap_height);
        let mut combined = columns.iter().sum::<usize>() + challenges + fri.final_poly_len();
        for &arity_bits in &fri.reduction_arity_bits {
            let arity = 1usize << arity_bits;
            bits -= arity_bits;
            hashed += (D * arity).div_ceil(RATE) + bits.saturating_sub(cap_height);
            // Barycentric weights are products of the differences of every two points, and an inverse each.
            combined += arity * (arity + INVERSE);
        }
        let queries = config.fri_config.num_query_rounds;
        let drawn = queries + 4 * challenges + 4 + fri.reduction_arity_bits.len();
        let transcript = encoding::transcript_elements(common) + common.num_public_inputs;
        let permutations = queries * hashed + transcript.div_ceil(RATE) + drawn;
        // Filters, constraints and copies. Constraints of plonky2's gates take few products each, but those of
        // Poseidon, whose linear layers are 12 products for each of 12.
        let gates = common.gates.len() * (common.gates.len() + 4 * common.num_gate_constraints);
        let copies = 4 * challenges * config.num_routed_wires;
        let products = queries * combined + gates + copies + POSEIDON_GATE;
        Self {
            permutations: permutations as u64,
            products: products as u64,
        }
    }
}

/// Products that an inverse is worth.
const INVERSE: usize = 64;

/// Products that the constraints of Poseidon's gate are worth.
const POSEIDON_GATE: usize = 30 * 12 * 12;
