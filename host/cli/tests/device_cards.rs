//! `metisvm device examine`, `validate` and `reset`: of cards in this process, behind sockets, and of faulty ones.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use support::sim::Sim;
use support::{metisvm, objects, run, stderr, stdout};
use tempfile::tempdir;

/// The card of [`Sim::start`].
const SERVED: &str = "vfio-user:card";

fn device(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let mut all = vec!["device"];
    all.extend(arguments);
    all.push("--json");
    let output = run(folder, &all);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    objects(&output)
}

/// The checks and the last object of a validation, and whether it was passed.
fn validate(folder: &Path, card: &str, more: &[&str]) -> (Vec<Value>, Value, bool) {
    let mut arguments = vec!["device", "validate", card, "--json"];
    arguments.extend(more);
    let output = run(folder, &arguments);
    let mut checks = objects(&output);
    let last = checks.pop().unwrap();
    let passed = output.status.success();
    assert_eq!(
        output.status.code(),
        Some(if passed { 0 } else { 1 }),
        "{}",
        stderr(&output)
    );
    assert_eq!(last["sound"], passed, "{last}");
    for result in ["passed", "failed", "skipped"] {
        let count = checks.iter().filter(|check| check["result"] == result).count();
        assert_eq!(last[result], count, "{last}");
    }
    (checks, last, passed)
}

/// The checks with a result.
fn with(checks: &[Value], result: &str) -> Vec<String> {
    let of = checks.iter().filter(|check| check["result"] == result);
    of.map(|check| check["check"].as_str().unwrap().to_owned())
        .collect()
}

const CHECKS: [&str; 23] = [
    "handshake",
    "queue",
    "memory",
    "keccak",
    "nop",
    "load",
    "load_tiles",
    "fill",
    "gemm",
    "vector_add",
    "vector_max",
    "vector_min",
    "vector_immediate",
    "vector_requantise",
    "vector_table",
    "vector_argmax",
    "vector_interpolate",
    "store",
    "store_tiles",
    "models",
    "latency",
    "dma_to_card",
    "dma_from_card",
];

#[test]
fn a_sound_card_passes_every_check_in_this_process_and_behind_a_socket() {
    let folder = tempdir().unwrap();
    let _sim = Sim::start(folder.path(), &[]);
    let small = "functional:sim-tensor";
    for card in ["functional", small, SERVED, "functional:ultrascale-plus-tensor"] {
        let (checks, last, passed) = validate(folder.path(), card, &["--memory", "2"]);
        assert!(passed, "{card}: {checks:?}");
        assert_eq!(with(&checks, "passed"), CHECKS, "{card}: {checks:?}");
        assert_eq!(last["passed"], CHECKS.len());
        let figure = |check: &str, key: &str| {
            let check = checks.iter().find(|known| known["check"] == check).unwrap();
            check[key].as_f64().unwrap_or_else(|| panic!("{key}: {check}"))
        };
        let tested = figure("memory", "tested_bytes");
        let most = if card == small { 1 << 20 } else { 2 << 20 };
        assert!(
            tested <= f64::from(most) && tested >= 0.9 * f64::from(most),
            "{card}: {tested}"
        );
        assert!(figure("latency", "p50_us") <= figure("latency", "p99_us"));
        assert!(figure("dma_to_card", "gb_s") > 0.0 && figure("dma_from_card", "gb_s") > 0.0);
    }
    // All of a memory, but for what the programs themselves take.
    let (checks, ..) = validate(folder.path(), small, &["--memory", "all"]);
    assert!(
        checks[2]["tested_bytes"].as_f64().unwrap() > 0.9 * f64::from(1 << 20),
        "{checks:?}"
    );
    let output = run(folder.path(), &["device", "validate", SERVED, "--memory", "1"]);
    assert!(
        stdout(&output).ends_with("23 passed, 0 failed, 0 skipped\n"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn what_a_card_lacks_is_skipped_and_said() {
    let folder = tempdir().unwrap();
    let (checks, last, passed) = validate(folder.path(), "functional:ecp5-85f", &[]);
    assert!(passed, "{checks:?}");
    assert_eq!(
        with(&checks, "passed"),
        ["handshake", "queue", "keccak", "latency", "dma_to_card"]
    );
    assert_eq!(last["skipped"], CHECKS.len() - 5);
    assert!(
        checks[2]["detail"].as_str().unwrap().contains("no tensor engine"),
        "{}",
        checks[2]
    );
    let (checks, _, passed) = validate(folder.path(), "functional:ecp5-85f-tensor", &[]);
    assert!(passed, "{checks:?}");
    // The board has a tensor engine and no other: all else is done, and nothing else left out.
    assert_eq!(with(&checks, "skipped"), ["keccak"], "{checks:?}");
    assert_eq!(with(&checks, "passed").len(), CHECKS.len() - 1, "{checks:?}");
    assert!(
        checks[3]["detail"].as_str().unwrap().contains("no Keccak engine"),
        "{}",
        checks[3]
    );
}

/// Runs of a validation with `--memory 1`: the self-test, two of memory, and then those of Keccak.
const KECCAK_RUNS: usize = 3;
/// Messages by themselves, and a batch.
const NOP_RUN: usize = KECCAK_RUNS + 18 + 1;

#[test]
fn a_card_that_computes_wrong_fails_the_check_that_finds_it_and_no_other() {
    for (run, check) in [
        (1, "memory"),
        (2, "memory"),
        (KECCAK_RUNS, "keccak"),
        (NOP_RUN, "nop"),
        (NOP_RUN + 1, "load"),
        (NOP_RUN + 11, "load_tiles"),
        (NOP_RUN + 19, "fill"),
        (NOP_RUN + 21, "gemm"),
        (NOP_RUN + 24, "vector_add"),
        (NOP_RUN + 25, "vector_max"),
        (NOP_RUN + 26, "vector_min"),
        (NOP_RUN + 27, "vector_immediate"),
        (NOP_RUN + 31, "vector_requantise"),
        (NOP_RUN + 37, "vector_table"),
        (NOP_RUN + 38, "vector_argmax"),
        (NOP_RUN + 39, "vector_interpolate"),
        (NOP_RUN + 40, "store"),
        (NOP_RUN + 47, "store_tiles"),
        (NOP_RUN + 53, "models"),
        (NOP_RUN + 55, "dma_from_card"),
    ] {
        let folder = tempdir().unwrap();
        let sim = Sim::start(folder.path(), &["--fault", &format!("flip-bit@{run}")]);
        let (checks, _, passed) = validate(folder.path(), SERVED, &["--memory", "1"]);
        assert!(!passed, "run {run}");
        assert_eq!(with(&checks, "failed"), [check], "run {run}: {checks:?}");
        assert!(with(&checks, "skipped").is_empty(), "run {run}: {checks:?}");
        assert!(sim.end("-TERM").1.contains("fault flip-bit happened"));
    }
}

#[test]
fn faults_of_the_link_and_of_the_queue_fail_a_check_and_a_reset_saves_the_others() {
    for (fault, failed) in [
        ("garbage-input@3", "memory"),
        ("lost-output@2", "memory"),
        ("corrupted-dma@1", "memory"),
        ("wrong-status@6", "memory"),
        ("unasked-reset@20", "keccak"),
        ("twice@40", "load"),
        ("lost-output@75", "models"),
        ("lost-output@76", "models"),
    ] {
        let folder = tempdir().unwrap();
        let sim = Sim::start(folder.path(), &["--fault", fault]);
        let (checks, _, passed) = validate(folder.path(), SERVED, &["--memory", "1"]);
        assert!(!passed, "{fault}");
        assert_eq!(with(&checks, "failed"), [failed], "{fault}: {checks:?}");
        assert!(with(&checks, "skipped").is_empty(), "{fault}: {checks:?}");
        assert!(sim.end("-TERM").1.contains("happened"), "{fault}");
    }
}

#[test]
fn a_card_that_is_gone_fails_once_and_what_is_left_is_skipped() {
    let folder = tempdir().unwrap();
    let _sim = Sim::start(folder.path(), &["--fault", "dead@20"]);
    let (checks, last, passed) = validate(folder.path(), SERVED, &["--memory", "1"]);
    assert!(!passed);
    assert_eq!(last["failed"], 1, "{checks:?}");
    let skipped: Vec<_> = checks
        .iter()
        .filter(|check| check["result"] == "skipped")
        .collect();
    assert!(skipped.len() > 10, "{checks:?}");
    assert!(
        skipped[0]["detail"].as_str().unwrap().contains("out of service"),
        "{}",
        skipped[0]
    );
    // One that fails its self-test does not open.
    let folder = tempdir().unwrap();
    let _sim = Sim::start(folder.path(), &["--fault", "flip-bit@0"]);
    let (checks, ..) = validate(folder.path(), SERVED, &[]);
    assert_eq!(with(&checks, "failed"), ["handshake"]);
    assert!(
        checks[0]["detail"].as_str().unwrap().contains("self-test"),
        "{}",
        checks[0]
    );
    assert_eq!(with(&checks, "skipped"), CHECKS[1..]);
}

#[test]
fn examining_says_what_a_card_is_and_writes_nothing() {
    let folder = tempdir().unwrap();
    let _sim = Sim::start(folder.path(), &[]);
    for card in ["functional", SERVED] {
        let card = &device(folder.path(), &["examine", card])[0];
        for (key, value) in [
            ("abi", Value::from("2.0")),
            ("build_id", "00000001".into()),
            ("status", "ready".into()),
            ("in_use", false.into()),
            ("tile_rows", 16.into()),
            ("card_memory_bytes", (256 << 20).into()),
            ("problems", Value::Array(vec![])),
            ("counters", Value::Null),
        ] {
            assert_eq!(card[key], value, "{key}: {card}");
        }
        assert_eq!(card["features"][0], "tensor");
        assert!(
            card["queues"]
                .as_array()
                .unwrap()
                .iter()
                .all(|queue| queue == "disabled"),
            "{card}"
        );
    }
    let served = &device(folder.path(), &["examine", SERVED])[0];
    assert_eq!(
        (&served["function"]["class"], &served["function"]["kind"]),
        (&"120000".into(), &"simulated".into())
    );
    let table = stdout(&run(folder.path(), &["device", "examine", SERVED]));
    for word in ["ABI", "2.0", "16×16×16", "by no host", "1234:4d56"] {
        assert!(table.contains(word), "{word}: {table}");
    }
}

#[test]
fn a_card_that_is_not_there_or_does_not_answer_is_said_to_be_so() {
    let folder = tempdir().unwrap();
    for command in ["examine", "validate", "reset"] {
        for (card, said) in [
            ("vfio-user:none", "is metisvm sim running"),
            ("vfio:0000:77:00.0", "no such PCI function"),
        ] {
            let output = run(folder.path(), &["device", command, card, "--json"]);
            assert_eq!(output.status.code(), Some(1), "{command}");
            let error = objects(&output)[0]["error"].as_str().unwrap().to_owned();
            assert!(error.contains(said), "{command}: {error}");
            assert!(stderr(&output).contains(said), "{command}: {}", stderr(&output));
        }
    }
    // It is gone with the first job after its handshake.
    let _sim = Sim::start(folder.path(), &["--fault", "dead@3"]);
    assert!(!validate(folder.path(), SERVED, &["--memory", "1"]).2);
    let output = run(folder.path(), &["device", "examine", SERVED]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("read all ones"), "{}", stderr(&output));
    // It is not even tried: the kernel would wait for a minute for one in a slot.
    let start = Instant::now();
    let output = run(folder.path(), &["device", "reset", SERVED, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let object = &objects(&output)[0];
    assert_eq!(
        (&object["register_reset"], &object["function_reset"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        (&object["works"], &object["error"]),
        (&false.into(), &"it does not answer".into())
    );
    assert!(
        stderr(&output).contains("docs/operators.md"),
        "{}",
        stderr(&output)
    );
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_reset_says_how_the_card_was_and_is_and_that_it_works() {
    let folder = tempdir().unwrap();
    let _sim = Sim::start(folder.path(), &[]);
    let object = &device(folder.path(), &["reset", SERVED])[0];
    for (key, value) in [
        ("register_reset", Value::from("done")),
        ("function_reset", "done".into()),
        ("works", true.into()),
        ("error", Value::Null),
    ] {
        assert_eq!(object[key], value, "{key}: {object}");
    }
    assert_eq!(
        (&object["before"]["status"], &object["after"]["status"]),
        (&"ready".into(), &"ready".into())
    );
    assert_eq!(object["after"]["in_use"], false, "{object}");
    let own = &device(folder.path(), &["reset", "functional"])[0];
    assert_eq!(
        (&own["function_reset"], &own["works"]),
        (&Value::Null, &true.into()),
        "{own}"
    );
    let table = stdout(&run(folder.path(), &["device", "reset", SERVED]));
    assert!(table.contains("handshake and self-test"), "{table}");
}

#[test]
fn a_card_that_does_not_acknowledge_a_reset_is_not_said_to_work() {
    let folder = tempdir().unwrap();
    let mut sim = Sim::start(folder.path(), &["--fault", "hang-for-good@3"]);
    let mut validating = metisvm(folder.path());
    validating.args(["device", "validate", SERVED]);
    let mut validating = validating
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It is in a job that is never answered, and nobody waits for its time-out.
    let mut told = BufReader::new(sim.0.stderr.take().unwrap());
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    assert!(line.contains("fault hang-for-good happened"), "{line}");
    validating.kill().unwrap();
    validating.wait().unwrap();
    let output = run(folder.path(), &["device", "reset", SERVED, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let object = &objects(&output)[0];
    let said = object["register_reset"].as_str().unwrap();
    assert!(said.contains("did not acknowledge"), "{object}");
    assert!(
        object["function_reset"].is_string() && object["function_reset"] != "done",
        "{object}"
    );
    assert_eq!(object["works"], false, "{object}");
}

#[test]
fn wrong_use_is_said_to_be_so() {
    let folder = tempdir().unwrap();
    for (arguments, said) in [
        (&["device"][..], "Usage"),
        (&["device", "examine"], "<CARD>"),
        (&["device", "examine", "card"], "vfio:BDF"),
        (&["device", "bind"], "BDF"),
        (&["device", "bind", "card"], "lspci -D"),
        (&["device", "validate", "functional", "--memory", "0"], "or all"),
        (&["device", "reset", "rtl:none"], "there is no board"),
    ] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            stderr(&output).contains(said),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
}
