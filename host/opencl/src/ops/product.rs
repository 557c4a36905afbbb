//! Products of matrices of small integers, and the packing of their operands.

use super::reach::{bytes, count, reach};
use crate::error::Error;
use crate::job::{Job, MOST, Operand, Ticket};
use crate::kernels::{TILE_COLUMNS, TILE_ROWS, Type, Variant};
use crate::memory::Slice;
use bytemuck::bytes_of;

/// What a left operand is packed as, by what it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Floats, where both operands are bytes less a zero point: 4 bytes an element.
    Floats,
    /// Pairs of 16-bit numbers: 2 bytes an element.
    Pairs,
}

impl Form {
    /// The macro that chooses it.
    const fn op(self) -> &'static str {
        match self {
            Self::Floats => "FLOAT",
            Self::Pairs => "",
        }
    }
}

/// Matrices `[matrices, m, depth]` that stand on the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    /// How many.
    pub matrices: u32,
    /// Rows.
    pub m: u32,
    /// Columns.
    pub depth: u32,
    /// What is taken from every element. Elements of 16 bits must have 0.
    pub zero: i32,
    /// Whether `zeros`, taken away as well, has an entry for each row, or one.
    pub zero_each: bool,
    /// What it is packed as. Elements less their zero points are 255 in magnitude at most where it is floats.
    pub form: Form,
}

/// Matrices `[matrices, depth, n]` that stand on the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// How many.
    pub matrices: u32,
    /// Rows.
    pub depth: u32,
    /// Columns.
    pub n: u32,
    /// Whether `zeros`, which are taken away, has an entry for each column, or one.
    pub zero_each: bool,
}

/// What sums begin with, where the left zero point is left to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Starts {
    /// The right matrices.
    pub columns: Columns,
    /// The left zero point.
    pub x_zero: i32,
    /// Whether there is a bias for each column, or one.
    pub bias_each: bool,
    /// Neighbouring matrices that share their bias: it begins anew after so many.
    pub lead: u32,
    /// Elements of bias from one such run to the next.
    pub bias_stride: u32,
}

/// The shape of products: matrices are counted by (i, j, l), and each operand says how far a step along each goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product {
    /// Rows of the left operand.
    pub m: u32,
    /// Columns of the right one.
    pub n: u32,
    /// What is summed over.
    pub depth: u32,
    /// What the left operand is packed as.
    pub form: Form,
    /// How many i, j and l there are.
    pub extents: [u32; 3],
    /// Left matrices from one step to the next.
    pub a: [u32; 3],
    /// Right matrices from one step to the next.
    pub b: [u32; 3],
    /// Elements of `start` from one step to the next.
    pub start: [u32; 3],
    /// Elements of `start` from row to row: 0 or 1.
    pub start_row: u32,
    /// Elements of `start` from column to column: 0 or 1.
    pub start_column: u32,
}

/// Bytes of a packed left matrix.
///
/// # Errors
/// If a kernel cannot index it.
pub fn packed_rows_bytes(m: u32, depth: u32, form: Form) -> Result<u64, Error> {
    let words = match form {
        Form::Floats => 2,
        Form::Pairs => 1,
    };
    times(words, packed(m, depth, TILE_ROWS as u32)?)
}

/// Bytes of a packed right matrix.
///
/// # Errors
/// If a kernel cannot index it.
pub fn packed_columns_bytes(n: u32, depth: u32) -> Result<u64, Error> {
    packed(n, depth, TILE_COLUMNS as u32)
}

fn packed(side: u32, depth: u32, tile: u32) -> Result<u64, Error> {
    Ok(bytes(
        count(&[side.div_ceil(tile), tile, depth.div_ceil(2)])?,
        Type::I32,
    ))
}

/// So many packed matrices.
fn times(matrices: u64, one: u64) -> Result<u64, Error> {
    matrices
        .checked_mul(one)
        .filter(|&bytes| bytes / 4 < MOST)
        .ok_or(Error::Sizes("more elements than a kernel can index"))
}

impl Job {
    /// Packs left operands.
    ///
    /// # Errors
    /// If the slices are shorter, elements do not fit 16 bits, or the device does not take the launch.
    pub fn pack_rows(
        &mut self,
        rows: &Rows,
        x: (&Slice, Type),
        [zeros, y]: [&Slice; 2],
        after: &[Ticket],
    ) -> Result<Ticket, Error> {
        let most = match rows.form {
            Form::Floats => 1,
            Form::Pairs => 2,
        };
        if x.1.size() > most {
            return Err(Error::Sizes(
                "elements of a product that are wider than their form",
            ));
        }
        let tiles = rows.m.div_ceil(TILE_ROWS as u32);
        let zeros_step = u32::from(rows.zero_each);
        let variant = Variant {
            kernel: "pack_rows",
            op: rows.form.op(),
            x: x.1,
            b: x.1,
            y: Type::I32,
        };
        let operands = [
            Operand::Reach(x.0, bytes(count(&[rows.matrices, rows.m, rows.depth])?, x.1)),
            Operand::Reach(zeros, bytes(reach(&[(rows.m, zeros_step)])?, Type::I32)),
            Operand::Reach(
                y,
                times(
                    rows.matrices.into(),
                    packed_rows_bytes(rows.m, rows.depth, rows.form)?,
                )?,
            ),
            Operand::Plain(bytes_of(&rows.m)),
            Operand::Plain(bytes_of(&rows.depth)),
            Operand::Plain(bytes_of(&zeros_step)),
            Operand::Plain(bytes_of(&rows.zero)),
            Operand::Plain(bytes_of(&tiles)),
        ];
        let grid = [TILE_ROWS as u64, tiles.into(), rows.matrices.into()];
        self.launch(variant, &operands, grid, after)
    }

    /// Packs right operands.
    ///
    /// # Errors
    /// As [`Self::pack_rows`].
    pub fn pack_columns(
        &mut self,
        columns: &Columns,
        x: (&Slice, Type),
        [zeros, y]: [&Slice; 2],
        after: &[Ticket],
    ) -> Result<Ticket, Error> {
        if x.1.size() != 1 {
            return Err(Error::Sizes("a right operand of what are no bytes"));
        }
        let panels = columns.n.div_ceil(TILE_COLUMNS as u32);
        let zeros_step = u32::from(columns.zero_each);
        let variant = Variant {
            kernel: "pack_columns",
            op: "",
            x: x.1,
            b: x.1,
            y: Type::I32,
        };
        let operands = [
            Operand::Reach(x.0, count(&[columns.matrices, columns.depth, columns.n])?),
            Operand::Reach(zeros, bytes(reach(&[(columns.n, zeros_step)])?, Type::I32)),
            Operand::Reach(
                y,
                times(
                    columns.matrices.into(),
                    packed_columns_bytes(columns.n, columns.depth)?,
                )?,
            ),
            Operand::Plain(bytes_of(&columns.n)),
            Operand::Plain(bytes_of(&columns.depth)),
            Operand::Plain(bytes_of(&zeros_step)),
            Operand::Plain(bytes_of(&panels)),
        ];
        let grid = [
            columns.depth.div_ceil(2).into(),
            panels.into(),
            columns.matrices.into(),
        ];
        self.launch(variant, &operands, grid, after)
    }

    /// `y[z, n] = bias[n] - x_zero * (sum of column n of matrix z, less zero points)`, modulo 2^32: what a product begins
    /// with whose left operand was packed with its zero point.
    ///
    /// # Errors
    /// As [`Self::pack_rows`].
    pub fn column_starts(
        &mut self,
        starts: &Starts,
        x: (&Slice, Type),
        [zeros, bias, y]: [&Slice; 3],
        after: &[Ticket],
    ) -> Result<Ticket, Error> {
        let c = &starts.columns;
        if starts.lead == 0 || c.matrices == 0 {
            return Err(Error::Sizes("no matrices"));
        }
        let (zeros_step, bias_step) = (u32::from(c.zero_each), u32::from(starts.bias_each));
        let runs = c.matrices.div_ceil(starts.lead);
        let variant = Variant {
            kernel: "column_starts",
            op: "",
            x: x.1,
            b: x.1,
            y: Type::I32,
        };
        let operands = [
            Operand::Reach(x.0, bytes(count(&[c.matrices, c.depth, c.n])?, x.1)),
            Operand::Reach(zeros, bytes(reach(&[(c.n, zeros_step)])?, Type::I32)),
            Operand::Reach(
                bias,
                bytes(reach(&[(runs, starts.bias_stride), (c.n, bias_step)])?, Type::I32),
            ),
            Operand::Reach(y, bytes(count(&[c.matrices, c.n])?, Type::I32)),
            Operand::Plain(bytes_of(&c.n)),
            Operand::Plain(bytes_of(&c.depth)),
            Operand::Plain(bytes_of(&zeros_step)),
            Operand::Plain(bytes_of(&bias_step)),
            Operand::Plain(bytes_of(&starts.bias_stride)),
            Operand::Plain(bytes_of(&starts.x_zero)),
            Operand::Plain(bytes_of(&starts.lead)),
        ];
        self.launch(variant, &operands, [c.n.into(), c.matrices.into(), 1], after)
    }

    /// `y[z, m, n] = start + sum over k of a[z, m, k] * b[z, k, n]` of packed operands, modulo 2^32.
    ///
    /// # Errors
    /// As [`Self::pack_rows`].
    pub fn product(
        &mut self,
        product: &Product,
        [a, b, start, y]: [&Slice; 4],
        after: &[Ticket],
    ) -> Result<Ticket, Error> {
        let p = product;
        if p.start_row > 1 || p.start_column > 1 {
            return Err(Error::Sizes("a step of more than one element"));
        }
        let (a_one, b_one) = (
            packed_rows_bytes(p.m, p.depth, p.form)?,
            packed_columns_bytes(p.n, p.depth)?,
        );
        let matrices = |strides: &[u32; 3]| reach(&[0, 1, 2].map(|d| (p.extents[d], strides[d])));
        let z = count(&p.extents)?;
        let words = |one: u64, strides: &[u32; 3]| -> Result<[u32; 4], Error> {
            let mut words = [0; 4];
            for (word, &stride) in words.iter_mut().zip(strides) {
                *word = u32::try_from(one / 4 * u64::from(stride))
                    .map_err(|_| Error::Sizes("more elements than a kernel can index"))?;
            }
            Ok(words)
        };
        let [i, j, l] = p.start;
        let start_reach = reach(&[
            (p.extents[0], i),
            (p.extents[1], j),
            (p.extents[2], l),
            (p.m, p.start_row),
            (p.n, p.start_column),
        ])?;
        let variant = Variant {
            kernel: "product",
            op: p.form.op(),
            x: Type::I32,
            b: Type::I32,
            y: Type::I32,
        };
        let (a_strides, b_strides) = (words(a_one, &p.a)?, words(b_one, &p.b)?);
        let (pairs, inner) = (p.depth.div_ceil(2), [p.extents[1], p.extents[2]]);
        let start_strides = [i, j, l, 0];
        let operands = [
            Operand::Reach(a, times(matrices(&p.a)?, a_one)?),
            Operand::Reach(b, times(matrices(&p.b)?, b_one)?),
            Operand::Reach(start, bytes(start_reach, Type::I32)),
            Operand::Reach(y, bytes(count(&[z as u32, p.m, p.n])?, Type::I32)),
            Operand::Plain(bytes_of(&p.m)),
            Operand::Plain(bytes_of(&p.n)),
            Operand::Plain(bytes_of(&pairs)),
            Operand::Plain(bytes_of(&inner)),
            Operand::Plain(bytes_of(&a_strides)),
            Operand::Plain(bytes_of(&b_strides)),
            Operand::Plain(bytes_of(&start_strides)),
            Operand::Plain(bytes_of(&p.start_row)),
            Operand::Plain(bytes_of(&p.start_column)),
        ];
        let grid = [
            p.m.div_ceil(TILE_ROWS as u32).into(),
            p.n.div_ceil(TILE_COLUMNS as u32).into(),
            z,
        ];
        self.launch(variant, &operands, grid, after)
    }
}
