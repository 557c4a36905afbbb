//! Trie nodes in memory: for tests, and for chains that are kept nowhere else.

use super::{NodeKey, TrieNodes, TrieUpdate};
use crate::StateError;
use alloy_primitives::{B256, Bytes, map::HashMap};
use alloy_trie::Nibbles;

/// Nodes of one state, as maps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryNodes {
    // No trie in here is empty, so that two equal node sets compare equal.
    tries: HashMap<Option<B256>, HashMap<Nibbles, Bytes>>,
}

impl MemoryNodes {
    /// Carries an update out.
    pub fn apply(&mut self, update: &TrieUpdate) {
        for owner in &update.dropped {
            self.tries.remove(&Some(*owner));
        }
        for NodeKey { owner, path } in &update.removed {
            if let Some(trie) = self.tries.get_mut(owner) {
                trie.remove(path);
                if trie.is_empty() {
                    self.tries.remove(owner);
                }
            }
        }
        for (NodeKey { owner, path }, rlp) in &update.set {
            self.tries.entry(*owner).or_default().insert(*path, rlp.clone());
        }
    }

    /// Every node, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (NodeKey, &Bytes)> {
        self.tries.iter().flat_map(|(owner, trie)| {
            trie.iter().map(|(path, rlp)| {
                let key = NodeKey {
                    owner: *owner,
                    path: *path,
                };
                (key, rlp)
            })
        })
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.tries.values().map(HashMap::len).sum()
    }

    /// True where there is no node.
    pub fn is_empty(&self) -> bool {
        self.tries.is_empty()
    }
}

impl TrieNodes for MemoryNodes {
    fn node(&self, key: &NodeKey) -> Result<Option<Bytes>, StateError> {
        let trie = self.tries.get(&key.owner);
        Ok(trie.and_then(|trie| trie.get(&key.path)).cloned())
    }
}
