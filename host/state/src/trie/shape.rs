//! New nodes and the form they take: what a set of leaves, a branch that lost children, or a path that
//! leads to a lone child becomes.

use super::{
    node::{DIGEST_REFERENCE, HASHED_FROM, Node},
    reader::{At, ReadAt},
    update::{TrieChange, step},
};
use crate::StateError;
use alloy_primitives::Bytes;
use alloy_trie::{Nibbles, nodes::RlpNode};

/// A child of a new node.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Link {
    /// As it was.
    Old(At),
    /// A place in `TrieChange::new_nodes`.
    New(u32),
}

/// The value of a new leaf.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    /// That of a leaf that was read.
    Old(ReadAt),
    /// A change's.
    New(&'a [u8]),
}

/// What a new node is.
pub(crate) type NewShape<'a> = Node<Link, Value<'a>>;

/// A node that is not yet kept.
#[derive(Debug)]
pub(crate) struct NewNode<'a> {
    pub(crate) path: Nibbles,
    pub(crate) node: NewShape<'a>,
    /// Bytes of its RLP.
    pub(crate) length: usize,
    /// How many digests, each of which needs the one before, its RLP needs.
    pub(crate) level: usize,
    /// Whether a node is kept at its path that it takes the place of.
    pub(crate) replaces: bool,
    /// What is kept; empty until the node is hashed, and where it is embedded.
    pub(crate) rlp: Bytes,
    /// Empty until the node is hashed. That of an embedded node is there at once.
    pub(crate) reference: RlpNode,
}

impl NewNode<'_> {
    /// True for a node that is known by its digest: a long one, and the root always.
    pub(crate) fn is_kept(&self) -> bool {
        self.length >= HASHED_FROM || self.path.is_empty()
    }
}

impl<'a> TrieChange<'a> {
    /// A trie of nothing but `leaves`, which are in ascending order and all below `path`.
    pub(crate) fn build(&mut self, path: Nibbles, leaves: &[(Nibbles, Value<'a>)]) -> Option<Link> {
        let (first, last) = (leaves.first()?, leaves.last()?);
        if leaves.len() == 1 {
            return Some(self.leaf(path, &first.0, first.1));
        }
        let fork = first.0.common_prefix_length(&last.0);
        let at = first.0.slice(..fork);
        let mut links = [None; 16];
        for group in leaves.chunk_by(|a, b| a.0.get(fork) == b.0.get(fork)) {
            let (nibble, below) = step(&at, &group[0].0);
            links[nibble] = self.build(below, group);
        }
        let branch = self.push(at, Node::Branch(links));
        Some(self.extension(path, at.slice(path.len()..), branch))
    }

    /// The leaf of `key` at `path`.
    pub(crate) fn leaf(&mut self, path: Nibbles, key: &Nibbles, value: Value<'a>) -> Link {
        let rest = key.slice(path.len()..);
        self.push(path, Node::Leaf { rest, value })
    }

    /// What is at `path` when its children are these: a branch only if there are two or more.
    pub(crate) fn branch(
        &mut self,
        path: Nibbles,
        links: [Option<Link>; 16],
    ) -> Result<Option<Link>, StateError> {
        let mut present = (0..16u8).filter(|nibble| links[usize::from(*nibble)].is_some());
        let (first, second) = (present.next(), present.next());
        match (first, second) {
            (None, _) => Ok(None),
            (Some(only), None) => {
                let link = links[usize::from(only)];
                let lead = Nibbles::from_nibbles([only]);
                link.map(|link| self.lead_to(path, lead, link)).transpose()
            }
            (Some(_), Some(_)) => Ok(Some(self.push(path, Node::Branch(links)))),
        }
    }

    /// What is at `path` when all below it is below `path` + `lead`, where `link` is. A leaf and an
    /// extension take the nibbles in; to a branch leads an extension.
    pub(crate) fn lead_to(&mut self, path: Nibbles, lead: Nibbles, link: Link) -> Result<Link, StateError> {
        if lead.is_empty() {
            return Ok(link);
        }
        let at = path.join(&lead);
        let below = match link {
            Link::New(new) if matches!(self.new_node(new).node, Node::Branch(_)) => {
                return Ok(self.extension(path, lead, link));
            }
            Link::New(new) => {
                let taken = self.new_nodes[new as usize].take();
                let taken = taken.expect("a link leads to a node that was not merged away");
                if taken.replaces {
                    self.removed.push(taken.path);
                }
                taken.node
            }
            Link::Old(old) => {
                let read = self.reader.open(old, &at)?;
                let child = self.reader.child(read, 0);
                let node = match (self.reader.node(read), child) {
                    (Node::Leaf { rest, .. }, _) => Node::Leaf {
                        rest: *rest,
                        value: Value::Old(read),
                    },
                    (Node::Extension { rest, .. }, Some(child)) => Node::Extension {
                        rest: *rest,
                        child: Link::Old(child),
                    },
                    _ => return Ok(self.extension(path, lead, link)),
                };
                if self.reader.is_kept(old) {
                    self.removed.push(at);
                }
                node
            }
        };
        let node = match below {
            Node::Leaf { rest, value } => Node::Leaf {
                rest: lead.join(&rest),
                value,
            },
            Node::Extension { rest, child } => Node::Extension {
                rest: lead.join(&rest),
                child,
            },
            branch @ Node::Branch(_) => branch,
        };
        Ok(self.push(path, node))
    }

    pub(crate) fn extension(&mut self, path: Nibbles, rest: Nibbles, child: Link) -> Link {
        if rest.is_empty() {
            return child;
        }
        self.push(path, Node::Extension { rest, child })
    }

    fn push(&mut self, path: Nibbles, node: NewShape<'a>) -> Link {
        let reference_length = |link: &Link| match link {
            Link::Old(at) => self.reader.reference(*at).len(),
            Link::New(at) => match self.new_node(*at).length {
                embedded if embedded < HASHED_FROM => embedded,
                _ => DIGEST_REFERENCE,
            },
        };
        let length = node.length(reference_length, |value| self.bytes(value));
        let level_above = |link: &Link| match link {
            Link::New(at) if self.new_node(*at).is_kept() => self.new_node(*at).level + 1,
            Link::New(_) | Link::Old(_) => 0,
        };
        let level = match &node {
            Node::Leaf { .. } => 0,
            Node::Extension { child, .. } => level_above(child),
            Node::Branch(children) => children.iter().flatten().map(level_above).max().unwrap_or(0),
        };
        let mut new = NewNode {
            path,
            node,
            length,
            level,
            replaces: false,
            rlp: Bytes::new(),
            reference: RlpNode::default(),
        };
        if !new.is_kept() {
            // Digests are longer than that, so all that is below is embedded as well, or was there before.
            new.reference = RlpNode::from_raw(&self.encode(&new)).unwrap_or_default();
        }
        self.new_nodes.push(Some(new));
        Link::New(self.new_nodes.len() as u32 - 1)
    }

    /// The RLP of a node, once the references of its children are known.
    pub(crate) fn encode(&self, new: &NewNode<'_>) -> Vec<u8> {
        let mut rlp = Vec::with_capacity(new.length);
        new.node.encode(
            new.length,
            |link| self.reference(*link),
            |value| self.bytes(value),
            &mut rlp,
        );
        debug_assert_eq!(rlp.len(), new.length);
        rlp
    }

    /// The reference of a child; empty while it is not yet hashed.
    pub(crate) fn reference(&self, link: Link) -> &[u8] {
        match link {
            Link::Old(at) => self.reader.reference(at),
            Link::New(at) => &self.new_node(at).reference,
        }
    }

    /// A leaf's value.
    fn bytes<'v>(&'v self, value: &Value<'v>) -> &'v [u8] {
        match value {
            Value::Old(read) => self.reader.value(*read),
            Value::New(bytes) => bytes,
        }
    }

    pub(crate) fn new_node(&self, at: u32) -> &NewNode<'a> {
        self.new_nodes[at as usize]
            .as_ref()
            .expect("a link leads to a node that was not merged away")
    }
}
