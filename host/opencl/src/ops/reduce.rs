//! One element in place of those along a dimension.

use super::reach::{bytes, count};
use crate::error::Error;
use crate::job::{Job, Operand, Ticket};
use crate::kernels::{Type, Variant};
use crate::memory::Slice;
use bytemuck::bytes_of;

/// How the elements along a dimension become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Their sum, as i32.
    Sum,
    /// The greatest, in its type.
    Max,
    /// The lowest index of a greatest one, as i32.
    ArgMax,
    /// `min(2^31 - 1, floor(sqrt(numerator / V)))`, as i32, with V the sum of squares and epsilon, below 2^62.
    InvNorm {
        /// A power of two, up to 2^62.
        numerator: u64,
        /// At least 1.
        epsilon: u64,
    },
}

impl Job {
    /// Reduces x, of `[outer, extent, inner]`, along its middle dimension.
    ///
    /// # Errors
    /// If the slices are shorter, or the device does not take the launch.
    pub fn reduce(
        &mut self,
        reduction: Reduction,
        x: (&Slice, Type),
        [outer, extent, inner]: [u32; 3],
        y: &Slice,
        after: &[Ticket],
    ) -> Result<Ticket, Error> {
        let (op, ty) = match reduction {
            Reduction::Sum => ("SUM", Type::I32),
            Reduction::Max => ("MAX", x.1),
            Reduction::ArgMax => ("ARG_MAX", Type::I32),
            Reduction::InvNorm { .. } => ("INV_NORM", Type::I32),
        };
        let (numerator, epsilon) = match reduction {
            Reduction::InvNorm { epsilon: 0, .. } => return Err(Error::Sizes("an epsilon of 0")),
            Reduction::InvNorm { numerator, epsilon } => (numerator, epsilon),
            _ => (0, 1),
        };
        if extent == 0 {
            return Err(Error::Sizes("an empty dimension"));
        }
        let variant = Variant {
            kernel: "reduce",
            op,
            x: x.1,
            b: x.1,
            y: ty,
        };
        let operands = [
            Operand::Reach(x.0, bytes(count(&[outer, extent, inner])?, x.1)),
            Operand::Reach(y, bytes(count(&[outer, inner])?, ty)),
            Operand::Plain(bytes_of(&extent)),
            Operand::Plain(bytes_of(&inner)),
            Operand::Plain(bytes_of(&numerator)),
            Operand::Plain(bytes_of(&epsilon)),
        ];
        self.launch(variant, &operands, [inner.into(), outer.into(), 1], after)
    }
}
