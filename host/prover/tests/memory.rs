//! The memory that proofs take, measured: a child process proves a model in layers below a limit, and says what the most
//! was that it had. It has to be no more than the limit, and than what was said before. A model that is refused takes
//! next to nothing.
#![cfg(target_os = "linux")]

mod common;

use common::Model;
use metisvm_model::{Bundle, DType, Op, Padding, Window};
use metisvm_prover::{Circuit, CompileError, Inference, Layers, Parameters};
use std::process::Command;

/// What tells the child that it is one: its limit.
const LIMIT: &str = "METISVM_TEST_MEMORY_LIMIT";

/// The name of the child, among tests, that proves in layers.
const PROVES: &str = "child_that_proves";

/// Those that are refused.
const REFUSED: [&str; 2] = ["child_with_patches", "child_with_windows"];

/// Few queries: joins are small, and what spans take is most of all.
const WEAK: Parameters = Parameters::STANDARD.with_queries(2, 1);

/// Nine dense layers of 256, each of which takes 180 rows: two spans of at most 2^10 rows and a join, or one of 2^11.
fn bundle() -> Bundle {
    let mut model = Model::new(21);
    let mut x = model.input(DType::U8, &[1, 256]);
    for _ in 0..9 {
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

/// The limit of a child. There is none where it is run as a test of its own, which does nothing.
fn limit_of_child() -> Option<u64> {
    let limit = std::env::var(LIMIT).ok()?;
    Some(limit.parse().expect("a number"))
}

#[test]
fn child_that_proves() {
    let Some(limit) = limit_of_child() else { return };
    let bundle = bundle();
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

/// 63 × 63 of an image of 64 × 64, about each pixel: patches have some nine million elements that lie inside.
const SIDE: u32 = 63;

fn about_each_pixel() -> Window {
    Window {
        padding: Padding::all(SIDE / 2),
        ..Window::default()
    }
}

/// A convolution by a kernel that is computed.
#[test]
fn child_with_patches() {
    let mut model = Model::new(22);
    let x = model.input(DType::U8, &[1, 1, SIDE + 1, SIDE + 1]);
    let kernel = model.input(DType::I8, &[1, 1, SIDE, SIDE]);
    let zeros = [model.scalar(DType::U8, 0), model.scalar(DType::I8, 0)];
    let window = about_each_pixel();
    let y = model.node(Op::Conv2d { window, groups: 1 }, &[x, kernel, zeros[0], zeros[1]]);
    refused(&model.finish(y));
}

#[test]
fn child_with_windows() {
    let mut model = Model::new(23);
    let x = model.input(DType::U8, &[1, 1, SIDE + 1, SIDE + 1]);
    let (kernel, window) = ([SIDE, SIDE], about_each_pixel());
    let y = model.node(Op::MaxPool2d { kernel, window }, &[x]);
    refused(&model.finish(y));
}

fn refused(bundle: &Bundle) {
    let Some(limit) = limit_of_child() else { return };
    let refused = Circuit::compile(bundle, limit).err();
    assert!(
        matches!(refused, Some(CompileError::TooLarge { .. })),
        "{refused:?}"
    );
    println!("\nspans 0 said 0 peak {}", peak_bytes());
}

/// The spans, what they were said to take, and what they took.
fn measured(child: &str, limit: u64) -> [u64; 3] {
    let binary = std::env::current_exe().expect("there is one");
    let mut command = Command::new(binary);
    let command = command.args(["--exact", child, "--nocapture", "--test-threads", "1"]);
    let output = command
        .env(LIMIT, limit.to_string())
        .output()
        .expect("it can be started");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    let line = text
        .lines()
        .find(|line| line.starts_with("spans "))
        .expect("it says what it took");
    println!("{child}, limit {limit}: {line}");
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
    for limit in [260, 600].map(|megabytes| megabytes << 20) {
        let [spans, said, peak] = measured(PROVES, limit);
        assert!(
            peak <= said && said <= limit,
            "{spans} spans: {peak} of {said} of {limit}"
        );
        most = spans.max(most);
    }
    assert!(most > 1, "the least limit is to split the model");
}

/// What a circuit that does not fit would be made of is not made either.
#[test]
fn what_is_refused_takes_no_memory() {
    const LITTLE: u64 = 100 << 20;
    for child in REFUSED {
        let [.., peak] = measured(child, 600 << 20);
        assert!(peak <= LITTLE, "{child}: {peak}");
    }
}
