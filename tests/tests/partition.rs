//! A graph that no device takes whole: parts of it run on the card, the rest on the reference.

use metisvm_accel::fpga::{self, Options};
use metisvm_accel::{Backend, Dispatcher, Submitted, dispatcher};
use metisvm_model::{Bundle, DType, Graph, Op, Parsed, Reference, Tensor, TensorType, Value};
use metisvm_tests::cards::{self, GEOMETRIES};
use metisvm_tests::graphs;
use metisvm_tests::rng::Rng;
use std::sync::Arc;

fn constant(g: &mut Parsed, dtype: DType, dims: &[u32], data: Vec<i32>) -> Value {
    g.constant(&Tensor::new(TensorType::new(dtype, dims).expect("small"), data).expect("within the type"))
}

/// Product, requantisation with a multiplier that is an input (clamped to its range), product.
fn graph() -> Graph {
    let mut g = Parsed::default();
    let x = g.input("x", TensorType::new(DType::I8, &[3, 5]).expect("small"));
    let m = g.input("multiplier", TensorType::scalar(DType::I16));
    let w = constant(&mut g, DType::I8, &[5, 7], (0..35).map(|i| i * 6 - 100).collect());
    let v = constant(&mut g, DType::I8, &[7, 2], (0..14).map(|i| 60 - i * 12).collect());
    let zero = constant(&mut g, DType::I8, &[], vec![3]);
    let low = constant(&mut g, DType::I16, &[], vec![1]);
    let high = constant(&mut g, DType::I16, &[], vec![32767]);
    let shift = constant(&mut g, DType::U8, &[], vec![21]);
    let acc = g.node(Op::MatMul, &[x, w, zero, zero]);
    let m = g.node(Op::Clamp, &[m, low, high]);
    let y = g.node(
        Op::Requantise {
            to: DType::I8,
            axis: 0,
        },
        &[acc, m, shift, zero],
    );
    let z = g.node(Op::MatMul, &[y, v, zero, zero]);
    g.output("scores", z);
    g.output("first", acc);
    g.check().expect("the multiplier is proven to be in range")
}

#[test]
fn a_computed_multiplier_runs_on_the_reference_between_two_parts_on_the_card() {
    let graph = Arc::new(graph());
    let parts = fpga::takes(&graph, &GEOMETRIES[0].1);
    assert_eq!(parts.len(), 2, "the requantisation is left");
    let reference = Reference::new(graph.clone());
    for (name, geometry) in GEOMETRIES {
        for checked in [false, true] {
            let backend = cards::backend(
                geometry,
                Options {
                    checked,
                    max_resets: 0,
                    max_wrong_results: 1,
                },
            );
            let options = dispatcher::Options {
                memo_bytes: 0,
                ..Default::default()
            };
            let dispatcher = Dispatcher::new(vec![backend as Arc<dyn Backend>], options);
            let id = dispatcher.add(Bundle::encode(Graph::clone(&graph)).expect("small").0);
            let mut rng = Rng::new(9);
            let before = dispatcher.counters().devices.jobs;
            for _ in 0..20 {
                let input = graphs::input(&graph, &mut rng);
                let expected = reference.run(&input).expect("the right length");
                assert_eq!(
                    *dispatcher.infer(id, &input).expect("it runs"),
                    *expected,
                    "{name}"
                );
            }
            let counters = dispatcher.counters();
            assert_eq!(counters.fallbacks, 0, "{name}: {:?}", dispatcher.take_errors());
            assert!(
                counters.devices.jobs - before >= 40,
                "{name}: two parts an inference"
            );
        }
    }
}

#[test]
fn a_graph_made_of_cuts_runs_whole_on_the_reference() {
    let mut g = Parsed::default();
    let mut x = g.input("x", TensorType::new(DType::I8, &[4]).expect("small"));
    let low = g.input("low", TensorType::scalar(DType::I8));
    let zero = constant(&mut g, DType::I8, &[], vec![0]);
    let high = constant(&mut g, DType::I8, &[], vec![100]);
    // Every second clamp has a computed bound, which the card does not take.
    let low = g.node(Op::Clamp, &[low, zero, zero]);
    for _ in 0..100 {
        x = g.node(Op::Clamp, &[x, low, high]);
        x = g.node(Op::Clamp, &[x, zero, high]);
    }
    g.output("y", x);
    let graph = Arc::new(g.check().expect("sound"));
    assert!(fpga::takes(&graph, &GEOMETRIES[0].1).len() > 64);
    let backend = cards::backend(GEOMETRIES[0].1, Options::default());
    let before = backend.report().jobs;
    let dispatcher = Dispatcher::new(vec![backend as Arc<dyn Backend>], dispatcher::Options::default());
    let id = dispatcher.add(Bundle::encode(Graph::clone(&graph)).expect("small").0);
    let input = [200, 5, 120, 0, 7];
    let expected = Reference::new(graph).run(&input).expect("the right length");
    assert_eq!(*dispatcher.infer(id, &input).expect("it runs"), *expected);
    let counters = dispatcher.counters();
    assert_eq!((counters.fallbacks, counters.devices.jobs), (0, before));
}

/// One graph after the other through one dispatcher: parts on cards that take few operators, the rest on the
/// reference, and batches that the dispatcher makes itself.
#[test]
fn generated_graphs_come_out_of_a_dispatcher_as_they_come_out_of_the_reference() {
    for (name, geometry) in [GEOMETRIES[5], GEOMETRIES[6], GEOMETRIES[0]] {
        let options = Options {
            checked: true,
            max_resets: 0,
            max_wrong_results: 1,
        };
        // Without a memo, so that every request reaches the card.
        let without_memo = dispatcher::Options {
            memo_bytes: 0,
            ..Default::default()
        };
        let card = cards::backend(geometry, options) as Arc<dyn Backend>;
        let dispatcher = Dispatcher::new(vec![card], without_memo);
        for seed in 0..150 {
            let graph = Arc::new(graphs::graph(seed).0);
            let reference = Reference::new(graph.clone());
            let id = dispatcher.add(Bundle::encode(Graph::clone(&graph)).expect("small").0);
            let mut rng = Rng::new(!seed);
            let inputs: Vec<_> = (0..3).map(|_| graphs::input(&graph, &mut rng)).collect();
            let submit = |input: &Vec<u8>| dispatcher.submit(id, input).expect("the model is there");
            let tickets: Vec<_> = inputs.iter().map(submit).collect();
            for (ticket, input) in tickets.into_iter().zip(&inputs) {
                let output = match ticket {
                    Submitted::Ready(output) => output,
                    Submitted::Pending(ticket) => dispatcher.wait(&ticket).expect("it runs"),
                };
                let expected = reference.run(input).expect("the right length");
                assert_eq!(*output, *expected, "seed {seed} on {name}");
            }
            dispatcher.remove(id);
        }
        let counters = dispatcher.counters();
        assert_eq!(counters.fallbacks, 0, "{name}: {:?}", dispatcher.take_errors());
    }
}
