//! Operators whose parameters are computed: by the input, or by nodes that keep them within their limits.

use crate::common::Model;
use crate::{bundle, byte_type, pick, proves};
use metisvm_model::{DType, Op, Padding, Value, Window};

/// Constant or an input, by a bit.
fn either(model: &mut Model, computed: bool, dtype: DType, dims: &[u32]) -> Value {
    if computed {
        model.input(dtype, dims)
    } else {
        model.random(dtype, dims, dtype.min().into(), dtype.max().into())
    }
}

/// An input that a Clamp keeps between two numbers.
fn kept(model: &mut Model, dtype: DType, dims: &[u32], low: i32, high: i32) -> Value {
    let x = model.input(dtype, dims);
    let [low, high] = [low, high].map(|bound| model.scalar(dtype, bound));
    model.node(Op::Clamp, &[x, low, high])
}

/// Weights, zero points and biases: each computed in some of the models, alone and with the others.
#[test]
fn products() {
    for (seed, computed) in [0b0001, 0b0010, 0b0100, 0b1000, 0b1111].into_iter().enumerate() {
        let mut model = Model::new(600 + seed as u64);
        let is = |operand: usize| computed >> operand & 1 == 1;
        let (x_type, ..) = byte_type(&mut model);
        let (w_type, ..) = byte_type(&mut model);
        let (m, k, n) = pick(&mut model, &[(1, 30, 5), (2, 9, 7), (5, 7, 3)]);
        let x = model.input(x_type, &[2, m, k]);
        let all = [2, k, n];
        let weights = pick(&mut model, &[&all[1..], &all[..]]);
        let columns = [n];
        let per_column = pick(&mut model, &[&[][..], &columns[..]]);
        let bias = if is(3) {
            kept(&mut model, DType::I32, &columns, -(1 << 30), 1 << 30)
        } else {
            model.random(DType::I32, &columns, -1000, 1000)
        };
        let operands = [
            x,
            either(&mut model, is(0), w_type, weights),
            either(&mut model, is(1), x_type, &[]),
            either(&mut model, is(2), w_type, per_column),
            bias,
        ];
        let narrow = model.node(Op::MatMul, &operands);

        let wide = model.input(DType::I16, &[m, 3]);
        let operands = [
            wide,
            either(&mut model, is(0), w_type, &[3, n]),
            either(&mut model, is(1), DType::I16, &[]),
            either(&mut model, is(2), w_type, per_column),
        ];
        let wide = model.node(Op::WideMatMul, &operands);

        let image = model.input(x_type, &[2, 4, 4, 3]);
        let groups = pick(&mut model, &[1, 2, 4]);
        let window = Window {
            padding: Padding::all(1),
            ..Window::default()
        };
        let outputs = pick(&mut model, &[&[][..], &[4][..]]);
        let operands = [
            image,
            either(&mut model, is(0), w_type, &[4, 4 / groups, 2, 3]),
            either(&mut model, is(1), x_type, &[]),
            either(&mut model, is(2), w_type, outputs),
        ];
        let image = model.node(Op::Conv2d { window, groups }, &operands);
        proves(&bundle(model, &[narrow, wide, image]), seed as u64);
    }
}

/// Multipliers, shifts and zero points, in all eight combinations.
#[test]
fn requantisations() {
    for seed in 0..2 {
        let mut model = Model::new(700 + seed);
        let mut outputs = Vec::new();
        let from = pick(&mut model, &[DType::I16, DType::I32]);
        let x = model.input(from, &[2, 3]);
        let extreme = model.input(DType::I32, &[2, 3]);
        for computed in 0..8 {
            let (axis, dims) = pick(&mut model, &[(0, &[][..]), (0, &[2][..]), (1, &[3][..])]);
            let to = pick(&mut model, &[DType::U8, DType::I8, DType::I16, DType::I32]);
            let parameter = |model: &mut Model, bit: u32, dtype, low: i32, high: i32| {
                if computed >> bit & 1 == 1 {
                    kept(model, dtype, dims, low, high)
                } else {
                    model.random(dtype, dims, low.into(), high.into())
                }
            };
            let (least, most) = pick(&mut model, &[(1, 47), (10, 20), (47, 47), (1, 1)]);
            let m = parameter(&mut model, 0, DType::I16, 1, 32_767);
            let s = parameter(&mut model, 1, DType::U8, least, most);
            let z = parameter(&mut model, 2, to, to.min(), to.max());
            for x in [x, extreme] {
                outputs.push(model.node(Op::Requantise { to, axis }, &[x, m, s, z]));
            }
        }
        proves(&bundle(model, &outputs), seed);
    }
}

#[test]
fn clamps() {
    for (seed, dtype) in [DType::U8, DType::I8, DType::I16, DType::I32]
        .into_iter()
        .enumerate()
    {
        let mut model = Model::new(800 + seed as u64);
        let x = model.input(dtype, &[2, 5]);
        let low = kept(&mut model, dtype, &[], dtype.min(), 7);
        let high = kept(&mut model, dtype, &[], 7, dtype.max());
        let [least, most] = [5, 90].map(|bound| model.scalar(dtype, bound));
        let outputs = [[low, high], [least, high], [low, most]]
            .map(|[low, high]| model.node(Op::Clamp, &[x, low, high]));
        proves(&bundle(model, &outputs), seed as u64);
    }
}

#[test]
fn tables() {
    let types = [DType::U8, DType::I8, DType::I16, DType::I32];
    for (seed, to) in types.into_iter().enumerate() {
        let mut model = Model::new(900 + seed as u64);
        let table = model.input(to, &[256]);
        let mut outputs = Vec::new();
        for from in [DType::U8, DType::I8] {
            let x = model.input(from, &[5]);
            outputs.push(model.node(Op::Table, &[x, table]));
        }
        if to != DType::I32 {
            let x = model.input(DType::I16, &[6]);
            let nodes = model.input(to, &[257]);
            outputs.push(model.node(Op::Interpolate, &[x, nodes]));
        }
        proves(&bundle(model, &outputs), seed as u64);
    }
}

#[test]
fn gathers() {
    for seed in 0..3 {
        let mut model = Model::new(1000 + seed);
        let mut outputs = Vec::new();
        for extent in [1, 2, 5, 64, 65, 130] {
            for computed in [false, true] {
                let shapes = [
                    (0, vec![extent, 3]),
                    (1, vec![2, extent, 3]),
                    (0, vec![extent]),
                    (1, vec![2, extent]),
                ];
                let (axis, dims) = shapes[model.numbers.within(0, 3) as usize].clone();
                let dtype = pick(&mut model, &[DType::U8, DType::I16, DType::I32]);
                let data = either(&mut model, computed, dtype, &dims);
                let shape = pick(&mut model, &[&[][..], &[3][..], &[2, 2][..]]);
                let index = pick(&mut model, &[DType::I16, DType::I32]);
                let index = kept(&mut model, index, shape, 0, extent as i32 - 1);
                outputs.push(model.node(Op::Gather { axis }, &[data, index]));
            }
        }
        proves(&bundle(model, &outputs), seed);
    }
}
