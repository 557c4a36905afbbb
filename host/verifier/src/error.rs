//! Why a proof is not accepted.

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
