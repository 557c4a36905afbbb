//! Graphs of the operators since version 2 of the bundle, and of forms that fast kernels like least: parameters that
//! are computed, short rows, dimensions stretched in the middle, many small nodes.

use super::Builder;
use metisvm_model::{DType, Graph, Op, Parsed, TensorType, Value, Window};
use metisvm_tests::rng::Rng;

const N: u32 = 1 << 20;

fn graph(build: impl FnOnce(&mut Builder) -> Value) -> Graph {
    let mut b = Builder(Parsed::default(), Rng::new(1));
    let y = build(&mut b);
    b.0.output("y", y);
    b.0.check().expect("a sound graph")
}

impl Builder {
    fn input(&mut self, dtype: DType, dims: &[u32]) -> Value {
        let name = format!("x{}", self.0.inputs.len());
        self.0
            .input(&name, TensorType::new(dtype, dims).expect("a sound shape"))
    }

    fn scalar(&mut self, dtype: DType, value: i64) -> Value {
        self.constant(dtype, &[], value, value)
    }
}

/// One node over an input, with the constants that `rest` makes.
fn unary(dtype: DType, dims: &[u32], op: Op, rest: impl FnOnce(&mut Builder) -> Vec<Value>) -> Graph {
    graph(|b| {
        let x = b.input(dtype, dims);
        let operands = [vec![x], rest(b)].concat();
        b.0.node(op, &operands)
    })
}

/// One node over two inputs.
fn binary(op: Op, a: (DType, &[u32]), c: (DType, &[u32])) -> Graph {
    graph(|b| {
        let operands = [b.input(a.0, a.1), b.input(c.0, c.1)];
        b.0.node(op, &operands)
    })
}

/// A product of two inputs.
fn computed(op: Op, x: (DType, &[u32]), w: &[u32]) -> Graph {
    graph(|b| {
        let zero = b.scalar(x.0, 0);
        let w_zero = b.scalar(DType::I8, 0);
        let operands = [b.input(x.0, x.1), b.input(DType::I8, w), zero, w_zero];
        b.0.node(op, &operands)
    })
}

/// A product whose zero points and bias are inputs.
fn late(op: Op, x: (DType, &[u32]), w: &[u32], channels: u32) -> Graph {
    graph(|b| {
        let w = b.constant(DType::I8, w, -4, 4);
        let operands = [
            b.input(x.0, x.1),
            w,
            b.input(x.0, &[]),
            b.input(DType::I8, &[channels]),
        ];
        b.0.node(op, &operands)
    })
}

fn requantise(dims: &[u32], to: DType, axis: u8, channels: u32) -> Graph {
    unary(DType::I32, dims, Op::Requantise { to, axis }, |b| {
        vec![
            b.constant(DType::I16, &[channels], 1, 32767),
            b.constant(DType::U8, &[channels], 14, 30),
            b.constant(to, &[channels], -9, 9),
        ]
    })
}

/// Many nodes of one element, each reading the one before.
fn many(count: usize, mut next: impl FnMut(&mut Builder, Value) -> Value) -> Graph {
    graph(|b| {
        let mut x = b.input(DType::I8, &[1]);
        for _ in 0..count {
            x = next(b, x);
        }
        x
    })
}

pub(super) fn graphs() -> Vec<(&'static str, Graph)> {
    let mul = |shift, to| Op::Mul { shift, to };
    let window = Window::default();
    let mut all = products();
    all.extend([
        (
            "Requantise to i16 by row",
            requantise(&[1 << 16, 16], DType::I16, 0, 1 << 16),
        ),
        (
            "Requantise by channels in the middle",
            requantise(&[1 << 10, 64, 16], DType::I8, 1, 64),
        ),
        (
            "Requantise by columns of 2",
            requantise(&[1 << 19, 2], DType::I8, 1, 2),
        ),
        (
            "Requantise with parameters that are computed",
            graph(|b| {
                let x = b.input(DType::I32, &[N]);
                let m = b.input(DType::I16, &[]);
                let (low, high) = (b.scalar(DType::I16, 1), b.scalar(DType::I16, 32767));
                let m = b.0.node(Op::Clamp, &[m, low, high]);
                let s = b.scalar(DType::U8, 20);
                let z = b.scalar(DType::I8, 0);
                let to = DType::I8;
                b.0.node(Op::Requantise { to, axis: 0 }, &[x, m, s, z])
            }),
        ),
        (
            "Mul of i32",
            binary(mul(31, DType::I32), (DType::I32, &[N]), (DType::I16, &[N])),
        ),
        (
            "Mul, rows of 2",
            binary(
                mul(9, DType::I8),
                (DType::I16, &[1 << 19, 2]),
                (DType::I16, &[1 << 19, 1]),
            ),
        ),
        (
            "Sub, eight dimensions, stretched",
            binary(
                Op::Sub,
                (DType::I8, &[16, 16, 16, 16, 4, 2, 2, 1]),
                (DType::I8, &[16, 1, 16, 1, 4, 1, 2, 1]),
            ),
        ),
        (
            "Sub, both stretched",
            binary(
                Op::Sub,
                (DType::I8, &[1024, 1, 4, 1]),
                (DType::I8, &[1, 64, 1, 4]),
            ),
        ),
        (
            "Interpolate",
            unary(DType::I16, &[N], Op::Interpolate, |b| {
                vec![b.constant(DType::I16, &[257], -32768, 32767)]
            }),
        ),
        (
            "Table to i32",
            unary(DType::U8, &[N], Op::Table, |b| {
                vec![b.constant(DType::I32, &[256], -1 << 30, 1 << 30)]
            }),
        ),
        (
            "Table that is computed",
            binary(Op::Table, (DType::U8, &[N]), (DType::I8, &[256])),
        ),
        (
            "ReduceSum of rows of 2",
            unary(DType::I8, &[N, 2], Op::ReduceSum { axis: 1 }, |_| vec![]),
        ),
        (
            "ReduceSum of rows of 1",
            unary(DType::I8, &[N, 1], Op::ReduceSum { axis: 1 }, |_| vec![]),
        ),
        (
            "ReduceSum of rows of 4096",
            unary(DType::I8, &[256, 4096], Op::ReduceSum { axis: 1 }, |_| vec![]),
        ),
        (
            "ReduceMax in the middle, 2 columns",
            unary(DType::I16, &[1024, 512, 2], Op::ReduceMax { axis: 1 }, |_| vec![]),
        ),
        (
            "ReduceMax of rows of 3",
            unary(DType::I16, &[1 << 18, 3], Op::ReduceMax { axis: 1 }, |_| vec![]),
        ),
        (
            "Reciprocal",
            unary(
                DType::I32,
                &[1 << 18],
                Op::Reciprocal {
                    numerator: (1 << 62) - 1,
                },
                |_| vec![],
            ),
        ),
        (
            "InvNorm of rows of 1",
            unary(
                DType::I16,
                &[1 << 18, 1],
                Op::InvNorm {
                    shift: 62,
                    epsilon: 1,
                },
                |_| vec![],
            ),
        ),
        (
            "InvNorm of rows of 1024",
            unary(
                DType::I16,
                &[256, 1024],
                Op::InvNorm {
                    shift: 62,
                    epsilon: 1 << 40,
                },
                |_| vec![],
            ),
        ),
        (
            "Gather of single elements, 16 MiB",
            graph(|b| {
                let data = b.constant(DType::I8, &[1 << 24], -9, 9);
                let index = b.constant(DType::I32, &[N], 0, (1 << 24) - 1);
                b.0.node(Op::Gather { axis: 0 }, &[data, index])
            }),
        ),
        (
            "Gather of pairs, many times",
            unary(DType::I8, &[1 << 18, 2, 2], Op::Gather { axis: 1 }, |b| {
                vec![b.constant(DType::U8, &[2], 0, 1)]
            }),
        ),
        (
            "Transpose of bytes",
            unary(
                DType::I8,
                &[1024, 1024],
                Op::Transpose { perm: vec![1, 0] },
                |_| vec![],
            ),
        ),
        (
            "Transpose of eight dimensions",
            unary(
                DType::I8,
                &[8, 4, 8, 4, 8, 4, 8, 4],
                Op::Transpose {
                    perm: vec![7, 5, 3, 1, 6, 4, 2, 0],
                },
                |_| vec![],
            ),
        ),
        (
            "Concat of 64 columns",
            graph(|b| {
                let xs: Vec<Value> = (0..64).map(|_| b.input(DType::I8, &[1 << 14, 1])).collect();
                b.0.node(Op::Concat { axis: 1 }, &xs)
            }),
        ),
        (
            "MaxPool2d 2x2 of small planes",
            unary(
                DType::I8,
                &[1, 1 << 16, 4, 4],
                Op::MaxPool2d {
                    kernel: [2, 2],
                    window,
                },
                |_| vec![],
            ),
        ),
        (
            "MaxPool2d 1x1 of planes of one",
            unary(
                DType::I8,
                &[1, 1 << 16, 1, 1],
                Op::MaxPool2d {
                    kernel: [1, 1],
                    window,
                },
                |_| vec![],
            ),
        ),
        (
            "ArgMax of rows of 2, i32",
            unary(DType::I32, &[1 << 18, 2], Op::ArgMax { axis: 1 }, |_| vec![]),
        ),
    ]);
    all.extend(small());
    all
}

fn products() -> Vec<(&'static str, Graph)> {
    let window = Window::default();
    let wide = |m: u32, k: u32, n: u32| {
        unary(DType::I16, &[m, k], Op::WideMatMul, |b| {
            vec![
                b.constant(DType::I8, &[k, n], -4, 4),
                b.scalar(DType::I16, 0),
                b.scalar(DType::I8, 0),
            ]
        })
    };
    let conv = Op::Conv2d { window, groups: 1 };
    vec![
        ("WideMatMul 1x4096x1024", wide(1, 4096, 1024)),
        ("WideMatMul 256x1024x256", wide(256, 1024, 256)),
        ("WideMatMul 1024x1x1024", wide(1024, 1, 1024)),
        ("WideMatMul 4096x64x2", wide(4096, 64, 2)),
        (
            "MatMul 256x1024x1024",
            unary(DType::I8, &[256, 1024], Op::MatMul, |b| {
                vec![
                    b.constant(DType::I8, &[1024, 1024], -4, 4),
                    b.scalar(DType::I8, 3),
                    b.constant(DType::I8, &[1024], -4, 4),
                ]
            }),
        ),
        (
            "MatMul of inputs, 1x1024x1024",
            computed(Op::MatMul, (DType::I8, &[1, 1024]), &[1024, 1024]),
        ),
        (
            "MatMul of inputs, 8x1024x1024",
            computed(Op::MatMul, (DType::I8, &[8, 1024]), &[1024, 1024]),
        ),
        (
            "MatMul of inputs, 9x1024x1024",
            computed(Op::MatMul, (DType::I8, &[9, 1024]), &[1024, 1024]),
        ),
        (
            "WideMatMul of inputs, 9x256x1024",
            computed(Op::WideMatMul, (DType::I16, &[9, 256]), &[256, 1024]),
        ),
        (
            "MatMul of inputs, 1024 of 1x32x32",
            computed(Op::MatMul, (DType::I8, &[1024, 1, 32]), &[1024, 32, 32]),
        ),
        (
            "MatMul of inputs, 65536 of 1x4x1",
            computed(Op::MatMul, (DType::I8, &[1 << 16, 1, 4]), &[1 << 16, 4, 1]),
        ),
        (
            "MatMul of inputs, 16384 of 1x1x16",
            computed(Op::MatMul, (DType::I8, &[1 << 14, 1, 1]), &[1 << 14, 1, 16]),
        ),
        (
            "WideMatMul of inputs, 1x256x1024",
            computed(Op::WideMatMul, (DType::I16, &[1, 256]), &[256, 1024]),
        ),
        (
            "WideMatMul of inputs, 16384 of 1x1x16",
            computed(Op::WideMatMul, (DType::I16, &[1 << 14, 1, 1]), &[1 << 14, 1, 16]),
        ),
        (
            "MatMul with parameters that are inputs, 1x1024x1024",
            late(Op::MatMul, (DType::I8, &[1, 1024]), &[1024, 1024], 1024),
        ),
        (
            "MatMul with parameters that are inputs, 9x1024x1024",
            late(Op::MatMul, (DType::I8, &[9, 1024]), &[1024, 1024], 1024),
        ),
        (
            "MatMul with parameters that are inputs, 1x64x127",
            late(Op::MatMul, (DType::I8, &[1, 64]), &[64, 127], 127),
        ),
        (
            "Conv2d with parameters that are inputs, 1x1 on 1x1, 1024 to 1024",
            late(
                conv.clone(),
                (DType::I8, &[1, 1024, 1, 1]),
                &[1024, 1024, 1, 1],
                1024,
            ),
        ),
        (
            "Conv2d of inputs, 3x3 on 8x8, 64 to 64",
            computed(conv, (DType::I8, &[1, 64, 8, 8]), &[64, 64, 3, 3]),
        ),
        (
            "Conv2d 2x2 on 64x64, two channels a group",
            unary(
                DType::I8,
                &[1, 64, 64, 64],
                Op::Conv2d { window, groups: 32 },
                |b| {
                    vec![
                        b.constant(DType::I8, &[64, 2, 2, 2], -4, 4),
                        b.scalar(DType::I8, 0),
                        b.scalar(DType::I8, 0),
                    ]
                },
            ),
        ),
        (
            "Conv2d 2x2 depthwise on 2x2, 4096",
            unary(
                DType::I8,
                &[1, 4096, 2, 2],
                Op::Conv2d { window, groups: 4096 },
                |b| {
                    vec![
                        b.constant(DType::I8, &[4096, 1, 2, 2], -4, 4),
                        b.scalar(DType::I8, 0),
                        b.scalar(DType::I8, 0),
                    ]
                },
            ),
        ),
        (
            "Conv2d 1x1 on 4x4, 256 images, 4 to 4",
            unary(
                DType::I8,
                &[256, 4, 4, 4],
                Op::Conv2d { window, groups: 1 },
                |b| {
                    vec![
                        b.constant(DType::I8, &[4, 4, 1, 1], -4, 4),
                        b.scalar(DType::I8, 0),
                        b.scalar(DType::I8, 0),
                    ]
                },
            ),
        ),
    ]
}

/// Graphs of thousands of nodes.
fn small() -> Vec<(&'static str, Graph)> {
    vec![
        (
            "10,000 Requantise of one element",
            many(10_000, |b, x| {
                let (m, s) = (b.scalar(DType::I16, 2), b.scalar(DType::U8, 1));
                let z = b.scalar(DType::I8, 0);
                let to = DType::I8;
                b.0.node(Op::Requantise { to, axis: 0 }, &[x, m, s, z])
            }),
        ),
        (
            "10,000 Requantise of one element, parameters from it",
            many(10_000, |b, x| {
                let (m, s) = (b.scalar(DType::I16, 2), b.scalar(DType::U8, 1));
                let to = DType::I8;
                b.0.node(Op::Requantise { to, axis: 0 }, &[x, m, s, x])
            }),
        ),
        (
            "5,000 MatMul of one element",
            many(5_000, |b, x| {
                let dims = b.scalar(DType::I8, 0);
                let shape = metisvm_model::Shape::new(&[1, 1]).expect("sound");
                let x = b.0.node(Op::Reshape { shape }, &[x]);
                let w = b.constant(DType::I8, &[1, 1], 1, 1);
                let y = b.0.node(Op::MatMul, &[x, w, dims, dims]);
                let (m, s) = (b.scalar(DType::I16, 2), b.scalar(DType::U8, 1));
                let z = b.scalar(DType::I8, 0);
                let to = DType::I8;
                let y = b.0.node(Op::Requantise { to, axis: 0 }, &[y, m, s, z]);
                let shape = metisvm_model::Shape::new(&[1]).expect("sound");
                b.0.node(Op::Reshape { shape }, &[y])
            }),
        ),
        (
            "10,000 Transpose of one element",
            many(10_000, |b, x| b.0.node(Op::Transpose { perm: vec![0] }, &[x])),
        ),
        (
            "10,000 ReduceMax of one element",
            many(10_000, |b, x| b.0.node(Op::ReduceMax { axis: 0 }, &[x])),
        ),
    ]
}
