//! The cases of execution-apis (its `rpc-compat` suite): what geth answers over a chain of 54 blocks through every
//! fork, imported here with full validation.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use support::node::Node;

/// Cases that are left out, and why. One that passes all the same is named, so that this list stays true.
const LEFT_OUT: &[(&str, &str)] = &[
    ("debug_getRawReceipts/get-block-n", NO_STATE_ROOT),
    ("eth_getBlockReceipts/get-block-receipts-by-hash", NO_STATE_ROOT),
    ("eth_getBlockReceipts/get-block-receipts-n.", NO_STATE_ROOT),
    ("eth_getTransactionReceipt/get-legacy-input", NO_STATE_ROOT),
    ("eth_capabilities/", "not served: routing between nodes"),
    (
        "testing_buildBlockV1/",
        "not served: the consensus layer's way to build a block",
    ),
    (
        "eth_simulateV1/ethSimulate-self-destructive-contract-produces-logs",
        NO_LAST_LOG,
    ),
    ("eth_simulateV1/ethSimulate-use-as-many-features", NO_LAST_LOG),
];
const NO_LAST_LOG: &str = "revm-inspectors does not log what SELFDESTRUCT sends";
const NO_STATE_ROOT: &str = "before Byzantium a receipt has a state root, which the engine does not compute";

/// A request, and what is expected of it.
struct Exchange {
    request: String,
    answer: Value,
}

/// A file: its exchanges, and whether only the shape of the answers counts.
fn read(path: &Path) -> (Vec<Exchange>, bool) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut exchanges = Vec::new();
    let mut request = None;
    let mut shape_only = false;
    for line in text.lines() {
        if let Some(sent) = line.strip_prefix(">> ") {
            request = Some(sent.to_owned());
        } else if let Some(answer) = line.strip_prefix("<< ") {
            let request = request.take().expect("an answer follows a request");
            let answer = serde_json::from_str(answer).unwrap();
            exchanges.push(Exchange { request, answer });
        } else {
            shape_only |= line.starts_with("// speconly");
        }
    }
    assert!(!exchanges.is_empty(), "{} has no case", path.display());
    (exchanges, shape_only)
}

/// Where two answers differ first. Of errors code and data count, and not the words.
fn difference(expected: &Value, actual: &Value) -> Option<String> {
    match (expected.get("error"), actual.get("error")) {
        (Some(expected), Some(actual)) => ["code", "data"]
            .into_iter()
            .find(|key| expected.get(key) != actual.get(key))
            .map(|_| format!("error {actual}, not {expected}")),
        (None, None) => at("result", &expected["result"], &actual["result"]),
        _ => Some(format!("{}, not {}", short(actual), short(expected))),
    }
}

fn at(place: &str, expected: &Value, actual: &Value) -> Option<String> {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            let keys: BTreeSet<&String> = expected.keys().chain(actual.keys()).collect();
            keys.into_iter()
                .find_map(|key| match (expected.get(key), actual.get(key)) {
                    (Some(expected), Some(actual)) => at(&format!("{place}.{key}"), expected, actual),
                    (Some(_), None) => Some(format!("{place}.{key} is missing")),
                    _ => Some(format!("{place}.{key} is too much")),
                })
        }
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            let mut pairs = expected.iter().zip(actual).enumerate();
            pairs.find_map(|(index, (expected, actual))| at(&format!("{place}[{index}]"), expected, actual))
        }
        _ if expected == actual => None,
        _ => Some(format!("{place} is {}, not {}", short(actual), short(expected))),
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(200).collect()
}

#[test]
fn the_cases_of_execution_apis_are_answered_as_geth_answers_them() {
    let Some(cases) = support::shared("the cases of execution-apis", "rpc-compat") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| {
        cases
            .join(name)
            .canonicalize()
            .unwrap()
            .to_string_lossy()
            .into_owned()
    };
    let (genesis, chain) = (file("genesis.json"), file("chain.rlp"));
    let arguments = [
        "--genesis",
        &genesis,
        "--import",
        &chain,
        "--accounts",
        "0",
        "--no-mining",
    ];
    let node = Node::start(folder.path(), &arguments);
    assert_eq!(node.welcome["head_number"], 54);
    let mut wrong = Vec::new();
    let mut passed = 0;
    let mut folders: Vec<_> = cases
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    for folder in folders {
        let mut files: Vec<_> = folder
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        for path in files {
            let name = path.strip_prefix(&cases).unwrap().to_string_lossy().into_owned();
            let left_out = LEFT_OUT.iter().any(|(start, _)| name.starts_with(start));
            let (exchanges, shape_only) = read(&path);
            let found = exchanges.iter().find_map(|exchange| {
                let (_, body) = node.http(&[], &exchange.request);
                let answer: Value = serde_json::from_str(&body).unwrap();
                let kind = |answer: &Value| answer.get("error").is_some();
                if shape_only && kind(&exchange.answer) == kind(&answer) {
                    return None;
                }
                difference(&exchange.answer, &answer)
            });
            match (found, left_out) {
                (Some(found), false) => wrong.push(format!("{name}: {found}")),
                (None, true) => wrong.push(format!("{name} is answered rightly; take it from the list")),
                (None, false) => passed += 1,
                (Some(_), true) => {}
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{passed} right, {} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(passed >= 135, "{passed}");
}

#[test]
fn a_chain_that_was_changed_is_not_imported() {
    let Some(cases) = support::shared("the cases of execution-apis", "rpc-compat") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let genesis = cases.join("genesis.json").canonicalize().unwrap();
    let mut rlp = std::fs::read(cases.join("chain.rlp")).unwrap();
    let import = |rlp: &[u8], datadir: &str| {
        std::fs::write(folder.path().join("chain.rlp"), rlp).unwrap();
        let genesis = genesis.to_string_lossy();
        support::run(
            folder.path(),
            &[
                "import-chain",
                "chain.rlp",
                "--genesis",
                &genesis,
                "--datadir",
                datadir,
                "--json",
            ],
        )
    };
    let whole = import(&rlp, "whole");
    assert!(whole.status.success(), "{}", support::stderr(&whole));
    assert_eq!(support::objects(&whole)[0]["head_number"], 54);
    let again = import(&rlp, "whole");
    assert_eq!(support::objects(&again)[0]["blocks_known"], 54);

    let cut = import(&rlp[..rlp.len() - 1], "cut");
    assert_eq!(cut.status.code(), Some(1));
    assert!(
        support::stderr(&cut).contains("at byte"),
        "{}",
        support::stderr(&cut)
    );
    let middle = rlp.len() / 2;
    rlp[middle] ^= 1;
    let changed = import(&rlp, "changed");
    assert_eq!(changed.status.code(), Some(1));
    assert!(
        support::stderr(&changed).contains("chain.rlp: at byte"),
        "{}",
        support::stderr(&changed)
    );
}
