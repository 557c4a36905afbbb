//! Instructions as bits: 32 bytes, four little-endian 64-bit words.
//!
//! The layout is the table in docs/device.md. Encodings are canonical: one instruction has one
//! encoding, and a set bit without a meaning makes it invalid.
//!
//! `layout` says where each field lies, `fields` reads and writes them, `vector` is the encoding of
//! VECTOR, the only instruction of many shapes, and `form` holds the rules that the widths of
//! fields leave open.

mod fields;
mod form;
mod layout;
mod vector;

use crate::isa::{
    Dependencies, Fill, Gemm, Instruction, Load, LoadTiles, Module, Operation, Store, StoreTiles,
};
use core::fmt;
use fields::{Fields, buffer_bits};
use layout::{
    BUFFER, DEPENDENCIES, FILL_TILES, FILL_VALUE, GEMM_A, GEMM_A_PITCH, GEMM_A_STEP, GEMM_ACC,
    GEMM_ACC_PITCH, GEMM_ACCUMULATE, GEMM_B, GEMM_B_PITCH, GEMM_B_STEP, GEMM_K, GEMM_M, GEMM_N, GEMM_SHIFT,
    LANES_BASE, LANES_COLS, LANES_PITCH, LANES_ROWS, NOP_MODULE, OPCODE, ZERO_POINT, opcode,
};
use vector::{decode_vector, encode_vector};

/// Words of an instruction.
pub const INSTRUCTION_WORDS: usize = 4;
/// Bytes of an instruction.
pub const INSTRUCTION_BYTES: usize = 32;

/// Why an instruction is invalid, whatever the card's geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodingError {
    /// No such opcode.
    Opcode(u8),
    /// A field holds a value without a meaning; the field's name.
    Field(&'static str),
    /// A reserved bit is set; the word's index.
    Reserved(u8),
    /// A token for a neighbour that the module does not have.
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
            Operation::LoadTiles(load) => {
                fields.put(OPCODE, opcode::LOAD_TILES);
                fields.put(BUFFER, buffer_bits(load.buffer));
                fields.put(LANES_BASE, load.base.into());
                fields.put(LANES_PITCH, load.pitch.into());
                fields.put(LANES_ROWS, load.rows.into());
                fields.put(LANES_COLS, load.cols.into());
                fields.put_burst(&load.from);
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
                fields.put(GEMM_SHIFT, gemm.shift.into());
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
            Operation::StoreTiles(store) => {
                fields.put(OPCODE, opcode::STORE_TILES);
                fields.put(LANES_BASE, store.base.into());
                fields.put(LANES_PITCH, store.pitch.into());
                fields.put(LANES_ROWS, store.rows.into());
                fields.put(LANES_COLS, store.cols.into());
                fields.put_burst(&store.to);
            }
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
            opcode::LOAD_TILES => Operation::LoadTiles(LoadTiles {
                buffer: fields.take_buffer()?,
                base: fields.take_u16(LANES_BASE),
                pitch: fields.take_u16(LANES_PITCH),
                rows: fields.take_count(LANES_ROWS, "rows")?,
                cols: fields.take_count(LANES_COLS, "cols")?,
                from: fields.take_burst()?,
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
                shift: fields.take(GEMM_SHIFT) != 0,
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
            opcode::STORE_TILES => Operation::StoreTiles(StoreTiles {
                base: fields.take_u16(LANES_BASE),
                pitch: fields.take_u16(LANES_PITCH),
                rows: fields.take_count(LANES_ROWS, "rows")?,
                cols: fields.take_count(LANES_COLS, "cols")?,
                to: fields.take_burst()?,
            }),
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
        bytemuck::cast(self.encode().map(u64::to_le))
    }

    /// Reads an instruction from bytes.
    ///
    /// # Errors
    /// As [`Instruction::decode`].
    pub fn from_bytes(bytes: &[u8; INSTRUCTION_BYTES]) -> Result<Self, EncodingError> {
        let words: [u64; INSTRUCTION_WORDS] = bytemuck::cast(*bytes);
        Self::decode(words.map(u64::from_le))
    }
}
