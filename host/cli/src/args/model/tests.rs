//! The command line of `metisvm model`: what is read, and what is refused.

use crate::args::Args;
use clap::Parser;

fn problem(arguments: &[&str]) -> Option<String> {
    let arguments = ["metisvm", "model"].iter().chain(arguments);
    let parsed = Args::try_parse_from(arguments).and_then(Args::check);
    parsed.err().map(|error| error.to_string())
}

#[test]
fn what_is_said_of_a_name_follows_the_last_equals_sign() {
    assert_eq!(dim("a=b=3"), Ok(("a=b".to_owned(), 3)));
    assert_eq!(shape("x:0=1, 3,4"), Ok(("x:0".to_owned(), vec![1, 3, 4])));
    let (name, grid) = grid("x=0.5,-3,i8").unwrap();
    assert_eq!(
        (name.as_str(), grid.scale, grid.zero_point, grid.dtype),
        ("x", 0.5, -3, DType::I8)
    );
    for bad in ["", "x", "x=", "=3", "x=0", "x=-1", "x=1.5", "x=4294967296"] {
        assert!(dim(bad).is_err(), "{bad}");
    }
    for bad in ["x=", "x=1,", "x=1,0", "x=1,2,3,4,5,6,7,8,9"] {
        assert!(shape(bad).is_err(), "{bad}");
    }
    for bad in [
        "x=1",
        "x=0,0",
        "x=inf,0",
        "x=NaN,0",
        "x=1e-45,0",
        "x=-1,0",
        "x=1,256",
        "x=1,-1",
        "x=1,0,i16",
        "x=1,0,u8,1",
    ] {
        assert!(super::grid(bad).is_err(), "{bad}");
    }
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
