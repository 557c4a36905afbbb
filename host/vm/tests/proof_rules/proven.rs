//! A key and a proof under it. The circuit is the smallest that states anything, since what is looked at here does not
//! depend on what is proven.

use alloy_primitives::{B256, Bytes};
use alloy_sol_types::SolCall;
use metisvm_model::{DType, ModelId};
use metisvm_verifier::encoding::encode;
use metisvm_verifier::field::{D, F, ProofConfig};
use metisvm_verifier::statement::{FIXED_INPUTS, fixed_inputs, output_elements};
use metisvm_verifier::{Verifier, commit, key_bytes};
use metisvm_vm::{IInferenceProofs, KeyRing, ProofVerifier};
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CircuitConfig;
use std::sync::{Arc, LazyLock};

/// The model of the key.
pub(crate) const MODEL: B256 = B256::repeat_byte(0xb1);
pub(crate) const JOB: B256 = B256::repeat_byte(0xb2);
pub(crate) const OUTPUT: &[u8] = &[5, 250, 9];
pub(crate) const SALT: B256 = B256::repeat_byte(0xb3);
/// The chain of `metis-dev`.
pub(crate) const CHAIN: u64 = 5_068_365;

pub(crate) struct Proven {
    pub(crate) ring: Arc<KeyRing>,
    pub(crate) digest: B256,
    pub(crate) commitment: B256,
    pub(crate) proof: Vec<u8>,
}

pub(crate) static PROVEN: LazyLock<Proven> = LazyLock::new(|| {
    let commitment = commit(&SALT.0, b"features");
    let mut builder = CircuitBuilder::<F, D>::new(CircuitConfig::standard_recursion_config());
    let wires = builder.add_virtual_public_input_arr::<{ FIXED_INPUTS + 3 }>();
    let data = builder.build::<ProofConfig>();
    let model = ModelId(MODEL.0);
    let fixed = fixed_inputs(&model, &commitment, CHAIN, &JOB.0);
    let outputs = vec![(DType::I8, OUTPUT.len())];
    let output = output_elements(outputs.iter().copied(), OUTPUT).expect("the length is right");
    let mut witness = PartialWitness::new();
    for (wire, value) in wires.into_iter().zip(fixed.into_iter().chain(output)) {
        witness.set_target(wire, value).expect("each is set once");
    }
    let proof = data.prove(witness).expect("anything can be proven");
    let bytes = key_bytes::to_bytes(&Verifier::new(model, outputs, data.verifier_data()));
    let mut ring = KeyRing::default();
    let digest = ring.add(&bytes.expect("it has bytes")).expect("they are a key");
    Proven {
        ring: Arc::new(ring),
        digest,
        commitment: B256::from(commitment.to_bytes()),
        proof: encode(&proof),
    }
});

/// A call of `verifyInference`, right as it stands.
#[derive(Clone)]
pub(crate) struct Claim {
    pub(crate) model: B256,
    pub(crate) commitment: B256,
    pub(crate) output: Vec<u8>,
    pub(crate) job: B256,
    pub(crate) proof: Vec<u8>,
}

impl Default for Claim {
    fn default() -> Self {
        Self {
            model: MODEL,
            commitment: PROVEN.commitment,
            output: OUTPUT.to_vec(),
            job: JOB,
            proof: PROVEN.proof.clone(),
        }
    }
}

impl Claim {
    pub(crate) fn call(self) -> Vec<u8> {
        IInferenceProofs::verifyInferenceCall {
            modelId: self.model,
            inputCommitment: self.commitment,
            output: self.output.into(),
            jobId: self.job,
            proof: self.proof.into(),
        }
        .abi_encode()
    }
}

pub(crate) fn commit_call(salt: B256, input: &[u8]) -> Vec<u8> {
    let input = Bytes::copy_from_slice(input);
    IInferenceProofs::commitCall { salt, input }.abi_encode()
}

pub(crate) fn key_info(model: B256) -> Vec<u8> {
    IInferenceProofs::keyInfoCall { modelId: model }.abi_encode()
}

/// The work of a verification, at version 1's prices.
pub(crate) fn work_gas() -> u64 {
    let facts = PROVEN.ring.key(PROVEN.digest).expect("it is there");
    60 * facts.work.permutations + facts.work.products.div_ceil(2)
}

/// Base and words of call data, at version 1's prices.
pub(crate) fn call_data_gas(call_data: &[u8]) -> u64 {
    2_000 + 16 * call_data.len().div_ceil(32) as u64
}
