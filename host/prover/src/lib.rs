//! Proofs of inference: integer graphs as plonky2 circuits.
//!
//! The normative text is `docs/proofs.md`. [`Circuit::compile`] makes a circuit of a model, with the weights
//! in its preprocessed columns, so that the verifying key *is* the model. [`Circuit::prove`] runs the
//! reference kernels, compares every step with the circuit's wires and proves the [`Statement`]; a [`Wrap`]
//! makes a smaller proof of it; a [`Prover`] is both in one. A [`Verifier`] checks a proof against a statement that it
//! has made itself.

mod arithmetic;
mod at_once;
#[cfg(test)]
mod attacks;
mod base;
mod batch;
mod batches;
mod boundary;
mod circuit;
mod claim;
mod compile;
mod description;
mod error;
mod form;
pub mod gates;
mod inference;
mod input;
mod keys;
mod lane;
mod layers;
mod limbs;
mod links;
mod memory;
mod parameters;
mod prover;
mod recursion;
mod rows;
mod wrap;

pub use arithmetic::Arithmetic;
pub use batch::{Batch, BatchCircuit, BatchProof};
pub use batches::{BatchProver, BatchShape};
pub use circuit::{Circuit, Inference};
pub use description::Description;
pub use error::{CompileError, ProveError};
pub use form::Form;
pub use keys::{CIRCUITS_REVISION, Kept, KeyFolder, circuit_digest, key_digest};
pub use layers::Layers;
pub use metisvm_verifier::field::{D, F, Hasher, ProofConfig};
pub use metisvm_verifier::{
    BatchVerifier, Commitment, Proof, Salt, Statement, Strength, Verifier, VerifyError, commit,
};
pub use parameters::Parameters;
pub use prover::{PrepareError, Prover, Size, Stage};
pub use wrap::Wrap;
