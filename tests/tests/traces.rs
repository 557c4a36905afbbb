//! What a trace says of generated graphs: every value lies in its interval, every step is what its kernel
//! gives, and the run is the run.

use metisvm_model::trace::{StepFault, TraceStep};
use metisvm_model::{
    DType, Graph, Interval, OPERATORS, Op, Parsed, Reference, Segment, Tensor, TensorType, Value,
};
use metisvm_tests::rng::Rng;
use metisvm_tests::{formulas, graphs};
use std::collections::BTreeMap;
use std::sync::Arc;

const GRAPHS: u64 = 400;
const INPUTS: usize = 3;

fn inside(interval: Interval, tensor: &Tensor) -> bool {
    tensor.data().iter().all(|&v| interval.contains(v.into()))
}

/// The elements of a tensor that belong to a channel.
fn channel(tensor: &Tensor, axis: usize, channel: usize) -> impl Iterator<Item = i64> + '_ {
    let (_, extent, inner) = tensor.shape().split(axis);
    let elements = tensor.data().iter().enumerate();
    elements
        .filter(move |(i, _)| i / inner % extent == channel)
        .map(|(_, &v)| v.into())
}

/// Everything that the intervals of a step claim, held against what the step computed.
fn check_intervals(step: &TraceStep<'_>, seen: &mut BTreeMap<&'static str, u64>) {
    let mut note = |what| *seen.entry(what).or_default() += 1;
    for (interval, tensor) in step.operand_intervals().zip(step.tensors) {
        assert!(inside(interval, tensor));
    }
    let intervals = step.intervals();
    assert!(inside(intervals.result, step.result));
    if let Some(channels) = step.channel_intervals() {
        let extent = step.result.shape().dim(channels.axis);
        assert_eq!(channels.intervals.len(), extent);
        for (at, interval) in channels.intervals.iter().enumerate() {
            assert!(channel(step.result, channels.axis, at).all(|v| interval.contains(v)));
            assert!(intervals.result.contains(interval.low) && intervals.result.contains(interval.high));
        }
        note("intervals of channels");
    }
    if check_formulas(step) {
        note(step.op().name());
    }
    match *step.op() {
        Op::MatMul | Op::WideMatMul | Op::Conv2d { .. } | Op::Add | Op::Sub => {
            assert_eq!(intervals.accumulator, Some(intervals.result));
            note("accumulators");
            if matches!(step.op(), Op::MatMul | Op::WideMatMul) && step.tensors[1].shape().rank() == 2 {
                check_partial_sums(step);
                note("partial sums");
            }
        }
        Op::Requantise { axis, .. } => {
            let sum = intervals.accumulator.expect("a Requantise has one");
            let unclamped = intervals.unclamped.expect("a Requantise has one");
            let (_, extent, inner) = step.result.shape().split(axis.into());
            for (i, &acc) in step.tensors[0].data().iter().enumerate() {
                let parameter = |operand: usize| {
                    let data = step.tensors[operand].data();
                    i64::from(data[if data.len() == 1 { 0 } else { i / inner % extent }])
                };
                let value = i64::from(acc) * parameter(1) + (1 << (parameter(2) - 1));
                assert!(sum.contains(value), "{value} is not in {sum:?}");
                let shifted = parameter(3) + (value >> parameter(2));
                assert!(unclamped.contains(shifted), "{shifted} is not in {unclamped:?}");
            }
            note("requantisations");
        }
        Op::Mul { .. } | Op::Interpolate | Op::ReduceSum { .. } | Op::InvNorm { .. } => {
            assert!(intervals.accumulator.is_some());
        }
        Op::Reciprocal { .. } => assert!(intervals.unclamped.is_some()),
        _ => {
            assert_eq!((intervals.accumulator, intervals.unclamped), (None, None));
            note("selections");
        }
    }
}

/// Holds every element, and every number on the way to it, against the formula of its operator, where there is
/// one.
fn check_formulas(step: &TraceStep<'_>) -> bool {
    let intervals = step.intervals();
    let channels = step.channel_intervals();
    for (index, &element) in step.result.data().iter().enumerate() {
        let at = formulas::coordinates(step.result.shape().dims(), index);
        let Some(numbers) = formulas::numbers(step.op(), step.tensors, &at) else {
            return false;
        };
        assert_eq!(numbers.result, element.into(), "{:?} at {at:?}", step.op());
        let accumulator = match &channels {
            Some(channels) => Some(channels.intervals[at[channels.axis]]),
            None => intervals.accumulator,
        };
        for (number, interval) in numbers
            .sums
            .into_iter()
            .map(|sum| (sum, accumulator))
            .chain(numbers.unclamped.map(|number| (number, intervals.unclamped)))
        {
            let interval = interval.expect("a number has its interval");
            let inside = i64::try_from(number).is_ok_and(|number| interval.contains(number));
            assert!(inside, "{number} of {:?} is not in {interval:?}", step.op());
        }
    }
    true
}

/// The magnitudes of all terms of each sum lie in the interval together, and so does every partial sum, in
/// whatever order.
fn check_partial_sums(step: &TraceStep<'_>) {
    let [x, w, x_zero, w_zero, bias @ ..] = step.tensors else {
        panic!("a product has four operands at least");
    };
    let (depth, columns) = (w.shape().dim(0), w.shape().dim(1));
    let channels = step.channel_intervals();
    let at = |tensor: &Tensor, i: usize| {
        let data = tensor.data();
        i64::from(data[if data.len() == 1 { 0 } else { i }])
    };
    for row in x.data().chunks_exact(depth) {
        for column in 0..columns {
            let term = |k: usize| {
                let weight = at(w, k * columns + column) - at(w_zero, column);
                ((i64::from(row[k]) - at(x_zero, 0)) * weight).abs()
            };
            let bias = bias.first().map_or(0, |bias| at(bias, column).abs());
            let magnitude = bias + (0..depth).map(term).sum::<i64>();
            let interval = channels
                .as_ref()
                .map_or(step.intervals().result, |c| c.intervals[column]);
            assert!(interval.contains(magnitude) && interval.contains(-magnitude));
        }
    }
}

#[test]
fn every_traced_value_lies_in_its_interval_and_is_what_its_kernel_gives() {
    let mut seen = BTreeMap::new();
    for seed in 0..GRAPHS {
        let (graph, _) = graphs::graph(seed);
        let reference = Reference::new(Arc::new(graph));
        let graph = reference.segment().graph().clone();
        let mut rng = Rng::new(seed);
        for _ in 0..INPUTS {
            let input = graphs::input(&graph, &mut rng);
            let mut next = 0;
            let output = reference.trace(&input, |step| {
                assert_eq!(step.node, next, "seed {seed}: steps come in order");
                next += 1;
                assert_eq!(step.check(), Ok(()), "seed {seed}, node {}", step.node);
                check_intervals(&step, &mut seen);
            });
            assert_eq!(next, graph.nodes().len(), "seed {seed}: every node is a step");
            let output = output.expect("the right length");
            assert_eq!(output, reference.run(&input).expect("the right length"));

            let trace = reference.collect_trace(&input).expect("the right length");
            assert_eq!(trace.output(), output);
            check_collected(&graph, &trace, &input);
        }
    }
    for what in [
        "intervals of channels",
        "accumulators",
        "partial sums",
        "requantisations",
        "selections",
    ] {
        assert!(seen.contains_key(what), "never reached: {what}");
    }
    for operator in OPERATORS.iter().filter(|operator| operator.since > 1) {
        assert!(
            seen.contains_key(operator.name),
            "never reached: {}",
            operator.name
        );
    }
}

/// A collected trace can be gone through in any order: each step follows from the values that it reads.
fn check_collected(graph: &Arc<Graph>, trace: &metisvm_model::trace::Trace, input: &[u8]) {
    let mut raw = Vec::new();
    trace
        .inputs()
        .for_each(|(_, tensor)| tensor.write_bytes(&mut raw));
    assert_eq!(raw, input);
    let constants: Vec<Tensor> = graph.constants().iter().map(|c| c.tensor()).collect();
    let intervals = graph.intervals();
    for (i, constant) in constants.iter().enumerate() {
        assert!(inside(intervals.of(Value::Constant(i as u32)), constant));
    }
    let value = |value| match value {
        Value::Constant(i) => &constants[i as usize],
        _ => trace.value(value).expect("it was computed"),
    };
    for (node, result) in trace.results().collect::<Vec<_>>().into_iter().rev() {
        let operands = &graph.nodes()[node].operands;
        let tensors: Vec<&Tensor> = operands.iter().map(|&v| value(v)).collect();
        let step = TraceStep {
            graph,
            node,
            tensors: &tensors,
            result,
        };
        assert_eq!(step.check(), Ok(()));
    }
    let mut outputs = Vec::new();
    let values = graph.outputs().iter().map(|output| value(output.value));
    values.for_each(|tensor| tensor.write_bytes(&mut outputs));
    assert_eq!(outputs, trace.output());
}

#[test]
fn a_part_of_a_graph_is_traced_by_its_nodes() {
    let mut traced = 0;
    for seed in 0..GRAPHS / 4 {
        let graph = Arc::new(graphs::graph(seed).0);
        let input = graphs::input(&graph, &mut Rng::new(seed));
        let whole = Reference::new(graph.clone())
            .collect_trace(&input)
            .expect("the right length");
        let middle = graph.nodes().len() / 2;
        let part = Reference::of(Segment::part(graph.clone(), middle..graph.nodes().len()));
        let mut entering = Vec::new();
        for &value in part.segment().inputs() {
            whole
                .value(value)
                .expect("it was computed")
                .write_bytes(&mut entering);
        }
        let trace = part.collect_trace(&entering).expect("the right length");
        for (node, result) in trace.results() {
            assert!(node >= middle);
            assert_eq!(Some(result), whole.value(Value::Node(node as u32)));
            traced += 1;
        }
        for node in 0..middle {
            let value = Value::Node(node as u32);
            assert_eq!(
                trace.value(value).is_some(),
                part.segment().inputs().contains(&value)
            );
        }
    }
    assert!(traced > 0);
}

/// A requantised product: `x · w`, then halved.
fn small() -> Arc<Graph> {
    let mut g = Parsed::default();
    let tensor = |dtype, dims: &[u32], data: &[i32]| {
        Tensor::new(TensorType::new(dtype, dims).expect("small"), data.to_vec()).expect("within the type")
    };
    let x = g.input("x", TensorType::new(DType::U8, &[1, 2]).expect("small"));
    let w = g.constant(&tensor(DType::I8, &[2, 2], &[1, -2, 3, 4]));
    let zero_x = g.constant(&tensor(DType::U8, &[], &[0]));
    let zero = g.constant(&tensor(DType::I8, &[], &[0]));
    let product = g.node(Op::MatMul, &[x, w, zero_x, zero]);
    let one = g.constant(&tensor(DType::I16, &[2], &[1, 3]));
    let shift = g.constant(&tensor(DType::U8, &[2], &[1, 1]));
    let to = DType::I8;
    let y = g.node(Op::Requantise { to, axis: 1 }, &[product, one, shift, zero]);
    g.output("y", y);
    Arc::new(g.check().expect("sound"))
}

#[test]
fn the_intervals_of_a_small_graph_are_those_worked_out_by_hand() {
    let graph = small();
    let of = |low, high| Interval { low, high };
    let intervals = graph.intervals();
    assert_eq!(intervals.of(Value::Input(0)), of(0, 255));
    assert_eq!(intervals.of(Value::Constant(0)), of(-2, 4));
    // Column sums of magnitudes: 1 + 3 and 2 + 4, each times 255.
    let product = intervals.node(0);
    assert_eq!(
        (product.result, product.accumulator),
        (of(-1530, 1530), Some(of(-1530, 1530)))
    );
    let channels = graph.channel_intervals(0).expect("a product has columns");
    assert_eq!(
        (channels.axis, channels.intervals),
        (1, vec![of(-1020, 1020), of(-1530, 1530)])
    );
    // 3 · 1530 + 1 = 4591 before the shift, 2295 after it, 127 when clamped.
    let requantised = intervals.node(1);
    assert_eq!(requantised.accumulator, Some(of(-4589, 4591)));
    assert_eq!(requantised.unclamped, Some(of(-2295, 2295)));
    assert_eq!(requantised.result, of(-128, 127));
}

#[test]
fn a_step_that_is_not_right_says_what_is_wrong() {
    let graph = small();
    let reference = Reference::new(graph.clone());
    let trace = reference.collect_trace(&[3, 5]).expect("two bytes");
    let of = |dtype, dims: &[u32], data: &[i32]| {
        Tensor::new(TensorType::new(dtype, dims).expect("small"), data.to_vec()).expect("within the type")
    };
    let constants: Vec<Tensor> = graph.constants().iter().map(|c| c.tensor()).collect();
    let x = trace.value(Value::Input(0)).expect("it entered");
    let right = trace.value(Value::Node(0)).expect("it was computed");
    assert_eq!(right.data(), [18, 14]);
    let check = |tensors: &[&Tensor], result: &Tensor| {
        let step = TraceStep {
            graph: &graph,
            node: 0,
            tensors,
            result,
        };
        step.check()
    };
    let sound = [x, &constants[0], &constants[1], &constants[2]];
    assert_eq!(check(&sound, right), Ok(()));
    let result = |element, expected, actual| StepFault::Result {
        element,
        expected,
        actual,
    };
    let wrong = of(DType::I32, &[1, 2], &[18, 15]);
    assert_eq!(check(&sound, &wrong), Err(result(1, 14, 15)));
    // A number that no input can give: the interval shows it, before any kernel runs.
    let beyond = of(DType::I32, &[1, 2], &[18, 1531]);
    let fault = check(&sound, &beyond).expect_err("beyond its interval");
    assert_eq!(
        fault.to_string(),
        "Node(0) has the element 1531, outside of -1530..=1530"
    );
    // Weights that the graph does not have would overflow nothing here, but are not of this graph.
    let heavy = of(DType::I8, &[2, 2], &[1, -2, 3, 127]);
    let fault = check(&[x, &heavy, sound[2], sound[3]], right).expect_err("not the weights");
    assert!(matches!(
        fault,
        StepFault::Outside {
            value: Value::Constant(0),
            element: 127,
            ..
        }
    ));
    // Others that are as light.
    let light = of(DType::I8, &[2, 2], &[1, -2, 4, 3]);
    let fault = check(&[x, &light, sound[2], sound[3]], right).expect_err("not the weights");
    assert!(matches!(
        fault,
        StepFault::Constant {
            value: Value::Constant(0)
        }
    ));
    let turned = of(DType::I32, &[2, 1], &[18, 14]);
    assert!(matches!(
        check(&sound, &turned),
        Err(StepFault::Type {
            value: Value::Node(0),
            ..
        })
    ));
    assert_eq!(
        check(&sound[..3], right),
        Err(StepFault::Operands {
            expected: 4,
            actual: 3
        })
    );
    assert!(reference.trace(&[1], |_| panic!("nothing runs")).is_err());
    assert!(reference.collect_trace(&[1, 2, 3]).is_err());
}

/// Multiplier and shift that are computed, each within bounds that a clamp proves.
#[test]
fn the_intervals_of_computed_parameters_are_reached_and_not_left() {
    let mut g = Parsed::default();
    let scalar = |dtype| TensorType::scalar(dtype);
    let clamped = |g: &mut Parsed, name: &str, dtype, bounds: [i32; 2]| {
        let x = g.input(name, scalar(dtype));
        let [low, high] = bounds.map(|bound| {
            let tensor = Tensor::new(scalar(dtype), vec![bound]).expect("within the type");
            g.constant(&tensor)
        });
        g.node(Op::Clamp, &[x, low, high])
    };
    let acc = clamped(&mut g, "acc", DType::I8, [-5, 3]);
    let multiplier = clamped(&mut g, "multiplier", DType::I16, [2, 7]);
    let shift = clamped(&mut g, "shift", DType::U8, [1, 4]);
    let zero = clamped(&mut g, "zero", DType::I8, [-1, 2]);
    let (to, axis) = (DType::I8, 0);
    let y = g.node(Op::Requantise { to, axis }, &[acc, multiplier, shift, zero]);
    g.output("y", y);
    let reference = Reference::new(Arc::new(g.check().expect("sound")));
    let node = reference.segment().graph().nodes().len() - 1;
    let intervals = *reference.segment().graph().intervals().node(node);
    let (mut sums, mut unclamped) = (Vec::new(), Vec::new());
    for acc in -5..=3i64 {
        for multiplier in 2..=7i64 {
            for shift in 1..=4u8 {
                for zero in -1..=2i64 {
                    let sum = acc * multiplier + (1 << (shift - 1));
                    sums.push(sum);
                    unclamped.push(zero + (sum >> shift));
                    let input = [acc as u8, multiplier as u8, 0, shift, zero as u8];
                    let mut seen = BTreeMap::new();
                    let output = reference.trace(&input, |step| check_intervals(&step, &mut seen));
                    let expected = (zero + (sum >> shift)) as u8;
                    assert_eq!(output.expect("five bytes"), [expected]);
                }
            }
        }
    }
    let ends = |values: &[i64]| {
        let (low, high) = (values.iter().min(), values.iter().max());
        low.zip(high).map(|(&low, &high)| Interval { low, high })
    };
    assert_eq!(intervals.accumulator, ends(&sums));
    assert_eq!(intervals.unclamped, ends(&unclamped));
    assert_eq!(
        intervals.result,
        Interval { low: -128, high: 127 },
        "as before: nothing is concluded"
    );
}
