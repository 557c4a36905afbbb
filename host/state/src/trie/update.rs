//! Applying a batch of changes to one trie.
//!
//! One walk from the root down, with the sorted changes split at every branch, so a node is read once
//! however many changes lie below it, and a branch is looked at once, after everything below it has been
//! decided: whether it stays, becomes an extension or a leaf, or goes. Nodes that come out different are
//! *new*; what is left as it was keeps its reference and is not read further.

use super::{
    node::Node,
    reader::{At, ReadAt, Reader, within},
    shape::{Link, NewNode, Value},
};
use crate::StateError;
use alloy_primitives::{B256, Bytes};
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles};

/// A key of 64 nibbles and its new value; `None` takes the key out.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) key: Nibbles,
    pub(crate) value: Option<Bytes>,
}

/// What became of a part of the trie: nothing, or it is this now; `None` where it is empty now.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    Same,
    Now(Option<Link>),
}

/// One trie with a batch of changes on its way into it.
pub(crate) struct TrieChange<'a> {
    pub(crate) reader: Reader<'a>,
    old_root: B256,
    pub(crate) root: Part,
    /// Children before their parents. A node that was merged into another is taken out again.
    pub(crate) new_nodes: Vec<Option<NewNode<'a>>>,
    /// The paths of kept nodes that go and that no new node [replaces](NewNode::replaces).
    pub(crate) removed: Vec<Nibbles>,
}

impl<'a> TrieChange<'a> {
    /// Applies `changes`, in ascending order of their keys and each key once, to the trie of `reader`, whose root is
    /// `root`.
    pub(crate) fn new(reader: Reader<'a>, root: B256, changes: &'a [Change]) -> Result<Self, StateError> {
        let mut trie = Self {
            reader,
            old_root: root,
            root: Part::Same,
            new_nodes: Vec::new(),
            removed: Vec::new(),
        };
        trie.new_nodes.reserve(2 * changes.len());
        trie.root = trie.update(trie.reader.root(), Nibbles::new(), changes)?;
        Ok(trie)
    }

    /// The root, once the new nodes are hashed.
    pub(crate) fn root(&self) -> B256 {
        match self.root {
            Part::Same => self.old_root,
            Part::Now(None) => EMPTY_ROOT_HASH,
            Part::Now(Some(link)) => {
                let digest = self.reference(link).get(1..).map(B256::try_from);
                let digest = digest.and_then(Result::ok);
                digest.expect("a new root is hashed, and always known by its digest")
            }
        }
    }

    /// Applies changes that all lie below `path` to what is there.
    fn update(&mut self, old: Option<At>, path: Nibbles, changes: &'a [Change]) -> Result<Part, StateError> {
        if changes.is_empty() {
            return Ok(Part::Same);
        }
        let Some(at) = old else {
            let leaves = inserted(changes);
            if leaves.is_empty() {
                return Ok(Part::Same);
            }
            return Ok(Part::Now(self.build(path, &leaves)));
        };
        let read = self.reader.open(at, &path)?;
        let part = match *self.reader.node(read) {
            Node::Leaf { rest, .. } => self.update_leaf(path, rest, read, changes),
            Node::Extension { rest, .. } => match self.reader.child(read, 0) {
                Some(child) => self.update_extension(path, rest, child, changes)?,
                None => Part::Same,
            },
            Node::Branch(_) => self.update_branch(path, read, changes)?,
        };
        self.note_replaced(at, path, part);
        Ok(part)
    }

    /// Notes what becomes of the place of the old node at `path`.
    fn note_replaced(&mut self, old: At, path: Nibbles, part: Part) {
        let Part::Now(now) = part else {
            return;
        };
        if !self.reader.is_kept(old) {
            return;
        }
        if let Some(Link::New(at)) = now
            && let Some(new) = &mut self.new_nodes[at as usize]
            && new.path == path
        {
            new.replaces = true;
        } else {
            self.removed.push(path);
        }
    }

    fn update_leaf(&mut self, path: Nibbles, rest: Nibbles, read: ReadAt, changes: &'a [Change]) -> Part {
        let key = path.join(&rest);
        if let [change] = changes
            && change.key == key
        {
            return match &change.value {
                Some(value) if value[..] == *self.reader.value(read) => Part::Same,
                Some(value) => Part::Now(Some(self.leaf(path, &key, Value::New(value)))),
                None => Part::Now(None),
            };
        }
        let mut leaves = inserted(changes);
        match changes.binary_search_by(|change| change.key.cmp(&key)) {
            Ok(at)
                if leaves.len() == 1
                    && changes[at]
                        .value
                        .as_ref()
                        .is_some_and(|value| value[..] == *self.reader.value(read)) =>
            {
                return Part::Same;
            }
            Ok(_) => {}
            Err(_) if leaves.is_empty() => return Part::Same,
            Err(_) => {
                let at = leaves.partition_point(|(other, _)| *other < key);
                leaves.insert(at, (key, Value::Old(read)));
            }
        }
        Part::Now(self.build(path, &leaves))
    }

    fn update_branch(
        &mut self,
        path: Nibbles,
        read: ReadAt,
        changes: &'a [Change],
    ) -> Result<Part, StateError> {
        let mut parts = [Part::Same; 16];
        let mut same = true;
        for group in by_nibble(changes, path.len()) {
            let (nibble, below) = step(&path, &group[0].key);
            parts[nibble] = self.update(self.reader.child(read, nibble), below, group)?;
            same &= matches!(parts[nibble], Part::Same);
        }
        if same {
            return Ok(Part::Same);
        }
        let links = core::array::from_fn(|nibble| match parts[nibble] {
            Part::Same => self.reader.child(read, nibble).map(Link::Old),
            Part::Now(now) => now,
        });
        Ok(Part::Now(self.branch(path, links)?))
    }

    /// The same for an extension at `path` by `rest`, of which only `child` need be kept: where the
    /// insertions leave it half-way, a branch comes there, and what is left of it is an extension below
    /// or, where nothing is left, the child itself.
    fn update_extension(
        &mut self,
        path: Nibbles,
        rest: Nibbles,
        child: At,
        changes: &'a [Change],
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
        let mut links = [None; 16];
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
            Part::Same => Some(self.extension(below, left, Link::Old(child))),
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
        child: At,
        changes: &'a [Change],
    ) -> Result<Part, StateError> {
        if changes.is_empty() {
            return Ok(Part::Same);
        }
        let end = path.join(&rest);
        let read = self.reader.open_branch(child, &end)?;
        let part = self.update_branch(end, read, changes)?;
        self.note_replaced(child, end, part);
        match part {
            Part::Now(Some(link)) => Ok(Part::Now(Some(self.lead_to(path, rest, link)?))),
            part => Ok(part),
        }
    }
}

/// The keys that get a value, with it.
fn inserted(changes: &[Change]) -> Vec<(Nibbles, Value<'_>)> {
    let values = changes.iter().map(|change| (change.key, change.value.as_deref()));
    values
        .filter_map(|(key, value)| value.map(|value| (key, Value::New(value))))
        .collect()
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
