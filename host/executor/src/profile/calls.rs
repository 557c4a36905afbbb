//! The paths of calls, from a transaction's first frame inwards.

use super::Code;
use alloy_primitives::{Address, map::HashMap};
use std::time::Duration;

/// So many distinct paths are told apart. The frames of further ones count for the frame that called them, or for
/// [`Code::Other`] where a transaction calls them, so that memory stays bounded (about 30 MB) and no gas is lost.
pub const MAX_CALL_PATHS: usize = 100_000;

/// A step of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    /// What runs.
    pub code: Code,
    /// Whose code that is; zero for a creation.
    pub address: Address,
    /// The function: the first four bytes of the input, where a contract is called with that many.
    pub selector: Option<[u8; 4]>,
}

/// What stands for the calls of transactions that have no path of their own.
const OTHER: Call = Call {
    code: Code::Other,
    address: Address::ZERO,
    selector: None,
};

/// All frames with one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// The node of the callers, which comes earlier in the tree; `None` where the transaction calls.
    pub parent: Option<u32>,
    /// The last step of the path.
    pub call: Call,
    /// How many frames there were.
    pub frames: u64,
    /// Instructions that they executed.
    pub instructions: u64,
    /// Gas that they used, without that of the frames that they called.
    pub gas: u64,
    /// The time that they took, without that of the frames that they called.
    pub time: Duration,
}

/// The paths, in the order in which they were first met.
#[derive(Debug, Clone)]
pub struct CallTree {
    nodes: Vec<Node>,
    places: HashMap<(Option<u32>, Call), u32>,
    most: usize,
    folded_frames: u64,
}

impl CallTree {
    /// A tree of at most so many paths.
    pub(super) fn new(most: usize) -> Self {
        Self {
            nodes: Vec::new(),
            places: HashMap::default(),
            // The places are numbered in 32 bits.
            most: most.min(u32::MAX as usize - 1),
            folded_frames: 0,
        }
    }

    /// The nodes; a parent comes before its children.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// How many frames have no path of their own, because there were [too many](MAX_CALL_PATHS).
    pub fn folded_frames(&self) -> u64 {
        self.folded_frames
    }

    /// The steps to a node, from the transaction's first frame on.
    pub fn path(&self, node: usize) -> Vec<&Call> {
        let mut path = Vec::new();
        let mut next = self.nodes.get(node);
        while let Some(node) = next {
            path.push(&node.call);
            next = node.parent.and_then(|parent| self.nodes.get(parent as usize));
        }
        path.reverse();
        path
    }

    /// The node of a frame that is called from `parent`, made if there is room for one more; else one that stands for
    /// others as well, and true.
    pub(super) fn enter(&mut self, parent: Option<u32>, call: Call) -> (u32, bool) {
        if let Some(known) = self.places.get(&(parent, call)) {
            return (*known, false);
        }
        if self.nodes.len() < self.most {
            return (self.add(parent, call), false);
        }
        let place = parent
            .or_else(|| self.places.get(&(None, OTHER)).copied())
            .unwrap_or_else(|| self.add(None, OTHER));
        (place, true)
    }

    fn add(&mut self, parent: Option<u32>, call: Call) -> u32 {
        // There is one node more than `most`, which fits in 32 bits.
        let place = self.nodes.len() as u32;
        self.nodes.push(Node {
            parent,
            call,
            frames: 0,
            instructions: 0,
            gas: 0,
            time: Duration::ZERO,
        });
        self.places.insert((parent, call), place);
        place
    }

    pub(super) fn nodes_mut(&mut self) -> &mut [Node] {
        &mut self.nodes
    }

    pub(super) fn add_folded(&mut self, frames: u64) {
        self.folded_frames += frames;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(byte: u8) -> Call {
        Call {
            code: Code::Empty,
            address: Address::repeat_byte(byte),
            selector: None,
        }
    }

    #[test]
    fn same_path_is_one_node_and_another_caller_makes_another() {
        let mut tree = CallTree::new(10);
        let (a, _) = tree.enter(None, call(1));
        let (ab, _) = tree.enter(Some(a), call(2));
        assert_eq!(tree.enter(Some(a), call(2)), (ab, false));
        let (b, _) = tree.enter(None, call(2));
        assert_ne!(b, ab);
        assert_eq!(tree.path(1), [&call(1), &call(2)]);
        assert_eq!(tree.nodes().len(), 3);
    }

    #[test]
    fn paths_beyond_the_bound_are_their_callers_and_transactions_call_others() {
        let mut tree = CallTree::new(2);
        let (a, _) = tree.enter(None, call(1));
        let (ab, _) = tree.enter(Some(a), call(2));
        assert_eq!(tree.enter(Some(ab), call(3)), (ab, true));
        assert_eq!(tree.enter(Some(a), call(4)), (a, true));
        assert_eq!(
            tree.enter(Some(a), call(2)),
            (ab, false),
            "what is known stays known"
        );
        let (other, folded) = tree.enter(None, call(5));
        assert!(folded && other == 2 && tree.nodes()[2].call == OTHER);
        assert_eq!(tree.enter(None, call(6)), (other, true));
        assert_eq!(tree.enter(Some(other), call(7)), (other, true));
        assert_eq!(tree.nodes().len(), 3);
    }
}
