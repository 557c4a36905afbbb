//! What a proof of an inference states, and what checks it.
//!
//! The normative text is `docs/proofs.md`. A [`Verifier`] is the key of a circuit that `host/prover` made of a
//! model; it checks a proof against a [`Statement`] that whoever verifies has made itself. Bytes that are no proof
//! are an error and never more than that.

pub mod batch;
pub mod commitment;
pub mod encoding;
mod error;
pub mod field;
mod key;
pub mod statement;
mod strength;

pub use batch::BatchVerifier;
pub use commitment::{Commitment, Salt, commit};
pub use error::VerifyError;
pub use key::Verifier;
pub use statement::{Proof, Statement};
pub use strength::Strength;
