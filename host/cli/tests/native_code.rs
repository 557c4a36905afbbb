//! Native code through the binary: blocks come out the same, reports say what was done, and the cache is a cache.

#![allow(
    clippy::unwrap_used,
    reason = "in the helpers, too, a panic is how a test fails"
)]

mod support;

use metisvm_executor::{BlockEngine, BlockFile, Threads};
use metisvm_workload::chains::{Scenario, WorkloadKind};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Output;
use support::{objects, run, shared, stderr, stdout};
use tempfile::tempdir;

/// The keys of `jit` in a report, and no others.
const KEYS: [&str; 18] = [
    "bytecode_bytes",
    "code_bytes",
    "compile_ms",
    "compile_on_path_ms",
    "compiled_regions",
    "contracts",
    "declined",
    "deoptimised_frames",
    "disk_errors",
    "dropped_requests",
    "evicted_contracts",
    "interpreted_frames",
    "loaded_regions",
    "missing_regions",
    "mode",
    "native_frames",
    "refused_files",
    "stored_files",
];

/// The objects of a run that went well.
fn well(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}{}", stdout(output), stderr(output));
    objects(output)
}

/// What a report says of native code, with every key and in its form.
fn native(object: &Value, mode: &str) -> Value {
    let native = object["jit"].clone();
    let fields = native.as_object().unwrap_or_else(|| panic!("{object}"));
    let keys: BTreeSet<&str> = fields.keys().map(String::as_str).collect();
    assert_eq!(keys, BTreeSet::from(KEYS), "{object}");
    assert_eq!(native["mode"], mode, "{object}");
    for (key, value) in fields.iter().filter(|(key, _)| *key != "mode") {
        let right = if key.ends_with("_ms") {
            value.is_f64()
        } else {
            value.is_u64()
        };
        assert!(right, "{key} in {object}");
    }
    native
}

fn count(native: &Value, key: &str) -> u64 {
    native[key]
        .as_u64()
        .unwrap_or_else(|| panic!("{key} in {native}"))
}

/// Everything that a block comes to.
fn result(object: &Value) -> [Value; 6] {
    [
        "block_hash",
        "gas_used",
        "txs_reverted",
        "txs_halted",
        "receipts_root",
        "state_root",
    ]
    .map(|key| object[key].clone())
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path)
            } else {
                found.push(path)
            }
        }
    }
    found.retain(|path| path.extension().is_some_and(|ending| ending == "native"));
    found.sort();
    found
}

#[test]
fn bundled_block_is_the_same_whenever_it_is_compiled_and_every_report_has_the_counters() {
    let folder = tempdir().unwrap();
    let block = |arguments: &[&str]| {
        let all: Vec<&str> = ["run", "--json"].iter().chain(arguments).copied().collect();
        well(&run(folder.path(), &all)).remove(0)
    };
    let off = block(&["--jit", "off"]);
    let nothing = native(&off, "off");
    for key in KEYS.iter().filter(|key| **key != "mode") {
        assert_eq!(nothing[key].as_f64(), Some(0.0), "{key} in {nothing}");
    }
    for threads in ["1", "2"] {
        let always = block(&["--jit", "always", "--threads", threads]);
        assert_eq!(result(&always), result(&off), "{threads} threads");
        let did = native(&always, "always");
        for key in [
            "native_frames",
            "contracts",
            "compiled_regions",
            "bytecode_bytes",
            "code_bytes",
        ] {
            assert!(count(&did, key) > 0, "{key} in {did}");
        }
        assert!(did["compile_on_path_ms"].as_f64().unwrap() > 0.0, "{did}");
        for key in ["missing_regions", "loaded_regions", "refused_files"] {
            assert_eq!(count(&did, key), 0, "{key} in {did}");
        }
    }
    let on = block(&[]);
    assert_eq!(result(&on), result(&off));
    let did = native(&on, "on");
    assert!(
        count(&did, "native_frames") + count(&did, "interpreted_frames") > 0,
        "{did}"
    );
    assert_eq!(did["compile_on_path_ms"].as_f64(), Some(0.0), "{did}");
}

#[test]
fn table_has_a_line_of_native_code_where_there_is_some() {
    let folder = tempdir().unwrap();
    let always = stdout(&run(folder.path(), &["run", "--jit", "always"]));
    assert!(
        always.contains("native code") && always.contains(" frames, "),
        "{always}"
    );
    let off = stdout(&run(folder.path(), &["run", "--jit", "off"]));
    assert!(!off.contains("native code"), "{off}");
}

#[test]
fn mainnet_blocks_match_their_headers_in_native_code() {
    let Some(blocks) = shared("mainnet blocks in native code", "mainnet-blocks") else {
        return;
    };
    let folder = tempdir().unwrap();
    // A block before Byzantium, a contended one, one with withdrawals, one with blobs.
    let files = [4_330_482, 12_300_570, 17_666_333, 19_933_597].map(|number| {
        let path = blocks.join(format!("{number}.json.gz"));
        path.to_str().unwrap().to_string()
    });
    let blocks = |arguments: &[&str]| {
        let mut all = vec!["run", "--json"];
        all.extend(arguments);
        all.extend(files.iter().map(String::as_str));
        well(&run(folder.path(), &all))
    };
    let off = blocks(&["--jit", "off", "--threads", "1"]);
    for threads in ["1", "2"] {
        let always = blocks(&["--jit", "always", "--threads", threads]);
        for (always, off) in always.iter().zip(&off) {
            assert_eq!(result(always), result(off));
            assert!(count(&native(always, "always"), "native_frames") > 0, "{always}");
        }
    }
}

#[test]
fn native_code_is_found_on_disk_and_a_changed_byte_is_refused() {
    let folder = tempdir().unwrap();
    let block = || {
        let arguments = [
            "run",
            "--json",
            "--jit",
            "always",
            "--jit-cache",
            "cache",
            "--threads",
            "1",
        ];
        well(&run(folder.path(), &arguments)).remove(0)
    };
    let first = block();
    let compiled = count(&native(&first, "always"), "compiled_regions");
    assert!(compiled > 0, "{first}");
    let files = files_of(&folder.path().join("cache"));
    assert!(!files.is_empty());

    let second = block();
    assert_eq!(result(&second), result(&first));
    let did = native(&second, "always");
    assert_eq!(
        (count(&did, "compiled_regions"), count(&did, "loaded_regions")),
        (0, compiled),
        "{did}"
    );

    let mut bytes = std::fs::read(&files[0]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&files[0], bytes).unwrap();
    let third = block();
    assert_eq!(result(&third), result(&first));
    let did = native(&third, "always");
    assert_eq!(count(&did, "refused_files"), 1, "{did}");
    assert!(count(&did, "compiled_regions") > 0, "{did}");
    assert_eq!(
        count(&native(&block(), "always"), "refused_files"),
        0,
        "it was written again"
    );
}

#[test]
fn chain_keeps_its_native_code_in_its_folder_from_its_first_block_on() {
    let engine = BlockEngine::new(Threads::new(1).unwrap());
    let scenario = Scenario::generate(WorkloadKind::DaoVoting, 40, 2, 7).unwrap();
    let blocks: Vec<BlockFile> = scenario.files(&engine).map(|file| file.unwrap()).collect();
    let folder = tempdir().unwrap();
    for (index, block) in blocks.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{index}.json")), block.to_json()).unwrap();
    }
    let chain = folder.path().join("chain");
    let output = run(
        folder.path(),
        &[
            "run",
            "--json",
            "--jit",
            "always",
            "--datadir",
            "chain",
            "0.json",
            "1.json",
        ],
    );
    for object in well(&output) {
        assert_eq!(object["committed"], true, "{object}");
        assert!(count(&native(&object, "always"), "native_frames") > 0, "{object}");
    }
    assert!(!files_of(&chain.join("jit")).is_empty());

    // Nobody else may read or write there, or what is executed is not ours.
    let unusable = folder.path().join("other");
    std::fs::create_dir(&unusable).unwrap();
    std::fs::write(unusable.join("jit"), "no folder").unwrap();
    let named = run(folder.path(), &["run", "--jit-cache", "other/jit"]);
    assert_eq!(named.status.code(), Some(1));
    assert!(stderr(&named).contains("other/jit"), "{}", stderr(&named));
    assert!(stdout(&named).is_empty());
    std::fs::remove_dir_all(chain.join("jit")).unwrap();
    std::fs::write(chain.join("jit"), "no folder").unwrap();
    let output = run(
        folder.path(),
        &["run", "--json", "--unwind", "1", "--datadir", "chain", "1.json"],
    );
    assert!(well(&output).iter().any(|object| object["committed"] == true));
    assert!(stderr(&output).contains("in memory alone"), "{}", stderr(&output));
}

#[test]
fn comparing_threads_compares_native_code_with_the_interpreter() {
    let folder = tempdir().unwrap();
    let arguments = [
        "run",
        "--compare",
        "threads",
        "--samples",
        "1",
        "--threads",
        "2",
        "--json",
        "--jit",
        "always",
    ];
    let object = well(&run(folder.path(), &arguments)).remove(0);
    support::check_threads(&object, 2);
    assert!(count(&native(&object, "always"), "native_frames") > 0, "{object}");
}

#[test]
fn state_tests_run_in_native_code_where_that_is_asked_for() {
    let Some(aave) = shared("Aave in native code", "aave") else {
        return;
    };
    let folder = tempdir().unwrap();
    let outcomes = |jit: &str, mode: &str| {
        let arguments = ["statetest", "--json", "--jit", jit, aave.to_str().unwrap()];
        let objects = well(&run(folder.path(), &arguments));
        let (summary, files) = objects.split_last().unwrap();
        let executed: Vec<Value> = files.iter().map(|file| file["executed"].clone()).collect();
        assert_eq!(executed.len(), 3);
        (executed, native(summary, mode))
    };
    let (off, nothing) = outcomes("off", "off");
    let (always, did) = outcomes("always", "always");
    assert_eq!(always, off);
    assert_eq!(count(&nothing, "native_frames"), 0);
    assert!(
        count(&did, "native_frames") > count(&did, "interpreted_frames"),
        "{did}"
    );
}
