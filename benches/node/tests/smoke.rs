//! The benchmark runs, on the binary of the same profile, and says something about every subject.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::Value;
use std::path::Path;
use std::process::Command;

#[test]
fn every_subject_has_a_figure() {
    let bench = Path::new(env!("CARGO_BIN_EXE_node-bench"));
    let metisvm = bench.with_file_name("metisvm");
    assert!(
        metisvm.is_file(),
        "{} is not there: cargo build -p metisvm",
        metisvm.display()
    );
    let output = Command::new(bench)
        .args([
            "--rounds",
            "1",
            "--transactions",
            "40",
            "--calls",
            "40",
            "--latencies",
            "3",
            "--json",
        ])
        .arg("--metisvm")
        .arg(&metisvm)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let figures: Value = serde_json::from_slice(&output.stdout).unwrap();
    let figures = figures["metisvm"].as_object().unwrap();
    assert_eq!(figures.len(), 10);
    // So little work that the kernel's clock may not have moved.
    for (subject, figure) in figures
        .iter()
        .filter(|(subject, _)| !subject.contains("cpu_second"))
    {
        let median = figure["median"].as_f64().unwrap();
        assert!(median > 0.0, "{subject}: {median}");
    }
}

#[test]
fn a_binary_that_is_no_node_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_node-bench"))
        .args(["--rounds", "1", "--metisvm", "/bin/true"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("/bin/true does not answer"), "{said}");
    let output = Command::new(env!("CARGO_BIN_EXE_node-bench"))
        .args(["--metisvm", "/nowhere/metisvm"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("/nowhere/metisvm") && said.contains("--metisvm"),
        "{said}"
    );
}
