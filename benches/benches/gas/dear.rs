//! Graphs that were dearer to compute than they were priced, each once: wide and dilated kernels over narrow
//! results, reductions of short lines, planes that are hardly anything, parameters that are computed.

use super::Builder;
use metisvm_model::{DType, Graph, Op, Padding, Parsed, TensorType, Value, Window};
use metisvm_tests::rng::Rng;

fn graph(build: impl FnOnce(&mut Builder) -> Value) -> Graph {
    let mut b = Builder(Parsed::default(), Rng::new(5));
    let y = build(&mut b);
    b.0.output("y", y);
    b.0.check().expect("a sound graph")
}

impl Builder {
    fn image(&mut self, dtype: DType, dims: &[u32]) -> Value {
        let name = format!("image{}", self.0.inputs.len());
        self.0
            .input(&name, TensorType::new(dtype, dims).expect("a sound shape"))
    }
}

/// A convolution of `channels` to as many, over an input, or a constant image.
fn conv(dims: [u32; 4], kernel: [u32; 2], window: Window, is_constant: bool) -> Graph {
    graph(|b| {
        let x = match is_constant {
            true => b.constant(DType::I8, &dims, -9, 9),
            false => b.image(DType::I8, &dims),
        };
        let w = b.constant(DType::I8, &[dims[1], dims[1], kernel[0], kernel[1]], -4, 4);
        let zero = b.constant(DType::I8, &[], 0, 0);
        let y = b.0.node(Op::Conv2d { window, groups: 1 }, &[x, w, zero, zero]);
        // An input, so that there is one.
        let other = b.image(DType::I8, &[1]);
        b.0.node(Op::Add, &[y, other])
    })
}

fn reduced(op: Op, dims: &[u32]) -> Graph {
    graph(|b| {
        let x = b.image(DType::I8, dims);
        b.0.node(op, &[x])
    })
}

fn pool(dims: [u32; 4], kernel: u32, stride: u32, padding: u32) -> Graph {
    let window = Window {
        stride: [stride, stride],
        padding: Padding::all(padding),
        ..Window::default()
    };
    let kernel = [kernel, kernel];
    reduced(Op::MaxPool2d { kernel, window }, &dims)
}

pub(super) fn graphs() -> Vec<(&'static str, Graph)> {
    let far = |dilation| Window {
        dilation: [1, dilation],
        padding: Padding {
            right: dilation,
            ..Padding::default()
        },
        ..Window::default()
    };
    let same = Window {
        padding: Padding::all(1),
        ..Window::default()
    };
    vec![
        (
            "Conv2d 1x2, dilation 40, on 1000x1, 64 to 64",
            conv([1, 64, 1000, 1], [1, 2], far(40), false),
        ),
        (
            "Conv2d 1x2, dilation 170, on 1000x1, 64 to 64",
            conv([1, 64, 1000, 1], [1, 2], far(170), false),
        ),
        (
            "Conv2d 1x100 on 1000x100, 8 to 8",
            conv([1, 8, 1000, 100], [1, 100], Window::default(), false),
        ),
        (
            "Conv2d 3x3 of a constant, 16x16, 64 to 64",
            conv([1, 64, 16, 16], [3, 3], same, true),
        ),
        (
            "ArgMax down lines of 2, 64 of 8192",
            reduced(Op::ArgMax { axis: 1 }, &[64, 8192, 2]),
        ),
        (
            "ArgMax down lines of 2, 65536",
            reduced(Op::ArgMax { axis: 1 }, &[1, 65536, 2]),
        ),
        (
            "ArgMax down lines of 20, 64 of 1024",
            reduced(Op::ArgMax { axis: 1 }, &[64, 1024, 20]),
        ),
        (
            "ReduceSum down lines of 2, 64 of 8192",
            reduced(Op::ReduceSum { axis: 1 }, &[64, 8192, 2]),
        ),
        (
            "MaxPool2d 1x1 stride 3 of planes of 3x3",
            pool([1, 1 << 16, 3, 3], 1, 3, 0),
        ),
        (
            "MaxPool2d 3x3 padded of planes of one",
            pool([1, 1 << 16, 1, 1], 3, 1, 1),
        ),
        (
            "MaxPool2d 2x2 padded of planes of 2x2",
            pool([1, 1 << 16, 2, 2], 2, 1, 1),
        ),
        (
            "Interpolate of 8190 with nodes that are inputs",
            graph(|b| {
                let (x, nodes) = (b.image(DType::I16, &[8190]), b.image(DType::I16, &[257]));
                b.0.node(Op::Interpolate, &[x, nodes])
            }),
        ),
        (
            "Table of 255 that is an input",
            graph(|b| {
                let (x, table) = (b.image(DType::U8, &[255]), b.image(DType::I8, &[256]));
                b.0.node(Op::Table, &[x, table])
            }),
        ),
        (
            "MatMul of inputs, 4096 of 9x1x1",
            graph(|b| {
                let (x, w) = (
                    b.image(DType::I8, &[4096, 9, 1]),
                    b.image(DType::I8, &[4096, 1, 1]),
                );
                let zero = b.constant(DType::I8, &[], 0, 0);
                b.0.node(Op::MatMul, &[x, w, zero, zero])
            }),
        ),
    ]
}
