//! Why a block was refused.

use metisvm_executor::{Error, validity::Mismatch};
use std::fmt;

/// Why a chain did not take a block.
#[derive(Debug)]
pub enum Refusal {
    /// Its bytes are not the RLP of a block.
    Encoding(String),
    /// Its parent is none of the blocks that were taken.
    UnknownParent,
    /// It breaks a rule.
    Invalid(Error),
    /// It executes, but its header says something else than what came out.
    Mismatches(Vec<Mismatch>),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoding(problem) => write!(f, "not the RLP of a block: {problem}"),
            Self::UnknownParent => f.write_str("its parent is not known"),
            Self::Invalid(error) => write!(f, "{error}"),
            Self::Mismatches(all) => {
                for (
                    index,
                    Mismatch {
                        field,
                        expected,
                        actual,
                    },
                ) in all.iter().enumerate()
                {
                    let separator = if index == 0 { "" } else { "; " };
                    write!(
                        f,
                        "{separator}{field} is {expected} in the header, {actual} by execution"
                    )?;
                }
                Ok(())
            }
        }
    }
}
