//! Claimed products: another matrix than the product is claimed, or the challenge is of other numbers than those that
//! it has to bind.

use super::copies::{Copy, run};
use crate::links::Part;
use metisvm_model::{Bundle, DType, Op, Parsed, Tensor, TensorType};

/// The node that is checked.
const NODE: Part = Part::Node(0);

/// Rows and columns of the result, and what is summed up.
const SIDE: u32 = 24;
const DEPTH: u32 = 64;

/// Elements of the result, which are claimed one after the other, before anything else of the node is copied.
const RESULT: usize = (SIDE * SIDE) as usize;

/// Rows that pack a matrix, and what is copied into each of the first of them: 56 wires, zeros and sums.
const PACKS: usize = (SIDE * DEPTH) as usize / 56;
const OF_A_PACK: usize = 72;

/// Copies into rows that pack what is left of a matrix, which are no fewer.
const PACKED: usize = 2 * (PACKS + 1) * OF_A_PACK;

/// The message of the challenge: a domain, two places, elements of both matrices, the result.
const MESSAGE: usize = RESULT + PACKED;
const ELEMENTS: usize = (SIDE * DEPTH).div_ceil(7) as usize;

#[rustfmt::skip] // one attack a line
const CLAIMED: &[Copy] = &[
    ("the first element, one more", NODE, 0, 1),
    ("the first element, one less", NODE, 0, -1),
    ("the last of the first row", NODE, SIDE as usize - 1, 255),
    ("an element in the middle", NODE, RESULT / 2, -127 * 255),
    ("an element wrapped by 2^32", NODE, 77, 1 << 32),
    ("an element wrapped by -2^32", NODE, 78, -(1 << 32)),
    ("an element far beyond", NODE, 100, 1 << 62),
    ("an element of the last row", NODE, RESULT - SIDE as usize, 7),
    ("the last element, one more", NODE, RESULT - 1, 1),
    ("the last element, one less", NODE, RESULT - 1, -1),
];

#[rustfmt::skip]
const BOUND: &[Copy] = &[
    ("another domain", NODE, MESSAGE, 1),
    ("another node's challenge", NODE, MESSAGE + 1, 1),
    ("another product's challenge", NODE, MESSAGE + 2, 1),
    ("another first element of the left matrix", NODE, MESSAGE + 3, 1),
    ("another second number of the left matrix", NODE, MESSAGE + 3, 256),
    ("another last element of the left matrix", NODE, MESSAGE + 2 + ELEMENTS, -1),
    ("another first element of the right matrix", NODE, MESSAGE + 3 + ELEMENTS, 1),
    ("another last element of the right matrix", NODE, MESSAGE + 2 + 2 * ELEMENTS, 1),
    ("another first element of the result", NODE, MESSAGE + 3 + 2 * ELEMENTS, 1),
    ("another element in the middle of the result", NODE, MESSAGE + 3 + 2 * ELEMENTS + RESULT / 2, -1),
    ("another last element of the result", NODE, MESSAGE + 2 + 2 * ELEMENTS + RESULT, 1 << 40),
];

/// A product of two inputs.
fn bundle() -> Bundle {
    let mut parsed = Parsed::default();
    let ty = |dtype, dims: &[u32]| TensorType::new(dtype, dims).expect("the shape is possible");
    let a = parsed.input("a", ty(DType::U8, &[SIDE, DEPTH]));
    let b = parsed.input("b", ty(DType::I8, &[DEPTH, SIDE]));
    let zeros = [DType::U8, DType::I8]
        .map(|dtype| parsed.constant(&Tensor::new(ty(dtype, &[]), vec![0]).expect("it fits")));
    let product = parsed.node(Op::MatMul, &[a, b, zeros[0], zeros[1]]);
    parsed.output("y", product);
    let graph = parsed.check().expect("the model is well formed");
    Bundle::encode(graph).expect("it is small").0
}

fn input() -> Vec<u8> {
    (0..2 * SIDE * DEPTH).map(|i| (i * 37 % 251) as u8).collect()
}

#[test]
fn other_products_are_refused() {
    run(&bundle(), &input(), CLAIMED);
}

#[test]
fn challenges_of_other_numbers_are_refused() {
    run(&bundle(), &input(), BOUND);
}
