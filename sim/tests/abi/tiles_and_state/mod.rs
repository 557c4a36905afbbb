//! Bursts of tiles against the gather, products with 16-bit operands, interpolation, and state.

mod state;
mod tiles;

use crate::support::{Random, of_geometry, open, small};
use metisvm_driver::{Device, DeviceError, Options, Resident, RunJob};
use metisvm_firmware::{
    Buffer, Burst, Dtype, Gemm, Geometry, Lanes, Load, LoadTiles, Program, ProgramBuilder, Space, Status,
    Store, StoreTiles, Vector, VectorOp, Walk,
};

/// Square tiles, and tiles whose bytes are no multiple of a word.
fn geometries() -> [Geometry; 3] {
    let odd = Geometry {
        tile_rows: 3,
        tile_cols: 7,
        tile_depth: 5,
        ..Geometry::MEDIUM
    };
    [Geometry::SMALL, Geometry::MEDIUM, odd]
}

fn card(geometry: Geometry) -> Device {
    open(of_geometry(geometry), Options::default()).unwrap().0
}

/// Bytes of card memory that each program may use.
const WORKSPACE: u64 = 1 << 16;

fn run(
    device: &Device,
    program: &Program,
    state: Option<&Resident>,
    inputs: &[&[u8]],
    output_bytes: usize,
) -> Result<Vec<Vec<u8>>, DeviceError> {
    let program = device.load_program(program).unwrap();
    device.run(&RunJob {
        program: &program,
        data: None,
        state,
        workspace_bytes: WORKSPACE,
        inputs,
        output_bytes,
        dtype_in: Dtype::U8,
        dtype_out: Dtype::U8,
    })
}

fn i32s(bytes: &[u8]) -> Vec<i32> {
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|word| i32::from_le_bytes(*word))
        .collect()
}

fn row_major(space: Space, offset: u64, cols: u16, dtype: Dtype) -> Walk {
    Walk {
        space,
        offset,
        row_stride: i32::from(cols) * dtype.bytes() as i32,
        col_stride: dtype.bytes() as i32,
        dtype,
    }
}
