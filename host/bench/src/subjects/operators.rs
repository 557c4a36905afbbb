//! Graphs of one operator; of products, of one and the Requantise that makes bytes of its sums, as a layer
//! has it.

use crate::inputs;
use metisvm_model::{DType, Graph, Op, Padding, Parsed, Tensor, TensorType, Value, Window};
use std::sync::Arc;

/// A graph, or why there is none of that size.
pub(crate) type Built = Result<Arc<Graph>, String>;

/// What comes out of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Bytes, as the next layer wants them.
    Bytes,
    /// The sums themselves.
    Sums,
}

/// `[m, k]` by `[k, n]`.
pub(crate) fn mat_mul(m: u32, k: u32, n: u32) -> Built {
    mat_mul_to(Outcome::Bytes, m, k, n)
}

/// `[m, k]` by `[k, n]`, its sums or bytes of them.
pub(crate) fn mat_mul_to(outcome: Outcome, m: u32, k: u32, n: u32) -> Built {
    let mut graph = Draft::default();
    let x = graph.input(DType::I8, &[m, k])?;
    let w = graph.random(DType::I8, &[k, n])?;
    let [x_zero, w_zero] = [graph.scalar(DType::I8, 3)?, graph.scalar(DType::I8, 0)?];
    let sums = graph.0.node(Op::MatMul, &[x, w, x_zero, w_zero]);
    graph.ending_in(outcome, sums, k)
}

/// A convolution of `channels` to as many, 3 by 3, over so many rows and columns, with padding.
pub(crate) fn conv2d(channels: u32, pixels: [u32; 2]) -> Built {
    conv2d_to(Outcome::Bytes, channels, pixels)
}

/// The same, its sums or bytes of them.
pub(crate) fn conv2d_to(outcome: Outcome, channels: u32, [rows, columns]: [u32; 2]) -> Built {
    let mut graph = Draft::default();
    let x = graph.input(DType::I8, &[1, channels, rows, columns])?;
    let w = graph.random(DType::I8, &[channels, channels, 3, 3])?;
    let [x_zero, w_zero] = [graph.scalar(DType::I8, 3)?, graph.scalar(DType::I8, 0)?];
    let window = Window {
        padding: Padding::all(1),
        ..Window::default()
    };
    let sums = graph
        .0
        .node(Op::Conv2d { window, groups: 1 }, &[x, w, x_zero, w_zero]);
    graph.ending_in(outcome, sums, channels * 9)
}

/// A Requantise of so many sums.
pub(crate) fn requantise(count: u32) -> Built {
    let mut graph = Draft::default();
    let x = graph.input(DType::I32, &[count])?;
    // Sums of any size: most of what comes out is clamped, which costs nothing or the same.
    graph.ending_in_bytes(x, 1 << 16)
}

/// A look-up of so many bytes.
pub(crate) fn table(count: u32) -> Built {
    let mut graph = Draft::default();
    let x = graph.input(DType::U8, &[count])?;
    let table = graph.random(DType::I8, &[256])?;
    let result = graph.0.node(Op::Table, &[x, table]);
    graph.done(result)
}

/// A sum of two inputs of so many bytes.
pub(crate) fn add(count: u32) -> Built {
    let mut graph = Draft::default();
    let [a, b] = [
        graph.input(DType::I8, &[count])?,
        graph.input(DType::I8, &[count])?,
    ];
    let result = graph.0.node(Op::Add, &[a, b]);
    graph.done(result)
}

/// A graph that is being written.
#[derive(Default)]
struct Draft(Parsed);

impl Draft {
    fn input(&mut self, dtype: DType, dims: &[u32]) -> Result<Value, String> {
        let name = format!("x{}", self.0.inputs.len());
        Ok(self.0.input(name, ty(dtype, dims)?))
    }

    fn scalar(&mut self, dtype: DType, value: i32) -> Result<Value, String> {
        self.constant(ty(dtype, &[])?, vec![value])
    }

    fn random(&mut self, dtype: DType, dims: &[u32]) -> Result<Value, String> {
        let ty = ty(dtype, dims)?;
        let bytes = inputs::bytes(7, ty.elements());
        let data = bytes.into_iter().map(|byte| i32::from(byte as i8)).collect();
        self.constant(ty, data)
    }

    fn constant(&mut self, ty: TensorType, data: Vec<i32>) -> Result<Value, String> {
        let tensor = Tensor::new(ty, data).ok_or_else(|| "a constant is not within its type".to_owned())?;
        Ok(self.0.constant(&tensor))
    }

    fn ending_in(self, outcome: Outcome, sums: Value, depth: u32) -> Built {
        match outcome {
            Outcome::Bytes => self.ending_in_bytes(sums, depth),
            Outcome::Sums => self.done(sums),
        }
    }

    /// Ends with bytes of sums of so many products, scaled so that few are clamped.
    fn ending_in_bytes(mut self, sums: Value, depth: u32) -> Built {
        // A sum of n random products of bytes is some 2^12.4 · √n.
        let shift = 15 + 6 + depth.ilog2() / 2;
        let multiplier = self.scalar(DType::I16, 20_000)?;
        let shift = self.scalar(DType::U8, shift as i32)?;
        let zero = self.scalar(DType::I8, 0)?;
        let to_bytes = Op::Requantise {
            to: DType::I8,
            axis: 0,
        };
        let result = self.0.node(to_bytes, &[sums, multiplier, shift, zero]);
        self.done(result)
    }

    fn done(mut self, result: Value) -> Built {
        self.0.output("y", result);
        self.0.check().map(Arc::new).map_err(|error| error.to_string())
    }
}

fn ty(dtype: DType, dims: &[u32]) -> Result<TensorType, String> {
    TensorType::new(dtype, dims).ok_or_else(|| format!("no tensor has the shape {dims:?}"))
}
