//! What circuits take while nothing is proven with them, and what a process takes besides.

use crate::description;
use crate::parameters::Parameters;
use metisvm_model::{Graph, Value};
use metisvm_verifier::field::{D, F};
use plonky2::plonk::circuit_data::CommonCircuitData;

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
    let config = &common.config;
    let rate_bits = config.fri_config.rate_bits;
    held_bytes_of(
        common.num_constants,
        config.num_routed_wires,
        config.num_wires,
        common.degree_bits(),
        rate_bits,
    )
}

/// The same of a circuit that is not made yet.
pub(crate) const fn held_bytes_of(
    constants: usize,
    routed_wires: usize,
    wires: usize,
    degree_bits: usize,
    rate_bits: usize,
) -> u64 {
    let blow_up = 1 << rate_bits;
    let columns = (constants + routed_wires) as u64;
    let tree = 2 * 4 * blow_up;
    let words = columns * (blow_up + 1) + tree + routed_wires as u64 + wires as u64;
    (words * 8).saturating_mul(1 << degree_bits)
}

/// What the elements of every node's result take, of which the reference makes a copy.
pub(crate) fn result_bytes(graph: &Graph) -> u64 {
    let elements = (0..graph.nodes().len()).map(|i| graph.ty(Value::Node(i as u32)).elements() as u64);
    elements.sum::<u64>().saturating_mul(2 * size_of::<i32>() as u64)
}
