//! A proof that a proof was verified.

use crate::description::Description;
use crate::error::{CompileError, ProveError};
use crate::parameters::Parameters;
use crate::recursion::{Recursion, Recursive};
use metisvm_verifier::Verifier;
use metisvm_verifier::encoding::encode;
use metisvm_verifier::statement::Proof;

/// A circuit that verifies proofs of another: its proofs state the same and are smaller, as they do not open
/// hundreds of columns of weights.
///
/// The inner key is a constant of it, so that no other circuit's proofs pass.
pub struct Wrap {
    circuit: Recursive,
    verifier: Verifier,
}

impl Wrap {
    /// Wraps what `inner` verifies, with the standard parameters. Where it `blinds`, wires and products are blinded
    /// with random rows, as plonky2 does it: docs/proofs.md says what that hides and what it does not.
    pub fn new(inner: &Verifier, blinds: bool) -> Self {
        let parameters = if blinds {
            Parameters::BLINDED
        } else {
            Parameters::STANDARD
        };
        Self::with_parameters(inner, parameters, u64::MAX).expect("nothing is over a limit that there is not")
    }

    /// Wraps what `inner` verifies. Proving may take `memory_limit` bytes, about.
    ///
    /// # Errors
    /// If it would take more, before the circuit is made.
    pub fn with_parameters(
        inner: &Verifier,
        parameters: Parameters,
        memory_limit: u64,
    ) -> Result<Self, CompileError> {
        let mut recursion = Recursion::new(parameters, memory_limit);
        let public_inputs = recursion.verify(inner.key())?;
        let circuit = recursion.finish(&public_inputs)?;
        Ok(Self {
            verifier: inner.with_key(circuit.key()),
            circuit,
        })
    }

    /// What checks the proofs of this circuit.
    pub const fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// What it takes to wrap a proof.
    pub const fn description(&self) -> &Description {
        self.circuit.description()
    }

    /// Wraps a proof that `inner`, of which the wrap was made, verifies.
    ///
    /// # Errors
    /// If it does not verify it.
    pub fn prove(&self, inner: &Verifier, proof: &Proof) -> Result<Proof, ProveError> {
        inner.verify(&proof.statement, &proof.bytes)?;
        let parsed = inner.parse(&proof.statement, &proof.bytes)?;
        let wrapped = self.circuit.prove(&[parsed])?;
        Ok(Proof {
            statement: proof.statement.clone(),
            bytes: encode(&wrapped),
        })
    }
}
