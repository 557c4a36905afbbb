//! Bursts of tiles against the gather, products with 16-bit operands, interpolation, and state.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use metisvm_driver::{Device, DeviceError, Options, Resident, RunJob};
use metisvm_firmware::{
    Buffer, Burst, Dtype, Gemm, Geometry, Lanes, Load, LoadTiles, Program, ProgramBuilder, Space, Status,
    Store, StoreTiles, Vector, VectorOp, Walk,
};
use support::{Random, of_geometry, open, small};

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

/// All lanes of `rows` × `cols` tiles of ACC from tile `base` on.
fn all_lanes(geometry: &Geometry, base: u16, rows: u16, cols: u16) -> Lanes {
    Lanes {
        base,
        pitch: cols,
        row: 0,
        col: 0,
        rows: rows * geometry.tile_rows,
        cols: cols * geometry.tile_cols,
    }
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

#[test]
fn a_burst_of_tiles_is_what_gathers_of_its_tiles_give() {
    let mut random = Random(17);
    for geometry in geometries() {
        let device = card(geometry);
        for dtype in Dtype::ALL {
            let (rows, cols) = (2, 3);
            let tile = geometry.tile_bytes(Buffer::Acc, dtype);
            let row_stride = cols * tile + 16;
            let input = random.bytes((8 + rows * row_stride) as usize);
            let lanes = all_lanes(&geometry, 5, rows as u16, cols as u16);
            let bytes = u64::from(lanes.rows) * u64::from(lanes.cols) * 4;
            let mut builder = ProgramBuilder::new(geometry);
            builder
                .load_tiles(LoadTiles {
                    buffer: Buffer::Acc,
                    base: 5,
                    pitch: cols as u16,
                    rows: rows as u16,
                    cols: cols as u16,
                    from: Burst {
                        space: Space::Input,
                        offset: 8,
                        row_stride: row_stride as u32,
                        dtype,
                    },
                    zero_point: 0,
                })
                .unwrap();
            builder
                .store(Store {
                    from: lanes,
                    to: row_major(Space::Output, 0, lanes.cols, Dtype::I32),
                })
                .unwrap();
            // The same tiles, one gather each, into other tiles.
            for (row, col) in (0..rows).flat_map(|row| (0..cols).map(move |col| (row, col))) {
                builder
                    .load(Load {
                        buffer: Buffer::Acc,
                        to: all_lanes(&geometry, 20 + (row * cols + col) as u16, 1, 1),
                        from: row_major(
                            Space::Input,
                            8 + row * row_stride + col * tile,
                            geometry.tile_cols,
                            dtype,
                        ),
                        zero_point: 0,
                    })
                    .unwrap();
            }
            builder
                .store(Store {
                    from: Lanes { base: 20, ..lanes },
                    to: row_major(Space::Output, bytes, lanes.cols, Dtype::I32),
                })
                .unwrap();
            // And back to memory in bursts.
            builder
                .store_tiles(StoreTiles {
                    base: 5,
                    pitch: cols as u16,
                    rows: rows as u16,
                    cols: cols as u16,
                    to: Burst {
                        space: Space::Output,
                        offset: (2 * bytes).next_multiple_of(8),
                        row_stride: (cols * tile) as u32,
                        dtype,
                    },
                })
                .unwrap();
            let end = (2 * bytes).next_multiple_of(8) + rows * cols * tile;
            let output = run(&device, &builder.finish().unwrap(), None, &[&input], end as usize).unwrap();
            let (burst, rest) = output[0].split_at(bytes as usize);
            assert_eq!(burst, &rest[..bytes as usize], "{dtype:?} on {geometry:?}");
            let stored = &output[0][(2 * bytes).next_multiple_of(8) as usize..];
            let packed = (geometry.unit_lanes(Buffer::Acc) * u64::from(dtype.bytes())) as usize;
            for (index, tile_bytes) in stored.chunks_exact(tile as usize).enumerate() {
                let at =
                    8 + index / cols as usize * row_stride as usize + index % cols as usize * tile as usize;
                assert_eq!(
                    tile_bytes[..packed],
                    input[at..at + packed],
                    "{dtype:?} on {geometry:?}"
                );
                assert!(
                    tile_bytes[packed..].iter().all(|&byte| byte == 0),
                    "padding is zero"
                );
            }
        }
    }
}

#[test]
fn products_of_16_bit_operands_are_two_passes() {
    let mut random = Random(23);
    for geometry in geometries() {
        let device = card(geometry);
        let (m, k, n) = (
            usize::from(geometry.tile_rows),
            usize::from(geometry.tile_depth) * 2,
            usize::from(geometry.tile_cols),
        );
        let extremes = [i16::MIN, i16::MAX, -1, 0, 1, 255, 256, -256];
        let x: Vec<i16> = (0..m * k)
            .map(|i| {
                if i % 3 == 0 {
                    extremes[i / 3 % 8]
                } else {
                    random.next() as i16
                }
            })
            .collect();
        let w: Vec<i8> = random.bytes(k * n).iter().map(|&byte| byte as i8).collect();
        let mut input: Vec<u8> = x.iter().flat_map(|v| v.to_le_bytes()).collect();
        let weights_at = input.len() as u64;
        input.extend(w.iter().map(|&v| v as u8));
        let mut builder = ProgramBuilder::new(geometry);
        let lanes = |pitch: u16, rows: usize, cols: usize| Lanes {
            pitch,
            rows: rows as u16,
            cols: cols as u16,
            ..Lanes::default()
        };
        builder
            .load(Load {
                buffer: Buffer::B,
                to: lanes(1, k, n),
                from: row_major(Space::Input, weights_at, n as u16, Dtype::I8),
                zero_point: 0,
            })
            .unwrap();
        for (byte, dtype, accumulate) in [(1, Dtype::I8, false), (0, Dtype::U8, true)] {
            let from = Walk {
                row_stride: k as i32 * 2,
                col_stride: 2,
                ..row_major(Space::Input, byte, 0, dtype)
            };
            builder
                .load(Load {
                    buffer: Buffer::A,
                    to: lanes(2, m, k),
                    from,
                    zero_point: 0,
                })
                .unwrap();
            builder
                .gemm(Gemm {
                    accumulate,
                    shift: accumulate,
                    m_tiles: 1,
                    n_tiles: 1,
                    k_tiles: 2,
                    a_step: 1,
                    b_pitch: 1,
                    ..Gemm::default()
                })
                .unwrap();
        }
        builder
            .store(Store {
                from: lanes(1, m, n),
                to: row_major(Space::Output, 0, n as u16, Dtype::I32),
            })
            .unwrap();
        let output = run(&device, &builder.finish().unwrap(), None, &[&input], m * n * 4).unwrap();
        let expected: Vec<i32> = (0..m * n)
            .map(|at| {
                (0..k)
                    .map(|d| i32::from(x[at / n * k + d]) * i32::from(w[d * n + at % n]))
                    .sum()
            })
            .collect();
        assert_eq!(i32s(&output[0]), expected, "{geometry:?}");
    }
}

#[test]
fn interpolation_is_its_formula_for_every_16_bit_value() {
    let geometry = Geometry::MEDIUM;
    let device = card(geometry);
    // Nodes over the whole range, so that differences take all of their 17 bits.
    let node = |i: usize| match i % 5 {
        0 => i32::from(i16::MIN),
        1 => i32::from(i16::MAX),
        _ => (i as i32 * 7919) % 32768 - 16384,
    };
    let mut input: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
    let nodes_at = input.len() as u64;
    input.extend((0..256).flat_map(|i| node(i).to_le_bytes()));
    // The highest bits of a difference do not count.
    let difference = |i: usize| (node(i + 1) - node(i)) ^ 0x0004_0000;
    input.extend((0..256).flat_map(|i| difference(i).to_le_bytes()));
    let mut builder = ProgramBuilder::new(geometry);
    builder
        .load_tiles(LoadTiles {
            buffer: Buffer::Table,
            base: 3,
            pitch: 0,
            rows: 1,
            cols: 2,
            from: Burst {
                space: Space::Input,
                offset: nodes_at,
                row_stride: 0,
                dtype: Dtype::I32,
            },
            zero_point: 0,
        })
        .unwrap();
    let area = Lanes {
        pitch: 16,
        rows: 256,
        cols: 256,
        ..Lanes::default()
    };
    builder
        .load(Load {
            buffer: Buffer::Acc,
            to: area,
            from: row_major(Space::Input, 0, 256, Dtype::I16),
            zero_point: 0,
        })
        .unwrap();
    builder
        .vector(Vector {
            op: VectorOp::Interpolate {
                nodes: 3,
                differences: 4,
            },
            dst: 0,
            dst_pitch: 16,
            src: 0,
            src_pitch: 16,
            rows: 256,
            cols: 256,
        })
        .unwrap();
    builder
        .store(Store {
            from: area,
            to: row_major(Space::Output, 0, 256, Dtype::I32),
        })
        .unwrap();
    let output = run(&device, &builder.finish().unwrap(), None, &[&input], 65536 * 4).unwrap();
    for (bits, found) in (0..=u16::MAX).zip(i32s(&output[0])) {
        let u = i32::from(bits as i16) + 32768;
        let (h, l) = ((u >> 8) as usize, u & 255);
        let expected = node(h) + (((node(h + 1) - node(h)) * l + 128) >> 8);
        assert_eq!(found, expected, "of {}", bits as i16);
    }
}

/// Adds the item's input to the state, and gives what the state was and is.
fn counter(geometry: Geometry) -> Program {
    let mut builder = ProgramBuilder::new(geometry);
    let lane = |base| Lanes {
        base,
        pitch: 1,
        rows: 1,
        cols: 1,
        ..Lanes::default()
    };
    let load = |base, space| Load {
        buffer: Buffer::Acc,
        to: lane(base),
        from: row_major(space, 0, 1, Dtype::I32),
        zero_point: 0,
    };
    let store = |space, offset| Store {
        from: lane(0),
        to: row_major(space, offset, 1, Dtype::I32),
    };
    builder.load(load(0, Space::State)).unwrap();
    builder.load(load(1, Space::Input)).unwrap();
    builder.store(store(Space::Output, 0)).unwrap();
    builder
        .vector(Vector {
            op: VectorOp::Add,
            dst: 0,
            dst_pitch: 1,
            src: 1,
            src_pitch: 1,
            rows: 1,
            cols: 1,
        })
        .unwrap();
    builder.store(store(Space::State, 0)).unwrap();
    builder.store(store(Space::Output, 4)).unwrap();
    builder.finish().unwrap()
}

#[test]
fn state_stays_from_item_to_item_and_from_job_to_job() {
    let device = card(Geometry::SMALL);
    let program = counter(Geometry::SMALL);
    let one = device.load_state(&100_i32.to_le_bytes()).unwrap();
    let other = device.load_state(&(-5_i32).to_le_bytes()).unwrap();
    let add = |state, values: &[i32]| {
        let inputs: Vec<[u8; 4]> = values.iter().map(|v| v.to_le_bytes()).collect();
        let inputs: Vec<&[u8]> = inputs.iter().map(|v| &v[..]).collect();
        let outputs = run(&device, &program, Some(state), &inputs, 8).unwrap();
        outputs.iter().map(|output| i32s(output)).collect::<Vec<_>>()
    };
    assert_eq!(add(&one, &[1, 2, 3]), [[100, 101], [101, 103], [103, 106]]);
    assert_eq!(add(&other, &[-1]), [[-5, -6]]);
    assert_eq!(add(&one, &[0]), [[106, 106]]);
    // Without a state there is nothing to read.
    let outside = run(&device, &program, None, &[&[0; 4]], 8).unwrap_err();
    let status = Status::OutOfBounds;
    assert_eq!(outside, DeviceError::Job { status, detail: 0 });
}

#[test]
fn a_state_is_neither_data_nor_program_and_nothing_else_is_a_state() {
    let device = card(Geometry::SMALL);
    let bytes = counter(Geometry::SMALL).to_bytes();
    let as_state = device.load_state(&bytes).unwrap();
    let as_data = device.load_resident(&bytes).unwrap();
    let job = |program, data, state| {
        device.run(&RunJob {
            program,
            data,
            state,
            workspace_bytes: 0,
            inputs: &[&[0; 4]],
            output_bytes: 8,
            dtype_in: Dtype::U8,
            dtype_out: Dtype::U8,
        })
    };
    for (program, data, state) in [
        (&as_state, None, None),
        (&as_data, Some(&as_state), None),
        (&as_data, None, Some(&as_data)),
    ] {
        assert_eq!(job(program, data, state), Err(DeviceError::WrongKind));
    }
    assert!(device.health().is_healthy(), "none of them was sent");
}

#[test]
fn bytes_that_a_program_does_not_store_are_undefined() {
    let device = card(Geometry::SMALL);
    let program = counter(Geometry::SMALL);
    let state = device.load_state(&[0; 4]).unwrap();
    let output = run(&device, &program, Some(&state), &[&[0; 4]], 12).unwrap();
    assert_ne!(
        output[0][8..],
        [0; 4],
        "a poisoned card shows who relies on zeroes"
    );
}

#[test]
fn streams_of_any_lengths_do_not_block_each_other() {
    // Thousands of loads come before the first store: one stream with short queues would stop here.
    let mut sim = small();
    sim.capabilities.max_program_instructions = 1 << 14;
    // As many as card memory holds beside a workspace, if that is fewer.
    let count = 5000.min((sim.capabilities.card_memory_bytes - WORKSPACE - 4096) / 64);
    let (device, _) = open(sim, Options::default()).unwrap();
    let mut builder = ProgramBuilder::new(Geometry::SMALL);
    let lane = Lanes {
        rows: 1,
        cols: 1,
        ..Lanes::default()
    };
    for _ in 0..count {
        builder
            .load(Load {
                buffer: Buffer::Acc,
                to: lane,
                from: row_major(Space::Input, 0, 1, Dtype::I32),
                zero_point: 0,
            })
            .unwrap();
    }
    for _ in 0..count {
        builder
            .store(Store {
                from: lane,
                to: row_major(Space::Output, 0, 1, Dtype::I32),
            })
            .unwrap();
    }
    let program = builder.finish().unwrap();
    let output = run(&device, &program, None, &[&[1, 2, 3, 4]], 4).unwrap();
    assert_eq!(output[0], [1, 2, 3, 4]);
}
