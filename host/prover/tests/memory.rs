//! The memory that proofs take, measured: a child process proves a model in layers below a limit, and says what the most
//! was that it had. It has to be no more than the limit, and than what was said before.
#![cfg(target_os = "linux")]

mod common;

use common::Model;
use metisvm_model::{Bundle, DType};
use metisvm_prover::{Inference, Layers, Parameters};
use std::process::Command;

/// What tells the child that it is one: its limit.
const LIMIT: &str = "METISVM_TEST_MEMORY_LIMIT";

/// Few queries: joins are small, and what spans take is most of all.
const WEAK: Parameters = Parameters::STANDARD.with_queries(2, 1);

/// Twelve dense layers of 256, each of which takes 180 rows.
fn bundle() -> Bundle {
    let mut model = Model::new(21);
    let mut x = model.input(DType::U8, &[1, 256]);
    for _ in 0..12 {
        x = model.dense(x, 256, 256);
        x = model.narrow(x, 1, 256, 256);
    }
    model.finish(x)
}

/// The most memory that this process has had, in bytes.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line
        .and_then(|line| line.trim().strip_suffix(" kB"))
        .expect("it is said");
    kilobytes.trim().parse::<u64>().expect("a number") * 1024
}

/// The child. As a test of its own it proves nothing.
#[test]
fn child() {
    let Ok(limit) = std::env::var(LIMIT) else {
        return;
    };
    let bundle = bundle();
    let limit = limit.parse().expect("a number");
    let layers = Layers::with_parameters(&bundle, WEAK, WEAK, limit).expect("each node fits");
    let input = common::Sequence(9).bytes(bundle.graph.input_bytes());
    let inference = Inference {
        input: &input,
        salt: &[7; 32],
        chain_id: 1,
        job_id: [3; 32],
    };
    let proof = layers.prove(&inference).expect("every input can be proven");
    assert_eq!(layers.verifier().verify(&proof.statement, &proof.bytes), Ok(()));
    let (spans, said) = (layers.descriptions().count(), layers.memory_bytes());
    println!("\nspans {spans} said {said} peak {}", peak_bytes());
}

/// The spans, what they were said to take, and what they took.
fn measured(limit: u64) -> [u64; 3] {
    let binary = std::env::current_exe().expect("there is one");
    let mut child = Command::new(binary);
    let child = child.args(["--exact", "child", "--nocapture", "--test-threads", "1"]);
    let output = child
        .env(LIMIT, limit.to_string())
        .output()
        .expect("it can be started");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    let line = text
        .lines()
        .find(|line| line.starts_with("spans "))
        .expect("it says what it took");
    println!("limit {limit}: {line}");
    let numbers = line
        .split(' ')
        .skip(1)
        .step_by(2)
        .map(|number| number.parse().expect("a number"));
    let numbers: Vec<u64> = numbers.collect();
    [numbers[0], numbers[1], numbers[2]]
}

#[test]
fn layers_stay_below_their_limit() {
    let mut most = 0;
    for limit in [300, 360, 600].map(|megabytes| megabytes << 20) {
        let [spans, said, peak] = measured(limit);
        assert!(
            peak <= said && said <= limit,
            "{spans} spans: {peak} of {said} of {limit}"
        );
        most = spans.max(most);
    }
    assert!(most > 2, "the least limit is to split the model");
}
