//! The tile: a few rows of one operand, broadcast, by one or two vectors of the other, with all sums in registers.

use super::lanes::Lanes;
use super::scratch::ROW_WORDS;

/// The operand that is broadcast, of `MR` rows.
pub(super) trait Rows<const MR: usize>: Copy {
    fn word(self, row: usize, step: usize) -> u32;
}

/// Rows one after the other.
impl<const MR: usize> Rows<MR> for &[[u32; ROW_WORDS]; MR] {
    #[inline(always)]
    fn word(self, row: usize, step: usize) -> u32 {
        self[row][step]
    }
}

/// Words of all rows beside each other.
impl<const MR: usize> Rows<MR> for &[[u32; MR]] {
    #[inline(always)]
    fn word(self, row: usize, step: usize) -> u32 {
        self[step][row]
    }
}

/// The operand that comes in vectors, of `NV` each.
pub(super) trait Columns: Copy {
    fn vectors<L: Lanes, const NV: usize>(self, lanes: L, step: usize) -> [L::V; NV];
}

/// Words in order.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl Columns for Bytes<'_> {
    #[inline(always)]
    fn vectors<L: Lanes, const NV: usize>(self, lanes: L, step: usize) -> [L::V; NV] {
        let bytes = &self.0[step * NV * L::N * 4..][..NV * L::N * 4];
        let mut vectors = [lanes.zero(); NV];
        for (v, vector) in vectors.iter_mut().enumerate() {
            *vector = lanes.load_bytes(&bytes[v * L::N * 4..]);
        }
        vectors
    }
}

/// Signed bytes in order, that become words of 16 bits.
#[derive(Clone, Copy)]
pub(super) struct Wider<'a>(pub(super) &'a [u8]);

impl Columns for Wider<'_> {
    #[inline(always)]
    fn vectors<L: Lanes, const NV: usize>(self, lanes: L, step: usize) -> [L::V; NV] {
        let bytes = &self.0[step * NV * L::N * 2..][..NV * L::N * 2];
        let mut vectors = [lanes.zero(); NV];
        for (v, vector) in vectors.iter_mut().enumerate() {
            *vector = lanes.load_wider(&bytes[v * L::N * 2..]);
        }
        vectors
    }
}

/// Words somewhere in an image: each step has its distance from the pixel.
#[derive(Clone, Copy)]
pub(super) struct Pixels<'a> {
    pub(super) image: &'a [u32],
    pub(super) distances: &'a [u32],
}

impl Columns for Pixels<'_> {
    #[inline(always)]
    fn vectors<L: Lanes, const NV: usize>(self, lanes: L, step: usize) -> [L::V; NV] {
        let words = &self.image[self.distances[step] as usize..][..NV * L::N];
        let mut vectors = [lanes.zero(); NV];
        for (v, vector) in vectors.iter_mut().enumerate() {
            *vector = lanes.load(&words[v * L::N..]);
        }
        vectors
    }
}

/// How words are multiplied.
pub(super) trait Multiply {
    fn add<L: Lanes>(lanes: L, sums: L::V, row: L::V, column: L::V) -> L::V;
}

/// Four bytes each: unsigned of the row, signed of the column.
pub(super) struct UnsignedRows;

impl Multiply for UnsignedRows {
    #[inline(always)]
    fn add<L: Lanes>(lanes: L, sums: L::V, row: L::V, column: L::V) -> L::V {
        lanes.quads(sums, row, column)
    }
}

/// Four bytes each: signed of the row, unsigned of the column.
pub(super) struct SignedRows;

impl Multiply for SignedRows {
    #[inline(always)]
    fn add<L: Lanes>(lanes: L, sums: L::V, row: L::V, column: L::V) -> L::V {
        lanes.quads(sums, column, row)
    }
}

/// Two words of 16 bits each.
pub(super) struct Words;

impl Multiply for Words {
    #[inline(always)]
    fn add<L: Lanes>(lanes: L, sums: L::V, row: L::V, column: L::V) -> L::V {
        lanes.pairs(sums, row, column)
    }
}

/// What sums begin with.
#[derive(Clone, Copy)]
pub(super) enum Start<'a> {
    /// One number for each column.
    Columns(&'a [i32]),
    /// One number for each row.
    Rows(&'a [i32]),
    /// What is there.
    Sums,
}

/// Computes `MR` rows of `NV` vectors into `sums`, whose rows lie `stride` apart, over `steps` words.
///
/// `CHAINS` sums of every element are made side by side and added in the end, so that few rows, too, keep
/// the multipliers busy.
#[inline(always)]
pub(super) fn tile<L: Lanes, M: Multiply, const MR: usize, const NV: usize, const CHAINS: usize>(
    lanes: L,
    rows: impl Rows<MR>,
    columns: impl Columns,
    steps: usize,
    start: Start<'_>,
    sums: &mut [i32],
    stride: usize,
) {
    let mut chains = [[[lanes.zero(); NV]; MR]; CHAINS];
    let rounds = steps / CHAINS;
    for round in 0..rounds {
        for (c, chain) in chains.iter_mut().enumerate() {
            let step = round * CHAINS + c;
            let vectors = columns.vectors::<L, NV>(lanes, step);
            for (r, row) in chain.iter_mut().enumerate() {
                let word = lanes.splat(rows.word(r, step));
                for (sum, vector) in row.iter_mut().zip(vectors) {
                    *sum = M::add(lanes, *sum, word, vector);
                }
            }
        }
    }
    for step in rounds * CHAINS..steps {
        let vectors = columns.vectors::<L, NV>(lanes, step);
        for (r, row) in chains[0].iter_mut().enumerate() {
            let word = lanes.splat(rows.word(r, step));
            for (sum, vector) in row.iter_mut().zip(vectors) {
                *sum = M::add(lanes, *sum, word, vector);
            }
        }
    }
    for r in 0..MR {
        for v in 0..NV {
            let place = &mut sums[r * stride + v * L::N..][..L::N];
            let mut sum = match start {
                Start::Columns(numbers) => lanes.load_sums(&numbers[v * L::N..]),
                Start::Rows(numbers) => lanes.splat(numbers[r] as u32),
                Start::Sums => lanes.load_sums(place),
            };
            for chain in &chains {
                sum = lanes.add(sum, chain[r][v]);
            }
            lanes.store(sum, place);
        }
    }
}

/// Calls a function for a number of rows that is known when it is compiled, with its number of chains.
macro_rules! for_rows {
    ($lanes:ty, $rows:expr, $function:ident $arguments:tt) => {
        match $rows {
            1 => $function::<L, P, 1, 4> $arguments,
            2 => $function::<L, P, 2, 2> $arguments,
            3 => $function::<L, P, 3, 2> $arguments,
            4 => $function::<L, P, 4, 1> $arguments,
            5 if <$lanes>::ROWS >= 5 => $function::<L, P, 5, 1> $arguments,
            6 if <$lanes>::ROWS >= 6 => $function::<L, P, 6, 1> $arguments,
            7 if <$lanes>::ROWS >= 7 => $function::<L, P, 7, 1> $arguments,
            8 if <$lanes>::ROWS >= 8 => $function::<L, P, 8, 1> $arguments,
            9 if <$lanes>::ROWS >= 9 => $function::<L, P, 9, 1> $arguments,
            10 if <$lanes>::ROWS >= 10 => $function::<L, P, 10, 1> $arguments,
            11 if <$lanes>::ROWS >= 11 => $function::<L, P, 11, 1> $arguments,
            12 if <$lanes>::ROWS >= 12 => $function::<L, P, 12, 1> $arguments,
            _ => unreachable!("tiles have as many rows as their level takes"),
        }
    };
}
pub(super) use for_rows;
