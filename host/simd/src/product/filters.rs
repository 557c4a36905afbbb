//! The filters of a convolution, packed, and where the image that they meet has its words.

use super::amx;
use super::instructions;
use super::lanes::{Job, Lanes};
use super::operand::{ByteOperand, Elements, Zeros};
use super::scratch::Aligned;
use super::shape::Conv2dShape;
use crate::Level;
use std::ops::Range;

/// What of an image the second-level cache holds beside other things, in bytes of words.
const CACHED_BYTES: usize = 512 << 10;

/// Words of a cache line.
const LINE: usize = 16;

/// Words of channels, and output channels, that are worth tiles.
const LEAST_UNITS: usize = 4;
const LEAST_OUTS: usize = 4;

/// Where a word has no tap: behind every filter, which has less than 2^32 weights.
const NO_TAP: u32 = u32::MAX;

/// What the terms of a word are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Terms {
    /// The same tap of neighbouring channels.
    Channels,
    /// Neighbouring taps of a line of one channel.
    Taps,
}

/// A picture of words: of one channel, or several, every `stride`-th line and column of the padded image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plane {
    /// The first channel of the group.
    pub(super) channel: usize,
    /// The first line and column of the padded image.
    pub(super) phase: [usize; 2],
}

/// How an image is laid out as words.
///
/// For each window of the result, in planes that are `width` words wide, a step of the sum is a word at a
/// distance from `row · width + column` that is the same for all of them. Between the rows of the result lie
/// words of windows that are none.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) terms: Terms,
    /// Terms of a word.
    pub(super) word: usize,
    pub(super) planes: Vec<Plane>,
    pub(super) width: usize,
    /// Rows of a plane beyond those of the result.
    pub(super) more_rows: usize,
    /// Rows of the result that are computed of one layout of the image.
    pub(super) slab: usize,
    /// Words of a plane, those behind its last row among them.
    pub(super) plane_words: usize,
    /// Steps that a tile takes at once: neighbouring channels, whose planes lie [`stride`](Self::stride)
    /// apart. One if vectors are multiplied.
    pub(super) depth: usize,
    pub(super) stride: usize,
    /// Where each `depth` steps have their first word.
    pub(super) distances: Vec<u32>,
    /// The first channel and tap of each step. Where there is no such channel, the step's words have no taps.
    steps: Vec<[usize; 3]>,
}

impl Layout {
    fn new(s: &Conv2dShape, word: usize, tiles: bool) -> Self {
        let channels = s.group_channels();
        let [kh, kw] = s.kernel;
        let by_channels = channels.div_ceil(word) * kh * kw;
        let by_taps = channels * kh * kw.div_ceil(word);
        let terms = if by_channels <= by_taps {
            Terms::Channels
        } else {
            Terms::Taps
        };
        let (channel_step, tap_step) = match terms {
            Terms::Channels => (word, 1),
            Terms::Taps => (1, word),
        };
        let units = channels.div_ceil(channel_step);
        let tiles = tiles && terms == Terms::Channels && units >= LEAST_UNITS && s.group_outs() >= LEAST_OUTS;
        let depth = if tiles {
            units.div_ceil(units.div_ceil(amx::DEPTH))
        } else {
            1
        };

        // Each tap has its plane, of those of a channel, and its word in it.
        let mut phases: Vec<[usize; 2]> = Vec::new();
        let mut taps = Vec::new();
        let mut more = [0; 2];
        for (u, v) in (0..kh).flat_map(|u| (0..kw).step_by(tap_step).map(move |v| (u, v))) {
            let at = [u * s.dilation[0], v * s.dilation[1]];
            let phase = [at[0] % s.stride[0], at[1] % s.stride[1]];
            let shift = [at[0] / s.stride[0], at[1] / s.stride[1]];
            let known = phases.iter().position(|&known| known == phase);
            let plane = known.unwrap_or_else(|| {
                phases.push(phase);
                phases.len() - 1
            });
            more = [more[0].max(shift[0]), more[1].max(shift[1])];
            taps.push((u, v, plane, shift));
        }
        let plane = |unit: usize| {
            phases.iter().map(move |&phase| Plane {
                channel: unit * channel_step,
                phase,
            })
        };
        let planes: Vec<Plane> = (0..units).flat_map(plane).collect();

        let width = s.cols + more[1];
        let line_bytes = planes.len() * width * 4;
        let fitting = (CACHED_BYTES / line_bytes)
            .saturating_sub(more[0])
            .clamp(1, s.rows);
        let slab = s.rows.div_ceil(s.rows.div_ceil(fitting));
        // An odd number of cache lines, so that planes do not compete for the same places of the cache.
        let plane_words = (((slab + more[0]) * width).div_ceil(LINE) | 1) * LINE;
        let mut steps = Vec::new();
        let mut distances = Vec::new();
        let mut step = |unit: usize, &(u, v, plane, [down, right]): &(usize, usize, usize, [usize; 2])| {
            let distance = (unit * phases.len() + plane) * plane_words + down * width + right;
            distances.push(u32::try_from(distance).expect("an image of less than 2^32 words"));
            steps.extend((unit..unit + depth).map(|unit| [unit * channel_step, u, v]));
        };
        if tiles {
            for tap in &taps {
                (0..units).step_by(depth).for_each(|unit| step(unit, tap));
            }
        } else {
            for unit in 0..units {
                taps.iter().for_each(|tap| step(unit, tap));
            }
        }
        Self {
            terms,
            word,
            stride: phases.len() * plane_words,
            planes,
            width,
            more_rows: more[0],
            slab,
            plane_words,
            depth,
            distances,
            steps,
        }
    }

    /// Whether tiles are multiplied, not vectors.
    pub(super) const fn has_tiles(&self) -> bool {
        self.depth > 1
    }

    /// Words of an image, and of planes of channels that there are none of.
    pub(super) fn image_words(&self) -> usize {
        self.planes
            .len()
            .next_multiple_of(self.depth * self.stride / self.plane_words)
            * self.plane_words
    }

    /// Words of a filter.
    fn filter_words(&self) -> usize {
        if self.has_tiles() {
            self.distances.len() * amx::DEPTH
        } else {
            self.steps.len()
        }
    }

    /// The taps of each step as places in the filter of an output channel, [`NO_TAP`] where a word has none.
    fn taps<const WORD: usize>(&self, s: &Conv2dShape) -> Vec<[u32; WORD]> {
        let place = |[channel, u, v]: [usize; 3], t: usize| {
            let (channel, v) = match self.terms {
                Terms::Channels => (channel + t, v),
                Terms::Taps => (channel, v + t),
            };
            let there = channel < s.group_channels() && v < s.kernel[1];
            let place = (channel * s.kernel[0] + u) * s.kernel[1] + v;
            if there { place as u32 } else { NO_TAP }
        };
        let steps = self.steps.iter();
        steps
            .map(|&step| std::array::from_fn(|t| place(step, t)))
            .collect()
    }
}

/// The filters of a convolution, packed for a level and the shape of an image.
#[derive(Debug)]
pub struct PackedFilters {
    level: Level,
    shape: Conv2dShape,
    layout: Layout,
    /// Tiles that a group is cut into.
    tiles: usize,
    /// Of each tile step by step the words of its output channels.
    words: Aligned<u32>,
    /// What the zero point of x is subtracted for: the sum of each filter, less its zero points.
    sums: Vec<i32>,
    /// Zero points of the output channels, and a filter of ones; empty if all are zero.
    zeros: Vec<i32>,
    ones: Vec<u32>,
}

impl PackedFilters {
    /// Packs `w`, `[outs, channels / groups, kernel rows, kernel columns]`.
    ///
    /// # Panics
    /// If w has other than so many bytes, `zeros` are neither one nor `outs`, groups do not divide channels and
    /// outs, an extent is zero, the last window lies beyond the padded image, or an image has 2^32 words.
    pub fn new(level: Level, shape: Conv2dShape, w: Elements<'_>, zeros: Zeros<'_>) -> Self {
        shape.check();
        let filter = shape.group_channels() * shape.kernel[0] * shape.kernel[1];
        assert_eq!(w.len(), shape.outs * filter, "elements of w");
        zeros.check(shape.outs);
        let w = ByteOperand::new(w).expect("w has bytes");
        let mut packed = None;
        let pack = Pack {
            level,
            shape,
            w,
            zeros,
            packed: &mut packed,
        };
        instructions::run(level, pack);
        packed.expect("the job packs")
    }

    /// The level they are packed for.
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The shape they are packed for.
    pub const fn shape(&self) -> &Conv2dShape {
        &self.shape
    }

    pub(super) const fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(super) const fn tiles(&self) -> usize {
        self.tiles
    }

    /// The output channels of a group in a tile.
    pub(super) const fn tile(&self, tile: usize) -> Range<usize> {
        let outs = self.shape.group_outs();
        outs * tile / self.tiles..outs * (tile + 1) / self.tiles
    }

    /// The words of a tile.
    pub(super) fn words(&self, group: usize, tile: Range<usize>) -> &[u32] {
        let words = self.layout.filter_words();
        &self.words.get()[(group * self.shape.group_outs() + tile.start) * words..][..tile.len() * words]
    }

    pub(super) fn sums(&self) -> &[i32] {
        &self.sums
    }

    pub(super) fn zeros(&self) -> &[i32] {
        &self.zeros
    }

    pub(super) fn ones(&self) -> &[u32] {
        &self.ones
    }
}

struct Pack<'a> {
    level: Level,
    shape: Conv2dShape,
    w: ByteOperand<'a>,
    zeros: Zeros<'a>,
    packed: &'a mut Option<PackedFilters>,
}

impl Job for Pack<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, _: L) {
        let packed = if L::QUADS {
            quads::<L>(self.level, self.shape, self.w, self.zeros)
        } else {
            pairs::<L>(self.level, self.shape, self.w, self.zeros)
        };
        *self.packed = Some(packed);
    }
}

/// Packs bytes, made signed.
fn quads<L: Lanes>(level: Level, s: Conv2dShape, w: ByteOperand<'_>, zeros: Zeros<'_>) -> PackedFilters {
    let layout = Layout::new(&s, 4, L::TILES);
    let filter = s.group_channels() * s.kernel[0] * s.kernel[1];
    let (flip, less) = w.to_signed();
    let zeros: Vec<i32> = (0..s.outs).map(|o| zeros.at(o).wrapping_sub(less)).collect();
    let sums = w.bytes.chunks_exact(filter).zip(&zeros).map(|(w, &zero)| {
        let sum: i32 = w.iter().map(|&w| i32::from((w ^ flip) as i8)).sum();
        sum.wrapping_sub((filter as i32).wrapping_mul(zero))
    });
    let sums = sums.collect();
    let any = zeros.iter().any(|&zero| zero != 0);
    let taps = layout.taps::<4>(&s);
    let word = |weights: &[u8], taps: &[u32; 4]| {
        u32::from_le_bytes(taps.map(|tap| weights.get(tap as usize).map_or(0, |&w| w ^ flip)))
    };
    let mut ones = Vec::new();
    if any {
        let filter = vec![1 ^ flip; filter];
        pack_tile(&layout, 0..1, &taps, |_, taps| word(&filter, taps), &mut ones);
    }
    let rows = if layout.has_tiles() { amx::ROWS } else { L::ROWS };
    let (tiles, words) = pack(&s, &layout, rows, &taps, |o, taps| {
        word(&w.bytes[o * filter..][..filter], taps)
    });
    PackedFilters {
        level,
        shape: s,
        layout,
        tiles,
        words,
        sums,
        zeros: if any { zeros } else { Vec::new() },
        ones,
    }
}

/// Packs words of 16 bits, less the zero points.
fn pairs<L: Lanes>(level: Level, s: Conv2dShape, w: ByteOperand<'_>, zeros: Zeros<'_>) -> PackedFilters {
    let layout = Layout::new(&s, 2, false);
    let filter = s.group_channels() * s.kernel[0] * s.kernel[1];
    let (flip, less) = w.to_signed();
    let taps = layout.taps::<2>(&s);
    let (tiles, words) = pack(&s, &layout, L::ROWS, &taps, |o, taps| {
        let zero = zeros.at(o).wrapping_sub(less);
        let weights = &w.bytes[o * filter..][..filter];
        let number = |&w: &u8| i32::from((w ^ flip) as i8).wrapping_sub(zero) as u32 & 0xffff;
        let [low, high] = taps.map(|tap| weights.get(tap as usize).map_or(0, number));
        low | high << 16
    });
    PackedFilters {
        level,
        shape: s,
        layout,
        tiles,
        words,
        sums: Vec::new(),
        zeros: Vec::new(),
        ones: Vec::new(),
    }
}

/// The number of tiles of a group, and their words: of an output channel and the taps of a step.
#[inline(always)]
fn pack<const WORD: usize>(
    s: &Conv2dShape,
    layout: &Layout,
    rows: usize,
    taps: &[[u32; WORD]],
    word: impl Fn(usize, &[u32; WORD]) -> u32 + Copy,
) -> (usize, Aligned<u32>) {
    let outs = s.group_outs();
    let tiles = outs.div_ceil(rows);
    let mut words = Vec::with_capacity(s.outs * layout.filter_words());
    for first in (0..s.groups).map(|group| group * outs) {
        for tile in 0..tiles {
            let rows = first + outs * tile / tiles..first + outs * (tile + 1) / tiles;
            pack_tile(layout, rows, taps, word, &mut words);
        }
    }
    let mut aligned = Aligned::default();
    aligned.resize(words.len()).copy_from_slice(&words);
    (tiles, aligned)
}

/// Adds the words of some output channels: step by step of each a word; for tiles, of each the words of `depth`
/// steps and zeros up to [`amx::DEPTH`].
#[inline(always)]
fn pack_tile<const WORD: usize>(
    layout: &Layout,
    rows: Range<usize>,
    taps: &[[u32; WORD]],
    word: impl Fn(usize, &[u32; WORD]) -> u32,
    words: &mut Vec<u32>,
) {
    let width = if layout.has_tiles() { amx::DEPTH } else { 1 };
    for taps in taps.chunks(layout.depth) {
        for o in rows.clone() {
            let end = words.len() + width;
            words.extend(taps.iter().map(|taps| word(o, taps)));
            words.resize(end, 0);
        }
    }
}
