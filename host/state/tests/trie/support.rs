//! What the tests of the trie share: the oracle, and a trie that checks itself against it at every step.

use alloy_primitives::{B256, Bytes, keccak256};
use alloy_trie::{
    EMPTY_ROOT_HASH, HashBuilder, Nibbles,
    nodes::{RlpNode, TrieNode},
};
use metisvm_state::{CpuKeccak, MemoryNodes, NodeKey, TrieNodes, TrieUpdate, apply_to_trie};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) type Content = BTreeMap<B256, Bytes>;
pub(crate) type Changes = BTreeMap<B256, Option<Bytes>>;

/// The root by alloy-trie, from scratch.
pub(crate) fn oracle_root(content: &Content) -> B256 {
    let mut trie = HashBuilder::default();
    for (key, value) in content {
        trie.add_leaf(Nibbles::unpack(key), value);
    }
    trie.root()
}

/// Checks, with alloy-trie's reading of nodes, that the kept nodes of `owner` are those reachable from
/// `root` and no others, that each has the digest its parent names, and that they hold `content`.
pub(crate) fn assert_nodes_are(nodes: &MemoryNodes, owner: Option<B256>, root: B256, content: &Content) {
    let mut reached = BTreeSet::new();
    let mut leaves = Content::new();
    if root != EMPTY_ROOT_HASH {
        let root = RlpNode::word_rlp(&root);
        reach(nodes, owner, &root, Nibbles::new(), &mut reached, &mut leaves);
    }
    let kept: BTreeSet<Nibbles> = nodes
        .iter()
        .filter(|(key, _)| key.owner == owner)
        .map(|(key, _)| key.path)
        .collect();
    assert_eq!(kept, reached, "kept nodes are not the reachable ones");
    assert_eq!(&leaves, content, "the leaves are not the content");
}

fn reach(
    nodes: &MemoryNodes,
    owner: Option<B256>,
    reference: &RlpNode,
    path: Nibbles,
    reached: &mut BTreeSet<Nibbles>,
    leaves: &mut Content,
) {
    let rlp = match reference.as_hash() {
        None => Bytes::copy_from_slice(reference),
        Some(hash) => {
            let rlp = nodes
                .node(&NodeKey { owner, path })
                .unwrap()
                .expect("a node is missing");
            assert_eq!(keccak256(&rlp), hash, "the node at {path:?} has another digest");
            reached.insert(path);
            rlp
        }
    };
    match TrieNode::decode(&mut &rlp[..]).unwrap() {
        TrieNode::EmptyRoot => panic!("an empty node at {path:?}"),
        TrieNode::Leaf(leaf) => {
            let key = path.join(&leaf.key).pack();
            leaves.insert(B256::from_slice(&key), leaf.value.into());
        }
        TrieNode::Extension(extension) => {
            let below = path.join(&extension.key);
            reach(nodes, owner, &extension.child, below, reached, leaves);
        }
        TrieNode::Branch(branch) => {
            for (nibble, child) in branch.as_ref().children() {
                let mut below = path;
                below.push(nibble);
                if let Some(child) = child {
                    reach(nodes, owner, child, below, reached, leaves);
                }
            }
        }
    }
}

use alloy_rlp::Decodable;

/// One trie whose every step is checked.
#[derive(Debug, Clone)]
pub(crate) struct CheckedTrie {
    pub(crate) owner: Option<B256>,
    pub(crate) nodes: MemoryNodes,
    pub(crate) root: B256,
    pub(crate) content: Content,
}

impl CheckedTrie {
    pub(crate) fn new(owner: Option<B256>) -> Self {
        Self {
            owner,
            nodes: MemoryNodes::default(),
            root: EMPTY_ROOT_HASH,
            content: Content::new(),
        }
    }

    pub(crate) fn with(content: impl IntoIterator<Item = (B256, Bytes)>) -> Self {
        let mut trie = Self::new(None);
        let changes = content.into_iter().map(|(key, value)| (key, Some(value)));
        trie.step(&changes.collect());
        trie
    }

    /// Applies changes and checks: the root and the nodes against alloy-trie; that the update says nothing
    /// superfluous; that building anew gives the same nodes; and that the reverse changes lead back.
    pub(crate) fn step(&mut self, changes: &Changes) {
        let before = self.clone();
        let reverse: Changes = changes
            .keys()
            .map(|key| (*key, self.content.get(key).cloned()))
            .collect();
        self.apply(changes);
        assert_eq!(self.root, oracle_root(&self.content));
        assert_nodes_are(&self.nodes, self.owner, self.root, &self.content);

        let mut anew = Self::new(self.owner);
        anew.apply(
            &self
                .content
                .iter()
                .map(|(key, value)| (*key, Some(value.clone())))
                .collect(),
        );
        assert_eq!(
            (anew.root, &anew.nodes),
            (self.root, &self.nodes),
            "not as built anew"
        );

        let mut back = self.clone();
        back.apply(&reverse);
        assert_eq!(
            (back.root, &back.nodes),
            (before.root, &before.nodes),
            "the way back leads elsewhere"
        );
    }

    /// Applies changes; of the checks only whether the update says nothing superfluous.
    pub(crate) fn apply(&mut self, changes: &Changes) {
        let (root, update) = apply_to_trie(&self.nodes, &CpuKeccak, self.owner, self.root, changes).unwrap();
        assert_update_is_tight(&self.nodes, &update);
        self.nodes.apply(&update);
        self.root = root;
        for (key, value) in changes {
            match value {
                Some(value) => self.content.insert(*key, value.clone()),
                None => self.content.remove(key),
            };
        }
    }
}

/// Every line of an update changes something, and its lists are in order.
pub(crate) fn assert_update_is_tight(nodes: &MemoryNodes, update: &TrieUpdate) {
    assert!(update.dropped.is_sorted_by(|a, b| a < b));
    assert!(update.removed.is_sorted_by(|a, b| a < b));
    assert!(update.set.is_sorted_by(|(a, _), (b, _)| a < b));
    for owner in &update.dropped {
        let root = NodeKey {
            owner: Some(*owner),
            path: Nibbles::new(),
        };
        assert!(
            nodes.node(&root).unwrap().is_some(),
            "a trie is dropped that is not kept"
        );
    }
    let dropped = |key: &NodeKey| key.owner.is_some_and(|owner| update.dropped.contains(&owner));
    for key in &update.removed {
        assert!(
            nodes.node(key).unwrap().is_some(),
            "{key:?} is removed but not kept"
        );
        assert!(!dropped(key), "{key:?} is removed from a trie that is dropped");
        assert!(update.set.binary_search_by(|(set, _)| set.cmp(key)).is_err());
    }
    for (key, rlp) in &update.set {
        let same = nodes.node(key).unwrap().as_ref() == Some(rlp);
        assert!(!same || dropped(key), "{key:?} is set to what it is");
    }
}

/// A key with 0x55 in every byte but for these nibbles.
pub(crate) fn key(nibbles: &[(usize, u8)]) -> B256 {
    let mut key = B256::repeat_byte(0x55);
    for (at, nibble) in nibbles {
        let byte = &mut key[at / 2];
        *byte = match at % 2 {
            0 => (*byte & 0x0f) | (nibble << 4),
            _ => (*byte & 0xf0) | nibble,
        };
    }
    key
}

/// A value of so many bytes.
pub(crate) fn value(length: usize, fill: u8) -> Bytes {
    vec![fill; length].into()
}
