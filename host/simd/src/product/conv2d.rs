//! Convolutions.

use super::amx::{self, HasTiles, LANES};
use super::filters::{Layout, PackedFilters};
use super::image::{LayOut, PairWord, QuadWord, SLACK, Word};
use super::instructions;
use super::lanes::{Job, Lanes};
use super::operand::{Block, ByteOperand, Elements};
use super::scratch::Scratch;
use super::tile::{Multiply, Pixels, SignedRows, Start, Words, for_rows, tile};
use std::marker::PhantomData;
use std::ops::Range;

/// Pixels of a block, about: 12 rows of them are 24 KB.
const BLOCK_PIXELS: usize = 512;

/// Pixels of a block at least, if there are as many: filters are read anew for each.
const LEAST_PIXELS: usize = 192;

/// What of an image the nearest cache holds beside filters and sums, in bytes of words.
const NEAR_BYTES: usize = 28 << 10;

/// `y[o, i, j] = bias[o] + Σ_{c, u, v} (x[c, row, column] − x_zero) · (w[o, c, u, v] − zeros[o])` of one
/// image, for some output channels; padding adds nothing.
///
/// The rows of a [`Block`] are output channels, its columns pixels `i · cols + j` of the result. Each element
/// of `outs` × pixels is given to `sink` once. `bias`, if there is one, has an entry for every output
/// channel.
///
/// # Panics
/// If x is not an image of the shape in bytes, `x_zero` is not of its type, `outs` lies beyond the shape's, or
/// `bias` has another length.
pub fn conv2d(
    f: &PackedFilters,
    x: Elements<'_>,
    x_zero: i32,
    bias: Option<&[i32]>,
    outs: Range<usize>,
    scratch: &mut Scratch,
    sink: &mut dyn FnMut(Block<'_>),
) {
    let s = f.shape();
    assert_eq!(x.len(), s.channels * s.height * s.width, "elements of x");
    assert!(outs.start <= outs.end && outs.end <= s.outs, "output channels");
    assert!(bias.is_none_or(|b| b.len() == s.outs), "entries of bias");
    let x = ByteOperand::new(x).expect("x has bytes");
    let (_, more) = x.to_unsigned();
    assert!(
        (0..256).contains(&x_zero.wrapping_add(more)),
        "the zero point of x"
    );
    if outs.is_empty() {
        return;
    }
    let convolution = Convolution {
        f,
        x,
        x_zero,
        bias,
        outs,
        scratch,
        sink,
    };
    instructions::run(f.level(), convolution);
}

struct Convolution<'a> {
    f: &'a PackedFilters,
    x: ByteOperand<'a>,
    x_zero: i32,
    bias: Option<&'a [i32]>,
    outs: Range<usize>,
    scratch: &'a mut Scratch,
    sink: &'a mut dyn FnMut(Block<'_>),
}

impl Job for Convolution<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let (flip, more) = self.x.to_unsigned();
        let zero = self.x_zero.wrapping_add(more);
        if L::QUADS {
            let word = QuadWord {
                flip,
                zero: self.x_zero as u8,
            };
            convolve::<L, SignedRows, _>(lanes, self, word, zero);
        } else {
            convolve::<L, Words, _>(lanes, self, PairWord { flip, zero }, 0);
        }
    }
}

#[inline(always)]
fn convolve<L: Lanes, M: Multiply, W: Word>(lanes: L, job: Convolution<'_>, word: W, zero: i32) {
    let Convolution { f, outs, sink, .. } = job;
    let (s, layout) = (f.shape(), f.layout());
    let Scratch {
        sums,
        starts,
        image,
        line,
        ..
    } = job.scratch;
    let group_outs = s.group_outs();

    starts.clear();
    match job.bias {
        Some(bias) => starts.extend_from_slice(bias),
        None => starts.resize(s.outs, 0),
    }
    for (start, &sum) in starts.iter_mut().zip(f.sums()) {
        *start = start.wrapping_sub(zero.wrapping_mul(sum));
    }

    // Whole rows of the result at once, or a part of one.
    let near_rows = NEAR_BYTES / (4 * layout.planes.len() * layout.width);
    let rows_at_once = near_rows
        .saturating_sub(layout.more_rows)
        .min(BLOCK_PIXELS / layout.width);
    let rows_at_once = rows_at_once
        .max(LEAST_PIXELS.div_ceil(layout.width))
        .clamp(1, layout.slab);
    let cols_at_once = if layout.width <= 2 * BLOCK_PIXELS {
        s.cols
    } else {
        BLOCK_PIXELS
    };
    let most = (rows_at_once - 1) * layout.width + cols_at_once;
    let stride = most.next_multiple_of(2 * L::N) + 16;
    let tile_rows = if layout.has_tiles() { amx::ROWS } else { L::ROWS };
    let sums = sums.resize((tile_rows + 1) * stride);
    let image = image.resize(layout.image_words() + SLACK.max(2 * L::N));

    // Small groups whose image is one block are handed out together.
    let is_one_block = f.tiles() == 1 && rows_at_once == s.rows && cols_at_once == s.cols;
    let most_rows = if is_one_block { tile_rows } else { 0 };
    // Rows of sums that wait.
    let mut waiting = 0;

    for group in outs.start / group_outs..outs.end.div_ceil(group_outs) {
        for slab in (0..s.rows).step_by(layout.slab) {
            let slab_rows = slab..s.rows.min(slab + layout.slab);
            lanes.call(LayOut {
                shape: s,
                layout,
                x: job.x,
                x_zero: job.x_zero,
                word,
                group,
                rows: slab_rows.clone(),
                line,
                image,
            });
            for row in slab_rows.clone().step_by(rows_at_once) {
                for col in (0..s.cols).step_by(cols_at_once) {
                    let rows = rows_at_once.min(slab_rows.end - row);
                    let cols = cols_at_once.min(s.cols - col);
                    let first = (row - slab) * layout.width + col;
                    let pixels = (rows - 1) * layout.width + cols;
                    let (sums, ones) = sums.split_at_mut(tile_rows * stride);
                    let part = |words: &[u32], starts: &[i32], sums: &mut [i32]| {
                        let part = Part {
                            multiply: PhantomData::<M>,
                            words,
                            image: &image[first..],
                            layout,
                            starts,
                            sums,
                            stride,
                            pixels,
                        };
                        match lanes.tiles() {
                            Some(has) if layout.has_tiles() => lanes.call(TilePart { has, part }),
                            _ => lanes.call(part),
                        }
                    };
                    if !f.zeros().is_empty() {
                        part(f.ones(), &[0], ones);
                    }
                    for t in 0..f.tiles() {
                        let tile = f.tile(t);
                        let channels = group * group_outs + tile.start..group * group_outs + tile.end;
                        let wanted = channels.start.max(outs.start)..channels.end.min(outs.end);
                        if wanted.is_empty() {
                            continue;
                        }
                        let own = &mut sums[waiting * stride..];
                        part(f.words(group, tile), &starts[channels.clone()], own);
                        for (o, sums) in channels.clone().zip(own.chunks_exact_mut(stride)) {
                            if let Some(&zero) = f.zeros().get(o) {
                                for (sum, &one) in sums[..pixels].iter_mut().zip(ones.iter()) {
                                    *sum = sum.wrapping_sub(zero.wrapping_mul(one));
                                }
                            }
                            if layout.width != cols {
                                for i in 1..rows {
                                    sums.copy_within(i * layout.width..i * layout.width + cols, i * cols);
                                }
                            }
                        }
                        // Channels before the first that is wanted are passed over.
                        let first_row = (channels.start - waiting).max(outs.start);
                        let before = first_row - (channels.start - waiting);
                        waiting += channels.len();
                        if waiting + group_outs <= most_rows && wanted.end < outs.end {
                            continue;
                        }
                        sink(Block {
                            first_row,
                            rows: wanted.end - first_row,
                            first_column: row * s.cols + col,
                            columns: rows * cols,
                            stride,
                            values: &mut sums[before * stride..],
                        });
                        waiting = 0;
                    }
                }
            }
        }
    }
}

/// Some pixels of some output channels.
struct Part<'a, M> {
    multiply: PhantomData<M>,
    words: &'a [u32],
    image: &'a [u32],
    layout: &'a Layout,
    starts: &'a [i32],
    sums: &'a mut [i32],
    stride: usize,
    pixels: usize,
}

impl<M: Multiply> Job for Part<'_, M> {
    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        for_rows!(L, M, self.starts.len(), vectors(lanes, self));
    }
}

#[inline(always)]
fn vectors<L: Lanes, M: Multiply, const MR: usize, const CHAINS: usize>(lanes: L, job: Part<'_, M>) {
    let Part {
        image, sums, stride, ..
    } = job;
    let distances = &job.layout.distances[..];
    let (words, _) = job.words.as_chunks::<MR>();
    let start = Start::Rows(job.starts);
    for pixel in (0..job.pixels).step_by(2 * L::N) {
        let columns = Pixels {
            image: &image[pixel..],
            distances,
        };
        let (steps, sums) = (distances.len(), &mut sums[pixel..]);
        if job.pixels - pixel > L::N {
            tile::<L, M, MR, 2, CHAINS>(lanes, words, columns, steps, start, sums, stride);
        } else {
            tile::<L, M, MR, 1, CHAINS>(lanes, words, columns, steps, start, sums, stride);
        }
    }
}

/// The same by tiles.
struct TilePart<'a, M> {
    has: HasTiles,
    part: Part<'a, M>,
}

impl<M> Job for TilePart<'_, M> {
    const TILES: bool = true;

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) {
        tiles(self.has, self.part);
    }
}

#[inline(always)]
fn tiles<M>(has: HasTiles, job: Part<'_, M>) {
    let Part {
        layout,
        starts,
        sums,
        stride,
        ..
    } = job;
    let tiles = amx::Tiles::new(has, starts.len(), layout.depth);
    let rows = amx::Rows {
        words: job.words,
        stride: amx::DEPTH,
        step: starts.len() * amx::DEPTH,
    };
    let mut each = [[0; 2 * LANES]; amx::ROWS];
    for (each, &start) in each.iter_mut().zip(starts) {
        *each = [start; 2 * LANES];
    }
    for pixel in (0..job.pixels).step_by(2 * LANES) {
        let vectors = amx::Vectors {
            memory: &job.image[pixel..],
            stride: layout.stride,
            places: &layout.distances,
            two: job.pixels - pixel > LANES,
        };
        tiles.multiply::<_, true>(
            amx::Start::Rows(&each),
            &rows,
            &vectors,
            &mut sums[pixel..],
            stride,
        );
    }
}
