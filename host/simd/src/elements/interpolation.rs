//! A function of 16 bits by its nodes.

use super::slice::{Element, Slice, typed};

/// A function of 16 bits, prepared.
#[derive(Clone, Debug)]
pub struct Interpolation {
    pub(super) nodes: [i16; 257],
    /// The lower and the upper bytes of the first 256 nodes, then of the last 256.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        allow(dead_code, reason = "for the vectors of x86-64")
    )]
    planes: [[u8; 256]; 4],
}

impl Interpolation {
    /// Prepares nodes: node `h` is the value at `256·h − 32768`.
    ///
    /// # Panics
    /// If there are not 257 nodes, or they have 32 bits.
    pub fn new(nodes: Slice<'_>) -> Self {
        assert_eq!(nodes.len(), 257, "an interpolation has 257 nodes");
        assert!(!matches!(nodes, Slice::I32(_)), "nodes have 8 or 16 bits");
        let mut wide = [0i16; 257];
        typed!(Slice, nodes, nodes => {
            for (wide, &node) in wide.iter_mut().zip(nodes) {
                *wide = node.wide() as i16;
            }
        });
        let plane = |first: usize, byte: usize| std::array::from_fn(|i| wide[first + i].to_le_bytes()[byte]);
        Self {
            nodes: wide,
            planes: [plane(0, 0), plane(0, 1), plane(1, 0), plane(1, 1)],
        }
    }

    /// All nodes.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn nodes(&self) -> &[i16; 257] {
        &self.nodes
    }

    /// The lower and the upper bytes of the first 256 nodes, then of the last 256.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn planes(&self) -> &[[u8; 256]; 4] {
        &self.planes
    }
}
