//! An image as words.

use super::filters::{Layout, Plane, Terms};
use super::operand::ByteOperand;
use super::shape::Conv2dShape;
use std::ops::Range;

/// How bytes become words.
pub(super) trait Word: Copy {
    /// From bytes of neighbouring terms, `self` for the flip and the zero point.
    fn fill(self, bytes: &[&[u8]; 4], stride: usize, to: &mut [u32]);
    /// A word of padding.
    fn padding(self) -> u32;
}

/// Four bytes, made unsigned by a flip.
#[derive(Clone, Copy)]
pub(super) struct QuadWord {
    pub(super) flip: u8,
    /// What padding stands for, as it lies in memory.
    pub(super) zero: u8,
}

impl Word for QuadWord {
    #[inline(always)]
    fn fill(self, bytes: &[&[u8]; 4], stride: usize, to: &mut [u32]) {
        let flip = u32::from_ne_bytes([self.flip; 4]);
        each(*bytes, stride, to, |[a, b, c, d]| {
            let word = u32::from(a) | u32::from(b) << 8 | u32::from(c) << 16 | u32::from(d) << 24;
            word ^ flip
        });
    }

    #[inline(always)]
    fn padding(self) -> u32 {
        u32::from_ne_bytes([self.zero ^ self.flip; 4])
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
    fn fill(self, bytes: &[&[u8]; 4], stride: usize, to: &mut [u32]) {
        let number = |byte: u8| i32::from(byte ^ self.flip) - self.zero;
        each([bytes[0], bytes[1]], stride, to, |[low, high]| {
            (number(low) & 0xffff | number(high) << 16) as u32
        });
    }

    #[inline(always)]
    fn padding(self) -> u32 {
        0
    }
}

/// Makes a word of every `stride`-th byte of each source.
#[inline(always)]
fn each<const TERMS: usize>(
    sources: [&[u8]; TERMS],
    stride: usize,
    to: &mut [u32],
    word: impl Fn([u8; TERMS]) -> u32,
) {
    match stride {
        // Distances that are known make vectors.
        1 => each_by::<TERMS>(sources, 1, to, word),
        2 => each_by::<TERMS>(sources, 2, to, word),
        _ => each_by::<TERMS>(sources, stride, to, word),
    }
}

#[inline(always)]
fn each_by<const TERMS: usize>(
    sources: [&[u8]; TERMS],
    stride: usize,
    to: &mut [u32],
    word: impl Fn([u8; TERMS]) -> u32,
) {
    let Some(last) = to.len().checked_sub(1) else {
        return;
    };
    let sources = sources.map(|bytes| &bytes[..last * stride + 1]);
    for (i, to) in to.iter_mut().enumerate() {
        let mut bytes = [0; TERMS];
        for (byte, source) in bytes.iter_mut().zip(sources) {
            *byte = source[i * stride];
        }
        *to = word(bytes);
    }
}

/// An image, and how it is to be laid out.
pub(super) struct Image<'a> {
    pub(super) shape: &'a Conv2dShape,
    pub(super) layout: &'a Layout,
    pub(super) x: ByteOperand<'a>,
    pub(super) x_zero: i32,
}

/// Lays out what of a group's channels the result's `rows` need.
#[inline(always)]
pub(super) fn lay_out<W: Word>(
    from: &Image<'_>,
    group: usize,
    rows: Range<usize>,
    word: W,
    line: &mut Vec<u8>,
    image: &mut [u32],
) {
    let Image {
        shape: s,
        layout,
        x,
        x_zero,
    } = *from;
    let channels = s.group_channels();
    let x = &x.bytes[group * channels * s.height * s.width..][..channels * s.height * s.width];
    if layout.terms == Terms::Taps {
        // Longer than any word of a line reaches.
        let reach = (layout.width - 1) * s.stride[1] + s.stride[1] + (layout.word - 1) * s.dilation[1];
        line.clear();
        line.resize(reach.max(s.padding[1] + s.width), x_zero as u8);
    }
    for (plane, to) in layout
        .planes
        .iter()
        .zip(image.chunks_exact_mut(layout.plane_words()))
    {
        for (i, to) in to
            .chunks_exact_mut(layout.width)
            .take(rows.len() + layout.more_rows)
            .enumerate()
        {
            let y = ((rows.start + i) * s.stride[0] + plane.phase[0]).wrapping_sub(s.padding[0]);
            if y >= s.height {
                to.fill(word.padding());
                continue;
            }
            match layout.terms {
                Terms::Channels => by_channels(s, layout, x, plane, y, word, to),
                Terms::Taps => {
                    let bytes = &x[(plane.channel * s.height + y) * s.width..][..s.width];
                    line[s.padding[1]..][..s.width].copy_from_slice(bytes);
                    let source = |t: usize| &line[plane.phase[1] + t.min(layout.word - 1) * s.dilation[1]..];
                    word.fill(&[source(0), source(1), source(2), source(3)], s.stride[1], to);
                }
            }
        }
    }
}

/// A line of words of neighbouring channels.
#[inline(always)]
fn by_channels<W: Word>(
    s: &Conv2dShape,
    layout: &Layout,
    x: &[u8],
    plane: &Plane,
    y: usize,
    word: W,
    to: &mut [u32],
) {
    // The words whose column lies in the image.
    let (phase, left, stride) = (plane.phase[1], s.padding[1], s.stride[1]);
    let begin = left.saturating_sub(phase).div_ceil(stride).min(to.len());
    let end = (left + s.width)
        .saturating_sub(phase)
        .div_ceil(stride)
        .clamp(begin, to.len());
    to[..begin].fill(word.padding());
    to[end..].fill(word.padding());
    if begin == end {
        return;
    }
    let first = begin * stride + phase - left;
    // Where a word has no channel its filter is zero, whatever stands there.
    let last = s.group_channels() - 1;
    let source = |t: usize| {
        let channel = (plane.channel + t.min(layout.word - 1)).min(last);
        &x[(channel * s.height + y) * s.width + first..]
    };
    word.fill(
        &[source(0), source(1), source(2), source(3)],
        stride,
        &mut to[begin..end],
    );
}
