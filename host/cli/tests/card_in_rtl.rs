//! Inferences on the card in RTL through the binary: the bundled block, and what the card counts of its own work.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Output, Stdio};
use support::{metisvm, objects, repository, stderr, stdout};
use tempfile::tempdir;

/// The command, with a cache for the card's library; nothing where it cannot be built.
fn in_rtl(folder: &Path, arguments: &[&str]) -> Option<Output> {
    if let Err(why) = metisvm_sim::rtl::library::verilator() {
        println!("left out: {} on the card in RTL ({why})", arguments[0]);
        return None;
    }
    let output = metisvm(folder)
        .args(arguments)
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    Some(output)
}

/// Its server says of itself that it is in RTL, so that the driver has the patience for it.
#[test]
fn a_model_runs_on_a_card_in_rtl_behind_a_socket() {
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("input"), [3; 64]).unwrap();
    let bundle = repository("host/cli/bundled/digits-mlp.bundle");
    let model = [
        "model",
        "run",
        bundle.to_str().unwrap(),
        "--input",
        "input",
        "--json",
    ];
    let Some(expected) = in_rtl(folder.path(), &model) else {
        return;
    };
    let mut sim = metisvm(folder.path())
        .args(["sim", "--socket", "card", "--card", "rtl", "--json"])
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // It says so once the card's library is built and clients can come.
    let mut line = String::new();
    BufReader::new(sim.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let arguments = [&model[..], &["--backend", "fpga", "--card", "vfio-user:card"]].concat();
    let output = metisvm(folder.path()).args(arguments).output().unwrap();
    let _ = sim.kill();
    let _ = sim.wait();
    assert!(line.contains("card in RTL, sim-tensor"), "{line}");
    assert!(output.status.success(), "{}", stderr(&output));
    let (object, expected) = (&objects(&output)[0], &objects(&expected)[0]);
    assert_eq!(object["outputs"], expected["outputs"]);
    assert_eq!(
        (&object["backend"], &object["fallbacks"]),
        (&"fpga".into(), &0.into())
    );
}

#[test]
fn a_card_in_rtl_is_validated_and_its_counters_are_examined() {
    let folder = tempdir().unwrap();
    let Some(output) = in_rtl(folder.path(), &["device", "validate", "rtl", "--json"]) else {
        return;
    };
    let mut checks = objects(&output);
    let last = checks.pop().unwrap();
    assert_eq!(
        (&last["failed"], &last["skipped"], &last["sound"]),
        (&0.into(), &0.into(), &true.into()),
        "{checks:#?}"
    );
    assert!(
        checks[2]["tested_bytes"].as_f64().unwrap() >= 100_000.0,
        "{}",
        checks[2]
    );
    let Some(output) = in_rtl(folder.path(), &["device", "examine", "rtl", "--json"]) else {
        return;
    };
    let card = &objects(&output)[0];
    assert_eq!(
        (&card["counters"]["digests"], &card["status"]),
        (&0.into(), &"ready".into()),
        "{card}"
    );
}

/// Every inference of the block ran on RTL, checked: nothing fell back, and the card's own counters have at least the
/// products that the processor does for the same block.
#[test]
fn the_bundled_block_runs_in_rtl_with_the_roots_and_the_products_of_every_backend() {
    let folder = tempdir().unwrap();
    let arguments = ["run", "--compare", "backends", "--card", "rtl", "--json"];
    let Some(output) = in_rtl(folder.path(), &arguments) else {
        return;
    };
    let compared = objects(&output).remove(0);
    assert_eq!(compared["equal"], true);
    assert_eq!(compared["complete"], true);
    let of = |backend: &str| {
        let results = compared["results"].as_array().unwrap();
        let mut found = results.iter().filter(|result| result["backend"] == backend);
        found.next().unwrap_or_else(|| panic!("{backend}")).clone()
    };
    let (cpu, fpga) = (of("cpu"), of("fpga"));
    let golden = std::fs::read_to_string(repository("host/cli/bundled/golden.json")).unwrap();
    let golden: Value = serde_json::from_str(&golden).unwrap();
    for key in ["gas_used", "receipts_root", "state_root", "txs"] {
        assert_eq!(fpga[key], golden[key], "{key}");
    }
    assert_eq!(fpga["matches_header"], true);
    assert_eq!((&fpga["fallbacks"], &fpga["card_faults"]), (&0.into(), &0.into()));
    assert_eq!(fpga["device_errors"].as_array().map(Vec::len), Some(0), "{fpga}");
    assert_eq!(fpga["card"], "card in RTL, sim-tensor");
    assert_eq!(fpga["card_health"], "healthy");
    let counters = &fpga["card_counters"];
    let count = |key: &str| {
        counters[key]
            .as_u64()
            .unwrap_or_else(|| panic!("{key}: {counters}"))
    };
    let macs = cpu["cpu_macs"].as_u64().unwrap() + cpu["cpu_scalar_macs"].as_u64().unwrap();
    assert!(macs > 1_000_000);
    assert_eq!(count("macs"), macs);
    let products = count("products_a_step");
    assert!(count("array_steps") * products >= macs, "{counters}");
    let cycles = count("cycles");
    for module in ["load", "compute", "store"] {
        let [busy, waits] = ["busy", "waits"].map(|what| count(&format!("{module}_{what}")));
        assert!(
            busy > 0 && waits > 0 && busy + waits <= cycles,
            "{module}: {counters}"
        );
    }
    assert!(count("array_steps") <= count("compute_busy"), "{counters}");
    let utilisation = macs as f64 / (cycles * products) as f64;
    assert!((counters["utilisation"].as_f64().unwrap() - utilisation).abs() < 1e-12);
    assert!(cpu.get("card_counters").is_none());
}

#[test]
fn people_see_what_the_card_counted() {
    let folder = tempdir().unwrap();
    let arguments = ["run", "--backend", "fpga", "--card", "rtl"];
    let Some(output) = in_rtl(folder.path(), &arguments) else {
        return;
    };
    let text = stdout(&output);
    for part in [
        "card in RTL, sim-tensor",
        "cycles of the card",
        "products used of the array's",
        "array multiplies two tiles",
        "load waits for card memory",
        "a DMA read waits for the host",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

/// The engine's figures follow from each other, and stand beside those of the processor.
#[test]
fn the_bench_shows_cycles_the_arrays_use_and_what_waits_for_what() {
    let folder = tempdir().unwrap();
    let mut arguments = vec!["bench", "card", "--card", "rtl", "--backend", "cpu,fpga"];
    arguments.extend(["--batch", "1,2", "--samples", "1", "--json"]);
    let Some(output) = in_rtl(folder.path(), &arguments) else {
        return;
    };
    let all = objects(&output);
    let find = |case: &str, unit: &str| {
        let found = all.iter().find(|object| {
            let text = |key: &str| object[key].as_str().unwrap();
            text("case").starts_with(case) && text("unit").starts_with(unit)
        });
        found.unwrap_or_else(|| panic!("{case}, {unit}: {}", stdout(&output)))
    };
    let figure = |case: &str, unit: &str| find(case, unit)["ours"].as_f64().unwrap();
    // Cases and their multiply-accumulates.
    let product = 256.0 * 256.0 * 256.0;
    for case in [
        "matmul 256×256×256",
        "convolution 3×3×64",
        "digits MLP, batch 2",
        "digits CNN, batch 1",
    ] {
        let (cycles, used) = (figure(case, "cycles"), figure(case, "% of the array's"));
        assert!(
            cycles > 1000.0 && used > 0.0 && used <= 100.0,
            "{case}: {cycles}, {used}"
        );
        let case = find(case, "cycles")["case"].as_str().unwrap();
        let steps = figure(&format!("{case}: array"), "% of cycles");
        assert!(
            used <= steps + 1e-9 && steps <= 100.0,
            "{case}: {used} of {steps}"
        );
        for cause in ["load waits for a token", "load waits for card memory"] {
            let share = figure(&format!("{case}: {cause}"), "% of cycles");
            assert!(share > 0.0 && share < 100.0, "{case}: {cause}: {share}");
        }
        // Nobody has routed this board.
        let jobs = find(case, "jobs/s at 150 MHz (planned)");
        assert!(
            (jobs["ours"].as_f64().unwrap() * cycles / 150e6 - 1.0).abs() < 1e-9,
            "{jobs}"
        );
        assert_eq!(jobs["peer_name"], "cpu");
    }
    let case = "matmul 256×256×256";
    let expected = 100.0 * product / (64.0 * figure(case, "cycles"));
    assert!((figure(case, "% of the array's") / expected - 1.0).abs() < 1e-9);
    let gops = 2e-9 * product * 150e6 / figure(case, "cycles");
    assert!((figure(case, "GOPS at 150 MHz") / gops - 1.0).abs() < 1e-9);
}

/// Boards that only hash say so once, and where they are measured.
#[test]
fn a_card_without_an_engine_is_measured_elsewhere() {
    let folder = tempdir().unwrap();
    let arguments = [
        "bench",
        "card",
        "--card",
        "functional:ecp5-85f",
        "--backend",
        "cpu,fpga",
    ];
    let output = support::run(folder.path(), &arguments);
    // Nothing was measured.
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let told = stderr(&output);
    assert_eq!(told.matches("metisvm bench keccak rings").count(), 1, "{told}");
    assert_eq!(stdout(&output).trim(), "");
}
