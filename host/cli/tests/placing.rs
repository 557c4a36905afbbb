//! `--place auto` and `model info --backend`, through the binary: what is measured is kept, a damaged file costs a
//! line, and no choice changes an output or a block.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use serde_json::Value;
use std::path::Path;
use std::process::Output;
use support::{metisvm, objects, repository, run, stderr, stdout};
use tempfile::tempdir;

/// Runs with a cache folder of the test's own.
fn kept(folder: &Path, arguments: &[&str]) -> Output {
    let cache = folder.join("cache");
    let output = metisvm(folder)
        .env("XDG_CACHE_HOME", cache)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    output
}

fn bundle(name: &str) -> String {
    let path = repository(&format!("host/cli/bundled/{name}.bundle"));
    path.to_str().unwrap().to_owned()
}

#[test]
fn partition_is_told_for_one_and_for_many_and_measured_once() {
    let folder = tempdir().unwrap();
    let cnn = bundle("digits-cnn");
    let arguments = ["model", "info", &cnn, "--backend", "fpga,cpu", "--json"];
    let first = kept(folder.path(), &arguments);
    let lines = stderr(&first);
    for backend in ["fpga", "cpu", "reference"] {
        let own = format!("note: {backend}: what work costs was measured in");
        assert_eq!(lines.matches(&own).count(), 1, "{lines}");
    }
    let info = &objects(&first)[0];
    let batches = info["partition"].as_array().unwrap();
    let sizes: Vec<&Value> = batches.iter().map(|batch| &batch["batch"]).collect();
    assert_eq!(sizes, [1, 64]);
    for batch in batches {
        let (auto, order) = (batch["expected_ms"].as_f64(), batch["order_ms"].as_f64());
        assert!(auto > Some(0.0) && auto <= order, "{batch}");
        let parts = batch["parts"].as_array().unwrap();
        let sum = |key: &str| parts.iter().map(|part| part[key].as_u64().unwrap()).sum::<u64>();
        assert_eq!((sum("macs"), parts[0]["first_node"].as_u64()), (23_680, Some(0)));
        let operators = info["operators"].as_object().unwrap().values();
        assert_eq!(
            sum("nodes"),
            operators.map(|count| count.as_u64().unwrap()).sum::<u64>()
        );
        for part in parts {
            assert!(["fpga", "cpu", "reference"].contains(&part["backend"].as_str().unwrap()));
            assert!(part["expected_ms"].as_f64() > Some(0.0) && part["input_bytes"].as_u64() > Some(0));
        }
    }

    // Known by now: nothing is measured, and the same is said.
    let again = kept(folder.path(), &arguments);
    assert_eq!((stderr(&again), stdout(&again)), (String::new(), stdout(&first)));
    let table = stdout(&kept(folder.path(), &arguments[..5]));
    assert!(
        table.contains("expected ms") && table.contains("a batch of 64:"),
        "{table}"
    );

    // Damage costs a line for each backend that is measured again, and no more.
    let file = folder.path().join("cache/metisvm/backend-costs");
    std::fs::write(&file, b"\0\0not costs").unwrap();
    let mended = kept(
        folder.path(),
        &["model", "info", &cnn, "--backend", "cpu", "--json"],
    );
    assert!(
        stderr(&mended).contains("cpu: what work costs was measured"),
        "{}",
        stderr(&mended)
    );
    assert!(stderr(&mended).contains("is damaged"), "{}", stderr(&mended));
    assert_eq!(
        stderr(&kept(folder.path(), &["model", "info", &cnn, "--backend", "cpu"])),
        ""
    );
}

#[test]
fn outputs_are_the_same_whoever_runs_what_and_wherever_measurements_cannot_be_kept() {
    let folder = tempdir().unwrap();
    let cnn = bundle("digits-cnn");
    let images = std::fs::read(repository("models/digits/test_images.bin")).unwrap();
    std::fs::write(folder.path().join("images"), &images[..64 * 8]).unwrap();
    let arguments = [
        "model", "run", &cnn, "--input", "images", "--batch", "8", "-o", "-",
    ];
    let expected = run(
        folder.path(),
        &[&arguments[..], &["--backend", "reference"]].concat(),
    );
    let placed = [&arguments[..], &["--backend", "fpga,cpu", "--place", "auto"]].concat();
    assert_eq!(kept(folder.path(), &placed).stdout, expected.stdout);
    // A home that cannot be written.
    let unkept = run(folder.path(), &placed);
    assert_eq!(unkept.stdout, expected.stdout);
    assert!(
        stderr(&unkept).contains("cannot be written"),
        "{}",
        stderr(&unkept)
    );
}

#[test]
fn block_is_the_same_and_a_fault_of_the_card_is_no_matter() {
    let folder = tempdir().unwrap();
    let auto = ["run", "--backend", "fpga,cpu", "--place", "auto", "--json"];
    let plain = objects(&run(folder.path(), &["run", "--json"])).remove(0);
    for fault in [&[][..], &["--fault", "hang@0"]] {
        let placed = objects(&kept(folder.path(), &[&auto[..], fault].concat())).remove(0);
        assert_eq!(placed["matches_header"], true);
        for key in ["gas_used", "receipts_root", "state_root", "block_hash"] {
            assert_eq!(placed[key], plain[key], "{key} with {fault:?}");
        }
    }
}

#[test]
fn place_that_decides_nothing_is_wrong_use() {
    let folder = tempdir().unwrap();
    for (arguments, said) in [
        (&["run", "--place", "auto"][..], "name a device"),
        (
            &["run", "--backend", "cpu,reference", "--place", "auto"],
            "name a device",
        ),
        (
            &["run", "--compare", "backends", "--place", "auto"],
            "leave --place out",
        ),
        (
            &["run", "--backend", "fpga", "--place", "fastest"],
            "possible values",
        ),
        (&["model", "info", "m.bundle", "--backend", "cpu,cpu"], "twice"),
        (
            &["model", "info", "m.bundle", "--backend", "reference,cpu"],
            "nothing after it",
        ),
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
