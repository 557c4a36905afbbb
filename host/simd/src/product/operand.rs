//! What products read and what they give.

use super::bytes::as_unsigned;

/// Elements of an operand as they lie in memory, row-major.
#[derive(Clone, Copy, Debug)]
pub enum Elements<'a> {
    /// Unsigned bytes.
    U8(&'a [u8]),
    /// Signed bytes.
    I8(&'a [i8]),
    /// Signed words: only x of a product packed for [`XKind::Word`](super::XKind::Word).
    I16(&'a [i16]),
}

impl Elements<'_> {
    /// How many there are.
    pub const fn len(&self) -> usize {
        match self {
            Self::U8(x) => x.len(),
            Self::I8(x) => x.len(),
            Self::I16(x) => x.len(),
        }
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Zero points of w, of w's type.
#[derive(Clone, Copy, Debug)]
pub enum Zeros<'a> {
    /// One for all.
    One(i32),
    /// One for each column, or output channel.
    Each(&'a [i32]),
}

impl Zeros<'_> {
    /// The zero point of a column, or output channel.
    pub(super) fn at(&self, index: usize) -> i32 {
        match self {
            Self::One(zero) => *zero,
            Self::Each(zeros) => zeros[index],
        }
    }

    /// Panics if there are neither one nor `count`.
    pub(super) fn check(&self, count: usize) {
        if let Self::Each(zeros) = self {
            assert_eq!(zeros.len(), count, "zero points of w");
        }
    }
}

/// A finished block of a result: row `first_row + r` has its elements from column `first_column` on at
/// `values[r * stride..][..columns]`. Whoever gets it may change the values in place.
#[derive(Debug)]
pub struct Block<'a> {
    /// The first row.
    pub first_row: usize,
    /// How many rows.
    pub rows: usize,
    /// The first column.
    pub first_column: usize,
    /// How many columns.
    pub columns: usize,
    /// From one row of `values` to the next.
    pub stride: usize,
    /// The sums, and between the rows numbers that mean nothing.
    pub values: &'a mut [i32],
}

impl Block<'_> {
    /// The columns of a row of the block, counted from 0.
    pub fn row(&mut self, row: usize) -> &mut [i32] {
        &mut self.values[row * self.stride..][..self.columns]
    }
}

/// Bytes, what to flip of each to have an unsigned one, and what that adds to its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct ByteOperand<'a> {
    pub(super) bytes: &'a [u8],
    signed: bool,
}

impl<'a> ByteOperand<'a> {
    /// The bytes of an operand. `None` if it has words.
    pub(super) fn new(elements: Elements<'a>) -> Option<Self> {
        match elements {
            Elements::U8(bytes) => Some(Self { bytes, signed: false }),
            Elements::I8(bytes) => Some(Self {
                bytes: as_unsigned(bytes),
                signed: true,
            }),
            Elements::I16(_) => None,
        }
    }

    /// What to flip for unsigned bytes, and by how much each is then greater than the element.
    pub(super) const fn to_unsigned(self) -> (u8, i32) {
        if self.signed { (0x80, 128) } else { (0, 0) }
    }

    /// What to flip for signed bytes, and by how much each is then less than the element.
    pub(super) const fn to_signed(self) -> (u8, i32) {
        if self.signed { (0, 0) } else { (0x80, 128) }
    }
}
