//! Files that are wrong, truncated, oversized or tampered with: each gets an error that names the place,
//! or a mismatch that names the field, and none brings the program down.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use flate2::{Compression, write::GzEncoder};
use metisvm_executor::{BlockEngine, BlockFile, DEFAULT_FILE_LIMIT, Error, Threads, run_block_file};
use serde_json::{Value, json};
use std::io::Write;
use support::block::{built, engine};

const ZERO_HASH: &str = "0x0000000000000000000000000000000000000000000000000000000000000000";

fn fixture() -> Value {
    serde_json::from_str(&built().file.to_json()).unwrap()
}

fn run(file: &BlockFile) -> Result<metisvm_executor::BlockReport, Error> {
    run_block_file(file, engine(), &BlockEngine::new(Threads::new(1).unwrap()))
}

/// What reading, or else executing, says about a fixture that was changed.
fn error_after(change: impl FnOnce(&mut Value)) -> String {
    let mut json = fixture();
    change(&mut json);
    match BlockFile::from_json(json.to_string().as_bytes()) {
        Err(error) => error.to_string(),
        Ok(file) => run(&file).unwrap_err().to_string(),
    }
}

/// The fields that differ after the header was changed and its hash made right again.
fn mismatches_after(change: impl FnOnce(&mut BlockFile)) -> Vec<&'static str> {
    let mut file = built().file;
    change(&mut file);
    file.hash = file.block.header.hash_slow();
    let file = BlockFile::from_json(file.to_json().as_bytes()).unwrap();
    let report = run(&file).unwrap();
    assert!(!report.matches_header());
    report.mismatches.iter().map(|mismatch| mismatch.field).collect()
}

fn assert_starts(error: &str, start: &str) {
    assert!(error.starts_with(start), "expected {start:?}, got {error:?}");
}

#[test]
fn a_wrong_block_hash() {
    let error = error_after(|json| json["block"]["hash"] = ZERO_HASH.into());
    assert_starts(&error, "block.hash: is 0x0000");
    for (key, value) in [
        ("gasUsed", "0x1"),
        ("receiptsRoot", ZERO_HASH),
        ("stateRoot", ZERO_HASH),
    ] {
        let error = error_after(|json| json["block"][key] = value.into());
        assert_starts(&error, "block.hash: is 0x");
    }
}

#[test]
fn a_changed_transaction() {
    let error = error_after(|json| json["block"]["transactions"][2]["value"] = "0x1".into());
    assert_starts(&error, "block.transactions[2].hash: is 0x");
    let error = error_after(|json| json["block"]["transactions"][0]["v"] = "0x1b".into());
    assert_starts(&error, "block.transactions[0].hash: is 0x");
}

#[test]
fn transactions_dropped_or_swapped() {
    let error = error_after(|json| {
        json["block"]["transactions"].as_array_mut().unwrap().pop();
    });
    assert_starts(&error, "block.transactionsRoot: is 0x");
    let error = error_after(|json| json["block"]["transactions"].as_array_mut().unwrap().swap(0, 1));
    assert_starts(&error, "block.transactionsRoot: is 0x");
}

#[test]
fn a_swapped_sender() {
    let error = error_after(|json| {
        let from = json["block"]["transactions"][3]["from"].clone();
        json["block"]["transactions"][0]["from"] = from;
    });
    assert_starts(&error, "block.transactions[0].from: is 0x");
    assert!(error.contains("but the signature is of 0x"), "{error}");
}

#[test]
fn a_signature_that_gives_no_sender() {
    let mut file = built().file;
    let transactions = &mut file.block.body.transactions;
    let alloy_consensus::TxEnvelope::Legacy(signed) = &transactions[0] else {
        panic!()
    };
    let broken = alloy_primitives::Signature::new(alloy_primitives::U256::ZERO, signed.signature().s(), true);
    let tx = signed.tx().clone();
    transactions[0] = alloy_consensus::Signed::new_unhashed(tx, broken).into();
    file.block.header.transactions_root =
        alloy_consensus::proofs::calculate_transaction_root(&file.block.body.transactions);
    file.hash = file.block.header.hash_slow();
    let file = BlockFile::from_json(file.to_json().as_bytes()).unwrap();
    assert_starts(
        &run(&file).unwrap_err().to_string(),
        "block.transactions[0]: no sender",
    );
}

#[test]
fn the_upper_of_two_signatures_is_refused_from_homestead_on() {
    let mut file = built().file;
    let order =
        alloy_primitives::uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);
    let transactions = &mut file.block.body.transactions;
    let alloy_consensus::TxEnvelope::Legacy(signed) = &transactions[0] else {
        panic!()
    };
    let signature = signed.signature();
    let upper = alloy_primitives::Signature::new(signature.r(), order - signature.s(), !signature.v());
    transactions[0] = alloy_consensus::Signed::new_unhashed(signed.tx().clone(), upper).into();
    file.block.header.transactions_root =
        alloy_consensus::proofs::calculate_transaction_root(&file.block.body.transactions);
    assert_starts(
        &run(&file).unwrap_err().to_string(),
        "block.transactions[0]: no sender",
    );
}

#[test]
fn withdrawals_that_are_not_the_headers() {
    let error = error_after(|json| json["block"]["withdrawals"][0]["amount"] = "0x9".into());
    assert_starts(&error, "block.withdrawalsRoot: is 0x");
    let error = error_after(|json| {
        json["block"].as_object_mut().unwrap().remove("withdrawals");
    });
    assert_starts(&error, "block.withdrawals: is missing");
    let error = error_after(|json| {
        json["block"].as_object_mut().unwrap().remove("withdrawalsRoot");
    });
    assert_starts(&error, "block.withdrawalsRoot: is missing");
}

#[test]
fn ommers_that_contradict_the_header() {
    let error = error_after(|json| json["block"]["uncles"] = json!([ZERO_HASH]));
    assert_starts(&error, "block.uncles: has 1 entries");
}

#[test]
fn a_parent_hash_that_contradicts_the_header() {
    let error = error_after(|json| json["blockHashes"]["0x0"] = ZERO_HASH.into());
    assert_starts(&error, "blockHashes.0x0: is 0x0000");
}

#[test]
fn a_block_hash_that_is_asked_for_and_missing() {
    let path = "mainnet-blocks/4864590.json.gz";
    let Some(path) = support::data_for("missing block hash", path) else {
        return;
    };
    let file = BlockFile::read(path, DEFAULT_FILE_LIMIT).unwrap();
    let mut json: Value = serde_json::from_str(&file.to_json()).unwrap();
    json["blockHashes"] = json!({});
    let file = BlockFile::from_json(json.to_string().as_bytes()).unwrap();
    let error = run(&file).unwrap_err();
    assert!(matches!(error, Error::NodeFault { .. }));
    assert!(
        error
            .to_string()
            .contains("the hash of block 4864586 is not known"),
        "{error}"
    );
}

#[test]
fn a_header_that_lies_about_the_execution() {
    use alloy_primitives::{B256, Bloom};
    assert_eq!(
        mismatches_after(|file| file.block.header.receipts_root = B256::ZERO),
        ["receiptsRoot"]
    );
    assert_eq!(
        mismatches_after(|file| file.block.header.state_root = B256::ZERO),
        ["stateRoot"]
    );
    assert_eq!(
        mismatches_after(|file| file.block.header.gas_used += 1),
        ["gasUsed"]
    );
    assert_eq!(
        mismatches_after(|file| file.block.header.logs_bloom = Bloom::ZERO),
        ["logsBloom"]
    );
    assert_eq!(
        mismatches_after(|file| file.block.header.requests_hash = Some(B256::ZERO)),
        ["requestsHash"]
    );
    assert_eq!(
        mismatches_after(|file| file.block.header.blob_gas_used = Some(1)),
        ["blobGasUsed"]
    );
}

#[test]
fn a_changed_pre_state() {
    let sender = format!("{:#x}", support::block::account(1));
    let error = error_after(|json| json["preState"][&sender]["nonce"] = "0x5".into());
    assert_starts(&error, "transaction 0 (0x");
    assert!(error.contains("nonce"), "{error}");
    // A change that the block does not notice still changes the root of the state.
    let mut json = fixture();
    json["preState"]["0x00000000000000000000000000000000000000ee"] = json!({"balance": "0x1"});
    let report = run(&BlockFile::from_json(json.to_string().as_bytes()).unwrap()).unwrap();
    assert_eq!(report.mismatches[0].field, "stateRoot");
}

#[test]
fn a_gas_price_that_the_transaction_does_not_pay() {
    let typed = |json: &Value| {
        let transactions = json["block"]["transactions"].as_array().unwrap();
        transactions.iter().position(|tx| tx["type"] == "0x2")
    };
    let Some(index) = typed(&fixture()) else {
        panic!("the fixture has a transaction with a maximum fee")
    };
    let error = error_after(|json| {
        json["block"]["transactions"][index]["gasPrice"] = "0xffffffffffffffffffffffffffffffff".into();
    });
    assert_starts(
        &error,
        &format!("block.transactions[{index}].gasPrice: is 3402823669"),
    );
}

#[test]
fn a_header_that_no_chain_could_have() {
    let after = |change: fn(&mut alloy_consensus::Header)| {
        let mut file = built().file;
        change(&mut file.block.header);
        file.hash = file.block.header.hash_slow();
        let file = BlockFile::from_json(file.to_json().as_bytes()).unwrap();
        run(&file).unwrap_err().to_string()
    };
    assert_starts(&after(|h| h.gas_limit = 1 << 63), "block.gasLimit");
    assert_starts(&after(|h| h.extra_data = vec![0; 33].into()), "block.extraData");
    assert_starts(
        &after(|h| h.nonce = alloy_primitives::B64::repeat_byte(1)),
        "block.nonce",
    );
}

#[test]
fn a_header_without_the_fields_of_its_fork() {
    let fields = [
        "baseFeePerGas",
        "blobGasUsed",
        "excessBlobGas",
        "parentBeaconBlockRoot",
        "requestsHash",
    ];
    for field in fields {
        let mut file = built().file;
        let header = &mut file.block.header;
        match field {
            "baseFeePerGas" => header.base_fee_per_gas = None,
            "blobGasUsed" => header.blob_gas_used = None,
            "excessBlobGas" => header.excess_blob_gas = None,
            "parentBeaconBlockRoot" => header.parent_beacon_block_root = None,
            _ => header.requests_hash = None,
        }
        assert_starts(
            &run(&file).unwrap_err().to_string(),
            &format!("block.{field}: is missing"),
        );
    }
    let mut file = built().file;
    file.chain_spec = None;
    let error = run(&file).unwrap_err().to_string();
    assert_starts(
        &error,
        "block.baseFeePerGas: is there, but London is not active on mainnet",
    );
}

#[test]
fn a_missing_key() {
    for key in ["block", "preState"] {
        let error = error_after(|json| {
            json.as_object_mut().unwrap().remove(key);
        });
        assert!(error.contains(&format!("the key {key:?} is missing")), "{error}");
    }
    let error = error_after(|json| {
        json["block"]["transactions"][3]
            .as_object_mut()
            .unwrap()
            .remove("s");
    });
    assert_starts(&error, "block.transactions[3]: the key \"s\" is missing");
    let error = error_after(|json| {
        json["block"]["transactions"][3]
            .as_object_mut()
            .unwrap()
            .remove("chainId");
    });
    assert_starts(&error, "block.transactions[3].chainId: is missing");
}

#[test]
fn a_value_of_the_wrong_shape_names_its_place() {
    let error = error_after(|json| json["block"]["transactions"][3]["s"] = "0xzz".into());
    assert_starts(&error, "block.transactions[3].s: is \"0xzz\", but has to be");
    let error = error_after(|json| json["block"]["transactions"][3]["s"] = json!(1e300));
    assert_starts(&error, "block.transactions[3].s: is ");
    let error = error_after(|json| json["block"]["number"] = format!("0x1{}", "0".repeat(16)).into());
    assert_starts(&error, "block.number: the number does not fit in 64 bits");
    let error = error_after(|json| json["block"]["miner"] = "0x00".into());
    assert_starts(&error, "block.miner: ");
    let sender = format!("{:#x}", support::block::account(1));
    let error = error_after(|json| json["preState"][&sender]["balance"] = Value::Null);
    assert_starts(&error, &format!("preState.{sender}.balance: is "));
    let error = error_after(|json| json["block"]["transactions"][3]["type"] = "0x7f".into());
    assert_starts(&error, "block.transactions[3].type: type 127 is not known");
}

#[test]
fn neither_blobs_nor_authorizations_come_with_a_creation() {
    for kind in ["0x3", "0x4"] {
        let error = error_after(|json| {
            let transactions = json["block"]["transactions"].as_array_mut().unwrap();
            let typed = transactions.iter_mut().find(|tx| tx["type"] == "0x4").unwrap();
            typed["type"] = kind.into();
            typed["to"] = Value::Null;
        });
        assert_starts(&error, "block.transactions[5].to: is missing for this type");
    }
}

#[test]
fn a_chain_spec_that_is_not_one() {
    let error = error_after(|json| json["chainSpec"] = "mainet".into());
    assert_starts(&error, "chainSpec: no built-in chain spec is called \"mainet\"");
    let spec = serde_json::to_value(metisvm_vm::ChainSpec::metis_dev()).unwrap();
    let error = error_after(|json| {
        json["chainSpec"] = spec.clone();
        json["chainSpec"]["forks"]["osakaTme"] = 1.into();
    });
    assert_starts(
        &error,
        "chainSpec.forks.osakaTme: the key \"osakaTme\" is not a known key",
    );
    let mut json = fixture();
    json["chainSpec"] = spec;
    let file = BlockFile::from_json(json.to_string().as_bytes()).unwrap();
    assert!(
        run(&file).unwrap().matches_header(),
        "a spec in full is as good as its name"
    );
}

#[test]
fn unknown_keys_are_ignored_and_known_ones_may_come_once() {
    let mut json = fixture();
    json["comment"] = json!({"anything": [1, 2.5e300, null]});
    json["block"]["totalDifficulty"] = "0x0".into();
    json["block"]["transactions"][0]["yParity"] = Value::Null;
    let file = BlockFile::from_json(json.to_string().as_bytes()).unwrap();
    assert!(run(&file).unwrap().matches_header());

    let text = fixture().to_string();
    let twice = text.replacen(
        "\"preStateComplete\":true",
        "\"preStateComplete\":true,\"blockHashes\":{}",
        1,
    );
    let error = BlockFile::from_json(twice.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("the key \"blockHashes\" comes twice"), "{error}");
    let account = "\"preState\":{\"0x00000000000000000000000000000000000000EE\":{\"balance\":\"0x1\"},\
                   \"0x00000000000000000000000000000000000000ee\":{\"balance\":\"0x2\"},";
    let twice = text.replacen("\"preState\":{", account, 1);
    let error = BlockFile::from_json(twice.as_bytes()).unwrap_err().to_string();
    assert_starts(&error, "preState");
    assert!(error.contains("comes twice"), "{error}");
}

#[test]
fn something_that_is_not_a_block_file() {
    for (text, part) in [
        ("", "is empty"),
        ("hello", "is not JSON"),
        ("[]", "is an array, but has to be an object"),
        ("{}", "the key \"block\" is missing"),
        ("null", "is not JSON, or not an object"),
        ("\u{feff}{}", "the key \"block\" is missing"),
    ] {
        let error = BlockFile::from_json(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(part), "{text:?}: {error}");
    }
    let error = BlockFile::from_json(&[0xff, 0xfe, 0x00]).unwrap_err().to_string();
    assert!(error.contains("UTF-16"), "{error}");
    // Deep nesting must not exhaust the stack, wherever it stands.
    for start in [
        "{\"x\":",
        "{\"block\":",
        "{\"chainSpec\":",
        "{\"block\":{\"transactions\":",
    ] {
        let deep = format!("{start}{}", "[".repeat(1_000_000));
        assert!(BlockFile::from_json(deep.as_bytes()).is_err());
        let deep = format!("{start}{}", "{\"x\":".repeat(1_000_000));
        assert!(BlockFile::from_json(deep.as_bytes()).is_err());
    }
    let more = format!("{} {{}}", fixture());
    let error = BlockFile::from_json(more.as_bytes()).unwrap_err().to_string();
    assert_starts(&error, "the end of the file: trailing characters");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn read(bytes: &[u8], limit: u64) -> Result<BlockFile, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("the-file.json.gz");
    std::fs::write(&path, bytes).unwrap();
    BlockFile::read(&path, limit)
}

#[test]
fn plain_and_compressed_files_are_read_alike() {
    let json = built().file.to_json();
    for bytes in [json.as_bytes().to_vec(), gzip(json.as_bytes())] {
        assert_eq!(read(&bytes, DEFAULT_FILE_LIMIT).unwrap(), built().file);
    }
}

#[test]
fn a_truncated_or_damaged_gzip_file() {
    let whole = gzip(built().file.to_json().as_bytes());
    for length in [3, 10, whole.len() / 2, whole.len() - 1] {
        let error = read(&whole[..length], DEFAULT_FILE_LIMIT).unwrap_err();
        assert!(matches!(error.without_file(), Error::Gzip(_)), "{error}");
        assert!(
            error
                .to_string()
                .contains("the-file.json.gz: the gzip data is damaged or ends early")
        );
    }
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    assert!(read(&damaged, DEFAULT_FILE_LIMIT).is_err());
    let mut longer = whole;
    longer.extend_from_slice(b"trailing");
    assert!(matches!(
        read(&longer, DEFAULT_FILE_LIMIT).unwrap_err().without_file(),
        Error::Gzip(_)
    ));
}

#[test]
fn a_file_that_decompresses_to_too_much() {
    let bomb = gzip(&vec![b' '; 4 << 20]);
    assert!(bomb.len() < 8_192);
    let error = read(&bomb, 1 << 20).unwrap_err();
    assert!(
        matches!(error.without_file(), Error::TooLarge { limit: 1_048_576 }),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .ends_with("the-file.json.gz: holds more than 1048576 bytes; a block file may not")
    );
    // Plain files, and many gzip members one after the other, are bounded just the same.
    assert!(matches!(
        read(&vec![b' '; 2 << 20], 1 << 20).unwrap_err().without_file(),
        Error::TooLarge { .. }
    ));
    let members = gzip(&vec![b' '; 1 << 19]).repeat(4);
    assert!(matches!(
        read(&members, 1 << 20).unwrap_err().without_file(),
        Error::TooLarge { .. }
    ));
    let json = built().file.to_json();
    assert!(read(json.as_bytes(), json.len() as u64).is_ok());
    assert!(read(json.as_bytes(), json.len() as u64 - 1).is_err());
}

#[test]
fn a_file_that_is_not_there_or_is_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().to_owned(), folder.path().join("nothing.json")] {
        let error = BlockFile::read(&path, DEFAULT_FILE_LIMIT).unwrap_err();
        assert!(matches!(error.without_file(), Error::Read(_)), "{error}");
        assert!(error.to_string().starts_with(&path.display().to_string()));
    }
}

/// Ten thousand files with a few bytes changed: whatever happens is an error or a report.
#[test]
fn random_damage_never_panics() {
    let json = built().file.to_json().into_bytes();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random as usize
    };
    let (mut executed, mut refused) = (0, 0);
    for round in 0..10_000 {
        let mut damaged = json.clone();
        for _ in 0..=round % 3 {
            let at = next() % damaged.len();
            match next() % 3 {
                0 => damaged[at] = b"0123456789abcdef\"{}[],:x"[next() % 24],
                1 => {
                    damaged.remove(at);
                }
                _ => damaged.insert(at, b"0f"[next() % 2]),
            }
        }
        match BlockFile::from_json(&damaged).and_then(|file| run(&file)) {
            Ok(_) => executed += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(
        refused > 5_000 && executed > 100,
        "{refused} refused, {executed} executed"
    );
}
