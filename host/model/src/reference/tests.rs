use super::*;
use crate::{DType, Op, Parsed, Shape, TensorType};
use alloc::vec;

/// a (u8[3]) + b (i16[1]) and a reshaped, which both live to the end.
fn graph() -> Reference {
    let mut g = Parsed::default();
    let a = g.input("a", TensorType::new(DType::U8, &[3]).unwrap());
    let b = g.input("b", TensorType::new(DType::I16, &[1]).unwrap());
    let sum = g.node(Op::Add, &[a, b]);
    let shape = Shape::new(&[3, 1]).unwrap();
    let reshaped = g.node(Op::Reshape { shape }, &[a]);
    g.output("sum", sum);
    g.output("a again", reshaped);
    Reference::new(Arc::new(g.check().unwrap()))
}

#[test]
fn inputs_apart_give_what_inputs_together_give() {
    let reference = graph();
    let (a, b) = ([1, 2, 255], [0, 128]);
    let together = reference.run(&[1, 2, 255, 0, 128]).unwrap();
    let apart = reference.run_values(&[&a, &b]).unwrap();
    assert_eq!(apart.concat(), together);
    assert_eq!(apart[1], [1, 2, 255]);
    assert_eq!(apart[0][..4], (1 - 32_768i32).to_le_bytes());
}

#[test]
fn inputs_of_another_length_or_number_are_refused() {
    let reference = graph();
    for length in [0, 1, 3, 4, 6, 10] {
        let refused = reference.run(&vec![0; length]).unwrap_err();
        assert_eq!((refused.expected, refused.actual), (5, length));
    }
    let (a, b): ([u8; 3], [u8; 2]) = ([0; 3], [0; 2]);
    for inputs in [
        &[&a[..]][..],
        &[&a, &b, &b],
        &[&b, &a],
        &[&a, &b[..1]],
        &[&a, &b, &[]],
        &[],
    ] {
        assert!(reference.run_values(inputs).is_err(), "{inputs:?}");
    }
}
