//! How long compiling takes.

use super::{Known, compile};
use metisvm_model::{DType, Graph, Node, Op, Output, Parsed, Port, Segment, Shape, TensorType, Value};
use metisvm_simd::Level;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Far more than it takes, a few tenths of a second; less than what looks at all values at each step took.
const BOUND: Duration = Duration::from_secs(1);

struct Nodes(Parsed);

impl Nodes {
    /// With one input.
    fn new(dims: &[u32]) -> Self {
        let mut parsed = Parsed::default();
        parsed.inputs.push(Port {
            name: "x".into(),
            ty: TensorType::new(DType::I8, dims).expect("a small shape"),
        });
        Self(parsed)
    }

    fn push(&mut self, op: Op, operands: &[Value]) -> Value {
        self.0.nodes.push(Node {
            op,
            operands: operands.to_vec(),
        });
        Value::Node(self.0.nodes.len() as u32 - 1)
    }

    /// Joins values of two dimensions, and gives the result out.
    fn join(mut self, mut values: Vec<Value>) -> Graph {
        while values.len() > 1 {
            values = values
                .chunks(64)
                .map(|some| match some {
                    [one] => *one,
                    some => self.push(Op::Concat { axis: 0 }, some),
                })
                .collect();
        }
        self.0.outputs.push(Output {
            name: "y".into(),
            value: values[0],
        });
        self.0.check().expect("a sound graph")
    }
}

/// The best of three: others may be using the processor.
fn is_quick(graph: Graph) {
    let segment = Segment::whole(Arc::new(graph));
    let once = |_| {
        let start = Instant::now();
        let program = compile(&segment, Level::PORTABLE, &Known::new());
        assert!(!program.steps.is_empty());
        start.elapsed()
    };
    let took = (0..3).map(once).min().expect("three");
    println!("{} nodes: {took:?}", segment.nodes().len());
    assert!(took < BOUND, "{took:?} for {} nodes", segment.nodes().len());
}

#[test]
fn many_readers_of_one_value_are_quick() {
    let mut nodes = Nodes::new(&[2, 2]);
    let perm = || vec![1, 0];
    let turned = (0..60_000).map(|_| nodes.push(Op::Transpose { perm: perm() }, &[Value::Input(0)]));
    let turned = turned.collect();
    is_quick(nodes.join(turned));
}

#[test]
fn long_rows_of_reshapes_are_quick() {
    let mut nodes = Nodes::new(&[2, 2]);
    let mut x = Value::Input(0);
    for at in 0..20_000 {
        let dims: &[u32] = if at % 2 == 0 { &[4, 1] } else { &[2, 2] };
        let shape = Shape::new(dims).expect("a small shape");
        x = nodes.push(Op::Reshape { shape }, &[x]);
    }
    let turned = (0..40_000).map(|_| nodes.push(Op::Transpose { perm: vec![1, 0] }, &[x]));
    let turned = turned.collect();
    is_quick(nodes.join(turned));
}

/// What a chain computes has readers of another shape, which it asks again whenever it has grown.
#[test]
fn many_readers_of_a_chain_are_quick() {
    let mut nodes = Nodes::new(&[2, 32]);
    let x = Value::Input(0);
    let first = nodes.push(Op::Add, &[x, x]);
    let turned: Vec<Value> = (0..30_000)
        .map(|_| nodes.push(Op::Transpose { perm: vec![1, 0] }, &[first]))
        .collect();
    let mut last = first;
    for _ in 0..15 {
        last = nodes.push(Op::Sub, &[last, x]);
    }
    let mut all = turned;
    all.push(nodes.push(Op::Transpose { perm: vec![1, 0] }, &[last]));
    is_quick(nodes.join(all));
}

/// The same with readers that need more nodes than a chain takes back.
#[test]
fn many_readers_that_wait_are_quick() {
    let mut nodes = Nodes::new(&[2, 32]);
    let x = Value::Input(0);
    let first = nodes.push(Op::Add, &[x, x]);
    let mut deep = x;
    for _ in 0..8 {
        deep = nodes.push(Op::Sub, &[deep, x]);
    }
    let sums = (0..30_000).map(|_| nodes.push(Op::Add, &[first, deep]));
    let mut all: Vec<Value> = sums.collect();
    let mut last = first;
    for _ in 0..46 {
        last = nodes.push(Op::Sub, &[last, x]);
    }
    all.push(last);
    is_quick(nodes.join(all));
}
