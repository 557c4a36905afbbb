//! The command line of `metisvm model`: what is read, and what is refused.

use crate::args::Args;
use clap::Parser;

fn problem(arguments: &[&str]) -> Option<String> {
    let arguments = ["metisvm", "model"].iter().chain(arguments);
    let parsed = Args::try_parse_from(arguments).and_then(Args::check);
    parsed.err().map(|error| error.to_string())
}

#[test]
fn what_is_said_twice_is_wrong_use() {
    for twice in [
        ["--dim", "N=1", "--dim", "N=2"],
        ["--shape", "x=1", "--shape", "x=1"],
        ["--keep", "y", "--keep", "y"],
        ["--input-grid", "x=1,0", "--input-grid", "x=2,0"],
        ["--calibration", "a.npy", "--calibration", "b.npy"],
        ["--calibration", "x=a.npy", "--calibration", "x=b.npy"],
    ] {
        let said = problem(&[&["import", "m.onnx"], &twice[..]].concat()).expect("an error");
        assert!(said.contains("twice"), "{twice:?}: {said}");
    }
    let several = [
        "import", "m.onnx", "--dim", "N=1", "--dim", "M=1", "--keep", "y", "--keep", "z",
    ];
    assert_eq!(problem(&several), None);
    let checked = ["check", "m.bundle", "--data", "d.npz", "--backend", "fpga,fpga"];
    assert!(problem(&checked).is_some_and(|said| said.contains("twice")));
}

#[test]
fn two_results_go_to_two_files() {
    let same = ["import", "m.onnx", "-o", "m", "--report", "m"];
    assert!(problem(&same).is_some_and(|said| said.contains("same file")));
    assert_eq!(problem(&["import", "m.onnx", "-o", "m", "--report", "r"]), None);
}

#[test]
fn wrong_use_shows_the_usage_of_the_command() {
    let twice = ["check", "m.bundle", "--data", "d.npz", "--backend", "fpga,fpga"];
    let said = problem(&twice).unwrap();
    assert!(said.contains("Usage: metisvm model check"), "{said}");
}

#[test]
fn a_range_needs_samples() {
    assert!(problem(&["import", "m.onnx", "--range", "mean"]).is_some());
    let with = ["import", "m.onnx", "--range", "mean", "--calibration", "a.npy"];
    assert_eq!(problem(&with), None);
}

#[test]
fn an_onnx_file_is_written_in_the_place_of_a_bundle() {
    assert_eq!(problem(&["import", "dir", "--onnx", "m.onnx"]), None);
    assert_eq!(
        problem(&["import", "dir", "--onnx", "m.onnx", "--step", "1,64"]),
        None
    );
    for both in [
        ["--onnx", "m.onnx", "--calibration", "a.npz"],
        ["--onnx", "m.onnx", "-o", "m.bundle"],
        ["--onnx", "m.onnx", "--step", "1"],
        ["--onnx", "m.onnx", "--step", "0,64"],
        ["--step", "1,64", "-o", "m.bundle"],
    ] {
        assert!(
            problem(&[&["import", "dir"], &both[..]].concat()).is_some(),
            "{both:?}"
        );
    }
}
