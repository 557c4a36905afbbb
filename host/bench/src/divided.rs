//! A graph on one engine: what the engine takes in as few parts as it has, the rest on the processor.
//!
//! It is what a dispatcher makes of a list of two backends, without memo, queue and fall-back, which a figure
//! of the engine is not to have in it.

use bytes::Bytes;
use metisvm_accel::{Backend, BackendError, Batch, Buffer, Executable, Placement};
use metisvm_model::{Graph, Op, Segment, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A graph made ready.
#[derive(Debug)]
pub(crate) struct Divided {
    graph: Arc<Graph>,
    parts: Vec<Part>,
    share: f64,
}

#[derive(Debug)]
struct Part {
    segment: Segment,
    made: Arc<dyn Executable>,
    placement: Placement,
}

impl Divided {
    /// Compiles a graph for an engine, and what it leaves for `rest`, which has to take everything.
    pub(crate) fn new(
        graph: Arc<Graph>,
        engine: &dyn Backend,
        rest: &dyn Backend,
    ) -> Result<Self, BackendError> {
        let count = graph.nodes().len();
        let mut ours = vec![false; count];
        for range in engine.takes(&graph) {
            let within = range.start.min(count)..range.end.min(count);
            ours[within].fill(true);
        }
        let mut parts = Vec::new();
        let mut taken = 0.0;
        let mut start = 0;
        for run in ours.chunk_by(|a, b| a == b) {
            let range = start..start + run.len();
            start = range.end;
            let segment = Segment::part(graph.clone(), range);
            let backend = if run[0] { engine } else { rest };
            if run[0] {
                taken += macs(&segment);
            }
            parts.push(Part {
                made: backend.compile(&segment)?,
                placement: backend.placement(),
                segment,
            });
        }
        let all = parts.iter().map(|part| macs(&part.segment)).sum::<f64>();
        let share = if all > 0.0 {
            taken / all
        } else {
            ours.iter().filter(|ours| **ours).count() as f64 / count.max(1) as f64
        };
        Ok(Self { graph, parts, share })
    }

    /// The part of the multiply-accumulates that the engine does itself; of graphs without any, of the nodes.
    pub(crate) const fn share(&self) -> f64 {
        self.share
    }

    /// Runs a batch; its outputs lie on the host.
    pub(crate) fn run(&self, batch: &Batch) -> Result<Vec<Bytes>, BackendError> {
        let items = batch.items();
        let inputs = (0..).map(Value::Input).zip(batch.values().iter().cloned());
        let mut values: BTreeMap<Value, Buffer> = inputs.collect();
        for part in &self.parts {
            let operands = part.segment.inputs().iter().map(|value| {
                let known = values
                    .get(value)
                    .ok_or_else(|| BackendError::NotTaken("a value comes after its use".into()))?;
                self.reachable(known, part.placement)
            });
            let operands = operands.collect::<Result<_, _>>()?;
            let results = part.made.run(&Batch::new(items, operands)?)?;
            if results.values().len() != part.segment.outputs().len() {
                return Err(BackendError::WrongResult("another number of outputs".into()));
            }
            values.extend(part.segment.outputs().iter().copied().zip(results.into_values()));
        }
        let outputs = self
            .graph
            .outputs()
            .iter()
            .map(|output| match values.get(&output.value) {
                Some(value) => Ok(value.clone()),
                None => self.constant(output.value, items),
            });
        Batch::new(items, outputs.collect::<Result<_, _>>()?)?.into_items()
    }

    /// A value where an engine can read it.
    fn reachable(&self, value: &Buffer, placement: Placement) -> Result<Buffer, BackendError> {
        let at = value.placement();
        if at == Placement::Host || at == placement {
            return Ok(value.clone());
        }
        Buffer::host(value.ty().clone(), value.to_host()?.into_owned())
    }

    /// An output that nothing computes.
    fn constant(&self, value: Value, items: usize) -> Result<Buffer, BackendError> {
        let constant = self
            .graph
            .constant(value)
            .ok_or_else(|| BackendError::NotTaken("an output that no part gives".into()))?;
        let bytes = Bytes::copy_from_slice(&constant.bytes);
        Buffer::host(constant.ty.clone(), vec![bytes; items])
    }
}

/// Multiply-accumulates of a part, as well as they can be told without running it: by the product's elements
/// and the depth of its weights.
fn macs(segment: &Segment) -> f64 {
    let graph = segment.graph();
    let nodes = &graph.nodes()[segment.nodes()];
    let of = |index: usize| {
        let node = &nodes[index];
        let weights = node.operands.get(1).map(|&value| graph.ty(value));
        let result = graph
            .ty(Value::Node((segment.nodes().start + index) as u32))
            .elements() as f64;
        let depth = weights.map_or(0.0, |weights| depth(&node.op, weights.shape.dims()));
        result * depth
    };
    (0..nodes.len()).map(of).sum()
}

/// Terms of one sum.
fn depth(op: &Op, weights: &[u32]) -> f64 {
    let product = |dims: &[u32]| dims.iter().map(|&dim| f64::from(dim)).product::<f64>();
    match op {
        Op::MatMul | Op::WideMatMul => weights.iter().rev().nth(1).map_or(1.0, |&k| f64::from(k)),
        Op::Conv2d { .. } => weights.get(1..).map_or(0.0, product),
        _ => 0.0,
    }
}
