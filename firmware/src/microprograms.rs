//! Programs that ship with the card.
//!
//! So far the self-test, which a driver runs before it trusts a card with work: one tile through
//! load, GEMM, requantise and store, with values at the ends of their ranges.

use crate::capabilities::Geometry;
use crate::check::{RECORD_BYTES, Record};
use crate::isa::{
    Buffer, Dtype, Gemm, Lanes, Load, Operation, Requantise, Space, Store, Vector, VectorOp, Walk,
};
use crate::program::{Program, ProgramBuilder, ProgramError};
use alloc::vec::Vec;

/// The self-test for one geometry.
#[derive(Clone, Debug)]
pub struct SelfTest {
    /// The program; it uses no resident data and no workspace.
    pub program: Program,
    /// Its input: activations R×D u8, weights D×C i8, one record.
    pub input: Vec<u8>,
    /// The one right output: R×C requantised i8, then R×C raw i32 accumulators.
    pub output: Vec<u8>,
}

const ACTIVATION_ZERO: i16 = 128;
const WEIGHT_ZERO: i16 = -3;
const RECORD: Record = Record {
    multiplier: 19661,
    shift: 24,
    zero: -7,
};

/// Builds the self-test.
///
/// # Errors
/// None for a geometry that [`crate::Capabilities::validate`] accepts.
pub fn self_test(geometry: &Geometry) -> Result<SelfTest, ProgramError> {
    let (rows, cols, depth) = (geometry.tile_rows, geometry.tile_cols, geometry.tile_depth);
    let (r, c, d) = (usize::from(rows), usize::from(cols), usize::from(depth));
    // Multiples of a number prime to 256 reach every byte, the extremes among them.
    let activations: Vec<u8> = (0..r * d).map(|i| (i * 37 + 255) as u8).collect();
    let weights: Vec<i8> = (0..d * c).map(|i| (i * 91 + 128) as u8 as i8).collect();

    let mut input = activations.clone();
    input.extend(weights.iter().map(|&w| w as u8));
    let record_at = input.len().next_multiple_of(RECORD_BYTES);
    input.resize(record_at, 0);
    input.extend(RECORD.to_bytes());

    let mut requantised = Vec::new();
    let mut raw = Vec::new();
    for row in 0..r {
        for col in 0..c {
            let acc: i32 = (0..d)
                .map(|k| {
                    let a = i32::from(activations[row * d + k]) - i32::from(ACTIVATION_ZERO);
                    let w = i32::from(weights[k * c + col]) - i32::from(WEIGHT_ZERO);
                    a * w
                })
                .sum();
            let half = 1_i64 << (RECORD.shift - 1);
            let scaled = (i64::from(acc) * i64::from(RECORD.multiplier) + half) >> RECORD.shift;
            requantised.push((scaled + i64::from(RECORD.zero)).clamp(-128, 127) as i8 as u8);
            raw.extend(acc.to_le_bytes());
        }
    }
    let raw_at = requantised.len() as u64;
    let mut output = requantised;
    output.extend(raw);

    let tile = |rows, cols| Lanes {
        base: 0,
        pitch: 0,
        row: 0,
        col: 0,
        rows,
        cols,
    };
    let walk = |space, offset, row_stride: u16, dtype: Dtype| Walk {
        space,
        offset,
        row_stride: i32::from(row_stride) * dtype.bytes() as i32,
        col_stride: dtype.bytes() as i32,
        dtype,
    };
    let mut builder = ProgramBuilder::new(*geometry);
    builder.load(Load {
        buffer: Buffer::A,
        to: tile(rows, depth),
        from: walk(Space::Input, 0, depth, Dtype::U8),
        zero_point: ACTIVATION_ZERO,
    })?;
    builder.load(Load {
        buffer: Buffer::B,
        to: tile(depth, cols),
        from: walk(Space::Input, (r * d) as u64, cols, Dtype::I8),
        zero_point: WEIGHT_ZERO,
    })?;
    builder.load(Load {
        buffer: Buffer::Param,
        to: tile(1, 1),
        from: Walk {
            space: Space::Input,
            offset: record_at as u64,
            row_stride: 0,
            col_stride: 0,
            dtype: Dtype::U8,
        },
        zero_point: 0,
    })?;
    builder.gemm(Gemm {
        m_tiles: 1,
        n_tiles: 1,
        k_tiles: 1,
        ..Gemm::default()
    })?;
    let store = |offset, dtype| Store {
        from: tile(rows, cols),
        to: walk(Space::Output, offset, cols, dtype),
    };
    builder.push(Operation::Store(store(raw_at, Dtype::I32)))?;
    builder.vector(Vector {
        op: VectorOp::Requantise(Requantise {
            param: 0,
            shared: true,
            dtype: Dtype::I8,
        }),
        dst: 0,
        dst_pitch: 0,
        src: 0,
        src_pitch: 0,
        rows,
        cols,
    })?;
    builder.store(store(0, Dtype::I8))?;
    Ok(SelfTest {
        program: builder.finish()?,
        input,
        output,
    })
}
