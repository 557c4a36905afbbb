//! Hashing new nodes level by level.
//!
//! The level of a node is the number of digests that must be known one after the other before its own
//! RLP is: leaves are at level 0 wherever they are in the trie. All nodes of one level, over all tries,
//! go to the engine in one batch, so there are as many batches as levels (at most 64, and about the depth
//! of the trie), however many nodes there are. Embedded nodes have no digest and no part in this.

use super::{
    TrieUpdate,
    node::Node,
    shape::Link,
    update::{Part, TrieChange},
};
use crate::KeccakBatch;
use alloy_primitives::{B256, Bytes};
use alloy_trie::nodes::RlpNode;
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

/// Adds what became of a trie, whose new nodes are hashed, to `update`: the nodes that are set in the order of
/// their paths, those that go in no order.
pub(crate) fn collect(mut trie: TrieChange<'_>, update: &mut TrieUpdate) {
    let first = update.set.len();
    if let Part::Now(Some(root)) = trie.root {
        set(&mut trie, root, update);
    }
    let set = &update.set[first..];
    // A node that goes where another one comes is only set.
    let gone = |path: &_| set.binary_search_by(|(key, _)| key.path.cmp(path)).is_err();
    let removed = trie.removed.iter().filter(|path| gone(path));
    update.removed.extend(removed.map(|path| trie.reader.key(*path)));
}

/// Adds the new nodes at and below a link, parents before children.
fn set(trie: &mut TrieChange<'_>, link: Link, update: &mut TrieUpdate) {
    let Link::New(at) = link else {
        return;
    };
    let Some(new) = trie.new_nodes[at as usize].take() else {
        return;
    };
    if new.is_kept() {
        update.set.push((trie.reader.key(new.path), new.rlp));
    } else if new.replaces {
        trie.removed.push(new.path);
    }
    match new.node {
        Node::Leaf { .. } => {}
        Node::Extension { child, .. } => set(trie, child, update),
        Node::Branch(children) => {
            for child in children.into_iter().flatten() {
                set(trie, child, update);
            }
        }
    }
}

/// Brings an update into its order. Where it came so, that is only looked at.
pub(crate) fn sort(update: &mut TrieUpdate) {
    update.dropped.sort_unstable();
    update.removed.sort_unstable();
    update.set.sort_unstable_by_key(|(key, _)| *key);
}
