//! The graphs that are measured. Each is made of links that take bytes and give bytes, so that they follow from
//! each other as the layers of a model do.

use crate::costs::Class;
use metisvm_model::{DType, Graph, Op, Padding, Parsed, Tensor, TensorType, Value, Window};
use std::sync::Arc;

/// Links of a long chain of elementwise nodes; a link is two nodes.
pub(super) const LINKS: usize = 8;
/// Elements of a graph in which next to nothing is done.
pub(super) const TINY: u32 = 16;
/// Elements of larger ones.
pub(super) const ELEMENTS: [u32; 3] = [1 << 12, 1 << 14, 1 << 17];

/// A graph that is run.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    pub(super) graph: Arc<Graph>,
}

impl Probe {
    /// An input of it.
    pub(super) fn input(&self) -> Vec<u8> {
        (0..self.graph.input_bytes())
            .map(|i| (i * 37 % 251) as u8)
            .collect()
    }
}

/// A graph being built.
struct Builder(Parsed);

impl Builder {
    fn input(dtype: DType, dims: &[u32]) -> Option<(Self, Value)> {
        let mut g = Parsed::default();
        let x = g.input("x", TensorType::new(dtype, dims)?);
        Some((Self(g), x))
    }

    /// A constant whose elements differ, so that nothing can be left out.
    fn constant(&mut self, dtype: DType, dims: &[u32]) -> Option<Value> {
        let ty = TensorType::new(dtype, dims)?;
        let data = (0..ty.elements()).map(|i| (i * 37 % 113) as i32 + 1).collect();
        Some(self.0.constant(&Tensor::new(ty, data)?))
    }

    fn scalar(&mut self, dtype: DType, value: i32) -> Option<Value> {
        Some(
            self.0
                .constant(&Tensor::new(TensorType::scalar(dtype), vec![value])?),
        )
    }

    /// Accumulators as `to` again.
    fn requantise(&mut self, acc: Value, to: DType) -> Option<Value> {
        let operands = [
            acc,
            self.scalar(DType::I16, 20_011)?,
            self.scalar(DType::U8, 22)?,
            self.scalar(to, 3)?,
        ];
        Some(self.0.node(Op::Requantise { to, axis: 0 }, &operands))
    }

    fn finish(mut self, outputs: &[Value]) -> Option<Probe> {
        for (number, value) in outputs.iter().enumerate() {
            self.0.output(format!("y{number}"), *value);
        }
        let graph = Arc::new(self.0.check().ok()?);
        Some(Probe { graph })
    }
}

/// A chain of additions and requantisations over so many bytes. Like the others it is none only where a graph of
/// that size cannot be; a test builds each.
pub(super) fn elementwise(elements: u32, links: usize) -> Option<Probe> {
    let (mut g, mut x) = Builder::input(DType::U8, &[elements.div_ceil(256), elements.min(256)])?;
    for _ in 0..links {
        let row = g.constant(DType::U8, &[elements.min(256)])?;
        let sum = g.0.node(Op::Add, &[x, row]);
        x = g.requantise(sum, DType::U8)?;
    }
    g.finish(&[x])
}

/// Ways to measure a class, the best one first; each is probes with as many nodes of the class, from small to large.
pub(super) fn ladders(class: Class) -> Vec<Vec<Probe>> {
    let ladder = |sizes: &[u32], probe: &dyn Fn(u32) -> Option<Probe>| -> Vec<Probe> {
        sizes.iter().filter_map(|&size| probe(size)).collect()
    };
    match class {
        Class::Wide => vec![ladder(&[16, 256, 512, 1024], &|k| product(64, k, 2, DType::I8))],
        Class::Narrow => vec![ladder(&[16, 256, 512, 1024], &|k| product(1, k, 4, DType::I8))],
        Class::Words => vec![ladder(&[16, 256, 512], &|k| product(64, k, 2, DType::I16))],
        Class::Convolution => vec![ladder(&[4, 16, 32, 64], &|c| convolution(c, 1))],
        Class::Pixels => vec![ladder(&[16, 64, 128, 256], &|c| convolution_over(2, c, 1))],
        Class::Depthwise => vec![ladder(&[4, 32, 128], &|c| convolution(c, c))],
        Class::Rows => {
            let first: &dyn Fn(u32) -> Option<Probe> =
                &|n| rows(n, &[Op::ReduceSum { axis: 1 }, Op::ReduceMax { axis: 1 }]);
            let second: &dyn Fn(u32) -> Option<Probe> = &pool;
            let third: &dyn Fn(u32) -> Option<Probe> = &|n| rows(n, &[Op::ArgMax { axis: 1 }]);
            [first, second, third]
                .map(|probe| ladder(&[4, 64, 256], probe))
                .into()
        }
        Class::Moves => vec![ladder(&[8, 128, 512], &transpose)],
        Class::Elementwise => Vec::new(),
    }
}

fn product(rows: u32, k: u32, layers: usize, dtype: DType) -> Option<Probe> {
    let (mut g, mut x) = Builder::input(dtype, &[rows, k])?;
    for _ in 0..layers {
        let w = g.constant(DType::I8, &[k, k])?;
        let zeros = [g.scalar(dtype, 3)?, g.scalar(DType::I8, 2)?];
        let op = if dtype == DType::I16 {
            Op::WideMatMul
        } else {
            Op::MatMul
        };
        let acc = g.0.node(op, &[x, w, zeros[0], zeros[1]]);
        x = g.requantise(acc, dtype)?;
    }
    g.finish(&[x])
}

/// Over a small image of few channels, or one that is not.
fn convolution(channels: u32, groups: u32) -> Option<Probe> {
    convolution_over(if channels < 8 { 8 } else { 28 }, channels, groups)
}

fn convolution_over(side: u32, channels: u32, groups: u32) -> Option<Probe> {
    let (mut g, mut x) = Builder::input(DType::I8, &[1, channels, side, side])?;
    let padding = Padding {
        top: 1,
        left: 1,
        bottom: 1,
        right: 1,
    };
    for _ in 0..2 {
        let w = g.constant(DType::I8, &[channels, channels / groups, 3, 3])?;
        let zeros = [g.scalar(DType::I8, 3)?, g.scalar(DType::I8, 2)?];
        let window = Window {
            padding,
            ..Window::default()
        };
        let acc =
            g.0.node(Op::Conv2d { window, groups }, &[x, w, zeros[0], zeros[1]]);
        x = g.requantise(acc, DType::I8)?;
    }
    g.finish(&[x])
}

/// Reductions of the same rows.
fn rows(count: u32, ops: &[Op]) -> Option<Probe> {
    let (mut g, x) = Builder::input(DType::U8, &[count, 256])?;
    let outputs: Vec<Value> = ops.iter().map(|op| g.0.node(op.clone(), &[x])).collect();
    g.finish(&outputs)
}

fn pool(side: u32) -> Option<Probe> {
    let (mut g, x) = Builder::input(DType::U8, &[1, 8, side, side])?;
    let window = Window {
        stride: [2, 2],
        ..Window::default()
    };
    let y = g.0.node(
        Op::MaxPool2d {
            kernel: [2, 2],
            window,
        },
        &[x],
    );
    g.finish(&[y])
}

fn transpose(side: u32) -> Option<Probe> {
    let (mut g, mut x) = Builder::input(DType::U8, &[side, side])?;
    for _ in 0..3 {
        x = g.0.node(Op::Transpose { perm: vec![1, 0] }, &[x]);
    }
    g.finish(&[x])
}
