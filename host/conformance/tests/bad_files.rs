//! Files that are none, lie, or ask for too much: a clear error each, and never more than was read.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

use metisvm_conformance::blocktest::{Options, StoreKind, Suite, Totals, Verdict, run_all};
use metisvm_executor::{BlockEngine, Threads};
use serde_json::{Value, json};
use std::{fs, ops::ControlFlow, path::Path};

/// `{}`, compressed by xz.
const XZ_OF_EMPTY_OBJECT: &[u8] = &[
    0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21, 0x01, 0x16,
    0x00, 0x00, 0x00, 0x74, 0x2f, 0xe5, 0xa3, 0x01, 0x00, 0x01, 0x7b, 0x7d, 0x00, 0x00, 0x00, 0x5d, 0xd5,
    0xde, 0x75, 0x6a, 0x59, 0x91, 0x93, 0x00, 0x01, 0x1a, 0x02, 0xdc, 0x2e, 0xa5, 0x7e, 0x1f, 0xb6, 0xf3,
    0x7d, 0x01, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a,
];
/// The same with a dictionary of 4 GiB in the header of its block.
const XZ_OF_4_GIB: &[u8] = &[
    0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21, 0x01, 0x28,
    0x00, 0x00, 0x00, 0xe6, 0xa0, 0x11, 0xb3, 0x01, 0x00, 0x01, 0x7b, 0x7d, 0x00, 0x00, 0x00, 0x5d, 0xd5,
    0xde, 0x75, 0x6a, 0x59, 0x91, 0x93, 0x00, 0x01, 0x1a, 0x02, 0xdc, 0x2e, 0xa5, 0x7e, 0x1f, 0xb6, 0xf3,
    0x7d, 0x01, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a,
];

fn header(hash: &str) -> Value {
    json!({ "hash": hash, "stateRoot": format!("0x{}", "00".repeat(32)) })
}

fn test() -> Value {
    let hash = format!("0x{}", "11".repeat(32));
    json!({ "the test": {
        "network": "Prague",
        "genesisBlockHeader": header(&hash),
        "genesisRLP": "0xc0",
        "pre": { format!("0x{}", "22".repeat(20)): { "balance": "0x1", "nonce": "0x0", "code": "0x", "storage": {} } },
        "blocks": [],
        "lastblockhash": hash,
        "postState": {},
    }})
}

fn error(json: &[u8]) -> String {
    Suite::from_json(json).unwrap_err().to_string()
}

fn verdict(test: &Value) -> Verdict {
    let engine = BlockEngine::new(Threads::new(1).unwrap());
    let suite = Suite::from_json(test.to_string().as_bytes()).unwrap();
    suite.run(&engine, StoreKind::Memory, None).remove(0).verdict
}

fn run_path(path: &Path) -> (Totals, Vec<String>) {
    let options = Options {
        threads: 1,
        stores: &[StoreKind::Memory],
        jit: None,
    };
    let (mut totals, mut errors) = (Totals::default(), Vec::new());
    run_all(&[path.to_owned()], options, |file| {
        totals.add(&file.totals());
        errors.extend(file.tests.err().map(|error| error.to_string()));
        ControlFlow::Continue(())
    })
    .unwrap();
    (totals, errors)
}

#[test]
fn json_that_is_cut_off_is_refused_wherever_it_ends() {
    let whole = test().to_string();
    for end in 0..whole.len() {
        assert!(!error(&whole.as_bytes()[..end]).is_empty(), "{end}");
    }
    assert!(Suite::from_json(whole.as_bytes()).is_ok());
}

#[test]
fn json_of_another_shape_names_the_place() {
    for (json, problem) in [
        ("{}", "holds no tests"),
        ("[]", "the file: "),
        ("{\"a\": {}}", "is missing"),
        ("{\"a\": 5}", "a: "),
    ] {
        assert!(
            error(json.as_bytes()).contains(problem),
            "{json}: {}",
            error(json.as_bytes())
        );
    }
    let deep = format!("{{\"a\": {{\"b\": {}", "[".repeat(1_000_000));
    let deep = error(deep.as_bytes());
    assert!(deep.contains("a.b: "), "{deep}");
    let behind = format!("{} {{}}", test());
    assert!(error(behind.as_bytes()).contains("the end of the file"));
}

#[test]
fn numbers_that_do_not_fit_are_refused_and_not_cut() {
    let mut wrong = test();
    let address = format!("0x{}", "22".repeat(20));
    wrong["the test"]["pre"][&address]["nonce"] = json!("0x10000000000000000");
    assert!(error(wrong.to_string().as_bytes()).contains("64 bits"));
    let mut wrong = test();
    wrong["the test"]["pre"][&address]["balance"] = json!(format!("0x1{}", "0".repeat(64)));
    assert!(error(wrong.to_string().as_bytes()).contains("balance"));
}

#[test]
fn a_genesis_that_is_no_block_fails() {
    match verdict(&test()) {
        Verdict::Failed(problem) => assert!(problem.contains("genesisRLP"), "{problem}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_network_without_a_chain_spec_is_skipped_with_the_reason() {
    for network in ["Constantinople", "ArrowGlacierToParisAtDiffC0000", "Frontier2"] {
        let mut unknown = test();
        unknown["the test"]["network"] = json!(network);
        assert!(
            matches!(verdict(&unknown), Verdict::Skipped(reason) if !reason.is_empty()),
            "{network}"
        );
    }
}

#[test]
fn places_without_tests_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let (totals, errors) = run_path(folder.path());
    assert_eq!((totals.files, totals.errors), (0, 1));
    assert!(errors[0].contains("holds no"), "{errors:?}");
    let empty = folder.path().join("empty.tar");
    let archive = tar::Builder::new(Vec::new());
    fs::write(&empty, archive.into_inner().unwrap()).unwrap();
    assert!(run_path(&empty).1[0].contains("holds no"));
    assert!(run_path(&folder.path().join("nowhere.json")).1[0].contains("cannot be read"));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.json");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let (totals, errors) = run_path(&pipe);
    assert_eq!(totals.errors, 1);
    assert!(errors[0].contains("neither a file nor a folder"), "{errors:?}");
}

#[test]
fn xz_data_that_is_damaged_cut_off_or_asks_for_too_much_memory_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.json.xz");
    fs::write(&path, XZ_OF_4_GIB).unwrap();
    assert!(run_path(&path).1[0].contains("mem"), "{:?}", run_path(&path).1);
    let whole = XZ_OF_EMPTY_OBJECT;
    fs::write(&path, whole).unwrap();
    assert!(
        run_path(&path).1[0].contains("holds no tests"),
        "{:?}",
        run_path(&path).1
    );
    for end in [6, 12, 20, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..end]).unwrap();
        let (totals, errors) = run_path(&path);
        assert_eq!((totals.files, totals.errors), (0, 1), "{end}: {errors:?}");
    }
    for at in [13, 26, whole.len() - 20] {
        let mut damaged = whole.to_vec();
        damaged[at] ^= 0x55;
        fs::write(&path, &damaged).unwrap();
        let (totals, errors) = run_path(&path);
        assert_eq!((totals.files, totals.errors), (0, 1), "{at}: {errors:?}");
    }
}
