//! LeNet-5 on 28×28 with made-up weights: a model of the size that proofs are measured with.

use crate::rng::Rng;
use metisvm_model::{Bundle, DType, Op, Padding, Parsed, Shape, Tensor, TensorType, Value, Window};

/// The seed of its weights.
const SEED: u64 = 2;

/// Bytes of an image.
pub const LENET_INPUT_BYTES: usize = 28 * 28;

/// Two convolutions of 5×5 with pools, three dense layers, and the class: 61,470 weights, an input of u8\[1, 1, 28, 28\],
/// an output of i32\[1\].
///
/// # Panics
/// Never: the model is well formed and small.
pub fn lenet() -> (Bundle, Vec<u8>) {
    let mut model = Model {
        parsed: Parsed::default(),
        numbers: Rng::new(SEED),
    };
    let x = model.parsed.input("image", ty(DType::U8, &[1, 1, 28, 28]));
    let same = Window {
        padding: Padding::all(2),
        ..Window::default()
    };
    let pool = Op::MaxPool2d {
        kernel: [2, 2],
        window: Window {
            stride: [2, 2],
            ..Window::default()
        },
    };
    let a = model.conv(x, [6, 1, 5, 5], same);
    let a = model.parsed.node(pool.clone(), &[a]);
    let b = model.conv(a, [16, 6, 5, 5], Window::default());
    let b = model.parsed.node(pool, &[b]);
    let shape = Shape::new(&[1, 400]).expect("the shape is possible");
    let flat = model.parsed.node(Op::Reshape { shape }, &[b]);
    let c = model.dense(flat, 400, 120);
    let c = model.narrow(c, 120, 400);
    let d = model.dense(c, 120, 84);
    let d = model.narrow(d, 84, 120);
    let scores = model.dense(d, 84, 10);
    let class = model.parsed.node(Op::ArgMax { axis: 1 }, &[scores]);
    model.parsed.output("class", class);
    let graph = model.parsed.check().expect("the model is well formed");
    Bundle::encode(graph).expect("it is small")
}

struct Model {
    parsed: Parsed,
    numbers: Rng,
}

impl Model {
    fn constant(&mut self, dtype: DType, dims: &[u32], data: Vec<i32>) -> Value {
        let tensor = Tensor::new(ty(dtype, dims), data).expect("the elements fit the type");
        self.parsed.constant(&tensor)
    }

    fn random(&mut self, dtype: DType, dims: &[u32], low: i64, high: i64) -> Value {
        let elements = ty(dtype, dims).elements();
        let data = (0..elements).map(|_| self.numbers.within(low, high) as i32);
        let data = data.collect();
        self.constant(dtype, dims, data)
    }

    /// Weights of i8, biases, zero points of 0.
    fn weights(&mut self, x: Value, dims: &[u32], outputs: u32) -> [Value; 5] {
        let weights = self.random(DType::I8, dims, -127, 127);
        let bias = self.random(DType::I32, &[outputs], -20_000, 20_000);
        let x_zero = self.constant(DType::U8, &[], vec![0]);
        let w_zero = self.constant(DType::I8, &[], vec![0]);
        [x, weights, x_zero, w_zero, bias]
    }

    fn dense(&mut self, x: Value, inputs: u32, outputs: u32) -> Value {
        let operands = self.weights(x, &[inputs, outputs], outputs);
        self.parsed.node(Op::MatMul, &operands)
    }

    fn conv(&mut self, x: Value, dims: [u32; 4], window: Window) -> Value {
        let [outputs, inputs, height, width] = dims;
        let operands = self.weights(x, &dims, outputs);
        let sums = self.parsed.node(Op::Conv2d { window, groups: 1 }, &operands);
        self.narrow(sums, outputs, inputs * height * width)
    }

    /// Sums of so many products to u8, with a multiplier for each channel, by which most results lie within u8.
    fn narrow(&mut self, sums: Value, channels: u32, terms: u32) -> Value {
        // A sum of n products of 2^7 and 2^6 is near 2^13 · √n.
        let multiplier = (16384.0 / f64::from(terms).sqrt()) as i64;
        let multipliers = self.random(DType::I16, &[channels], multiplier / 2, multiplier);
        let shifts = self.random(DType::U8, &[channels], 19, 20);
        let zeros = self.constant(DType::U8, &[channels], vec![3; channels as usize]);
        let requantise = Op::Requantise {
            to: DType::U8,
            axis: 1,
        };
        self.parsed.node(requantise, &[sums, multipliers, shifts, zeros])
    }
}

fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, dims).expect("the shape is possible")
}
