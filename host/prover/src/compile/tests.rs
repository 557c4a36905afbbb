//! What is reserved for a node: no more rows than come.

use crate::gates::MatVec;
use crate::lane::Lane;
use crate::parameters::Parameters;
use crate::rows::Rows;
use metisvm_model::{Bundle, DType, Op, Padding, Parsed, Tensor, TensorType, Value, Window};

fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, dims).expect("the shape is possible")
}

fn input(parsed: &mut Parsed, dtype: DType, dims: &[u32]) -> Value {
    let name = format!("x{}", parsed.inputs.len());
    parsed.input(name, ty(dtype, dims))
}

fn constant(parsed: &mut Parsed, dtype: DType, dims: &[u32]) -> Value {
    let ty = ty(dtype, dims);
    let data = (0..ty.elements()).map(|i| (i * 37 % 101) as i32).collect();
    parsed.constant(&Tensor::new(ty, data).expect("the elements fit"))
}

const SAME: Window = Window {
    stride: [1, 1],
    dilation: [1, 1],
    padding: Padding::all(1),
};

/// The operands of a product, with zero points.
fn product(parsed: &mut Parsed, x: &[u32], w: &[u32], constant_weights: bool) -> Vec<Value> {
    let x = input(parsed, DType::U8, x);
    let w = if constant_weights {
        constant(parsed, DType::I8, w)
    } else {
        input(parsed, DType::I8, w)
    };
    let zeros = [DType::U8, DType::I8].map(|dtype| constant(parsed, dtype, &[]));
    vec![x, w, zeros[0], zeros[1]]
}

/// Each node by which something is reserved before it is made, with weights that are constant or not.
fn bundles() -> Vec<(&'static str, Bundle)> {
    let conv = Op::Conv2d {
        window: SAME,
        groups: 2,
    };
    let pool = Op::MaxPool2d {
        kernel: [3, 3],
        window: SAME,
    };
    let mut bundles = Vec::new();
    let mut add = |name, op: &Op, operands: &dyn Fn(&mut Parsed) -> Vec<Value>| {
        let mut parsed = Parsed::default();
        let operands = operands(&mut parsed);
        let node = parsed.node(op.clone(), &operands);
        parsed.output("y".to_string(), node);
        let graph = parsed.check().expect("the model is well formed");
        bundles.push((name, Bundle::encode(graph).expect("it is small").0));
    };
    for weights in [true, false] {
        add("few rows of x", &Op::MatMul, &|p| {
            product(p, &[2, 3, 70], &[70, 9], weights)
        });
        add("many rows of x", &Op::MatMul, &|p| {
            product(p, &[2, 64, 70], &[2, 70, 64], weights)
        });
        add("a padded image", &conv, &|p| {
            product(p, &[1, 16, 4, 4], &[6, 8, 3, 3], weights)
        });
        add("a large padded image", &conv, &|p| {
            product(p, &[1, 32, 12, 12], &[64, 16, 3, 3], weights)
        });
    }
    add("windows", &pool, &|p| vec![input(p, DType::U8, &[1, 3, 5, 5])]);
    bundles
}

#[test]
fn no_more_rows_are_reserved_than_come() {
    for (name, bundle) in bundles() {
        for gate in [MatVec::STANDARD].into_iter().chain(MatVec::WIDER) {
            println!("{name}, {gate:?}");
            let mut rows = Rows::with_mat_vec(gate, Parameters::STANDARD, u64::MAX);
            let nodes = 0..bundle.graph.nodes().len();
            // The rows are held against what was reserved node by node.
            let lane = Lane::new(&mut rows, &bundle.graph, bundle.id, nodes);
            assert!(lane.is_ok(), "circuits have its operator");
        }
    }
}
