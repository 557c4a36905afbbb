//! Files, folders and archives of state tests that are wrong, cut off or made to harm: each gets an error
//! that says where, the others still run, and nothing is written anywhere.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use flate2::{Compression, write::GzEncoder};
use metisvm_executor::statetest::{Skips, Suite, process_documents};
use serde_json::{Value, json};
use std::{
    fs,
    io::Write,
    ops::ControlFlow,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};
use support::statetest::{reports, run, suite, transfer, unfinished_transfer};
use tar::{Builder, EntryType, Header};

fn error_after(change: impl FnOnce(&mut Value)) -> String {
    let mut json = unfinished_transfer();
    change(&mut json["transfer"]);
    suite(&json).unwrap_err().to_string()
}

fn assert_starts(error: &str, start: &str) {
    assert!(error.starts_with(start), "expected {start:?}, got {error:?}");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An archive of members, each a kind, a name (as it is, however bad) and a content.
fn tar(members: &[(EntryType, &str, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (kind, name, content) in members {
        builder
            .append(&header(*kind, name, content.len() as u64), *content)
            .unwrap();
    }
    builder.into_inner().unwrap()
}

fn header(kind: EntryType, name: &str, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

/// What comes of a file: for each document its name without the folder, and its passed cases or error.
fn read(name: &str, bytes: &[u8]) -> Vec<(String, Result<usize, String>)> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), bytes).unwrap();
    let found = read_path(&folder.path().join(name), folder.path());
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "something was written: {left:?}");
    found
}

fn read_path(path: &Path, folder: &Path) -> Vec<(String, Result<usize, String>)> {
    let prefix = format!("{}/", folder.display());
    reports(path)
        .into_iter()
        .map(|report| {
            let passed = report.totals().passed;
            let name = report
                .name
                .strip_prefix(&prefix)
                .unwrap_or(&report.name)
                .to_owned();
            (
                name,
                report.cases.map(|_| passed).map_err(|error| error.to_string()),
            )
        })
        .collect()
}

fn only_error(name: &str, bytes: &[u8]) -> String {
    let mut found = read(name, bytes);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0).1.unwrap_err()
}

#[test]
fn values_of_the_wrong_type_are_named() {
    for (pointer, value, start) in [
        ("/env/currentNumber", json!(true), "transfer.env.currentNumber: "),
        (
            "/env/currentCoinbase",
            json!("0x12"),
            "transfer.env.currentCoinbase: ",
        ),
        (
            "/env/currentTimestamp",
            json!("0x1ffffffffffffffff"),
            "transfer.env.currentTimestamp: does not fit 64 bits",
        ),
        (
            "/env/currentNumber",
            json!("0x1ffffffffffffffff"),
            "transfer.env.currentNumber: does not fit 64 bits",
        ),
        ("/pre", json!([]), "transfer.pre: "),
        (
            "/pre/0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b/balance",
            json!("0x1g"),
            "transfer.pre.0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b.balance: ",
        ),
        (
            "/pre/0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b/nonce",
            json!("-1"),
            "transfer.pre.0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b.nonce: ",
        ),
        ("/transaction", json!(7), "transfer.transaction: "),
        (
            "/transaction",
            json!([]),
            "transfer.transaction: a list of transactions has no variants",
        ),
        ("/transaction/data", json!("0x"), "transfer.transaction.data: "),
        (
            "/transaction/secretKey",
            json!("0x00"),
            "transfer.transaction.secretKey: ",
        ),
        ("/post", json!({ "Shanghai": {} }), "transfer.post.Shanghai: "),
        (
            "/post/Shanghai/0/hash",
            json!("0x"),
            "transfer.post.Shanghai[0].hash: ",
        ),
        (
            "/post/Shanghai/0/indexes/data",
            json!(-1),
            "transfer.post.Shanghai[0].indexes.data: ",
        ),
    ] {
        assert_starts(
            &error_after(|test| *test.pointer_mut(pointer).unwrap() = value),
            start,
        );
    }
}

#[test]
fn missing_keys_are_named() {
    for (object, key) in [
        ("", "env"),
        ("", "pre"),
        ("", "transaction"),
        ("/env", "currentCoinbase"),
        ("/env", "currentGasLimit"),
        ("/transaction", "nonce"),
        ("/transaction", "value"),
        ("/post/Shanghai/1", "logs"),
        ("/post/Shanghai/1", "indexes"),
        ("/post/Shanghai/1/indexes", "gas"),
    ] {
        let error = error_after(|test| {
            test.pointer_mut(object)
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove(key);
        });
        assert!(
            error.contains(&format!("the key {key:?} is missing")),
            "{key}: {error}"
        );
    }
}

#[test]
fn indexes_beyond_the_variants_are_named() {
    for (key, variants) in [("data", 1), ("gas", 1), ("value", 2)] {
        for index in [variants as u64, u64::MAX] {
            let error = error_after(|test| test["post"]["Shanghai"][1]["indexes"][key] = index.into());
            let expected = format!(
                "transfer.post.Shanghai[1].indexes.{key}: is {index}, but there are {variants} variants"
            );
            assert_eq!(error, expected);
        }
    }
}

#[test]
fn numbers_beyond_what_a_transaction_can_hold_are_refused_transactions() {
    for (key, value) in [
        ("nonce", "0x10000000000000000"),
        ("chainId", "0x10000000000000000"),
        ("gasPrice", "0x100000000000000000000000000000000"),
        ("maxPriorityFeePerGas", "0x100000000000000000000000000000000"),
        ("maxFeePerBlobGas", "0x100000000000000000000000000000000"),
    ] {
        let mut json = transfer();
        json["transfer"]["transaction"][key] = value.into();
        for case in run(&json) {
            let error = case.outcome.unwrap().unwrap_err();
            assert!(error.ends_with("bits"), "{key}: {error}");
        }
    }
}

#[test]
fn a_transaction_without_a_key_has_a_bad_signature() {
    let mut json = transfer();
    json["transfer"]["transaction"]
        .as_object_mut()
        .unwrap()
        .remove("secretKey");
    for case in run(&json) {
        assert!(
            case.outcome
                .unwrap()
                .unwrap_err()
                .contains("the signature is not valid")
        );
    }
    let error = error_after(|test| {
        test["transaction"].as_object_mut().unwrap().remove("sender");
        test["transaction"]["secretKey"] = format!("0x{}", "00".repeat(32)).into();
    });
    assert!(
        error.ends_with("transaction.secretKey: is no key of secp256k1"),
        "{error}"
    );
}

#[test]
fn keys_that_come_twice_are_refused() {
    let test = unfinished_transfer()["transfer"].to_string();
    let account = r#"{"balance":"0x0","nonce":"0x0","code":"0x","storage":{}}"#;
    let (small, large) = (
        "0x00000000000000000000000000000000000000ab",
        "0x00000000000000000000000000000000000000AB",
    );
    let twice = test.replacen(
        r#""pre":{"#,
        &format!(r#""pre":{{"{small}":{account},"{large}":{account},"#),
        1,
    );
    for json in [
        format!(r#"{{"a":{test},"a":{test}}}"#),
        format!(r#"{{"a":{twice}}}"#),
    ] {
        let error = Suite::from_json("x.json", json.as_bytes(), Skips::Documented).unwrap_err();
        assert!(error.to_string().contains("this key comes twice"), "{error}");
    }
}

#[test]
fn what_is_no_json_at_all_is_refused() {
    let deep = format!(r#"{{"a":{}"#, r#"{"pre":"#.repeat(100_000));
    for (text, start) in [
        ("", "the file: is empty"),
        ("{", "the file: ends too early"),
        ("[]", "the file: is an array, but has to be an object"),
        ("null", "the file: is not JSON, or not an object"),
        ("{}", "the file holds no tests: nothing to run"),
        ("{} x", "the end of the file: trailing characters"),
        ("\u{0}", "the file: is not JSON, or not an object"),
        (&deep, "a.pre"),
    ] {
        assert_starts(&only_error("x.json", text.as_bytes()), start);
    }
    // Nesting without end, where nobody looks and where somebody does.
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let text = unfinished_transfer().to_string();
    let ignored = text.replacen("{\"env\"", &format!("{{\"_info\":{nested},\"env\""), 1);
    assert_eq!(read("x.json", ignored.as_bytes())[0].1, Ok(0));
    let read_closely = text.replacen(
        "{\"data\"",
        &format!("{{\"authorizationList\":[{nested}],\"data\""),
        1,
    );
    assert!(only_error("x.json", read_closely.as_bytes()).contains("recursion limit exceeded"));
}

#[test]
fn a_test_with_several_finished_transactions_is_refused() {
    let one = json!({
        "sender": "0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b", "data": "0x", "gasLimit": "0x5208",
        "gasPrice": "0x0a", "nonce": "0x00", "value": "0x01",
        "to": "0x1000000000000000000000000000000000000001",
    });
    for (count, text) in [(0, "holds 0 transactions"), (2, "holds 2 transactions")] {
        let error = error_after(|test| {
            test.as_object_mut().unwrap().remove("post");
            test["transaction"] = vec![one.clone(); count].into();
        });
        assert_eq!(
            error,
            format!("transfer.transaction: {text}; a state test has one")
        );
    }
}

#[test]
fn gzip_and_plain_files_give_the_same_whatever_their_name() {
    let json = transfer().to_string();
    for name in ["x.json", "x.json.gz", "x"] {
        for bytes in [json.as_bytes().to_vec(), gzip(json.as_bytes())] {
            assert_eq!(read(name, &bytes), [(name.to_owned(), Ok(4))]);
        }
    }
}

#[test]
fn gzip_that_ends_early_or_is_damaged_is_refused() {
    let whole = gzip(transfer().to_string().as_bytes());
    for length in [2, 9, whole.len() / 2, whole.len() - 1] {
        assert_starts(
            &only_error("x.json.gz", &whole[..length]),
            "the compressed data is damaged or ends early",
        );
    }
    let mut damaged = whole;
    let end = damaged.len() - 6; // the checksum
    damaged[end] ^= 1;
    assert_starts(
        &only_error("x.json.gz", &damaged),
        "the compressed data is damaged",
    );
}

#[test]
fn a_file_that_unpacks_to_more_than_the_limit_is_refused() {
    // Members of zeros that unpack a thousandfold; gzip files may be put one after the other.
    let member = gzip(&vec![b' '; 64 << 20]);
    let error = only_error("x.json.gz", &member.repeat(5));
    assert_starts(&error, "the file holds more than 268435456 bytes");
}

#[test]
fn members_of_an_archive_are_run_in_their_order_and_other_files_are_not_looked_at() {
    let json = transfer().to_string();
    let json = json.as_bytes();
    let bytes = tar(&[
        (EntryType::Directory, "tests/", b""),
        (EntryType::Regular, "tests/b.json", json),
        (EntryType::Regular, "tests/README", b"\xff no test"),
        (EntryType::Regular, "../../outside.json", json),
        (EntryType::Regular, "/absolute.json", json),
        (EntryType::Symlink, "link.json", b""),
        (EntryType::Regular, "bad.json", b"{"),
        (EntryType::Regular, "a.json", json),
    ]);
    for (name, bytes) in [
        ("x.tar", bytes.clone()),
        ("x.tar.gz", gzip(&bytes)),
        ("x.tgz", gzip(&bytes)),
    ] {
        let found = read(name, &bytes);
        let members: Vec<_> = found
            .iter()
            .map(|(member, result)| (&member[name.len() + 1..], result))
            .collect();
        assert_eq!(members[0], ("tests/b.json", &Ok(4)));
        assert_eq!(members[1], ("../../outside.json", &Ok(4)));
        assert_eq!(members[2], ("/absolute.json", &Ok(4)));
        assert!(members[3].0 == "bad.json" && members[3].1.is_err());
        assert_eq!(members[4], ("a.json", &Ok(4)));
        assert_eq!(members.len(), 5);
    }
}

#[test]
fn long_names_of_both_kinds_are_read() {
    let json = transfer().to_string();
    let long = format!("{}/long.json", "x".repeat(300));
    let record = format!("path={long}\n");
    let record = format!("{} {record}", record.len() + 4);
    assert_eq!(record.len(), 320, "the length counts itself");
    let bytes = tar(&[
        (EntryType::GNULongName, "@", format!("{long}\0").as_bytes()),
        (EntryType::Regular, "short", json.as_bytes()),
        (EntryType::XHeader, "@", record.as_bytes()),
        (EntryType::Regular, "short", json.as_bytes()),
        (EntryType::Regular, "after.json", json.as_bytes()),
    ]);
    let found = read("x.tar", &bytes);
    let names: Vec<_> = found
        .iter()
        .map(|(name, _)| name.trim_start_matches("x.tar:"))
        .collect();
    assert_eq!(names, [&long, &long, "after.json"]);
}

#[test]
fn an_archive_that_ends_early_runs_what_came_before_and_says_so() {
    let json = transfer().to_string();
    let whole = tar(&[
        (EntryType::Regular, "a.json", json.as_bytes()),
        (EntryType::Regular, "b.json", json.as_bytes()),
    ]);
    let second = 512 + json.len().next_multiple_of(512);
    for cut in [second + 100, second + 512 + 100] {
        let found = read("x.tar", &whole[..cut]);
        assert_eq!(found[0], ("x.tar:a.json".to_owned(), Ok(4)));
        assert_starts(found[1].1.as_ref().unwrap_err(), "the archive ");
        assert_eq!(found.len(), 2);
    }
    let packed = gzip(&whole);
    for cut in [0, 1, 20, packed.len() / 2] {
        assert_starts(&only_error("x.tar.gz", &packed[..cut]), "the archive ");
    }
    assert_starts(
        &only_error("x.tar", b"this is no archive"),
        "the archive is damaged or ends early",
    );
}

#[test]
fn sizes_that_an_archive_only_claims_are_not_allocated() {
    let claims = |kind, name, size| {
        let mut bytes = header(kind, name, size).as_bytes().to_vec();
        bytes.extend([0; 1024]);
        only_error("x.tar", &bytes)
    };
    let huge = 1 << 40;
    assert_starts(
        &claims(EntryType::GNULongName, "@", huge),
        "the archive describes a member with 1099511627776",
    );
    assert_starts(
        &claims(EntryType::XHeader, "@", huge),
        "the archive describes a member with 1099511627776",
    );
    assert_starts(
        &claims(EntryType::Regular, "a.json", 200 << 20),
        "the archive ends in the middle of a member",
    );

    let mut bytes = header(EntryType::Regular, "a.json", huge).as_bytes().to_vec();
    bytes.extend([0; 1024]);
    let found = read("x.tar", &bytes);
    assert_starts(
        found[0].1.as_ref().unwrap_err(),
        "the member has 1099511627776 bytes; a state test may have",
    );
    assert_starts(found[1].1.as_ref().unwrap_err(), "the archive ");
}

#[test]
fn places_without_tests_have_nothing_to_run() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("README.md"), "no test").unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    let found = read_path(folder.path(), folder.path());
    assert_starts(found[0].1.as_ref().unwrap_err(), "the folder holds no tests");
    let found = read_path(&folder.path().join("nowhere"), folder.path());
    assert_starts(found[0].1.as_ref().unwrap_err(), "cannot be read: ");
    assert_starts(&only_error("x.tar", &tar(&[])), "the archive holds no tests");
    let other = tar(&[(EntryType::Regular, "README", b"")]);
    assert_starts(
        &only_error("x.tar.gz", &gzip(&other)),
        "the archive holds no tests",
    );
}

#[cfg(unix)]
#[test]
fn a_link_to_a_folder_is_not_followed_and_what_is_no_file_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    fs::write(inner.join("x.json"), transfer().to_string()).unwrap();
    std::os::unix::fs::symlink(folder.path(), inner.join("loop")).unwrap();
    assert_eq!(
        read_path(folder.path(), folder.path()),
        [("inner/x.json".to_owned(), Ok(4))]
    );
    let error = read_path(Path::new("/dev/null"), folder.path())
        .remove(0)
        .1
        .unwrap_err();
    assert_eq!(error, "the path is neither a file nor a folder");
}

#[test]
fn files_of_the_documented_list_are_counted_without_being_read_closely() {
    let mut json = unfinished_transfer();
    json["transfer"]["transaction"]["value"] = json!(["0x:bigint 0x1000"]);
    let text = json.to_string();
    for name in [
        "ValueOverflow.json",
        "folder/loopMul.json",
        "x.tar.gz:ValueOverflowParis.json",
        "loopMul.json.gz",
    ] {
        let suite = Suite::from_json(name, text.as_bytes(), Skips::Documented).unwrap();
        assert_eq!(suite.cases.len(), 4);
        assert!(suite.cases.iter().all(|case| case.is_skipped()), "{name}");
    }
    assert!(Suite::from_json("loopMul.json", text.as_bytes(), Skips::Unreadable).is_err());
}

/// Whoever reads ahead of the work must count what is empty or refused, too: an archive of a few kilobytes can
/// hold millions of such members.
#[test]
fn an_archive_of_empty_members_is_worked_on_in_batches() {
    const MEMBERS: usize = 20_000;
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..MEMBERS {
        packed
            .write_all(header(EntryType::Regular, "x.json", 0).as_bytes())
            .unwrap();
    }
    packed.write_all(&[0; 1024]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("x.tar.gz");
    fs::write(&archive, packed.finish().unwrap()).unwrap();
    let worked_on = AtomicUsize::new(0);
    process_documents(
        &[archive],
        |document| {
            assert!(document.content.is_ok_and(|content| content.is_empty()));
            worked_on.fetch_add(1, Ordering::Relaxed)
        },
        |_| ControlFlow::Break(()),
    );
    let worked_on = worked_on.into_inner();
    assert!(
        worked_on > 0 && worked_on <= MEMBERS / 4,
        "{worked_on} members were held at once"
    );
}
