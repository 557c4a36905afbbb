//! Graphs that the generator does not make, on every level of the cpu backend: images that are constants, and
//! products and chains so large that their rows are divided among threads.

use metisvm_accel::cpu::{self, CpuBackend};
use metisvm_accel::{Backend, Batch};
use metisvm_model::{DType, Graph, Op, Parsed, Reference, Segment, Tensor, TensorType, Value, Window};
use metisvm_simd::Level;
use metisvm_tests::rng::Rng;
use std::sync::Arc;

struct Builder(Parsed, Rng);

impl Builder {
    fn new() -> Self {
        Self(Parsed::default(), Rng::new(7))
    }

    fn input(&mut self, dtype: DType, dims: &[u32]) -> Value {
        let name = format!("x{}", self.0.inputs.len());
        self.0.input(&name, ty(dtype, dims))
    }

    fn constant(&mut self, dtype: DType, dims: &[u32], low: i64, high: i64) -> Value {
        let ty = ty(dtype, dims);
        let data = (0..ty.elements()).map(|_| self.1.within(low, high) as i32);
        let data = data.collect();
        self.0.constant(&Tensor::new(ty, data).expect("within the type"))
    }

    fn done(mut self, y: Value) -> Graph {
        self.0.output("y", y);
        self.0.check().expect("a sound graph")
    }
}

fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, dims).expect("a sound shape")
}

/// Compares every level with the reference kernels on a batch; in a pool of so many threads, if there are any. Only
/// where a form is `left` to them may the reference kernels have done the multiply-accumulates.
fn compare(graph: &Graph, items: usize, threads: Option<usize>, left: bool) {
    let graph = Arc::new(graph.clone());
    let reference = Reference::new(graph.clone());
    let mut rng = Rng::new(11);
    let inputs: Vec<Vec<u8>> = (0..items)
        .map(|_| (0..graph.input_bytes()).map(|_| rng.next() as u8).collect())
        .collect();
    let expected: Vec<Vec<u8>> = inputs
        .iter()
        .map(|input| reference.run(input).expect("an input of the model"))
        .collect();
    for level in Level::available() {
        let run = || {
            let backend = CpuBackend::new(cpu::Options {
                level: Some(level),
                ..cpu::Options::default()
            });
            let segment = Segment::whole(graph.clone());
            let executable = backend.compile(&segment).expect("it takes every graph");
            let given = executable.run(&batch(&segment, &inputs)).expect("it runs");
            let given = given.to_items().expect("they are on the host");
            let given: Vec<&[u8]> = given.iter().map(|item| &item[..]).collect();
            assert!(given == expected, "{level}");
            backend.report()
        };
        let report = match threads {
            None => run(),
            Some(threads) => {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
                pool.expect("threads").install(run)
            }
        };
        assert_eq!(report.scalar_macs > 0, left, "{level}");
    }
}

fn batch(segment: &Segment, inputs: &[Vec<u8>]) -> Batch {
    let types = segment.inputs().iter().map(|&input| segment.graph().ty(input));
    let items = inputs.iter().map(|input| input.clone().into()).collect();
    Batch::from_items(types, items).expect("items of the inputs' lengths")
}

const CONV: Op = Op::Conv2d {
    window: Window {
        stride: [1, 1],
        dilation: [1, 1],
        padding: metisvm_model::Padding {
            top: 1,
            left: 1,
            bottom: 1,
            right: 1,
        },
    },
    groups: 1,
};

/// A convolution of a constant image, added to an input: with constant weights, with weights, or with zero points
/// that are inputs.
#[test]
fn images_that_are_constants() {
    for (computed_w, computed_zero) in [(false, false), (false, true), (true, false), (true, true)] {
        for side in [3, 12] {
            let mut b = Builder::new();
            let x = b.constant(DType::U8, &[2, 5, side, side], 0, 255);
            let w = match computed_w {
                true => b.input(DType::I8, &[6, 5, 3, 3]),
                false => b.constant(DType::I8, &[6, 5, 3, 3], -128, 127),
            };
            let x_zero = b.constant(DType::U8, &[], 3, 3);
            let w_zero = match computed_zero {
                true => b.input(DType::I8, &[6]),
                false => b.constant(DType::I8, &[6], -9, 9),
            };
            let conv = b.0.node(CONV, &[x, w, x_zero, w_zero]);
            let other = b.input(DType::I8, &[2, 6, side, side]);
            let y = b.0.node(Op::Add, &[conv, other]);
            let graph = b.done(y);
            // Small ones are left to the reference kernels, which takes less time than compiling.
            let is_scalar = (computed_w || computed_zero) && side == 3;
            compare(&graph, 3, None, is_scalar);
        }
    }
}

/// Products of inputs, with bias and zero points of each item, whose rows are divided in the midst of a product.
#[test]
fn rows_of_products_among_threads() {
    for (batch, m) in [(1, 70), (25, 3), (9, 12)] {
        let (k, n) = (512, 512);
        let mut b = Builder::new();
        let x = b.input(DType::I8, &[batch, m, k]);
        let w = b.input(DType::I8, &[batch, k, n]);
        let x_zero = b.input(DType::I8, &[]);
        let w_zero = b.input(DType::I8, &[n]);
        let bias = b.constant(DType::I32, &[n], -1000, 1000);
        let y = b.0.node(Op::MatMul, &[x, w, x_zero, w_zero, bias]);
        let graph = b.done(y);
        compare(&graph, 1, Some(3), false);
    }
    let mut b = Builder::new();
    let x = b.input(DType::I8, &[67, 512]);
    let w = b.constant(DType::I8, &[512, 300], -128, 127);
    let zero = b.constant(DType::I8, &[], 5, 5);
    let y = b.0.node(Op::MatMul, &[x, w, zero, zero]);
    compare(&b.done(y), 2, Some(3), false);
}

/// A convolution whose output channels are divided in the midst of a group, and a chain of many rows.
#[test]
fn rows_of_convolutions_and_chains_among_threads() {
    let mut b = Builder::new();
    let x = b.input(DType::U8, &[1, 15, 40, 40]);
    let w = b.constant(DType::I8, &[75, 5, 5, 5], -128, 127);
    let zero = b.constant(DType::U8, &[], 9, 9);
    let w_zero = b.constant(DType::I8, &[75], -9, 9);
    let Op::Conv2d { window, .. } = CONV else { return };
    let conv = Op::Conv2d { window, groups: 3 };
    let y = b.0.node(conv, &[x, w, zero, w_zero]);
    let scale = b.constant(DType::I16, &[75, 1, 1], 1, 900);
    let y = b.0.node(
        Op::Mul {
            shift: 12,
            to: DType::I16,
        },
        &[y, scale],
    );
    compare(&b.done(y), 2, Some(3), false);
    let mut b = Builder::new();
    let x = b.input(DType::I16, &[700, 401]);
    let row = b.input(DType::I16, &[401]);
    let sum = b.0.node(Op::Add, &[x, row]);
    let greatest = b.0.node(Op::ReduceMax { axis: 1 }, &[sum]);
    let y = b.0.node(Op::Sub, &[sum, greatest]);
    compare(&b.done(y), 1, Some(3), false);
}
