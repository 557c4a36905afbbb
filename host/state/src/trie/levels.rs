//! Hashing new nodes level by level.
//!
//! The level of a node is the number of digests that must be known one after the other before its own
//! RLP is: leaves are at level 0 wherever they are in the trie. All nodes of one level, over all tries,
//! go to the engine in one batch, so there are as many batches as levels (at most 64, and about the depth
//! of the trie), however many nodes there are. Embedded nodes have no digest and no part in this.

use super::{TrieUpdate, update::TrieChange};
use crate::KeccakBatch;
use alloy_primitives::{B256, Bytes};
use alloy_trie::{Nibbles, nodes::RlpNode};
use rayon::prelude::*;

/// Fills in RLP and reference of every new node of `tries` that has a digest.
pub(crate) fn hash(tries: &mut [TrieChange<'_>], keccak: &dyn KeccakBatch) {
    let mut levels: Vec<Vec<(usize, usize)>> = Vec::new();
    for (trie, change) in tries.iter().enumerate() {
        for (at, new) in change.new_nodes.iter().enumerate() {
            let Some(new) = new.as_ref().filter(|new| new.is_kept()) else {
                continue;
            };
            if levels.len() <= new.level {
                levels.resize_with(new.level + 1, Vec::new);
            }
            levels[new.level].push((trie, at));
        }
    }
    for level in levels {
        let encode = |(trie, at): &(usize, usize)| {
            let trie = &tries[*trie];
            trie.new_nodes[*at]
                .as_ref()
                .map(|new| trie.encode(new))
                .unwrap_or_default()
        };
        let nodes: Vec<Vec<u8>> = level.par_iter().with_min_len(64).map(encode).collect();
        let messages: Vec<&[u8]> = nodes.iter().map(|rlp| &rlp[..]).collect();
        let mut digests = vec![B256::ZERO; messages.len()];
        keccak.hash(&messages, &mut digests);
        for (((trie, at), rlp), digest) in level.iter().zip(nodes).zip(&digests) {
            if let Some(new) = &mut tries[*trie].new_nodes[*at] {
                new.reference = RlpNode::word_rlp(digest);
                new.rlp = Bytes::from(rlp);
            }
        }
    }
}

/// Adds what became of a trie, whose new nodes are hashed, to `update`, in no order.
pub(crate) fn collect(trie: TrieChange<'_>, update: &mut TrieUpdate) {
    let mut set_paths = Vec::new();
    for new in trie.new_nodes.into_iter().flatten() {
        if new.is_kept() {
            set_paths.push(new.path);
            update.set.push((trie.reader.key(new.path), new.rlp));
        }
    }
    set_paths.sort_unstable();
    let gone = |path: &Nibbles| set_paths.binary_search(path).is_err();
    let removed = trie.replaced.into_iter().filter(gone);
    update.removed.extend(removed.map(|path| trie.reader.key(path)));
}

/// Brings an update into its order.
pub(crate) fn sort(update: &mut TrieUpdate) {
    update.dropped.sort_unstable();
    update.removed.sort_unstable();
    update.set.sort_unstable_by_key(|(key, _)| *key);
}
