//! Products that are claimed and checked: sequences, images of many channels, products of two computed matrices.

use crate::common::Model;
use crate::{bundle, proves};
use metisvm_model::{Bundle, DType, Op, Padding, Value, Window};
use metisvm_prover::Circuit;

/// Proves a model whose products are checked: its circuit has rows that combine them.
fn checked(bundle: &Bundle, seed: u64) {
    let circuit = Circuit::compile(bundle, 1 << 30).expect("it is small");
    let rows = circuit.description().rows_by_gate;
    assert!(rows.contains_key("tile [2, 7, 6]"), "{rows:?}");
    proves(bundle, seed);
}

/// Zero points of x and of weights.
fn zeros(model: &mut Model, x: (DType, i32), w: i32) -> [Value; 2] {
    [model.scalar(x.0, x.1), model.scalar(DType::I8, w)]
}

#[test]
fn constant_weights() {
    for (seed, zero) in [(0, 0), (1, 131)] {
        let mut model = Model::new(1500 + seed);
        let (m, k, n) = (16, 200, 64);
        let x = model.input(DType::U8, &[2, m, k]);
        let w = model.random(DType::I8, &[k, n], -128, 127);
        let [x_zero, w_zero] = zeros(&mut model, (DType::U8, zero), zero / 2);
        let bias = model.random(DType::I32, &[n], -1_000_000, 1_000_000);
        let y = model.node(Op::MatMul, &[x, w, x_zero, w_zero, bias]);
        checked(&bundle(model, &[y]), seed);
    }
}

#[test]
fn two_computed_matrices() {
    for (seed, zero) in [(0, 0), (1, -77)] {
        let mut model = Model::new(1600 + seed);
        let x = model.input(DType::I8, &[2, 30, 50]);
        let w = model.input(DType::I8, &[2, 50, 40]);
        let [x_zero, w_zero] = zeros(&mut model, (DType::I8, zero), -zero);
        let y = model.node(Op::MatMul, &[x, w, x_zero, w_zero]);
        checked(&bundle(model, &[y]), seed);
    }
}

#[test]
fn images() {
    for (seed, zero) in [(0, 0), (1, 9)] {
        let mut model = Model::new(1700 + seed);
        let x = model.input(DType::U8, &[1, 32, 8, 8]);
        let w = model.random(DType::I8, &[32, 32, 3, 3], -127, 127);
        let [x_zero, w_zero] = zeros(&mut model, (DType::U8, zero), zero);
        let bias = model.random(DType::I32, &[32], -1_000_000, 1_000_000);
        let window = Window {
            padding: Padding::all(1),
            ..Window::default()
        };
        let y = model.node(Op::Conv2d { window, groups: 1 }, &[x, w, x_zero, w_zero, bias]);
        checked(&bundle(model, &[y]), seed);
    }
}
