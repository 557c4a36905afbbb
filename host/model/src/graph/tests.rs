//! What makes a graph malformed, one test a rule.

use super::*;
use crate::limits::MAX_NODES;
use crate::{DType, Interval, Op, Padding, Shape, Tensor, Window};
use alloc::vec;

fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, dims).unwrap()
}

fn constant(g: &mut Parsed, dtype: DType, dims: &[u32], data: &[i32]) -> Value {
    g.constant(&Tensor::new(ty(dtype, dims), data.to_vec()).unwrap())
}

/// x[1,k] (i8, zero 0) times one column of weights 127 except the first, with a bias.
fn product(k: usize, first: i32, bias: i32) -> Parsed {
    let mut g = Parsed::default();
    let x = g.input("x", ty(DType::I8, &[1, k as u32]));
    let mut w = vec![127; k];
    w[0] = first;
    let w = constant(&mut g, DType::I8, &[k as u32, 1], &w);
    let zero = constant(&mut g, DType::I8, &[], &[0]);
    let bias = constant(&mut g, DType::I32, &[1], &[bias]);
    let y = g.node(Op::MatMul, &[x, w, zero, zero, bias]);
    g.output("y", y);
    g
}

fn problem(g: Parsed) -> Problem {
    g.check().unwrap_err().problem
}

#[test]
fn the_accumulator_bound_is_exact() {
    // 128 · 127 · 131,000 = 2,129,536,000 leaves 17,947,647 for the bias below 2^31.
    let rest = i32::MAX - 128 * 127 * 131_000;
    let g = product(131_000, 127, rest).check().unwrap();
    assert_eq!(
        g.intervals().node(0).result,
        Interval {
            low: -i64::from(i32::MAX),
            high: i64::from(i32::MAX)
        }
    );
    assert!(matches!(
        problem(product(131_000, 127, rest + 1)),
        Problem::Overflow { bound: 2_147_483_648 }
    ));
    assert!(matches!(
        problem(product(131_000, 127, -rest - 1)),
        Problem::Overflow { .. }
    ));
    // One weight less by one gives the bias 128 more.
    assert!(product(131_000, 126, rest + 128).check().is_ok());
    assert!(product(131_000, 126, rest + 129).check().is_err());
}

#[test]
fn zero_points_count_into_the_bound() {
    let mut g = product(131_000, 127, 0);
    // x − (−128) reaches 255.
    g.nodes[0].operands[2] = constant(&mut g, DType::I8, &[], &[-128]);
    assert!(matches!(problem(g), Problem::Overflow { .. }));
}

#[test]
fn computed_weights_are_bounded_by_their_type() {
    let of = |k: u32| {
        let mut g = Parsed::default();
        let x = g.input("x", ty(DType::I8, &[1, k]));
        let w = g.input("w", ty(DType::I8, &[k, 1]));
        let zero = constant(&mut g, DType::I8, &[], &[0]);
        let y = g.node(Op::MatMul, &[x, w, zero, zero]);
        g.output("y", y);
        g
    };
    // 128 · 128 · 131,071 < 2^31 = 128 · 128 · 131,072.
    assert!(of(131_071).check().is_ok());
    assert!(matches!(problem(of(131_072)), Problem::Overflow { .. }));
}

#[test]
fn sums_of_accumulators_need_room() {
    let mut g = Parsed::default();
    let x = g.input("x", ty(DType::I32, &[2]));
    let y = g.node(Op::Add, &[x, x]);
    g.output("y", y);
    assert!(matches!(problem(g), Problem::Overflow { .. }));
}

#[test]
fn a_circle_is_refused_where_it_closes() {
    let mut g = Parsed::default();
    let x = g.input("x", ty(DType::I8, &[2]));
    let a = g.node(Op::Add, &[x, Value::Node(1)]);
    let b = g.node(Op::Add, &[a, x]);
    g.output("y", b);
    let error = g.check().unwrap_err();
    assert_eq!(error.problem, Problem::Cycle);
    assert_eq!(error.node, Some((0, "Add")));
}

#[test]
fn a_chain_of_all_nodes_does_not_exhaust_the_stack() {
    let mut g = Parsed::default();
    let mut x = g.input("x", ty(DType::I8, &[1]));
    for _ in 0..MAX_NODES {
        x = g.node(
            Op::Reshape {
                shape: Shape::new(&[1]).unwrap(),
            },
            &[x],
        );
    }
    g.output("y", x);
    assert!(g.clone().check().is_ok());
    let y = g.node(
        Op::Reshape {
            shape: Shape::new(&[1]).unwrap(),
        },
        &[x],
    );
    g.outputs[0].value = y;
    assert!(matches!(problem(g), Problem::TooMany { what: "nodes", .. }));
}

#[test]
fn references_to_nothing_are_refused() {
    for value in [Value::Input(1), Value::Constant(0), Value::Node(7)] {
        let mut g = Parsed::default();
        let x = g.input("x", ty(DType::I8, &[2]));
        let y = g.node(Op::Add, &[x, value]);
        g.output("y", y);
        assert_eq!(problem(g), Problem::NoSuchValue { operand: 1 });
    }
}

#[test]
fn names_are_unique_and_not_empty() {
    let mut g = product(1, 1, 0);
    g.input("x", ty(DType::I8, &[1]));
    assert!(matches!(problem(g), Problem::BadName(_)));
    let mut g = product(1, 1, 0);
    g.outputs[0].name.clear();
    assert!(matches!(problem(g), Problem::BadName(_)));
    let mut g = product(1, 1, 0);
    g.outputs.clear();
    assert_eq!(problem(g), Problem::NoOutput);
}

#[test]
fn multipliers_and_shifts_out_of_range_are_refused() {
    let of = |m: i32, s: i32| {
        let mut g = product(2, 1, 0);
        let m = constant(&mut g, DType::I16, &[], &[m]);
        let s = constant(&mut g, DType::U8, &[], &[s]);
        let z = constant(&mut g, DType::I8, &[], &[0]);
        let y = g.node(
            Op::Requantise {
                to: DType::I8,
                axis: 0,
            },
            &[Value::Node(0), m, s, z],
        );
        g.outputs[0].value = y;
        g
    };
    assert!(of(1, 1).check().is_ok());
    assert!(of(32767, 47).check().is_ok());
    for (m, s) in [(0, 1), (-1, 1), (1, 0), (1, 48), (1, 255)] {
        assert!(matches!(problem(of(m, s)), Problem::OutOfRange { .. }), "{m} {s}");
    }
}

#[test]
fn computed_multipliers_must_be_proven_to_be_in_range() {
    let of = |low: i32| {
        let mut g = product(2, 1, 0);
        let raw = g.input("m", ty(DType::I16, &[]));
        let low = constant(&mut g, DType::I16, &[], &[low]);
        let high = constant(&mut g, DType::I16, &[], &[32767]);
        let m = g.node(Op::Clamp, &[raw, low, high]);
        let s = constant(&mut g, DType::U8, &[], &[20]);
        let z = constant(&mut g, DType::I8, &[], &[0]);
        let y = g.node(
            Op::Requantise {
                to: DType::I8,
                axis: 0,
            },
            &[Value::Node(0), m, s, z],
        );
        g.outputs[0].value = y;
        g
    };
    assert!(of(1).check().is_ok());
    assert!(matches!(
        problem(of(0)),
        Problem::OutOfRange {
            what: "multiplier",
            low: 0,
            ..
        }
    ));
}

#[test]
fn a_clamp_that_could_be_empty_is_refused() {
    let mut g = Parsed::default();
    let x = g.input("x", ty(DType::I8, &[2]));
    let (low, high) = (
        constant(&mut g, DType::I8, &[], &[5]),
        constant(&mut g, DType::I8, &[], &[4]),
    );
    let y = g.node(Op::Clamp, &[x, low, high]);
    g.output("y", y);
    assert_eq!(problem(g), Problem::EmptyClamp);
}

#[test]
fn a_pool_window_in_the_padding_alone_is_refused() {
    let of = |padding, dilation| {
        let mut g = Parsed::default();
        let x = g.input("x", ty(DType::U8, &[1, 1, 2, 2]));
        let window = Window {
            padding,
            dilation: [dilation; 2],
            ..Window::default()
        };
        let y = g.node(
            Op::MaxPool2d {
                kernel: [2, 2],
                window,
            },
            &[x],
        );
        g.output("y", y);
        g
    };
    let pad = |n| Padding {
        top: n,
        left: n,
        bottom: n,
        right: n,
    };
    assert!(of(pad(1), 1).check().is_ok());
    assert!(matches!(
        problem(of(pad(2), 1)),
        Problem::Attribute { name: "padding", .. }
    ));
    // Taps 3 apart straddle the image of 2: both lie outside.
    assert!(matches!(
        problem(of(pad(1), 3)),
        Problem::Attribute { name: "padding", .. }
    ));
}

#[test]
fn attributes_out_of_bounds_are_refused() {
    let conv = |window: Window, groups| {
        let mut g = Parsed::default();
        let x = g.input("x", ty(DType::U8, &[1, 2, 4, 4]));
        let w = constant(&mut g, DType::I8, &[2, 2, 1, 1], &[1; 4]);
        let (xz, wz) = (
            constant(&mut g, DType::U8, &[], &[0]),
            constant(&mut g, DType::I8, &[], &[0]),
        );
        let y = g.node(Op::Conv2d { window, groups }, &[x, w, xz, wz]);
        g.output("y", y);
        g
    };
    let plain = Window::default();
    assert!(conv(plain, 1).check().is_ok());
    for (window, groups) in [
        (plain, 0),
        (plain, 3),
        (
            Window {
                stride: [0, 1],
                ..plain
            },
            1,
        ),
        (
            Window {
                dilation: [1, u32::MAX],
                ..plain
            },
            1,
        ),
        (
            Window {
                padding: Padding {
                    top: u32::MAX,
                    ..Padding::default()
                },
                ..plain
            },
            1,
        ),
    ] {
        assert!(
            matches!(problem(conv(window, groups)), Problem::Attribute { .. }),
            "{window:?} {groups}"
        );
    }
}

#[test]
fn results_over_the_limit_are_refused_before_they_exist() {
    let mut g = Parsed::default();
    let x = g.input("x", ty(DType::U8, &[1 << 14, 1]));
    let y = g.input("y", ty(DType::U8, &[1, 1 << 14]));
    let z = g.node(Op::Add, &[x, y]);
    g.output("z", z);
    assert!(matches!(problem(g), Problem::ResultTooLarge { .. }));
}

#[test]
fn outputs_cost_work_even_where_nothing_is_computed() {
    let mut g = Parsed::default();
    let x = g.input("x", ty(DType::U8, &[4]));
    let c = constant(&mut g, DType::I32, &[100], &[7; 100]);
    for i in 0..3 {
        g.output(alloc::format!("x{i}"), x);
        g.output(alloc::format!("c{i}"), c);
    }
    let work = g.check().unwrap().work();
    assert_eq!(work.nodes, 0);
    assert_eq!(work.elements, 4 + 3 * 104);
    assert_eq!(work.moved_bytes, 4 + 3 * 404);
}

#[test]
fn inputs_and_outputs_are_bounded_in_bytes() {
    let of = |bytes: u32| {
        let mut g = Parsed::default();
        let x = g.input("x", ty(DType::U8, &[bytes]));
        g.output("y", x);
        g
    };
    assert!(of(1 << 24).check().is_ok());
    assert!(matches!(
        problem(of((1 << 24) + 1)),
        Problem::TooMany {
            what: "input bytes",
            ..
        }
    ));
    let mut g = of(1 << 24);
    g.output("z", Value::Input(0));
    assert!(matches!(
        problem(g),
        Problem::TooMany {
            what: "output bytes",
            ..
        }
    ));
}
