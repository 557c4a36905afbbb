//! What lives at once, counted by hand.

use crate::limits::MAX_LIVE_ELEMENTS;
use crate::{DType, Op, Parsed, Problem, Shape, Tensor, TensorType, Value};

fn input(g: &mut Parsed, name: &str, dims: &[u32]) -> Value {
    g.input(name, TensorType::new(DType::I8, dims).unwrap())
}

fn constant(g: &mut Parsed, dims: &[u32]) -> Value {
    let ty = TensorType::new(DType::I8, dims).unwrap();
    let zeros = alloc::vec![0; ty.elements()];
    g.constant(&Tensor::new(ty, zeros).unwrap())
}

#[test]
fn a_chain_holds_its_input_and_two_results() {
    let mut g = Parsed::default();
    let mut x = input(&mut g, "x", &[100]);
    let one = constant(&mut g, &[1]);
    for _ in 0..5 {
        x = g.node(Op::Sub, &[x, one]);
    }
    g.output("y", x);
    // Constants are not counted; the first node reads the input, which stays.
    assert_eq!(g.check().unwrap().live_elements(), 300);
}

#[test]
fn what_is_read_later_lives_on() {
    let mut g = Parsed::default();
    let x = input(&mut g, "x", &[10]);
    let kept = g.node(Op::Add, &[x, x]); // 10 + 10
    let wide = g.node(Op::Concat { axis: 0 }, &[x, x, x]); // 10 + 10 + 30
    let best = g.node(Op::ReduceMax { axis: 0 }, &[wide]); // 10 + 10 + 30 + 1, then the 30 die
    let sum = g.node(Op::Add, &[best, kept]); // 10 + 10 + 1 + 10
    g.output("y", sum);
    // The walk from the output meets `best`, and before it `wide`, first: kept is made after them.
    assert_eq!(g.clone().check().unwrap().live_elements(), 10 + 30 + 1);
    g.nodes[3].operands.reverse();
    assert_eq!(g.clone().check().unwrap().live_elements(), 10 + 10 + 30 + 1);
    // An output never dies.
    g.output("wide", wide);
    assert_eq!(g.check().unwrap().live_elements(), 10 + 10 + 30 + 1 + 10);
}

#[test]
fn inputs_and_outputs_alone_are_counted_once() {
    let mut g = Parsed::default();
    let x = input(&mut g, "x", &[7]);
    g.output("a", x);
    g.output("b", x);
    assert_eq!(g.check().unwrap().live_elements(), 7);
}

/// `count` results of 2^20 elements in a row, all of them read by the last node where `keep`.
fn many(count: u32, keep: bool) -> Parsed {
    let mut g = Parsed::default();
    let x = input(&mut g, "x", &[1 << 20]);
    let step = constant(&mut g, &[1]);
    let mut made = alloc::vec![x];
    for _ in 0..count {
        let last = made[made.len() - 1];
        let sum = g.node(Op::Sub, &[last, step]);
        made.push(sum);
    }
    let mut total = made[made.len() - 1];
    if keep {
        for &value in made.iter().rev().skip(1) {
            let shape = Shape::new(&[1]).unwrap();
            let last = constant(&mut g, &[]);
            let first = g.node(Op::Gather { axis: 0 }, &[value, last]);
            let first = g.node(Op::Reshape { shape }, &[first]);
            total = g.node(Op::ReduceMax { axis: 0 }, &[total]);
            total = g.node(Op::Add, &[total, first]);
        }
    } else {
        total = g.node(Op::ReduceMax { axis: 0 }, &[total]);
    }
    g.output("y", total);
    g
}

#[test]
fn the_limit_is_on_what_lives_and_not_on_what_is_computed() {
    // 300 · 2^20 elements are more than 2^27.
    let graph = many(300, false).check().unwrap();
    assert_eq!(graph.live_elements(), 3 << 20);
    let kept = many(100, true).check().unwrap().live_elements();
    assert!((100 << 20..102 << 20).contains(&kept), "{kept}");
    let refused = many(130, true).check().unwrap_err();
    assert!(refused.node.is_some());
    let Problem::TooMany { what, count, limit } = refused.problem else {
        panic!("{refused}");
    };
    assert_eq!((what, limit), ("elements that live at once", MAX_LIVE_ELEMENTS));
    assert_eq!(count, 129 << 20, "input and results, the node's own among them");
}

#[test]
fn all_computed_elements_together_have_a_far_larger_limit() {
    // Each of these makes 2^26; 2^33 are 128 of them.
    let of = |count: usize| {
        let mut g = Parsed::default();
        let a = input(&mut g, "a", &[1 << 13, 1]);
        let b = input(&mut g, "b", &[1, 1 << 13]);
        let mut best = None;
        for _ in 0..count {
            let b = best.unwrap_or(b);
            let sum = g.node(
                Op::Mul {
                    shift: 0,
                    to: DType::I8,
                },
                &[a, b],
            );
            best = Some(g.node(Op::ReduceMax { axis: 0 }, &[sum]));
        }
        g.output("y", best.unwrap());
        g
    };
    assert!(of(127).check().is_ok());
    let problem = of(129).check().unwrap_err().problem;
    assert!(
        matches!(
            problem,
            Problem::TooMany {
                what: "computed elements",
                ..
            }
        ),
        "{problem}"
    );
}
