//! The official state tests through the binary.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use support::{objects, run, shared, stderr, stdout};
use tempfile::tempdir;

/// One transfer with the root that has to come out on Frontier, and forks that cannot be run.
fn transfer() -> Value {
    let root = "0x0000000000000000000000000000000000000000000000000000000000000000";
    let no_logs = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347";
    let case = json!({ "hash": root, "logs": no_logs, "indexes": { "data": 0, "gas": 0, "value": 0 } });
    json!({ "transfer": {
        "env": {
            "currentCoinbase": "0x2adc25665018aa1fe0e6bc666dac8fc2697ff9ba", "currentDifficulty": "0x020000",
            "currentGasLimit": "0x05f5e100", "currentNumber": "0x01", "currentTimestamp": "0x03e8",
        },
        "pre": { "0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b": {
            "balance": "0x0de0b6b3a7640000", "nonce": "0x00", "code": "0x", "storage": {},
        }},
        "transaction": {
            "data": ["0x"], "gasLimit": ["0x5208"], "value": ["0x01"], "gasPrice": "0x0a", "nonce": "0x00",
            "to": "0x1000000000000000000000000000000000000001",
            "sender": "0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b",
            "secretKey": "0x45a915e4d060149eb4365960e6a7a45f334393093061116b197e3240065ff2d8",
        },
        "post": { "Frontier": [case], "Constantinople": [case, case] },
    }})
}

/// The same with the right root, as the binary itself says it.
fn right_transfer(folder: &Path) -> Value {
    let mut json = transfer();
    let file = folder.join("wrong.json");
    fs::write(&file, json.to_string()).unwrap();
    let output = run(folder, &["statetest", "--json", "wrong.json"]);
    let problem = objects(&output)[0]["failures"][0]["problem"]
        .as_str()
        .unwrap()
        .to_owned();
    fs::remove_file(file).unwrap();
    let root = problem
        .strip_prefix("state root ")
        .unwrap()
        .split(',')
        .next()
        .unwrap();
    json["transfer"]["post"]["Frontier"][0]["hash"] = root.into();
    json
}

#[test]
fn without_a_path_is_wrong_use() {
    let folder = tempdir().unwrap();
    for arguments in [
        &["statetest"][..],
        &["statetest", "--json"],
        &["statetest", "--jsn", "x"],
    ] {
        assert_eq!(
            run(folder.path(), arguments).status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
}

#[test]
fn nothing_to_run_is_a_failure() {
    let folder = tempdir().unwrap();
    for (path, problem) in [(".", "holds no tests"), ("nowhere", "cannot be read")] {
        let output = run(folder.path(), &["statetest", path]);
        assert_eq!(output.status.code(), Some(1));
        let complaint = stderr(&output);
        assert!(
            complaint.starts_with(&format!("metisvm: {path}: ")),
            "{complaint}"
        );
        assert!(complaint.contains(problem), "{complaint}");
        assert_eq!(stdout(&output), "");
    }
}

#[test]
fn a_test_that_passes_gives_zero_and_one_that_fails_one() {
    let folder = tempdir().unwrap();
    let json = right_transfer(folder.path());
    fs::write(folder.path().join("right.json"), json.to_string()).unwrap();
    let output = run(folder.path(), &["statetest", "right.json", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let shown = objects(&output);
    assert_eq!(shown.len(), 2);
    let reason = shown[0]["skips"][0]["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("Constantinople without Petersburg"),
        "{reason}"
    );
    let expected = json!({
        "file": "right.json", "passed": 1, "failed": 0, "skipped": 2, "unchecked": 0, "failures": [],
        "executed": [], "skips": [{ "reason": reason, "cases": 2 }],
    });
    assert_eq!(shown[0], expected);
    let mut summary = shown[1].clone();
    let fields = summary.as_object_mut().unwrap();
    assert!(fields.remove("ms").unwrap().is_number());
    assert_eq!(fields.remove("jit").unwrap()["mode"], "off");
    let expected = json!({
        "summary": true, "files": 1, "errors": 0, "passed": 1, "failed": 0, "skipped": 2, "unchecked": 0,
    });
    assert_eq!(summary, expected);

    fs::write(folder.path().join("wrong.json"), transfer().to_string()).unwrap();
    let output = run(folder.path(), &["statetest", "--json", "."]);
    assert_eq!(output.status.code(), Some(1));
    let shown = objects(&output);
    assert_eq!(shown.len(), 3);
    let failure = &shown[1]["failures"][0];
    assert_eq!(shown[1]["file"], "./wrong.json");
    assert_eq!(
        (&failure["test"], &failure["fork"]),
        (&json!("transfer"), &json!("Frontier"))
    );
    assert_eq!(failure["data"], 0);
    assert!(failure["problem"].as_str().unwrap().contains(", expected 0x0000"));
    assert_eq!((&shown[2]["passed"], &shown[2]["failed"]), (&json!(1), &json!(1)));
}

#[test]
fn a_bad_file_does_not_keep_the_others_from_running() {
    let folder = tempdir().unwrap();
    fs::write(
        folder.path().join("b.json"),
        right_transfer(folder.path()).to_string(),
    )
    .unwrap();
    fs::write(folder.path().join("a.json"), "{").unwrap();
    fs::write(folder.path().join("c.json.gz"), [0x1f, 0x8b, 8]).unwrap();
    let output = run(folder.path(), &["statetest", "--json", "."]);
    assert_eq!(output.status.code(), Some(1));
    let shown = objects(&output);
    assert!(
        shown[0]["error"]
            .as_str()
            .unwrap()
            .starts_with("./a.json: the file: ends too early")
    );
    assert_eq!(shown[1]["passed"], 1);
    assert!(
        shown[2]["error"]
            .as_str()
            .unwrap()
            .starts_with("./c.json.gz: the compressed data")
    );
    assert_eq!((&shown[3]["errors"], &shown[3]["passed"]), (&json!(2), &json!(1)));
    assert_eq!(stderr(&output).lines().count(), 2);
}

#[test]
fn the_table_has_a_row_a_folder_and_names_failures() {
    let folder = tempdir().unwrap();
    let right = right_transfer(folder.path()).to_string();
    for name in ["one", "two"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("a.json"), &right).unwrap();
    }
    let hostile = transfer()
        .to_string()
        .replace("\"transfer\":", "\"\\u001b[31m\":");
    fs::write(folder.path().join("two/b.json"), hostile).unwrap();
    let output = run(folder.path(), &["statetest", "."]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.contains('┆'))
        .map(|line| {
            line.split(['│', '┆'])
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect()
        })
        .collect();
    assert_eq!(
        rows[0],
        ["folder", "files", "passed", "failed", "skipped", "unchecked"]
    );
    assert_eq!(rows[1], ["one", "1", "1", "0", "2", "0"]);
    assert_eq!(rows[2], ["two", "2", "1", "1", "4", "0"]);
    assert!(rows[3][0].starts_with("all, in "));
    assert_eq!(rows[3][1..], ["3", "2", "1", "6", "0"]);
    assert!(text.contains("\nin ./\n"), "{text}");
    assert!(
        text.starts_with("FAILED ./two/b.json \\u{1b}[31m Frontier [0, 0, 0]: state root 0x"),
        "{text}"
    );
}

#[test]
fn aave_is_executed_and_said_to_be_unchecked() {
    let Some(aave) = shared("Aave through the binary", "aave") else {
        return;
    };
    let folder = tempdir().unwrap();
    let output = run(folder.path(), &["statetest", "--json", aave.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let shown = objects(&output);
    assert_eq!(shown.len(), 4);
    for object in &shown[..3] {
        let executed = &object["executed"][0];
        assert_eq!(
            (&executed["status"], &executed["fork"]),
            (&json!("success"), &json!("Shanghai"))
        );
        assert!(executed["gas_used"].as_u64().unwrap() > 100_000);
    }
    assert_eq!(
        (&shown[3]["passed"], &shown[3]["unchecked"]),
        (&json!(0), &json!(3))
    );
}

#[test]
fn a_part_of_the_official_archive_passes() {
    let Some(archive) = shared(
        "state tests through the binary",
        "state-tests/GeneralStateTests.tar.gz",
    ) else {
        return;
    };
    // The first megabytes of the archive, cut where they end: what came before is run.
    let folder = tempdir().unwrap();
    let part = folder.path().join("part.tar");
    let mut whole = std::io::Read::take(MultiGzDecoder::new(File::open(archive).unwrap()), 4 << 20);
    std::io::copy(&mut whole, &mut File::create(&part).unwrap()).unwrap();
    let output = run(folder.path(), &["statetest", "part.tar", "--json"]);
    let shown = objects(&output);
    let summary = shown.last().unwrap();
    assert_eq!(output.status.code(), Some(1), "the archive ends early");
    assert_eq!((&summary["errors"], &summary["failed"]), (&json!(1), &json!(0)));
    assert!(summary["passed"].as_u64().unwrap() > 500, "{summary}");
    assert!(
        shown[0]["file"]
            .as_str()
            .unwrap()
            .starts_with("part.tar:GeneralStateTests/")
    );
}

/// 20,000 tests of some 300 bytes each: a state with 256 block hashes for every one of them would need twice the
/// memory that there is here, and the tests as they are read a fifth of it.
#[cfg(target_os = "linux")]
#[test]
fn memory_is_in_proportion_to_a_file_of_many_small_tests() {
    let test = json!({
        "env": {
            "currentCoinbase": "0x0000000000000000000000000000000000000000", "currentGasLimit": "0x5f5e100",
            "currentNumber": "0x1000", "currentTimestamp": "0x1", "currentDifficulty": "0x1",
        },
        "pre": {},
        "transaction": [{
            "sender": "0x1111111111111111111111111111111111111111", "data": "0x", "gasLimit": "0x5208",
            "to": "0x2222222222222222222222222222222222222222",
            "gasPrice": "0x0", "nonce": "0x0", "value": "0x0",
        }],
    });
    let tests = (0..20_000).map(|number| (number.to_string(), test.clone()));
    let folder = tempdir().unwrap();
    let file = Value::Object(tests.collect());
    fs::write(folder.path().join("many.json"), file.to_string()).unwrap();
    let output = Command::new("/bin/sh")
        .current_dir(folder.path())
        .env_clear()
        .env("RAYON_NUM_THREADS", "2")
        .args(["-c", "ulimit -v 500000; exec \"$0\" statetest --json many.json"])
        .arg(env!("CARGO_BIN_EXE_metisvm"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(objects(&output).last().unwrap()["unchecked"], 20_000);
}
