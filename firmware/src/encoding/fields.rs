//! Values into and out of bit fields, and the operands that several instructions share.
//!
//! What is taken is remembered, so that in the end every other bit can be required to be zero.

use super::layout::{
    BUFFER, DTYPE, LANES_BASE, LANES_COL, LANES_COLS, LANES_PITCH, LANES_ROW, LANES_ROWS, Place, SPACE,
    WALK_COL_STRIDE, WALK_OFFSET, WALK_ROW_STRIDE,
};
use super::{EncodingError, INSTRUCTION_WORDS};
use crate::isa::{Buffer, Burst, Dtype, Lanes, Space, Walk};

/// Four words, and which of their bits have been given a meaning.
pub(super) struct Fields {
    pub(super) words: [u64; INSTRUCTION_WORDS],
    known: [u64; INSTRUCTION_WORDS],
}

impl Fields {
    pub(super) fn new(words: [u64; INSTRUCTION_WORDS]) -> Self {
        Self {
            words,
            known: [0; INSTRUCTION_WORDS],
        }
    }

    pub(super) fn put(&mut self, (word, low, width): Place, value: u64) {
        debug_assert!(value >> width == 0, "a field's value fits its width");
        self.words[word] |= value << low;
    }

    pub(super) fn put_signed(&mut self, place: Place, value: i64) {
        self.put(place, value as u64 & (u64::MAX >> (64 - place.2)));
    }

    pub(super) fn take(&mut self, (word, low, width): Place) -> u64 {
        let mask = u64::MAX >> (64 - width);
        self.known[word] |= mask << low;
        self.words[word] >> low & mask
    }

    pub(super) fn take_u16(&mut self, place: Place) -> u16 {
        self.take(place) as u16
    }

    pub(super) fn take_i32(&mut self, place: Place) -> i32 {
        self.take(place) as u32 as i32
    }

    /// A count, which cannot be zero.
    pub(super) fn take_count(&mut self, place: Place, name: &'static str) -> Result<u16, EncodingError> {
        match self.take_u16(place) {
            0 => Err(EncodingError::Field(name)),
            count => Ok(count),
        }
    }

    pub(super) fn reserved_are_zero(&self) -> Result<(), EncodingError> {
        for (index, (word, known)) in self.words.iter().zip(&self.known).enumerate() {
            if word & !known != 0 {
                return Err(EncodingError::Reserved(index as u8));
            }
        }
        Ok(())
    }

    pub(super) fn put_lanes(&mut self, lanes: &Lanes) {
        self.put(LANES_BASE, lanes.base.into());
        self.put(LANES_PITCH, lanes.pitch.into());
        self.put(LANES_ROW, lanes.row.into());
        self.put(LANES_COL, lanes.col.into());
        self.put(LANES_ROWS, lanes.rows.into());
        self.put(LANES_COLS, lanes.cols.into());
    }

    pub(super) fn take_lanes(&mut self) -> Result<Lanes, EncodingError> {
        Ok(Lanes {
            base: self.take_u16(LANES_BASE),
            pitch: self.take_u16(LANES_PITCH),
            row: self.take_u16(LANES_ROW),
            col: self.take_u16(LANES_COL),
            rows: self.take_count(LANES_ROWS, "rows")?,
            cols: self.take_count(LANES_COLS, "cols")?,
        })
    }

    pub(super) fn put_walk(&mut self, walk: &Walk) {
        self.put(SPACE, space_bits(walk.space));
        self.put(DTYPE, dtype_bits(walk.dtype));
        self.put(WALK_OFFSET, walk.offset & (u64::MAX >> 16));
        self.put_signed(WALK_ROW_STRIDE, walk.row_stride.into());
        self.put_signed(WALK_COL_STRIDE, walk.col_stride.into());
    }

    pub(super) fn take_walk(&mut self) -> Result<Walk, EncodingError> {
        Ok(Walk {
            space: self.take_space()?,
            offset: self.take(WALK_OFFSET),
            row_stride: self.take_i32(WALK_ROW_STRIDE),
            col_stride: self.take_i32(WALK_COL_STRIDE),
            dtype: self.take_dtype(DTYPE)?,
        })
    }

    pub(super) fn put_burst(&mut self, burst: &Burst) {
        self.put(SPACE, space_bits(burst.space));
        self.put(DTYPE, dtype_bits(burst.dtype));
        self.put(WALK_OFFSET, burst.offset & (u64::MAX >> 16));
        self.put(WALK_ROW_STRIDE, burst.row_stride.into());
    }

    pub(super) fn take_burst(&mut self) -> Result<Burst, EncodingError> {
        Ok(Burst {
            space: self.take_space()?,
            offset: self.take(WALK_OFFSET),
            row_stride: self.take(WALK_ROW_STRIDE) as u32,
            dtype: self.take_dtype(DTYPE)?,
        })
    }

    fn take_space(&mut self) -> Result<Space, EncodingError> {
        let space = Space::ALL.get(self.take(SPACE) as usize).copied();
        space.ok_or(EncodingError::Field("space"))
    }

    pub(super) fn take_dtype(&mut self, place: Place) -> Result<Dtype, EncodingError> {
        Dtype::from_bits(self.take(place) as u8).ok_or(EncodingError::Field("dtype"))
    }

    pub(super) fn take_buffer(&mut self) -> Result<Buffer, EncodingError> {
        Ok(match self.take(BUFFER) {
            0 => Buffer::A,
            1 => Buffer::B,
            2 => Buffer::Acc,
            3 => Buffer::Param,
            4 => Buffer::Table,
            _ => return Err(EncodingError::Field("buffer")),
        })
    }
}

fn space_bits(space: Space) -> u64 {
    match space {
        Space::Resident => 0,
        Space::Input => 1,
        Space::Output => 2,
        Space::Workspace => 3,
        Space::State => 4,
    }
}

pub(super) fn dtype_bits(dtype: Dtype) -> u64 {
    match dtype {
        Dtype::U8 => 0,
        Dtype::I8 => 1,
        Dtype::I16 => 2,
        Dtype::I32 => 3,
    }
}

pub(super) fn buffer_bits(buffer: Buffer) -> u64 {
    match buffer {
        Buffer::A => 0,
        Buffer::B => 1,
        Buffer::Acc => 2,
        Buffer::Param => 3,
        Buffer::Table => 4,
    }
}
