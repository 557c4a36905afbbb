//! A circuit that states anything, and a proof of it.
#![allow(dead_code, reason = "each test binary uses a part")]

use metisvm_model::{DType, ModelId};
use metisvm_verifier::encoding::encode;
use metisvm_verifier::field::{D, F, ProofConfig};
use metisvm_verifier::statement::{FIXED_INPUTS, fixed_inputs, output_elements};
use metisvm_verifier::{Statement, Verifier, commit};
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CircuitConfig;

/// Elements of the output.
pub(crate) const OUTPUTS: usize = 3;

/// A proof with its key.
pub(crate) struct Proven {
    pub(crate) verifier: Verifier,
    pub(crate) statement: Statement,
    pub(crate) proof: Vec<u8>,
}

/// Blinded, and with few queries, as rows are blinded for each.
pub(crate) fn config() -> CircuitConfig {
    let mut config = CircuitConfig::standard_recursion_zk_config();
    config.fri_config.num_query_rounds = 6;
    config.security_bits = 30;
    config
}

/// A circuit whose public inputs can be anything, and a proof of it.
pub(crate) fn proven(config: &CircuitConfig) -> Proven {
    let statement = Statement {
        model: ModelId([1; 32]),
        input: commit(&[2; 32], b"input"),
        output: vec![5, 250, 9],
        chain_id: 1,
        job_id: [3; 32],
    };
    let mut builder = CircuitBuilder::<F, D>::new(config.clone());
    let wires = builder.add_virtual_public_input_arr::<{ FIXED_INPUTS + OUTPUTS }>();
    let data = builder.build::<ProofConfig>();
    let fixed = fixed_inputs(
        &statement.model,
        &statement.input,
        statement.chain_id,
        &statement.job_id,
    );
    let output = output_elements([(DType::I8, OUTPUTS)].into_iter(), &statement.output);
    let values = fixed.into_iter().chain(output.expect("the length is right"));
    let mut witness = PartialWitness::new();
    for (wire, value) in wires.into_iter().zip(values) {
        witness.set_target(wire, value).expect("each is set once");
    }
    let proof = data.prove(witness).expect("anything can be proven");
    Proven {
        verifier: Verifier::new(statement.model, vec![(DType::I8, OUTPUTS)], data.verifier_data()),
        statement,
        proof: encode(&proof),
    }
}
