//! Reading kept nodes of one trie, and checking them.
//!
//! A node is found by its path, so nothing in the look-up itself says that it is the node its parent
//! means. What was read is therefore remembered together with the digest that it must have, and checked
//! in one batch before any result leaves ([`verify`]).

use super::{
    NodeKey, TrieNodes,
    node::{KEY_NIBBLES, Node},
};
use crate::{KeccakBatch, StateError};
use alloy_primitives::{B256, Bytes, map::HashMap};
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles, nodes::RlpNode};

/// The kept nodes of one trie, and what has been read of them.
pub(crate) struct Reader<'a> {
    nodes: &'a dyn TrieNodes,
    owner: Option<B256>,
    read: Vec<Read>,
    by_path: HashMap<Nibbles, usize>,
}

struct Read {
    path: Nibbles,
    digest: B256,
    rlp: Bytes,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(nodes: &'a dyn TrieNodes, owner: Option<B256>) -> Self {
        Self {
            nodes,
            owner,
            read: Vec::new(),
            by_path: HashMap::default(),
        }
    }

    pub(crate) fn key(&self, path: Nibbles) -> NodeKey {
        NodeKey {
            owner: self.owner,
            path,
        }
    }

    /// The error of a node at `path` that the store should have, or should have otherwise.
    pub(crate) fn broken(&self, path: &Nibbles, problem: &'static str) -> StateError {
        StateError::BrokenTrie {
            owner: self.owner,
            path: *path,
            problem,
        }
    }

    /// The node that `reference` means, which is at `path`.
    pub(crate) fn open(&mut self, reference: &RlpNode, path: &Nibbles) -> Result<Node<RlpNode>, StateError> {
        let rlp = self.rlp(reference, path)?;
        Node::decode(&rlp, path.len()).map_err(|problem| self.broken(path, problem))
    }

    /// As [`Self::open`], below an extension: only a branch may be there.
    pub(crate) fn open_branch(
        &mut self,
        reference: &RlpNode,
        path: &Nibbles,
    ) -> Result<Box<[Option<RlpNode>; 16]>, StateError> {
        match self.open(reference, path)? {
            Node::Branch(children) => Ok(children),
            _ => Err(self.broken(path, "is below an extension and not a branch")),
        }
    }

    fn rlp(&mut self, reference: &RlpNode, path: &Nibbles) -> Result<Bytes, StateError> {
        let Some(digest) = reference.as_hash() else {
            return Ok(Bytes::copy_from_slice(reference));
        };
        if let Some(at) = self.by_path.get(path) {
            return Ok(self.read[*at].rlp.clone());
        }
        let rlp = self
            .nodes
            .node(&self.key(*path))?
            .ok_or_else(|| self.broken(path, "is missing"))?;
        self.by_path.insert(*path, self.read.len());
        self.read.push(Read {
            path: *path,
            digest,
            rlp: rlp.clone(),
        });
        Ok(rlp)
    }

    /// The values under `keys`, which are in ascending order, in one walk.
    pub(crate) fn values(&mut self, root: B256, keys: &[Nibbles]) -> Result<Vec<Option<Bytes>>, StateError> {
        let mut values = vec![None; keys.len()];
        if let Some(root) = root_reference(root) {
            self.walk(&root, Nibbles::new(), keys, &mut values)?;
        }
        Ok(values)
    }

    fn walk(
        &mut self,
        reference: &RlpNode,
        path: Nibbles,
        keys: &[Nibbles],
        values: &mut [Option<Bytes>],
    ) -> Result<(), StateError> {
        if keys.is_empty() {
            return Ok(());
        }
        match self.open(reference, &path)? {
            Node::Leaf { rest, value } => {
                if let Ok(at) = keys.binary_search(&path.join(&rest)) {
                    values[at] = Some(value);
                }
            }
            Node::Extension { rest, child } => {
                let below = path.join(&rest);
                let within = within(keys, &below, |key| key);
                self.walk(&child, below, &keys[within.clone()], &mut values[within])?;
            }
            Node::Branch(children) => {
                let mut from = 0;
                for group in keys.chunk_by(|a, b| a.get(path.len()) == b.get(path.len())) {
                    let to = from + group.len();
                    let nibble = group[0].get_unchecked(path.len());
                    if let Some(child) = &children[usize::from(nibble)] {
                        let mut below = path;
                        below.push(nibble);
                        self.walk(child, below, group, &mut values[from..to])?;
                    }
                    from = to;
                }
            }
        }
        Ok(())
    }

    /// The nodes with a digest on the way to `key`, the root first, and the value that is there.
    pub(crate) fn prove(
        &mut self,
        root: B256,
        key: &Nibbles,
    ) -> Result<(Vec<Bytes>, Option<Bytes>), StateError> {
        let mut proof = Vec::new();
        let mut path = Nibbles::new();
        let mut next = root_reference(root);
        while let Some(reference) = next {
            let rlp = self.rlp(&reference, &path)?;
            let node = Node::decode(&rlp, path.len()).map_err(|problem| self.broken(&path, problem))?;
            if reference.is_hash() {
                proof.push(rlp);
            }
            next = match node {
                Node::Leaf { rest, value } => {
                    return Ok((proof, (path.join(&rest) == *key).then_some(value)));
                }
                Node::Extension { rest, child } => {
                    path.extend(&rest);
                    key.starts_with(&path).then_some(child)
                }
                Node::Branch(children) => {
                    debug_assert!(path.len() < KEY_NIBBLES);
                    let nibble = key.get_unchecked(path.len());
                    path.push(nibble);
                    children[usize::from(nibble)].clone()
                }
            };
        }
        Ok((proof, None))
    }
}

/// The reference to a root; `None` for the empty trie.
pub(crate) fn root_reference(root: B256) -> Option<RlpNode> {
    (root != EMPTY_ROOT_HASH).then(|| RlpNode::word_rlp(&root))
}

/// Where in `items`, which are in ascending order of their keys, those lie that begin with `prefix`.
pub(crate) fn within<T>(
    items: &[T],
    prefix: &Nibbles,
    key: impl Fn(&T) -> &Nibbles,
) -> core::ops::Range<usize> {
    let from = items.partition_point(|item| key(item) < prefix);
    let count = items[from..].partition_point(|item| key(item).starts_with(prefix));
    from..from + count
}

/// Checks the digest of everything that was read, in one batch.
///
/// # Errors
/// [`StateError::BrokenTrie`] for the first node that is not the one its parent means.
pub(crate) fn verify<'r>(
    readers: impl Iterator<Item = &'r Reader<'r>> + Clone,
    keccak: &dyn KeccakBatch,
) -> Result<(), StateError> {
    let all = || {
        let readers = readers.clone();
        readers.flat_map(|reader| reader.read.iter().map(move |read| (reader, read)))
    };
    let messages: Vec<&[u8]> = all().map(|(_, read)| &read.rlp[..]).collect();
    if messages.is_empty() {
        return Ok(());
    }
    let mut digests = vec![B256::ZERO; messages.len()];
    keccak.hash(&messages, &mut digests);
    for ((reader, read), digest) in all().zip(&digests) {
        if read.digest != *digest {
            return Err(reader.broken(&read.path, "is not the node that its parent means"));
        }
    }
    Ok(())
}
