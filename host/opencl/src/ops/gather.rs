//! Slices of a tensor, by their indices.

use super::reach::{bytes, count, reach};
use crate::error::Error;
use crate::job::{Job, Operand, Ticket};
use crate::kernels::{Type, Variant};
use crate::memory::Slice;
use bytemuck::bytes_of;

/// The shape of a gather: `y[item, o, j, i] = x[item, o, index[item, j], i]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gather {
    /// Items.
    pub items: u32,
    /// Blocks of an item of x.
    pub outer: u32,
    /// Slices of a block. An index beyond is taken as the last.
    pub extent: u32,
    /// Elements of a slice.
    pub inner: u32,
    /// Indices of an item.
    pub count: u32,
    /// Whether each item has an x of its own.
    pub own_x: bool,
    /// Whether each item has indices of its own.
    pub own_index: bool,
}

/// Elements of a slice that one work item of a processor copies at most.
const CHUNK: u32 = 4096;

impl Job {
    /// Gathers slices of x into y, which has x's type.
    ///
    /// # Errors
    /// If the slices of memory are shorter, or the device does not take the launch.
    pub fn gather(
        &mut self,
        shape: &Gather,
        x: (&Slice, Type),
        index: (&Slice, Type),
        y: &Slice,
        after: &[Ticket],
    ) -> Result<Ticket, Error> {
        let &Gather {
            items,
            outer,
            extent,
            inner,
            count: indices,
            own_x,
            own_index,
        } = shape;
        if extent == 0 {
            return Err(Error::Sizes("an empty dimension"));
        }
        let one = count(&[outer, extent, inner])? as u32;
        let (x_item, index_item) = (if own_x { one } else { 0 }, if own_index { indices } else { 0 });
        let chunk = if self.device().found().is_processor {
            CHUNK
        } else {
            1
        };
        let variant = Variant {
            kernel: "gather",
            op: "",
            x: x.1,
            b: index.1,
            y: x.1,
        };
        let operands = [
            Operand::Reach(x.0, bytes(reach(&[(items, x_item), (one, 1)])?, x.1)),
            Operand::Reach(
                index.0,
                bytes(reach(&[(items, index_item), (indices, 1)])?, index.1),
            ),
            Operand::Reach(y, bytes(count(&[items, outer, indices, inner])?, x.1)),
            Operand::Plain(bytes_of(&outer)),
            Operand::Plain(bytes_of(&extent)),
            Operand::Plain(bytes_of(&inner)),
            Operand::Plain(bytes_of(&indices)),
            Operand::Plain(bytes_of(&x_item)),
            Operand::Plain(bytes_of(&index_item)),
            Operand::Plain(bytes_of(&chunk)),
        ];
        let grid = [inner.div_ceil(chunk).into(), count(&[items, outer, indices])?, 1];
        self.launch(variant, &operands, grid, after)
    }
}
