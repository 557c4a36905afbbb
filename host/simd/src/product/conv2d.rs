//! Convolutions.

use super::operand::{Block, Elements, Zeros};
use super::scratch::Scratch;
use crate::Level;
use std::ops::Range;

/// The shape of a convolution of one image of `channels × height × width`, row-major.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv2dShape {
    /// Channels of the image.
    pub channels: usize,
    /// Rows of the image.
    pub height: usize,
    /// Columns of the image.
    pub width: usize,
    /// Channels of the result.
    pub outs: usize,
    /// Rows and columns of a filter.
    pub kernel: [usize; 2],
    /// From one window to the next, down and to the right.
    pub stride: [usize; 2],
    /// From one tap to the next, down and to the right.
    pub dilation: [usize; 2],
    /// Padding above, to the left, below and to the right.
    pub padding: [usize; 4],
    /// Groups of channels that do not mix.
    pub groups: usize,
    /// Rows of the result.
    pub rows: usize,
    /// Columns of the result.
    pub cols: usize,
}

impl Conv2dShape {
    /// Panics if something does not fit.
    fn check(&self) {
        assert!(
            self.groups > 0 && self.channels.is_multiple_of(self.groups),
            "channels of a group"
        );
        assert!(
            self.outs.is_multiple_of(self.groups),
            "output channels of a group"
        );
        for (d, (extent, outputs)) in [(self.height, self.rows), (self.width, self.cols)]
            .into_iter()
            .enumerate()
        {
            assert!(self.kernel[d] > 0 && self.stride[d] > 0 && self.dilation[d] > 0 && outputs > 0);
            let padded = extent + self.padding[d] + self.padding[d + 2];
            let reach = (outputs - 1) * self.stride[d] + (self.kernel[d] - 1) * self.dilation[d] + 1;
            assert!(reach <= padded, "the last window lies beyond the padded image");
        }
    }

    const fn group_channels(&self) -> usize {
        self.channels / self.groups
    }

    const fn group_outs(&self) -> usize {
        self.outs / self.groups
    }
}

/// The filters of a convolution, packed for a level and the shape of an image.
#[derive(Debug)]
pub struct PackedFilters {
    level: Level,
    shape: Conv2dShape,
    w: Vec<i32>,
}

impl PackedFilters {
    /// Packs `w`, `[outs, channels / groups, kernel rows, kernel columns]`.
    ///
    /// # Panics
    /// If w has other than so many bytes, `zeros` are neither one nor `outs`, groups do not divide channels and outs, an
    /// extent is zero, or the last window lies beyond the padded image.
    pub fn new(level: Level, shape: Conv2dShape, w: Elements<'_>, zeros: Zeros<'_>) -> Self {
        shape.check();
        let filter = shape.group_channels() * shape.kernel[0] * shape.kernel[1];
        assert_eq!(w.len(), shape.outs * filter, "elements of w");
        zeros.check(shape.outs);
        let w: Vec<i32> = match w {
            Elements::U8(w) => w.iter().map(|&w| w.into()).collect(),
            Elements::I8(w) => w.iter().map(|&w| w.into()).collect(),
            Elements::I16(_) => panic!("w has bytes"),
        };
        let w = w
            .iter()
            .enumerate()
            .map(|(i, w)| w - zeros.at(i / filter))
            .collect();
        Self { level, shape, w }
    }

    /// The level they are packed for.
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The shape they are packed for.
    pub const fn shape(&self) -> &Conv2dShape {
        &self.shape
    }

    /// The memory they take.
    pub fn memory_bytes(&self) -> usize {
        size_of_val(&self.w[..])
    }

    /// One of `parts` ranges of output channels of about the same length, cut where it costs nothing.
    pub fn outs(&self, part: usize, parts: usize) -> Range<usize> {
        self.shape.outs * part / parts..self.shape.outs * (part + 1) / parts
    }
}

/// `y[o, i, j] = bias[o] + Σ_{c, u, v} (x[c, row, column] − x_zero) · (w[o, c, u, v] − zeros[o])` of one image, for
/// some output channels; padding adds nothing.
///
/// The rows of a [`Block`] are output channels, its columns pixels `i · cols + j` of the result. Each element of
/// `outs` × pixels is given to `sink` once. `bias`, if there is one, has an entry for every output channel.
///
/// # Panics
/// If x is not an image of the shape in bytes, `outs` lies beyond the shape's, or `bias` has another length.
pub fn conv2d(
    f: &PackedFilters,
    x: Elements<'_>,
    x_zero: i32,
    bias: Option<&[i32]>,
    outs: Range<usize>,
    scratch: &mut Scratch,
    sink: &mut dyn FnMut(Block<'_>),
) {
    let s = &f.shape;
    assert_eq!(x.len(), s.channels * s.height * s.width, "elements of x");
    assert!(outs.start <= outs.end && outs.end <= s.outs, "output channels");
    assert!(bias.is_none_or(|b| b.len() == s.outs), "entries of bias");
    let x: Vec<i32> = match x {
        Elements::U8(x) => x.iter().map(|&x| x.into()).collect(),
        Elements::I8(x) => x.iter().map(|&x| x.into()).collect(),
        Elements::I16(_) => panic!("x has bytes"),
    };
    let filter = s.group_channels() * s.kernel[0] * s.kernel[1];
    for o in outs {
        let first = o / s.group_outs() * s.group_channels();
        let mut sums = Vec::new();
        for (i, j) in (0..s.rows).flat_map(|i| (0..s.cols).map(move |j| (i, j))) {
            let mut sum = bias.map_or(0, |b| b[o]);
            for (tap, w) in f.w[o * filter..][..filter].iter().enumerate() {
                let (u, v) = (tap / s.kernel[1] % s.kernel[0], tap % s.kernel[1]);
                let channel = first + tap / (s.kernel[0] * s.kernel[1]);
                let row = (i * s.stride[0] + u * s.dilation[0]).checked_sub(s.padding[0]);
                let column = (j * s.stride[1] + v * s.dilation[1]).checked_sub(s.padding[1]);
                let (Some(row), Some(column)) = (row, column) else {
                    continue;
                };
                if row < s.height && column < s.width {
                    let x = x[(channel * s.height + row) * s.width + column].wrapping_sub(x_zero);
                    sum = sum.wrapping_add(x.wrapping_mul(*w));
                }
            }
            sums.push(sum);
        }
        sink(Block {
            first_row: o,
            rows: 1,
            first_column: 0,
            columns: s.rows * s.cols,
            stride: s.rows * s.cols,
            values: &mut sums,
        });
    }
}
