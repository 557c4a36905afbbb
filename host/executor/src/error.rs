use alloy_primitives::B256;
use std::{io, path::PathBuf};

/// Why a block was not executed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something is wrong in a file; names the file.
    #[error("{}: {source}", file.display())]
    InFile {
        /// The file.
        file: PathBuf,
        /// What is wrong in it.
        source: Box<Error>,
    },
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Read(io::Error),
    /// The gzip data is damaged or ends early.
    #[error("the gzip data is damaged or ends early: {0}")]
    Gzip(io::Error),
    /// The data compressed with gzip or xz is damaged or ends early.
    #[error("the compressed data is damaged or ends early: {0}")]
    Compressed(io::Error),
    /// The file holds more than the limit, decompressed.
    #[error("holds more than {limit} bytes; a block file may not")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// Not JSON, or not of the shape that a block file has.
    #[error("{place}: {problem}")]
    Json {
        /// The place as a path, for example `block.transactions[3].s`.
        place: String,
        /// What is wrong there, with line and column.
        problem: String,
    },
    /// A value that contradicts another one or the chain spec.
    #[error("{place}: {problem}")]
    Wrong {
        /// The place as a path.
        place: String,
        /// What is wrong there.
        problem: String,
    },
    /// A file, folder or archive that is of no use as a whole.
    #[error("{what} {problem}")]
    Unfit {
        /// What it is.
        what: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A transaction that may not be in this block: wrong nonce, too little balance, too much gas …
    #[error("transaction {index} ({hash}) is not valid here: {problem}")]
    InvalidTransaction {
        /// Its index in the block.
        index: usize,
        /// Its hash.
        hash: B256,
        /// Why.
        problem: String,
    },
    /// A fault of this node while it executed a transaction: other nodes can execute the block.
    #[error("transaction {index} ({hash}) cannot be executed on this node: {problem}")]
    NodeFault {
        /// Its index in the block.
        index: usize,
        /// Its hash.
        hash: B256,
        /// Why.
        problem: String,
    },
    /// The block's own part of the execution failed: system calls, requests, withdrawals. The block is invalid.
    #[error("the block cannot be executed: {0}")]
    Block(String),
    /// A fault of this node outside of any transaction, such as a state that cannot be read: other nodes can
    /// execute the block.
    #[error("the block cannot be executed on this node: {0}")]
    Node(String),
    /// The access list of the block (EIP-7928) is not the list of its execution, or no list at all: the block
    /// is invalid.
    #[error("the block access list is wrong: {0}")]
    AccessList(String),
    /// Ways to execute a block that have to give the same do not, and one of them gave nothing.
    #[error("the ways to execute the block disagree: {0}")]
    Disagreement(String),
    /// The threads for the execution of blocks cannot be started.
    #[error("cannot start threads: {0}")]
    Threads(String),
}

impl Error {
    /// A value that contradicts another one.
    pub(crate) fn wrong(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Wrong {
            place: place.into(),
            problem: problem.into(),
        }
    }

    /// A file, folder or archive that is of no use.
    pub(crate) fn unfit(what: &'static str, problem: impl Into<String>) -> Self {
        Self::Unfit {
            what,
            problem: problem.into(),
        }
    }

    /// The same error with the name of the file that it was found in.
    pub(crate) fn in_file(self, file: impl Into<PathBuf>) -> Self {
        match self {
            Self::InFile { .. } => self,
            other => Self::InFile {
                file: file.into(),
                source: Box::new(other),
            },
        }
    }

    /// The error itself, without the name of the file around it.
    pub fn without_file(&self) -> &Self {
        match self {
            Self::InFile { source, .. } => source.without_file(),
            other => other,
        }
    }
}
