//! Graphs made by hand: every operator where tiles begin and end, and at the ends of its types.

mod arithmetic;
mod chains;
mod moves;
mod pointwise;
mod products;
mod windows;

use super::case::{Depth, Sketch};
use crate::graphs;
use crate::rng::Rng;
use metisvm_model::{DType, Op, Parsed, Tensor, TensorType, Value};

/// Extents around the sides of tiles that engines have: 1, 4, 16 and 64, one less and one more. 32-byte
/// vectors and 32 lanes lie between and are reached by generated graphs.
pub(super) const SIDES: [u32; 11] = [1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65];

/// These, and the sides of what a byte counts: for operators that came later.
pub(super) const WIDER_SIDES: [u32; 14] = [1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 255, 256, 257];

/// All of them, in a fixed order.
pub(super) fn all() -> Vec<Sketch> {
    let mut edges = Edges::default();
    products::mat_mul(&mut edges);
    products::conv2d(&mut edges);
    pointwise::add(&mut edges);
    pointwise::requantise(&mut edges);
    pointwise::clamp(&mut edges);
    pointwise::table(&mut edges);
    windows::max_pool(&mut edges);
    windows::reshape(&mut edges);
    windows::arg_max(&mut edges);
    arithmetic::sub(&mut edges);
    arithmetic::mul(&mut edges);
    arithmetic::interpolate(&mut edges);
    arithmetic::reductions(&mut edges);
    arithmetic::reciprocal(&mut edges);
    arithmetic::inv_norm(&mut edges);
    moves::gather(&mut edges);
    moves::transpose(&mut edges);
    moves::concat(&mut edges);
    products::wide_mat_mul(&mut edges);
    chains::all(&mut edges);
    edges.0
}

#[derive(Debug, Default)]
struct Edges(Vec<Sketch>);

impl Edges {
    /// A graph of one output: what `make` gives.
    fn add(&mut self, name: impl Into<String>, depth: Depth, make: impl FnOnce(&mut Maker) -> Value) {
        self.add_with_outputs(name, depth, |m| vec![make(m)]);
    }

    fn add_with_outputs(
        &mut self,
        name: impl Into<String>,
        depth: Depth,
        make: impl FnOnce(&mut Maker) -> Vec<Value>,
    ) {
        let name = name.into();
        let mut maker = Maker {
            graph: Parsed::default(),
            rng: Rng::new(self.0.len() as u64),
        };
        for (index, value) in make(&mut maker).into_iter().enumerate() {
            maker.graph.output(format!("output{index}"), value);
        }
        let graph = maker.graph.check();
        let graph = graph.unwrap_or_else(|error| panic!("the suite's own case {name}: {error}"));
        self.0.push(Sketch { name, graph, depth });
    }
}

/// How elements of a constant are chosen; the numbers are those of [`graphs::tensor_of`].
const ENDS: u64 = 0;
const NEAR_ENDS: u64 = 1;
const ANY: u64 = 3;

/// A graph under construction.
#[derive(Debug)]
struct Maker {
    graph: Parsed,
    rng: Rng,
}

impl Maker {
    fn input(&mut self, dtype: DType, dims: &[u32]) -> Value {
        let name = format!("input{}", self.graph.inputs.len());
        self.graph.input(name, ty(dtype, dims))
    }

    fn constant(&mut self, dtype: DType, dims: &[u32], style: u64) -> Value {
        let tensor = graphs::tensor_of(&mut self.rng, &ty(dtype, dims), style);
        self.graph.constant(&tensor)
    }

    fn scalar(&mut self, dtype: DType, value: i32) -> Value {
        self.values(dtype, &[], |_| value)
    }

    fn values(&mut self, dtype: DType, dims: &[u32], each: impl FnMut(usize) -> i32) -> Value {
        let ty = ty(dtype, dims);
        let data = (0..ty.elements()).map(each).collect();
        let tensor = Tensor::new(ty, data).expect("the suite's values are of the type");
        self.graph.constant(&tensor)
    }

    fn node(&mut self, op: Op, operands: &[Value]) -> Value {
        self.graph.node(op, operands)
    }

    /// A product is usually followed by this: to i8, by shifts that leave something to see.
    fn requantised(&mut self, x: Value, to: DType) -> Value {
        let multiplier = self.scalar(DType::I16, 21001);
        let shift = self.scalar(DType::U8, 21);
        let zero = self.scalar(to, 3);
        self.node(Op::Requantise { to, axis: 0 }, &[x, multiplier, shift, zero])
    }
}

fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, dims).expect("the suite's shapes are small")
}
