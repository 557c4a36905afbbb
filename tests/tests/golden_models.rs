//! What version 1 fixed: the ids of bundles and the gas of schedule 1. The numbers here were taken before
//! bundles of version 2 and gas schedule 2 existed; a change of either would split a chain from its past.

use alloy_primitives::{b256, keccak256};
use metisvm_model::Bundle;
use metisvm_tests::graphs;
use metisvm_vm::GasSchedule;

/// Generated graphs hold every operator of version 1, many times.
const GRAPHS: u64 = 400;

#[test]
fn ids_of_generated_graphs_are_those_of_version_1() {
    let mut ids = Vec::new();
    for seed in 0..GRAPHS {
        let (bundle, bytes) = Bundle::encode(graphs::of_version_1(seed).0).expect("small");
        assert_eq!(bytes[8..12], 1u32.to_le_bytes(), "seed {seed}");
        ids.extend(bundle.id.0);
    }
    let expected = b256!("7310f9490bc547db9bf9a4606cd007e95728531b9ec3b57431df4b0e387934d7");
    assert_eq!(keccak256(ids), expected);
}

#[test]
fn gas_of_schedule_1_is_what_it_was() {
    let mut gas = Vec::new();
    for seed in 0..GRAPHS {
        let (graph, _) = graphs::of_version_1(seed);
        let price = GasSchedule::V1.inference_gas(&graph.work(), graph.output_bytes() as u64);
        gas.extend(price.to_le_bytes());
    }
    let expected = b256!("cc8b6326f80810f4fbd59d5ca96c1f2da72a515c7151bd1664659d07cb79339d");
    assert_eq!(keccak256(gas), expected);
}

/// What the proof concludes is consensus too: a bound that were wider or narrower would refuse, or take,
/// other graphs.
#[test]
fn proven_ranges_of_generated_graphs_are_what_they_were() {
    let mut ranges = Vec::new();
    let mut refusals = 0u32;
    for seed in 0..GRAPHS {
        let (graph, refused) = graphs::of_version_1(seed);
        refusals += refused;
        for node in 0..graph.nodes().len() {
            let range = graph.intervals().node(node).result;
            ranges.extend(range.low.to_le_bytes());
            ranges.extend(range.high.to_le_bytes());
        }
    }
    let expected = b256!("5a34cc9706d1a3344e2565314c646915bb8ca59c8fe9710648e3458c76ada108");
    assert_eq!((keccak256(ranges), refusals), (expected, 9));
}
