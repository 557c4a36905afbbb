use alloy_primitives::B256;
use core::fmt;
use revm::database_interface::DBErrorMarker;

/// What a state cannot answer. Every variant means that the state handed in was incomplete: accounts
/// and slots that are absent are empty, but a hash that was never given cannot be made up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateError {
    /// `BLOCKHASH` asked for a block whose hash is not known.
    UnknownBlockHash(u64),
    /// Code was asked for by a hash that no account of this state has.
    UnknownCode(B256),
    /// The store cannot be read: a fault of this node.
    Store(String),
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownBlockHash(number) => write!(f, "the hash of block {number} is not known"),
            Self::UnknownCode(hash) => write!(f, "no code with hash {hash} is known"),
            Self::Store(problem) => write!(f, "the store cannot be read: {problem}"),
        }
    }
}

impl std::error::Error for StateError {}

impl DBErrorMarker for StateError {}
