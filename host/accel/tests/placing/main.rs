//! Who runs what never changes a result: backends whose claimed costs are absurd, or other ones at every look, and
//! measurements that fail or were damaged.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod chosen;
mod claimant;
mod folder;
mod measured;
mod numbers;

use claimant::Claimant;
use folder::Folder;
use metisvm_accel::{Backend, DeviceId, Dispatcher, Options, Policy, Submitted};
use metisvm_model::{Bundle, DType, Graph, Op, Parsed, Reference, Tensor, TensorType, Value};
use numbers::Numbers;
use std::sync::Arc;

/// Clamps and sums over some bytes, each of what came before.
fn graph(numbers: &Numbers) -> Graph {
    let mut g = Parsed::default();
    let ty = || TensorType::new(DType::U8, &[12]).unwrap();
    let mut values: Vec<Value> = vec![g.input("x", ty()), g.input("z", ty())];
    for _ in 0..4 + numbers.below(20) {
        let any = || values[usize::try_from(numbers.below(values.len() as u64)).unwrap()];
        let (a, b) = (any(), any());
        let bound = |v: u64| {
            let v = i32::try_from(v).unwrap();
            Tensor::new(TensorType::scalar(DType::U8), vec![v]).unwrap()
        };
        let (low, high) = (
            g.constant(&bound(numbers.below(90))),
            g.constant(&bound(100 + numbers.below(90))),
        );
        let sum = g.node(Op::Add, &[a, b]);
        let parameters = [
            g.constant(&Tensor::new(TensorType::scalar(DType::I16), vec![19_000]).unwrap()),
            g.constant(&bound(14)),
            g.constant(&bound(numbers.below(9))),
        ];
        let operands = [sum, parameters[0], parameters[1], parameters[2]];
        let bytes = g.node(
            Op::Requantise {
                to: DType::U8,
                axis: 0,
            },
            &operands,
        );
        values.push(g.node(Op::Clamp, &[bytes, low, high]));
    }
    for (number, value) in values.iter().rev().take(3).enumerate() {
        g.output(format!("y{number}"), *value);
    }
    g.check().unwrap()
}

fn without_memo() -> Options {
    Options {
        memo_bytes: 0,
        ..Options::default()
    }
}

/// Runs a batch at once, and says what came of each item.
fn batch(dispatcher: &Dispatcher, id: metisvm_model::ModelId, inputs: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let submitted: Vec<Submitted> = inputs
        .iter()
        .map(|input| dispatcher.submit(id, input).unwrap())
        .collect();
    let output = |submitted: Submitted| match submitted {
        Submitted::Ready(output) => output.to_vec(),
        Submitted::Pending(ticket) => dispatcher.wait(&ticket).unwrap().to_vec(),
    };
    submitted.into_iter().map(output).collect()
}

#[test]
fn costs_that_are_absurd_or_change_at_every_look_change_no_result() {
    let numbers = Arc::new(Numbers::new(1));
    // The reference claims nothing, and need not be measured for each round.
    let folder = Folder::new("absurd");
    let (mut divided, mut fallbacks) = (0, 0);
    for round in 0..60 {
        let graph = graph(&numbers);
        let reference = Reference::new(Arc::new(graph.clone()));
        let device = DeviceId::unique();
        let backends: Vec<Arc<dyn Backend>> = vec![
            Arc::new(Claimant::new(Some(device), 3, &numbers)),
            Arc::new(Claimant::new(Some(DeviceId::unique()), 5, &numbers)),
            Arc::new(Claimant::new(Some(device), 100, &numbers)),
            Arc::new(Claimant::new(None, 4, &numbers)),
        ];
        let cache = Some(folder.cache());
        let dispatcher = Dispatcher::with_policy(backends, without_memo(), Policy::Auto, cache);
        let id = dispatcher.add(Bundle::encode(graph.clone()).unwrap().0);
        for items in [1, 2, 5, 17, 64] {
            let item = |item: u64| (0..24).map(|i| (numbers.below(250) + i + item) as u8).collect();
            let inputs: Vec<Vec<u8>> = (0..items).map(item).collect();
            let expected: Vec<Vec<u8>> = inputs.iter().map(|input| reference.run(input).unwrap()).collect();
            assert_eq!(
                batch(&dispatcher, id, &inputs),
                expected,
                "round {round}, {items} items"
            );
            let forecast = dispatcher.forecast(id, inputs.len(), Policy::Auto).unwrap();
            let nodes: usize = forecast.parts.iter().map(|part| part.nodes.len()).sum();
            assert_eq!(nodes, graph.nodes().len());
            divided += forecast.parts.len() - 1;
        }
        fallbacks += dispatcher.counters().fallbacks;
        assert_eq!(dispatcher.take_errors(), Vec::<String>::new());
    }
    assert!(divided > 100, "costs decided nothing: {divided}");
    assert_eq!(fallbacks, 0);
}
