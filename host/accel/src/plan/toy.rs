//! Backends that compute nothing, for tests of who is to run what.

use crate::backend::{Backend, BackendError, Executable, Placement};
use crate::costs::{Class, Costs, Rate};
use crate::member::Member;
use metisvm_model::{DType, Graph, Op, Parsed, Segment, Tensor, TensorType, Value};
use std::sync::Arc;

#[derive(Debug)]
struct Toy(Placement);

impl Backend for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }

    fn placement(&self) -> Placement {
        self.0
    }

    fn compile(&self, _: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
        Err(BackendError::NotTaken("a toy".into()))
    }
}

/// A member at each of these places.
pub(super) fn members(places: &[Placement]) -> Vec<Member> {
    let member = |place: &Placement| Member::new(Arc::new(Toy(*place)));
    places.iter().map(member).collect()
}

/// Costs with one rate for all elementwise nodes.
pub(super) fn costs(launch: f64, byte: f64, each: f64) -> Costs {
    let mut costs = Costs {
        launch,
        up: byte,
        down: byte,
        stays: true,
        ..Costs::default()
    };
    costs.rates[Class::Elementwise as usize] = Some(Rate {
        each,
        ..Rate::default()
    });
    costs
}

/// A graph of clamps over 100 bytes, each of which reads one that came before: its number plus one, 0 for the
/// input. The last and all of `outputs` leave.
pub(super) fn clamps(reads: &[usize], outputs: &[usize]) -> Graph {
    let mut g = Parsed::default();
    let mut values = vec![g.input("x", TensorType::new(DType::U8, &[100]).unwrap())];
    for (index, &from) in reads.iter().enumerate() {
        let bound = |v: i32| Tensor::new(TensorType::scalar(DType::U8), vec![v]).unwrap();
        let (low, high) = (g.constant(&bound(index as i32)), g.constant(&bound(200)));
        values.push(g.node(Op::Clamp, &[values[from], low, high]));
    }
    let mut outputs: Vec<usize> = outputs.to_vec();
    outputs.push(reads.len());
    for (number, &output) in outputs.iter().enumerate() {
        g.output(format!("y{number}"), values[output]);
    }
    let graph = g.check().unwrap();
    // The tests count on the order in which the nodes were written.
    for (index, &from) in reads.iter().enumerate() {
        let read = match from {
            0 => Value::Input(0),
            node => Value::Node(node as u32 - 1),
        };
        assert_eq!(graph.nodes()[index].operands[0], read, "node {index}");
    }
    graph
}
