//! Operators whose numbers need all bits of the field, and compositions of them.

use crate::common::Model;
use crate::{bundle, pick, proves};
use metisvm_model::{DType, Op, Value};
use metisvm_prover::{Circuit, CompileError};

/// An input of i32 that a Clamp keeps within a bound.
fn within(model: &mut Model, dims: &[u32], bound: i32) -> Value {
    let x = model.input(DType::I32, dims);
    let [low, high] = [-bound, bound].map(|bound| model.scalar(DType::I32, bound));
    model.node(Op::Clamp, &[x, low, high])
}

/// Every shift by products of nearly 2^62.
#[test]
fn products_of_any_shift() {
    for seed in 0..2 {
        let mut model = Model::new(1100 + seed);
        let x = model.input(DType::I32, &[2]);
        let y = within(&mut model, &[2], i32::MAX);
        let mut outputs = Vec::new();
        for shift in (seed as u8..=62).step_by(2) {
            let to = pick(&mut model, &[DType::U8, DType::I8, DType::I16, DType::I32]);
            outputs.push(model.node(Op::Mul { shift, to }, &[x, y]));
        }
        for shift in [0, 1, 31, 61, 62] {
            let to = DType::I32;
            outputs.push(model.node(Op::Mul { shift, to }, &[y, y]));
        }
        proves(&bundle(model, &outputs), seed);
    }
}

#[test]
fn the_greatest_of_many_wide_numbers() {
    for (seed, extent) in [255, 257, 1025].into_iter().enumerate() {
        let mut model = Model::new(1200);
        let x = model.input(DType::I32, &[extent]);
        let outputs = [Op::ArgMax { axis: 0 }, Op::ReduceMax { axis: 0 }].map(|op| model.node(op, &[x]));
        proves(&bundle(model, &outputs), seed as u64);
    }
}

/// Weights that fill a few more rows than a power of two: a wider gate for products spares the empty half.
#[test]
fn wider_products() {
    let mut model = Model::new(1250);
    let x = model.input(DType::U8, &[1, 640]);
    let y = model.dense(x, 640, 352);
    let bundle = bundle(model, &[y]);
    let circuit = Circuit::compile(&bundle, 1 << 30).expect("it is small");
    let rows = circuit.description().rows_by_gate;
    assert!(rows.contains_key("mat-vec [64, 10]"), "{rows:?}");
    proves(&bundle, 0);
}

/// Which gate a circuit has follows from the model alone: where the usual one is over the limit, a wider one that would
/// not be is not taken, since its key would be another.
#[test]
fn no_circuit_depends_on_the_limit() {
    let mut model = Model::new(1251);
    let x = model.input(DType::U8, &[1, 640]);
    let y = model.dense(x, 640, 640);
    let bundle = bundle(model, &[y]);
    let description = Circuit::compile(&bundle, 1 << 30)
        .expect("it is small")
        .description();
    let rows = &description.rows_by_gate;
    assert!(rows.contains_key("mat-vec [64, 8]"), "{rows:?}");
    // A gate of 16 outputs would take five sixths.
    let refused = Circuit::compile(&bundle, description.memory_bytes / 10 * 9).err();
    assert!(
        matches!(refused, Some(CompileError::TooLarge { .. })),
        "{refused:?}"
    );
}

#[test]
fn norms() {
    for seed in 0..2 {
        let mut model = Model::new(1300 + seed);
        let mut outputs = Vec::new();
        for dtype in [DType::U8, DType::I8, DType::I16] {
            let x = model.input(dtype, &[2, 5]);
            for (shift, epsilon) in [
                (0, 1),
                (30, 1),
                (47, 12_345),
                (61, 1 << 20),
                (62, 1),
                (62, 1 << 61),
            ] {
                outputs.push(model.node(Op::InvNorm { shift, epsilon }, &[x]));
            }
        }
        let x = within(&mut model, &[2, 1, 1], 1 << 30);
        for (shift, epsilon) in [(62, 1), (62, (1 << 62) - (1 << 60) - 1), (33, 7)] {
            outputs.push(model.node(Op::InvNorm { shift, epsilon }, &[x]));
        }
        proves(&bundle(model, &outputs), seed);
    }
}

/// Softmax and LayerNorm of docs/inference.md over one row, and what attention does with them: scores of computed
/// queries and keys, a mean of computed values.
#[test]
fn attention() {
    let mut model = Model::new(1400);
    let (n, width) = (3u32, 8u32);
    let x = model.input(DType::I8, &[n, width]);
    let requantise = |model: &mut Model, acc, to, multiplier, shift| {
        let operands = [
            acc,
            model.scalar(DType::I16, multiplier),
            model.scalar(DType::U8, shift),
            model.scalar(to, 0),
        ];
        model.node(Op::Requantise { to, axis: 0 }, &operands)
    };

    // LayerNorm.
    let last = Op::ReduceSum { axis: 1 };
    let sum = model.node(last, &[x]);
    let mean = requantise(&mut model, sum, DType::I32, 32_768 / 8, 15);
    let centred = model.node(Op::Sub, &[x, mean]);
    let (shift, epsilon) = (50, 10);
    let norm = model.node(Op::InvNorm { shift, epsilon }, &[centred]);
    let to = DType::I16;
    let normed = model.node(Op::Mul { shift: 10, to }, &[centred, norm]);
    let queries = requantise(&mut model, normed, DType::I8, 127, 15);

    // Scores of each by each other.
    let keys = model.node(Op::Transpose { perm: vec![1, 0] }, &[queries]);
    let zero = model.scalar(DType::I8, 0);
    let scores = model.node(Op::MatMul, &[queries, keys, zero, zero]);

    // Softmax.
    let greatest = model.node(Op::ReduceMax { axis: 1 }, &[scores]);
    let below = model.node(Op::Sub, &[scores, greatest]);
    let logits = requantise(&mut model, below, DType::I16, 1000, 10);
    let exp = |j: i32| match j {
        0 => 0.0,
        1..=128 => 32_767.0 * (f64::from(j - 128) / 8.0).exp(),
        _ => 32_767.0,
    };
    let nodes = (0..257).map(|j| exp(j).round() as i32).collect();
    let nodes = model.constant(DType::I16, &[257], nodes);
    let exponentials = model.node(Op::Interpolate, &[logits, nodes]);
    let sums = model.node(Op::ReduceSum { axis: 1 }, &[exponentials]);
    let inverse = model.node(Op::Reciprocal { numerator: 1 << 45 }, &[sums]);
    let to = DType::U8;
    let weights = model.node(Op::Mul { shift: 37, to }, &[exponentials, inverse]);
    let w_zero = model.scalar(DType::U8, 0);
    let means = model.node(Op::MatMul, &[weights, queries, w_zero, zero]);
    proves(&bundle(model, &[normed, weights, means]), 0);
}
