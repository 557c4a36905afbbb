//! Operators whose parameters are constant.

use crate::common::Model;
use crate::{bundle, byte_type, pick, proves};
use metisvm_model::{DType, Op, Padding, Shape, Value, Window};

/// Operands of a product after x: weights, zero points, biases.
fn product_operands(model: &mut Model, x: DType, weights: &[u32], columns: u32) -> [Value; 4] {
    let (dtype, low, high) = byte_type(model);
    let w = model.random(dtype, weights, low, high);
    let x_zero = model.random(x, &[], x.min().into(), x.max().into());
    let columns = [columns];
    let per_column = pick(model, &[&[][..], &columns[..]]);
    let w_zero = model.random(dtype, per_column, low, high);
    let bias = model.random(DType::I32, &columns, -100_000, 100_000);
    [w, x_zero, w_zero, bias]
}

#[test]
fn products() {
    for seed in 0..3 {
        let mut model = Model::new(seed);
        let (dtype, ..) = byte_type(&mut model);
        let (m, k, n) = (
            model.numbers.within(1, 3) as u32,
            model.numbers.within(1, 150) as u32,
            model.numbers.within(1, 20) as u32,
        );
        let x = model.input(dtype, &[2, m, k]);
        let shape = [2, k, n];
        let weights = pick(&mut model, &[&shape[1..], &shape[..]]);
        let [w, x_zero, w_zero, bias] = product_operands(&mut model, dtype, weights, n);
        let narrow = model.node(Op::MatMul, &[x, w, x_zero, w_zero, bias]);

        let wide = model.input(DType::I16, &[m, 3]);
        let [w, x_zero, w_zero, _] = product_operands(&mut model, DType::I16, &[3, n], n);
        let wide = model.node(Op::WideMatMul, &[wide, w, x_zero, w_zero]);

        let (dtype, ..) = byte_type(&mut model);
        let image = model.input(dtype, &[1, 4, 6, 5]);
        let groups = pick(&mut model, &[1, 2, 4]);
        let step = |model: &mut Model| [0, 1].map(|_| model.numbers.within(1, 2) as u32);
        let window = Window {
            stride: step(&mut model),
            dilation: step(&mut model),
            padding: Padding {
                top: model.numbers.within(0, 4) as u32,
                left: model.numbers.within(0, 2) as u32,
                bottom: model.numbers.within(0, 2) as u32,
                right: model.numbers.within(0, 4) as u32,
            },
        };
        let [w, x_zero, w_zero, bias] = product_operands(&mut model, dtype, &[4, 4 / groups, 3, 2], 4);
        let image = model.node(Op::Conv2d { window, groups }, &[image, w, x_zero, w_zero, bias]);
        proves(&bundle(model, &[narrow, wide, image]), seed);
    }
}

#[test]
fn requantisations() {
    let types = [DType::U8, DType::I8, DType::I16, DType::I32];
    for seed in 0..3 {
        let mut model = Model::new(100 + seed);
        let mut outputs = Vec::new();
        for from in types {
            let x = model.input(from, &[2, 3]);
            for to in types {
                let (axis, dims) = pick(&mut model, &[(0, &[][..]), (0, &[2][..]), (1, &[3][..])]);
                // Shifts near each other, so that they become equal, and far apart, so that they cannot.
                let (least, most) = pick(&mut model, &[(1, 47), (10, 12), (1, 1), (47, 47)]);
                let m = model.random(DType::I16, dims, 1, 32_767);
                let s = model.random(DType::U8, dims, least, most);
                let z = model.random(to, dims, to.min().into(), to.max().into());
                outputs.push(model.node(Op::Requantise { to, axis }, &[x, m, s, z]));
            }
            let ends = [0, 1].map(|_| model.numbers.within(from.min().into(), from.max().into()) as i32);
            let low = model.scalar(from, ends[0].min(ends[1]));
            let high = model.scalar(from, ends[0].max(ends[1]));
            outputs.push(model.node(Op::Clamp, &[x, low, high]));
        }
        proves(&bundle(model, &outputs), seed);
    }
}

#[test]
fn pointwise_and_reductions() {
    for seed in 0..3 {
        let mut model = Model::new(200 + seed);
        let a = model.input(DType::I16, &[2, 3, 4]);
        let b = model.input(DType::U8, &[3, 1]);
        let c = model.random(DType::I32, &[4], -1000, 1000);
        let mut outputs = vec![
            model.node(Op::Add, &[a, b]),
            model.node(Op::Sub, &[b, a]),
            model.node(Op::Sub, &[a, c]),
            model.node(Op::Add, &[c, b]),
        ];
        for to in [DType::U8, DType::I8, DType::I16, DType::I32] {
            let shift = pick(&mut model, &[0, 1, 2, 7, 12, 30]);
            let (x, y) = pick(&mut model, &[(a, b), (b, a), (a, c), (a, a)]);
            outputs.push(model.node(Op::Mul { shift, to }, &[x, y]));
        }
        let axis = model.numbers.within(0, 2) as u8;
        outputs.push(model.node(Op::ReduceSum { axis }, &[a]));
        outputs.push(model.node(Op::ReduceMax { axis }, &[a]));
        outputs.push(model.node(Op::ArgMax { axis }, &[a]));
        // Few different elements, so that the greatest is there more than once.
        let [least, most] = [-1, 1].map(|v| model.scalar(DType::I16, v));
        let few = model.node(Op::Clamp, &[a, least, most]);
        outputs.push(model.node(Op::ArgMax { axis }, &[few]));
        let wide = model.input(DType::I32, &[5]);
        outputs.push(model.node(Op::ArgMax { axis: 0 }, &[wide]));
        proves(&bundle(model, &outputs), seed);
    }
}

#[test]
fn pools_moves_and_tables() {
    for seed in 0..3 {
        let mut model = Model::new(300 + seed);
        let (dtype, ..) = byte_type(&mut model);
        let x = model.input(dtype, &[1, 2, 5, 6]);
        let kernel = [0, 1].map(|_| model.numbers.within(1, 3) as u32);
        let window = Window {
            stride: [2, 1],
            dilation: [1, 2],
            padding: Padding {
                bottom: kernel[0] - 1,
                ..Padding::default()
            },
        };
        let shape = Shape::new(&[4, 15]).expect("the shape is possible");
        let perm = vec![2, 0, 3, 1];
        let index = model.random(DType::I32, &[2, 2], 0, 5);
        let to = pick(&mut model, &[DType::U8, DType::I8, DType::I16, DType::I32]);
        let table = model.random(to, &[256], to.min().into(), to.max().into());
        let outputs = [
            model.node(Op::Table, &[x, table]),
            model.node(Op::MaxPool2d { kernel, window }, &[x]),
            model.node(Op::Reshape { shape }, &[x]),
            model.node(Op::Transpose { perm }, &[x]),
            model.node(Op::Concat { axis: 2 }, &[x, x, x]),
            model.node(Op::Gather { axis: 3 }, &[x, index]),
            index,
            x,
        ];
        proves(&bundle(model, &outputs), seed);
    }
}

#[test]
fn interpolations() {
    for seed in 0..3 {
        let mut model = Model::new(400 + seed);
        let x = model.input(DType::I16, &[2, 11]);
        // All indices, and few of them.
        let [least, most] = [-300, 256].map(|v| model.scalar(DType::I16, v));
        let few = model.node(Op::Clamp, &[x, least, most]);
        let mut outputs = Vec::new();
        for to in [DType::U8, DType::I8, DType::I16] {
            let nodes = model.random(to, &[257], to.min().into(), to.max().into());
            outputs.push(model.node(Op::Interpolate, &[x, nodes]));
            outputs.push(model.node(Op::Interpolate, &[few, nodes]));
        }
        proves(&bundle(model, &outputs), seed);
    }
}

#[test]
fn reciprocals() {
    for seed in 0..2 {
        let mut model = Model::new(500 + seed);
        let mut outputs = Vec::new();
        for dtype in [DType::U8, DType::I8, DType::I16, DType::I32] {
            let x = model.input(dtype, &[5]);
            for numerator in [1, 1 << 20, (1 << 45) + 12_345, (1 << 62) - 1] {
                outputs.push(model.node(Op::Reciprocal { numerator }, &[x]));
            }
        }
        let x = model.input(DType::I16, &[5]);
        let [least, most] = [1, 30_000].map(|v| model.scalar(DType::I16, v));
        let positive = model.node(Op::Clamp, &[x, least, most]);
        outputs.push(model.node(Op::Reciprocal { numerator: 1 << 31 }, &[positive]));
        proves(&bundle(model, &outputs), seed);
    }
}

/// What is computed of constants alone is constant, and there may be many of them.
#[test]
fn constants_of_constants() {
    let mut model = Model::new(0);
    let x = model.input(DType::U8, &[1]);
    let [a, b] = [0, 1].map(|_| model.random(DType::I16, &[300], -30_000, 30_000));
    let sum = model.node(Op::Add, &[a, b]);
    let to = DType::I32;
    let outputs = [
        sum,
        model.node(Op::Mul { shift: 3, to }, &[a, b]),
        model.node(Op::ReduceSum { axis: 0 }, &[sum]),
        model.node(Op::Add, &[a, x]),
    ];
    proves(&bundle(model, &outputs), 0);
}
