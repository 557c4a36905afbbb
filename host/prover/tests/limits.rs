//! Limits on memory: what fits is not refused.

mod common;

use common::Model;
use metisvm_model::{DType, Op};
use metisvm_prover::Circuit;

/// A row reads 21 bytes of the input, and the hash takes 56 in a row: 57,600 bytes are some 3,800 rows, and 2^12 take
/// less than this.
#[test]
fn an_input_that_fits_is_taken() {
    const BYTES: u32 = 57_600;
    let mut model = Model::new(31);
    let x = model.input(DType::U8, &[BYTES]);
    let first = model.scalar(DType::U8, 0);
    let first = model.node(Op::Gather { axis: 0 }, &[x, first]);
    let bundle = model.finish(first);
    let circuit = Circuit::compile(&bundle, 600 << 20).expect("it fits");
    let description = circuit.description();
    assert_eq!(description.degree_bits, 12, "{description}");
}
