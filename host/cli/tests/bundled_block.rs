//! The bundled block through the binary: golden roots, every backend, both forms of output.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use serde_json::Value;
use support::{check_threads, metisvm, objects, repository, run, stderr, stdout};
use tempfile::tempdir;

fn golden() -> Value {
    let text = std::fs::read_to_string(repository("host/cli/bundled/golden.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn check(object: &Value, backend: &str) {
    let golden = golden();
    for key in ["gas_used", "receipts_root", "state_root", "txs"] {
        assert_eq!(object[key], golden[key], "{key} with {backend}");
    }
    assert_eq!(object["matches_header"], true);
    assert_eq!(object["backend"], backend);
    assert_eq!(object["fallbacks"], 0);
    assert!(object["txs"].as_u64().unwrap() >= 300);
    assert!(object["inferences"].as_u64().unwrap() >= 100);
    assert!(object["accuracy"].as_f64().unwrap() >= 0.95);
    let jobs = object["card_jobs"].as_u64().unwrap();
    if backend == "fpga" {
        // What the memo did not answer went to the card, several at once where threads let it gather.
        let computed = object["inferences"].as_u64().unwrap() - object["memo_hits"].as_u64().unwrap();
        let batches = object["batches"].as_u64().unwrap();
        assert!(
            0 < batches && batches <= computed,
            "{batches} batches for {computed} inferences"
        );
        assert!(jobs >= batches, "{jobs} jobs for {batches} batches");
        assert!(object["dma_bytes"].as_u64().unwrap() > 0);
    } else {
        // Jobs of all devices.
        assert_eq!(jobs > 0, backend == "opencl");
    }
}

#[test]
fn each_backend_gives_the_golden_roots() {
    let folder = tempdir().unwrap();
    for arguments in [
        &["run", "--json"][..],
        &["run", "--json", "--backend", "reference", "--threads", "1"],
        &["run", "--json", "--backend", "fpga"],
        &[
            "run",
            "--json",
            "--backend",
            "fpga,reference",
            "--trust-card",
            "--threads",
            "3",
        ],
    ] {
        let output = run(folder.path(), arguments);
        assert!(output.status.success(), "{arguments:?}");
        let place = arguments.iter().position(|a| *a == "--backend");
        let list = place.map_or("cpu", |place| arguments[place + 1]);
        let backend = list.split(',').next().unwrap();
        check(&objects(&output)[0], backend);
    }
}

#[test]
fn comparing_backends_runs_each_with_a_dispatcher_of_its_own() {
    let folder = tempdir().unwrap();
    let output = run(folder.path(), &["run", "--compare", "backends", "--json"]);
    assert!(output.status.success());
    let object = &objects(&output)[0];
    assert_eq!(object["compare"], "backends");
    assert_eq!(object["equal"], true);
    let results = object["results"].as_array().unwrap();
    let names = ["reference", "cpu", "fpga", "opencl"];
    let expected = if has_opencl() { 4 } else { 3 };
    assert_eq!(results.len(), expected);
    for (result, name) in results.iter().zip(names) {
        check(result, name);
    }
}

fn has_opencl() -> bool {
    let found = metisvm_accel::opencl::find(&Default::default());
    if let Err(why) = &found {
        println!("left out: opencl ({why})");
    }
    found.is_ok()
}

#[test]
fn an_opencl_device_does_all_products() {
    if !has_opencl() {
        return;
    }
    let folder = tempdir().unwrap();
    let macs = |arguments: &[&str], backend, key| {
        let output = run(folder.path(), arguments);
        assert!(output.status.success());
        let object = &objects(&output)[0];
        check(object, backend);
        object[key].as_u64().unwrap()
    };
    let all = macs(&["run", "--json", "--threads", "1"], "cpu", "cpu_macs");
    for more in [&[][..], &["--trust-opencl"]] {
        let arguments = [&["run", "--json", "--threads", "1", "--backend", "opencl"], more].concat();
        let own = macs(&arguments, "opencl", "opencl_macs");
        assert!(own * 100 >= all * 95, "{more:?}: {own} of {all}");
    }
}

#[test]
fn a_machine_without_opencl_runs_all_the_same_and_says_so_in_a_line() {
    let folder = tempdir().unwrap();
    let output = metisvm(folder.path())
        .args([
            "run",
            "--json",
            "--backend",
            "opencl",
            "--opencl-device",
            "no such device",
        ])
        .output()
        .unwrap();
    assert!(output.status.success());
    check(&objects(&output)[0], "reference");
    assert_eq!(
        stderr(&output).matches("OpenCL").count(),
        1,
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_processors_own_instructions_do_all_products_and_an_audit_agrees() {
    let folder = tempdir().unwrap();
    for level in metisvm_simd::Level::available() {
        let arguments = ["run", "--json", "--cpu-level", level.name(), "--audit", "1/1"];
        let output = run(folder.path(), &arguments);
        assert!(output.status.success());
        let object = &objects(&output)[0];
        check(object, "cpu");
        assert_eq!(object["cpu_level"], level.name());
        assert!(object["cpu_macs"].as_u64().unwrap() > 1_000_000);
        for (key, value) in [("cpu_scalar_macs", 0), ("cpu_condemned", 0)] {
            assert_eq!(object[key], value, "{key}");
        }
        let computed = object["inferences"].as_u64().unwrap() - object["memo_hits"].as_u64().unwrap();
        assert_eq!(object["cpu_audited"].as_u64().unwrap(), computed);
    }
}

#[test]
fn people_get_a_table() {
    let folder = tempdir().unwrap();
    let output = metisvm(folder.path())
        .args(["run", "--backend", "fpga"])
        .output()
        .unwrap();
    let text = stdout(&output);
    for part in [
        "transactions",
        "inferences",
        "card jobs",
        "accuracy",
        "state root",
        "matches its header",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

#[test]
fn comparing_threads_gives_times_and_one_result() {
    let folder = tempdir().unwrap();
    let mut arguments = vec!["run", "--compare", "threads", "--threads", "3", "--json"];
    arguments.extend(["--samples", "2"]);
    let output = run(folder.path(), &arguments);
    assert!(output.status.success());
    let objects = objects(&output);
    assert_eq!(objects.len(), 1);
    check_threads(&objects[0], 3);
    assert_eq!(objects[0]["samples"], 2);
    assert_eq!(objects[0]["after_another"], false);
    for key in ["gas_used", "txs"] {
        assert_eq!(objects[0][key], golden()[key]);
    }
}

#[test]
fn a_block_that_is_not_what_its_header_says_fails_the_comparison_of_threads() {
    let folder = tempdir().unwrap();
    let mut file = metisvm::bundled::block().unwrap();
    file.block.header.gas_used += 1;
    file.hash = file.block.header.hash_slow();
    std::fs::write(folder.path().join("wrong.json"), file.to_json()).unwrap();
    let arguments = ["run", "wrong.json", "--compare", "threads", "--samples", "1"];
    let output = run(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(text.contains("NO: gasUsed"), "{text}");
    for part in [
        "plain revm",
        "engine on 1 thread",
        "processors",
        "each with a new engine",
        "parallel equals sequential",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

#[test]
fn one_thread_cannot_be_compared_with_itself() {
    let folder = tempdir().unwrap();
    let arguments = ["run", "--compare", "threads", "--threads", "1"];
    let output = run(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(2));
    assert!(support::stderr(&output).contains("--threads 2"));
}
