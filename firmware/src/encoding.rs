//! Instructions as bits: 32 bytes, four little-endian 64-bit words.
//!
//! The layout is the table in docs/device.md. Encodings are canonical: one instruction has one
//! encoding, and a set bit without a meaning makes it invalid.

use crate::isa::{
    Buffer, Dependencies, Dtype, Fill, Gemm, Instruction, Lanes, Load, Module, Operation, Requantise, Space,
    Store, Vector, VectorOp, Walk,
};
use core::fmt;

/// Words of an instruction.
pub const INSTRUCTION_WORDS: usize = 4;
/// Bytes of an instruction.
pub const INSTRUCTION_BYTES: usize = 32;

/// Opcodes, the lowest byte of word 0. Zero is none, so that cleared memory is no program.
mod opcode {
    pub(super) const NOP: u64 = 1;
    pub(super) const LOAD: u64 = 2;
    pub(super) const FILL: u64 = 3;
    pub(super) const GEMM: u64 = 4;
    pub(super) const VECTOR: u64 = 5;
    pub(super) const STORE: u64 = 6;
    pub(super) const FINISH: u64 = 7;
}

/// Why an instruction is invalid, whatever the card's geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodingError {
    /// No such opcode.
    Opcode(u8),
    /// A field holds a value without a meaning; the field's name.
    Field(&'static str),
    /// A reserved bit is set; the word's index.
    Reserved(u8),
    /// A token for a neighbour that the module does not have, or one given by FINISH.
    Dependency,
}

impl fmt::Display for EncodingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opcode(opcode) => write!(f, "no instruction has opcode {opcode}"),
            Self::Field(field) => write!(f, "field {field} is out of range"),
            Self::Reserved(word) => write!(f, "a reserved bit of word {word} is set"),
            Self::Dependency => f.write_str("the module has no such neighbour to exchange tokens with"),
        }
    }
}

impl core::error::Error for EncodingError {}

/// A field's place: word, lowest bit, width.
type Place = (usize, u32, u32);

const OPCODE: Place = (0, 0, 8);
const DEPENDENCIES: Place = (0, 8, 4);
const BUFFER: Place = (0, 16, 4);
const DTYPE: Place = (0, 20, 4);
const SPACE: Place = (0, 24, 4);
const ZERO_POINT: Place = (0, 32, 16);
const NOP_MODULE: Place = (0, 16, 4);
const LANES_BASE: Place = (0, 48, 16);
const LANES_PITCH: Place = (1, 0, 16);
const LANES_ROW: Place = (1, 16, 16);
const LANES_COL: Place = (1, 32, 16);
const LANES_ROWS: Place = (1, 48, 16);
const LANES_COLS: Place = (2, 0, 16);
const WALK_OFFSET: Place = (2, 16, 48);
const WALK_ROW_STRIDE: Place = (3, 0, 32);
const WALK_COL_STRIDE: Place = (3, 32, 32);
const FILL_TILES: Place = (0, 32, 16);
const FILL_VALUE: Place = (1, 0, 32);
const GEMM_ACCUMULATE: Place = (0, 16, 1);
const GEMM_M: Place = (0, 32, 16);
const GEMM_N: Place = (0, 48, 16);
const GEMM_K: Place = (1, 0, 16);
const GEMM_ACC: Place = (1, 16, 16);
const GEMM_ACC_PITCH: Place = (1, 32, 16);
const GEMM_A: Place = (1, 48, 16);
const GEMM_A_PITCH: Place = (2, 0, 16);
const GEMM_A_STEP: Place = (2, 16, 16);
const GEMM_B: Place = (2, 32, 16);
const GEMM_B_PITCH: Place = (2, 48, 16);
const GEMM_B_STEP: Place = (3, 0, 16);
const VECTOR_OP: Place = (0, 16, 4);
const VECTOR_DTYPE: Place = (0, 20, 4);
const VECTOR_FLAG: Place = (0, 24, 1);
const VECTOR_ROWS: Place = (0, 32, 16);
const VECTOR_COLS: Place = (0, 48, 16);
const VECTOR_DST: Place = (1, 0, 16);
const VECTOR_DST_PITCH: Place = (1, 16, 16);
const VECTOR_SRC: Place = (1, 32, 16);
const VECTOR_SRC_PITCH: Place = (1, 48, 16);
const VECTOR_IMMEDIATE: Place = (2, 0, 32);
const VECTOR_INDEX: Place = (2, 32, 16);

/// Four words, and which of their bits have been given a meaning.
struct Fields {
    words: [u64; INSTRUCTION_WORDS],
    known: [u64; INSTRUCTION_WORDS],
}

impl Fields {
    fn new(words: [u64; INSTRUCTION_WORDS]) -> Self {
        Self {
            words,
            known: [0; INSTRUCTION_WORDS],
        }
    }

    fn put(&mut self, (word, low, width): Place, value: u64) {
        debug_assert!(value >> width == 0, "a field's value fits its width");
        self.words[word] |= value << low;
    }

    fn put_signed(&mut self, place: Place, value: i64) {
        self.put(place, value as u64 & (u64::MAX >> (64 - place.2)));
    }

    fn take(&mut self, (word, low, width): Place) -> u64 {
        let mask = u64::MAX >> (64 - width);
        self.known[word] |= mask << low;
        self.words[word] >> low & mask
    }

    fn take_u16(&mut self, place: Place) -> u16 {
        self.take(place) as u16
    }

    fn take_i32(&mut self, place: Place) -> i32 {
        self.take(place) as u32 as i32
    }

    /// A count, which cannot be zero.
    fn take_count(&mut self, place: Place, name: &'static str) -> Result<u16, EncodingError> {
        match self.take_u16(place) {
            0 => Err(EncodingError::Field(name)),
            count => Ok(count),
        }
    }

    fn reserved_are_zero(&self) -> Result<(), EncodingError> {
        for (index, (word, known)) in self.words.iter().zip(&self.known).enumerate() {
            if word & !known != 0 {
                return Err(EncodingError::Reserved(index as u8));
            }
        }
        Ok(())
    }

    fn put_lanes(&mut self, lanes: &Lanes) {
        self.put(LANES_BASE, lanes.base.into());
        self.put(LANES_PITCH, lanes.pitch.into());
        self.put(LANES_ROW, lanes.row.into());
        self.put(LANES_COL, lanes.col.into());
        self.put(LANES_ROWS, lanes.rows.into());
        self.put(LANES_COLS, lanes.cols.into());
    }

    fn take_lanes(&mut self) -> Result<Lanes, EncodingError> {
        Ok(Lanes {
            base: self.take_u16(LANES_BASE),
            pitch: self.take_u16(LANES_PITCH),
            row: self.take_u16(LANES_ROW),
            col: self.take_u16(LANES_COL),
            rows: self.take_count(LANES_ROWS, "rows")?,
            cols: self.take_count(LANES_COLS, "cols")?,
        })
    }

    fn put_walk(&mut self, walk: &Walk) {
        self.put(SPACE, space_bits(walk.space));
        self.put(DTYPE, dtype_bits(walk.dtype));
        self.put(WALK_OFFSET, walk.offset & (u64::MAX >> 16));
        self.put_signed(WALK_ROW_STRIDE, walk.row_stride.into());
        self.put_signed(WALK_COL_STRIDE, walk.col_stride.into());
    }

    fn take_walk(&mut self) -> Result<Walk, EncodingError> {
        Ok(Walk {
            space: match self.take(SPACE) {
                0 => Space::Resident,
                1 => Space::Input,
                2 => Space::Output,
                3 => Space::Workspace,
                _ => return Err(EncodingError::Field("space")),
            },
            offset: self.take(WALK_OFFSET),
            row_stride: self.take_i32(WALK_ROW_STRIDE),
            col_stride: self.take_i32(WALK_COL_STRIDE),
            dtype: self.take_dtype(DTYPE)?,
        })
    }

    fn take_dtype(&mut self, place: Place) -> Result<Dtype, EncodingError> {
        Dtype::from_bits(self.take(place) as u8).ok_or(EncodingError::Field("dtype"))
    }

    fn take_buffer(&mut self) -> Result<Buffer, EncodingError> {
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
    }
}

fn dtype_bits(dtype: Dtype) -> u64 {
    match dtype {
        Dtype::U8 => 0,
        Dtype::I8 => 1,
        Dtype::I16 => 2,
        Dtype::I32 => 3,
    }
}

fn buffer_bits(buffer: Buffer) -> u64 {
    match buffer {
        Buffer::A => 0,
        Buffer::B => 1,
        Buffer::Acc => 2,
        Buffer::Param => 3,
        Buffer::Table => 4,
    }
}

impl Instruction {
    /// The instruction's words.
    ///
    /// An instruction that [`Instruction::check_form`] refuses gets an encoding that
    /// [`Instruction::decode`] refuses, or that of another instruction (an offset over 48 bits).
    pub fn encode(&self) -> [u64; INSTRUCTION_WORDS] {
        let mut fields = Fields::new([0; INSTRUCTION_WORDS]);
        let Dependencies {
            pop_prev,
            pop_next,
            push_prev,
            push_next,
        } = self.dependencies;
        let tokens = [pop_prev, pop_next, push_prev, push_next];
        let tokens = tokens
            .iter()
            .enumerate()
            .map(|(bit, &on)| u64::from(on) << bit)
            .sum();
        fields.put(DEPENDENCIES, tokens);
        match &self.operation {
            Operation::Nop(module) => {
                fields.put(OPCODE, opcode::NOP);
                fields.put(NOP_MODULE, *module as u64);
            }
            Operation::Load(load) => {
                fields.put(OPCODE, opcode::LOAD);
                fields.put(BUFFER, buffer_bits(load.buffer));
                fields.put_lanes(&load.to);
                fields.put_walk(&load.from);
                fields.put_signed(ZERO_POINT, load.zero_point.into());
            }
            Operation::Fill(fill) => {
                fields.put(OPCODE, opcode::FILL);
                fields.put(BUFFER, buffer_bits(fill.buffer));
                fields.put(LANES_BASE, fill.base.into());
                fields.put(FILL_TILES, fill.tiles.into());
                fields.put_signed(FILL_VALUE, fill.value.into());
            }
            Operation::Gemm(gemm) => {
                fields.put(OPCODE, opcode::GEMM);
                fields.put(GEMM_ACCUMULATE, gemm.accumulate.into());
                fields.put(GEMM_M, gemm.m_tiles.into());
                fields.put(GEMM_N, gemm.n_tiles.into());
                fields.put(GEMM_K, gemm.k_tiles.into());
                fields.put(GEMM_ACC, gemm.acc.into());
                fields.put(GEMM_ACC_PITCH, gemm.acc_pitch.into());
                fields.put(GEMM_A, gemm.a.into());
                fields.put(GEMM_A_PITCH, gemm.a_pitch.into());
                fields.put(GEMM_A_STEP, gemm.a_step.into());
                fields.put(GEMM_B, gemm.b.into());
                fields.put(GEMM_B_PITCH, gemm.b_pitch.into());
                fields.put(GEMM_B_STEP, gemm.b_step.into());
            }
            Operation::Vector(vector) => encode_vector(&mut fields, vector),
            Operation::Store(store) => {
                fields.put(OPCODE, opcode::STORE);
                fields.put_lanes(&store.from);
                fields.put_walk(&store.to);
            }
            Operation::Finish => fields.put(OPCODE, opcode::FINISH),
        }
        fields.words
    }

    /// Reads an instruction.
    ///
    /// # Errors
    /// Every encoding that [`Instruction::encode`] does not make from a well-formed instruction.
    pub fn decode(words: [u64; INSTRUCTION_WORDS]) -> Result<Self, EncodingError> {
        let mut fields = Fields::new(words);
        let tokens = fields.take(DEPENDENCIES);
        let dependencies = Dependencies {
            pop_prev: tokens & 1 != 0,
            pop_next: tokens & 2 != 0,
            push_prev: tokens & 4 != 0,
            push_next: tokens & 8 != 0,
        };
        let operation = match fields.take(OPCODE) {
            opcode::NOP => Operation::Nop(match fields.take(NOP_MODULE) {
                0 => Module::Load,
                1 => Module::Compute,
                2 => Module::Store,
                _ => return Err(EncodingError::Field("module")),
            }),
            opcode::LOAD => Operation::Load(Load {
                buffer: fields.take_buffer()?,
                to: fields.take_lanes()?,
                from: fields.take_walk()?,
                zero_point: fields.take_u16(ZERO_POINT) as i16,
            }),
            opcode::FILL => Operation::Fill(Fill {
                buffer: fields.take_buffer()?,
                base: fields.take_u16(LANES_BASE),
                tiles: fields.take_count(FILL_TILES, "tiles")?,
                value: fields.take_i32(FILL_VALUE),
            }),
            opcode::GEMM => Operation::Gemm(Gemm {
                accumulate: fields.take(GEMM_ACCUMULATE) != 0,
                m_tiles: fields.take_count(GEMM_M, "m_tiles")?,
                n_tiles: fields.take_count(GEMM_N, "n_tiles")?,
                k_tiles: fields.take_count(GEMM_K, "k_tiles")?,
                acc: fields.take_u16(GEMM_ACC),
                acc_pitch: fields.take_u16(GEMM_ACC_PITCH),
                a: fields.take_u16(GEMM_A),
                a_pitch: fields.take_u16(GEMM_A_PITCH),
                a_step: fields.take_u16(GEMM_A_STEP),
                b: fields.take_u16(GEMM_B),
                b_pitch: fields.take_u16(GEMM_B_PITCH),
                b_step: fields.take_u16(GEMM_B_STEP),
            }),
            opcode::VECTOR => Operation::Vector(decode_vector(&mut fields)?),
            opcode::STORE => Operation::Store(Store {
                from: fields.take_lanes()?,
                to: fields.take_walk()?,
            }),
            opcode::FINISH => Operation::Finish,
            unknown => return Err(EncodingError::Opcode(unknown as u8)),
        };
        fields.reserved_are_zero()?;
        let instruction = Self {
            dependencies,
            operation,
        };
        instruction.check_form()?;
        Ok(instruction)
    }

    /// The instruction as bytes, as it lies in card memory.
    pub fn to_bytes(&self) -> [u8; INSTRUCTION_BYTES] {
        let mut bytes = [0; INSTRUCTION_BYTES];
        for (bytes, word) in bytes.chunks_exact_mut(8).zip(self.encode()) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// Reads an instruction from bytes.
    ///
    /// # Errors
    /// As [`Instruction::decode`].
    pub fn from_bytes(bytes: &[u8; INSTRUCTION_BYTES]) -> Result<Self, EncodingError> {
        let mut words = [0; INSTRUCTION_WORDS];
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        Self::decode(words)
    }

    /// Checks what holds for every geometry: tokens for existing neighbours, operands of the right
    /// kind and range.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check_form(&self) -> Result<(), EncodingError> {
        let tokens = &self.dependencies;
        let stray = match self.operation.module() {
            Module::Load => tokens.pop_prev || tokens.push_prev,
            Module::Store => tokens.pop_next || tokens.push_next,
            Module::Compute => {
                matches!(self.operation, Operation::Finish) && (tokens.push_prev || tokens.push_next)
            }
        };
        if stray {
            return Err(EncodingError::Dependency);
        }
        let require = |holds: bool, field: &'static str| {
            if holds {
                Ok(())
            } else {
                Err(EncodingError::Field(field))
            }
        };
        let is_lane = |value: i32| (-256..=255).contains(&value);
        match &self.operation {
            Operation::Nop(_) | Operation::Finish => Ok(()),
            Operation::Load(Load {
                buffer,
                to,
                from,
                zero_point,
            }) => {
                require(from.space != Space::Output, "space")?;
                check_walk(from)?;
                require(to.rows != 0, "rows")?;
                require(to.cols != 0, "cols")?;
                let origin = to.pitch == 0 && to.row == 0 && to.col == 0 && to.rows == 1;
                match buffer {
                    Buffer::A | Buffer::B => {
                        require(matches!(from.dtype, Dtype::U8 | Dtype::I8), "dtype")?;
                        require(is_lane((*zero_point).into()), "zero_point")
                    }
                    Buffer::Acc => require(*zero_point == 0, "zero_point"),
                    Buffer::Param => {
                        require(origin, "lanes")?;
                        require(from.row_stride == 0, "row_stride")?;
                        require(from.dtype == Dtype::U8, "dtype")?;
                        require(*zero_point == 0, "zero_point")
                    }
                    Buffer::Table => {
                        require(origin && to.cols == 256, "lanes")?;
                        require(from.row_stride == 0, "row_stride")?;
                        require(*zero_point == 0, "zero_point")
                    }
                }
            }
            Operation::Fill(Fill {
                buffer, tiles, value, ..
            }) => {
                require(*tiles != 0, "tiles")?;
                match buffer {
                    Buffer::A | Buffer::B => require(is_lane(*value), "value"),
                    Buffer::Acc => Ok(()),
                    Buffer::Param | Buffer::Table => Err(EncodingError::Field("buffer")),
                }
            }
            Operation::Gemm(gemm) => {
                require(gemm.m_tiles != 0, "m_tiles")?;
                require(gemm.n_tiles != 0, "n_tiles")?;
                require(gemm.k_tiles != 0, "k_tiles")
            }
            Operation::Vector(vector) => {
                require(vector.rows != 0, "rows")?;
                require(vector.cols != 0, "cols")
            }
            Operation::Store(Store { from, to }) => {
                require(matches!(to.space, Space::Output | Space::Workspace), "space")?;
                check_walk(to)?;
                require(from.rows != 0, "rows")?;
                require(from.cols != 0, "cols")
            }
        }
    }
}

fn check_walk(walk: &Walk) -> Result<(), EncodingError> {
    if walk.offset >> 48 == 0 {
        Ok(())
    } else {
        Err(EncodingError::Field("offset"))
    }
}

fn encode_vector(fields: &mut Fields, vector: &Vector) {
    fields.put(OPCODE, opcode::VECTOR);
    fields.put(VECTOR_ROWS, vector.rows.into());
    fields.put(VECTOR_COLS, vector.cols.into());
    fields.put(VECTOR_DST, vector.dst.into());
    fields.put(VECTOR_DST_PITCH, vector.dst_pitch.into());
    fields.put(VECTOR_SRC, vector.src.into());
    fields.put(VECTOR_SRC_PITCH, vector.src_pitch.into());
    match vector.op {
        VectorOp::Add => fields.put(VECTOR_OP, 0),
        VectorOp::Max => fields.put(VECTOR_OP, 1),
        VectorOp::Min => fields.put(VECTOR_OP, 2),
        VectorOp::AddImmediate(value) => {
            fields.put(VECTOR_OP, 3);
            fields.put_signed(VECTOR_IMMEDIATE, value.into());
        }
        VectorOp::MaxImmediate(value) => {
            fields.put(VECTOR_OP, 4);
            fields.put_signed(VECTOR_IMMEDIATE, value.into());
        }
        VectorOp::MinImmediate(value) => {
            fields.put(VECTOR_OP, 5);
            fields.put_signed(VECTOR_IMMEDIATE, value.into());
        }
        VectorOp::Requantise(Requantise { param, shared, dtype }) => {
            fields.put(VECTOR_OP, 6);
            fields.put(VECTOR_INDEX, param.into());
            fields.put(VECTOR_FLAG, shared.into());
            fields.put(VECTOR_DTYPE, dtype_bits(dtype));
        }
        VectorOp::Table(table) => {
            fields.put(VECTOR_OP, 7);
            fields.put(VECTOR_INDEX, table.into());
        }
        VectorOp::ArgMax { first, base } => {
            fields.put(VECTOR_OP, 8);
            fields.put(VECTOR_FLAG, first.into());
            fields.put_signed(VECTOR_IMMEDIATE, base.into());
        }
    }
}

fn decode_vector(fields: &mut Fields) -> Result<Vector, EncodingError> {
    let op = match fields.take(VECTOR_OP) {
        0 => VectorOp::Add,
        1 => VectorOp::Max,
        2 => VectorOp::Min,
        3 => VectorOp::AddImmediate(fields.take_i32(VECTOR_IMMEDIATE)),
        4 => VectorOp::MaxImmediate(fields.take_i32(VECTOR_IMMEDIATE)),
        5 => VectorOp::MinImmediate(fields.take_i32(VECTOR_IMMEDIATE)),
        6 => VectorOp::Requantise(Requantise {
            param: fields.take_u16(VECTOR_INDEX),
            shared: fields.take(VECTOR_FLAG) != 0,
            dtype: fields.take_dtype(VECTOR_DTYPE)?,
        }),
        7 => VectorOp::Table(fields.take_u16(VECTOR_INDEX)),
        8 => VectorOp::ArgMax {
            first: fields.take(VECTOR_FLAG) != 0,
            base: fields.take_i32(VECTOR_IMMEDIATE),
        },
        _ => return Err(EncodingError::Field("op")),
    };
    Ok(Vector {
        op,
        dst: fields.take_u16(VECTOR_DST),
        dst_pitch: fields.take_u16(VECTOR_DST_PITCH),
        src: fields.take_u16(VECTOR_SRC),
        src_pitch: fields.take_u16(VECTOR_SRC_PITCH),
        rows: fields.take_count(VECTOR_ROWS, "rows")?,
        cols: fields.take_count(VECTOR_COLS, "cols")?,
    })
}
