//! Why a command of a client is not carried out.

use rustix::io::Errno;
use std::fmt;

/// What the client gets for an answer, and what the operator reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The error in the reply.
    pub errno: Errno,
    /// Why, in words.
    pub why: String,
}

impl Refusal {
    pub(super) fn new(errno: Errno, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { errno, why }
    }

    /// What the client sent makes no sense.
    pub(super) fn invalid(why: impl Into<String>) -> Self {
        Self::new(Errno::INVAL, why)
    }
}

impl From<metisvm_vfio_user::Error> for Refusal {
    fn from(error: metisvm_vfio_user::Error) -> Self {
        Self::invalid(error.to_string())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}
