//! Operators that compute each element from one of each operand, and copies that move elements.

use super::reach::{bytes, count, reach};
use crate::error::Error;
use crate::job::{Job, Operand, Ticket};
use crate::kernels::{Type, Variant};
use crate::memory::Slice;
use bytemuck::bytes_of;

/// A dimension of rows: how far one step along it goes in x and in b.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Steps.
    pub extent: u32,
    /// Elements of x from one step to the next.
    pub x: u32,
    /// Elements of b from one step to the next.
    pub b: u32,
}

/// How elements of operands and result belong together: rows over some dimensions, columns along one more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walk {
    /// The dimensions of the rows, the outermost first; eight at most.
    pub rows: Vec<Axis>,
    /// Elements of a row.
    pub columns: u32,
    /// Elements of x from one column to the next.
    pub x_step: u32,
    /// Elements of b from one column to the next.
    pub b_step: u32,
    /// Elements of y from one row to the next. Columns are neighbours.
    pub y_stride: u32,
    /// The first element of y.
    pub y_first: u32,
}

/// What is computed of a and b, elements of x and b.
#[derive(Clone, Copy, Debug)]
pub enum Function<'a> {
    /// `a + b`, which fits y's type.
    Add,
    /// `a - b`, which fits y's type.
    Sub,
    /// `(a * b + half) >> shift` to the range of y's type, `half` half a unit of the result; shift is 62 at most.
    Mul {
        /// Bits.
        shift: u8,
    },
    /// `zero + ((a * b + half) >> shift)` to the range of y's type; b, shifts and zeros are i32.
    Requantise {
        /// One shift, or one for each element of b.
        shifts: (&'a Slice, bool),
        /// One zero point, or one for each element of b.
        zeros: (&'a Slice, bool),
    },
    /// `max(low, min(high, a))`. There is no b.
    Clamp {
        /// The lower bound.
        low: i32,
        /// The upper bound.
        high: i32,
    },
    /// `b[a]`, a read as a byte without a sign: b has 256 elements from each place on.
    Table,
    /// Between `b[h]` and `b[h + 1]`, for a of i16: b has 257 elements from each place on.
    Interpolate,
    /// `min(2^31 - 1, numerator / max(1, a))`. There is no b.
    Reciprocal {
        /// Below 2^62.
        numerator: u64,
    },
    /// `a`. There is no b.
    Copy,
}

/// A launch.
#[derive(Clone, Copy, Debug)]
pub struct Pointwise<'a> {
    /// What is computed.
    pub function: Function<'a>,
    /// The first operand.
    pub x: (&'a Slice, Type),
    /// The second, where the function has one.
    pub b: Option<(&'a Slice, Type)>,
    /// The result, which shares no memory with operands.
    pub y: (&'a Slice, Type),
}

/// Elements of a row that one work item of a processor computes at most.
const CHUNK: u32 = 4096;

impl Job {
    /// Computes y of x and b along a walk.
    ///
    /// # Errors
    /// If the slices are shorter than the walk, or the device does not take the launch.
    pub fn pointwise(
        &mut self,
        call: &Pointwise<'_>,
        walk: &Walk,
        after: &[Ticket],
    ) -> Result<Ticket, Error> {
        let dimensions = walk.rows.len();
        if dimensions > 8 {
            return Err(Error::Sizes("more than eight dimensions of rows"));
        }
        let strides = |step: u32, of: fn(&Axis) -> u32| -> Result<u64, Error> {
            let rows = walk.rows.iter().map(|axis| (axis.extent, of(axis)));
            reach(&rows.chain([(walk.columns, step)]).collect::<Vec<_>>())
        };
        let x_reach = strides(walk.x_step, |axis| axis.x)?;
        let b_reach = strides(walk.b_step, |axis| axis.b)?;
        let factors: Vec<u32> = walk.rows.iter().map(|axis| axis.extent).collect();
        let rows = count(&factors)?;
        let y_reach = reach(&[(rows as u32, walk.y_stride), (walk.columns, 1), (2, walk.y_first)])?;

        let (op, needs_b, b_more) = match call.function {
            Function::Add => ("ADD", true, 0),
            Function::Sub => ("SUB", true, 0),
            Function::Mul { .. } => ("MUL", true, 0),
            Function::Requantise { .. } => ("REQUANTISE", true, 0),
            Function::Clamp { .. } => ("CLAMP", false, 0),
            Function::Table => ("TABLE", true, 255),
            Function::Interpolate => ("INTERPOLATE", true, 256),
            Function::Reciprocal { .. } => ("RECIPROCAL", false, 0),
            Function::Copy => ("COPY", false, 0),
        };
        let types_fit = match call.function {
            Function::Requantise { .. } => matches!(call.b, Some((_, Type::I32))),
            Function::Table => call.x.1.size() == 1,
            // Of any other type an element could lie beyond the table.
            Function::Interpolate => call.x.1 == Type::I16,
            _ => true,
        };
        if needs_b != call.b.is_some() || !types_fit {
            return Err(Error::Sizes(
                "an operand too many or too few, or one of another type",
            ));
        }
        let (p, q): (i64, i64) = match call.function {
            Function::Mul { shift: 0 } => (0, 0),
            Function::Mul { shift } if shift <= 62 => (1 << (shift - 1), shift.into()),
            Function::Clamp { low, high } => (low.into(), high.into()),
            Function::Reciprocal { numerator } if numerator < 1 << 62 => (numerator as i64, 0),
            Function::Mul { .. } | Function::Reciprocal { .. } => {
                return Err(Error::Sizes("a shift or a numerator of more than 62 bits"));
            }
            _ => (0, 0),
        };
        let (b, b_type) = call.b.unwrap_or(call.x);
        let b_bytes = if needs_b {
            bytes(b_reach + b_more, b_type)
        } else {
            0
        };
        let ((c, c_each), (d, d_each)) = match call.function {
            Function::Requantise { shifts, zeros } => (shifts, zeros),
            _ => ((b, false), (b, false)),
        };
        let entries = |each: bool| match call.function {
            Function::Requantise { .. } => bytes(if each { b_reach } else { 1 }, Type::I32),
            _ => 0,
        };
        let mut extents = [[1u32; 8], [0; 8], [0; 8]];
        for (axis, place) in walk.rows.iter().zip(8 - dimensions..) {
            extents[0][place] = axis.extent;
            extents[1][place] = axis.x;
            extents[2][place] = axis.b;
        }
        let chunk = if self.device().found().is_processor {
            CHUNK
        } else {
            1
        };
        let variant = Variant {
            kernel: "pointwise",
            op,
            x: call.x.1,
            b: b_type,
            y: call.y.1,
        };
        let operands = [
            Operand::Reach(call.x.0, bytes(x_reach, call.x.1)),
            Operand::Reach(b, b_bytes),
            Operand::Reach(c, entries(c_each)),
            Operand::Reach(d, entries(d_each)),
            Operand::Reach(call.y.0, bytes(y_reach, call.y.1)),
            Operand::Plain(bytes_of(&extents[0])),
            Operand::Plain(bytes_of(&extents[1])),
            Operand::Plain(bytes_of(&extents[2])),
            Operand::Plain(bytes_of(&walk.columns)),
            Operand::Plain(bytes_of(&walk.x_step)),
            Operand::Plain(bytes_of(&walk.b_step)),
            Operand::Plain(bytes_of(&walk.y_stride)),
            Operand::Plain(bytes_of(&walk.y_first)),
            Operand::Plain(bytes_of(&chunk)),
            Operand::Plain(if c_each { &[1, 0, 0, 0] } else { &[0; 4] }),
            Operand::Plain(if d_each { &[1, 0, 0, 0] } else { &[0; 4] }),
            Operand::Plain(bytes_of(&p)),
            Operand::Plain(bytes_of(&q)),
        ];
        let grid = [walk.columns.div_ceil(chunk).into(), rows, 1];
        self.launch(variant, &operands, grid, after)
    }
}
