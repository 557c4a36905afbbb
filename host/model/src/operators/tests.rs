//! What makes a node of version 2 malformed, and what is proven of one that is not: one test a rule.

use crate::bundle::BundleError;
use crate::limits::{MAX_CONCAT, MAX_ELEMENTS};
use crate::{Bundle, DType, Graph, Interval, Op, Parsed, Problem, Tensor, TensorType, Value};
use alloc::string::ToString;
use alloc::vec::Vec;

fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, dims).unwrap()
}

/// An operand: an input, clamped to bounds where there are any, or constants.
enum Of<'a> {
    Input(DType, &'a [u32]),
    Bounded(DType, &'a [u32], [i32; 2]),
    Constant(DType, &'a [u32], &'a [i32]),
}
use Of::{Bounded, Constant, Input};

fn value(g: &mut Parsed, of: &Of<'_>) -> Value {
    match *of {
        Input(dtype, dims) => g.input(g.inputs.len().to_string(), ty(dtype, dims)),
        Constant(dtype, dims, data) => g.constant(&Tensor::new(ty(dtype, dims), data.to_vec()).unwrap()),
        Bounded(dtype, dims, bounds) => {
            let x = value(g, &Input(dtype, dims));
            let [low, high] = bounds.map(|bound| value(g, &Constant(dtype, &[], &[bound])));
            g.node(Op::Clamp, &[x, low, high])
        }
    }
}

/// A graph with that node last; outputs may be too large, so it is reduced.
fn parsed(op: Op, operands: &[Of<'_>]) -> Parsed {
    let mut g = Parsed::default();
    let operands: Vec<Value> = operands.iter().map(|of| value(&mut g, of)).collect();
    let y = g.node(op, &operands);
    g.output("y", y);
    g
}

fn sound(op: Op, operands: &[Of<'_>]) -> Graph {
    parsed(op, operands).check().unwrap()
}

fn refused(op: Op, operands: &[Of<'_>]) -> Problem {
    let name = op.name();
    let error = parsed(op, operands).check().unwrap_err();
    assert_eq!(error.node.unwrap().1, name);
    error.problem
}

fn attribute(op: Op, operands: &[Of<'_>]) -> &'static str {
    match refused(op, operands) {
        Problem::Attribute { name, .. } => name,
        other => panic!("{other}"),
    }
}

/// What is proven of the last node: the result, sums, and what is limited.
fn proven(op: Op, operands: &[Of<'_>]) -> ([i64; 2], Option<[i64; 2]>, Option<[i64; 2]>) {
    let graph = sound(op, operands);
    let node = *graph.intervals().node(graph.nodes().len() - 1);
    let pair = |interval: Interval| [interval.low, interval.high];
    (
        pair(node.result),
        node.accumulator.map(pair),
        node.unclamped.map(pair),
    )
}

const I8: DType = DType::I8;
const I16: DType = DType::I16;
const I32: DType = DType::I32;

#[test]
fn a_difference_needs_room_and_shapes_that_broadcast() {
    let low = i32::MIN + 127;
    assert_eq!(
        proven(Op::Sub, &[Bounded(I32, &[2], [low, 5]), Input(I8, &[2])]).0,
        [i32::MIN.into(), 133]
    );
    let beyond = [Bounded(I32, &[2], [low - 1, 5]), Input(I8, &[2])];
    assert_eq!(
        refused(Op::Sub, &beyond),
        Problem::Overflow { bound: 1 << 31 | 1 }
    );
    let apart = [Input(I8, &[2]), Input(I8, &[3])];
    for op in [Op::Sub, Op::Mul { shift: 0, to: I8 }] {
        assert!(matches!(
            refused(op, &apart),
            Problem::OperandShape { operand: 1, .. }
        ));
    }
}

#[test]
fn a_product_stays_below_2_to_the_62_and_its_shift_at_62() {
    let (full, less) = (Input(I32, &[2]), Bounded(I32, &[2], [i32::MIN + 1, i32::MAX]));
    let op = |shift| Op::Mul { shift, to: I8 };
    let operands = [less, full];
    let most = ((1i64 << 31) - 1) << 31;
    let (result, sum, shifted) = proven(op(62), &operands);
    let half = 1 << 61;
    assert_eq!(sum, Some([half - most, half + most]));
    assert_eq!((result, shifted), ([-1, 1], Some([-1, 1])));
    assert_eq!(proven(op(0), &operands).1, Some([-most, most]), "no half");
    assert_eq!(attribute(op(63), &operands), "shift");
    assert_eq!(attribute(op(255), &operands), "shift");
    let both = [Input(I32, &[2]), Input(I32, &[2])];
    assert_eq!(refused(op(62), &both), Problem::WideOverflow { bound: 1 << 62 });
}

#[test]
fn an_interpolation_is_of_i16_in_257_nodes_and_knows_which_it_reaches() {
    let nodes: Vec<i32> = (0..257).map(|i| i - 128).collect();
    let table = || Constant(I16, &[257], &nodes);
    // From −300 to 256: the nodes of −512 to 512.
    let (result, sum, _) = proven(Op::Interpolate, &[Bounded(I16, &[3], [-300, 256]), table()]);
    assert_eq!((result, sum), ([-2, 2], Some([128 - 4 * 255, 128 + 4 * 255])));
    assert_eq!(
        proven(Op::Interpolate, &[Input(I16, &[]), table()]).0,
        [-128, 128]
    );
    let computed = [Input(I16, &[3]), Bounded(I8, &[257], [3, 7])];
    assert_eq!(proven(Op::Interpolate, &computed).0, [3, 7]);
    for (operands, wrong) in [
        ([Input(I8, &[3]), table()], 0),
        ([Input(I32, &[3]), table()], 0),
        ([Input(I16, &[3]), Input(I32, &[257])], 1),
    ] {
        let problem = refused(Op::Interpolate, &operands);
        assert!(
            matches!(problem, Problem::OperandType { operand, .. } if operand == wrong),
            "{problem}"
        );
    }
    let short = [Input(I16, &[3]), Input(I16, &[256])];
    assert!(matches!(
        refused(Op::Interpolate, &short),
        Problem::OperandShape { operand: 1, .. }
    ));
}

#[test]
fn a_sum_of_magnitudes_stays_below_2_to_the_31() {
    let op = Op::ReduceSum { axis: 0 };
    let most = 65_535 * 32_768;
    let (result, sum, _) = proven(op.clone(), &[Input(I16, &[65_535, 1])]);
    assert_eq!(
        (result, sum),
        ([-most, 65_535 * 32_767], Some([-most, 65_535 * 32_767]))
    );
    // As an accumulator the least number does not count, as everywhere.
    assert_eq!(
        refused(op.clone(), &[Input(I16, &[65_536, 1])]),
        Problem::Overflow { bound: 1 << 31 }
    );
    // Partial sums begin with nothing.
    let (result, sum, _) = proven(op.clone(), &[Bounded(I32, &[3], [5, 9])]);
    assert_eq!((result, sum), ([15, 27], Some([0, 27])));
    for axis in [1, 8, 255] {
        assert_eq!(attribute(Op::ReduceSum { axis }, &[Input(I8, &[3])]), "axis");
        assert_eq!(attribute(Op::ReduceMax { axis }, &[Input(I8, &[3])]), "axis");
    }
    assert_eq!(attribute(op, &[Input(I8, &[])]), "axis");
}

#[test]
fn a_numerator_lies_between_one_and_2_to_the_62() {
    let of = |numerator| (Op::Reciprocal { numerator }, [Bounded(I16, &[3], [-7, 1000])]);
    let (op, operands) = of((1 << 62) - 1);
    let most = (1i64 << 62) - 1;
    let expected = ([i32::MAX.into(); 2], None, Some([most / 1000, most]));
    assert_eq!(proven(op, &operands), expected);
    let (op, operands) = of(1999);
    assert_eq!(proven(op, &operands).0, [1, 1999]);
    for numerator in [0, 1 << 62, u64::MAX] {
        let (op, operands) = of(numerator);
        assert_eq!(attribute(op, &operands), "numerator");
    }
}

#[test]
fn squares_and_epsilon_stay_below_2_to_the_62() {
    let of = |shift, epsilon: u64| Op::InvNorm { shift, epsilon };
    let row = |bound: i32| [Bounded(I32, &[2, 4], [-bound, bound])];
    // 4 · 2^58 = 2^60, and three times as much.
    let most = (1 << 62) - (1 << 60);
    let (_, sum, root) = proven(of(62, most - 1), &row(1 << 29));
    assert_eq!(
        (sum, root),
        (Some([most as i64 - 1, (1 << 62) - 1]), Some([1, 1]))
    );
    assert_eq!(
        refused(of(62, most), &row(1 << 29)),
        Problem::WideOverflow { bound: 1 << 62 }
    );
    assert!(matches!(
        refused(of(0, 1), &[Input(I32, &[2, 4])]),
        Problem::WideOverflow { .. }
    ));
    // More squares than 64 bits hold.
    let many = [Input(I32, &[1 << 20])];
    assert_eq!(
        refused(of(0, 1), &many),
        Problem::WideOverflow { bound: i64::MAX }
    );
    for epsilon in [0, 1 << 62, u64::MAX] {
        assert_eq!(attribute(of(5, epsilon), &row(1)), "epsilon");
    }
    assert_eq!(attribute(of(63, 1), &row(1)), "shift");
    assert!(matches!(
        refused(of(5, 1), &[Input(I8, &[])]),
        Problem::OperandShape { .. }
    ));
    // Numbers of one sign have a least square.
    let (_, sum, root) = proven(of(40, 1), &[Bounded(I8, &[4], [-5, -3])]);
    assert_eq!((sum, root), (Some([1, 101]), Some([104_337, 172_384])));
}

#[test]
fn an_index_is_proven_to_lie_within_its_dimension() {
    let op = |axis| Op::Gather { axis };
    let data = || Input(I8, &[3, 5]);
    let out_of_range = |problem: &Problem| {
        matches!(
            problem,
            Problem::OutOfRange {
                operand: 1,
                what: "index",
                least: 0,
                ..
            }
        )
    };
    assert!(sound(op(0), &[data(), Bounded(I32, &[7], [0, 2])]).nodes().len() == 2);
    for index in [
        Bounded(I32, &[7], [0, 3]),
        Bounded(I32, &[7], [-1, 2]),
        Input(DType::U8, &[2]),
        Constant(I16, &[2], &[0, 3]),
        Constant(I8, &[], &[-1]),
    ] {
        let problem = refused(op(0), &[data(), index]);
        assert!(out_of_range(&problem), "{problem}");
    }
    // Any byte is an index of 256 rows.
    sound(op(0), &[Input(I8, &[256, 2]), Input(DType::U8, &[2])]);
    assert_eq!(attribute(op(2), &[data(), Constant(I8, &[], &[0])]), "axis");
    assert_eq!(
        attribute(op(0), &[Input(I8, &[]), Constant(I8, &[], &[0])]),
        "axis"
    );
    // Nine dimensions, and more elements than a tensor has.
    let index = Constant(I8, &[1; 8], &[0]);
    assert!(matches!(
        refused(op(0), &[data(), index]),
        Problem::ResultTooLarge { .. }
    ));
    let index = Bounded(I8, &[1 << 13], [0, 0]);
    let wide = Input(I8, &[1, 1 << 14]);
    assert!(matches!(
        refused(op(0), &[wide, index]),
        Problem::ResultTooLarge { .. }
    ));
}

#[test]
fn a_transpose_names_each_dimension_once() {
    let of = |perm: &[u8]| Op::Transpose { perm: perm.to_vec() };
    let x = || [Input(I8, &[2, 3, 4])];
    assert_eq!(
        sound(of(&[2, 0, 1]), &x()).ty(Value::Node(0)),
        &ty(I8, &[4, 2, 3])
    );
    sound(of(&[]), &[Input(I8, &[])]);
    for perm in [
        &[0, 1][..],
        &[],
        &[0, 1, 1],
        &[0, 1, 3],
        &[1, 2, 3],
        &[0, 1, 2, 3],
        &[255, 0, 1],
        &[0; 255],
    ] {
        assert_eq!(attribute(of(perm), &x()), "perm");
    }
}

#[test]
fn a_concat_joins_2_to_64_tensors_of_one_kind() {
    let op = |axis| Op::Concat { axis };
    let x = || Input(I8, &[2, 3]);
    for count in [0, 1, MAX_CONCAT + 1, 255] {
        let operands: Vec<_> = (0..count).map(|_| Constant(I8, &[1], &[7])).collect();
        let expected = Problem::Arity {
            actual: count,
            least: 2,
            most: MAX_CONCAT,
        };
        assert_eq!(refused(op(0), &operands), expected);
    }
    let (result, ..) = proven(
        op(1),
        &[Bounded(I8, &[2, 3], [2, 5]), Constant(I8, &[2, 1], &[-3, 9])],
    );
    assert_eq!(result, [-3, 9]);
    assert!(matches!(
        refused(op(0), &[x(), Input(I16, &[2, 3])]),
        Problem::OperandType { operand: 1, .. }
    ));
    for other in [&[2, 4][..], &[3], &[2, 3, 1]] {
        let problem = refused(op(0), &[x(), x(), Input(I8, other)]);
        assert!(
            matches!(problem, Problem::OperandShape { operand: 2, .. }),
            "{problem}"
        );
    }
    assert_eq!(attribute(op(2), &[x(), x()]), "axis");
    // Of one large value, many times.
    let mut g = Parsed::default();
    let x = g.input("x", ty(I8, &[1 << 21]));
    let y = g.node(op(0), &[x; 32]);
    let best = g.node(Op::ReduceMax { axis: 0 }, &[y]);
    g.output("best", best);
    assert_eq!(
        g.clone().check().unwrap().ty(Value::Node(0)).elements() as u64,
        MAX_ELEMENTS
    );
    g.nodes[0].operands.push(x);
    assert!(matches!(
        g.check().unwrap_err().problem,
        Problem::ResultTooLarge { .. }
    ));
    // The largest there is, so often that its extent does not fit 32 bits.
    let mut g = Parsed::default();
    let x = g.input("x", ty(I8, &[1 << 21]));
    let y = g.node(op(0), &[x; 32]);
    let z = g.node(op(0), &[y; MAX_CONCAT]);
    g.output("z", z);
    assert!(matches!(
        g.check().unwrap_err().problem,
        Problem::ResultTooLarge { .. }
    ));
}

#[test]
fn a_wide_product_is_of_i16_by_bytes_below_2_to_the_31() {
    let zeros = |x, w| [Constant(x, &[], &[0]), Constant(w, &[], &[0])];
    let of = |depth: u32, x, w| {
        let [x_zero, w_zero] = zeros(x, w);
        let w_dims = [depth, 1];
        let mut g = Parsed::default();
        let operands = [Input(x, &[2, depth]), Input(w, &w_dims), x_zero, w_zero];
        let operands: Vec<_> = operands.iter().map(|of| value(&mut g, of)).collect();
        let y = g.node(Op::WideMatMul, &operands);
        g.output("y", y);
        g.check()
    };
    // 32768 · 128 · 511 < 2^31 = 32768 · 128 · 512.
    let graph = of(511, I16, I8).unwrap();
    assert_eq!(graph.intervals().node(0).result.high, 32_768 * 128 * 511);
    let problem = |depth, x, w| of(depth, x, w).unwrap_err().problem;
    assert_eq!(problem(512, I16, I8), Problem::Overflow { bound: 1 << 31 });
    assert!(matches!(
        problem(2, I8, I8),
        Problem::OperandType { operand: 0, .. }
    ));
    assert!(matches!(
        problem(2, I16, I16),
        Problem::OperandType { operand: 1, .. }
    ));
    let work = graph.work();
    assert_eq!((work.macs, work.wide_macs, work.lines), (0, 2 * 511, 2 * 511));
}

/// Attributes as bytes that mean nothing, each in a bundle that is sound but for them.
#[test]
fn attributes_that_mean_nothing_are_refused_where_they_stand() {
    let x = || Input(I8, &[2, 3]);
    let shift = 5;
    let nodes = [
        // An element type that there is not.
        (
            Op::Mul { shift, to: I8 },
            vec_of([x(), x()]),
            &[shift, 1][..],
            &[shift, 4][..],
        ),
        (
            Op::Mul { shift, to: I8 },
            vec_of([x(), x()]),
            &[shift, 1],
            &[63, 1],
        ),
        (Op::ReduceSum { axis: 1 }, vec_of([x()]), &[1], &[2]),
        // One dimension more than there are bytes, and one fewer.
        (
            Op::Transpose {
                perm: [1, 0].to_vec(),
            },
            vec_of([x()]),
            &[2, 1, 0],
            &[3, 1, 0],
        ),
        (
            Op::Transpose {
                perm: [1, 0].to_vec(),
            },
            vec_of([x()]),
            &[2, 1, 0],
            &[1, 1, 0],
        ),
        (Op::Concat { axis: 1 }, vec_of([x(), x()]), &[1], &[9]),
    ];
    for (op, operands, right, wrong) in nodes {
        let graph = sound(op.clone(), &operands);
        let (_, bytes) = Bundle::encode(graph).unwrap();
        // After their length, and before the output's name.
        let mut block = (right.len() as u16).to_le_bytes().to_vec();
        block.extend_from_slice(right);
        block.extend_from_slice(&[1, 0, b'y']);
        let at = bytes
            .windows(block.len())
            .position(|window| window == block)
            .unwrap()
            + 2;
        let mut changed = bytes.clone();
        changed[at..at + wrong.len()].copy_from_slice(wrong);
        let error = Bundle::decode(&changed).unwrap_err();
        let expected = matches!(
            error,
            BundleError::Invalid { .. } | BundleError::Truncated { .. } | BundleError::Graph(_)
        );
        assert!(expected, "{}: {error}", op.name());
        // Another length, and nothing behind it fits.
        changed = bytes;
        changed[at - 2] += 1;
        assert!(Bundle::decode(&changed).is_err());
    }
}

fn vec_of<'a, const N: usize>(operands: [Of<'a>; N]) -> Vec<Of<'a>> {
    operands.into_iter().collect()
}
