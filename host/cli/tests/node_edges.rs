//! The node at the edges of what it takes: transactions that no block can have, damaged files, options that contradict
//! the chain.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use alloy_primitives::hex;
use serde_json::{Value, json};
use support::node::{Node, accounts, number};

/// An account that nobody uses.
const IDLE: &str = "0x00000000000000000000000000000000000000ab";

/// What the second account signed for its first transaction on any chain: that its code is the one of [`IDLE`].
fn authorization() -> Value {
    json!({
        "chainId": "0x0", "address": IDLE, "nonce": "0x0", "yParity": "0x1",
        "r": "0x99c126da20397558f23658764c3a7c583db7ff706e93981cc170e27ca8336201",
        "s": "0x1e8b5af53be71c9c4eb1a7f0a1d0423948463393259ca5214252eb4164fe731f",
    })
}

#[test]
fn gas_is_estimated_where_less_than_the_intrinsic_gas_is_tried_on_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    let accounts = accounts(&node);
    // A part comes back, since the authority exists: so what is used is less than what is needed.
    let request = json!({"from": accounts[0], "to": IDLE, "authorizationList": [authorization()]});
    let estimated = number(&node.get("eth_estimateGas", json!([request])));
    assert!((46_000..47_000).contains(&estimated), "{estimated}");
    let receipt = node.send(request);
    assert_eq!(receipt["status"], "0x1");
    assert!(number(&receipt["gasUsed"]) < 46_000, "{receipt}");
    let delegated = node.get("eth_getCode", json!([accounts[1], "latest"]));
    assert_eq!(delegated, format!("0xef0100{}", &IDLE[2..]));
    let little = json!({"from": accounts[0], "to": IDLE, "data": "0x01", "gas": "0x5208"});
    assert_eq!(
        node.error("eth_estimateGas", json!([little])),
        (-32000, "gas required exceeds allowance (21000)".to_owned())
    );
}

#[test]
fn a_transaction_that_no_block_can_take_is_refused_and_mines_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    let from = accounts(&node)[0].clone();
    let hash = |version: &str| format!("0x{version}{:062}", 1);
    let blobs = |hashes: Vec<String>, fee: &str| json!({"from": from, "to": IDLE, "gas": "0x5208", "blobVersionedHashes": hashes, "maxFeePerBlobGas": fee});
    let long = format!("0x{}", "00".repeat(49_153));
    for (transaction, says) in [
        (
            json!({"from": from, "data": long, "gas": "0xf42400"}),
            "max initcode size exceeded",
        ),
        (
            json!({"from": from, "to": IDLE, "gas": "0x5208", "nonce": "0xffffffffffffffff"}),
            "nonce has max value",
        ),
        (
            json!({"from": from, "to": IDLE, "gas": "0x5208", "authorizationList": []}),
            "empty auth list",
        ),
        (blobs(vec![], "0xff"), "blobless"),
        (blobs(vec![hash("02")], "0xff"), "invalid hash version 2"),
        (
            blobs(vec![hash("01"); 7], "0xff"),
            "too many blobs in transaction: have 7, permitted 6",
        ),
        (blobs(vec![hash("01")], "0x0"), "max fee per blob gas less than"),
    ] {
        let (code, message) = node.error("eth_sendTransaction", json!([transaction]));
        assert!(message.contains(says), "{says}: {message}");
        assert_eq!(code, -32000, "{message}");
    }
    // Fees as large as they can be written.
    for tip in ["0xffffffffffffffff", "0xffffffffffffffffffffffffffffffff"] {
        let dear = json!({"from": from, "to": IDLE, "gas": "0x5208", "maxPriorityFeePerGas": tip});
        let (_, message) = node.error("eth_sendTransaction", json!([dear]));
        assert!(message.contains("insufficient funds"), "{message}");
    }
    assert_eq!(node.get("eth_blockNumber", json!([])), "0x0");
    assert_eq!(node.get("txpool_status", json!([]))["pending"], "0x0");
    let taken = node.send(blobs(vec![hash("01"); 6], "0xff"));
    assert_eq!(taken["status"], "0x1");
}

#[test]
fn what_waited_for_a_transaction_is_mined_with_it_in_as_many_blocks_as_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &["--gas-limit", "63000"]);
    let from = accounts(&node)[0].clone();
    for nonce in (0..7).rev() {
        let nonce = format!("{nonce:#x}");
        let pay = json!({"from": from, "to": IDLE, "gas": "0x5208", "value": "0x1", "nonce": nonce,
            "maxFeePerGas": "0x174876e800"});
        node.get("eth_sendTransaction", json!([pay]));
    }
    assert_eq!(
        node.get("txpool_status", json!([])),
        json!({"pending": "0x0", "queued": "0x0"})
    );
    assert_eq!(node.get("eth_blockNumber", json!([])), "0x3");
    assert_eq!(number(&node.get("eth_getBalance", json!([IDLE, "latest"]))), 7);
}

#[test]
fn what_an_account_with_code_sent_is_traced_and_blocks_far_ahead_have_no_hash() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    node.get("anvil_setCode", json!([IDLE, "0x00"]));
    node.get("anvil_setBalance", json!([IDLE, "0xde0b6b3a7640000"]));
    node.get("anvil_impersonateAccount", json!([IDLE]));
    let to = accounts(&node)[0].clone();
    let receipt = node.send(json!({"from": IDLE, "to": to, "value": "0x1"}));
    let traced = node.get(
        "debug_traceTransaction",
        json!([receipt["transactionHash"], {"tracer": "callTracer"}]),
    );
    assert_eq!(traced["from"], IDLE);
    let traced = node.get("debug_traceBlockByNumber", json!(["latest"]));
    assert_eq!(traced.as_array().unwrap().len(), 1);

    // BLOCKHASH of the block before, and of the one that is the last one really.
    let hash_of = |number: &str, code: &str| {
        let code = format!("0x{code}4060005260206000f3");
        node.get(
            "eth_call",
            json!([{"to": to}, "latest", {to.as_str(): {"code": code}}, {"number": number}]),
        )
    };
    assert_eq!(hash_of("0x3e8", "60014303"), format!("0x{:064}", 0));
    assert_eq!(hash_of("0x2", "60014303"), receipt["blockHash"]);
}

#[test]
fn a_damaged_body_stops_the_start_and_nothing_behind_it_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--datadir", "chain", "--timestamp", "1000000"];
    let node = Node::start(folder.path(), &arguments);
    node.get("hardhat_mine", json!(["0x14"]));
    let head = node.get("eth_getBlockByNumber", json!(["latest", false]));
    assert!(node.terminate());
    let bodies = folder.path().join("chain/bodies.log");
    let whole = std::fs::read(&bodies).unwrap();
    let mut damaged = whole.clone();
    let at = whole.len() / 2;
    damaged[at] ^= 0x10;
    std::fs::write(&bodies, &damaged).unwrap();
    let refused = support::run(
        folder.path(),
        &[&["node", "--port", "0"], &arguments[..]].concat(),
    );
    assert_eq!(refused.status.code(), Some(1));
    let said = support::stderr(&refused);
    let byte = said
        .split("reading stopped at byte ")
        .nth(1)
        .unwrap_or_else(|| panic!("{said}"));
    let byte: usize = byte.split(',').next().unwrap().parse().unwrap();
    assert!(byte <= at && at - byte < whole.len() / 10, "{said}");
    assert_eq!(std::fs::read(&bodies).unwrap(), damaged);
    std::fs::write(&bodies, &whole).unwrap();
    let node = Node::start(folder.path(), &arguments);
    assert_eq!(node.get("eth_getBlockByNumber", json!(["latest", false])), head);
}

#[test]
fn options_that_contradict_the_chain_of_the_folder_or_give_well_known_keys_away_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let chain = ["--datadir", "chain", "--chain-id", "1337"];
    let node = Node::start(folder.path(), &chain);
    assert!(node.terminate());
    let refused = |arguments: &[&str]| {
        let output = support::run(folder.path(), &[&["node", "--port", "0"], arguments].concat());
        assert!(!output.status.success());
        support::stderr(&output)
    };
    let said = refused(&["--datadir", "chain", "--chain-id", "31337"]);
    assert!(
        said.contains("(1337)") && said.contains("--chain-id asks for chain 31337"),
        "{said}"
    );
    let config = json!({
        "chainId": 1337, "homesteadBlock": 0, "eip150Block": 0, "eip155Block": 0, "eip158Block": 0, "byzantiumBlock": 0,
        "constantinopleBlock": 0, "petersburgBlock": 0, "istanbulBlock": 0, "berlinBlock": 0, "londonBlock": 0,
        "mergeNetsplitBlock": 0, "terminalTotalDifficulty": 0, "shanghaiTime": 0,
    });
    let genesis = json!({"config": config, "gasLimit": "0x1c9c380", "difficulty": "0x0", "alloc": {}});
    std::fs::write(folder.path().join("genesis.json"), genesis.to_string()).unwrap();
    let said = refused(&["--datadir", "chain", "--genesis", "genesis.json"]);
    assert!(said.contains("--genesis asks for"), "{said}");
    let junk = format!("{}junk", "test ".repeat(11));
    let said = refused(&["--chain-id", "1", "--mnemonic", &junk]);
    assert!(said.contains("no development chain"), "{said}");
    // The same again is no contradiction.
    let node = Node::start(folder.path(), &chain);
    assert_eq!(node.welcome["chain_id"], 1337);
}

#[test]
fn a_model_that_was_added_while_the_node_ran_is_there_when_it_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let onnx = support::repository("models/credit/credit_qdq.onnx");
    let imported = support::run(
        folder,
        &["model", "import", onnx.to_str().unwrap(), "-o", "credit.bundle"],
    );
    assert!(imported.status.success(), "{}", support::stderr(&imported));
    let bundle = std::fs::read(folder.join("credit.bundle")).unwrap();
    let node = Node::start(folder, &["--datadir", "chain"]);
    let id = node.get("metis_addModel", json!([hex::encode_prefixed(&bundle)]));
    assert_eq!(node.get("metis_registerModel", json!([id])), true);
    node.get("evm_mine", json!([]));
    node.kill();
    let node = Node::start(folder, &["--datadir", "chain"]);
    let info = node.get("metis_modelInfo", json!([id]));
    assert_eq!(
        (&info["registered"], &info["name"]),
        (&json!(true), &json!("model 3"))
    );
    assert!(node.terminate());
    let kept = folder.join(format!("chain/models/{}.bundle", id.as_str().unwrap()));
    assert_eq!(std::fs::read(&kept).unwrap(), bundle);
    std::fs::write(&kept, &bundle[1..]).unwrap();
    let refused = support::run(folder, &["node", "--port", "0", "--datadir", "chain"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(support::stderr(&refused).contains("metis_addModel"));
}

#[test]
fn what_asks_for_more_than_there_is_gets_what_there_is_or_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--history", "2", "--datadir", "chain"];
    let node = Node::start(folder.path(), &arguments);
    let rules = node.get("eth_config", json!([]));
    node.get("hardhat_mine", json!(["0x5"]));
    let check = |node: &Node| {
        let fees = node.get("eth_feeHistory", json!(["0x5", "latest", []]));
        assert_eq!(fees["oldestBlock"], "0x4");
        assert_eq!(fees["gasUsedRatio"].as_array().unwrap().len(), 2);
        assert_eq!(node.get("eth_config", json!([]))["current"], rules["current"]);
    };
    check(&node);
    let (code, message) = node.error("eth_subscribe", json!(["newHeads"]));
    assert_eq!(code, -32601);
    assert!(message.contains("WebSocket"), "{message}");
    assert!(node.terminate());
    check(&Node::start(folder.path(), &arguments));
}

/// The precompile reads a slot of the registry, which costs less where the list has it.
#[test]
fn an_access_list_has_the_slot_of_the_registry_that_an_inference_reads() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    let from = accounts(&node)[0].clone();
    let model = node.get("metis_models", json!([]))[0]["id"].clone();
    let spec = metisvm_vm::ChainSpec::metis_dev();
    let inference = spec.inference.as_ref().unwrap();
    // modelInfo(bytes32)
    let selector = hex::encode_prefixed(&alloy_primitives::keccak256("modelInfo(bytes32)")[..4]);
    let data = format!("{selector}{}", &model.as_str().unwrap()[2..]);
    let call = json!({"from": from, "to": inference.precompile, "data": data, "gas": "0x30d40"});
    let listed = node.get("eth_createAccessList", json!([call]));
    assert_eq!(listed.get("error"), None, "{listed}");
    let slot = metisvm_vm::registry_slot(model.as_str().unwrap().parse().unwrap());
    let slot = alloy_primitives::B256::from(slot);
    assert_eq!(
        listed["accessList"],
        json!([{"address": inference.registry, "storageKeys": [slot]}])
    );
    let mut with = call.clone();
    with["accessList"] = listed["accessList"].clone();
    let receipt = node.send(with.clone());
    assert_eq!(receipt["gasUsed"], listed["gasUsed"]);
    // A list costs 2,400 for the address and 1,900 for the slot, and makes 2,100 for reading it 100.
    let without = node.send(call);
    assert_eq!(number(&receipt["gasUsed"]), number(&without["gasUsed"]) + 2300);
    // What it has already comes out as it is.
    assert_eq!(node.get("eth_createAccessList", json!([with])), listed);
}

#[test]
fn a_node_begins_anew_where_its_first_block_is_not_kept_any_more_and_on_disk_too() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--history", "2", "--history-states", "1", "--datadir", "chain"];
    let node = Node::start(folder.path(), &arguments);
    let first = node.get("eth_getBlockByNumber", json!(["latest", false]));
    node.get("hardhat_mine", json!(["0x14"]));
    assert_eq!(node.error("eth_getBlockByNumber", json!(["0x0", false])).0, 4444);
    assert_eq!(node.get("anvil_reset", json!([])), Value::Null);
    assert_eq!(node.get("eth_getBlockByNumber", json!(["latest", false])), first);
    let accounts = accounts(&node);
    let pay = json!({"from": accounts[0], "to": accounts[1], "value": "0x1"});
    let receipt = node.send(pay.clone());
    assert_eq!(receipt["blockNumber"], "0x1");
    node.kill();
    let node = Node::start(folder.path(), &arguments);
    let head = node.get("eth_getBlockByNumber", json!(["latest", false]));
    assert_eq!(head["hash"], receipt["blockHash"]);
    // This one began with that block.
    node.send(pay);
    node.get("anvil_reset", json!([]));
    assert_eq!(node.get("eth_getBlockByNumber", json!(["latest", false])), head);
    assert!(node.error("anvil_dumpState", json!([])).1.contains("--datadir"));
    // Further than the disk can go back, and nothing is changed.
    node.get("hardhat_mine", json!(["0x12c"]));
    assert_eq!(node.error("anvil_reset", json!([])).0, -32000);
    assert_eq!(node.get("eth_blockNumber", json!([])), "0x12d");
    node.get("evm_mine", json!([]));
}

/// The allocator would ask for them, and a node that waits would fill a small part of each.
#[test]
fn a_node_takes_no_huge_pages() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    assert_eq!(node.memory("THP_enabled"), 0);
}
