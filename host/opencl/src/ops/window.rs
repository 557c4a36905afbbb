//! Windows that move over images.

use super::product::packed_columns_bytes;
use super::reach::{bytes, count, reach};
use crate::error::Error;
use crate::job::{Job, MOST, Operand, Ticket};
use crate::kernels::{TILE_COLUMNS, Type, Variant};
use crate::memory::Slice;
use bytemuck::bytes_of;

/// How windows lie over an image; `down` and `across` are stride, dilation and padding before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Rows of the image.
    pub height: u32,
    /// Columns of the image.
    pub width: u32,
    /// Rows of windows.
    pub rows: u32,
    /// Windows of a row.
    pub columns: u32,
    /// Rows and columns of a window.
    pub kernel: [u32; 2],
    /// From row to row.
    pub down: [u32; 3],
    /// From column to column.
    pub across: [u32; 3],
}

/// The shape of a convolution that is computed element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// Items.
    pub items: u32,
    /// Images of an item.
    pub images: u32,
    /// Groups of channels.
    pub groups: u32,
    /// Channels of the image in each group.
    pub per_group: u32,
    /// Channels of the result.
    pub outs: u32,
    /// Whether each item has filters of its own.
    pub own_filters: bool,
    /// Whether there is a zero point for each channel of the result, or one.
    pub zero_each: bool,
    /// Whether there is a bias for each channel of the result, or one.
    pub bias_each: bool,
    /// Whether each item has biases of its own.
    pub own_bias: bool,
    /// The zero point of the image.
    pub x_zero: i32,
}

impl Windows {
    fn check(&self) -> Result<(), Error> {
        let reaches = |outputs: u32, taps: u32, [stride, dilation, padding]: [u32; 3]| {
            u64::from(outputs) * u64::from(stride) + u64::from(taps) * u64::from(dilation) < MOST
                && u64::from(padding) < MOST
        };
        let fits = reaches(self.rows, self.kernel[0], self.down)
            && reaches(self.columns, self.kernel[1], self.across)
            && self.kernel.iter().all(|&taps| taps > 0);
        if fits {
            Ok(())
        } else {
            Err(Error::Sizes("windows beyond what a kernel can index"))
        }
    }

    /// The arguments `down` and `across`: three numbers take the room of four.
    const fn steps(&self) -> [[u32; 4]; 2] {
        let [a, b, c] = self.down;
        let [d, e, f] = self.across;
        [[a, b, c, 0], [d, e, f, 0]]
    }
}

impl Job {
    /// The greatest element of each window, of so many planes.
    ///
    /// # Errors
    /// If the slices are shorter, or the device does not take the launch.
    pub fn max_pool(
        &mut self,
        windows: &Windows,
        planes: u32,
        x: (&Slice, Type),
        y: &Slice,
        after: &[Ticket],
    ) -> Result<Ticket, Error> {
        windows.check()?;
        let w = windows;
        let [down, across] = w.steps();
        let variant = Variant {
            kernel: "max_pool",
            op: "",
            x: x.1,
            b: x.1,
            y: x.1,
        };
        let operands = [
            Operand::Reach(x.0, bytes(count(&[planes, w.height, w.width])?, x.1)),
            Operand::Reach(y, bytes(count(&[planes, w.rows, w.columns])?, x.1)),
            Operand::Plain(bytes_of(&w.height)),
            Operand::Plain(bytes_of(&w.width)),
            Operand::Plain(bytes_of(&w.rows)),
            Operand::Plain(bytes_of(&w.columns)),
            Operand::Plain(bytes_of(&w.kernel[0])),
            Operand::Plain(bytes_of(&w.kernel[1])),
            Operand::Plain(bytes_of(&down)),
            Operand::Plain(bytes_of(&across)),
        ];
        let grid = [w.columns.into(), w.rows.into(), planes.into()];
        self.launch(variant, &operands, grid, after)
    }

    /// A convolution element by element: x `[items, images, groups * per_group, height, width]`, filters `[outs,
    /// per_group, ..kernel]`, zeros and bias i32, y i32 `[items, images, outs, rows, columns]`.
    ///
    /// # Errors
    /// If the slices are shorter, or the device does not take the launch.
    pub fn convolve(
        &mut self,
        windows: &Windows,
        shape: &Convolution,
        [x, filters]: [(&Slice, Type); 2],
        [zeros, bias, y]: [&Slice; 3],
        after: &[Ticket],
    ) -> Result<Ticket, Error> {
        windows.check()?;
        let (w, s) = (windows, shape);
        if s.groups == 0 || !s.outs.is_multiple_of(s.groups) || s.images == 0 {
            return Err(Error::Sizes("groups that do not divide the channels"));
        }
        let all = count(&[s.items, s.images])? as u32;
        let channels = count(&[s.groups, s.per_group])? as u32;
        let one = count(&[s.outs, s.per_group, w.kernel[0], w.kernel[1]])? as u32;
        let filter_item = if s.own_filters { one } else { 0 };
        let (zeros_step, bias_step) = (u32::from(s.zero_each), u32::from(s.bias_each));
        let bias_item = match (s.own_bias, s.bias_each) {
            (false, _) => 0,
            (true, true) => s.outs,
            (true, false) => 1,
        };
        let [down, across] = w.steps();
        let variant = Variant {
            kernel: "convolve",
            op: "",
            x: x.1,
            b: filters.1,
            y: Type::I32,
        };
        let z = count(&[all, s.outs])?;
        let outs = [(s.items, bias_item), (s.outs, bias_step)];
        let operands = [
            Operand::Reach(x.0, bytes(count(&[all, channels, w.height, w.width])?, x.1)),
            Operand::Reach(
                filters.0,
                bytes(reach(&[(s.items, filter_item), (one, 1)])?, filters.1),
            ),
            Operand::Reach(zeros, bytes(reach(&[(s.outs, zeros_step)])?, Type::I32)),
            Operand::Reach(bias, bytes(reach(&outs)?, Type::I32)),
            Operand::Reach(y, bytes(count(&[z as u32, w.rows, w.columns])?, Type::I32)),
            Operand::Plain(bytes_of(&w.height)),
            Operand::Plain(bytes_of(&w.width)),
            Operand::Plain(bytes_of(&w.rows)),
            Operand::Plain(bytes_of(&w.columns)),
            Operand::Plain(bytes_of(&w.kernel[0])),
            Operand::Plain(bytes_of(&w.kernel[1])),
            Operand::Plain(bytes_of(&down)),
            Operand::Plain(bytes_of(&across)),
            Operand::Plain(bytes_of(&s.outs)),
            Operand::Plain(bytes_of(&s.per_group)),
            Operand::Plain(bytes_of(&s.groups)),
            Operand::Plain(bytes_of(&s.images)),
            Operand::Plain(bytes_of(&filter_item)),
            Operand::Plain(bytes_of(&zeros_step)),
            Operand::Plain(bytes_of(&bias_step)),
            Operand::Plain(bytes_of(&bias_item)),
            Operand::Plain(bytes_of(&s.x_zero)),
        ];
        self.launch(variant, &operands, [w.columns.into(), w.rows.into(), z], after)
    }

    /// The windows of so many images (of one group of channels each) as the columns of matrices, packed for a product:
    /// depth is channel, row, column of a window. Elements are bytes.
    ///
    /// # Errors
    /// If the slices are shorter, elements are no bytes, or the device does not take the launch.
    pub fn pack_windows(
        &mut self,
        windows: &Windows,
        (images, channels, x_zero): (u32, u32, i32),
        x: (&Slice, Type),
        y: &Slice,
        after: &[Ticket],
    ) -> Result<Ticket, Error> {
        windows.check()?;
        let w = windows;
        if x.1.size() != 1 {
            return Err(Error::Sizes("windows of what are no bytes"));
        }
        let depth = count(&[channels, w.kernel[0], w.kernel[1]])? as u32;
        let pixels = count(&[w.rows, w.columns])? as u32;
        let panels = pixels.div_ceil(TILE_COLUMNS as u32);
        let packed = packed_columns_bytes(pixels, depth)?
            .checked_mul(images.into())
            .filter(|&bytes| bytes / 4 < MOST)
            .ok_or(Error::Sizes("more elements than a kernel can index"))?;
        let [down, across] = w.steps();
        let variant = Variant {
            kernel: "pack_windows",
            op: "",
            x: x.1,
            b: x.1,
            y: Type::I32,
        };
        let operands = [
            Operand::Reach(x.0, count(&[images, channels, w.height, w.width])?),
            Operand::Reach(y, packed),
            Operand::Plain(bytes_of(&w.height)),
            Operand::Plain(bytes_of(&w.width)),
            Operand::Plain(bytes_of(&w.columns)),
            Operand::Plain(bytes_of(&pixels)),
            Operand::Plain(bytes_of(&w.kernel[0])),
            Operand::Plain(bytes_of(&w.kernel[1])),
            Operand::Plain(bytes_of(&down)),
            Operand::Plain(bytes_of(&across)),
            Operand::Plain(bytes_of(&depth)),
            Operand::Plain(bytes_of(&x_zero)),
            Operand::Plain(bytes_of(&panels)),
        ];
        let grid = [depth.div_ceil(2).into(), panels.into(), images.into()];
        self.launch(variant, &operands, grid, after)
    }
}
