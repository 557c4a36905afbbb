//! The Merkle-Patricia trie as it is kept, changed and hashed (Yellow Paper, appendix D).
//!
//! A node is kept under its *owner* (the trie it belongs to) and its *path* (the nibbles from the root to
//! it), as its RLP. Only nodes with a digest of their own are kept: the root, and whatever is 32 bytes or
//! longer; shorter ones live inside their parents. So the node set is a function of the trie's content,
//! and undoing a block brings back the same bytes. The page `docs/state-root.md` is normative.
//!
//! A batch of changes goes through three steps: `update` walks down to what changes (`reader` fetches
//! and checks the old nodes, `shape` makes the new ones), `levels` hashes them a level at a time over all
//! tries together, and the result is a [`TrieUpdate`]. [`WorldTrie`] does this for a block's
//! `StateChanges`, [`apply_to_trie`] for one trie by its raw keys.

mod levels;
mod memory;
mod node;
mod proof;
mod reader;
mod shape;
mod single;
mod update;
mod world;

pub use memory::MemoryNodes;
pub use proof::{AccountProof, StorageProof};
pub use single::{apply_to_trie, prove_key};
pub use world::WorldTrie;

use crate::StateError;
use alloy_primitives::{B256, Bytes};
use alloy_trie::Nibbles;

/// Where a node is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeKey {
    /// The Keccak-256 hash of the address whose storage this is; `None` for the trie of accounts.
    pub owner: Option<B256>,
    /// The nibbles from the root to the node, at most 64; none for the root.
    pub path: Nibbles,
}

/// Kept nodes, as a store or a map has them. [`WorldTrie`] reads through it, from several threads.
pub trait TrieNodes: Sync {
    /// The RLP of the node that is kept under `key`; `None` where none is.
    ///
    /// # Errors
    /// Only where the store itself fails: an absent node is no error here.
    fn node(&self, key: &NodeKey) -> Result<Option<Bytes>, StateError>;
}

/// What a batch of changes does to the kept nodes. It is to be written as a whole: first the tries that
/// go, then single nodes that go, then the nodes that are set. Each list is in ascending order, and no key
/// is both in `removed` and in `set`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrieUpdate {
    /// The owners all of whose nodes go.
    pub dropped: Vec<B256>,
    /// Single nodes that go. None of them belongs to an owner in `dropped`.
    pub removed: Vec<NodeKey>,
    /// Nodes that are new or different, with their RLP.
    pub set: Vec<(NodeKey, Bytes)>,
}

impl TrieUpdate {
    /// True where nothing is to be written.
    pub fn is_empty(&self) -> bool {
        self.dropped.is_empty() && self.removed.is_empty() && self.set.is_empty()
    }
}
