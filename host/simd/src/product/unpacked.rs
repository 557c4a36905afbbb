//! Products with a w that is used once: a few rows of x by w as it lies, since packing it would take longer.

use super::instructions;
use super::lanes::{Job, Lanes};
use super::operand::{Block, ByteOperand, Elements, Zeros};
use super::scratch::Scratch;
use crate::Level;

/// Rows of x up to which w is better left as it is: packing takes as long as about so many.
pub const UNPACKED_ROWS: usize = 8;

/// Columns of a block that may be cut: the sums of [`UNPACKED_ROWS`] rows are 128 KB.
const BLOCK_COLUMNS: usize = 4096;

/// Sums of small products that are handed out together.
const BLOCK_SUMS: usize = 1024;

/// Pairs of rows of w that meet all columns before the next ones come: so many streams a processor prefetches.
const NEAR_PAIRS: usize = 8;

/// A product's left operand, and what is subtracted of each of its elements.
#[derive(Clone, Copy, Debug)]
pub struct Left<'a> {
    /// Rows without gaps.
    pub elements: Elements<'a>,
    /// The zero point.
    pub zero: i32,
}

/// Right operands that are not packed: of each `k` rows and `n` columns of bytes, and their zero points.
#[derive(Clone, Copy, Debug)]
pub struct Right<'a> {
    /// The bytes of one product or of each, row by row, or column by column.
    pub elements: Elements<'a>,
    /// Whether they lie column by column.
    pub turned: bool,
    /// How many columns.
    pub n: usize,
    /// What is subtracted of each column.
    pub zeros: Zeros<'a>,
}

impl Left<'_> {
    /// Whether every element less the zero point has 16 bits.
    pub const fn fits(&self) -> bool {
        !matches!(self.elements, Elements::I16(_)) || self.zero == 0
    }
}

/// `y[m, n] = bias[n] + Σ_k (x[m, k] − x_zero) · (w[k, n] − zeros[n])`, as [`mat_mul`](super::mat_mul) computes it of
/// a packed w, for one product or several of `m` rows, one after the other; the rows of all are counted.
///
/// # Panics
/// If x does not [fit](Left::fits), w is no bytes, x has no whole number of products, w is neither one nor as many,
/// or bias or zeros have another length.
#[expect(
    clippy::too_many_arguments,
    reason = "an operator's operands, and where to work"
)]
pub fn mat_mul_unpacked(
    level: Level,
    x: Left<'_>,
    w: Right<'_>,
    bias: Option<&[i32]>,
    [m, k]: [usize; 2],
    whole_rows: bool,
    scratch: &mut Scratch,
    sink: &mut dyn FnMut(Block<'_>),
) {
    assert!(x.fits(), "an element less its zero point has more than 16 bits");
    assert!(
        m * k * w.n > 0 && x.elements.len().is_multiple_of(m * k),
        "elements of x"
    );
    let products = x.elements.len() / (m * k);
    let has_own = w.elements.len() == products * k * w.n;
    assert!(has_own || w.elements.len() == k * w.n, "elements of w");
    assert!(bias.is_none_or(|b| b.len() == w.n), "entries of bias");
    w.zeros.check(w.n);
    let bytes = ByteOperand::new(w.elements).expect("w has bytes");
    let job = Product {
        x,
        w,
        bytes,
        bias,
        m,
        k,
        w_step: if has_own { k * w.n } else { 0 },
        whole_rows,
        scratch,
        sink,
    };
    instructions::run(level, job);
}

struct Product<'a> {
    x: Left<'a>,
    w: Right<'a>,
    bytes: ByteOperand<'a>,
    bias: Option<&'a [i32]>,
    m: usize,
    k: usize,
    w_step: usize,
    whole_rows: bool,
    scratch: &'a mut Scratch,
    sink: &'a mut dyn FnMut(Block<'_>),
}

impl Job for Product<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let (m, k, n, zero) = (self.m, self.k, self.w.n, self.x.zero);
        let (flip, more) = match self.w.turned {
            false => self.bytes.to_unsigned(),
            true => {
                let (flip, less) = self.bytes.to_signed();
                (flip, -less)
            }
        };
        let products = self.x.elements.len() / (m * k);
        let pairs = k.div_ceil(2);
        let Scratch {
            sums,
            rows: words,
            row_sums,
            ..
        } = self.scratch;
        let words = words.resize(m * pairs);
        row_sums.resize(row_sums.len().max(m), 0);
        let columns = if self.whole_rows { n } else { n.min(BLOCK_COLUMNS) };
        // Products of a block: one, if its columns are cut.
        let together = if columns < n {
            1
        } else {
            (BLOCK_SUMS / (m * n)).max(1)
        };
        let sums = sums.resize(together.min(products) * m * columns);
        for first_product in (0..products).step_by(together) {
            let block = first_product..products.min(first_product + together);
            for first in (0..n).step_by(columns) {
                let width = (n - first).min(columns);
                let sums = &mut sums[..block.len() * m * width];
                for (product, sums) in block.clone().zip(sums.chunks_exact_mut(m * width)) {
                    for (row, (words, sum)) in
                        words.chunks_exact_mut(pairs).zip(&mut row_sums[..]).enumerate()
                    {
                        let start = (product * m + row) * k;
                        *sum = match self.x.elements {
                            Elements::U8(x) => join(&x[start..start + k], zero, words),
                            Elements::I8(x) => join(&x[start..start + k], zero, words),
                            Elements::I16(x) => join(&x[start..start + k], zero, words),
                        };
                    }
                    for row in sums.chunks_exact_mut(width) {
                        match self.bias {
                            Some(bias) => row.copy_from_slice(&bias[first..first + width]),
                            None => row.fill(0),
                        }
                    }
                    let part = Columns {
                        w: &self.bytes.bytes[product * self.w_step..][..k * n],
                        flip,
                        k,
                        n,
                        first,
                        width,
                    };
                    let mut row = 0;
                    if self.w.turned {
                        part.dots(lanes, words, sums);
                        row = m;
                    }
                    while row < m {
                        let words = &words[row * pairs..];
                        let sums = &mut sums[row * width..];
                        row += match m - row {
                            1 => part.rows::<L, 1>(lanes, words, sums),
                            2 | 3 => part.rows::<L, 2>(lanes, words, sums),
                            _ => part.rows::<L, 4>(lanes, words, sums),
                        };
                    }
                    for (row, &sum) in sums.chunks_exact_mut(width).zip(&row_sums[..]) {
                        for (column, y) in row.iter_mut().enumerate() {
                            let zero = self.w.zeros.at(first + column).wrapping_add(more);
                            *y = y.wrapping_sub(zero.wrapping_mul(sum));
                        }
                    }
                }
                (self.sink)(Block {
                    first_row: block.start * m,
                    rows: block.len() * m,
                    first_column: first,
                    columns: width,
                    stride: width,
                    values: sums,
                });
            }
        }
    }
}

/// Words of two neighbours of a row of x, less the zero point; gives their sum.
#[inline(always)]
fn join<X: Copy + Into<i32>>(x: &[X], zero: i32, words: &mut [u32]) -> i32 {
    let mut sum = 0_i32;
    let mut number = |x: X| {
        let number = x.into() - zero;
        sum = sum.wrapping_add(number);
        number as u32 & 0xffff
    };
    for (word, pair) in words.iter_mut().zip(x.chunks(2)) {
        *word = match *pair {
            [low, high] => number(low) | number(high) << 16,
            [low] => number(low),
            _ => 0,
        };
    }
    sum
}

/// Some columns of w.
#[derive(Clone, Copy)]
struct Columns<'a> {
    w: &'a [u8],
    flip: u8,
    k: usize,
    n: usize,
    first: usize,
    width: usize,
}

impl Columns<'_> {
    /// Adds the products of all rows to their sums, of columns that lie one after the other: each is read once.
    #[inline(always)]
    fn dots<L: Lanes>(self, lanes: L, words: &[u32], sums: &mut [i32]) {
        let pairs = self.k.div_ceil(2);
        let whole = self.k / (2 * L::N) * L::N;
        // Of bytes that were widened with their sign.
        let flips = lanes.splat(if self.flip == 0 { 0 } else { 0xff80_ff80 });
        let columns = self.w.chunks_exact(self.k).skip(self.first).take(self.width);
        for (column, line) in columns.enumerate() {
            for (words, sums) in words.chunks_exact(pairs).zip(sums.chunks_exact_mut(self.width)) {
                let mut total = lanes.zero();
                for pair in (0..whole).step_by(L::N) {
                    let w = lanes.xor(lanes.load_wider(&line[2 * pair..]), flips);
                    total = lanes.pairs(total, lanes.load(&words[pair..]), w);
                }
                let mut sum = lanes.sum(total);
                let number = |byte: u8| i32::from((byte ^ self.flip) as i8);
                for (&word, pair) in words[whole..].iter().zip(line[2 * whole..].chunks(2)) {
                    // Of an odd column the last word has no second half.
                    let high = pair.get(1).copied().map_or(0, number);
                    sum = sum.wrapping_add(i32::from(word as i16) * number(pair[0]));
                    sum = sum.wrapping_add(i32::from((word >> 16) as i16) * high);
                }
                sums[column] = sums[column].wrapping_add(sum);
            }
        }
    }

    /// Adds the products of `MR` rows to their sums, and gives how many rows that were.
    #[inline(always)]
    fn rows<L: Lanes, const MR: usize>(self, lanes: L, words: &[u32], sums: &mut [i32]) -> usize {
        let pairs = self.k.div_ceil(2);
        let whole = self.width / L::N * L::N;
        let flips = lanes.splat(u32::from(self.flip) * 0x0001_0001);
        // Of an odd row of x the last word has no second half, whatever it meets.
        let lines = |pair: usize| {
            [2 * pair, (2 * pair + 1).min(self.k - 1)].map(|k| &self.w[k * self.n + self.first..])
        };
        for near in (0..pairs).step_by(NEAR_PAIRS) {
            let near = near..pairs.min(near + NEAR_PAIRS);
            for column in (0..whole).step_by(L::N) {
                let mut total: [L::V; MR] =
                    std::array::from_fn(|r| lanes.load_sums(&sums[r * self.width + column..]));
                for pair in near.clone() {
                    let [low, high] = lines(pair).map(|line| lanes.load_each(&line[column..]));
                    let w = lanes.xor(lanes.join_words(low, high), flips);
                    for (r, total) in total.iter_mut().enumerate() {
                        *total = lanes.pairs(*total, lanes.splat(words[r * pairs + pair]), w);
                    }
                }
                for (r, total) in total.into_iter().enumerate() {
                    lanes.store(total, &mut sums[r * self.width + column..]);
                }
            }
        }
        for pair in 0..pairs {
            let [low, high] = lines(pair).map(|line| &line[whole..self.width]);
            for r in 0..MR {
                let word = words[r * pairs + pair];
                let (a, b) = (i32::from(word as i16), i32::from((word >> 16) as i16));
                let sums = &mut sums[r * self.width..][whole..self.width];
                for ((sum, &low), &high) in sums.iter_mut().zip(low).zip(high) {
                    let number = |byte: u8| i32::from(byte ^ self.flip);
                    *sum = sum.wrapping_add(a * number(low) + b * number(high));
                }
            }
        }
        MR
    }
}
