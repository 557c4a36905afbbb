//! The tile: a few rows of one operand, broadcast, by one or two vectors of the other, with all sums in
//! registers.

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
#[expect(
    clippy::needless_range_loop,
    reason = "of loops over iterators the compiler leaves some as they are, and then `chains` in memory"
)]
pub(super) fn tile<L: Lanes, M: Multiply, const MR: usize, const NV: usize, const CHAINS: usize>(
    lanes: L,
    rows: impl Rows<MR>,
    columns: impl Columns,
    steps: usize,
    start: Start<'_>,
    sums: &mut [i32],
    stride: usize,
) {
    // Loops as plain as these are unrolled whole, which all of `chains` needs to be in registers.
    let mut chains = [[[lanes.zero(); NV]; MR]; CHAINS];
    match start {
        Start::Columns(numbers) => {
            for v in 0..NV {
                let numbers = lanes.load_sums(&numbers[v * L::N..]);
                for r in 0..MR {
                    chains[0][r][v] = numbers;
                }
            }
        }
        Start::Rows(numbers) => {
            for r in 0..MR {
                chains[0][r] = [lanes.splat(numbers[r] as u32); NV];
            }
        }
        Start::Sums => {
            for r in 0..MR {
                let place = &sums[r * stride..][..NV * L::N];
                for v in 0..NV {
                    chains[0][r][v] = lanes.load_sums(&place[v * L::N..]);
                }
            }
        }
    }
    let rounds = steps / CHAINS;
    for round in 0..rounds {
        for c in 0..CHAINS {
            let step = round * CHAINS + c;
            let vectors = columns.vectors::<L, NV>(lanes, step);
            for r in 0..MR {
                let word = lanes.splat(rows.word(r, step));
                for v in 0..NV {
                    chains[c][r][v] = M::add(lanes, chains[c][r][v], word, vectors[v]);
                }
            }
        }
    }
    for step in rounds * CHAINS..steps {
        let vectors = columns.vectors::<L, NV>(lanes, step);
        for r in 0..MR {
            let word = lanes.splat(rows.word(r, step));
            for v in 0..NV {
                chains[0][r][v] = M::add(lanes, chains[0][r][v], word, vectors[v]);
            }
        }
    }
    for c in 1..CHAINS {
        for r in 0..MR {
            for v in 0..NV {
                chains[0][r][v] = lanes.add(chains[0][r][v], chains[c][r][v]);
            }
        }
    }
    for r in 0..MR {
        let place = &mut sums[r * stride..][..NV * L::N];
        for v in 0..NV {
            lanes.store(chains[0][r][v], &mut place[v * L::N..]);
        }
    }
}

/// Calls a function for a number of rows that is known when it is compiled, with its number of chains.
macro_rules! for_rows {
    ($lanes:ty, $kind:ty, $rows:expr, $function:ident $arguments:tt) => {
        match $rows {
            1 => $function::<$lanes, $kind, 1, 4> $arguments,
            2 => $function::<$lanes, $kind, 2, 2> $arguments,
            3 => $function::<$lanes, $kind, 3, 2> $arguments,
            4 => $function::<$lanes, $kind, 4, 1> $arguments,
            5 if <$lanes>::ROWS >= 5 => $function::<$lanes, $kind, 5, 1> $arguments,
            6 if <$lanes>::ROWS >= 6 => $function::<$lanes, $kind, 6, 1> $arguments,
            7 if <$lanes>::ROWS >= 7 => $function::<$lanes, $kind, 7, 1> $arguments,
            8 if <$lanes>::ROWS >= 8 => $function::<$lanes, $kind, 8, 1> $arguments,
            9 if <$lanes>::ROWS >= 9 => $function::<$lanes, $kind, 9, 1> $arguments,
            10 if <$lanes>::ROWS >= 10 => $function::<$lanes, $kind, 10, 1> $arguments,
            11 if <$lanes>::ROWS >= 11 => $function::<$lanes, $kind, 11, 1> $arguments,
            12 if <$lanes>::ROWS >= 12 => $function::<$lanes, $kind, 12, 1> $arguments,
            _ => unreachable!("tiles have as many rows as their level takes"),
        }
    };
}
pub(super) use for_rows;
