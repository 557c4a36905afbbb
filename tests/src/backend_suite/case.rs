//! A graph, items for it, and what the reference kernels make of every node.

use crate::rng::Rng;
use crate::{formulas, graphs};
use metisvm_model::{DType, Graph, Reference, Segment, Tensor, Value};
use std::sync::Arc;

/// How much is asked of a backend for one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depth {
    /// All items as one batch.
    Once,
    /// Items alone, together, in another order and again; the graph whole, halved and node by node.
    Sequences,
    /// That, every batch from 1 to 64, and several threads.
    Everything,
}

impl Depth {
    /// Items that this depth needs.
    pub(super) const fn items(self) -> usize {
        match self {
            Self::Once => 2,
            Self::Sequences => 4,
            Self::Everything => MAX_BATCH,
        }
    }
}

/// The largest batch of the suite: what the dispatcher sends at most, and what every device must take.
pub(super) const MAX_BATCH: usize = 64;

/// A graph with a name, before anything was computed.
#[derive(Clone, Debug)]
pub(super) struct Sketch {
    pub(super) name: String,
    pub(super) graph: Graph,
    pub(super) depth: Depth,
}

/// A case, ready to be compared with.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) graph: Arc<Graph>,
    pub(super) depth: Depth,
    /// One for each item.
    traces: Vec<Trace>,
}

/// All values of one item, raw and little-endian.
#[derive(Debug)]
struct Trace {
    inputs: Vec<Vec<u8>>,
    nodes: Vec<Vec<u8>>,
}

impl Case {
    /// Runs the reference kernels on the items that the depth needs.
    pub(super) fn new(sketch: Sketch, seed: u64) -> Self {
        let Sketch { name, graph, depth } = sketch;
        let graph = Arc::new(graph);
        let reference = Reference::new(graph.clone());
        let mut rng = Rng::new(seed);
        let trace = |item: usize| {
            // Generated graphs go with two random items; where there are more, the first are extreme.
            let input = match item {
                0..3 if depth > Depth::Once => extreme_input(&graph, item),
                _ => graphs::input(&graph, &mut rng),
            };
            let mut nodes = Vec::with_capacity(graph.nodes().len());
            let keep = |step: metisvm_model::Step<'_>| {
                let result = step.evaluate();
                if depth > Depth::Once
                    && let Err(difference) = formulas::check(step.op, step.operands, &result)
                {
                    panic!("{name}: {difference}");
                }
                let mut bytes = Vec::with_capacity(result.ty().bytes());
                result.write_bytes(&mut bytes);
                nodes.push(bytes);
                result
            };
            reference.run_with(&input, keep).expect("made for this graph");
            let mut rest = &input[..];
            let inputs = graph.inputs().iter().map(|port| {
                let (own, after) = rest.split_at(port.ty.bytes());
                rest = after;
                own.to_vec()
            });
            Trace {
                inputs: inputs.collect(),
                nodes,
            }
        };
        let traces = (0..depth.items()).map(trace).collect();
        Self {
            name,
            graph,
            depth,
            traces,
        }
    }

    /// How many items it has.
    pub(super) fn items(&self) -> usize {
        self.traces.len()
    }

    /// What goes into a part, for each item.
    ///
    /// Parts are chained through these: what an earlier part gave was compared with them, bit for bit.
    pub(super) fn inputs(&self, segment: &Segment) -> Vec<Vec<u8>> {
        self.gather(segment.inputs())
    }

    /// What must come out of a part, for each item.
    pub(super) fn outputs(&self, segment: &Segment) -> Vec<Vec<u8>> {
        self.gather(segment.outputs())
    }

    /// The result of a node for each item.
    pub(super) fn results(&self, node: usize) -> impl Iterator<Item = Tensor> {
        let ty = self.graph.ty(Value::Node(node as u32));
        self.traces
            .iter()
            .map(move |t| Tensor::from_bytes(ty.clone(), &t.nodes[node]).expect("written from this type"))
    }

    fn gather(&self, values: &[Value]) -> Vec<Vec<u8>> {
        let of = |trace: &Trace| {
            let mut bytes = Vec::new();
            for &value in values {
                bytes.extend_from_slice(match value {
                    Value::Input(i) => &trace.inputs[i as usize],
                    Value::Constant(i) => &self.graph.constants()[i as usize].bytes,
                    Value::Node(i) => &trace.nodes[i as usize],
                });
            }
            bytes
        };
        self.traces.iter().map(of).collect()
    }
}

/// All elements least, all greatest, or in turns.
fn extreme_input(graph: &Graph, item: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for port in graph.inputs() {
        let ends = |dtype: DType| [dtype.min(), dtype.max()];
        let element = |i: usize| ends(port.ty.dtype)[if item < 2 { item } else { i % 2 }];
        let data = (0..port.ty.elements()).map(element).collect();
        let tensor = Tensor::new(port.ty.clone(), data).expect("the ends of the type");
        tensor.write_bytes(&mut bytes);
    }
    bytes
}
