//! Any function of 16 bits, straight between 257 nodes.

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::avx512::{Avx512, Vbmi};
use super::dispatch::{Kernel, at};
use super::slice::{Element, Slice, SliceMut, typed};
use crate::Level;

/// A function of 16 bits, prepared.
#[derive(Clone, Debug)]
pub struct Interpolation {
    nodes: [i16; 257],
    /// The lower and the upper bytes of the first 256 nodes, then of the last 256.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        allow(dead_code, reason = "for the vectors of x86-64")
    )]
    planes: [[u8; 256]; 4],
}

/// Elements from which on it pays to load all nodes to registers.
#[cfg(target_arch = "x86_64")]
const LONG: usize = 128;

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

    /// `y = t[h] + (((t[h + 1] − t[h]) · l + 128) >> 8)`, `h` and `l` being the upper and the lower byte of
    /// `x + 32768`. A result lies between its two nodes; give the type that they were given in.
    ///
    /// # Panics
    /// If `x` and `y` have different lengths.
    #[inline]
    pub fn apply(&self, level: Level, x: &[i16], y: SliceMut<'_>) {
        assert_eq!(x.len(), y.len(), "elements and results have different lengths");
        typed!(SliceMut, y, y => {
            #[cfg(target_arch = "x86_64")]
            if x.len() >= LONG && let Some(vbmi) = Vbmi::of(level) {
                return vbmi.interpolate(self, x, y);
            }
            #[cfg(target_arch = "x86_64")]
            if let Some(avx512) = Avx512::of(level) {
                return avx512.interpolate(self, x, y);
            }
            #[cfg(target_arch = "x86_64")]
            if let Some(avx2) = Avx2::of(level) {
                return avx2.interpolate(self, x, y);
            }
            at::<Between, _>(level, (self, x, y));
        });
    }
}

struct Between;

impl<Y: Element> Kernel<(&Interpolation, &[i16], &mut [Y])> for Between {
    type Output = ();

    #[inline(always)]
    fn run((function, x, y): (&Interpolation, &[i16], &mut [Y])) {
        for (y, &x) in y.iter_mut().zip(x) {
            let u = x as u16 ^ 0x8000;
            let (h, l) = (usize::from(u >> 8), i32::from(u & 255));
            let (left, right) = (function.nodes[h].wide(), function.nodes[h + 1].wide());
            *y = Y::truncate(left + (((right - left) * l + 128) >> 8));
        }
    }
}
