//! Convolutions, the chains after them, and what moves elements.

use super::builder::Builder;
use metisvm_model::{DType, Op, Padding, Window};

pub(super) fn images(b: &mut Builder) {
    let x = b.input(DType::U8, &[1, 6, 13, 17]);
    let zero = b.scalar(DType::U8, 128);
    let window = Window {
        stride: [1, 2],
        padding: Padding {
            top: 1,
            left: 2,
            bottom: 0,
            right: 1,
        },
        ..Window::default()
    };
    let w = b.weights(DType::I8, &[10, 3, 3, 2]);
    let zeros = b.scalar(DType::I8, 4);
    let groups = 2;
    let y = b.node(Op::Conv2d { window, groups }, &[x, w, zero, zeros]);
    let multipliers = b.constant(DType::I16, &[10], |at| 9_000 + at as i32 * 2_000);
    let shift = b.scalar(DType::U8, 24);
    let to = DType::U8;
    let y = b.node(Op::Requantise { to, axis: 1 }, &[y, multipliers, shift, zero]);
    let deep = b.weights(DType::I8, &[10, 1, 3, 3]);
    let each = Window {
        padding: Padding::all(1),
        ..Window::default()
    };
    let operands = [y, deep, zero, zeros];
    let depthwise = b.node(
        Op::Conv2d {
            window: each,
            groups: 10,
        },
        &operands,
    );
    let depthwise = b.requantise(depthwise, DType::I8, 12_000, 21);
    let kernel = [2, 2];
    let pooled = b.node(
        Op::MaxPool2d {
            kernel,
            window: Window {
                stride: [2, 2],
                ..Window::default()
            },
        },
        &[depthwise],
    );
    let index = b.constant(DType::U8, &[4], |at| 9 - 2 * at as i32);
    let picked = b.node(Op::Gather { axis: 1 }, &[pooled, index]);
    let both = b.node(Op::Concat { axis: 1 }, &[pooled, picked]);
    b.output("images", both);
    let best = b.node(Op::ArgMax { axis: 1 }, &[both]);
    b.output("greatest channels", best);
    let sums = b.node(Op::ReduceSum { axis: 1 }, &[both]);
    b.output("sums", sums);
}

/// Convolutions of enough channels for tiles, small groups, and what is compiled when its parameters are there.
pub(super) fn deep(b: &mut Builder) {
    let x = b.input(DType::U8, &[1, 32, 17, 18]);
    let zero = b.scalar(DType::U8, 121);
    let w_zeros = b.weights(DType::I8, &[10]);
    let window = around();
    let w = b.weights(DType::I8, &[10, 16, 3, 3]);
    let wide = b.node(Op::Conv2d { window, groups: 2 }, &[x, w, zero, w_zeros]);
    b.output("deep convolution", wide);
    let w = b.weights(DType::I8, &[36, 32, 1, 1]);
    let w_zero = b.scalar(DType::I8, -3);
    let window = Window {
        stride: [2, 2],
        ..Window::default()
    };
    let y = b.node(Op::Conv2d { window, groups: 1 }, &[x, w, zero, w_zero]);
    b.output("convolution of single pixels", y);
    // Groups of two output channels each, and images of one block.
    let small = b.requantise(y, DType::U8, 15_000, 24);
    let w = b.weights(DType::I8, &[24, 3, 3, 3]);
    let window = around();
    let y = b.node(Op::Conv2d { window, groups: 12 }, &[small, w, zero, w_zero]);
    b.output("small groups", y);

    // Parameters that are computed.
    let own = b.input(DType::U8, &[]);
    let w = b.weights(DType::I8, &[6, 32, 3, 3]);
    let y = b.node(Op::Conv2d { window, groups: 1 }, &[x, w, own, w_zero]);
    b.output("convolution with a computed zero point", y);
    let entries = b.input(DType::I16, &[256]);
    let y = b.node(Op::Table, &[x, entries]);
    b.output("computed table", y);

    // Small planes, and larger ones with a border.
    let kernel = [2, 2];
    let window = Window::default();
    let y = b.node(Op::MaxPool2d { kernel, window }, &[small]);
    b.output("pool of small planes", y);
    let kernel = [3, 3];
    let window = Window {
        stride: [2, 1],
        ..around()
    };
    let y = b.node(Op::MaxPool2d { kernel, window }, &[x]);
    b.output("pool with a border", y);
}

/// A border of one pixel.
fn around() -> Window {
    Window {
        padding: Padding::all(1),
        ..Window::default()
    }
}
