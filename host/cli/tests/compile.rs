//! `metisvm compile` through the binary: every form of a contract, every refusal, and what the cache has afterwards.

#![allow(
    clippy::unwrap_used,
    reason = "in the helpers, too, a panic is how a test fails"
)]

mod support;

use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;
use support::node::{Node, accounts, artefact};
use support::{objects, repository, run, stderr, stdout};
use tempfile::tempdir;

/// A hundred times around a loop that adds to slot 0.
const CODE: &str = "0x60645b600054600101600055600190038060025760005460005260206000f3";

fn compile(folder: &Path, arguments: &[&str]) -> Output {
    let all: Vec<&str> = ["compile"].iter().chain(arguments).copied().collect();
    run(folder, &all)
}

/// The objects of a command that went well.
fn well(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}{}", stdout(output), stderr(output));
    objects(output)
}

fn count(object: &Value, key: &str) -> u64 {
    object[key]
        .as_u64()
        .unwrap_or_else(|| panic!("{key} in {object}"))
}

#[test]
fn contract_is_compiled_in_every_form_once_and_found_on_disk_then() {
    let folder = tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("a.hex", format!("{CODE}\n").as_bytes());
    write("a.bin", &alloy_primitives::hex::decode(CODE).unwrap());
    write(
        "a.json",
        json!({ "contractName": "A", "deployedBytecode": { "object": CODE } })
            .to_string()
            .as_bytes(),
    );
    let registry = repository("contracts/artifacts/ModelRegistry.json");
    let arguments = [
        "--json",
        "--jit-cache",
        "cache",
        "--fork",
        "osaka",
        "a.hex",
        "a.bin",
        "a.json",
    ];
    let all: Vec<&str> = arguments.iter().copied().chain(registry.to_str()).collect();

    let first = well(&compile(folder.path(), &all));
    assert_eq!(first.len(), 4);
    for (object, name) in first.iter().zip(&all[5..]) {
        assert_eq!(
            (&object["contract"], &object["fork"]),
            (&json!(name), &json!("osaka")),
            "{object}"
        );
        assert!(count(object, "regions") >= 1, "{object}");
        assert!(
            count(object, "compiled_regions") + count(object, "declined_regions") <= count(object, "regions")
        );
        assert!(
            count(object, "code_bytes") > 0 && object["compile_ms"].is_f64(),
            "{object}"
        );
    }
    let code = alloy_primitives::hex::decode(CODE).unwrap();
    assert_eq!(
        first[0]["code_hash"],
        alloy_primitives::keccak256(&code).to_string()
    );
    assert_eq!(count(&first[0], "bytecode_bytes"), code.len() as u64);
    let compiled: Vec<u64> = first
        .iter()
        .map(|object| count(object, "compiled_regions"))
        .collect();
    assert!(compiled[0] > 0 && compiled[3] > 0, "{first:?}");
    assert_eq!(compiled[1..3], [0, 0], "the same bytecode again");

    let second = well(&compile(folder.path(), &all));
    for (now, before) in second.iter().zip(&first) {
        assert_eq!(count(now, "compiled_regions"), 0, "{now}");
        for key in [
            "code_hash",
            "bytecode_bytes",
            "regions",
            "declined_regions",
            "code_bytes",
        ] {
            assert_eq!(now[key], before[key], "{key}: {now} {before}");
        }
    }
    // Other rules are other code.
    let others = well(&compile(
        folder.path(),
        &["--json", "--jit-cache", "cache", "--fork", "Berlin", "a.hex"],
    ));
    assert!(
        count(&others[0], "compiled_regions") + count(&others[0], "declined_regions") > 0,
        "{others:?}"
    );

    let table = stdout(&compile(folder.path(), &["--jit-cache", "cache", "a.hex"]));
    for part in ["(osaka)", "a.hex", "native bytes"] {
        assert!(table.contains(part), "{part} in {table}");
    }
}

#[test]
fn what_is_no_contract_is_said_and_keeps_no_other_from_being_compiled() {
    let folder = tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    file("good.hex", CODE.as_bytes());
    file("empty.hex", b"");
    file("odd.hex", b"0x608");
    file("assembly.hex", b"PUSH1 0x80");
    file(
        "unlinked.hex",
        format!("6080__${}$__60", "ab".repeat(17)).as_bytes(),
    );
    file("delegated.hex", format!("0xef0100{}", "11".repeat(20)).as_bytes());
    file("long.hex", "00".repeat(24_577).as_bytes());
    file("most.hex", "00".repeat(24_576).as_bytes());
    file(
        "interface.json",
        json!({ "deployedBytecode": "0x" }).to_string().as_bytes(),
    );
    file(
        "creation.json",
        json!({ "bytecode": CODE }).to_string().as_bytes(),
    );
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    for (name, said) in [
        ("empty.hex", "it is empty"),
        ("odd.hex", "3 hexadecimal digits"),
        ("assembly.hex", "no hexadecimal digit"),
        ("unlinked.hex", "a library is not linked"),
        (
            "delegated.hex",
            "EIP-7702): compile the contract at 0x1111111111111111111111111111111111111111",
        ),
        (
            "long.hex",
            "24,577 bytes, and the code of a contract has at most 24,576 by the rules of osaka",
        ),
        ("interface.json", "an interface"),
        ("creation.json", "neither deployedBytecode nor contracts"),
        ("absent.hex", "No such file"),
        ("folder", "folder"),
    ] {
        let output = compile(
            folder.path(),
            &["--json", "--jit-cache", "cache", name, "good.hex"],
        );
        assert_eq!(output.status.code(), Some(1), "{name}");
        let objects = objects(&output);
        assert_eq!(
            (objects.len(), &objects[0]["contract"]),
            (2, &json!(name)),
            "{objects:?}"
        );
        let error = objects[0]["error"].as_str().unwrap();
        assert!(error.contains(said) && error.starts_with(name), "{name}: {error}");
        assert!(stderr(&output).contains(said), "{name}: {}", stderr(&output));
        assert_eq!(objects[1]["contract"], "good.hex");
    }
    for (fork, files) in [("osaka", "most.hex"), ("amsterdam", "long.hex")] {
        well(&compile(
            folder.path(),
            &["--json", "--jit-cache", "cache", "--fork", fork, files],
        ));
    }
}

#[test]
fn wrong_use_is_refused_before_anything_is_made() {
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("a.hex"), CODE).unwrap();
    let address = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
    for (arguments, code, said) in [
        (&["a.hex"][..], 2, "--jit-cache DIR says where"),
        (&["--jit-cache", "cache"], 2, "ADDRESS|FILE"),
        (&["--jit-cache", "cache", address], 2, "add --datadir DIR"),
        (
            &["--jit-cache", "cache", "--fork", "merge", "a.hex"],
            2,
            "there is no such fork",
        ),
        (
            &[
                "--jit-cache",
                "cache",
                "--fork",
                "osaka",
                "--chain",
                "mainnet",
                "a.hex",
            ],
            2,
            "cannot be used with",
        ),
        (
            &["--jit-cache", "cache", "--chain", "absent.json", "a.hex"],
            1,
            "absent.json",
        ),
        (&["--datadir", "nowhere", address], 1, "there is no chain in it"),
        (&["--jit-cache", "a.hex", "a.hex"], 1, "a.hex"),
    ] {
        let output = compile(folder.path(), arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?} {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(said),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    for made in ["cache", "nowhere"] {
        assert!(!folder.path().join(made).exists(), "{made}");
    }
}

#[test]
fn rules_are_those_that_the_options_name() {
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("a.hex"), CODE).unwrap();
    let spec =
        json!({ "name": "old", "chainId": 7, "forks": { "homesteadBlock": 0, "tangerineWhistleBlock": 5 } });
    std::fs::write(folder.path().join("old.json"), spec.to_string()).unwrap();
    for (options, fork) in [
        (&[][..], "osaka"),
        (&["--chain", "mainnet"], "osaka"),
        (&["--chain", "metis-dev"], "osaka"),
        (&["--chain", "old.json"], "tangerine-whistle"),
        (&["--fork", "Paris"], "paris"),
    ] {
        let arguments: Vec<&str> = ["--json", "--jit-cache", "cache", "a.hex"]
            .iter()
            .chain(options)
            .copied()
            .collect();
        assert_eq!(
            well(&compile(folder.path(), &arguments))[0]["fork"],
            fork,
            "{options:?}"
        );
    }
}

#[test]
fn deployed_contract_is_compiled_by_its_address_for_the_chain_that_it_is_on() {
    let folder = tempdir().unwrap();
    let node = Node::start(folder.path(), &["--datadir", "chain", "--jit", "off"]);
    let (contract, delegated) = (
        "0x00000000000000000000000000000000000c0de1",
        "0x00000000000000000000000000000000000c0de2",
    );
    let without_code = accounts(&node).remove(0);
    node.get("anvil_setCode", json!([contract, CODE]));
    node.get(
        "anvil_setCode",
        json!([delegated, format!("0xef0100{}", &contract[2..])]),
    );
    node.get("evm_mine", json!([]));
    assert!(node.terminate());

    let output = compile(folder.path(), &["--json", "--datadir", "chain", contract]);
    let object = well(&output).remove(0);
    assert_eq!(
        (&object["contract"], &object["fork"]),
        (&json!(contract), &json!("osaka"))
    );
    let code = alloy_primitives::hex::decode(CODE).unwrap();
    assert_eq!(object["code_hash"], alloy_primitives::keccak256(code).to_string());
    assert!(folder.path().join("chain/jit").is_dir());
    let absent = "0x00000000000000000000000000000000000c0de3";
    for (address, said) in [
        (delegated, "EIP-7702): compile the contract at"),
        (without_code.as_str(), "has no code after block 1"),
        (absent, "is not there after block 1"),
    ] {
        let output = compile(folder.path(), &["--json", "--datadir", "chain", address]);
        assert_eq!(output.status.code(), Some(1), "{address}");
        let error = objects(&output)[0]["error"].as_str().unwrap().to_owned();
        assert!(error.contains(said), "{address}: {error}");
    }
    // A file by the name of an address, and a file beside an address.
    std::fs::write(folder.path().join(absent), CODE).unwrap();
    let file = format!("./{absent}");
    let both = well(&compile(
        folder.path(),
        &["--json", "--datadir", "chain", &file, contract],
    ));
    assert_eq!(both.len(), 2);
    assert_eq!(both[0]["code_hash"], both[1]["code_hash"]);
}

#[test]
fn artefacts_of_this_repository_have_code_that_is_compiled() {
    // What tests of other commands deploy is what this command reads.
    let code = artefact("ModelRegistry")["deployedBytecode"].clone();
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("code.hex"), code.as_str().unwrap()).unwrap();
    let registry = repository("contracts/artifacts/ModelRegistry.json");
    let arguments = [
        "--json",
        "--jit-cache",
        "cache",
        "code.hex",
        registry.to_str().unwrap(),
    ];
    let both = well(&compile(folder.path(), &arguments));
    assert_eq!(both[0]["code_hash"], both[1]["code_hash"]);
}
