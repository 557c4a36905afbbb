//! Models of known shapes with made-up weights.
#![allow(dead_code, reason = "each test binary uses a part")]

use metisvm_model::{Bundle, DType, Op, Parsed, Tensor, TensorType, Value, Window};

/// A sequence that is the same on every machine: SplitMix64.
pub(crate) struct Sequence(pub(crate) u64);

impl Sequence {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number of an interval.
    pub(crate) fn within(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high - low + 1) as u64) as i64
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

/// A graph under construction.
pub(crate) struct Model {
    pub(crate) parsed: Parsed,
    pub(crate) numbers: Sequence,
}

impl Model {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            parsed: Parsed::default(),
            numbers: Sequence(seed),
        }
    }

    pub(crate) fn input(&mut self, dtype: DType, dims: &[u32]) -> Value {
        let name = format!("x{}", self.parsed.inputs.len());
        self.parsed.input(name, ty(dtype, dims))
    }

    pub(crate) fn constant(&mut self, dtype: DType, dims: &[u32], data: Vec<i32>) -> Value {
        let tensor = Tensor::new(ty(dtype, dims), data).expect("the elements fit the type");
        self.parsed.constant(&tensor)
    }

    /// A constant of random elements.
    pub(crate) fn random(&mut self, dtype: DType, dims: &[u32], low: i64, high: i64) -> Value {
        let elements = ty(dtype, dims).elements();
        let data = (0..elements)
            .map(|_| self.numbers.within(low, high) as i32)
            .collect();
        self.constant(dtype, dims, data)
    }

    pub(crate) fn scalar(&mut self, dtype: DType, value: i32) -> Value {
        self.constant(dtype, &[], vec![value])
    }

    pub(crate) fn node(&mut self, op: Op, operands: &[Value]) -> Value {
        self.parsed.node(op, operands)
    }

    /// MatMul with 8-bit weights and biases, x of u8 with zero point 0.
    pub(crate) fn dense(&mut self, x: Value, inputs: u32, outputs: u32) -> Value {
        let w = self.random(DType::I8, &[inputs, outputs], -127, 127);
        let bias = self.random(DType::I32, &[outputs], -20_000, 20_000);
        let (x_zero, w_zero) = (self.scalar(DType::U8, 0), self.scalar(DType::I8, 0));
        self.node(Op::MatMul, &[x, w, x_zero, w_zero, bias])
    }

    /// Conv2d likewise.
    pub(crate) fn conv(&mut self, x: Value, weights: [u32; 4], window: Window) -> Value {
        let w = self.random(DType::I8, &weights, -127, 127);
        let bias = self.random(DType::I32, &weights[..1], -20_000, 20_000);
        let (x_zero, w_zero) = (self.scalar(DType::U8, 0), self.scalar(DType::I8, 0));
        self.node(Op::Conv2d { window, groups: 1 }, &[x, w, x_zero, w_zero, bias])
    }

    /// Requantise to u8 with a multiplier for each channel, for sums of so many terms: most results lie
    /// within u8.
    pub(crate) fn narrow(&mut self, acc: Value, axis: u8, channels: u32, terms: u32) -> Value {
        // A sum of n products of 2^7 and 2^6 is near 2^13 · √n.
        let multiplier = (16384.0 / f64::from(terms).sqrt()) as i64;
        let m = self.random(DType::I16, &[channels], multiplier / 2, multiplier);
        let s = self.scalar(DType::U8, 20);
        let z = self.scalar(DType::U8, 3);
        let s = if channels > 1 {
            self.random(DType::U8, &[channels], 19, 20)
        } else {
            s
        };
        let z = if channels > 1 {
            self.constant(DType::U8, &[channels], vec![3; channels as usize])
        } else {
            z
        };
        self.node(Op::Requantise { to: DType::U8, axis }, &[acc, m, s, z])
    }

    pub(crate) fn finish(mut self, output: Value) -> Bundle {
        self.parsed.output("y", output);
        let graph = self.parsed.check().expect("the model is well formed");
        Bundle::encode(graph).expect("it is small").0
    }
}

pub(crate) fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, dims).expect("the shape is possible")
}
