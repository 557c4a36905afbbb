use super::*;
use crate::placement::DeviceId;
use crate::plan::toy::{clamps, costs, members};
use metisvm_model::{DType, Op, Parsed, Tensor, TensorType};

const HOST: Placement = Placement::Host;

fn piece(nodes: Range<usize>, member: usize) -> Piece {
    Piece { nodes, member }
}

/// Times of pieces, with no cost but for bytes: 1 each way on the first backend, 10 on the second, 100 on the third.
fn moved(graph: &Graph, places: &[Placement], pieces: &[Piece]) -> Vec<f64> {
    let members = members(places);
    let costs: Vec<Option<Costs>> = [1.0, 10.0, 100.0]
        .iter()
        .map(|byte| Some(costs(0.0, *byte, 0.0)))
        .collect();
    Estimator::new(graph, &members, &costs[..places.len()], 1).times(pieces)
}

#[test]
fn part_costs_its_launch_its_nodes_for_every_item_and_its_bytes() {
    let graph = clamps(&[0, 1], &[]);
    let members = members(&[Placement::Device(DeviceId::unique())]);
    let costs = [Some(costs(7.0, 0.5, 0.25))];
    for items in [1, 3] {
        let time = Estimator::new(&graph, &members, &costs, items).time(&[piece(0..2, 0)]);
        let items = items as f64;
        assert_eq!(time, 7.0 + items * (2.0 * 100.0 * 0.25 + 200.0 * 0.5));
    }
}

#[test]
fn value_between_neighbours_on_one_device_does_not_move() {
    let graph = clamps(&[0, 1], &[]);
    let (one, other) = (
        Placement::Device(DeviceId::unique()),
        Placement::Device(DeviceId::unique()),
    );
    let pieces = [piece(0..1, 0), piece(1..2, 1)];
    // Two backends that share a device: in with the first, out with the second.
    assert_eq!(moved(&graph, &[one, one], &pieces), [100.0, 1000.0]);
    // Two devices: out of the first, and into the second.
    assert_eq!(moved(&graph, &[one, other], &pieces), [200.0, 2000.0]);
    assert_eq!(moved(&graph, &[one, HOST], &pieces), [200.0, 2000.0]);
}

#[test]
fn value_is_read_back_once_however_many_read_it() {
    // Node 0 is read by nodes 1, 2 and 3, which are parts of three backends' own.
    let graph = clamps(&[0, 1, 1, 1], &[2, 3]);
    let device = Placement::Device(DeviceId::unique());
    let places = [device, HOST, Placement::Device(DeviceId::unique())];
    let pieces = [piece(0..1, 0), piece(1..2, 1), piece(2..3, 2), piece(3..4, 0)];
    // Once back from the first device; up to each of the others, and up again to the first, whose copy is gone.
    assert_eq!(
        moved(&graph, &places, &pieces),
        [100.0 + 100.0, 1000.0 + 1000.0, 10_000.0 + 10_000.0, 100.0 + 100.0]
    );
}

#[test]
fn value_that_passes_a_part_stays_where_it_is() {
    // The sum reads node 0 on the same device, past a part on the host that reads the input alone.
    let mut g = Parsed::default();
    let x = g.input("x", TensorType::new(DType::U8, &[100]).unwrap());
    let mut bounded = |value: i32| {
        let [low, high] = [value, 200].map(|v| {
            let bound = Tensor::new(TensorType::scalar(DType::U8), vec![v]).unwrap();
            g.constant(&bound)
        });
        g.node(Op::Clamp, &[x, low, high])
    };
    let operands = [bounded(1), bounded(2)];
    let sum = g.node(Op::Add, &operands);
    g.output("y", sum);
    let graph = g.check().unwrap();
    let device = Placement::Device(DeviceId::unique());
    let pieces = [piece(0..1, 0), piece(1..2, 1), piece(2..3, 0)];
    assert_eq!(
        moved(&graph, &[device, HOST], &pieces),
        [100.0, 1000.0 + 1000.0, 100.0 + 400.0]
    );
}

#[test]
fn bytes_that_live_between_nodes_are_those_that_are_read_later() {
    let graph = clamps(&[0, 1, 1], &[2]);
    let members = members(&[HOST]);
    let costs = [None];
    // The input; node 0 alone; node 0 for node 2 and node 1 for the outputs; both outputs.
    let live = Estimator::new(&graph, &members, &costs, 2).live();
    assert_eq!(live, [200.0, 200.0, 400.0, 400.0]);
}

#[test]
fn what_is_not_known_is_longer_than_anything() {
    let graph = clamps(&[0], &[]);
    let members = members(&[HOST, HOST]);
    let costs = [None, Some(costs(1.0, 1.0, 1.0))];
    let estimator = Estimator::new(&graph, &members, &costs, 1);
    assert!(estimator.time(&[piece(0..1, 0)]) >= UNKNOWN);
    assert!(estimator.time(&[piece(0..1, 1)]) < UNKNOWN);
}
