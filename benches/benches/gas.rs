//! What gas buys at worst: graphs made to cost an engine as much as they can for their gas.
//!
//! Prints million gas a second, the best of five runs each, dearest first: of schedule 1 on the reference kernels,
//! of schedule 2 on the cpu backend at AVX2 on one core. A schedule is meant to hold 30: a block of 60 million gas then
//! takes 2 of its 12 seconds. `METISVM_SCHEDULE=2` runs that one alone.

#[path = "gas/dear.rs"]
mod dear;
#[path = "gas/later.rs"]
mod later;

use metisvm_accel::cpu::{self, CpuBackend};
use metisvm_accel::{Backend, Batch};

use metisvm_model::{
    DType, Graph, Op, Padding, Parsed, Reference, Segment, Shape, Tensor, TensorType, Value, Window,
};
use metisvm_simd::Level;
use metisvm_simd::level::Kind;
use metisvm_tests::rng::Rng;
use metisvm_vm::GasSchedule;
use std::sync::Arc;
use std::time::Instant;

struct Builder(Parsed, Rng);

impl Builder {
    fn constant(&mut self, dtype: DType, dims: &[u32], low: i64, high: i64) -> Value {
        let ty = TensorType::new(dtype, dims).expect("a sound shape");
        let data = (0..ty.elements())
            .map(|_| self.1.within(low, high) as i32)
            .collect();
        self.0.constant(&Tensor::new(ty, data).expect("within the type"))
    }
}

fn one(dtype: DType, dims: &[u32], op: impl FnOnce(&mut Builder) -> (Op, Vec<Value>)) -> Graph {
    let mut b = Builder(Parsed::default(), Rng::new(1));
    let x =
        b.0.input("x", TensorType::new(dtype, dims).expect("a sound shape"));
    let (op, rest) = op(&mut b);
    let y = b.0.node(op, &[vec![x], rest].concat());
    b.0.output("y", y);
    b.0.check().expect("a sound graph")
}

fn conv(channels: u32, outs: u32, side: u32, kernel: u32, groups: u32, stride: u32, pad: u32) -> Graph {
    one(DType::I8, &[1, channels, side, side], |b| {
        let w = b.constant(DType::I8, &[outs, channels / groups, kernel, kernel], -4, 4);
        let zero = b.constant(DType::I8, &[], 0, 0);
        let padding = Padding {
            top: pad,
            left: pad,
            bottom: pad,
            right: pad,
        };
        let window = Window {
            stride: [stride, stride],
            padding,
            ..Window::default()
        };
        (Op::Conv2d { window, groups }, vec![w, zero, zero])
    })
}

fn mat_mul(m: u32, k: u32, n: u32) -> Graph {
    one(DType::I8, &[m, k], |b| {
        let w = b.constant(DType::I8, &[k, n], -4, 4);
        let zero = b.constant(DType::I8, &[], 0, 0);
        (Op::MatMul, vec![w, zero, zero])
    })
}

fn pool(side: u32, kernel: u32) -> Graph {
    one(DType::I8, &[1, 1, side, side], |_| {
        (
            Op::MaxPool2d {
                kernel: [kernel, kernel],
                window: Window::default(),
            },
            vec![],
        )
    })
}

fn add(a: &[u32], b_dims: &[u32]) -> Graph {
    one(DType::I8, a, |b| {
        (Op::Add, vec![b.constant(DType::I8, b_dims, -9, 9)])
    })
}

fn main() {
    let n = 1 << 20;
    let mut graphs: Vec<(&str, Graph)> = vec![
        (
            "Conv2d 1x1 on 1x1, 4096 to 1024 channels",
            conv(4096, 1024, 1, 1, 1, 1, 0),
        ),
        ("Conv2d 3x3 on 3x3, 64 to 64", conv(64, 64, 3, 3, 1, 1, 0)),
        ("Conv2d 1x1 on 1x1, 4096 to 16", conv(4096, 16, 1, 1, 1, 1, 0)),
        ("Conv2d 256x256 on 256x256", conv(1, 1, 256, 256, 1, 1, 0)),
        (
            "Conv2d 3x3 on 32x32, 16 to 16, padded",
            conv(16, 16, 32, 3, 1, 1, 1),
        ),
        ("Conv2d 3x3 depthwise on 64x64, 64", conv(64, 64, 64, 3, 64, 1, 1)),
        ("Conv2d 1x1 depthwise on 256x256", conv(16, 16, 256, 1, 16, 1, 0)),
        (
            "Conv2d 3x3 stride 3 on 129x129, 8 to 8",
            conv(8, 8, 129, 3, 1, 3, 0),
        ),
        (
            "Conv2d 3x3 stride 3 on 129x129, 8 to 1",
            conv(8, 1, 129, 3, 1, 3, 0),
        ),
        (
            "Conv2d 5x5 stride 4 on 129x129, 1 to 1",
            conv(1, 1, 129, 5, 1, 4, 0),
        ),
        (
            "Conv2d 5x5 mostly padding on 1x1, 64 to 64",
            conv(64, 64, 1, 5, 1, 1, 60),
        ),
        ("MatMul 1x4096x1024", mat_mul(1, 4096, 1024)),
        ("MatMul 1024x4096x1", mat_mul(1024, 4096, 1)),
        ("MatMul 1024x1x1024", mat_mul(1024, 1, 1024)),
        ("MatMul 4096x64x2", mat_mul(4096, 64, 2)),
        ("MaxPool2d 1x1 on 1024x1024", pool(1024, 1)),
        ("MaxPool2d 3x3 on 512x512", pool(512, 3)),
        ("MaxPool2d 64x64 on 128x128", pool(128, 64)),
        (
            "ArgMax over rows of 4096x1024",
            one(DType::I8, &[4096, 1024], |_| (Op::ArgMax { axis: 0 }, vec![])),
        ),
        (
            "ArgMax over columns of 4096x1024",
            one(DType::I8, &[4096, 1024], |_| (Op::ArgMax { axis: 1 }, vec![])),
        ),
        (
            "ArgMax over 2 of 2^20",
            one(DType::I8, &[n, 2], |_| (Op::ArgMax { axis: 1 }, vec![])),
        ),
        (
            "Add, eight dimensions, broadcast",
            add(&[16, 16, 16, 16, 4, 2, 2, 1], &[16, 1, 16, 1, 4, 1, 2, 1]),
        ),
        ("Add of vectors", add(&[n], &[n])),
        (
            "Reshape",
            one(DType::I8, &[1 << 22], |_| {
                (
                    Op::Reshape {
                        shape: Shape::new(&[2, 1 << 21]).expect("sound"),
                    },
                    vec![],
                )
            }),
        ),
        (
            "Table",
            one(DType::U8, &[n], |b| {
                (Op::Table, vec![b.constant(DType::I8, &[256], -9, 9)])
            }),
        ),
        (
            "Clamp",
            one(DType::I8, &[n], |b| {
                (
                    Op::Clamp,
                    vec![
                        b.constant(DType::I8, &[], -9, -9),
                        b.constant(DType::I8, &[], 9, 9),
                    ],
                )
            }),
        ),
        (
            "Requantise by channel",
            one(DType::I32, &[1024, 1024], |b| {
                let m = b.constant(DType::I16, &[1024], 1, 32767);
                let s = b.constant(DType::U8, &[1024], 14, 30);
                let z = b.constant(DType::I8, &[1024], -9, 9);
                (
                    Op::Requantise {
                        to: DType::I8,
                        axis: 1,
                    },
                    vec![m, s, z],
                )
            }),
        ),
    ];
    let mut b = Builder(Parsed::default(), Rng::new(1));
    let big = b.constant(DType::U8, &[1 << 24], 0, 255);
    b.0.output("y", big);
    graphs.push((
        "no node, 16 MiB of constant output",
        b.0.check().expect("a sound graph"),
    ));
    let mut b = Builder(Parsed::default(), Rng::new(1));
    let mut x = b.0.input("x", TensorType::new(DType::U8, &[1]).expect("sound"));
    for _ in 0..10_000 {
        x = b.0.node(
            Op::Reshape {
                shape: Shape::new(&[1]).expect("sound"),
            },
            &[x],
        );
    }
    b.0.output("y", x);
    graphs.push(("10,000 nodes of one element", b.0.check().expect("a sound graph")));

    graphs.extend(later::graphs());
    graphs.extend(dear::graphs());
    let schedules = [
        ("1, reference kernels", &GasSchedule::V1, None),
        (
            "2, cpu backend at AVX2 on one core",
            &GasSchedule::V2,
            Some(Kind::Avx2),
        ),
    ];
    let only = std::env::var("METISVM_SCHEDULE").ok();
    for (name, schedule, kind) in schedules {
        if only.as_ref().is_some_and(|only| !name.starts_with(only.as_str())) {
            continue;
        }
        let level = match kind.map(Level::of) {
            Some(None) => {
                println!("left out: schedule {name} (this processor has no AVX2)");
                continue;
            }
            Some(Some(level)) => Some(level),
            None => None,
        };
        let priced = graphs
            .iter()
            .filter(|(_, graph)| schedule.first_unpriced(&graph.operators()).is_none());
        let mut rows: Vec<(f64, u64, f64, &str)> = priced
            .map(|(name, graph)| {
                // Not what handing out the result costs: inside of a graph nobody pays that.
                let gas = schedule.work_gas(&graph.work());
                let best = seconds(graph, level);
                (gas as f64 / best / 1e6, gas, best * 1e3, *name)
            })
            .collect();
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        println!("schedule {name}");
        println!("{:>8}  {:>10}  {:>9}  graph", "Mgas/s", "gas", "ms");
        for (rate, gas, ms, name) in rows {
            println!("{rate:8.1}  {gas:10}  {ms:9.2}  {name}");
        }
    }
}

/// The best of five runs of a graph: at a level of the cpu backend, or by the reference kernels.
fn seconds(graph: &Graph, level: Option<Level>) -> f64 {
    let mut rng = Rng::new(3);
    let input: Vec<u8> = (0..graph.input_bytes()).map(|_| rng.next() as u8).collect();
    let graph = Arc::new(graph.clone());
    let reference = Reference::new(graph.clone());
    let mut run: Box<dyn FnMut()> = match level {
        None => Box::new(move || {
            std::hint::black_box(
                reference
                    .run(std::hint::black_box(&input))
                    .expect("the right length"),
            );
        }),
        Some(level) => {
            let backend = CpuBackend::new(cpu::Options {
                level: Some(level),
                ..cpu::Options::default()
            });
            // Segments without nodes are the dispatcher's.
            if graph.nodes().is_empty() {
                return f64::INFINITY;
            }
            let segment = Segment::part(graph.clone(), 0..graph.nodes().len());
            let made = backend.compile(&segment).expect("it takes everything");
            let types: Vec<_> = segment
                .inputs()
                .iter()
                .map(|&value| graph.ty(value).clone())
                .collect();
            let bytes: usize = types.iter().map(TensorType::bytes).sum();
            let batch = Batch::from_items(&types, vec![input[..bytes].to_vec().into()]).expect("one item");
            Box::new(move || {
                std::hint::black_box(made.run(std::hint::black_box(&batch)).expect("it runs"));
            })
        }
    };
    // The first run also makes memory that later ones use again.
    run();
    let best = (0..5).map(|_| {
        let started = Instant::now();
        run();
        started.elapsed().as_secs_f64()
    });
    best.fold(f64::INFINITY, f64::min)
}
