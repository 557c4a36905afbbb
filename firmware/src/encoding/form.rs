//! What holds for a well-formed instruction on every card: tokens only for neighbours that exist,
//! operands of the right kind and range.
//!
//! What depends on a card's geometry is [`crate::check`].

use super::EncodingError;
use crate::check::TABLE_ENTRIES;
use crate::isa::{
    Buffer, Burst, Dtype, Fill, Instruction, Lanes, Load, LoadTiles, Module, Operation, Store, StoreTiles,
    TILE_ALIGN, Walk,
};

impl Instruction {
    /// Checks what holds for every geometry: tokens for existing neighbours, operands of the right
    /// kind and range.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check_form(&self) -> Result<(), EncodingError> {
        let tokens = &self.dependencies;
        let stray = match self.operation.module() {
            Module::Load => tokens.pop_prev || tokens.push_prev,
            Module::Compute => false,
            Module::Store => tokens.pop_next || tokens.push_next,
        };
        if stray {
            return Err(EncodingError::Dependency);
        }
        match &self.operation {
            Operation::Nop(_) => Ok(()),
            Operation::Load(load) => check_load(load),
            Operation::LoadTiles(load) => check_load_tiles(load),
            Operation::Fill(fill) => check_fill(fill),
            Operation::Gemm(gemm) => {
                require(gemm.m_tiles != 0, "m_tiles")?;
                require(gemm.n_tiles != 0, "n_tiles")?;
                require(gemm.k_tiles != 0, "k_tiles")?;
                require(gemm.accumulate || !gemm.shift, "shift")
            }
            Operation::Vector(vector) => {
                require(vector.rows != 0, "rows")?;
                require(vector.cols != 0, "cols")
            }
            Operation::Store(Store { from, to }) => {
                require(to.space.is_writable(), "space")?;
                require(to.offset >> 48 == 0, "offset")?;
                require(from.rows != 0, "rows")?;
                require(from.cols != 0, "cols")?;
                require(elements_are_apart(to, from), "stride")
            }
            Operation::StoreTiles(StoreTiles { rows, cols, to, .. }) => {
                require(to.space.is_writable(), "space")?;
                require(*rows != 0, "rows")?;
                require(*cols != 0, "cols")?;
                check_burst(to)
            }
        }
    }
}

fn require(holds: bool, field: &'static str) -> Result<(), EncodingError> {
    if holds {
        Ok(())
    } else {
        Err(EncodingError::Field(field))
    }
}

/// Whether a lane of A or B holds it.
fn is_lane(value: i32) -> bool {
    (-256..=255).contains(&value)
}

fn check_load(load: &Load) -> Result<(), EncodingError> {
    let Load {
        buffer,
        to,
        from,
        zero_point,
    } = load;
    require(from.space.is_readable(), "space")?;
    require(from.offset >> 48 == 0, "offset")?;
    require(to.rows != 0, "rows")?;
    require(to.cols != 0, "cols")?;
    match buffer {
        Buffer::A | Buffer::B | Buffer::Acc => {}
        Buffer::Table => {
            let one = to.pitch == 0 && to.row == 0 && to.col == 0 && to.rows == 1;
            require(one && usize::from(to.cols) == TABLE_ENTRIES, "lanes")?;
            require(from.row_stride == 0, "row_stride")?;
        }
        Buffer::Param => return Err(EncodingError::Field("buffer")),
    }
    check_lane(*buffer, from.dtype, *zero_point)
}

fn check_load_tiles(load: &LoadTiles) -> Result<(), EncodingError> {
    require(load.from.space.is_readable(), "space")?;
    require(load.rows != 0, "rows")?;
    require(load.cols != 0, "cols")?;
    check_burst(&load.from)?;
    check_lane(load.buffer, load.from.dtype, load.zero_point)
}

/// The types and zero points that go into a scratchpad.
fn check_lane(buffer: Buffer, dtype: Dtype, zero_point: i16) -> Result<(), EncodingError> {
    match buffer {
        Buffer::A | Buffer::B => {
            require(matches!(dtype, Dtype::U8 | Dtype::I8), "dtype")?;
            return require(is_lane(zero_point.into()), "zero_point");
        }
        Buffer::Param => require(dtype == Dtype::U8, "dtype")?,
        Buffer::Acc | Buffer::Table => {}
    }
    require(zero_point == 0, "zero_point")
}

fn check_fill(fill: &Fill) -> Result<(), EncodingError> {
    require(fill.tiles != 0, "tiles")?;
    match fill.buffer {
        Buffer::A | Buffer::B => require(is_lane(fill.value), "value"),
        Buffer::Acc => Ok(()),
        Buffer::Param | Buffer::Table => Err(EncodingError::Field("buffer")),
    }
}

fn check_burst(burst: &Burst) -> Result<(), EncodingError> {
    let aligned = burst.offset.is_multiple_of(TILE_ALIGN) && burst.offset >> 48 == 0;
    require(aligned, "offset")?;
    require(
        u64::from(burst.row_stride).is_multiple_of(TILE_ALIGN),
        "row_stride",
    )
}

/// Whether no two elements of a rectangle share a byte: a row of it is apart from the next, or a column
/// is. It refuses rectangles that are interleaved in other ways too.
fn elements_are_apart(walk: &Walk, lanes: &Lanes) -> bool {
    let element = u64::from(walk.dtype.bytes());
    let (row, col) = (
        u64::from(walk.row_stride.unsigned_abs()),
        u64::from(walk.col_stride.unsigned_abs()),
    );
    // Steps of `count` things of `size` bytes, each `stride` from the last: bytes from first to end.
    let reach = |count: u16, stride: u64, size: u64| u64::from(count - 1) * stride + size;
    let apart = |count: u16, stride: u64, size: u64| count == 1 || stride >= size;
    let by_rows = apart(lanes.cols, col, element) && apart(lanes.rows, row, reach(lanes.cols, col, element));
    let by_cols = apart(lanes.rows, row, element) && apart(lanes.cols, col, reach(lanes.rows, row, element));
    by_rows || by_cols
}
