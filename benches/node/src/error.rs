//! What stops a measurement.

use std::io;
use std::path::PathBuf;

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A node could not be started.
    #[error("{}: {error}; name the binary with --metisvm or --anvil", path.display())]
    Start {
        /// Its binary.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A node was started and does not answer.
    #[error("{} does not answer {seconds} s after its start", path.display())]
    Silent {
        /// Its binary.
        path: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// A connection broke.
    #[error("the connection to the node: {0}")]
    Connection(#[from] io::Error),
    /// An answer that is not HTTP or JSON as it should be.
    #[error("an answer that cannot be read: {0}")]
    Answer(String),
    /// The node refused something.
    #[error("{method}: {answer}")]
    Refused {
        /// What was asked.
        method: &'static str,
        /// What it said.
        answer: String,
    },
    /// Transactions were taken and not mined.
    #[error("{missing} transactions were taken, and not mined within {seconds} s")]
    NotMined {
        /// How many.
        missing: u64,
        /// How long was waited.
        seconds: u64,
    },
    /// A transaction could not be signed.
    #[error("signing: {0}")]
    Signer(String),
}
