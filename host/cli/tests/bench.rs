//! `metisvm bench` from end to end: every line is an object with its keys, the page is whole, and what is
//! wrong is said before anything is measured.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../bench/tests/support/page_check.rs"]
mod page_check;
mod support;

use page_check::stands_alone;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use support::{objects, repository, run, stderr, stdout};
use tempfile::tempdir;

/// As little as there is to measure.
const QUICK: [&str; 4] = ["--samples", "1", "--patience", "0.02"];

fn bench(folder: &std::path::Path, arguments: &[&str]) -> std::process::Output {
    run(folder, &[&["bench"], arguments, &QUICK].concat())
}

/// One figure: the promised keys, and a ratio that follows from the others.
fn check(object: &Value) {
    for key in ["subject", "case", "unit", "backend"] {
        assert!(
            object[key].as_str().is_some_and(|text| !text.is_empty()),
            "{key} in {object}"
        );
    }
    assert!(object.get("level").is_some(), "{object}");
    let ours = object["ours"].as_f64().unwrap();
    assert!(ours > 0.0, "{object}");
    let (peer, ratio) = (object["peer"].as_f64(), object["ratio"].as_f64());
    assert_eq!(peer.is_some(), ratio.is_some(), "{object}");
    if let (Some(peer), Some(ratio)) = (peer, ratio) {
        let is_time = ["ms", "µs", "ns"].contains(&object["unit"].as_str().unwrap());
        let expected = if is_time { peer / ours } else { ours / peer };
        assert!((ratio / expected - 1.0).abs() < 1e-9, "{object}");
        assert!(object["peer_name"].is_string(), "{object}");
    }
    assert_eq!(object["samples"], 1, "{object}");
}

fn texts(objects: &[Value], key: &str) -> BTreeSet<String> {
    let text = |object: &Value| object[key].as_str().unwrap_or_default().to_owned();
    objects.iter().map(text).collect()
}

fn set<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
    texts.map(str::to_owned).into()
}

#[test]
fn every_subject_gives_figures_of_every_engine_that_has_any() {
    let folder = tempdir().unwrap();
    let output = bench(
        folder.path(),
        &[
            "--json",
            "--html",
            "report.html",
            "--batch",
            "1,2",
            "--threads",
            "1",
        ],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let all = objects(&output);
    all.iter().for_each(check);
    let subjects = set(["kernels", "keccak", "models", "rings", "card", "blocks"]);
    assert_eq!(texts(&all, "subject"), subjects);
    let of = |subject: &str| -> Vec<Value> {
        all.iter()
            .filter(|object| object["subject"] == subject)
            .cloned()
            .collect()
    };
    // OpenCL where there is a device.
    let found = metisvm_accel::opencl::find(&Default::default());
    let and_opencl = |mut backends: BTreeSet<String>| {
        backends.extend(found.is_ok().then(|| "opencl".to_owned()));
        backends
    };
    if let Err(why) = &found {
        println!("left out: opencl in the bench ({why})");
        assert!(stderr(&output).contains(&why.to_string()), "{}", stderr(&output));
    }
    let all_of_them = and_opencl(set(["cpu", "fpga", "reference"]));
    for subject in ["kernels", "models", "blocks"] {
        assert_eq!(texts(&of(subject), "backend"), all_of_them, "{subject}");
    }
    assert_eq!(texts(&of("keccak"), "backend"), and_opencl(set(["cpu", "fpga"])));
    assert_eq!(texts(&of("keccak"), "peer_name"), set(["keccak-asm", "sha3"]));
    assert_eq!(texts(&of("rings"), "backend"), set(["fpga"]));
    assert_eq!(texts(&of("card"), "backend"), and_opencl(set(["fpga"])));
    assert!(texts(&of("blocks"), "peer_name").contains("plain revm"));
    let levels = texts(&of("models"), "level");
    assert!(levels.contains("functional card"), "{levels:?}");
    let cases = texts(&of("models"), "case");
    for case in ["digits MLP, batch 1, 1 thread", "digits CNN, batch 2, 1 thread"] {
        assert!(cases.contains(case), "{cases:?}");
    }
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    stands_alone(&page).unwrap();
    for shown in [
        "Where offload pays",
        "Roofline",
        "digits CNN, batch 2, 1 thread",
        "keccak-asm",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
    for object in &all {
        let case = object["case"].as_str().unwrap();
        assert!(page.contains(case), "{case}");
    }
}

#[test]
fn bundles_take_the_place_of_the_bundled_models_and_their_names_are_escaped() {
    let folder = tempdir().unwrap();
    let name = "<script>&.bundle";
    fs::copy(
        repository("host/cli/bundled/digits-mlp.bundle"),
        folder.path().join(name),
    )
    .unwrap();
    let arguments = [
        "models",
        "--bundle",
        name,
        "--backend",
        "cpu",
        "--batch",
        "1",
        "--threads",
        "1",
    ];
    let output = bench(folder.path(), &[&arguments[..], &["--html", "r.html"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        text.contains("<script>&") && text.contains("cpu") && !text.contains("digits"),
        "{text}"
    );
    let page = fs::read_to_string(folder.path().join("r.html")).unwrap();
    stands_alone(&page).unwrap();
    assert!(page.contains("&lt;script&gt;&amp;, batch 1"), "{page}");
}

#[test]
fn figures_from_elsewhere_are_shown_in_the_page() {
    let folder = tempdir().unwrap();
    let models = ["models", "--backend", "cpu", "--batch", "1", "--threads", "1"];
    let first = bench(folder.path(), &[&models[..], &["--json"]].concat());
    let mut lines = Vec::new();
    for mut object in objects(&first) {
        object["peer_name"] = "their <engine>".into();
        lines.push(object.to_string());
    }
    fs::write(folder.path().join("peer.jsonl"), lines.join("\n")).unwrap();
    let joined = [&models[..], &["--peer", "peer.jsonl", "--html", "r.html"]].concat();
    let output = bench(folder.path(), &joined);
    assert!(output.status.success(), "{}", stderr(&output));
    let page = fs::read_to_string(folder.path().join("r.html")).unwrap();
    stands_alone(&page).unwrap();
    assert!(
        page.contains("Figures of peer.jsonl") && page.contains("their &lt;engine&gt;"),
        "{page}"
    );
    // What would be written is never what is read.
    let over = bench(
        folder.path(),
        &["models", "--peer", "peer.jsonl", "--html", "peer.jsonl"],
    );
    assert_eq!(over.status.code(), Some(1));
    assert!(stderr(&over).contains("never overwritten"), "{}", stderr(&over));
}

#[test]
fn what_is_wrong_is_said_before_anything_is_measured() {
    let folder = tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("no.bundle", "not a bundle at all, whatever its name says");
    write("bad.jsonl", "{\"subject\": \"models\"}\n");
    write("empty.jsonl", "\n");
    fs::create_dir(folder.path().join("folder")).unwrap();
    for (arguments, code, said) in [
        (&["gpu"][..], 2, "there is no subject"),
        (&["--backend", "cuda"], 2, "cuda"),
        (&["--bundle", "no.bundle"], 1, "no.bundle"),
        (&["--bundle", "absent.bundle"], 1, "absent.bundle"),
        (&["--html", "nowhere/r.html"], 1, "its folder does not exist"),
        (&["--html", "folder"], 1, "is a folder"),
        (&["--html", "/dev/full"], 1, "not a regular file"),
        (
            &["--html", "r.html", "--peer", "bad.jsonl"],
            1,
            "bad.jsonl: line 1: ",
        ),
        (&["--html", "r.html", "--peer", "empty.jsonl"], 1, "no figures"),
        (&["--html", "r.html", "--peer", "absent.jsonl"], 1, "absent.jsonl"),
    ] {
        let output = bench(folder.path(), &[arguments, &["--json"]].concat());
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(said),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert_eq!(stdout(&output), "", "{arguments:?}");
    }
    let left: BTreeSet<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(left, set(["bad.jsonl", "empty.jsonl", "folder", "no.bundle"]));
}

#[test]
fn where_nothing_could_be_measured_the_command_fails() {
    let folder = tempdir().unwrap();
    let missing = "vfio-user:no-such-socket";
    let output = bench(folder.path(), &["card", "--backend", "fpga", "--card", missing]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    assert!(
        stderr(&output).contains("nothing was measured"),
        "{}",
        stderr(&output)
    );
}
