//! The world state: on disk in a [`store`], with a trie that gives its root from block to block and a cache
//! of what blocks read; or whole in memory.
//!
//! [`ChainState`] is the three of them as one, for a node that follows a chain: a block executes over its
//! view of the parent, is handed in as [`StateChanges`], and is held to the state root in its header.
//! [`StateCache`], [`WorldTrie`] and the store can be used apart; each asks for what it needs by a trait
//! ([`StateSource`], [`TrieNodes`], [`KeccakBatch`]).
//!
//! [`MemoryState`] is for a single block, and for comparing with: it answers revm's `Database` and takes
//! the changes of each transaction through `DatabaseCommit`. [`state_root`] computes the root of a state
//! that is known completely from scratch; a state of which only the slots that a block reads are known has
//! no root to compute.

mod ahead;
mod cache;
mod chain;
mod changes;
mod error;
mod keccak;
mod memory;
mod occupied;
mod root;
mod roots;
pub mod store;
mod trie;

pub use ahead::{BaseState, Fetched, ReadAhead};
pub use cache::{CacheConfig, CacheMove, CacheParts, CacheStatistics, CacheView, StateCache, StateSource};
pub use chain::{ChainState, NextState};
pub use changes::{AccountChange, BasicAccount, StateChanges};
pub use error::StateError;
pub use keccak::{CpuKeccak, KeccakBatch};
pub use memory::{AccountState, MemoryState};
pub use occupied::{asks_for_storage, has_storage, has_storage_ref, storage_answer};
pub use root::{state_root, storage_root};
pub use trie::{
    AccountProof, MemoryNodes, NodeKey, StorageProof, TrieNodes, TrieUpdate, WorldTrie, apply_to_trie,
    prove_key,
};
