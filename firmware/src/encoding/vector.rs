//! VECTOR's encoding: its operation decides which of its fields have a meaning.

use super::EncodingError;
use super::fields::{Fields, dtype_bits};
use super::layout::{
    OPCODE, VECTOR_COLS, VECTOR_DST, VECTOR_DST_PITCH, VECTOR_DTYPE, VECTOR_FLAG, VECTOR_IMMEDIATE,
    VECTOR_INDEX, VECTOR_OP, VECTOR_ROWS, VECTOR_SECOND_INDEX, VECTOR_SRC, VECTOR_SRC_PITCH, opcode,
};
use crate::isa::{Requantise, Vector, VectorOp};

pub(super) fn encode_vector(fields: &mut Fields, vector: &Vector) {
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
        VectorOp::Interpolate { nodes, differences } => {
            fields.put(VECTOR_OP, 9);
            fields.put(VECTOR_INDEX, nodes.into());
            fields.put(VECTOR_SECOND_INDEX, differences.into());
        }
    }
}

pub(super) fn decode_vector(fields: &mut Fields) -> Result<Vector, EncodingError> {
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
        9 => VectorOp::Interpolate {
            nodes: fields.take_u16(VECTOR_INDEX),
            differences: fields.take_u16(VECTOR_SECOND_INDEX),
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
