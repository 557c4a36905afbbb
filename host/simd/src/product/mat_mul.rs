//! Matrix products.

use super::amx::{self, HasTiles, Tiles, Vectors};
use super::finish::Finish;
use super::instructions;
use super::lanes::{Job, Lanes};
use super::matrix::{PackedMatrix, Packing, Pairs, Quads, XKind, has_tiles};
use super::operand::{Block, ByteOperand, Elements};
use super::rows::{HalfRow, PairRow, QuadRow, Row, WordRow};
use super::scratch::{BLOCK_WORDS, ROW_WORDS, Scratch};
use super::tile::{Start, for_rows, tile};
use std::marker::PhantomData;
use std::ops::Range;

/// Columns of a block that may be cut: 12 rows of them are 24 KB.
const BLOCK_COLUMNS: usize = 512;

/// The same where 32 rows are a tile.
const TALL_COLUMNS: usize = 256;

/// Words of 32 rows that the nearest cache holds.
const NEAR_WORDS: usize = 256;

/// What of w a second-level cache holds beside other things.
const CACHED_BYTES: usize = 768 << 10;

/// Rows that are worth tiles.
const LEAST_ROWS: usize = 4;

/// What of x, and of sums that wait for the rest of their rows, it holds beside that, if w is larger than it.
const GROUP_BYTES: usize = 512 << 10;

/// `y[m, n] = bias[n] + Σ_k (x[m, k] − x_zero) · (w[k, n] − zeros[n])` for some of x's rows and w's columns.
///
/// x is row-major without gaps; `rows` counts its rows and `bias`, if there is one, has an entry for each of
/// w's columns. Each element of `rows` × `columns` is given to `sink` once. With `whole_rows` every block has
/// all of `columns`; otherwise it is cut as the caches like it.
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
    assert_eq!(
        matches!(x, Elements::I16(_)),
        w.kind() == XKind::Word,
        "the type of x"
    );
    assert!(
        rows.start <= rows.end && x.len() >= rows.end * w.k(),
        "elements of x"
    );
    assert!(
        columns.start <= columns.end && columns.end <= w.n(),
        "columns of w"
    );
    assert!(bias.is_none_or(|b| b.len() == w.n()), "entries of bias");
    if rows.is_empty() || columns.is_empty() {
        return;
    }
    let product = Product {
        w,
        x,
        x_zero,
        bias,
        rows,
        columns,
        whole_rows,
        scratch,
        sink,
    };
    instructions::run(w.level(), product);
}

struct Product<'a> {
    w: &'a PackedMatrix,
    x: Elements<'a>,
    x_zero: i32,
    bias: Option<&'a [i32]>,
    rows: Range<usize>,
    columns: Range<usize>,
    whole_rows: bool,
    scratch: &'a mut Scratch,
    sink: &'a mut dyn FnMut(Block<'_>),
}

impl Job for Product<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let (k, x_zero) = (self.w.k(), self.x_zero);
        match self.x {
            Elements::I16(x) => {
                let row = |row: usize| &x[row * k..][..k];
                if L::QUADS {
                    let halves = |half: usize| HalfRow {
                        words: row(half / 2),
                        shift: if half.is_multiple_of(2) { 8 } else { 0 },
                    };
                    let zero = x_zero.wrapping_add(HalfRow::MORE);
                    product::<L, Quads, _, true>(lanes, self, halves, zero);
                } else {
                    product::<L, Pairs, _, false>(lanes, self, |r| WordRow(row(r)), x_zero);
                }
            }
            bytes => {
                let x = ByteOperand::new(bytes).expect("x has bytes");
                let (flip, more) = x.to_unsigned();
                let zero = x_zero.wrapping_add(more);
                let row = |row: usize| &x.bytes[row * k..][..k];
                if L::QUADS {
                    product::<L, Quads, _, false>(lanes, self, |r| QuadRow { bytes: row(r), flip }, zero);
                } else {
                    product::<L, Pairs, _, false>(
                        lanes,
                        self,
                        |r| PairRow {
                            bytes: row(r),
                            flip,
                            zero,
                        },
                        0,
                    );
                }
            }
        }
    }
}

/// The product, of rows that become words with one zero point. With `HALVES` there are two for each of x's, of its high
/// and of its low bytes.
#[inline(always)]
fn product<L: Lanes, P: Packing, R: Row, const HALVES: bool>(
    lanes: L,
    job: Product<'_>,
    row: impl Fn(usize) -> R,
    zero: i32,
) {
    let Product {
        w,
        columns,
        scratch,
        sink,
        ..
    } = job;
    let parts = if HALVES { 2 } else { 1 };
    let (first_row, count) = (job.rows.start, job.rows.len());
    let rows = parts * first_row..parts * job.rows.end;
    let steps = w.steps::<P, L>();
    let tall = has_tiles::<P, L>() && steps > 0;
    let tile_rows = if tall { amx::ROWS } else { L::ROWS };
    let Scratch {
        sums,
        starts,
        zeroes,
        rows: words,
        row_sums,
        ..
    } = scratch;

    // What each column begins with, from the first column of a panel on.
    let first = columns.start / (2 * L::N) * (2 * L::N);
    let padded = columns
        .end
        .next_multiple_of(2 * L::N)
        .min(w.n().next_multiple_of(L::N));
    starts.clear();
    if let Some(bias) = job.bias {
        starts.extend_from_slice(&bias[first..columns.end]);
    }
    starts.resize(padded - first, 0);
    if zero != 0 {
        for (start, &sum) in starts.iter_mut().zip(&w.sums()[first..padded]) {
            *start = start.wrapping_sub(zero.wrapping_mul(sum));
        }
    }
    if HALVES {
        zeroes.resize(zeroes.len().max(padded - first), 0);
    }

    // Columns of w that the second-level cache holds, and of these as many as a block may have.
    let column_bytes = (steps * P::TERMS).max(1);
    let panels_of = |columns: usize| columns / (2 * L::N) * (2 * L::N);
    let cached = panels_of((CACHED_BYTES / column_bytes).max(2 * L::N)).min(padded - first);
    let cut = cached.min(if tall { TALL_COLUMNS } else { BLOCK_COLUMNS });
    // Rows that meet some columns of w before the next ones come.
    let tiles = rows.len().div_ceil(tile_rows);
    let stride = if job.whole_rows { padded - first } else { cut } + 16;
    let blocks = steps.div_ceil(BLOCK_WORDS).max(1);
    let waiting = if job.whole_rows { stride } else { 0 };
    let tile_bytes = 4 * tile_rows * (blocks * ROW_WORDS).max(waiting);
    let group = match cached < padded - first {
        true => (GROUP_BYTES / tile_bytes).clamp(1, tiles),
        false => 1,
    };
    // The halves of a row are in one tile.
    let tile_start = |tile: usize| parts * (first_row + count * tile / tiles);
    let group_rows = (parts * count.div_ceil(tiles) * group).min(rows.len());
    let sums = sums.resize(group_rows * stride);
    let (words, _) = words
        .resize(group_rows * blocks * ROW_WORDS)
        .as_chunks_mut::<ROW_WORDS>();
    row_sums.resize(row_sums.len().max(group_rows), 0);

    for group_first in (0..tiles).step_by(group) {
        let group_tiles = group_first..tiles.min(group_first + group);
        let base = tile_start(group_first);
        // The rows as words: of each tile its blocks, of each block the tile's rows.
        for t in group_tiles.clone() {
            let (from, to) = (tile_start(t), tile_start(t + 1));
            for r in from..to {
                let mut sum = 0_i32;
                for block in 0..blocks {
                    let place = (from - base) * blocks + block * (to - from) + (r - from);
                    let words = &mut words[place][..(steps - block * BLOCK_WORDS).min(BLOCK_WORDS)];
                    let part = row(r).words(block * BLOCK_WORDS, words, !w.zeros().is_empty());
                    sum = sum.wrapping_add(part);
                }
                row_sums[r - base] = sum;
            }
        }
        let mut finish = |rows: Range<usize>, columns: Range<usize>, sums: &mut [i32]| {
            let row_sums = &row_sums[rows.start - base..rows.end - base];
            let rows = rows.start / parts..rows.end / parts;
            if HALVES || !w.zeros().is_empty() {
                lanes.call(Finish {
                    sums: &mut *sums,
                    stride,
                    rows: rows.len(),
                    row_sums,
                    halves: HALVES.then(|| &starts[columns.start - first..columns.end - first]),
                    zeros: w.zeros().get(columns.clone()).unwrap_or_default(),
                });
            }
            sink(Block {
                first_row: rows.start,
                rows: rows.len(),
                first_column: columns.start,
                columns: columns.len(),
                stride,
                values: sums,
            });
        };
        for cached_first in (first..columns.end).step_by(cached) {
            let cached_end = columns.end.min(cached_first + cached);
            for t in group_tiles.clone() {
                let (from, to) = (tile_start(t), tile_start(t + 1));
                let words = &words[(from - base) * blocks..][..(to - from) * blocks];
                for cut_first in (cached_first..cached_end).step_by(cut) {
                    let cut_end = cached_end.min(cut_first + cut);
                    let place = match job.whole_rows {
                        true => (from - base) * stride + (cut_first - first),
                        false => 0,
                    };
                    let panels = Panels {
                        packing: PhantomData::<P>,
                        w,
                        rows: to - from,
                        words,
                        columns: cut_first..cut_end,
                        starts: &if HALVES { &*zeroes } else { &*starts }[cut_first - first..],
                        sums: &mut sums[place..],
                        stride,
                        steps,
                    };
                    match lanes.tiles() {
                        Some(has) if tall && to - from >= LEAST_ROWS => {
                            lanes.call(TilePanels { has, panels });
                        }
                        _ => lanes.call(panels),
                    }
                    if !job.whole_rows {
                        let wanted = cut_first.max(columns.start)..cut_end;
                        let place = wanted.start - cut_first;
                        finish(from..to, wanted, &mut sums[place..(to - from) * stride]);
                    }
                }
            }
        }
        if job.whole_rows {
            for t in group_tiles {
                let (from, to) = (tile_start(t), tile_start(t + 1));
                let place = (from - base) * stride + (columns.start - first);
                finish(from..to, columns.clone(), &mut sums[place..(to - base) * stride]);
            }
        }
    }
}

/// The panels of some columns by the rows of a tile.
struct Panels<'a, P> {
    packing: PhantomData<P>,
    w: &'a PackedMatrix,
    rows: usize,
    /// Blocks of words, of each block the rows.
    words: &'a [[u32; ROW_WORDS]],
    columns: Range<usize>,
    starts: &'a [i32],
    sums: &'a mut [i32],
    stride: usize,
    steps: usize,
}

impl<P: Packing> Job for Panels<'_, P> {
    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        for_rows!(L, P, self.rows, panels(lanes, self));
    }
}

#[inline(always)]
fn panels<L: Lanes, P: Packing, const MR: usize, const CHAINS: usize>(lanes: L, job: Panels<'_, P>) {
    let Panels {
        w,
        columns,
        starts,
        sums,
        stride,
        steps,
        ..
    } = job;
    let (blocks, _) = job.words.as_chunks::<MR>();
    for column in columns.clone().step_by(2 * L::N) {
        let (panel, two) = w.panel::<P, L>(column, steps);
        let at = column - columns.start;
        let (mut start, sums) = (Start::Columns(&starts[at..]), &mut sums[at..]);
        for (b, block) in blocks.iter().enumerate() {
            let steps = (steps - b * BLOCK_WORDS).min(BLOCK_WORDS);
            let bytes = if two { 2 } else { 1 } * L::N * P::TERMS;
            let panel = P::columns(&panel[b * BLOCK_WORDS * bytes..][..steps * bytes]);
            if two {
                tile::<L, P::Multiply, MR, 2, CHAINS>(lanes, block, panel, steps, start, sums, stride);
            } else {
                tile::<L, P::Multiply, MR, 1, CHAINS>(lanes, block, panel, steps, start, sums, stride);
            }
            start = Start::Sums;
        }
    }
}

/// The same by tiles.
struct TilePanels<'a, P> {
    has: HasTiles,
    panels: Panels<'a, P>,
}

impl<P: Packing> Job for TilePanels<'_, P> {
    const TILES: bool = true;

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) {
        tiles::<L, P>(self.has, self.panels);
    }
}

#[inline(always)]
fn tiles<L: Lanes, P: Packing>(has: HasTiles, job: Panels<'_, P>) {
    let Panels {
        w,
        rows,
        columns,
        starts,
        sums,
        stride,
        steps,
        ..
    } = job;
    let tiles = Tiles::new(has, rows, amx::DEPTH);
    // What of the rows the nearest cache holds meets all columns before the rest does.
    for first in (0..steps).step_by(NEAR_WORDS) {
        let near = (steps - first).min(NEAR_WORDS);
        let (block, inside) = (first / BLOCK_WORDS, first % BLOCK_WORDS);
        let words = amx::Rows {
            words: &job.words[block * rows..][..rows].as_flattened()[inside..],
            stride: ROW_WORDS,
            step: amx::DEPTH,
        };
        for column in columns.clone().step_by(2 * L::N) {
            let (panel, two) = w.panel::<P, L>(column, steps);
            let at = column - columns.start;
            let step_words = if two { 2 } else { 1 } * L::N;
            let mut places = [0; NEAR_WORDS / amx::DEPTH];
            for (i, place) in places.iter_mut().enumerate() {
                *place = (i * amx::DEPTH * step_words) as u32;
            }
            let vectors = Vectors {
                memory: &panel[first * step_words * 4..],
                stride: step_words,
                places: &places[..near / amx::DEPTH],
                two,
            };
            let start = if first == 0 {
                amx::Start::Columns(&starts[at..])
            } else {
                amx::Start::Sums
            };
            tiles.multiply::<_, false>(start, &words, &vectors, &mut sums[at..], stride);
        }
    }
}
