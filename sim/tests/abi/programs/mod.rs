//! Tensor programs through driver, rings and card, against plain loops.

mod dense;
mod refused;
mod vectors;

use crate::support::copies::copies;
use crate::support::{Random, Raw, of_geometry, open, programs, small};
use metisvm_driver::{Device, DeviceError, Options, RunJob};
use metisvm_firmware::capabilities::MIN_WORK_BUDGET;
use metisvm_firmware::check::Record;
use metisvm_firmware::program::Program;
use metisvm_firmware::{
    Buffer, Burst, Dependencies, Dtype, Fill, Gemm, Geometry, Instruction, Lanes, Load, LoadTiles, Module,
    Operation, ProgramBuilder, Requantise, Space, Status, Store, Vector, VectorOp, Walk,
};
use metisvm_sim::SimOptions;

fn geometries() -> [Geometry; 4] {
    [
        Geometry::SMALL,
        Geometry::MEDIUM,
        Geometry {
            tile_rows: 3,
            tile_cols: 7,
            tile_depth: 5,
            ..Geometry::MEDIUM
        },
        Geometry {
            tile_rows: 1,
            tile_cols: 1,
            tile_depth: 1,
            ..Geometry::MEDIUM
        },
    ]
}

fn card(geometry: Geometry, schedule_seed: u64) -> Device {
    let options = SimOptions {
        schedule_seed,
        ..of_geometry(geometry)
    };
    open(options, Options::default()).unwrap().0
}

/// Runs a program of one item without resident data.
fn run(
    device: &Device,
    program: &Program,
    input: &[u8],
    output_bytes: usize,
) -> Result<Vec<u8>, DeviceError> {
    let program = device.load_program(program).unwrap();
    let job = RunJob {
        program: &program,
        data: None,
        state: None,
        workspace_bytes: 4096,
        inputs: &[input],
        output_bytes,
        dtype_in: Dtype::U8,
        dtype_out: Dtype::U8,
    };
    device.run(&job).map(|mut outputs| outputs.remove(0))
}

fn i32s(bytes: &[u8]) -> Vec<i32> {
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|word| i32::from_le_bytes(*word))
        .collect()
}

fn matrix(rows: usize, cols: usize) -> Lanes {
    Lanes {
        rows: rows as u16,
        cols: cols as u16,
        ..Lanes::default()
    }
}

fn rows_of(space: Space, offset: usize, cols: usize, dtype: Dtype) -> Walk {
    let bytes = dtype.bytes() as i32;
    Walk {
        space,
        offset: offset as u64,
        row_stride: cols as i32 * bytes,
        col_stride: bytes,
        dtype,
    }
}

/// One row of `count` tiles, records or tables.
fn burst(buffer: Buffer, base: u16, count: usize, space: Space, offset: usize, dtype: Dtype) -> LoadTiles {
    let from = Burst {
        space,
        offset: offset as u64,
        row_stride: 0,
        dtype,
    };
    LoadTiles {
        buffer,
        base,
        pitch: 0,
        rows: 1,
        cols: count as u16,
        from,
        zero_point: 0,
    }
}
