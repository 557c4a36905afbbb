//! What can go wrong.

use metisvm_model::WrongInputLength;
use metisvm_verifier::VerifyError;

/// Why a model has no circuit here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// An operator that circuits lack, as they may those of a newer bundle. docs/proofs.md lists what they have.
    #[error("node {node}, {operator}, cannot be proven: {why}")]
    Unsupported {
        /// Its position in the graph.
        node: usize,
        /// Its operator.
        operator: &'static str,
        /// What is missing.
        why: String,
    },
    /// A batch for no proof, or for more than a batch may have.
    #[error("a batch is for 1 to {} proofs", metisvm_verifier::batch::MAX_BATCH)]
    Batch,
    /// Cuts that leave nothing to prove between them.
    #[error(
        "a cut at node {start} and one at node {end} leave nothing between them that anything behind them takes; cut \
         elsewhere"
    )]
    Cut {
        /// The node behind the first.
        start: usize,
        /// The node behind the second.
        end: usize,
    },
    /// The proof would take more than is allowed.
    #[error(
        "the circuit has {rows} rows and more, and proving it would take about {bytes} bytes, over the \
         limit of {limit}; raise the limit"
    )]
    TooLarge {
        /// Rows so far.
        rows: usize,
        /// What so many would take.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
}

impl CompileError {
    /// The same where so many bytes are taken besides, with the limit of both.
    pub(crate) fn with_beside(self, beside: u64, limit: u64) -> Self {
        match self {
            Self::TooLarge { rows, bytes, .. } => Self::TooLarge {
                rows,
                bytes: bytes.saturating_add(beside),
                limit,
            },
            other => other,
        }
    }
}

/// Why an inference was not proven.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// An input of another length than the model takes.
    #[error(transparent)]
    Input(#[from] WrongInputLength),
    /// A wire has another value than the reference kernel gives: a defect of the circuit.
    #[error(
        "the circuit computes {actual} for element {element} of node {node}, {operator}, and the reference {expected}; \
         please report this"
    )]
    Disagrees {
        /// The node's position in the graph.
        node: usize,
        /// Its operator.
        operator: &'static str,
        /// Position of the element, row-major.
        element: usize,
        /// Of the reference.
        expected: i64,
        /// Of the circuit.
        actual: i64,
    },
    /// No proof for a batch, or more than it holds.
    #[error("{given} proofs were given to a batch of 1 to {capacity}")]
    Batch {
        /// How many were given.
        given: usize,
        /// How many it holds.
        capacity: usize,
    },
    /// A proof that is to be wrapped is none.
    #[error("a proof that is not valid cannot be wrapped: {0}")]
    Inner(#[from] VerifyError),
    /// plonky2 failed.
    #[error("the proof could not be made: {0}")]
    Backend(String),
}

/// What plonky2 says, which has no types for it.
pub(crate) fn failed(e: anyhow::Error) -> ProveError {
    ProveError::Backend(e.to_string())
}
