//! Real mainnet blocks through the binary.

mod support;

use support::{check_threads, objects, run, shared};
use tempfile::tempdir;

#[test]
fn every_mainnet_block_matches_its_header() {
    let Some(blocks) = shared("mainnet blocks through the binary", "mainnet-blocks") else {
        return;
    };
    let folder = tempdir().unwrap();
    let mut files: Vec<String> = std::fs::read_dir(blocks)
        .unwrap()
        .map(|entry| entry.unwrap().path().to_str().unwrap().to_string())
        .filter(|name| name.ends_with(".json.gz"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    let mut arguments = vec!["run", "--json"];
    arguments.extend(files.iter().map(String::as_str));
    let output = run(folder.path(), &arguments);
    assert!(output.status.success());
    let objects = objects(&output);
    assert_eq!(objects.len(), files.len());
    for (object, file) in objects.iter().zip(&files) {
        assert_eq!(object["matches_header"], true, "{file}");
        assert!(object["execute_ms"].is_number());
        let byzantium = object["block"].as_u64().unwrap() >= 4_370_000;
        assert_eq!(object["receipts_root"] == "not checkable", !byzantium, "{file}");
    }
}

#[test]
fn mainnet_blocks_come_out_the_same_on_one_thread_on_two_and_in_plain_revm() {
    let Some(blocks) = shared("mainnet blocks on threads", "mainnet-blocks") else {
        return;
    };
    let folder = tempdir().unwrap();
    // A block before Byzantium, a contended one, one with withdrawals, one with blobs.
    let files = [4_330_482, 12_300_570, 17_666_333, 19_933_597].map(|number| {
        let path = blocks.join(format!("{number}.json.gz"));
        path.to_str().unwrap().to_string()
    });
    let mut arguments = vec!["run", "--compare", "threads", "--threads", "2", "--json"];
    arguments.extend(["--samples", "3"]);
    arguments.extend(files.iter().map(String::as_str));
    let output = run(folder.path(), &arguments);
    assert!(output.status.success());
    let objects = objects(&output);
    assert_eq!(objects.len(), files.len());
    for (object, file) in objects.iter().zip(&files) {
        check_threads(object, 2);
        assert_eq!(object["file"], **file);
        assert_eq!(object["samples"], 3);
        // Before the first one goes the last.
        assert_eq!(object["after_another"], true);
    }
}
