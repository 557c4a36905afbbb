//! Figures of proofs. They take a release build to mean anything:
//!
//! ```sh
//! cargo test --release -p metisvm-prover --test figures -- --ignored --nocapture --test-threads 1
//! ```

mod common;

use common::Model;
use metisvm_import::{Options, import_onnx};
use metisvm_model::{Bundle, DType, Op, Padding, Shape, Window};
use metisvm_prover::{Batch, BatchCircuit, Circuit, Inference, Layers, Parameters, Proof, Verifier, Wrap};
use std::time::Instant;

/// What proving may take, in bytes.
const LIMIT: u64 = 8 << 30;

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

fn circuit(name: &str, bundle: &Bundle, parameters: Parameters) -> Circuit {
    let start = cpu_seconds();
    let circuit = Circuit::with_parameters(bundle, parameters, LIMIT).expect("circuits have its operators");
    let key = cpu_seconds() - start;
    println!("{name}: {}\n{name}: key {key:.2} CPU-s", circuit.description());
    circuit
}

fn inference(input: &[u8]) -> Inference<'_> {
    Inference {
        input,
        salt: &[7; 32],
        chain_id: 1,
        job_id: [3; 32],
    }
}

fn raw(name: &str, circuit: &Circuit, bundle: &Bundle) -> Proof {
    let input = common::Sequence(9).bytes(bundle.graph.input_bytes());
    measured(name, circuit.verifier(), 3, || {
        circuit
            .prove(&inference(&input))
            .expect("every input can be proven")
    })
}

fn wrapped(
    name: &str,
    inner: &Verifier,
    proof: &Proof,
    parameters: Parameters,
    times: usize,
) -> (Wrap, Proof) {
    let start = cpu_seconds();
    let wrap = Wrap::with_parameters(inner, parameters, LIMIT).expect("it is below the limit");
    let key = cpu_seconds() - start;
    println!("{name}: {}; key {key:.2} CPU-s", wrap.description());
    let proof = measured(name, wrap.verifier(), times, || {
        wrap.prove(inner, proof).expect("it is a proof")
    });
    (wrap, proof)
}

fn report(name: &str, bundle: &Bundle, down_to_the_smallest: bool) {
    let of = |what: &str| format!("{name}, {what}");
    raw(&of("raw"), &circuit(name, bundle, Parameters::STANDARD), bundle);
    let inner = circuit(&of("inner"), bundle, Parameters::INNER);
    let proof = raw(&of("inner"), &inner, bundle);
    wrapped(&of("wrapped"), inner.verifier(), &proof, Parameters::STANDARD, 2);
    let (mut last, mut proof) = wrapped(&of("blinded"), inner.verifier(), &proof, Parameters::BLINDED, 2);
    if down_to_the_smallest {
        for parameters in [Parameters::STANDARD, Parameters::MIDDLE, Parameters::SMALL] {
            let name = of(&format!("blinded, then {}", parameters.name()));
            (last, proof) = wrapped(&name, last.verifier(), &proof, parameters, 1);
        }
    }
}

/// 784 → 128 → 10, and the class.
fn mlp_bundle() -> Bundle {
    let mut model = Model::new(1);
    let x = model.input(DType::U8, &[1, 784]);
    let hidden = model.dense(x, 784, 128);
    let hidden = model.narrow(hidden, 1, 128, 784);
    let scores = model.dense(hidden, 128, 10);
    let class = model.node(Op::ArgMax { axis: 1 }, &[scores]);
    model.finish(class)
}

/// LeNet-5 on 28×28: two convolutions of 5×5 with pools, three dense layers.
fn lenet_bundle() -> Bundle {
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
    model.finish(class)
}

/// A convolution of 3×3 from 64 to 64 channels on 14×14, of which the first channel is stated.
fn convolution_bundle() -> Bundle {
    let mut model = Model::new(4);
    let x = model.input(DType::U8, &[1, 64, 14, 14]);
    let same = Window {
        padding: Padding::all(1),
        ..Window::default()
    };
    let y = model.conv(x, [64, 64, 3, 3], same);
    let y = model.narrow(y, 1, 64, 576);
    let first = model.scalar(DType::U8, 0);
    let first = model.node(Op::Gather { axis: 1 }, &[y, first]);
    model.finish(first)
}

/// 64 tokens of 256 numbers through two layers of 256, of which the first token is stated.
fn sequence_bundle() -> Bundle {
    let mut model = Model::new(5);
    let mut x = model.input(DType::U8, &[64, 256]);
    for _ in 0..2 {
        x = model.dense(x, 256, 256);
        x = model.narrow(x, 1, 256, 256);
    }
    let first = model.scalar(DType::U8, 0);
    let first = model.node(Op::Gather { axis: 0 }, &[x, first]);
    model.finish(first)
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

#[test]
#[ignore = "a measurement"]
fn mlp() {
    report("MLP 784-128-10", &mlp_bundle(), true);
}

/// The same with at least 100 proven bits in each step.
#[test]
#[ignore = "a measurement"]
fn proven_bits() {
    let bundle = mlp_bundle();
    let circuit = circuit("MLP, proven", &bundle, Parameters::PROVEN);
    let proof = raw("MLP, proven, raw", &circuit, &bundle);
    for parameters in [Parameters::PROVEN, Parameters::PROVEN_BLINDED] {
        let name = format!("MLP, {}, wrapped", parameters.name());
        let (wrap, _) = wrapped(&name, circuit.verifier(), &proof, parameters, 1);
        println!("{name}: {}", wrap.verifier().strength());
        assert!(wrap.verifier().strength().proven() >= 100);
    }
    assert!(circuit.verifier().strength().proven() >= 100);
}

/// 2048 → 2048: 4.2 million parameters.
#[test]
#[ignore = "a measurement"]
fn dense() {
    let mut model = Model::new(3);
    let x = model.input(DType::U8, &[1, 2048]);
    let y = model.dense(x, 2048, 2048);
    let y = model.narrow(y, 1, 2048, 2048);
    let class = model.node(Op::ArgMax { axis: 1 }, &[y]);
    let bundle = model.finish(class);
    let name = "dense, 4 M parameters";
    let circuit = circuit(name, &bundle, Parameters::STANDARD);
    let proof = raw(&format!("{name}, raw"), &circuit, &bundle);
    wrapped(
        &format!("{name}, wrapped"),
        circuit.verifier(),
        &proof,
        Parameters::STANDARD,
        2,
    );
}

/// Layers whose products are checked.
#[test]
#[ignore = "a measurement"]
fn checked_products() {
    let models = [
        ("convolution 3x3, 64 to 64 on 14x14", convolution_bundle()),
        ("sequence of 64, two layers of 256", sequence_bundle()),
    ];
    for (name, bundle) in models {
        raw(name, &circuit(name, &bundle, Parameters::STANDARD), &bundle);
    }
}

/// 64 images of digits in one proof, and a tree over nine proofs.
#[test]
#[ignore = "a measurement"]
fn batches() {
    let onnx = include_bytes!("../../../models/digits/mlp_qdq.onnx");
    let graph = import_onnx(onnx, &Options::default())
        .expect("it can be imported")
        .graph;
    let bundle = Bundle::encode(graph).expect("it is small").0;
    let images = include_bytes!("../../../models/digits/test_images.bin");
    let inputs = images.chunks_exact(bundle.graph.input_bytes());
    let inferences: Vec<Inference<'_>> = inputs.take(64).map(inference).collect();

    let start = cpu_seconds();
    let many = BatchCircuit::new(&bundle, 64, Parameters::INNER, LIMIT).expect("it is below the limit");
    let last = Batch::over(many.verifier(), &[1], Parameters::BLINDED, LIMIT).expect("it is below the limit");
    println!(
        "64 digits: {}; keys {:.2} CPU-s",
        many.description(),
        cpu_seconds() - start
    );
    let start = cpu_seconds();
    let proof = many.prove(&inferences).expect("every input can be proven");
    println!(
        "64 digits, one circuit: {:.2} CPU-s, {} bytes",
        cpu_seconds() - start,
        proof.bytes.len()
    );
    let blinded = last.prove_over(many.verifier(), &[proof]).expect("it is a proof");
    let cpu = cpu_seconds() - start;
    println!(
        "64 digits, and blinded: {cpu:.2} CPU-s, {:.3} each, {} bytes",
        cpu / 64.0,
        blinded.bytes.len()
    );
    let start = cpu_seconds();
    assert_eq!(
        last.verifier().verify(&blinded.statements, &blinded.bytes),
        Ok(())
    );
    println!("64 digits: verify {:.1} CPU-ms", (cpu_seconds() - start) * 1e3);

    let circuit = Circuit::with_parameters(&bundle, Parameters::INNER, LIMIT).expect("it is below the limit");
    let tree =
        Batch::new(circuit.verifier(), &[3, 3], Parameters::STANDARD, LIMIT).expect("it is below the limit");
    tree.descriptions()
        .for_each(|level| println!("tree of 9 digits: {level}"));
    let start = cpu_seconds();
    let proofs = inferences[..9].iter().map(|inference| circuit.prove(inference));
    let proofs: Vec<Proof> = proofs
        .collect::<Result<_, _>>()
        .expect("every input can be proven");
    let batch = tree.prove(circuit.verifier(), &proofs).expect("they are proofs");
    let cpu = cpu_seconds() - start;
    println!(
        "tree of 9 digits: {cpu:.2} CPU-s, {:.2} each, {} bytes",
        cpu / 9.0,
        batch.bytes.len()
    );
    assert_eq!(tree.verifier().verify(&batch.statements, &batch.bytes), Ok(()));
}

/// LeNet in several circuits that stay below 700 MB.
#[test]
#[ignore = "a measurement"]
fn layers() {
    let bundle = lenet_bundle();
    let start = cpu_seconds();
    let limit = 700_000_000;
    let layers = Layers::compile(&bundle, limit).expect("each node fits");
    println!("LeNet in layers: keys {:.2} CPU-s", cpu_seconds() - start);
    layers
        .descriptions()
        .for_each(|(nodes, description)| println!("nodes {nodes:?}: {description}"));
    layers.joins().for_each(|join| println!("join: {join}"));
    let input = common::Sequence(9).bytes(bundle.graph.input_bytes());
    let (start, wall) = (cpu_seconds(), Instant::now());
    let proof = layers
        .prove(&inference(&input))
        .expect("every input can be proven");
    println!("LeNet in layers: said to take {} bytes", layers.memory_bytes());
    println!(
        "LeNet in layers: {:.2} CPU-s, {:.2} s; {} bytes; peak {:?} bytes",
        cpu_seconds() - start,
        wall.elapsed().as_secs_f64(),
        proof.bytes.len(),
        peak_bytes()
    );
    assert_eq!(layers.verifier().verify(&proof.statement, &proof.bytes), Ok(()));
    // Other measurements in the same process would have their peak here too.
    assert!(peak_bytes().is_none_or(|peak| peak <= limit));
}

#[test]
#[ignore = "a measurement"]
fn lenet() {
    report("LeNet 28x28", &lenet_bundle(), true);
}
