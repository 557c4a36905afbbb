//! State roots from an engine whose digests nobody checks.
//!
//! There is no cheap test of a Keccak digest but to hash again. What tells a wrong digest is the root: every
//! digest of a block goes into it. So a root that is the header's needs no other proof, and one that is not is
//! worth nothing yet: the engine may be wrong, or the block. Then the processor hashes everything once more, and
//! its word is the one that counts. The same goes for a trie that seems to be damaged, because whether a node is
//! the one that its parent means is also told by a digest.

use crate::{CpuKeccak, KeccakBatch, StateChanges, StateError, TrieNodes, TrieUpdate, WorldTrie};
use alloy_primitives::B256;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// A root and what it takes to keep it.
type Root = Result<(B256, TrieUpdate), StateError>;

/// A root, and whether a digest in it is the word of hardware alone.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) root: B256,
    pub(crate) trie: TrieUpdate,
    pub(crate) unchecked: bool,
}

/// The way to every root that decides something.
pub(crate) struct Roots {
    keccak: Arc<dyn KeccakBatch>,
    /// Whether a root that no header confirms may come from the engine.
    pub(crate) trusted: bool,
    recomputed: AtomicU64,
}

impl Roots {
    pub(crate) fn new(keccak: Arc<dyn KeccakBatch>) -> Self {
        Self {
            keccak,
            trusted: false,
            recomputed: AtomicU64::new(0),
        }
    }

    /// How many roots were computed a second time.
    pub(crate) fn recomputed(&self) -> u64 {
        self.recomputed.load(Relaxed)
    }

    /// The root of a block that has no header yet: nothing would tell a wrong one, so the processor hashes,
    /// unless the engine is trusted.
    pub(crate) fn build(
        &self,
        nodes: &dyn TrieNodes,
        parent: B256,
        changes: &StateChanges,
    ) -> Result<Found, StateError> {
        if !self.trusted {
            return certain(nodes, parent, changes);
        }
        let (found, unchecked) = self.by_engine(nodes, parent, changes);
        if unchecked && found.is_err() {
            return self.again(nodes, parent, changes, &found);
        }
        let (root, trie) = found?;
        Ok(Found {
            root,
            trie,
            unchecked,
        })
    }

    /// The root of a block whose header names `expected`. One that is something else is the processor's.
    pub(crate) fn hold_to(
        &self,
        nodes: &dyn TrieNodes,
        parent: B256,
        changes: &StateChanges,
        expected: B256,
    ) -> Result<Found, StateError> {
        let (found, unchecked) = self.by_engine(nodes, parent, changes);
        let as_expected = found.as_ref().is_ok_and(|(root, _)| *root == expected);
        if unchecked && !as_expected {
            return self.again(nodes, parent, changes, &found);
        }
        let (root, trie) = found?;
        Ok(Found {
            root,
            trie,
            unchecked,
        })
    }

    /// Hashes on the processor what the engine hashed, and condemns the engine where it was wrong.
    pub(crate) fn again(
        &self,
        nodes: &dyn TrieNodes,
        parent: B256,
        changes: &StateChanges,
        doubted: &Root,
    ) -> Result<Found, StateError> {
        self.recomputed.fetch_add(1, Relaxed);
        let certain = certain(nodes, parent, changes);
        let problem = match (&certain, doubted) {
            (Ok(right), Ok((root, trie))) if (right.root, &right.trie) == (*root, trie) => None,
            (Ok(right), Ok((root, _))) => Some(format!("it made state root {root} of {}", right.root)),
            (Ok(_), Err(error)) => Some(format!("by its digests {error}, which is not so")),
            (Err(StateError::BrokenTrie { .. }), Ok(_)) => {
                Some("by its digests the trie is whole, which is not so".to_owned())
            }
            // A disk that fails says nothing about digests.
            (Err(_), _) => None,
        };
        if let Some(problem) = problem {
            self.keccak.condemn(&problem);
        }
        certain
    }

    /// By the engine; and whether any digest in it may be unchecked. Another thread that hashes at the same time
    /// can make that true where it is not, which costs a second computation and nothing else.
    fn by_engine(&self, nodes: &dyn TrieNodes, parent: B256, changes: &StateChanges) -> (Root, bool) {
        let before = self.keccak.unchecked_digests();
        let found = WorldTrie::new(nodes, &*self.keccak).apply(parent, changes);
        (found, self.keccak.unchecked_digests() != before)
    }
}

fn certain(nodes: &dyn TrieNodes, parent: B256, changes: &StateChanges) -> Result<Found, StateError> {
    let (root, trie) = WorldTrie::new(nodes, &CpuKeccak).apply(parent, changes)?;
    Ok(Found {
        root,
        trie,
        unchecked: false,
    })
}
