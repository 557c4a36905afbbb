//! The world state held in memory, its Merkle-Patricia root, and the [`store`] that keeps it on disk.
//!
//! [`MemoryState`] is what a block executes over: it answers revm's `Database` and takes the changes
//! of each transaction through `DatabaseCommit`. [`state_root`] is the root of a state that is known
//! completely; a state of which only the slots that a block reads are known has no root to compute.

mod cache;
mod changes;
mod error;
mod keccak;
mod memory;
mod root;
pub mod store;
mod trie;

pub use cache::{CacheConfig, CacheMove, CacheParts, CacheStatistics, CacheView, StateCache, StateSource};
pub use changes::{AccountChange, BasicAccount, StateChanges};
pub use error::StateError;
pub use keccak::{CpuKeccak, KeccakBatch};
pub use memory::{AccountState, MemoryState};
pub use root::{state_root, storage_root};
pub use trie::{
    AccountProof, MemoryNodes, NodeKey, StorageProof, TrieNodes, TrieUpdate, WorldTrie, apply_to_trie,
    prove_key,
};
