//! Tensor programs through driver, rings and card, against plain loops.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use metisvm_driver::{Device, DeviceError, Options, RunJob};
use metisvm_firmware::capabilities::MIN_WORK_BUDGET;
use metisvm_firmware::check::Record;
use metisvm_firmware::program::Program;
use metisvm_firmware::{
    Buffer, Burst, Dependencies, Dtype, Fill, Gemm, Geometry, Instruction, Lanes, Load, LoadTiles, Module,
    Operation, ProgramBuilder, Requantise, Space, Status, Store, Vector, VectorOp, Walk,
};
use metisvm_sim::SimOptions;
use support::copies::copies;
use support::{Random, Raw, of_geometry, open, programs, small};

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

/// A dense layer: u8 input with a zero point, i8 weights, i32 bias, a record a column.
struct Dense {
    rows: usize,
    inner: usize,
    cols: usize,
    zero: i16,
    weights: Vec<i8>,
    bias: Vec<i32>,
    records: Vec<Record>,
}

impl Dense {
    fn random(rows: usize, inner: usize, cols: usize, random: &mut Random) -> Self {
        Self {
            rows,
            inner,
            cols,
            zero: random.below(256) as i16,
            weights: random.bytes(inner * cols).iter().map(|&b| b as i8).collect(),
            bias: (0..cols).map(|_| random.below(2001) as i32 - 1000).collect(),
            records: (0..cols)
                .map(|_| Record {
                    multiplier: random.below(32767) as u16 + 1,
                    shift: random.below(47) as u8 + 1,
                    zero: random.below(256) as i32 - 128,
                })
                .collect(),
        }
    }

    /// Weights, bias, records, each from a multiple of 8 on.
    fn data(&self) -> Vec<u8> {
        let mut data: Vec<u8> = self.weights.iter().map(|&w| w as u8).collect();
        data.resize(data.len().next_multiple_of(8), 0);
        data.extend(self.bias.iter().flat_map(|b| b.to_le_bytes()));
        data.resize(data.len().next_multiple_of(8), 0);
        data.extend(self.records.iter().flat_map(|r| r.to_bytes()));
        data
    }

    /// Writes the raw accumulators, then the requantised i8.
    fn program(&self, geometry: &Geometry) -> Program {
        let &Self {
            rows, inner, cols, ..
        } = self;
        let tiles = |lanes: usize, side: u16| lanes.div_ceil(side.into()) as u16;
        let (m, k) = (tiles(rows, geometry.tile_rows), tiles(inner, geometry.tile_depth));
        let n = tiles(cols, geometry.tile_cols);
        let bias_at = (inner * cols).next_multiple_of(8);
        let records_at = (bias_at + cols * 4).next_multiple_of(8);
        let mut builder = ProgramBuilder::new(*geometry);
        // Ragged tiles: what the loads leave out must be zero in the inner dimension.
        builder
            .fill(Fill {
                buffer: Buffer::A,
                base: 0,
                tiles: m * k,
                value: 0,
            })
            .unwrap();
        builder
            .fill(Fill {
                buffer: Buffer::B,
                base: 0,
                tiles: k * n,
                value: 0,
            })
            .unwrap();
        let load = |buffer, pitch, rows, cols, from, zero_point| Load {
            buffer,
            to: Lanes {
                pitch,
                ..matrix(rows, cols)
            },
            from,
            zero_point,
        };
        let input = rows_of(Space::Input, 0, inner, Dtype::U8);
        builder
            .load(load(Buffer::A, k, rows, inner, input, self.zero))
            .unwrap();
        let weights = rows_of(Space::Resident, 0, cols, Dtype::I8);
        builder.load(load(Buffer::B, n, inner, cols, weights, 0)).unwrap();
        let bias = Walk {
            row_stride: 0,
            ..rows_of(Space::Resident, bias_at, cols, Dtype::I32)
        };
        builder.load(load(Buffer::Acc, n, rows, cols, bias, 0)).unwrap();
        builder
            .load_tiles(burst(
                Buffer::Param,
                0,
                cols,
                Space::Resident,
                records_at,
                Dtype::U8,
            ))
            .unwrap();
        builder
            .gemm(Gemm {
                accumulate: true,
                m_tiles: m,
                n_tiles: n,
                k_tiles: k,
                acc_pitch: n,
                a_pitch: k,
                a_step: 1,
                b_pitch: n,
                b_step: 1,
                ..Gemm::default()
            })
            .unwrap();
        let from = Lanes {
            pitch: n,
            ..matrix(rows, cols)
        };
        builder
            .store(Store {
                from,
                to: rows_of(Space::Output, 0, cols, Dtype::I32),
            })
            .unwrap();
        builder
            .vector(Vector {
                op: VectorOp::Requantise(Requantise {
                    param: 0,
                    shared: false,
                    dtype: Dtype::I8,
                }),
                dst: 0,
                dst_pitch: n,
                src: 0,
                src_pitch: n,
                rows: rows as u16,
                cols: cols as u16,
            })
            .unwrap();
        builder
            .store(Store {
                from,
                to: rows_of(Space::Output, rows * cols * 4, cols, Dtype::I8),
            })
            .unwrap();
        let program = builder.finish().unwrap();
        program.check_tokens().unwrap();
        program
    }

    fn expected(&self, input: &[u8]) -> Vec<u8> {
        let (mut raw, mut requantised) = (Vec::new(), Vec::new());
        for row in 0..self.rows {
            for col in 0..self.cols {
                let mut acc = self.bias[col];
                for k in 0..self.inner {
                    let x = i32::from(input[row * self.inner + k]) - i32::from(self.zero);
                    acc += x * i32::from(self.weights[k * self.cols + col]);
                }
                raw.extend(acc.to_le_bytes());
                let Record {
                    multiplier,
                    shift,
                    zero,
                } = self.records[col];
                let half = 1_i64 << (shift - 1);
                let scaled = (i64::from(acc) * i64::from(multiplier) + half) >> shift;
                requantised.push((scaled + i64::from(zero)).clamp(-128, 127) as i8 as u8);
            }
        }
        raw.extend(requantised);
        raw
    }
}

#[test]
fn dense_layers_match_plain_loops_on_every_geometry() {
    let mut random = Random(7);
    for (seed, geometry) in geometries().into_iter().enumerate() {
        let device = card(geometry, seed as u64);
        for (rows, inner, cols) in [(1, 1, 1), (1, 64, 10), (4, 4, 4), (5, 9, 13), (16, 16, 16)] {
            let layer = Dense::random(rows, inner, cols, &mut random);
            let tiles = rows.div_ceil(geometry.tile_rows.into()) * inner.div_ceil(geometry.tile_depth.into());
            if tiles > geometry.a_tiles as usize {
                continue;
            }
            let program = device.load_program(&layer.program(&geometry)).unwrap();
            let data = device.load_resident(&layer.data()).unwrap();
            let inputs: Vec<Vec<u8>> = (0..3).map(|_| random.bytes(rows * inner)).collect();
            let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
            let job = RunJob {
                program: &program,
                data: Some(&data),
                state: None,
                workspace_bytes: 0,
                inputs: &inputs,
                output_bytes: rows * cols * 5,
                dtype_in: Dtype::U8,
                dtype_out: Dtype::U8,
            };
            let outputs = device.run(&job).unwrap();
            for (input, output) in inputs.iter().zip(outputs) {
                assert_eq!(
                    output,
                    layer.expected(input),
                    "{rows}×{inner}×{cols} on {geometry:?}"
                );
            }
        }
    }
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

fn vector(op: VectorOp, dst: u16, src: u16, pitch: u16, rows: usize, cols: usize) -> Vector {
    Vector {
        op,
        dst,
        dst_pitch: pitch,
        src,
        src_pitch: pitch,
        rows: rows as u16,
        cols: cols as u16,
    }
}

#[test]
fn vector_operations_match_plain_loops_on_every_geometry() {
    let (rows, cols) = (5_usize, 9_usize);
    let input: Vec<u8> = Random(3).bytes(rows * cols * 2);
    for geometry in geometries() {
        let device = card(geometry, 5);
        let pitch = cols.div_ceil(geometry.tile_cols.into()) as u16;
        let tiles = pitch * rows.div_ceil(geometry.tile_rows.into()) as u16;
        let x: Vec<i32> = input[..rows * cols].iter().map(|&v| i32::from(v as i8)).collect();
        let y: Vec<i32> = input[rows * cols..].iter().map(|&v| i32::from(v as i8)).collect();
        type Case = (VectorOp, fn(i32, i32) -> i32);
        let cases: [Case; 6] = [
            (VectorOp::Add, |y, x| y + x),
            (VectorOp::Max, |y, x| y.max(x)),
            (VectorOp::Min, |y, x| y.min(x)),
            (VectorOp::AddImmediate(i32::MAX), |_, x| x.wrapping_add(i32::MAX)),
            (VectorOp::MaxImmediate(-3), |_, x| x.max(-3)),
            (VectorOp::MinImmediate(-3), |_, x| x.min(-3)),
        ];
        for (op, expected) in cases {
            let mut builder = ProgramBuilder::new(geometry);
            for (base, offset) in [(0, 0), (tiles, rows * cols)] {
                builder
                    .load(Load {
                        buffer: Buffer::Acc,
                        to: Lanes {
                            base,
                            pitch,
                            ..matrix(rows, cols)
                        },
                        from: rows_of(Space::Input, offset, cols, Dtype::I8),
                        zero_point: 0,
                    })
                    .unwrap();
            }
            builder.vector(vector(op, tiles, 0, pitch, rows, cols)).unwrap();
            let from = Lanes {
                base: tiles,
                pitch,
                ..matrix(rows, cols)
            };
            builder
                .store(Store {
                    from,
                    to: rows_of(Space::Output, 0, cols, Dtype::I32),
                })
                .unwrap();
            let output = run(&device, &builder.finish().unwrap(), &input, rows * cols * 4).unwrap();
            let expected: Vec<i32> = x.iter().zip(&y).map(|(&x, &y)| expected(y, x)).collect();
            assert_eq!(i32s(&output), expected, "{op:?} on {geometry:?}");
        }
    }
}

#[test]
fn tables_and_argmax_through_workspace() {
    for geometry in geometries() {
        let device = card(geometry, 9);
        let (rows, cols) = (3_usize, 11_usize);
        let pitch = cols.div_ceil(geometry.tile_cols.into()) as u16;
        let tiles = pitch * rows.div_ceil(geometry.tile_rows.into()) as u16;
        let mut input: Vec<u8> = (0..=255_u8).rev().collect();
        // Equal values in a row: the lowest index must win.
        input.extend(
            (0..rows * cols).map(|i| [3, 1, 200, 0, 0, 7, 1, 1, 0, 0, 9][i % cols] + (i / cols) as u8),
        );
        let mut builder = ProgramBuilder::new(geometry);
        builder
            .load_tiles(burst(Buffer::Table, 1, 1, Space::Input, 0, Dtype::U8))
            .unwrap();
        builder
            .load(Load {
                buffer: Buffer::Acc,
                to: Lanes {
                    pitch,
                    ..matrix(rows, cols)
                },
                from: rows_of(Space::Input, 256, cols, Dtype::I8),
                zero_point: 0,
            })
            .unwrap();
        builder
            .vector(vector(VectorOp::Table(1), 0, 0, pitch, rows, cols))
            .unwrap();
        let table = Store {
            from: Lanes {
                pitch,
                ..matrix(rows, cols)
            },
            to: rows_of(Space::Workspace, 64, cols, Dtype::I16),
        };
        builder.store(table).unwrap();
        builder
            .load(Load {
                buffer: Buffer::Acc,
                to: Lanes {
                    pitch,
                    ..matrix(rows, cols)
                },
                from: rows_of(Space::Workspace, 64, cols, Dtype::I16),
                zero_point: 0,
            })
            .unwrap();
        let argmax = Vector {
            op: VectorOp::ArgMax {
                first: true,
                base: 100,
            },
            dst: tiles,
            dst_pitch: 2,
            src: 0,
            src_pitch: pitch,
            rows: rows as u16,
            cols: cols as u16,
        };
        builder.vector(argmax).unwrap();
        let again = VectorOp::ArgMax {
            first: false,
            base: 500,
        };
        builder.vector(Vector { op: again, ..argmax }).unwrap();
        let best = Lanes {
            base: tiles,
            pitch: 2,
            ..matrix(rows, 2)
        };
        builder
            .store(Store {
                from: best,
                to: rows_of(Space::Output, 0, 2, Dtype::I32),
            })
            .unwrap();
        let output = run(&device, &builder.finish().unwrap(), &input, rows * 8).unwrap();
        let mut expected = Vec::new();
        for row in 0..rows {
            let values: Vec<i32> = input[256 + row * cols..][..cols]
                .iter()
                .map(|&v| i32::from(input[usize::from(v)]))
                .collect();
            let best = *values.iter().max().unwrap();
            expected.extend([100 + values.iter().position(|&v| v == best).unwrap() as i32, best]);
        }
        assert_eq!(i32s(&output), expected, "{geometry:?}");
    }
}

#[test]
fn items_of_any_length_lie_side_by_side() {
    let device = card(Geometry::SMALL, 0);
    let mut random = Random(31);
    for bytes in (1..=17).chain([31, 63, 64, 65, 100]) {
        let program = device
            .load_program(&copies(&Geometry::SMALL, bytes as u16))
            .unwrap();
        for count in [1, 2, 9] {
            let inputs: Vec<Vec<u8>> = (0..count).map(|_| random.bytes(bytes)).collect();
            let views: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
            let job = RunJob {
                program: &program,
                data: None,
                state: None,
                workspace_bytes: 0,
                inputs: &views,
                output_bytes: bytes,
                dtype_in: Dtype::U8,
                dtype_out: Dtype::U8,
            };
            assert_eq!(
                device.run(&job).unwrap(),
                inputs,
                "{count} items of {bytes} bytes"
            );
        }
    }
}

fn without_tokens(program: &Program) -> Program {
    let strip = |instruction: &Instruction| Instruction {
        dependencies: Dependencies::default(),
        ..*instruction
    };
    Program::new(program.instructions().map(strip)).unwrap()
}

#[test]
fn missing_tokens_show_under_some_seed() {
    let geometry = Geometry::SMALL;
    let layer = Dense::random(4, 4, 4, &mut Random(2));
    let good = layer.program(&geometry);
    let bad = without_tokens(&good);
    bad.check_tokens().unwrap();
    let input = Random(4).bytes(16);
    let outcome = |program: &Program, seed| {
        let device = card(geometry, seed);
        let program = device.load_program(program).unwrap();
        let data = device.load_resident(&layer.data()).unwrap();
        let job = RunJob {
            program: &program,
            data: Some(&data),
            state: None,
            workspace_bytes: 0,
            inputs: &[&input],
            output_bytes: 80,
            dtype_in: Dtype::U8,
            dtype_out: Dtype::I8,
        };
        device.run(&job)
    };
    assert!((0..8).all(|seed| outcome(&good, seed).unwrap()[0] == layer.expected(&input)));
    assert!((0..8).any(|seed| outcome(&bad, seed).map_or(true, |found| found[0] != layer.expected(&input))));
}

fn status(card: &mut Raw, instructions: &[(Dependencies, Operation)]) -> (Status, u32) {
    let instructions = instructions.iter().map(|&(dependencies, operation)| Instruction {
        dependencies,
        operation,
    });
    card.run(&Program::new(instructions).unwrap().to_bytes(), 64)
}

#[test]
fn bad_programs_get_their_status_and_do_no_harm() {
    let board = programs();
    let shape = board.capabilities.geometry;
    let mut card = Raw::new(board);
    let none = Dependencies::default();
    let pops = Dependencies {
        pop_prev: true,
        ..none
    };
    assert_eq!(
        status(&mut card, &[(pops, Operation::Nop(Module::Compute))]),
        (Status::Deadlock, 0)
    );
    let pushes = Dependencies {
        push_next: true,
        ..none
    };
    assert_eq!(
        status(&mut card, &[(pushes, Operation::Nop(Module::Load))]).0,
        Status::TokenImbalance
    );
    let load = |space, offset, row_stride, base, dtype| {
        let from = Walk {
            space,
            offset,
            row_stride,
            col_stride: 1,
            dtype,
        };
        let to = Lanes { base, ..matrix(2, 4) };
        (
            none,
            Operation::Load(Load {
                buffer: Buffer::Acc,
                to,
                from,
                zero_point: 0,
            }),
        )
    };
    let mut first = |instruction| status(&mut card, &[instruction]);
    assert_eq!(
        first(load(Space::Input, 57, 4, 0, Dtype::U8)),
        (Status::OutOfBounds, 0)
    );
    assert_eq!(
        first(load(Space::Input, 0, -1, 0, Dtype::U8)),
        (Status::OutOfBounds, 0)
    );
    assert_eq!(
        first(load(Space::Input, 0, i32::MIN, 0, Dtype::U8)),
        (Status::OutOfBounds, 0)
    );
    assert_eq!(
        first(load(Space::Input, (1 << 48) - 1, i32::MAX, 0, Dtype::I32)),
        (Status::OutOfBounds, 0)
    );
    assert_eq!(
        first(load(Space::Resident, 0, 0, 0, Dtype::U8)),
        (Status::OutOfBounds, 0)
    );
    assert_eq!(
        first(load(Space::Input, 0, 0, shape.acc_tiles as u16, Dtype::U8)),
        (Status::InvalidOperand, 0)
    );
    let record = burst(Buffer::Param, 0, 1, Space::Input, 0, Dtype::U8);
    assert_eq!(
        first((none, Operation::LoadTiles(record))),
        (Status::InvalidRecord, 0)
    );
    // Bursts that end past the 64 bytes of the input, which are a tile, or past the scratchpad.
    let whole = |dtype: &Dtype| shape.tile_bytes(Buffer::Acc, *dtype) == 64;
    let dtype = Dtype::ALL.into_iter().find(whole).unwrap();
    let at = |base, count, offset| {
        let load = burst(Buffer::Acc, base, count, Space::Input, offset, dtype);
        (none, Operation::LoadTiles(load))
    };
    assert_eq!(first(at(0, 1, 0)).0, Status::Ok);
    assert_eq!(first(at(0, 1, 8)), (Status::OutOfBounds, 0));
    assert_eq!(first(at(0, 2, 0)), (Status::OutOfBounds, 0));
    let last = shape.acc_tiles as u16 - 1;
    assert_eq!(first(at(last, 2, 0)), (Status::InvalidOperand, 0));
    let far = LoadTiles {
        rows: shape.table_count as u16 + 1,
        pitch: 1,
        from: Burst {
            offset: (1 << 48) - 8,
            row_stride: u32::MAX - 7,
            ..burst(Buffer::Acc, 0, 1, Space::Input, 0, Dtype::I32).from
        },
        ..burst(Buffer::Table, 0, 1, Space::Input, 0, Dtype::I32)
    };
    assert_eq!(
        first((none, Operation::LoadTiles(far))),
        (Status::InvalidOperand, 0),
        "more tables than there are"
    );
    let far = LoadTiles { rows: 2, ..far };
    assert_eq!(first((none, Operation::LoadTiles(far))), (Status::OutOfBounds, 0));
}

#[test]
fn a_card_refuses_more_work_than_it_grants() {
    let mut sim = small();
    sim.capabilities.work_budget = MIN_WORK_BUDGET;
    let mut card = Raw::new(sim);
    let endless = Gemm {
        m_tiles: 1,
        n_tiles: 1,
        k_tiles: u16::MAX,
        ..Gemm::default()
    };
    assert_eq!(
        status(&mut card, &[(Dependencies::default(), Operation::Gemm(endless))]),
        (Status::BudgetExceeded, 0)
    );
}

/// Units of the budget for two tiles that are multiplied.
fn cost_of_a_product(shape: &Geometry) -> u64 {
    16 + u64::from(shape.tile_rows) * u64::from(shape.tile_cols) * u64::from(shape.tile_depth)
}

#[test]
fn a_program_over_budget_is_not_sent_and_one_that_is_wrong_condemns_the_card() {
    let mut sim = small();
    sim.capabilities.work_budget = MIN_WORK_BUDGET;
    let (device, _) = open(sim, Options::default()).unwrap();
    let of = |operation| {
        let dependencies = Dependencies::default();
        Program::new([Instruction {
            dependencies,
            operation,
        }])
        .unwrap()
    };
    let endless = Gemm {
        m_tiles: 1,
        n_tiles: 1,
        k_tiles: u16::MAX,
        ..Gemm::default()
    };
    assert!(matches!(
        run(&device, &of(Operation::Gemm(endless)), &[], 0),
        Err(DeviceError::TooLarge {
            what: "units of work",
            limit: MIN_WORK_BUDGET,
            ..
        })
    ));
    assert!(device.health().is_healthy());
    // The items of a job count together.
    let product = cost_of_a_product(&device.capabilities().geometry);
    let half = Gemm {
        k_tiles: (MIN_WORK_BUDGET * 3 / 4 / product) as u16,
        ..endless
    };
    let program = device.load_program(&of(Operation::Gemm(half))).unwrap();
    let items = |inputs| {
        device.run(&RunJob {
            program: &program,
            data: None,
            state: None,
            workspace_bytes: 0,
            inputs,
            output_bytes: 0,
            dtype_in: Dtype::U8,
            dtype_out: Dtype::U8,
        })
    };
    assert!(items(&[&[]]).is_ok());
    assert!(matches!(items(&[&[], &[]]), Err(DeviceError::TooLarge { .. })));
    let outside = Fill {
        buffer: Buffer::A,
        base: u16::MAX,
        tiles: 1,
        value: 0,
    };
    let refused = DeviceError::Job {
        status: Status::InvalidOperand,
        detail: 0,
    };
    assert_eq!(run(&device, &of(Operation::Fill(outside)), &[], 0), Err(refused));
    assert!(!device.health().is_healthy());
    device.reset().unwrap();
    device.nop_batch(1).unwrap();
}

#[test]
fn what_the_card_would_refuse_is_not_sent() {
    let mut sim = small();
    sim.capabilities.max_program_instructions = 40;
    let (device, faults) = open(sim.clone(), Options::default()).unwrap();
    let long = device.load_resident(&[0; 42 * 32]).unwrap();
    let fitting = device.load_resident(&[0; 41 * 32]).unwrap();
    let job = |program, bytes: usize, dtype_out| {
        device.run(&RunJob {
            program,
            data: None,
            state: None,
            workspace_bytes: 0,
            inputs: &[&[]],
            output_bytes: bytes,
            dtype_in: Dtype::U8,
            dtype_out,
        })
    };
    let sent = faults.entries();
    assert!(matches!(
        job(&long, 4, Dtype::I32),
        Err(DeviceError::TooLarge {
            asked: 41,
            limit: 40,
            ..
        })
    ));
    assert!(matches!(
        job(&fitting, 7, Dtype::I16),
        Err(DeviceError::PartialElement { bytes: 7, .. })
    ));
    assert_eq!(faults.entries(), sent);
    assert!(device.health().is_healthy());
    sim.capabilities.features &= !metisvm_firmware::registers::features::TENSOR;
    let (device, _) = open(sim, Options::default()).unwrap();
    let program = device.load_resident(&[0; 32]).unwrap();
    let job = RunJob {
        program: &program,
        data: None,
        state: None,
        workspace_bytes: 0,
        inputs: &[&[]],
        output_bytes: 0,
        dtype_in: Dtype::U8,
        dtype_out: Dtype::U8,
    };
    assert_eq!(device.run(&job), Err(DeviceError::NoEngine("tensor")));
    assert!(device.health().is_healthy());
}

#[test]
fn random_bytes_are_no_program_and_do_no_harm() {
    let mut card = Raw::new(small());
    let mut random = Random(11);
    let opcodes: [&[u8]; 3] = [&[1, 2, 3, 7], &[1, 4, 5], &[1, 6, 8]];
    for round in 0..300 {
        // A right header and opcodes most of the time, so that the later checks are reached too.
        let lengths = [random.below(4), random.below(4), random.below(4)];
        let mut bytes: Vec<u8> = [
            lengths[0] as u32,
            lengths[1] as u32,
            lengths[2] as u32,
            0,
            0,
            0,
            0,
            0,
        ]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
        for (length, opcodes) in lengths.into_iter().zip(opcodes) {
            for _ in 0..length {
                let mut instruction = random.bytes(32);
                instruction[0] = opcodes[random.below(opcodes.len())];
                instruction[1] &= 0x0f;
                bytes.extend(instruction);
            }
        }
        if round % 50 == 0 {
            let at = random.below(bytes.len());
            bytes.truncate(at + 1);
        }
        assert_ne!(card.run(&bytes, 16).0, Status::Ok);
    }
}
