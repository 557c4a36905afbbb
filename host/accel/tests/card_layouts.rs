//! Layouts that generated graphs seldom reach: results that lie as tiles, and convolutions by lines, each on the
//! functional card in random orders, against the reference kernels.

use metisvm_accel::fpga::{Compiled, Mode, compile};
use metisvm_firmware::{Buffer, Geometry, Operation};
use metisvm_model::{
    DType, Graph, Op, Padding, Parsed, Reference, Segment, Tensor, TensorType, Value, Window,
};
use metisvm_sim::machine::{Machine, Spaces};
use metisvm_sim::schedule::Schedule;
use metisvm_sim::streams::Streams;
use metisvm_sim::{SimOptions, races};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const ORDERS: u64 = 3;

fn geometries() -> [Geometry; 4] {
    let of = |tile_rows, tile_cols, tile_depth, tiles| Geometry {
        tile_rows,
        tile_cols,
        tile_depth,
        a_tiles: tiles,
        b_tiles: tiles,
        acc_tiles: tiles / 4,
        param_entries: 64,
        table_count: 1,
    };
    [
        of(4, 4, 4, 96),
        of(8, 8, 4, 256),
        of(4, 2, 8, 128),
        of(4, 6, 2, 200),
    ]
}

fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, dims).expect("within the limits")
}

fn constant(g: &mut Parsed, dtype: DType, dims: &[u32], of: impl Fn(i32) -> i32) -> Value {
    let ty = ty(dtype, dims);
    let data = (0..ty.elements() as i32).map(of).collect();
    g.constant(&Tensor::new(ty, data).expect("in range"))
}

fn weights(g: &mut Parsed, dims: &[u32]) -> Value {
    constant(g, DType::I8, dims, |i| i * 37 % 101 - 50)
}

fn requantised(g: &mut Parsed, x: Value, channels: u32, axis: u8) -> Value {
    let multiplier = constant(g, DType::I16, &[channels], |i| 9000 + 100 * i);
    let shift = constant(g, DType::U8, &[], |_| 21);
    let zero = constant(g, DType::I8, &[], |_| -3);
    let to = DType::I8;
    g.node(Op::Requantise { to, axis }, &[x, multiplier, shift, zero])
}

/// Runs a graph in several orders, and gives the program.
fn check(graph: Arc<Graph>, geometry: Geometry, what: &str) -> Vec<Compiled> {
    let input: Vec<u8> = (0..Segment::whole(graph.clone()).input_bytes())
        .map(|i| (i * 91 % 251) as u8)
        .collect();
    let expected = Reference::new(graph.clone()).run(&input).expect("its own input");
    let segment = Segment::whole(graph);
    let card = SimOptions::new(geometry).capabilities;
    [Mode::Fast, Mode::Checked]
        .map(|mode| {
            let compiled = compile(&segment, &card, mode).expect("a card takes it");
            races::check(&compiled.program, &geometry)
                .unwrap_or_else(|disorder| panic!("{what}: {disorder}"));
            for seed in 0..ORDERS {
                let output = run(&compiled, geometry, &input, seed);
                assert!(output.starts_with(&expected), "{what}, {mode:?}, {geometry:?}");
            }
            compiled
        })
        .into()
}

fn run(compiled: &Compiled, geometry: Geometry, input: &[u8], seed: u64) -> Vec<u8> {
    let stop = AtomicBool::new(false);
    let streams =
        Streams::read(&compiled.program.to_bytes(), 1 << 20, &geometry, &stop).expect("well-formed");
    let input = compiled.arrange(input);
    let mut machine = Machine::new(geometry);
    machine.poison();
    let mut output = vec![0xa5; compiled.output_bytes];
    let mut workspace = vec![0x5a; compiled.workspace_bytes as usize];
    let mut schedule = Schedule::new(seed);
    schedule.rewind(&streams);
    while let Some(index) = schedule.next(&streams).expect("it ends") {
        let mut spaces = Spaces {
            resident: &compiled.resident,
            input: &input,
            output: &mut output,
            workspace: &mut workspace,
            state: &mut [],
        };
        let done = machine.execute(streams.get(index), &mut spaces, &stop);
        done.unwrap_or_else(|status| panic!("instruction {index}: {status:?}"));
    }
    compiled.restore(output)
}

#[test]
fn products_read_each_others_results_in_bursts() {
    let (mut loads, mut stores) = (0, 0);
    for geometry in geometries() {
        for (rows, sides) in [(24, [5, 48, 24, 7]), (8, [16, 96, 8, 24]), (48, [8, 24, 120, 30])] {
            let mut g = Parsed::default();
            let mut x = g.input("x", ty(DType::I8, &[rows, sides[0]]));
            let zero = constant(&mut g, DType::I8, &[], |_| 5);
            for pair in sides.windows(2) {
                let w = weights(&mut g, &[pair[0], pair[1]]);
                let y = g.node(Op::MatMul, &[x, w, zero, zero]);
                x = requantised(&mut g, y, pair[1], 1);
                // One result leaves the graph, too.
                if pair[1] == 24 {
                    g.output("between", x);
                }
            }
            g.output("y", x);
            let graph = Arc::new(g.check().expect("sound"));
            for compiled in check(graph, geometry, "products") {
                for instruction in compiled.program.instructions() {
                    match instruction.operation {
                        Operation::LoadTiles(load) if load.buffer == Buffer::A => loads += 1,
                        Operation::StoreTiles(_) => stores += 1,
                        _ => {}
                    }
                }
            }
        }
    }
    assert!(
        loads > 20 && stores > 5,
        "{loads} bursts into A, {stores} out of ACC"
    );
}

#[test]
fn convolutions_by_lines_have_the_bits_of_the_reference() {
    let mut by_lines = 0;
    let padding = |top, left, bottom, right| Padding {
        top,
        left,
        bottom,
        right,
    };
    let cases = [
        ([3, 3], [1, 1], [1, 1], Padding::all(1), 1, 17),
        ([3, 3], [2, 2], [1, 1], padding(0, 1, 1, 2), 1, 22),
        ([1, 5], [1, 1], [1, 2], padding(0, 4, 0, 4), 2, 16),
        ([2, 3], [1, 3], [2, 1], padding(2, 0, 1, 0), 1, 31),
        ([3, 2], [3, 1], [1, 3], padding(5, 3, 5, 2), 2, 13),
    ];
    for geometry in geometries() {
        for (case, (kernel, stride, dilation, padding, groups, width)) in cases.into_iter().enumerate() {
            for bias in [false, true] {
                let (channels, outs) = (8, 12);
                let mut g = Parsed::default();
                let x = g.input("x", ty(DType::I8, &[2, channels, 7, width]));
                let w = weights(&mut g, &[outs, channels / groups, kernel[0], kernel[1]]);
                let x_zero = constant(&mut g, DType::I8, &[], |_| 7);
                let w_zero = constant(&mut g, DType::I8, &[], |_| -2);
                let mut operands = vec![x, w, x_zero, w_zero];
                if bias {
                    operands.push(constant(&mut g, DType::I32, &[outs], |i| i * 1001 - 5000));
                }
                let window = Window {
                    stride,
                    dilation,
                    padding,
                };
                let y = g.node(Op::Conv2d { window, groups }, &operands);
                let y = requantised(&mut g, y, outs, 1);
                g.output("y", y);
                let graph = Arc::new(g.check().expect("sound"));
                for compiled in check(graph, geometry, &format!("convolution {case}")) {
                    // A gather of a tap goes to rows of several tiles; one of a line stays within a tile's.
                    by_lines += usize::from(compiled.program.instructions().all(|instruction| {
                        !matches!(instruction.operation, Operation::Load(load)
                            if load.buffer == Buffer::A && load.to.pitch != 0)
                    }));
                }
            }
        }
    }
    assert!(by_lines > 20, "{by_lines} of 80 programs by lines");
}
