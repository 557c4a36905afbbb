//! What a proof of an inference states, and what checks it.
//!
//! The normative text is `docs/proofs.md`. A [`Verifier`] is the key of a circuit that `host/prover` made of a
//! model; it checks a proof against a [`Statement`] that whoever verifies has made itself. Bytes that are no proof
//! are an error and never more than that. [`key_bytes`] is how a key goes from one machine to another.

pub mod batch;
pub mod commitment;
pub mod encoding;
mod error;
pub mod field;
mod key;
pub mod key_bytes;
mod key_digest;
pub mod statement;
mod strength;
mod work;

pub use batch::BatchVerifier;
pub use commitment::{Commitment, Salt, commit};
pub use error::{KeyError, VerifyError};
pub use key::Verifier;
pub use key_digest::KeyDigest;
pub use statement::{Proof, Statement};
pub use strength::Strength;
pub use work::VerifyWork;
