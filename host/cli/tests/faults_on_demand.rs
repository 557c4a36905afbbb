//! `--fault`: whatever the simulated card does wrong, the block comes out the same, and the report says what happened.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use serde_json::Value;
use support::{objects, repository, run, stderr, stdout};
use tempfile::tempdir;

fn golden() -> Value {
    let text = std::fs::read_to_string(repository("host/cli/bundled/golden.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The kinds that the program lists.
fn kinds() -> Vec<String> {
    let folder = tempdir().unwrap();
    let output = run(folder.path(), &["run", "--backend", "fpga", "--fault", "list"]);
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    let listed = text
        .lines()
        .filter(|line| line.starts_with("  ") && !line.trim_start().starts_with('['));
    listed
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

#[test]
fn whatever_the_card_does_wrong_the_block_comes_out_the_same_and_the_report_names_it() {
    let kinds = kinds();
    assert!(kinds.len() >= 29, "{kinds:?}");
    let golden = golden();
    for kind in kinds {
        let folder = tempdir().unwrap();
        let fault = format!("{kind}@2");
        // One thread has one queue pair: a job has its time again while the card answers on another, and one that is
        // late would not be noticed then.
        let output = run(
            folder.path(),
            &[
                "run",
                "--json",
                "--threads",
                "1",
                "--backend",
                "fpga",
                "--fault",
                &fault,
            ],
        );
        assert!(output.status.success(), "{kind}: {}", stderr(&output));
        let object = &objects(&output)[0];
        for root in ["receipts_root", "state_root"] {
            assert_eq!(object[root], golden[root], "{kind}");
        }
        assert_eq!(object["faults"][0]["fault"], fault.as_str(), "{kind}");
        assert!(object["faults"][0]["at_job"].is_u64(), "{kind}: {object}");
        // These need no reaction: the rewritten output was copied before, the claim or the delay comes with a
        // reset, interrupts only say "look", and a stall costs time.
        let silent = [
            "rewrite-after-completion",
            "changed-capabilities",
            "slow-reset",
            "lost-interrupt",
            "interrupt-storm",
            "stalled-registers",
            "over-budget",
            "twice",
        ];
        if !silent.contains(&kind.as_str()) {
            assert!(object["fallbacks"].as_u64().unwrap() > 0, "{kind}: {object}");
            assert!(!object["device_errors"].as_array().unwrap().is_empty(), "{kind}");
        }
    }
}

#[test]
fn a_fault_beyond_the_last_job_is_said_not_to_have_happened() {
    let folder = tempdir().unwrap();
    let output = run(
        folder.path(),
        &["run", "--backend", "fpga", "--fault", "silent@100000"],
    );
    assert!(output.status.success());
    assert!(stdout(&output).contains("did NOT happen"), "{}", stdout(&output));
}

#[test]
fn a_wrong_bit_of_a_trusted_card_is_the_operators_risk_and_shows_as_a_block_that_differs() {
    let folder = tempdir().unwrap();
    // The highest bit of the first output of the first inference.
    let arguments = [
        "run",
        "--json",
        "--backend",
        "fpga",
        "--trust-card",
        "--fault",
        "flip-bit@0",
    ];
    let output = run(folder.path(), &arguments);
    let object = &objects(&output)[0];
    assert!(object["faults"][0]["at_job"].is_u64(), "{object}");
    assert_eq!(object["fallbacks"], 0, "nobody looked");
    assert_eq!(output.status.success(), object["matches_header"] == true);
}

#[test]
fn a_model_runs_past_a_fault_too() {
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("input"), [3; 64]).unwrap();
    let bundle = repository("host/cli/bundled/digits-mlp.bundle");
    let bundle = bundle.to_str().unwrap();
    let outputs = |more: &[&str]| {
        let arguments = ["model", "run", bundle, "--input", "input", "--json"];
        let all: Vec<&str> = arguments.iter().chain(more).copied().collect();
        let output = run(folder.path(), &all);
        assert!(output.status.success(), "{}", stderr(&output));
        (objects(&output)[0]["outputs"].clone(), stderr(&output))
    };
    let (sound, _) = outputs(&[]);
    let (faulty, said) = outputs(&["--backend", "fpga", "--fault", "flip-bit"]);
    assert_eq!(sound, faulty);
    assert!(said.contains("fault flip-bit@0 happened"), "{said}");
}
