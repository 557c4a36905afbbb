//! `metisvm blocktest` as a program: what it writes, and with which code it exits.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

use alloy_consensus::{Block, BlockBody, EMPTY_OMMER_ROOT_HASH, Header, TxEnvelope};
use alloy_primitives::{Address, B256, Bytes, U256, hex};
use metisvm_state::{MemoryState, state_root};
use serde_json::{Value, json};
use std::{fs, path::Path, process::Command};

/// A chain that stays at its genesis: a block that is none must be refused.
fn test(head: Option<B256>) -> Value {
    let address = Address::repeat_byte(7);
    let mut state = MemoryState::default();
    state.insert_account(address, U256::from(5), 1, Bytes::new(), []);
    let header = Header {
        gas_limit: 5_000_000,
        difficulty: U256::from(131_072),
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        state_root: state_root(&state),
        ..Header::default()
    };
    let (hash, root) = (header.hash_slow(), header.state_root);
    let block: Block<TxEnvelope> = Block {
        header,
        body: BlockBody::default(),
    };
    let accounts = json!({
        address.to_string(): { "balance": "0x5", "nonce": "0x1", "code": "0x", "storage": {} },
    });
    json!({
        "network": "Byzantium",
        "genesisBlockHeader": { "hash": hash, "stateRoot": root },
        "genesisRLP": hex::encode_prefixed(alloy_rlp::encode(&block)),
        "pre": accounts,
        "blocks": [{ "rlp": "0xc0", "expectException": "BlockException.RLP_STRUCTURES_ENCODING" }],
        "lastblockhash": head.unwrap_or(hash),
        "postState": accounts,
    })
}

/// The exit code, the JSON objects and the complaints.
fn run(arguments: &[&str], path: &Path) -> (i32, Vec<Value>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_metisvm"))
        .arg("blocktest")
        .args(arguments)
        .arg(path)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let objects = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let complaints = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), objects, complaints)
}

#[test]
fn each_file_is_an_object_and_the_last_one_has_the_totals() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = test(Some(B256::repeat_byte(1)));
    let mut unknown = test(None);
    unknown["network"] = json!("Constantinople");
    let file = json!({ "right": test(None), "wrong": wrong, "unknown": unknown });
    fs::write(folder.path().join("a.json"), file.to_string()).unwrap();
    for store in ["memory", "disk"] {
        for threads in ["1", "2"] {
            let arguments = ["--json", "--store", store, "--threads", threads];
            let (code, objects, _) = run(&arguments, folder.path());
            assert_eq!((code, objects.len()), (1, 2), "{objects:?}");
            assert_eq!(objects[0]["failures"][0]["test"], "wrong");
            let summary = &objects[1];
            for (key, count) in [("passed", 1), ("failed", 1), ("skipped", 1), ("known", 0)] {
                assert_eq!(summary[key], count, "{key}: {summary}");
            }
            assert_eq!(summary["blocks_refused"], 2);
            assert_eq!(summary["jit"]["mode"], "off");
        }
    }
}

#[test]
fn the_exit_code_says_whether_all_is_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.json");
    fs::write(&path, json!({ "right": test(None) }).to_string()).unwrap();
    for jit in ["off", "on", "always"] {
        let (code, objects, _) = run(&["--json", "--jit", jit], &path);
        assert_eq!(code, 0);
        assert_eq!(objects[1]["passed"], 1);
        assert_eq!(objects[1]["jit"]["mode"], jit);
    }
    fs::write(&path, "{").unwrap();
    let (code, _, complaints) = run(&[], &path);
    assert_eq!(code, 1);
    assert!(complaints.contains("a.json"), "{complaints}");
    assert_eq!(run(&["--store", "nowhere"], &path).0, 2);
    assert_eq!(run(&["--threads", "0"], &path).0, 2);
    assert_eq!(run(&["--jit", "never"], &path).0, 2);
}
