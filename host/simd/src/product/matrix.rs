//! The right operand of a matrix product, packed.

use super::amx;
use super::instructions;
use super::lanes::{Job, Lanes};
use super::operand::{ByteOperand, Elements, Zeros};
use super::panels::Panels;
use super::scratch::Aligned;
use super::tile::{Bytes, Columns, Multiply, UnsignedRows, Wider, Words};
use crate::Level;

/// What x of a product is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum XKind {
    /// `u8` or `i8`.
    Byte,
    /// `i16`.
    Word,
}

/// How w is packed: panels of some columns, in each step by step what makes the words of these columns.
pub(super) trait Packing: Copy {
    /// Terms of a word: so many rows of w make a step.
    const TERMS: usize;
    /// How words are multiplied.
    type Multiply: Multiply;
    /// A panel, as a tile takes it.
    fn columns(panel: &[u8]) -> impl Columns;
}

/// Four bytes of a column beside each other.
#[derive(Clone, Copy)]
pub(super) struct Quads;

impl Packing for Quads {
    const TERMS: usize = 4;
    type Multiply = UnsignedRows;

    #[inline(always)]
    fn columns(panel: &[u8]) -> impl Columns {
        Bytes(panel)
    }
}

/// Two bytes of a column beside each other, that become words of 16 bits when they are loaded.
#[derive(Clone, Copy)]
pub(super) struct Pairs;

impl Packing for Pairs {
    const TERMS: usize = 2;
    type Multiply = Words;

    #[inline(always)]
    fn columns(panel: &[u8]) -> impl Columns {
        Wider(panel)
    }
}

/// Whether a packing is for tiles.
#[inline(always)]
pub(super) const fn has_tiles<P: Packing, L: Lanes>() -> bool {
    L::TILES && P::TERMS == 4
}

/// The right operand w of matrix products, `k × n` bytes, packed for a level.
#[derive(Debug)]
pub struct PackedMatrix {
    level: Level,
    kind: XKind,
    k: usize,
    n: usize,
    /// Signed bytes, less than those of w by as much as the zero points are less.
    panels: Panels,
    /// What `x_zero` is subtracted for: the sum of each column, less its zero points.
    sums: Vec<i32>,
    /// Zero points of the columns, empty if all are zero.
    zeros: Vec<i32>,
}

impl PackedMatrix {
    /// Packs `w`, which has `k` rows of `n`, for products with an x of a kind.
    ///
    /// # Panics
    /// If w is not `k · n` bytes, or `zeros` neither one nor `n`.
    pub fn new(level: Level, w: Elements<'_>, k: usize, n: usize, zeros: Zeros<'_>, x: XKind) -> Self {
        let mut packed = Self {
            level,
            kind: x,
            k,
            n,
            panels: Panels::Own(Aligned::default()),
            sums: Vec::new(),
            zeros: Vec::new(),
        };
        packed.repack(w, zeros);
        packed
    }

    /// Packs other weights of the same shape in place.
    ///
    /// # Panics
    /// As [`new`](Self::new) does.
    pub fn repack(&mut self, w: Elements<'_>, zeros: Zeros<'_>) {
        assert_eq!(w.len(), self.k * self.n, "elements of w");
        zeros.check(self.n);
        let w = ByteOperand::new(w).expect("w has bytes");
        let less = w.to_signed().1;
        self.zeros.clear();
        let zeros = (0..self.n).map(|column| zeros.at(column).wrapping_sub(less));
        if zeros.clone().any(|zero| zero != 0) {
            self.zeros.extend(zeros);
        }
        instructions::run(self.level, Pack { to: self, w });
    }

    /// The level it is packed for.
    pub const fn level(&self) -> Level {
        self.level
    }

    /// How many terms a sum has.
    pub const fn k(&self) -> usize {
        self.k
    }

    /// How many columns the result has.
    pub const fn n(&self) -> usize {
        self.n
    }

    pub(super) const fn kind(&self) -> XKind {
        self.kind
    }

    pub(super) const fn panels(&self) -> &Panels {
        &self.panels
    }

    /// The same panels in other memory.
    pub(super) fn set_panels(&mut self, panels: Panels) {
        self.panels = panels;
    }

    pub(super) fn sums(&self) -> &[i32] {
        &self.sums
    }

    pub(super) fn zeros(&self) -> &[i32] {
        &self.zeros
    }

    /// Steps of a sum, the last of which may have no terms.
    #[inline(always)]
    pub(super) fn steps<P: Packing, L: Lanes>(&self) -> usize {
        let steps = self.k.div_ceil(P::TERMS);
        if has_tiles::<P, L>() {
            steps.next_multiple_of(amx::DEPTH)
        } else {
            steps
        }
    }

    /// The panel that begins at a column, for sums of so many steps, and whether it has two vectors.
    #[inline(always)]
    pub(super) fn panel<P: Packing, L: Lanes>(&self, column: usize, steps: usize) -> (&[u8], bool) {
        let bytes = steps * P::TERMS;
        let two = self.n - column > L::N;
        let columns = if two { 2 * L::N } else { L::N };
        (&self.panels.get()[column * bytes..][..columns * bytes], two)
    }
}

/// Packs into `to`.
struct Pack<'a> {
    to: &'a mut PackedMatrix,
    w: ByteOperand<'a>,
}

impl Job for Pack<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        // Where bytes are multiplied as they are, words are taken as two of them.
        if L::QUADS {
            pack::<L, Quads, 4>(lanes, self.to, self.w);
        } else {
            pack::<L, Pairs, 2>(lanes, self.to, self.w);
        }
    }
}

#[inline(always)]
fn pack<L: Lanes, P: Packing, const TERMS: usize>(lanes: L, to: &mut PackedMatrix, w: ByteOperand<'_>) {
    let (k, n) = (to.k, to.n);
    let steps = to.steps::<P, L>();
    let flip = w.to_signed().0;
    let padded = n.next_multiple_of(L::N);
    let panels = to.panels.resize(padded * steps * TERMS);
    to.sums.clear();
    to.sums.resize(padded, 0);
    for first in (0..n).step_by(2 * L::N) {
        let width = (n - first).min(2 * L::N);
        let columns = if width > L::N { 2 * L::N } else { L::N };
        let panel = &mut panels[first * steps * TERMS..][..columns * steps * TERMS];
        if width < columns {
            panel.fill(0);
        }
        let sums = &mut to.sums[first..][..width];
        // Whole vectors of columns first, then what is left of the columns, and the last step if it has fewer
        // terms.
        let whole_steps = if TERMS == 4 { k / TERMS } else { 0 };
        let whole_columns = if TERMS == 4 { width / L::N * L::N } else { 0 };
        for column in (0..whole_columns).step_by(L::N) {
            let (ones, flips) = (
                lanes.splat(0x0101_0101),
                lanes.splat(u32::from_ne_bytes([flip; 4])),
            );
            let mut total = lanes.zero();
            for step in 0..whole_steps {
                let load = |t: usize| lanes.load_each(&w.bytes[(step * TERMS + t) * n + first + column..]);
                let quads = lanes.xor(lanes.join_bytes([load(0), load(1), load(2), load(3)]), flips);
                total = lanes.quads(total, ones, quads);
                lanes.store_bytes(quads, &mut panel[(step * columns + column) * TERMS..]);
            }
            lanes.store(total, &mut sums[column..]);
        }
        for (step, to) in panel.chunks_exact_mut(columns * TERMS).enumerate() {
            let done = if step < whole_steps { whole_columns } else { 0 };
            let (to, _) = to[done * TERMS..width * TERMS].as_chunks_mut::<TERMS>();
            let (first, width, sums) = (first + done, width - done, &mut sums[done..]);
            if (step + 1) * TERMS <= k {
                let row = |t| &w.bytes[(step * TERMS + t) * n + first..][..width];
                interleave(std::array::from_fn::<_, TERMS, _>(row), flip, to, sums);
            } else {
                to.fill([0; TERMS]);
                for t in 0..k.saturating_sub(step * TERMS) {
                    let row = &w.bytes[(step * TERMS + t) * n + first..][..width];
                    for ((to, sum), &byte) in to.iter_mut().zip(sums.iter_mut()).zip(row) {
                        to[t] = byte ^ flip;
                        *sum = sum.wrapping_add(i32::from(to[t] as i8));
                    }
                }
            }
        }
    }
    for (sum, &zero) in to.sums.iter_mut().zip(&to.zeros) {
        *sum = sum.wrapping_sub((k as i32).wrapping_mul(zero));
    }
}

/// Puts bytes of rows beside each other, flipped, and adds them to the sums of their columns.
#[inline(always)]
fn interleave<const TERMS: usize>(rows: [&[u8]; TERMS], flip: u8, to: &mut [[u8; TERMS]], sums: &mut [i32]) {
    let width = to.len();
    let rows = rows.map(|row| &row[..width]);
    for (column, (to, sum)) in to.iter_mut().zip(&mut sums[..width]).enumerate() {
        for (to, row) in to.iter_mut().zip(rows) {
            *to = row[column] ^ flip;
            *sum = sum.wrapping_add(i32::from(*to as i8));
        }
    }
}
