//! Figures of proofs. They take a release build to mean anything:
//!
//! ```sh
//! cargo test --release -p metisvm-prover --test figures -- --ignored --nocapture --test-threads 1
//! ```

mod common;

use common::Model;
use metisvm_model::{Bundle, DType, Op, Padding, Shape, Window};
use metisvm_prover::{Circuit, Inference, Proof, Verifier, Wrap};
use std::time::Instant;

/// Processor seconds of this process so far.
fn cpu_seconds() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}

/// The most memory that this process has had, in bytes.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

fn report(name: &str, bundle: &Bundle) {
    let start = cpu_seconds();
    let circuit = Circuit::compile(bundle, 8 << 30).expect("circuits have its operators");
    println!("{name}: {}", circuit.description());
    println!("{name}: key {:.2} CPU-s", cpu_seconds() - start);
    let input = common::Sequence(9).bytes(bundle.graph.input_bytes());
    let inference = Inference {
        input: &input,
        salt: &[7; 32],
        chain_id: 1,
        job_id: [3; 32],
    };
    let raw = measured(&format!("{name}, raw"), circuit.verifier(), 3, || {
        circuit.prove(&inference).expect("every input can be proven")
    });
    let keyed = |name: &str, inner: &Verifier, blinds: bool| {
        let start = cpu_seconds();
        let wrap = Wrap::new(inner, blinds);
        println!("{name}: key {:.2} CPU-s", cpu_seconds() - start);
        wrap
    };
    let wrapping = |name: &str, wrap: &Wrap, inner: &Verifier, proof: &Proof| {
        measured(name, wrap.verifier(), 2, || {
            wrap.prove(inner, proof).expect("it is a proof")
        })
    };
    let name_of = |what: &str| format!("{name}, {what}");
    let (plain, blinded, again) = (
        "wrapped",
        "wrapped and blinded",
        "wrapped twice, the second time blinded",
    );
    let direct = keyed(&name_of(blinded), circuit.verifier(), true);
    wrapping(&name_of(blinded), &direct, circuit.verifier(), &raw);
    let wrap = keyed(&name_of(plain), circuit.verifier(), false);
    let wrapped = wrapping(&name_of(plain), &wrap, circuit.verifier(), &raw);
    let last = keyed(&name_of(again), wrap.verifier(), true);
    wrapping(&name_of(again), &last, wrap.verifier(), &wrapped);
}

/// The proof, made a few times, with what it took.
fn measured(name: &str, verifier: &Verifier, times: usize, prove: impl Fn() -> Proof) -> Proof {
    let degree_bits = verifier.degree_bits();
    let mut last = None;
    for _ in 0..times {
        let (start, wall) = (cpu_seconds(), Instant::now());
        let proof = prove();
        let (cpu, wall) = (cpu_seconds() - start, wall.elapsed().as_secs_f64());
        let start = cpu_seconds();
        verifier
            .verify(&proof.statement, &proof.bytes)
            .expect("it is a proof");
        println!(
            "{name} (2^{degree_bits}): prove {cpu:.3} CPU-s, {wall:.3} s; proof {} bytes; verify {:.1} CPU-ms; peak {} bytes",
            proof.bytes.len(),
            (cpu_seconds() - start) * 1e3,
            peak_bytes().map_or("?".to_string(), |bytes| bytes.to_string()),
        );
        last = Some(proof);
    }
    last.expect("it is made once at least")
}

/// 784 → 128 → 10, and the class.
#[test]
#[ignore = "a measurement"]
fn mlp() {
    let mut model = Model::new(1);
    let x = model.input(DType::U8, &[1, 784]);
    let hidden = model.dense(x, 784, 128);
    let hidden = model.narrow(hidden, 1, 128, 784);
    let scores = model.dense(hidden, 128, 10);
    let class = model.node(Op::ArgMax { axis: 1 }, &[scores]);
    report("MLP 784-128-10", &model.finish(class));
}

/// LeNet-5 on 28×28: two convolutions of 5×5 with pools, three dense layers.
#[test]
#[ignore = "a measurement"]
fn lenet() {
    let mut model = Model::new(2);
    let x = model.input(DType::U8, &[1, 1, 28, 28]);
    let same = Window {
        padding: Padding::all(2),
        ..Window::default()
    };
    let halves = Window {
        stride: [2, 2],
        ..Window::default()
    };
    let pool = Op::MaxPool2d {
        kernel: [2, 2],
        window: halves,
    };
    let a = model.conv(x, [6, 1, 5, 5], same);
    let a = model.narrow(a, 1, 6, 25);
    let a = model.node(pool.clone(), &[a]);
    let b = model.conv(a, [16, 6, 5, 5], Window::default());
    let b = model.narrow(b, 1, 16, 150);
    let b = model.node(pool, &[b]);
    let shape = Shape::new(&[1, 400]).expect("the shape is possible");
    let flat = model.node(Op::Reshape { shape }, &[b]);
    let c = model.dense(flat, 400, 120);
    let c = model.narrow(c, 1, 120, 400);
    let d = model.dense(c, 120, 84);
    let d = model.narrow(d, 1, 84, 120);
    let scores = model.dense(d, 84, 10);
    let class = model.node(Op::ArgMax { axis: 1 }, &[scores]);
    report("LeNet 28x28", &model.finish(class));
}
