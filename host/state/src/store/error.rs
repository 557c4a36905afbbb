use crate::StateError;
use alloy_primitives::B256;
use std::{io, path::PathBuf};

/// What a store refuses or cannot do. A block that is refused leaves the store as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file cannot be opened or created.
    #[error("{}: cannot be opened: {source}; check the path, its permissions and the disk", path.display())]
    Open {
        /// The file of the store.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Another process (or another `RedbStore` of this one) has the store open.
    #[error("{0}: is open in another process; one process at a time may have a store open")]
    Locked(String),
    /// There is something else where the store should be.
    #[error("{place}: is not a MetisVM store ({problem}); name another file")]
    NotAStore {
        /// The file.
        place: String,
        /// How one can tell.
        problem: String,
    },
    /// The store was written with other encodings than this version has.
    #[error("{place}: has schema {found}, this version reads schema {expected}; execute the chain anew")]
    Schema {
        /// The file.
        place: String,
        /// The schema of the store.
        found: u32,
        /// [`SCHEMA`](super::SCHEMA).
        expected: u32,
    },
    /// Rows that contradict each other, or pages that fail their checksum.
    #[error("the store is damaged: {0}; restore the file from a copy or execute the chain anew")]
    Corrupt(String),
    /// The file is no longer where it was opened. What was committed now would be lost.
    #[error("{}: was removed or replaced while the store was open; nothing more is committed to it", .0.display())]
    Vanished(PathBuf),
    /// No space is left. The commit may be undone or done: opening the store again shows which.
    #[error("no space is left for the store; free some, then open the store again")]
    Full,
    /// Reading or writing failed. A failed commit may be undone or done: opening the store again shows which.
    #[error("the store cannot be read or written ({0}); check the disk, then open the store again")]
    Io(String),
    /// An earlier write failed, so nothing is written before the store is opened anew.
    #[error("an earlier write to the store failed; close it and open it again")]
    Failed,
    /// A snapshot outlived its store.
    #[error("the store was closed; open it again and take a new snapshot")]
    Closed,
    /// There is no state yet.
    #[error("the store is empty; write a genesis first")]
    Empty,
    /// A genesis was given to a store that has one.
    #[error("the store has a genesis already ({0}); open another file for another chain")]
    NotEmpty(B256),
    /// The block does not extend the head.
    #[error("block {number} does not extend the head: {problem}")]
    NotNext {
        /// The number in its header.
        number: u64,
        /// What does not fit.
        problem: String,
    },
    /// The state after the block is not the one that its header names.
    #[error("block {number} names state root {in_header} in its header, its execution gave {computed}")]
    StateRoot {
        /// The number in its header.
        number: u64,
        /// The state root in its header.
        in_header: B256,
        /// The root of the state after its changes.
        computed: B256,
    },
    /// The state of the head cannot be read, or its trie is damaged: a fault of this node, not of the block.
    #[error(transparent)]
    State(#[from] StateError),
    /// The block or its changes contradict themselves.
    #[error("block {number} cannot be stored: {problem}")]
    Invalid {
        /// The number in its header.
        number: u64,
        /// What is wrong.
        problem: String,
    },
    /// The header cannot be read again: a field of a later fork is there, one of an earlier fork is not, and the
    /// encoding of headers has no place for that.
    #[error(
        "block {number} has a header that cannot be stored: it has {present}, but not {missing}, which comes \
             before that; the header is to have all optional fields up to its last one"
    )]
    HeaderGap {
        /// The number in the header.
        number: u64,
        /// The first field that is missing.
        missing: &'static str,
        /// The first field after it that is there.
        present: &'static str,
    },
    /// Fewer blocks than asked for can be unwound.
    #[error("{} cannot be taken back, {possible} can: not the first block of a chain, and of the others only \
             those that the store has undo records of", blocks(*asked))]
    UnwindTooFar {
        /// How many were asked for.
        asked: u64,
        /// How many are possible.
        possible: u64,
    },
}

fn blocks(count: u64) -> String {
    if count == 1 {
        "1 block".to_owned()
    } else {
        format!("{count} blocks")
    }
}

impl From<redb::Error> for StoreError {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(source) if source.kind() == io::ErrorKind::StorageFull => Self::Full,
            redb::Error::Io(source) => Self::Io(source.to_string()),
            redb::Error::Backend(source) => Self::Io(source.to_string()),
            redb::Error::PreviousIo => Self::Failed,
            redb::Error::DatabaseClosed => Self::Closed,
            redb::Error::LockPoisoned(place) => Self::Io(format!("a thread panicked in it, {place}")),
            redb::Error::ValueTooLarge(bytes) => {
                Self::Io(format!("a value of {bytes} bytes is larger than the store takes"))
            }
            damaged => Self::Corrupt(damaged.to_string()),
        }
    }
}

/// The errors of redb's operations, each of which redb turns into its one large enum.
macro_rules! from_redb {
    ($($error:ident),*) => {$(
        impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                redb::Error::from(error).into()
            }
        }
    )*};
}

from_redb!(StorageError, TableError, TransactionError, CommitError);

impl From<StoreError> for StateError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::State(error) => error,
            error => Self::Store(error.to_string()),
        }
    }
}
