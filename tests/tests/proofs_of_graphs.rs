//! Circuits of generated graphs: every element of every node has the value that the reference kernel gives, whatever the
//! input, and the proof is accepted.
//!
//! Proofs have few queries here, so they are quick and worth nothing; what is tested does not depend on that.

use metisvm_model::{Bundle, OPERATORS};
use metisvm_prover::{Circuit, CompileError, Inference, Parameters};
use metisvm_tests::graphs;
use metisvm_tests::knobs::number;
use metisvm_tests::rng::Rng;
use std::collections::BTreeMap;

const WEAK: Parameters = Parameters::STANDARD.with_queries(2, 1);

/// What a proof may take: graphs that take more are left to larger machines, and have to be few.
const LIMIT: u64 = 500 << 20;

#[test]
fn circuits_of_generated_graphs_compute_what_the_reference_computes() {
    let count = number("METISVM_PROOF_GRAPHS", 60);
    let (mut nodes, mut large) = (BTreeMap::<&str, usize>::new(), 0);
    for seed in 0..count {
        let (graph, _) = graphs::graph(seed);
        let bundle = Bundle::encode(graph).expect("it is small").0;
        let circuit = match Circuit::with_parameters(&bundle, WEAK, LIMIT) {
            Ok(circuit) => circuit,
            Err(CompileError::TooLarge { .. }) => {
                large += 1;
                continue;
            }
            Err(refused) => panic!("seed {seed}: {refused}"),
        };
        for node in bundle.graph.nodes() {
            *nodes.entry(node.op.name()).or_default() += 1;
        }
        let mut rng = Rng::new(seed);
        for job in 0..2 {
            let input = graphs::input(&bundle.graph, &mut rng);
            let inference = Inference {
                input: &input,
                salt: &[7; 32],
                chain_id: 1,
                job_id: [job; 32],
            };
            // The prover compares every wire of every node.
            let proof = circuit
                .prove(&inference)
                .unwrap_or_else(|e| panic!("seed {seed}: {e}"));
            let verified = circuit.verifier().verify(&proof.statement, &proof.bytes);
            assert_eq!(verified, Ok(()), "seed {seed}");
        }
    }
    println!("{count} graphs, {large} of them too large: {nodes:?}");
    assert!(large * 4 < count, "{large} graphs are too large");
    for operator in OPERATORS {
        let proven = nodes.get(operator.name).copied().unwrap_or(0);
        assert!(proven > 0, "no {} was proven", operator.name);
    }
}
