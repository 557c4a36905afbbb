//! The reference kernels, and the models that the binary carries, on one core.
//!
//! Throughput is in elements a second, where an element is a multiply-accumulate of a product and a
//! result of anything else. The gas schedule is priced from these figures (docs/benchmarks.md).

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use metisvm_model::{DType, Graph, Op, Parsed, Reference, Tensor, TensorType, Window};
use metisvm_tests::rng::Rng;
use std::hint::black_box;
use std::sync::Arc;

fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, dims).expect("a small shape")
}

/// One node over an input of that type, and constants of the others.
fn one_node(op: Op, input: TensorType, constants: &[(TensorType, i64, i64)]) -> Arc<Graph> {
    let mut rng = Rng::new(1);
    let mut graph = Parsed::default();
    let mut operands = vec![graph.input("x", input)];
    for (ty, low, high) in constants {
        let data = (0..ty.elements())
            .map(|_| rng.within(*low, *high) as i32)
            .collect();
        operands.push(graph.constant(&Tensor::new(ty.clone(), data).expect("within the type")));
    }
    let result = graph.node(op, &operands);
    graph.output("y", result);
    Arc::new(graph.check().expect("a sound graph"))
}

fn input(graph: &Graph) -> Vec<u8> {
    let mut rng = Rng::new(2);
    (0..graph.input_bytes()).map(|_| rng.next() as u8).collect()
}

fn kernels(c: &mut Criterion) {
    let mut group = c.benchmark_group("reference");
    let i8s = |dims: &[u32]| (ty(DType::I8, dims), -127, 127);
    let zero = (ty(DType::I8, &[]), 0, 0);
    let requantise = [
        (ty(DType::I16, &[]), 20000, 20000),
        (ty(DType::U8, &[]), 24, 24),
        zero.clone(),
    ];
    let graphs: Vec<(&str, Arc<Graph>)> = vec![
        (
            "mat_mul 1x256x256",
            one_node(
                Op::MatMul,
                ty(DType::I8, &[1, 256]),
                &[i8s(&[256, 256]), zero.clone(), zero.clone()],
            ),
        ),
        (
            "mat_mul 64x256x256",
            one_node(
                Op::MatMul,
                ty(DType::I8, &[64, 256]),
                &[i8s(&[256, 256]), zero.clone(), zero.clone()],
            ),
        ),
        (
            "conv2d 16x3x3 over 16x16x16",
            one_node(
                Op::Conv2d {
                    window: Window::default(),
                    groups: 1,
                },
                ty(DType::I8, &[1, 16, 16, 16]),
                &[i8s(&[16, 16, 3, 3]), zero.clone(), zero.clone()],
            ),
        ),
        (
            "requantise",
            one_node(
                Op::Requantise {
                    to: DType::I8,
                    axis: 0,
                },
                ty(DType::I32, &[1 << 16]),
                &requantise,
            ),
        ),
        (
            "clamp",
            one_node(
                Op::Clamp,
                ty(DType::I8, &[1 << 16]),
                &[(ty(DType::I8, &[]), -100, -100), (ty(DType::I8, &[]), 100, 100)],
            ),
        ),
        (
            "table",
            one_node(Op::Table, ty(DType::U8, &[1 << 16]), &[i8s(&[256])]),
        ),
        (
            "add",
            one_node(Op::Add, ty(DType::I8, &[1 << 16]), &[i8s(&[1 << 16])]),
        ),
        (
            "max_pool2d 2x2",
            one_node(
                Op::MaxPool2d {
                    kernel: [2, 2],
                    window: Window {
                        stride: [2, 2],
                        ..Window::default()
                    },
                },
                ty(DType::I8, &[1, 16, 64, 64]),
                &[],
            ),
        ),
        (
            "arg_max",
            one_node(Op::ArgMax { axis: 1 }, ty(DType::I8, &[64, 1024]), &[]),
        ),
    ];
    for (name, graph) in graphs {
        let work = graph.work();
        let results = graph.ty(graph.outputs()[0].value).elements() as u64;
        let elements = [work.macs, work.compares, results]
            .into_iter()
            .find(|&n| n > 0)
            .unwrap_or(1);
        let input = input(&graph);
        let reference = Reference::new(graph);
        group.throughput(Throughput::Elements(elements));
        group.bench_function(name, |b| {
            b.iter(|| reference.run(black_box(&input)).expect("the right length"))
        });
    }
    group.finish();
}

fn models(c: &mut Criterion) {
    let mut group = c.benchmark_group("models on the reference");
    for bundle in metisvm::bundled::models().expect("the bundled models are whole") {
        let graph = Arc::new(bundle.graph);
        let input = input(&graph);
        let macs = graph.work().macs;
        let convolves = graph.nodes().iter().any(|n| matches!(n.op, Op::Conv2d { .. }));
        let name = if convolves { "CNN" } else { "MLP" };
        let reference = Reference::new(graph);
        group.throughput(Throughput::Elements(macs));
        group.bench_function(BenchmarkId::new("digits", name), |b| {
            b.iter(|| reference.run(black_box(&input)).expect("the right length"));
        });
    }
    group.finish();
}

criterion_group!(benches, kernels, models);
criterion_main!(benches);
