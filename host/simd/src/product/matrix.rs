//! Matrix products.

use super::operand::{Block, Elements, Zeros};
use super::scratch::Scratch;
use crate::Level;
use std::ops::Range;

/// What x of a product is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum XKind {
    /// `u8` or `i8`.
    Byte,
    /// `i16`.
    Word,
}

/// The right operand w of matrix products, `k × n` bytes, packed for a level.
#[derive(Debug)]
pub struct PackedMatrix {
    level: Level,
    kind: XKind,
    k: usize,
    n: usize,
    w: Vec<i32>,
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
            w: Vec::new(),
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
        let w: Vec<i32> = match w {
            Elements::U8(w) => w.iter().map(|&w| w.into()).collect(),
            Elements::I8(w) => w.iter().map(|&w| w.into()).collect(),
            Elements::I16(_) => panic!("w has bytes"),
        };
        self.w = w
            .iter()
            .enumerate()
            .map(|(i, w)| w - zeros.at(i % self.n))
            .collect();
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

    /// The memory it takes.
    pub fn memory_bytes(&self) -> usize {
        size_of_val(&self.w[..])
    }

    /// One of `parts` ranges of columns of about the same length, cut where it costs nothing.
    pub fn columns(&self, part: usize, parts: usize) -> Range<usize> {
        self.n * part / parts..self.n * (part + 1) / parts
    }
}

/// `y[m, n] = bias[n] + Σ_k (x[m, k] − x_zero) · (w[k, n] − zeros[n])` for some of x's rows and w's columns.
///
/// x is row-major without gaps; `rows` counts its rows and `bias`, if there is one, has an entry for each of w's
/// columns. Each element of `rows` × `columns` is given to `sink` once. With `whole_rows` every block has all
/// of `columns`; otherwise it is cut as the caches like it.
///
/// # Panics
/// If x is not of the kind that w is packed for or too short for `rows`, `columns` lies beyond w's, or `bias` has
/// another length.
#[expect(
    clippy::too_many_arguments,
    reason = "an operator's operands, and what of it to compute"
)]
pub fn mat_mul(
    w: &PackedMatrix,
    x: Elements<'_>,
    x_zero: i32,
    bias: Option<&[i32]>,
    rows: Range<usize>,
    columns: Range<usize>,
    whole_rows: bool,
    scratch: &mut Scratch,
    sink: &mut dyn FnMut(Block<'_>),
) {
    let _ = whole_rows;
    assert_eq!(
        matches!(x, Elements::I16(_)),
        w.kind == XKind::Word,
        "the type of x"
    );
    assert!(
        rows.start <= rows.end && x.len() >= rows.end * w.k,
        "elements of x"
    );
    assert!(columns.start <= columns.end && columns.end <= w.n, "columns of w");
    assert!(bias.is_none_or(|b| b.len() == w.n), "entries of bias");
    if columns.is_empty() {
        return;
    }
    let x: Vec<i32> = match x {
        Elements::U8(x) => x.iter().map(|&x| x.into()).collect(),
        Elements::I8(x) => x.iter().map(|&x| x.into()).collect(),
        Elements::I16(x) => x.iter().map(|&x| x.into()).collect(),
    };
    for row in rows {
        let sums = columns.clone().map(|n| bias.map_or(0, |b| b[n]));
        scratch.sums.clear();
        scratch.sums.extend(sums);
        for k in 0..w.k {
            let x = x[row * w.k + k].wrapping_sub(x_zero);
            let w = &w.w[k * w.n..][columns.clone()];
            for (sum, w) in scratch.sums.iter_mut().zip(w) {
                *sum = sum.wrapping_add(x.wrapping_mul(*w));
            }
        }
        sink(Block {
            first_row: row,
            rows: 1,
            first_column: columns.start,
            columns: columns.len(),
            stride: columns.len(),
            values: &mut scratch.sums,
        });
    }
}
