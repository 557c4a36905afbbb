//! What verification takes, held against what it costs: keys of unusual shapes, each with a true proof, as a wrong one
//! is refused early. Under schedule 1 a gas has to buy a thirtieth of a microsecond of one core.
//!
//! ```sh
//! cargo test --release -p metisvm-vm --test proof_gas -- --ignored --nocapture
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used)] // a panic is how a test fails

use metisvm_model::{DType, ModelId};
use metisvm_verifier::encoding::encode;
use metisvm_verifier::field::{D, F, ProofConfig};
use metisvm_verifier::statement::{FIXED_INPUTS, fixed_inputs, output_elements};
use metisvm_verifier::{Statement, Verifier, commit, key_bytes};
use metisvm_vm::ProofGasSchedule;
use plonky2::field::types::Field;
use plonky2::fri::reduction_strategies::FriReductionStrategy;
use plonky2::gates::noop::NoopGate;
use plonky2::hash::poseidon::PoseidonHash;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CircuitConfig;
use std::time::{Duration, Instant};

/// Gas that a microsecond costs at 30 million gas a second.
const GAS_PER_MICROSECOND: f64 = 30.0;

struct Shape {
    what: &'static str,
    config: CircuitConfig,
    degree_bits: usize,
    outputs: usize,
}

fn shape(
    what: &'static str,
    degree_bits: usize,
    outputs: usize,
    change: impl FnOnce(&mut CircuitConfig),
) -> Shape {
    let mut config = CircuitConfig::standard_recursion_config();
    change(&mut config);
    Shape {
        what,
        config,
        degree_bits,
        outputs,
    }
}

fn shapes() -> Vec<Shape> {
    vec![
        shape("as a wrap", 13, 1, |_| {}),
        shape("blinded", 13, 1, |c| c.zero_knowledge = true),
        shape("few rows", 5, 1, |c| c.fri_config.cap_height = 0),
        shape("256 queries", 10, 1, |c| c.fri_config.num_query_rounds = 256),
        shape("wide steps", 13, 1, |c| {
            c.fri_config.reduction_strategy = FriReductionStrategy::Fixed(vec![5, 5]);
        }),
        shape("a long last polynomial", 8, 1, |c| {
            c.fri_config.num_query_rounds = 256;
            c.fri_config.reduction_strategy = FriReductionStrategy::Fixed(vec![]);
        }),
        shape("255 wires, four challenges", 10, 1, |c| {
            (c.num_wires, c.num_routed_wires, c.num_challenges) = (255, 255, 4);
        }),
        shape("2^16 elements of output", 14, 1 << 16, |_| {}),
    ]
}

struct Proven {
    key: Verifier,
    statement: Statement,
    proof: Vec<u8>,
}

/// A circuit of this shape, read back from its bytes, with a proof. It has the gates of a wrap that cost most.
fn prove(shape: &Shape) -> Proven {
    let statement = Statement {
        model: ModelId([1; 32]),
        input: commit(&[2; 32], b"input"),
        output: vec![7; shape.outputs],
        chain_id: 1,
        job_id: [3; 32],
    };
    let mut builder = CircuitBuilder::<F, D>::new(shape.config.clone());
    let inputs = FIXED_INPUTS + shape.outputs;
    let wires: Vec<_> = (0..inputs).map(|_| builder.add_virtual_public_input()).collect();
    builder.hash_n_to_hash_no_pad::<PoseidonHash>(wires[..20].to_vec());
    let bits = builder.split_le(wires[0], 32);
    builder.exp_from_bits_const_base(F::TWO, &bits);
    builder.random_access(wires[0], wires[1..17].to_vec());
    while !shape.config.zero_knowledge && builder.num_gates() <= 1 << (shape.degree_bits - 1) {
        builder.add_gate(NoopGate, vec![]);
    }
    let data = builder.build::<ProofConfig>();
    let fixed = fixed_inputs(
        &statement.model,
        &statement.input,
        statement.chain_id,
        &statement.job_id,
    );
    let types = vec![(DType::U8, shape.outputs)];
    let output = output_elements(types.iter().copied(), &statement.output).unwrap();
    let mut witness = PartialWitness::new();
    for (wire, value) in wires.into_iter().zip(fixed.into_iter().chain(output)) {
        witness.set_target(wire, value).unwrap();
    }
    let proof = data.prove(witness).expect("anything can be proven");
    let bytes = key_bytes::to_bytes(&Verifier::new(statement.model, types, data.verifier_data())).unwrap();
    Proven {
        key: key_bytes::from_bytes(&bytes, &key_bytes::KeyDigest::of(&bytes)).unwrap(),
        statement,
        proof: encode(&proof),
    }
}

/// The least of several times, which is the one without what else the machine does.
fn least(mut run: impl FnMut()) -> Duration {
    let times = (0..15).map(|_| {
        let started = Instant::now();
        run();
        started.elapsed()
    });
    times.min().unwrap()
}

fn report(what: &str, time: Duration, gas: u64) -> f64 {
    let microseconds = time.as_secs_f64() * 1e6;
    let share = microseconds * GAS_PER_MICROSECOND / gas as f64;
    println!(
        "{what:30} {microseconds:9.0} us {gas:9} gas  {:5.0} % of what it may take",
        100.0 * share
    );
    share
}

#[test]
#[ignore = "a measurement"]
fn gas_covers_the_time_of_every_shape() {
    let schedule = ProofGasSchedule::V1;
    let mut shares = Vec::new();
    for shape in shapes() {
        let proven = prove(&shape);
        let work = proven.key.work();
        let time = least(|| assert_eq!(proven.key.verify(&proven.statement, &proven.proof), Ok(())));
        println!("{work:?}, {} bytes", proven.proof.len());
        // Reading the proof is paid by the words of call data.
        let words = proven.proof.len() + proven.statement.output.len();
        let gas = schedule.call_data_gas(words as u64) + schedule.verification_gas(&work);
        shares.push(report(shape.what, time, gas));
    }
    for length in [0, 1_000, 1_000_000] {
        let input = vec![0x5a; length];
        let time = least(|| {
            std::hint::black_box(commit(&[1; 32], &input));
        });
        let gas = schedule.call_data_gas(length as u64) + schedule.commitment_gas(length as u64);
        shares.push(report(&format!("commit to {length} bytes"), time, gas));
    }
    assert!(
        shares.iter().all(|share| *share <= 1.0),
        "a shape takes longer than it is charged for"
    );
}
