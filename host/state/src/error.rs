use alloy_primitives::B256;
use alloy_trie::Nibbles;
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
    /// Two keys have the same digest, which Keccak-256 does not give: whatever hashed them is defective.
    EqualDigests(B256),
    /// A node of the trie that the store should have is missing or wrong: the store is damaged, or its
    /// nodes are those of another block.
    BrokenTrie {
        /// The hashed address whose storage it is; `None` for the trie of accounts.
        owner: Option<B256>,
        /// The nibbles from the root to the node, or to the leaf whose value is wrong.
        path: Nibbles,
        /// What is wrong with it, to be read after "the node".
        problem: &'static str,
    },
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownBlockHash(number) => write!(f, "the hash of block {number} is not known"),
            Self::UnknownCode(hash) => write!(f, "no code with hash {hash} is known"),
            Self::Store(problem) => write!(f, "the store cannot be read: {problem}"),
            Self::EqualDigests(digest) => write!(
                f,
                "two keys of the state have the digest {digest}: what hashes them is defective; hash on the processor"
            ),
            Self::BrokenTrie { owner, path, problem } => {
                f.write_str("the trie node ")?;
                match path.is_empty() {
                    true => f.write_str("at the root")?,
                    false => path.iter().try_for_each(|nibble| write!(f, "{nibble:x}"))?,
                }
                match owner {
                    Some(owner) => write!(f, " of the storage of hashed address {owner}")?,
                    None => f.write_str(" of the accounts")?,
                }
                write!(
                    f,
                    " {problem}: the store is damaged or at another block; build it anew or from a backup"
                )
            }
        }
    }
}

impl std::error::Error for StateError {}

impl DBErrorMarker for StateError {}
