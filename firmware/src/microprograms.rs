//! Programs that ship with the card.
//!
//! So far the self-test, which a driver runs before it trusts a card with work: one tile through
//! gather and burst, GEMM, requantise and both stores, with values at the ends of their ranges.

use crate::capabilities::Geometry;
use crate::check::Record;
use crate::isa::{
    Buffer, Burst, Dtype, Gemm, Lanes, Load, LoadTiles, Requantise, Space, Store, StoreTiles, TILE_ALIGN,
    Vector, VectorOp, Walk,
};
use crate::program::{Program, ProgramBuilder, ProgramError};
use alloc::vec::Vec;

/// The self-test for one geometry.
#[derive(Clone, Debug)]
pub struct SelfTest {
    /// The program; it uses no resident data and no workspace.
    pub program: Program,
    /// Its input: activations R×D u8, weights D×C i8, one record, the last two as tiles.
    pub input: Vec<u8>,
    /// The one right output: R×C raw i32 accumulators as a tile, then R×C requantised i8.
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

    let align = |bytes: &mut Vec<u8>| bytes.resize(bytes.len().next_multiple_of(TILE_ALIGN as usize), 0);
    let mut input = activations.clone();
    align(&mut input);
    let weights_at = input.len() as u64;
    input.extend(weights.iter().map(|&w| w as u8));
    align(&mut input);
    let record_at = input.len() as u64;
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
    let mut output = raw;
    align(&mut output);
    let requantised_at = output.len() as u64;
    output.extend(requantised);

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
    let burst = |space, offset, dtype| Burst {
        space,
        offset,
        row_stride: 0,
        dtype,
    };
    let load_tile = |buffer, offset, dtype, zero_point| LoadTiles {
        buffer,
        base: 0,
        pitch: 0,
        rows: 1,
        cols: 1,
        from: burst(Space::Input, offset, dtype),
        zero_point,
    };
    builder.load_tiles(load_tile(Buffer::B, weights_at, Dtype::I8, WEIGHT_ZERO))?;
    builder.load_tiles(load_tile(Buffer::Param, record_at, Dtype::U8, 0))?;
    builder.gemm(Gemm {
        m_tiles: 1,
        n_tiles: 1,
        k_tiles: 1,
        ..Gemm::default()
    })?;
    builder.store_tiles(StoreTiles {
        base: 0,
        pitch: 0,
        rows: 1,
        cols: 1,
        to: burst(Space::Output, 0, Dtype::I32),
    })?;
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
    builder.store(Store {
        from: tile(rows, cols),
        to: walk(Space::Output, requantised_at, cols, Dtype::I8),
    })?;
    Ok(SelfTest {
        program: builder.finish()?,
        input,
        output,
    })
}
