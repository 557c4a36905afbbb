//! What can go wrong with a peer.

use rustix::io::Errno;
use std::time::Duration;
use thiserror::Error as ThisError;

/// Why there was no message, or no answer.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
pub enum Error {
    /// The peer has closed the connection, between two messages.
    #[error("the peer has closed the connection")]
    Closed,
    /// Whoever has the channel wanted an end while the peer was waited for.
    #[error("it was stopped")]
    Stopped,
    /// The peer took too long.
    #[error("nothing came of {doing} within {} s", after.as_secs_f64())]
    Timeout {
        /// What was waited for.
        doing: &'static str,
        /// How long.
        after: Duration,
    },
    /// The socket failed.
    #[error("{doing} failed: {errno}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// What the system says.
        errno: Errno,
    },
    /// The peer broke a rule of the protocol.
    #[error("the peer broke the protocol: {0}")]
    Malformed(String),
    /// The peer answered with an error.
    #[error("the peer refused {command}: {errno}")]
    Refused {
        /// What was asked.
        command: &'static str,
        /// The error that it gave.
        errno: Errno,
    },
}

impl Error {
    /// A broken rule.
    pub fn malformed(what: impl Into<String>) -> Self {
        Self::Malformed(what.into())
    }
}
