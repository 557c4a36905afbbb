//! What is done to the sums of a block before it is handed out.

use super::lanes::{Job, Lanes};

/// Sums of a block become the product's: halves of rows are joined, and what the zero points of w's columns are
/// multiplied by is subtracted.
pub(super) struct Finish<'a> {
    pub(super) sums: &'a mut [i32],
    pub(super) stride: usize,
    /// Rows of x.
    pub(super) rows: usize,
    /// Of the sums' rows: what each row of x as the kernels see it adds up to.
    pub(super) row_sums: &'a [i32],
    /// What each column begins with, if there are two rows of sums for each of x: of high bytes, then of low ones.
    pub(super) halves: Option<&'a [i32]>,
    /// The zero points of the columns; none if all are zero.
    pub(super) zeros: &'a [i32],
}

impl Job for Finish<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, _: L) {
        let Self {
            sums,
            stride,
            rows,
            row_sums,
            halves,
            zeros,
        } = self;
        if let Some(starts) = halves {
            join(sums, stride, rows, starts);
        }
        if zeros.is_empty() {
            return;
        }
        for (row, sums) in sums.chunks_mut(stride).take(rows).enumerate() {
            let row_sum = match halves {
                Some(_) => word(row_sums[2 * row], row_sums[2 * row + 1]),
                None => row_sums[row],
            };
            for (sum, zero) in sums.iter_mut().zip(zeros) {
                *sum = sum.wrapping_sub(zero.wrapping_mul(row_sum));
            }
        }
    }
}

/// What sums of high and of low bytes are together.
#[inline(always)]
fn word(high: i32, low: i32) -> i32 {
    (high << 8).wrapping_add(low)
}

/// Columns that are joined at once: a vector of the widest registers. Whole arrays are read before one is written, so
/// that the compiler need not find out whether rows overlap.
const AT_ONCE: usize = 16;

/// Makes one row of two, with what each column begins with.
#[inline(always)]
fn join(sums: &mut [i32], stride: usize, rows: usize, starts: &[i32]) {
    let columns = starts.len();
    for row in 0..rows {
        let (to, high, low) = (row * stride, 2 * row * stride, (2 * row + 1) * stride);
        let whole = columns / AT_ONCE * AT_ONCE;
        for at in (0..whole).step_by(AT_ONCE) {
            let read = |from: usize| {
                *sums[from + at..]
                    .first_chunk::<AT_ONCE>()
                    .expect("a row is so long")
            };
            let (high, low) = (read(high), read(low));
            let starts: &[i32; AT_ONCE] = starts[at..].first_chunk().expect("there are so many columns");
            let joined: [i32; AT_ONCE] =
                std::array::from_fn(|i| word(high[i], low[i]).wrapping_add(starts[i]));
            sums[to + at..][..AT_ONCE].copy_from_slice(&joined);
        }
        for at in whole..columns {
            sums[to + at] = word(sums[high + at], sums[low + at]).wrapping_add(starts[at]);
        }
    }
}
