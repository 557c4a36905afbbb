//! Reading kept nodes of one trie, and checking them.
//!
//! A node is found by its path, so nothing in the look-up itself says that it is the node its parent
//! means. What was read is therefore remembered together with the digest that it must have, and checked
//! in one batch before any result leaves ([`verify`]).

use super::{
    NodeKey, TrieNodes,
    node::{DIGEST_REFERENCE, KEY_NIBBLES, Node, OldNode, Slot},
};
use crate::{KeccakBatch, StateError};
use alloy_primitives::{B256, Bytes};
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles, nodes::RlpNode};
use core::ops::Range;

/// The old nodes of one trie, as far as they have been read. A node is read and decoded once, however often it is
/// opened.
pub(crate) struct Reader<'a> {
    nodes: &'a dyn TrieNodes,
    owner: Option<B256>,
    /// The reference to the root; of the empty trie none.
    root: Option<RlpNode>,
    /// As [`Slot::read`], of the root.
    root_read: u32,
    read: Vec<Read>,
}

struct Read {
    path: Nibbles,
    /// What it must have; none where it lies in its parent.
    digest: Option<B256>,
    rlp: Bytes,
    node: OldNode,
}

/// Where a reference to an old node is: in a node that was read, by its place among those, as the child with this
/// nibble (that of an extension is 0); or the root's.
#[derive(Debug, Clone, Copy)]
pub(crate) enum At {
    Root,
    Child { of: u32, nibble: u8 },
}

/// A node that was read, by its place.
pub(crate) type ReadAt = u32;

impl<'a> Reader<'a> {
    pub(crate) fn new(nodes: &'a dyn TrieNodes, owner: Option<B256>, root: B256) -> Self {
        Self {
            nodes,
            owner,
            root: (root != EMPTY_ROOT_HASH).then(|| RlpNode::word_rlp(&root)),
            root_read: 0,
            read: Vec::new(),
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

    /// Where the root is, if there is one.
    pub(crate) fn root(&self) -> Option<At> {
        self.root.as_ref().map(|_| At::Root)
    }

    /// A node that was read.
    pub(crate) fn node(&self, at: ReadAt) -> &OldNode {
        &self.read[at as usize].node
    }

    /// The value of a leaf that was read; of another node nothing.
    pub(crate) fn value(&self, at: ReadAt) -> &[u8] {
        let read = &self.read[at as usize];
        match &read.node {
            Node::Leaf { value, .. } => &read.rlp[value.clone()],
            _ => &[],
        }
    }

    /// A child of a branch that was read, or of an extension (nibble 0).
    pub(crate) fn child(&self, of: ReadAt, nibble: usize) -> Option<At> {
        self.slot(of, nibble).map(|_| At::Child {
            of,
            nibble: nibble as u8,
        })
    }

    fn slot(&self, of: ReadAt, nibble: usize) -> Option<&Slot> {
        match &self.node(of) {
            Node::Branch(children) => children[nibble].as_ref(),
            Node::Extension { child, .. } => Some(child),
            Node::Leaf { .. } => None,
        }
    }

    /// The reference at a place.
    pub(crate) fn reference(&self, at: At) -> &[u8] {
        match at {
            At::Root => self.root.as_ref().map_or(&[], RlpNode::as_slice),
            At::Child { of, nibble } => match self.slot(of, usize::from(nibble)) {
                Some(slot) => &self.read[of as usize].rlp[slot.range()],
                None => &[],
            },
        }
    }

    /// Whether what a reference means is kept, and not embedded.
    pub(crate) fn is_kept(&self, at: At) -> bool {
        self.reference(at).len() == DIGEST_REFERENCE
    }

    /// Reads the node that a reference means, which is at `path`.
    pub(crate) fn open(&mut self, at: At, path: &Nibbles) -> Result<ReadAt, StateError> {
        if let Some(read) = self.known(at) {
            return Ok(read);
        }
        let rlp = self.fetch(at, path)?;
        self.admit(at, path, rlp)
    }

    /// What a reference means, if it has been read.
    fn known(&self, at: At) -> Option<ReadAt> {
        let read = match at {
            At::Root => self.root_read,
            At::Child { of, nibble } => self.slot(of, usize::from(nibble)).map_or(0, |slot| slot.read),
        };
        read.checked_sub(1)
    }

    /// The RLP of what a reference means.
    fn fetch(&self, at: At, path: &Nibbles) -> Result<Bytes, StateError> {
        if let At::Child { of, .. } = at
            && !self.is_kept(at)
        {
            return Ok(self.read[of as usize].rlp.slice_ref(self.reference(at)));
        }
        let rlp = self.nodes.node(&self.key(*path))?;
        rlp.ok_or_else(|| self.broken(path, "is missing"))
    }

    /// Takes in what was fetched.
    fn admit(&mut self, at: At, path: &Nibbles, rlp: Bytes) -> Result<ReadAt, StateError> {
        let digest = self
            .is_kept(at)
            .then(|| B256::from_slice(&self.reference(at)[1..]));
        let node = Node::decode(&rlp, path.len()).map_err(|problem| self.broken(path, problem))?;
        let read = self.read.len() as u32;
        self.read.push(Read {
            path: *path,
            digest,
            rlp,
            node,
        });
        match at {
            At::Root => self.root_read = read + 1,
            At::Child { of, nibble } => match &mut self.read[of as usize].node {
                Node::Branch(children) => {
                    if let Some(slot) = &mut children[usize::from(nibble)] {
                        slot.read = read + 1;
                    }
                }
                Node::Extension { child, .. } => child.read = read + 1,
                Node::Leaf { .. } => {}
            },
        }
        Ok(read)
    }

    /// As [`Self::open`], below an extension: only a branch may be there.
    pub(crate) fn open_branch(&mut self, at: At, path: &Nibbles) -> Result<ReadAt, StateError> {
        let read = self.open(at, path)?;
        match self.node(read) {
            Node::Branch(_) => Ok(read),
            _ => Err(self.broken(path, "is below an extension and not a branch")),
        }
    }

    /// The leaves of `keys`, which are in ascending order.
    ///
    /// Level by level and not branch by branch: where nodes are in memory, most of the time is spent waiting for it,
    /// and many waits at once take as long as one.
    pub(crate) fn leaves(&mut self, keys: &[Nibbles]) -> Result<Vec<Option<ReadAt>>, StateError> {
        let mut leaves = vec![None; keys.len()];
        self.read.reserve(2 * keys.len());
        let root = self.root().filter(|_| !keys.is_empty());
        // Which nodes are to be read for which keys.
        let mut level: Vec<_> = root
            .map(|root| (root, Nibbles::new(), 0..keys.len()))
            .into_iter()
            .collect();
        let mut rlps = Vec::with_capacity(AT_ONCE);
        while !level.is_empty() {
            let mut below = Vec::with_capacity(2 * level.len());
            for some in level.chunks(AT_ONCE) {
                rlps.clear();
                for (at, path, _) in some {
                    rlps.push(self.fetch(*at, path)?);
                }
                touch(&rlps);
                for ((at, path, keys_below), rlp) in some.iter().zip(rlps.drain(..)) {
                    let read = self.admit(*at, path, rlp)?;
                    self.children_for(read, path, keys, keys_below, &mut below, &mut leaves);
                }
            }
            level = below;
        }
        Ok(leaves)
    }

    /// What is to be read below a node for `keys[range]`, or which of them it is the leaf of.
    fn children_for(
        &self,
        read: ReadAt,
        path: &Nibbles,
        keys: &[Nibbles],
        range: &Range<usize>,
        below: &mut Vec<(At, Nibbles, Range<usize>)>,
        leaves: &mut [Option<ReadAt>],
    ) {
        let some = &keys[range.clone()];
        match self.node(read) {
            Node::Leaf { rest, .. } => {
                if let Ok(at) = some.binary_search(&path.join(rest)) {
                    leaves[range.start + at] = Some(read);
                }
            }
            Node::Extension { rest, .. } => {
                let end = path.join(rest);
                let within = within(some, &end, |key| key);
                if let Some(child) = self.child(read, 0).filter(|_| !within.is_empty()) {
                    below.push((child, end, range.start + within.start..range.start + within.end));
                }
            }
            Node::Branch(_) => {
                let mut from = range.start;
                for group in some.chunk_by(|a, b| a.get(path.len()) == b.get(path.len())) {
                    let to = from + group.len();
                    let nibble = group[0].get_unchecked(path.len());
                    if let Some(child) = self.child(read, usize::from(nibble)) {
                        let mut end = *path;
                        end.push(nibble);
                        below.push((child, end, from..to));
                    }
                    from = to;
                }
            }
        }
    }

    /// The nodes with a digest on the way to `key`, the root first, and the value that is there.
    pub(crate) fn prove(&mut self, key: &Nibbles) -> Result<(Vec<Bytes>, Option<Bytes>), StateError> {
        let mut proof = Vec::new();
        let mut path = Nibbles::new();
        let mut next = self.root();
        while let Some(at) = next {
            let read = self.open(at, &path)?;
            let Read {
                digest, rlp, node, ..
            } = &self.read[read as usize];
            if digest.is_some() {
                proof.push(rlp.clone());
            }
            next = match node {
                Node::Leaf { rest, value } => {
                    let there = path.join(rest) == *key;
                    return Ok((proof, there.then(|| rlp.slice(value.clone()))));
                }
                Node::Extension { rest, .. } => {
                    path.extend(rest);
                    self.child(read, 0).filter(|_| key.starts_with(&path))
                }
                Node::Branch(_) => {
                    debug_assert!(path.len() < KEY_NIBBLES);
                    let nibble = key.get_unchecked(path.len());
                    path.push(nibble);
                    self.child(read, usize::from(nibble))
                }
            };
        }
        Ok((proof, None))
    }
}

/// Nodes that are fetched before any of them is looked at.
const AT_ONCE: usize = 64;
/// Bytes that memory gives at once.
const LINE: usize = 64;

/// Has all bytes of some nodes on their way from memory, each line by one load that waits for no other.
fn touch(rlps: &[Bytes]) {
    let lines = rlps.iter().flat_map(|rlp| rlp.chunks(LINE));
    let sum = lines.fold(0u8, |sum, line| sum ^ line[0]);
    core::hint::black_box(sum);
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
        let read = |reader: &'r Reader<'r>| reader.read.iter().map(move |read| (reader, read));
        let kept = |(reader, read): (_, &'r Read)| read.digest.map(|digest| (reader, read, digest));
        readers.clone().flat_map(read).filter_map(kept)
    };
    let mut messages: Vec<&[u8]> = Vec::with_capacity(readers.clone().map(|reader| reader.read.len()).sum());
    all().for_each(|(_, read, _)| messages.push(&read.rlp));
    if messages.is_empty() {
        return Ok(());
    }
    let mut digests = vec![B256::ZERO; messages.len()];
    keccak.hash(&messages, &mut digests);
    match all()
        .zip(&digests)
        .find(|((_, _, expected), digest)| expected != *digest)
    {
        Some(((reader, read, _), _)) => {
            Err(reader.broken(&read.path, "is not the node that its parent means"))
        }
        None => Ok(()),
    }
}
