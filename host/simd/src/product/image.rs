//! An image as words.

use super::filters::{Layout, Plane, Terms};
use super::lanes::{Job, Lanes};
use super::operand::ByteOperand;
use super::shape::Conv2dShape;
use std::ops::Range;

/// How bytes become words.
pub(super) trait Word: Copy {
    /// Words of bytes of neighbouring terms, each in a lane; of the first two if no more fit.
    fn join<L: Lanes>(self, lanes: L, bytes: [L::V; 4]) -> L::V;
    /// One of them.
    fn one(self, bytes: [u8; 4]) -> u32;
    /// A word of padding.
    fn padding(self) -> u32;
}

/// Words behind a line that may be overwritten with anything.
pub(super) const SLACK: usize = 15;

/// Four bytes, made unsigned by a flip.
#[derive(Clone, Copy)]
pub(super) struct QuadWord {
    pub(super) flip: u8,
    /// What padding stands for, as it lies in memory.
    pub(super) zero: u8,
}

impl Word for QuadWord {
    #[inline(always)]
    fn join<L: Lanes>(self, lanes: L, bytes: [L::V; 4]) -> L::V {
        lanes.xor(
            lanes.join_bytes(bytes),
            lanes.splat(u32::from_ne_bytes([self.flip; 4])),
        )
    }

    #[inline(always)]
    fn one(self, bytes: [u8; 4]) -> u32 {
        u32::from_le_bytes(bytes) ^ u32::from_ne_bytes([self.flip; 4])
    }

    #[inline(always)]
    fn padding(self) -> u32 {
        self.one([self.zero; 4])
    }
}

/// Two words of 16 bits, less the zero point.
#[derive(Clone, Copy)]
pub(super) struct PairWord {
    pub(super) flip: u8,
    /// The zero point of the flipped bytes.
    pub(super) zero: i32,
}

impl Word for PairWord {
    #[inline(always)]
    fn join<L: Lanes>(self, lanes: L, [low, high, ..]: [L::V; 4]) -> L::V {
        let (flip, zero) = (lanes.splat(self.flip.into()), lanes.splat(self.zero as u32));
        lanes.join_words(
            lanes.sub(lanes.xor(low, flip), zero),
            lanes.sub(lanes.xor(high, flip), zero),
        )
    }

    #[inline(always)]
    fn one(self, [low, high, ..]: [u8; 4]) -> u32 {
        let number = |byte: u8| i32::from(byte ^ self.flip) - self.zero;
        (number(low) & 0xffff | number(high) << 16) as u32
    }

    #[inline(always)]
    fn padding(self) -> u32 {
        0
    }
}

/// Makes `count` words of every `stride`-th byte of the sources. Up to [`SLACK`] words behind them may be
/// overwritten.
#[inline(always)]
fn fill<'s, L: Lanes, W: Word>(
    lanes: L,
    word: W,
    sources: &[&'s [u8]; 4],
    stride: usize,
    count: usize,
    to: &mut [u32],
) {
    let mut shortest = usize::MAX;
    for source in sources {
        shortest = shortest.min(source.len());
    }
    let vectors = count
        .div_ceil(L::N)
        .min(shortest / (stride * L::N))
        .min(to.len() / L::N);
    let [a, b, c, d] = *sources;
    match stride {
        1 => {
            for at in (0..vectors * L::N).step_by(L::N) {
                let load = |from: &[u8]| lanes.load_each(&from[at..]);
                let bytes = [load(a), load(b), load(c), load(d)];
                lanes.store_words(word.join(lanes, bytes), &mut to[at..]);
            }
        }
        2 => {
            for at in (0..vectors * L::N).step_by(L::N) {
                let load = |from: &[u8]| lanes.load_every_second(&from[2 * at..]);
                let bytes = [load(a), load(b), load(c), load(d)];
                lanes.store_words(word.join(lanes, bytes), &mut to[at..]);
            }
        }
        _ => {}
    }
    let done = if stride <= 2 { count.min(vectors * L::N) } else { 0 };
    let each = |source: &'s [u8]| source.iter().skip(done * stride).step_by(stride);
    let sources = each(a).zip(each(b)).zip(each(c)).zip(each(d));
    for (to, (((&a, &b), &c), &d)) in to[done..count].iter_mut().zip(sources) {
        *to = word.one([a, b, c, d]);
    }
}

/// Lays out what of a group's channels some rows of the result need.
pub(super) struct LayOut<'a, W> {
    pub(super) shape: &'a Conv2dShape,
    pub(super) layout: &'a Layout,
    pub(super) x: ByteOperand<'a>,
    pub(super) x_zero: i32,
    pub(super) word: W,
    pub(super) group: usize,
    pub(super) rows: Range<usize>,
    pub(super) line: &'a mut Vec<u8>,
    pub(super) image: &'a mut [u32],
}

impl<W: Word> Job for LayOut<'_, W> {
    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        lay_out(lanes, self);
    }
}

#[inline(always)]
fn lay_out<L: Lanes, W: Word>(lanes: L, job: LayOut<'_, W>) {
    let LayOut {
        shape: s,
        layout,
        x,
        x_zero,
        word,
        group,
        rows,
        line,
        image,
    } = job;
    let channels = s.group_channels();
    let x = &x.bytes[group * channels * s.height * s.width..][..channels * s.height * s.width];
    if layout.terms == Terms::Taps {
        // Longer than any word of a line reaches.
        let reach = (layout.width - 1) * s.stride[1] + s.stride[1] + (layout.word - 1) * s.dilation[1];
        line.clear();
        line.resize(
            reach.max(s.padding[1] + s.width) + SLACK * s.stride[1],
            x_zero as u8,
        );
    }
    for (p, plane) in layout.planes.iter().enumerate() {
        let image = &mut image[p * layout.plane_words..];
        let columns = Columns::new(s, layout, plane);
        // The lines whose row lies in the image.
        let (above, stride) = (s.padding[0], s.stride[0]);
        let lines = rows.len() + layout.more_rows;
        let y = rows.start * stride + plane.phase[0];
        let begin = above.saturating_sub(y).div_ceil(stride).min(lines);
        let end = (above + s.height)
            .saturating_sub(y)
            .div_ceil(stride)
            .clamp(begin, lines);
        image[..begin * layout.width].fill(word.padding());
        match layout.terms {
            Terms::Channels if columns.are_whole(s, layout) && stride == 1 => {
                let sources = columns.sources(s, plane, x, y + begin - above);
                fill(
                    lanes,
                    word,
                    &sources,
                    1,
                    (end - begin) * layout.width,
                    &mut image[begin * layout.width..],
                );
            }
            Terms::Channels => {
                for i in begin..end {
                    let line = &mut image[i * layout.width..];
                    line[..columns.begin].fill(word.padding());
                    if columns.begin < columns.end {
                        let sources = columns.sources(s, plane, x, y + i * stride - above);
                        let count = columns.end - columns.begin;
                        fill(
                            lanes,
                            word,
                            &sources,
                            s.stride[1],
                            count,
                            &mut line[columns.begin..],
                        );
                    }
                    line[columns.end..layout.width].fill(word.padding());
                }
            }
            Terms::Taps => {
                for i in begin..end {
                    let bytes =
                        &x[(plane.channel * s.height + y + i * stride - above) * s.width..][..s.width];
                    line[s.padding[1]..][..s.width].copy_from_slice(bytes);
                    let source = |t: usize| &line[plane.phase[1] + t.min(layout.word - 1) * s.dilation[1]..];
                    let sources = [source(0), source(1), source(2), source(3)];
                    fill(
                        lanes,
                        word,
                        &sources,
                        s.stride[1],
                        layout.width,
                        &mut image[i * layout.width..],
                    );
                }
            }
        }
        image[end * layout.width..lines * layout.width].fill(word.padding());
    }
}

/// Words of a line of neighbouring channels whose column lies in the image.
struct Columns {
    begin: usize,
    end: usize,
    /// The column of the first.
    first: usize,
}

impl Columns {
    #[inline(always)]
    fn new(s: &Conv2dShape, layout: &Layout, plane: &Plane) -> Self {
        let (phase, left, stride) = (plane.phase[1], s.padding[1], s.stride[1]);
        let begin = left.saturating_sub(phase).div_ceil(stride).min(layout.width);
        let end = (left + s.width).saturating_sub(phase).div_ceil(stride);
        Self {
            begin,
            end: end.clamp(begin, layout.width),
            first: (begin * stride + phase).saturating_sub(left),
        }
    }

    /// Whether lines are those of the image, one after the other.
    #[inline(always)]
    fn are_whole(&self, s: &Conv2dShape, layout: &Layout) -> bool {
        self.begin == 0 && self.end == s.width && self.end == layout.width && s.stride[1] == 1
    }

    /// Where the terms of a line's words begin.
    #[inline(always)]
    fn sources<'a>(&self, s: &Conv2dShape, plane: &Plane, x: &'a [u8], y: usize) -> [&'a [u8]; 4] {
        // Where a word has no channel its filter is zero, whatever stands there.
        let last = s.group_channels() - 1;
        let source = |t: usize| {
            let channel = (plane.channel + t).min(last);
            &x[(channel * s.height + y) * s.width + self.first..]
        };
        [source(0), source(1), source(2), source(3)]
    }
}
