//! What circuits take while nothing is proven with them, and what a process takes besides.

use crate::description;
use crate::parameters::Parameters;
use metisvm_verifier::field::{D, F};
use plonky2::plonk::circuit_data::{CircuitConfig, CommonCircuitData};

/// What a process takes that proves nothing yet, about: the program, a bundle, threads.
pub(crate) const PROCESS_BYTES: u64 = 48 << 20;

/// No circuit that verifies the proof of a model's circuit has fewer rows than 2 to this power.
const LEAST_WRAP_DEGREE_BITS: usize = 11;

/// What the least wrap with a parameter set takes.
pub(crate) fn least_bytes(parameters: &Parameters) -> u64 {
    let config = parameters.config(0);
    let columns = description::columns_with_challenges(
        config.num_constants,
        config.num_wires,
        config.num_routed_wires,
        config.num_challenges,
    );
    description::memory_bytes_at_rate(columns, LEAST_WRAP_DEGREE_BITS, parameters.rate_bits())
}

/// What a circuit takes while nothing is proven with it: constants and copies on the larger domain with their
/// coefficients and Merkle tree, copies once more as values, and where each wire's value stands.
pub(crate) fn held_bytes(common: &CommonCircuitData<F, D>) -> u64 {
    let (config, bits) = (&common.config, common.degree_bits());
    held(common.num_constants, config, bits)
}

/// The same of a circuit that verifies proofs, before it is made.
pub(crate) fn held_by_recursion(parameters: &Parameters, degree_bits: usize) -> u64 {
    let constants = crate::recursion::PREPROCESSED;
    held(constants, &parameters.config(constants), degree_bits)
}

fn held(constants: usize, config: &CircuitConfig, degree_bits: usize) -> u64 {
    let blow_up = 1 << config.fri_config.rate_bits;
    let columns = (constants + config.num_routed_wires) as u64;
    let tree = 2 * 4 * blow_up;
    let words = columns * (blow_up + 1) + tree + config.num_routed_wires as u64 + config.num_wires as u64;
    (words * 8).saturating_mul(1 << degree_bits)
}
