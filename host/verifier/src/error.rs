//! Why a proof, or the bytes of a key, are not accepted.

use crate::key_digest::KeyDigest;
use metisvm_model::ModelId;

/// Why a proof is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The statement is about another model than the key.
    #[error("the statement is about model {stated}; the key is that of model {key}")]
    Model {
        /// Of the statement.
        stated: ModelId,
        /// Of the key.
        key: ModelId,
    },
    /// The output of the statement has another length than the model's.
    #[error("the output has {actual} bytes; the model gives {expected}")]
    Output {
        /// Of the model.
        expected: usize,
        /// Of the statement.
        actual: usize,
    },
    /// A batch has no statement, or more than its key is for.
    #[error("there are {statements} statements; a batch of this key has 1 to {capacity}")]
    Batch {
        /// How many there are.
        statements: usize,
        /// How many there can be.
        capacity: usize,
    },
    /// The bytes are no proof.
    #[error("the proof is malformed at byte {at}: {why}")]
    Malformed {
        /// Where.
        at: usize,
        /// What is wrong there.
        why: &'static str,
    },
    /// It is the proof of no true statement, or of another one.
    #[error("the proof does not prove the statement: {0}")]
    Refused(String),
}

/// Why bytes are no key, or a key has no bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The bytes are those of another key, or were changed.
    #[error("the key has digest {actual} where {expected} was asked for: it is another key, or was damaged")]
    Digest {
        /// What was asked for.
        expected: KeyDigest,
        /// Of the bytes.
        actual: KeyDigest,
    },
    /// A form or circuits that this build does not know.
    #[error("the key is of version {found} of the {what}; this build knows version {known}")]
    Version {
        /// Of what.
        what: &'static str,
        /// Of the key.
        found: u32,
        /// Of the build.
        known: u32,
    },
    /// The bytes are no key.
    #[error("the key is malformed at byte {at}: {why}")]
    Malformed {
        /// Where.
        at: usize,
        /// What is wrong there.
        why: &'static str,
    },
    /// A number beyond its limit.
    #[error("the key is beyond a limit, or below it: {0} (docs/proofs.md, \"A key as bytes\")")]
    Limit(&'static str),
    /// No circuit has such parameters.
    #[error("the key has parameters of no circuit: {0}")]
    Parameters(&'static str),
    /// The circuit has a gate that keys as bytes cannot have.
    #[error(
        "the circuit has the gate {name:?}, which keys as bytes do not have: make the key of a circuit that wraps its proofs"
    )]
    Gate {
        /// What plonky2 calls it.
        name: String,
    },
}
