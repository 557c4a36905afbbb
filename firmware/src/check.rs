//! The bounds of operands: what of an instruction depends on the card's geometry.
//!
//! Compiler and card use the same checks, so a program that a builder accepts is never refused for
//! its scratchpad addresses.

use crate::capabilities::Geometry;
use crate::isa::{Buffer, Dtype, Instruction, Lanes, Operation, TILE_ALIGN, Vector, VectorOp};
use core::fmt;

/// Bytes of a requantisation record: multiplier u16 (1 to 32767), shift u8 (1 to 47), a zero byte,
/// zero i32; little-endian.
pub const RECORD_BYTES: usize = 8;
/// Entries of a table: one for each byte.
pub const TABLE_ENTRIES: usize = 256;
/// Largest multiplier of a record.
pub const MAX_MULTIPLIER: u16 = 32767;
/// Largest shift of a record.
pub const MAX_SHIFT: u8 = 47;

/// A requantisation record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// M, 1 to [`MAX_MULTIPLIER`].
    pub multiplier: u16,
    /// s, 1 to [`MAX_SHIFT`].
    pub shift: u8,
    /// Added after the shift.
    pub zero: i32,
}

impl Record {
    /// The record as it lies in memory.
    pub const fn to_bytes(self) -> [u8; RECORD_BYTES] {
        let m = self.multiplier.to_le_bytes();
        let z = self.zero.to_le_bytes();
        [m[0], m[1], self.shift, 0, z[0], z[1], z[2], z[3]]
    }

    /// Reads a record; `None` if a field is out of range.
    pub const fn from_bytes(bytes: [u8; RECORD_BYTES]) -> Option<Self> {
        let [m0, m1, shift, reserved, z0, z1, z2, z3] = bytes;
        let multiplier = u16::from_le_bytes([m0, m1]);
        let valid = multiplier >= 1
            && multiplier <= MAX_MULTIPLIER
            && shift >= 1
            && shift <= MAX_SHIFT
            && reserved == 0;
        if valid {
            Some(Self {
                multiplier,
                shift,
                zero: i32::from_le_bytes([z0, z1, z2, z3]),
            })
        } else {
            None
        }
    }
}

/// Why a card of some geometry cannot run an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperandError {
    /// A tile, record or table number is at or past the scratchpad's end.
    Outside {
        /// The scratchpad.
        buffer: Buffer,
        /// The number.
        index: u64,
        /// How many the card has.
        size: u64,
    },
    /// Written tiles overlap each other: the pitch is less than the tiles in a row.
    Pitch,
    /// Source and destination of a VECTOR overlap without being the same.
    Overlap,
    /// Rows of tiles that STORE_TILES writes overlap each other in memory.
    RowStride,
}

impl fmt::Display for OperandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outside { buffer, index, size } => {
                write!(f, "{buffer:?} index {index} is outside the card's {size}")
            }
            Self::Pitch => f.write_str("the pitch is less than a row of tiles"),
            Self::Overlap => f.write_str("source and destination overlap"),
            Self::RowStride => f.write_str("the row stride is less than a row of tiles in memory"),
        }
    }
}

impl core::error::Error for OperandError {}

/// A block of tiles: the first, the rows and columns of tiles, the pitch.
struct Block {
    base: u64,
    pitch: u64,
    tile_rows: u64,
    tile_cols: u64,
}

impl Block {
    fn of_tiles(base: u16, pitch: u16, rows: u16, cols: u16) -> Self {
        Self {
            base: base.into(),
            pitch: pitch.into(),
            tile_rows: rows.into(),
            tile_cols: cols.into(),
        }
    }

    fn last(&self) -> u64 {
        self.base + (self.tile_rows - 1) * self.pitch + self.tile_cols - 1
    }

    fn inside(&self, buffer: Buffer, geometry: &Geometry) -> Result<(), OperandError> {
        within(buffer, self.last(), geometry)
    }

    /// For written blocks: no tile twice.
    fn distinct(&self) -> Result<(), OperandError> {
        if self.tile_rows > 1 && self.pitch < self.tile_cols {
            Err(OperandError::Pitch)
        } else {
            Ok(())
        }
    }
}

fn within(buffer: Buffer, index: u64, geometry: &Geometry) -> Result<(), OperandError> {
    let size = geometry.size(buffer).into();
    if index < size {
        Ok(())
    } else {
        Err(OperandError::Outside { buffer, index, size })
    }
}

impl Geometry {
    /// Tiles, records or tables of a scratchpad.
    pub const fn size(&self, buffer: Buffer) -> u32 {
        match buffer {
            Buffer::A => self.a_tiles,
            Buffer::B => self.b_tiles,
            Buffer::Acc => self.acc_tiles,
            Buffer::Param => self.param_entries,
            Buffer::Table => self.table_count,
        }
    }

    /// Rows and columns of lanes in a tile of A, B or ACC; (1, 1) for the others.
    pub const fn tile(&self, buffer: Buffer) -> (u16, u16) {
        match buffer {
            Buffer::A => (self.tile_rows, self.tile_depth),
            Buffer::B => (self.tile_depth, self.tile_cols),
            Buffer::Acc => (self.tile_rows, self.tile_cols),
            Buffer::Param | Buffer::Table => (1, 1),
        }
    }

    /// Lanes of a tile of A, B or ACC; entries of a table; 1 for a record.
    pub const fn unit_lanes(&self, buffer: Buffer) -> u64 {
        match buffer {
            Buffer::Table => TABLE_ENTRIES as u64,
            _ => {
                let (height, width) = self.tile(buffer);
                height as u64 * width as u64
            }
        }
    }

    /// Bytes of a tile, table or record in memory, as a burst moves it.
    pub const fn tile_bytes(&self, buffer: Buffer, dtype: Dtype) -> u64 {
        let bytes = match buffer {
            Buffer::Param => RECORD_BYTES as u64,
            _ => self.unit_lanes(buffer) * dtype.bytes() as u64,
        };
        bytes.next_multiple_of(TILE_ALIGN)
    }

    fn block(&self, buffer: Buffer, lanes: &Lanes) -> Block {
        let (height, width) = self.tile(buffer);
        let tiles =
            |first: u16, count: u16, side: u16| (u64::from(first) + u64::from(count)).div_ceil(side.into());
        Block {
            base: lanes.base.into(),
            pitch: lanes.pitch.into(),
            tile_rows: tiles(lanes.row, lanes.rows, height),
            tile_cols: tiles(lanes.col, lanes.cols, width),
        }
    }
}

impl Instruction {
    /// Checks a well-formed instruction's scratchpad operands against a card's geometry, and that what
    /// it stores does not meet itself.
    ///
    /// # Errors
    /// The first operand that does not fit.
    pub fn check_operands(&self, geometry: &Geometry) -> Result<(), OperandError> {
        match &self.operation {
            Operation::Nop(_) => Ok(()),
            Operation::Load(load) if load.buffer == Buffer::Table => {
                within(Buffer::Table, load.to.base.into(), geometry)
            }
            Operation::Load(load) => {
                let block = geometry.block(load.buffer, &load.to);
                block.distinct()?;
                block.inside(load.buffer, geometry)
            }
            Operation::LoadTiles(load) => {
                let block = Block::of_tiles(load.base, load.pitch, load.rows, load.cols);
                block.distinct()?;
                block.inside(load.buffer, geometry)
            }
            Operation::Fill(fill) => within(
                fill.buffer,
                u64::from(fill.base) + u64::from(fill.tiles) - 1,
                geometry,
            ),
            Operation::Gemm(gemm) => {
                let acc = Block::of_tiles(gemm.acc, gemm.acc_pitch, gemm.m_tiles, gemm.n_tiles);
                acc.distinct()?;
                acc.inside(Buffer::Acc, geometry)?;
                let reach = |base: u16, n0: u16, s0: u16, n1: u16, s1: u16| {
                    u64::from(base) + u64::from(n0 - 1) * u64::from(s0) + u64::from(n1 - 1) * u64::from(s1)
                };
                let a = reach(gemm.a, gemm.m_tiles, gemm.a_pitch, gemm.k_tiles, gemm.a_step);
                within(Buffer::A, a, geometry)?;
                let b = reach(gemm.b, gemm.k_tiles, gemm.b_pitch, gemm.n_tiles, gemm.b_step);
                within(Buffer::B, b, geometry)
            }
            Operation::Vector(vector) => check_vector(vector, geometry),
            Operation::Store(store) => geometry
                .block(Buffer::Acc, &store.from)
                .inside(Buffer::Acc, geometry),
            Operation::StoreTiles(store) => {
                let row = u64::from(store.cols) * geometry.tile_bytes(Buffer::Acc, store.to.dtype);
                if store.rows > 1 && u64::from(store.to.row_stride) < row {
                    return Err(OperandError::RowStride);
                }
                let block = Block::of_tiles(store.base, store.pitch, store.rows, store.cols);
                block.inside(Buffer::Acc, geometry)
            }
        }
    }
}

fn check_vector(vector: &Vector, geometry: &Geometry) -> Result<(), OperandError> {
    let lanes = |base, pitch, cols| Lanes {
        base,
        pitch,
        row: 0,
        col: 0,
        rows: vector.rows,
        cols,
    };
    let reduces = matches!(vector.op, VectorOp::ArgMax { .. });
    let dst_cols = if reduces { 2 } else { vector.cols };
    let dst = geometry.block(Buffer::Acc, &lanes(vector.dst, vector.dst_pitch, dst_cols));
    let src = geometry.block(Buffer::Acc, &lanes(vector.src, vector.src_pitch, vector.cols));
    dst.distinct()?;
    dst.inside(Buffer::Acc, geometry)?;
    src.inside(Buffer::Acc, geometry)?;
    // Ranges are compared, not tile sets: interleaved matrices count as overlapping.
    let apart = dst.last() < src.base || src.last() < dst.base;
    let same = dst.base == src.base && (dst.pitch == src.pitch || dst.tile_rows == 1) && !reduces;
    if !apart && !same {
        return Err(OperandError::Overlap);
    }
    match vector.op {
        VectorOp::Requantise(requantise) => {
            let columns = if requantise.shared {
                1
            } else {
                u64::from(vector.cols)
            };
            within(Buffer::Param, u64::from(requantise.param) + columns - 1, geometry)
        }
        VectorOp::Table(table) => within(Buffer::Table, table.into(), geometry),
        VectorOp::Interpolate { nodes, differences } => {
            within(Buffer::Table, nodes.into(), geometry)?;
            within(Buffer::Table, differences.into(), geometry)
        }
        _ => Ok(()),
    }
}
