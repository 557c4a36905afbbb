//! The shape of a convolution.

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
    pub(super) fn check(&self) {
        let (channels, outs) = (self.channels, self.outs);
        assert!(
            self.groups > 0 && channels > 0 && channels.is_multiple_of(self.groups),
            "channels of a group"
        );
        assert!(
            outs > 0 && outs.is_multiple_of(self.groups),
            "output channels of a group"
        );
        for (d, (extent, outputs)) in [(self.height, self.rows), (self.width, self.cols)]
            .into_iter()
            .enumerate()
        {
            let step = self.stride[d].min(self.dilation[d]).min(self.kernel[d]);
            assert!(step > 0 && outputs > 0 && extent > 0, "an extent is zero");
            let padded = extent + self.padding[d] + self.padding[d + 2];
            let reach = (outputs - 1) * self.stride[d] + (self.kernel[d] - 1) * self.dilation[d] + 1;
            assert!(reach <= padded, "the last window lies beyond the padded image");
        }
    }

    /// Channels of the image that an output channel sees.
    pub(super) const fn group_channels(&self) -> usize {
        self.channels / self.groups
    }

    /// Output channels that see the same channels of the image.
    pub(super) const fn group_outs(&self) -> usize {
        self.outs / self.groups
    }
}
