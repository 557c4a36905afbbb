//! A proof that a proof was verified.

use crate::error::ProveError;
use metisvm_verifier::Verifier;
use metisvm_verifier::encoding::encode;
use metisvm_verifier::field::{D, F, ProofConfig};
use metisvm_verifier::statement::Proof;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::{CircuitConfig, CircuitData};
use plonky2::plonk::proof::ProofWithPublicInputsTarget;

/// A circuit that verifies proofs of another: its proofs state the same and are smaller, as they do not open
/// hundreds of columns of weights.
///
/// The inner key is a constant of it, so that no other circuit's proofs pass.
pub struct Wrap {
    data: CircuitData<F, ProofConfig, D>,
    inner: ProofWithPublicInputsTarget<D>,
    verifier: Verifier,
}

impl Wrap {
    /// Wraps what `inner` verifies. Where it `blinds`, wires and products are blinded with random rows, as
    /// plonky2 does it: docs/proofs.md says what that hides and what it does not.
    pub fn new(inner: &Verifier, blinds: bool) -> Self {
        let config = CircuitConfig {
            zero_knowledge: blinds,
            ..CircuitConfig::standard_recursion_config()
        };
        let mut builder = CircuitBuilder::<F, D>::new(config);
        let key = inner.key();
        let proof = builder.add_virtual_proof_with_pis(&key.common);
        let constant_key = builder.constant_verifier_data::<ProofConfig>(&key.verifier_only);
        builder.verify_proof::<ProofConfig>(&proof, &constant_key, &key.common);
        builder.register_public_inputs(&proof.public_inputs);
        let data = builder.build::<ProofConfig>();
        Self {
            verifier: inner.with_key(data.verifier_data()),
            data,
            inner: proof,
        }
    }

    /// What checks the proofs of this circuit.
    pub const fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Wraps a proof that `inner`, of which the wrap was made, verifies.
    ///
    /// # Errors
    /// If it does not verify it.
    pub fn prove(&self, inner: &Verifier, proof: &Proof) -> Result<Proof, ProveError> {
        let failed = |e: anyhow::Error| ProveError::Backend(e.to_string());
        inner.verify(&proof.statement, &proof.bytes)?;
        let parsed = inner.parse(&proof.statement, &proof.bytes)?;
        let mut witness = PartialWitness::new();
        witness
            .set_proof_with_pis_target(&self.inner, &parsed)
            .map_err(failed)?;
        let wrapped = self.data.prove(witness).map_err(failed)?;
        Ok(Proof {
            statement: proof.statement.clone(),
            bytes: encode(&wrapped),
        })
    }
}
