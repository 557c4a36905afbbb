//! Applying a batch of changes to one trie.
//!
//! One walk from the root down, with the sorted changes split at every branch, so a node is read once
//! however many changes lie below it, and a branch is looked at once, after everything below it has been
//! decided: whether it stays, becomes an extension or a leaf, or goes. Nodes that come out different are
//! *new*; what is left as it was keeps its reference and is not read further.

use super::{
    node::Node,
    reader::{Reader, root_reference, within},
    shape::{Link, NewNode},
};
use crate::StateError;
use alloy_primitives::{B256, Bytes};
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles, nodes::RlpNode};

/// A key of 64 nibbles and its new value; `None` takes the key out.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) key: Nibbles,
    pub(crate) value: Option<Bytes>,
}

/// What became of a part of the trie: nothing, or it is this now; `None` where it is empty now.
enum Part {
    Same,
    Now(Option<Link>),
}

/// One trie with a batch of changes on its way into it.
pub(crate) struct TrieChange<'a> {
    pub(crate) reader: Reader<'a>,
    old_root: B256,
    root: Part,
    /// Children before their parents. A node that was merged into another is taken out again.
    pub(crate) new_nodes: Vec<Option<NewNode>>,
    /// The paths of kept nodes that are not kept as they are.
    pub(crate) replaced: Vec<Nibbles>,
}

impl<'a> TrieChange<'a> {
    /// Applies `changes`, in ascending order of their keys and each key once, to the trie with root `root`.
    pub(crate) fn new(reader: Reader<'a>, root: B256, changes: &[Change]) -> Result<Self, StateError> {
        let mut trie = Self {
            reader,
            old_root: root,
            root: Part::Same,
            new_nodes: Vec::new(),
            replaced: Vec::new(),
        };
        trie.root = trie.update(root_reference(root).as_ref(), Nibbles::new(), changes)?;
        Ok(trie)
    }

    /// The root, once the new nodes are hashed.
    pub(crate) fn root(&self) -> B256 {
        match &self.root {
            Part::Same => self.old_root,
            Part::Now(None) => EMPTY_ROOT_HASH,
            Part::Now(Some(link)) => {
                let root = self.reference(link).as_hash();
                root.expect("a new root is hashed, and always known by its digest")
            }
        }
    }

    /// Applies changes that all lie below `path` to what is there.
    fn update(
        &mut self,
        old: Option<&RlpNode>,
        path: Nibbles,
        changes: &[Change],
    ) -> Result<Part, StateError> {
        if changes.is_empty() {
            return Ok(Part::Same);
        }
        let Some(reference) = old else {
            let leaves = inserted(changes);
            if leaves.is_empty() {
                return Ok(Part::Same);
            }
            return Ok(Part::Now(self.build(path, &leaves)));
        };
        let part = match self.reader.open(reference, &path)? {
            Node::Leaf { rest, value } => self.update_leaf(path, rest, value, changes),
            Node::Extension { rest, child } => self.update_extension(path, rest, &child, changes)?,
            Node::Branch(children) => self.update_branch(path, &children, changes)?,
        };
        if matches!(part, Part::Now(_)) {
            self.note_replaced(reference, path);
        }
        Ok(part)
    }

    pub(crate) fn note_replaced(&mut self, reference: &RlpNode, path: Nibbles) {
        if reference.is_hash() {
            self.replaced.push(path);
        }
    }

    fn update_leaf(&mut self, path: Nibbles, rest: Nibbles, value: Bytes, changes: &[Change]) -> Part {
        let key = path.join(&rest);
        let mut leaves = inserted(changes);
        match changes.binary_search_by(|change| change.key.cmp(&key)) {
            Ok(at) if changes[at].value.as_ref() == Some(&value) && leaves.len() == 1 => return Part::Same,
            Ok(_) => {}
            Err(_) if leaves.is_empty() => return Part::Same,
            Err(_) => {
                let at = leaves.partition_point(|(other, _)| *other < key);
                leaves.insert(at, (key, value));
            }
        }
        Part::Now(self.build(path, &leaves))
    }

    fn update_branch(
        &mut self,
        path: Nibbles,
        children: &[Option<RlpNode>; 16],
        changes: &[Change],
    ) -> Result<Part, StateError> {
        let mut parts: [Part; 16] = [const { Part::Same }; 16];
        let mut same = true;
        for group in by_nibble(changes, path.len()) {
            let (nibble, below) = step(&path, &group[0].key);
            parts[nibble] = self.update(children[nibble].as_ref(), below, group)?;
            same &= matches!(parts[nibble], Part::Same);
        }
        if same {
            return Ok(Part::Same);
        }
        let mut links: Box<[Option<Link>; 16]> = Box::default();
        for ((link, part), child) in links.iter_mut().zip(parts).zip(children) {
            *link = match part {
                Part::Same => child.clone().map(Link::Old),
                Part::Now(now) => now,
            };
        }
        Ok(Part::Now(self.branch(path, links)?))
    }

    /// The same for an extension at `path` by `rest`, of which only `child` need be kept: where the
    /// insertions leave it half-way, a branch comes there, and what is left of it is an extension below
    /// or, where nothing is left, the child itself.
    fn update_extension(
        &mut self,
        path: Nibbles,
        rest: Nibbles,
        child: &RlpNode,
        changes: &[Change],
    ) -> Result<Part, StateError> {
        if changes.is_empty() {
            return Ok(Part::Same);
        }
        let end = path.join(&rest);
        let insertions = changes.iter().filter(|change| change.value.is_some());
        let shared = insertions
            .map(|change| change.key.common_prefix_length(&end))
            .min();
        let Some(fork) = shared.filter(|shared| *shared < end.len()) else {
            let inside = &changes[within(changes, &end, |change| &change.key)];
            return self.update_below_extension(path, rest, child, inside);
        };
        let at = end.slice(..fork);
        let (old_side, below) = step(&at, &end);
        let left = end.slice(fork + 1..);
        let mut old_part = Part::Same;
        let mut links: Box<[Option<Link>; 16]> = Box::default();
        // A deletion that does not even come to the fork has nothing to delete.
        let inside = &changes[within(changes, &at, |change| &change.key)];
        for group in by_nibble(inside, fork) {
            let (nibble, below) = step(&at, &group[0].key);
            if nibble == old_side {
                old_part = self.update_extension(below, left, child, group)?;
            } else {
                links[nibble] = self.build(below, &inserted(group));
            }
        }
        links[old_side] = match old_part {
            Part::Same => Some(self.extension(below, left, Link::Old(child.clone()))),
            Part::Now(now) => now,
        };
        let Some(branch) = self.branch(at, links)? else {
            return Ok(Part::Now(None));
        };
        let lead = end.slice(path.len()..fork);
        Ok(Part::Now(Some(self.lead_to(path, lead, branch)?)))
    }

    /// Applies changes that all lie below the branch at the end of an extension.
    fn update_below_extension(
        &mut self,
        path: Nibbles,
        rest: Nibbles,
        child: &RlpNode,
        changes: &[Change],
    ) -> Result<Part, StateError> {
        if changes.is_empty() {
            return Ok(Part::Same);
        }
        let end = path.join(&rest);
        let children = self.reader.open_branch(child, &end)?;
        let part = self.update_branch(end, &children, changes)?;
        if matches!(part, Part::Now(_)) {
            self.note_replaced(child, end);
        }
        match part {
            Part::Now(Some(link)) => Ok(Part::Now(Some(self.lead_to(path, rest, link)?))),
            part => Ok(part),
        }
    }
}

/// The keys that get a value, with it.
fn inserted(changes: &[Change]) -> Vec<(Nibbles, Bytes)> {
    let leaf = |change: &Change| change.value.clone().map(|value| (change.key, value));
    changes.iter().filter_map(leaf).collect()
}

/// The changes that share the nibble at `depth`, group by group.
fn by_nibble(changes: &[Change], depth: usize) -> impl Iterator<Item = &[Change]> {
    changes.chunk_by(move |a, b| a.key.get(depth) == b.key.get(depth))
}

/// The nibble that follows `path` in `key`, and the path with it.
pub(crate) fn step(path: &Nibbles, key: &Nibbles) -> (usize, Nibbles) {
    let nibble = key.get_unchecked(path.len());
    let mut below = *path;
    below.push(nibble);
    (usize::from(nibble), below)
}
