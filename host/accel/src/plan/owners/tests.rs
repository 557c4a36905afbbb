use super::*;
use crate::costs::Costs;
use crate::placement::{DeviceId, Placement};
use crate::plan::toy::{clamps, costs, members};
use metisvm_model::Graph;

/// A chain of so many nodes.
fn chain(nodes: usize) -> Graph {
    clamps(&(0..nodes).collect::<Vec<_>>(), &[])
}

/// The owners of nodes, by costs, on a device and then the host.
fn chosen(graph: &Graph, takes: &[Vec<Range<usize>>], costs: &[Option<Costs>], items: usize) -> Vec<usize> {
    let mut places = vec![Placement::Host; takes.len()];
    places[0] = Placement::Device(DeviceId::unique());
    let members = members(&places);
    by_cost(&Estimator::new(graph, &members, costs, items), takes)
}

fn all(nodes: usize, members: usize) -> Vec<Vec<Range<usize>>> {
    vec![std::iter::once(0..nodes).collect(); members]
}

#[test]
fn small_batch_runs_on_the_host_and_a_large_one_on_the_device() {
    let graph = chain(4);
    // 400 elements an item: 400 on the host; 10,000 and 80 on the device, of which 40 are bytes.
    let costs = [Some(costs(10_000.0, 0.2, 0.1)), Some(costs(0.0, 0.0, 1.0))];
    for (items, owner) in [(1, 1), (16, 1), (64, 0), (4096, 0)] {
        assert_eq!(chosen(&graph, &all(4, 2), &costs, items), [owner; 4], "{items}");
    }
}

#[test]
fn transfer_that_costs_more_than_it_gains_is_not_made() {
    let graph = chain(6);
    // The device does not take the middle, and is quicker for the rest.
    let mut takes = all(6, 2);
    takes[0] = vec![0..2, 4..6];
    let host = Some(costs(0.0, 0.0, 1.0));
    let near = [Some(costs(1.0, 0.1, 0.1)), host];
    assert_eq!(chosen(&graph, &takes, &near, 1), [0, 0, 1, 1, 0, 0]);
    let far = [Some(costs(1.0, 2.0, 0.1)), host];
    assert_eq!(chosen(&graph, &takes, &far, 1), [1; 6]);
    // One that ends where the device's first part ends pays for two ways as well.
    takes[0] = vec![0..5, 5..6];
    let between = [Some(costs(50.0, 0.5, 0.1)), host];
    assert_eq!(chosen(&graph, &takes, &between, 1), [0; 6]);
}

#[test]
fn gain_within_the_error_of_expectations_leaves_the_order_of_the_list() {
    let graph = chain(2);
    for (each, owner) in [(0.97, 0), (0.5, 1)] {
        let costs = [Some(costs(0.0, 0.0, 1.0)), Some(costs(0.0, 0.0, each))];
        assert_eq!(chosen(&graph, &all(2, 2), &costs, 1), [owner; 2]);
    }
}

#[test]
fn backend_without_costs_is_passed_over_where_another_has_some() {
    let graph = chain(3);
    let known = Some(costs(1e6, 1.0, 1e6));
    assert_eq!(chosen(&graph, &all(3, 2), &[None, known], 1), [1; 3]);
    // Where nobody has any, the list decides.
    assert_eq!(chosen(&graph, &all(3, 2), &[None, None], 1), [0; 3]);
}

/// Whatever the costs, a node is given to one that takes it or to the last, the parts are not too many, and nothing
/// that was looked at is expected to be slower than the list.
#[test]
fn every_division_can_be_run_and_none_is_worse_than_the_list() {
    let mut state = 7u64;
    let mut next = move |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..300 {
        let nodes = 1 + next(90) as usize;
        let reads: Vec<usize> = (0..nodes).map(|n| n - (next(3) as usize).min(n)).collect();
        // What nothing else reads is an output, so that every node is needed.
        let unread: Vec<usize> = (1..nodes).filter(|n| !reads.contains(n)).collect();
        let Ok(graph) = std::panic::catch_unwind(|| clamps(&reads, &unread)) else {
            continue;
        };
        let number = |next: &mut dyn FnMut(u64) -> u64| match next(6) {
            0 => 0.0,
            1 => 1e15,
            power => 10f64.powi(power as i32) / 100.0 * next(100) as f64,
        };
        let mut price = || {
            (next(5) > 0).then(|| {
                let numbers = [number(&mut next), number(&mut next), number(&mut next)];
                costs(numbers[0], numbers[1], numbers[2])
            })
        };
        let costs = [price(), price(), price()];
        let mut takes = all(nodes, 3);
        let at = next(nodes as u64) as usize;
        takes[0] = [0..at, at + 1..nodes]
            .into_iter()
            .filter(|r| !r.is_empty())
            .collect();
        let places = [
            Placement::Device(DeviceId::unique()),
            Placement::Host,
            Placement::Host,
        ];
        let members = members(&places);
        let items = 1 + next(64) as usize;
        let estimator = Estimator::new(&graph, &members, &costs, items);
        let owners = by_cost(&estimator, &takes);
        assert_eq!(owners.len(), nodes);
        for (index, &owner) in owners.iter().enumerate() {
            assert!(owner == 2 || takes[owner].iter().any(|range| range.contains(&index)));
        }
        assert!(pieces(&owners).len() <= MAX_PARTS);
        let listed = estimator.time(&pieces(&by_order(nodes, &takes)));
        assert!(estimator.time(&pieces(&owners)) <= listed);
    }
}

#[test]
fn graph_without_nodes_has_no_owners() {
    let mut g = metisvm_model::Parsed::default();
    let x = g.input(
        "x",
        metisvm_model::TensorType::new(metisvm_model::DType::U8, &[4]).unwrap(),
    );
    g.output("y", x);
    let graph = g.check().unwrap();
    let none = vec![Vec::new(), Vec::new()];
    assert!(chosen(&graph, &none, &[Some(costs(1.0, 1.0, 1.0)), None], 1).is_empty());
}

#[test]
fn too_many_parts_are_the_first_one_s_that_takes_all() {
    let nodes = 2 * MAX_PARTS;
    let every_second: Vec<_> = (0..nodes).step_by(2).map(|at| at..at + 1).collect();
    let whole: Vec<_> = std::iter::once(0..nodes).collect();
    let takes = [every_second.clone(), whole.clone(), whole.clone()];
    assert_eq!(by_order(nodes, &takes), vec![1; nodes]);
    // Nobody but the last takes all: it does.
    let takes = [every_second.clone(), every_second, whole];
    assert_eq!(by_order(nodes, &takes), vec![2; nodes]);
}
