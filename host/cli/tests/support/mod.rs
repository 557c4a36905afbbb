//! Running the binary, and folders to run it in.

#![allow(dead_code, reason = "not every test file uses all of it")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

pub(crate) mod doctor;
pub(crate) mod machine;
pub(crate) mod node;
pub(crate) mod proofs;
pub(crate) mod sim;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The binary, in an empty folder outside of the repository, with a home that cannot be written.
pub(crate) fn metisvm(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_metisvm"));
    command
        .current_dir(folder)
        .env_clear()
        .env("HOME", "/proc/metisvm-has-no-home")
        // PoCL makes no device without a folder for what it compiles, and links that with the system's ld.
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("POCL_CACHE_DIR", std::env::temp_dir().join("metisvm-pocl"));
    command
}

pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    metisvm(folder)
        .args(arguments)
        .output()
        .expect("the binary starts")
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("output is UTF-8")
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("errors are UTF-8")
}

/// The JSON objects of the output, one a line.
pub(crate) fn objects(output: &Output) -> Vec<Value> {
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    stdout(output).lines().map(parse).collect()
}

/// A file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// The shared data, or one line that says what is left out without it.
pub(crate) fn shared(group: &str, path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("METISVM_DATA").map_or_else(|| repository("../shared/data"), PathBuf::from);
    let path_of = root.join(path);
    if path_of.exists() {
        return Some(path_of);
    }
    use std::io::Write;
    // Not through println!, which is swallowed when a test passes.
    let _ = writeln!(std::io::stdout(), "left out: {group} (shared/data/{path})");
    None
}

/// One object of `--compare threads`: every figure is there and everything agrees.
pub(crate) fn check_threads(object: &Value, threads: u64) {
    for key in [
        "matches_header",
        "parallel_equals_sequential",
        "equals_plain_revm",
    ] {
        assert_eq!(object[key], true, "{key} in {object}");
    }
    let number = |key: &str| {
        let number = object[key].as_f64().filter(|number| *number > 0.0);
        number.unwrap_or_else(|| panic!("{key} in {object}"))
    };
    for way in ["sequential", "parallel", "plain_revm"] {
        let median = number(&format!("{way}_ms"));
        let (least, greatest) = (number(&format!("{way}_ms_min")), number(&format!("{way}_ms_max")));
        assert!(least <= median && median <= greatest, "{way} in {object}");
    }
    for (way, speedup) in [
        ("sequential", "sequential_speedup"),
        ("parallel", "parallel_speedup"),
    ] {
        // Times have microseconds, and ratios three digits.
        let ratio = number("plain_revm_ms") / number(&format!("{way}_ms"));
        assert!((number(speedup) / ratio - 1.0).abs() < 0.02, "{way} in {object}");
    }
    let processors = number("processors");
    assert_eq!(object["warning"].is_string(), processors < 1.5, "{object}");
    let figure = |key: &str| {
        object[key]
            .as_u64()
            .unwrap_or_else(|| panic!("{key} in {object}"))
    };
    for key in ["block", "txs", "gas_used", "aborts", "predicted_hits"] {
        figure(key);
    }
    assert_eq!(figure("threads"), threads);
    // A block reads more than once what it needs in several transactions, and everything a first time.
    assert!(figure("cache_hits") > 0 && figure("cache_misses") > 0, "{object}");
    figure("prefetch_hits");
    // Each transaction was committed in one of four ways.
    let ways = ["speculated", "in_turn", "in_sequence", "transfers"].map(figure);
    assert_eq!(ways.iter().sum::<u64>(), figure("txs"));
}
