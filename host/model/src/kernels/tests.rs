//! Results worked out by hand, through a graph, a bundle and the reference: operators of version 2.

use crate::{Bundle, DType, Op, Parsed, Reference, Tensor, TensorType};
use alloc::sync::Arc;
use alloc::vec::Vec;

fn tensor(dtype: DType, dims: &[u32], data: &[i32]) -> Tensor {
    Tensor::new(TensorType::new(dtype, dims).unwrap(), data.to_vec()).unwrap()
}

/// The result, and its shape, of a node whose operands are all constants, after a journey as a bundle.
fn run(op: Op, operands: &[Tensor]) -> (Vec<u32>, Vec<i32>) {
    let mut g = Parsed::default();
    let values: Vec<_> = operands.iter().map(|t| g.constant(t)).collect();
    let y = g.node(op, &values);
    g.output("y", y);
    let graph = g.check().unwrap();
    let (_, bytes) = Bundle::encode(graph).unwrap();
    let graph = Arc::new(Bundle::decode(&bytes).unwrap().graph);
    let ty = graph.ty(graph.outputs()[0].value).clone();
    let interval = graph.intervals().of(graph.outputs()[0].value);
    let out = Reference::new(graph).run(&[]).unwrap();
    let y = Tensor::from_bytes(ty, &out).unwrap();
    assert!(
        y.data().iter().all(|&v| interval.contains(v.into())),
        "{interval:?}"
    );
    (y.shape().dims().to_vec(), y.data().to_vec())
}

#[test]
fn sub_and_mul_broadcast() {
    let a = tensor(DType::U8, &[2, 1], &[0, 255]);
    let b = tensor(DType::I16, &[3], &[-32768, 1, 32767]);
    let (dims, y) = run(Op::Sub, &[a.clone(), b.clone()]);
    assert_eq!(dims, [2, 3]);
    assert_eq!(y, [32768, -1, -32767, 33023, 254, -32512]);
    let to = DType::I16;
    let (_, y) = run(Op::Mul { shift: 1, to }, &[a.clone(), b.clone()]);
    // 255 / 2 rounds up.
    assert_eq!(y, [0, 0, 0, -32768, 128, 32767]);
    let (_, y) = run(
        Op::Mul {
            shift: 0,
            to: DType::I32,
        },
        &[a, b],
    );
    assert_eq!(y, [0, 0, 0, -255 * 32768, 255, 255 * 32767]);
}

#[test]
fn interpolation_meets_its_nodes_and_rounds_between_them() {
    let nodes: Vec<i32> = (0..257).map(|i| if i % 2 == 0 { -100 } else { 101 }).collect();
    let table = tensor(DType::I8, &[257], &nodes);
    let x = tensor(
        DType::I16,
        &[5],
        &[-32768, -32768 + 256, -32768 + 128, -32768 + 257, 32767],
    );
    let (_, y) = run(Op::Interpolate, &[x, table]);
    // The last: 101 + ((−201·255 + 128) >> 8) = 101 − 200.
    assert_eq!(y, [-100, 101, 1, 100, -99]);
}

#[test]
fn reductions_keep_their_dimension() {
    let x = tensor(DType::I8, &[2, 3, 2], &[1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6]);
    let sum = run(Op::ReduceSum { axis: 1 }, core::slice::from_ref(&x));
    assert_eq!(sum, ([2, 1, 2].to_vec(), [9, 12, -9, -12].to_vec()));
    let max = run(Op::ReduceMax { axis: 1 }, core::slice::from_ref(&x));
    assert_eq!(max, ([2, 1, 2].to_vec(), [5, 6, -1, -2].to_vec()));
    let max = run(Op::ReduceMax { axis: 2 }, &[x]);
    assert_eq!(max.1, [2, 4, 6, -1, -3, -5]);
}

#[test]
fn quotients_and_roots_are_cut_off_and_limited() {
    let x = tensor(DType::I32, &[6], &[i32::MIN, 0, 1, 2, 3, i32::MAX]);
    let numerator = 100;
    let (_, y) = run(Op::Reciprocal { numerator }, core::slice::from_ref(&x));
    assert_eq!(y, [100, 100, 100, 50, 33, 0]);
    let numerator = (1 << 62) - 1;
    let (_, y) = run(Op::Reciprocal { numerator }, &[x]);
    assert_eq!(y, [i32::MAX, i32::MAX, i32::MAX, i32::MAX, i32::MAX, i32::MAX]);

    let rows = tensor(DType::I8, &[3, 2], &[0, 0, 3, 4, -128, 127]);
    let (shift, epsilon) = (20, 1);
    let (dims, y) = run(Op::InvNorm { shift, epsilon }, core::slice::from_ref(&rows));
    // √⌊2^20 / 26⌋ = √40329, √⌊2^20 / 32514⌋ = √32.
    assert_eq!((dims, y), ([3, 1].to_vec(), [1024, 200, 5].to_vec()));
    let shift = 62;
    assert_eq!(run(Op::InvNorm { shift, epsilon }, &[rows]).1[0], i32::MAX);
}

#[test]
fn elements_are_moved() {
    let x = tensor(DType::I16, &[2, 3], &[1, 2, 3, 4, 5, 6]);
    let index = tensor(DType::U8, &[2, 2], &[2, 0, 0, 1]);
    let (dims, y) = run(Op::Gather { axis: 1 }, &[x.clone(), index]);
    assert_eq!(dims, [2, 2, 2]);
    assert_eq!(y, [3, 1, 1, 2, 6, 4, 4, 5]);
    let row = run(
        Op::Gather { axis: 0 },
        &[x.clone(), tensor(DType::I32, &[], &[1])],
    );
    assert_eq!(row, ([3].to_vec(), [4, 5, 6].to_vec()));

    let perm = [1, 0].to_vec();
    let (dims, y) = run(Op::Transpose { perm }, core::slice::from_ref(&x));
    assert_eq!((dims, y), ([3, 2].to_vec(), [1, 4, 2, 5, 3, 6].to_vec()));
    let z = tensor(DType::I16, &[2, 3, 2], &(0..12).collect::<Vec<_>>());
    let perm = [2, 0, 1].to_vec();
    let (dims, y) = run(Op::Transpose { perm }, &[z]);
    assert_eq!(dims, [2, 2, 3]);
    assert_eq!(y, [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]);

    let one = tensor(DType::I16, &[2, 1], &[7, 8]);
    let (dims, y) = run(Op::Concat { axis: 1 }, &[x.clone(), one, x]);
    assert_eq!(dims, [2, 7]);
    assert_eq!(y, [1, 2, 3, 7, 1, 2, 3, 4, 5, 6, 8, 4, 5, 6]);
}

#[test]
fn a_wide_product_is_exact() {
    let x = tensor(DType::I16, &[1, 2], &[32767, -32768]);
    let w = tensor(DType::U8, &[2, 2], &[255, 0, 0, 255]);
    let x_zero = tensor(DType::I16, &[], &[-32768]);
    let w_zero = tensor(DType::U8, &[2], &[0, 255]);
    let bias = tensor(DType::I32, &[2], &[1, 2]);
    let (dims, y) = run(Op::WideMatMul, &[x, w, x_zero, w_zero, bias]);
    assert_eq!(dims, [1, 2]);
    assert_eq!(y, [65535 * 255 + 1, -65535 * 255 + 2]);
}
