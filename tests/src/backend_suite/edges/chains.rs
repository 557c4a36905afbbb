//! Several nodes in a row, as models have them: what one part leaves, the next one reads.

use super::super::case::Depth;
use super::{ANY, Edges, Maker};
use metisvm_model::{DType, Op, Padding, Shape, Value, Window};

fn dense(m: &mut Maker, x: Value, [depth, columns]: [u32; 2]) -> Value {
    let w = m.constant(DType::I8, &[depth, columns], ANY);
    let zero = m.scalar(DType::I8, -3);
    let bias = m.constant(DType::I16, &[columns], ANY);
    let product = m.node(Op::MatMul, &[x, w, zero, zero]);
    m.node(Op::Add, &[product, bias])
}

pub(super) fn all(edges: &mut Edges) {
    edges.add_with_outputs("perceptron", Depth::Everything, |m| {
        let x = m.input(DType::I8, &[3, 19]);
        let hidden = dense(m, x, [19, 17]);
        let hidden = m.requantised(hidden, DType::I8);
        let (low, high) = (m.scalar(DType::I8, 3), m.scalar(DType::I8, 100));
        let hidden = m.node(Op::Clamp, &[hidden, low, high]);
        let scores = dense(m, hidden, [17, 10]);
        let best = m.node(Op::ArgMax { axis: 1 }, &[scores]);
        vec![scores, best]
    });
    edges.add_with_outputs("convolutional net", Depth::Everything, |m| {
        let x = m.input(DType::U8, &[1, 2, 8, 7]);
        let w = m.constant(DType::I8, &[6, 2, 3, 3], ANY);
        let (x_zero, w_zero) = (m.scalar(DType::U8, 128), m.scalar(DType::I8, 0));
        let padding = Padding {
            top: 1,
            left: 1,
            bottom: 1,
            right: 1,
        };
        let window = Window {
            padding,
            ..Window::default()
        };
        let y = m.node(Op::Conv2d { window, groups: 1 }, &[x, w, x_zero, w_zero]);
        let y = m.requantised(y, DType::U8);
        let table = m.constant(DType::I8, &[256], ANY);
        let y = m.node(Op::Table, &[y, table]);
        let halves = Window {
            stride: [2, 2],
            ..Window::default()
        };
        let pool = Op::MaxPool2d {
            kernel: [2, 2],
            window: halves,
        };
        let y = m.node(pool, &[y]);
        let shape = Shape::new(&[1, 72]).expect("6 channels of 4x3");
        let y = m.node(Op::Reshape { shape }, &[y]);
        let y = dense(m, y, [72, 5]);
        vec![m.requantised(y, DType::I16)]
    });
    edges.add_with_outputs("residual, read far behind", Depth::Sequences, |m| {
        let x = m.input(DType::I8, &[5, 16]);
        let y = dense(m, x, [16, 16]);
        let y = m.requantised(y, DType::I8);
        let z = dense(m, y, [16, 16]);
        let z = m.requantised(z, DType::I8);
        let sum = m.node(Op::Add, &[x, z]);
        let again = m.node(Op::Add, &[sum, y]);
        vec![again, y, x]
    });
    edges.add_with_outputs("product of two results", Depth::Sequences, |m| {
        let x = m.input(DType::I8, &[4, 17]);
        let shape = Shape::new(&[17, 4]).expect("as many elements");
        let turned = m.node(Op::Reshape { shape }, &[x]);
        let zero = m.scalar(DType::I8, 1);
        let square = m.node(Op::MatMul, &[x, turned, zero, zero]);
        vec![m.requantised(square, DType::U8)]
    });
    // Parameters that are inputs or results: a backend may leave these nodes, in the middle of others.
    edges.add_with_outputs("computed multiplier", Depth::Sequences, |m| {
        let x = m.input(DType::I8, &[3, 5]);
        let multiplier = m.input(DType::I16, &[]);
        let (low, high) = (m.scalar(DType::I16, 1), m.scalar(DType::I16, 32767));
        let multiplier = m.node(Op::Clamp, &[multiplier, low, high]);
        let product = dense(m, x, [5, 7]);
        let (shift, zero) = (m.scalar(DType::U8, 21), m.scalar(DType::I8, 3));
        let op = Op::Requantise {
            to: DType::I8,
            axis: 0,
        };
        let y = m.node(op, &[product, multiplier, shift, zero]);
        let scores = dense(m, y, [7, 2]);
        vec![scores, product]
    });
    edges.add_with_outputs("computed bounds and zero points", Depth::Sequences, |m| {
        let x = m.input(DType::I8, &[3, 5]);
        let zero = m.input(DType::I8, &[]);
        let (least, greatest) = (m.scalar(DType::I8, -9), m.scalar(DType::I8, 50));
        let low = m.node(Op::Clamp, &[zero, least, least]);
        let clamped = m.node(Op::Clamp, &[x, low, greatest]);
        let w = m.constant(DType::I8, &[5, 6], ANY);
        let product = m.node(Op::MatMul, &[clamped, w, zero, low]);
        vec![m.requantised(product, DType::I8), clamped]
    });
}
