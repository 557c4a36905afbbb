//! New nodes and the form they take: what a set of leaves, a branch that lost children, or a path that
//! leads to a lone child becomes.

use super::{
    node::{HASHED_FROM, Node},
    update::{TrieChange, step},
};
use crate::StateError;
use alloy_primitives::Bytes;
use alloy_trie::{Nibbles, nodes::RlpNode};

/// A child of a new node.
#[derive(Debug)]
pub(crate) enum Link {
    /// As it was.
    Old(RlpNode),
    /// An index into `TrieChange::new_nodes`.
    New(usize),
}

/// A node that is not yet kept.
#[derive(Debug)]
pub(crate) struct NewNode {
    pub(crate) path: Nibbles,
    pub(crate) node: Node<Link>,
    /// Bytes of its RLP.
    pub(crate) length: usize,
    /// How many digests, each of which needs the one before, its RLP needs.
    pub(crate) level: usize,
    /// What is kept; empty until the node is hashed, and where it is embedded.
    pub(crate) rlp: Bytes,
    /// Empty until the node is hashed. That of an embedded node is there at once.
    pub(crate) reference: RlpNode,
}

impl NewNode {
    /// True for a node that is known by its digest: a long one, and the root always.
    pub(crate) fn is_kept(&self) -> bool {
        self.length >= HASHED_FROM || self.path.is_empty()
    }
}

impl TrieChange<'_> {
    /// A trie of nothing but `leaves`, which are in ascending order and all below `path`.
    pub(crate) fn build(&mut self, path: Nibbles, leaves: &[(Nibbles, Bytes)]) -> Option<Link> {
        let (first, last) = (leaves.first()?, leaves.last()?);
        if leaves.len() == 1 {
            let rest = first.0.slice(path.len()..);
            let value = first.1.clone();
            return Some(self.push(path, Node::Leaf { rest, value }));
        }
        let fork = first.0.common_prefix_length(&last.0);
        let at = first.0.slice(..fork);
        let mut links: Box<[Option<Link>; 16]> = Box::default();
        for group in leaves.chunk_by(|a, b| a.0.get(fork) == b.0.get(fork)) {
            let (nibble, below) = step(&at, &group[0].0);
            links[nibble] = self.build(below, group);
        }
        let branch = self.push(at, Node::Branch(links));
        Some(self.extension(path, at.slice(path.len()..), branch))
    }

    /// What is at `path` when its children are these: a branch only if there are two or more.
    pub(crate) fn branch(
        &mut self,
        path: Nibbles,
        mut links: Box<[Option<Link>; 16]>,
    ) -> Result<Option<Link>, StateError> {
        let mut present = (0..16u8).filter(|nibble| links[usize::from(*nibble)].is_some());
        let (first, second) = (present.next(), present.next());
        match (first, second) {
            (None, _) => Ok(None),
            (Some(only), None) => {
                let link = links[usize::from(only)].take();
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
        let below: Node<Link> = match &link {
            Link::New(new) if matches!(self.new_node(*new).node, Node::Branch(_)) => {
                return Ok(self.extension(path, lead, link));
            }
            Link::New(new) => {
                let taken = self.new_nodes[*new].take();
                taken
                    .expect("a link leads to a node that was not merged away")
                    .node
            }
            Link::Old(reference) => {
                let node = match self.reader.open(reference, &at)? {
                    Node::Branch(_) => return Ok(self.extension(path, lead, link)),
                    Node::Leaf { rest, value } => Node::Leaf { rest, value },
                    Node::Extension { rest, child } => Node::Extension {
                        rest,
                        child: Link::Old(child),
                    },
                };
                self.note_replaced(reference, at);
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

    fn push(&mut self, path: Nibbles, node: Node<Link>) -> Link {
        let length = node.length(|link| match link {
            Link::Old(reference) => reference.len(),
            Link::New(at) => match self.new_node(*at).length {
                embedded if embedded < HASHED_FROM => embedded,
                _ => 33,
            },
        });
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
            rlp: Bytes::new(),
            reference: RlpNode::default(),
        };
        if !new.is_kept() {
            // Digests are longer than that, so all that is below is embedded as well, or was there before.
            new.reference = RlpNode::from_raw(&self.encode(&new)).unwrap_or_default();
        }
        self.new_nodes.push(Some(new));
        Link::New(self.new_nodes.len() - 1)
    }

    /// The RLP of a node, once the references of its children are known.
    pub(crate) fn encode(&self, new: &NewNode) -> Vec<u8> {
        let mut rlp = Vec::with_capacity(new.length);
        new.node.encode(|link| self.reference(link).as_slice(), &mut rlp);
        debug_assert_eq!(rlp.len(), new.length);
        rlp
    }

    /// The reference of a child; empty while it is not yet hashed.
    pub(crate) fn reference<'l>(&'l self, link: &'l Link) -> &'l RlpNode {
        match link {
            Link::Old(reference) => reference,
            Link::New(at) => &self.new_node(*at).reference,
        }
    }

    fn new_node(&self, at: usize) -> &NewNode {
        self.new_nodes[at]
            .as_ref()
            .expect("a link leads to a node that was not merged away")
    }
}
