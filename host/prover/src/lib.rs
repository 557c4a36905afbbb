//! Proofs of inference: integer graphs as plonky2 circuits.
//!
//! The normative text is `docs/proofs.md`. [`Circuit::compile`] makes a circuit of a model, with the weights
//! in its preprocessed columns, so that the verifying key *is* the model. [`Circuit::prove`] runs the
//! reference kernels, compares every step with the circuit's wires and proves the [`Statement`]; a [`Wrap`]
//! makes a smaller proof of it. A [`Verifier`] checks a proof against a statement that it has made itself.

mod arithmetic;
mod circuit;
mod commitment;
mod compile;
mod description;
mod encoding;
mod error;
mod field;
pub mod gates;
mod input;
mod limbs;
mod rows;
mod statement;
mod verifier;
mod wrap;

pub use arithmetic::Arithmetic;
pub use circuit::{Circuit, Inference};
pub use commitment::{Commitment, Salt, commit};
pub use description::Description;
pub use error::{CompileError, ProveError, VerifyError};
pub use field::{D, F, Hasher, ProofConfig};
pub use statement::{Proof, Statement};
pub use verifier::Verifier;
pub use wrap::Wrap;
