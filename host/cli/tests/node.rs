//! The node as contract developers have it: deploy a contract that infers, call it, move time and state about.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use alloy_primitives::{B256, Bytes, U256, hex};
use serde_json::{Value, json};
use support::node::{Node, accounts, artefact, number, post};
use support::repository;

/// Bytes of an image of the test set.
const IMAGE: usize = 64;
/// An account that nobody uses.
const IDLE: &str = "0x00000000000000000000000000000000000000ab";

fn selector(signature: &str) -> Vec<u8> {
    alloy_primitives::keccak256(signature)[..4].to_vec()
}

/// The call of a function that takes one value of `bytes`.
fn with_bytes(signature: &str, before: &[U256], bytes: &[u8]) -> String {
    let mut data = selector(signature);
    for word in before {
        data.extend(word.to_be_bytes::<32>());
    }
    data.extend(U256::from(32 * (before.len() + 1)).to_be_bytes::<32>());
    data.extend(U256::from(bytes.len()).to_be_bytes::<32>());
    data.extend(bytes);
    data.resize((data.len() - 4).next_multiple_of(32) + 4, 0);
    hex::encode_prefixed(data)
}

/// Deploys the digit classifier with the first model, and gives its address.
fn classifier(node: &Node, from: &str) -> String {
    let model = node.get("metis_models", json!([]))[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let code = artefact("DigitClassifier")["bytecode"]
        .as_str()
        .unwrap()
        .to_owned();
    let receipt =
        node.send(json!({"from": from, "data": format!("{code}{}", model.trim_start_matches("0x"))}));
    assert_eq!(receipt["status"], "0x1");
    receipt["contractAddress"].as_str().unwrap().to_owned()
}

fn images() -> (Vec<u8>, Vec<u8>) {
    let read = |name: &str| std::fs::read(repository(&format!("models/digits/{name}"))).unwrap();
    (read("test_images.bin"), read("test_labels.bin"))
}

#[test]
fn a_contract_that_infers_is_deployed_and_called_on_a_fresh_node() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    assert_eq!(node.get("eth_chainId", json!([])), "0x4d564d");
    let accounts = accounts(&node);
    assert_eq!(accounts.len(), 10);
    assert_eq!(accounts[0], "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266");
    let contract = classifier(&node, &accounts[0]);
    let (images, labels) = images();
    let mut right = 0;
    for (image, label) in images.chunks(IMAGE).zip(&labels).take(30) {
        let data = with_bytes("preview(bytes)", &[], image);
        let class = node.get("eth_call", json!([{"to": contract, "data": data}, "latest"]));
        right += u32::from(number(&class) == u64::from(*label));
    }
    assert!(right >= 27, "{right} of 30");

    let data = with_bytes("classify(uint256,bytes)", &[U256::from(7)], &images[..IMAGE]);
    let estimated = number(&node.get(
        "eth_estimateGas",
        json!([{"from": accounts[1], "to": contract, "data": data}]),
    ));
    let receipt = node.send(json!({"from": accounts[1], "to": contract, "data": data}));
    assert_eq!(receipt["status"], "0x1");
    let used = number(&receipt["gasUsed"]);
    assert!(
        used <= estimated && estimated <= used * 13 / 10,
        "{used} {estimated}"
    );
    let log = &receipt["logs"][0];
    assert_eq!(log["address"], contract.as_str());
    assert_eq!(number(&log["topics"][1]), 7);
    let found = node.get("eth_getLogs", json!([{"address": contract, "fromBlock": "0x0"}]));
    assert_eq!(found.as_array().unwrap().len(), 1);
    let remembered = node.get("metis_inferences", json!([]));
    assert!(remembered[0]["backend"].as_str().unwrap().contains("reference"));
    assert!(node.terminate());
}

#[test]
fn a_revert_has_code_3_and_its_data_and_a_model_that_is_unknown_reverts() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    let accounts = accounts(&node);
    let contract = classifier(&node, &accounts[0]);
    let short = with_bytes("preview(bytes)", &[], &[1, 2, 3]);
    let error = node
        .ask("eth_call", json!([{"to": contract, "data": short}, "latest"]))
        .unwrap_err();
    assert_eq!(error["code"], 3);
    let data: Bytes = error["data"].as_str().unwrap().parse().unwrap();
    assert_eq!(data[..4], selector("WrongInputLength(uint256,uint256)"));
    let error = node
        .ask("eth_estimateGas", json!([{"to": contract, "data": short}]))
        .unwrap_err();
    assert_eq!(error["code"], 3);

    let model = node.get("metis_models", json!([]))[0]["id"].clone();
    let snapshot = node.get("evm_snapshot", json!([]));
    assert_eq!(node.get("metis_unregisterModel", json!([model])), true);
    let (images, _) = images();
    let call = with_bytes("preview(bytes)", &[], &images[..IMAGE]);
    let error = node
        .ask("eth_call", json!([{"to": contract, "data": call}, "latest"]))
        .unwrap_err();
    let data: Bytes = error["data"].as_str().unwrap().parse().unwrap();
    assert_eq!(data[..4], selector("UnknownModel(bytes32)"));
    assert_eq!(node.get("evm_revert", json!([snapshot])), true);
    node.get("eth_call", json!([{"to": contract, "data": call}, "latest"]));
}

#[test]
fn state_and_time_are_moved_and_a_snapshot_brings_both_back() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &["--timestamp", "1000000"]);
    let accounts = accounts(&node);
    let whale = "0x00000000000000000000000000000000000000aa";
    let snapshot = node.get("evm_snapshot", json!([]));
    node.get("anvil_setBalance", json!([whale, "0xde0b6b3a7640000"]));
    node.get("hardhat_setNonce", json!([whale, "0x5"]));
    node.get("anvil_setCode", json!([accounts[9], "0x6001600055"]));
    node.get("anvil_setStorageAt", json!([accounts[9], "0x2", "0x07"]));
    assert_eq!(
        node.get("eth_getCode", json!([accounts[9], "latest"])),
        "0x6001600055"
    );
    assert_eq!(
        number(&node.get("eth_getStorageAt", json!([accounts[9], "0x2", "latest"]))),
        7
    );
    let (_, refused) = node.error(
        "eth_sendTransaction",
        json!([{"from": whale, "to": accounts[0], "value": "0x1"}]),
    );
    assert!(refused.contains("anvil_impersonateAccount"), "{refused}");
    node.get("hardhat_impersonateAccount", json!([whale]));
    let receipt = node.send(json!({"from": whale, "to": accounts[0], "value": "0x1"}));
    assert_eq!(receipt["from"], whale);
    let sent = node.get("eth_getTransactionByHash", json!([receipt["transactionHash"]]));
    assert_eq!((number(&sent["nonce"]), &sent["from"]), (5, &json!(whale)));

    let head = node.get("eth_getBlockByNumber", json!(["latest", false]));
    let next = number(&head["timestamp"]) + 86_400;
    node.get("evm_setNextBlockTimestamp", json!([next]));
    node.get("evm_mine", json!([]));
    node.get("hardhat_mine", json!(["0x3e8", "0xc"]));
    let head = node.get("eth_getBlockByNumber", json!(["latest", false]));
    assert_eq!(number(&head["number"]), 1002);
    assert!((next + 12 * 999..next + 12 * 1000 + 60).contains(&number(&head["timestamp"])));
    let (code, pruned) = node.error("eth_getBalance", json!([whale, "0x0"]));
    assert_eq!(code, 4444);
    assert!(pruned.contains("--history-states"), "{pruned}");

    assert_eq!(node.get("evm_revert", json!([snapshot])), true);
    assert_eq!(node.get("evm_revert", json!([snapshot])), false);
    assert_eq!(number(&node.get("eth_blockNumber", json!([]))), 0);
    assert_eq!(number(&node.get("eth_getBalance", json!([whale, "latest"]))), 0);
    assert_eq!(
        node.get("eth_getTransactionReceipt", json!([receipt["transactionHash"]])),
        Value::Null
    );
}

#[test]
fn transactions_wait_for_their_turn_where_nothing_is_mined_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &["--no-mining"]);
    let accounts = accounts(&node);
    let pay = |nonce: u64, fee: &str| {
        let transaction = json!({
            "from": accounts[0], "to": accounts[1], "value": "0x1", "nonce": format!("{nonce:#x}"), "gas": "0x5208",
            "maxFeePerGas": fee, "maxPriorityFeePerGas": "0x1",
        });
        node.ask("eth_sendTransaction", json!([transaction]))
    };
    pay(1, "0x77359400").unwrap();
    assert_eq!(
        node.get("txpool_status", json!([])),
        json!({"pending": "0x0", "queued": "0x1"})
    );
    let first = pay(0, "0x77359400").unwrap();
    assert_eq!(
        node.get("txpool_status", json!([])),
        json!({"pending": "0x2", "queued": "0x0"})
    );
    assert_eq!(
        number(&node.get("eth_getTransactionCount", json!([accounts[0], "pending"]))),
        2
    );
    assert_eq!(
        number(&node.get("eth_getTransactionCount", json!([accounts[0], "latest"]))),
        0
    );
    let error = pay(0, "0x77359401").unwrap_err();
    assert!(
        error["message"].as_str().unwrap().contains("underpriced"),
        "{error}"
    );
    let replaced = json!({
        "from": accounts[0], "to": accounts[1], "value": "0x2", "nonce": "0x0", "gas": "0x5208",
        "maxFeePerGas": "0xb2d05e00", "maxPriorityFeePerGas": "0x2",
    });
    let second = node.get("eth_sendTransaction", json!([replaced]));
    let pending = node.get("eth_getBlockByNumber", json!(["pending", false]));
    assert_eq!(pending["transactions"].as_array().unwrap().len(), 2);
    node.get("evm_mine", json!([]));
    assert_eq!(node.get("eth_getTransactionReceipt", json!([first])), Value::Null);
    assert_eq!(
        node.get("eth_getTransactionReceipt", json!([second]))["status"],
        "0x1"
    );
    let balance: U256 = node
        .get("eth_getBalance", json!([accounts[1], "latest"]))
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let ether = U256::from(10).pow(U256::from(18));
    assert_eq!(balance, U256::from(10_000) * ether + U256::from(3));
    let (_, low) = node.error("eth_sendTransaction", json!([replaced]));
    assert!(low.contains("nonce too low"), "{low}");
}

#[test]
fn news_comes_over_a_websocket_with_hexadecimal_ids_and_filters_have_it_too() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    let accounts = accounts(&node);
    let contract = classifier(&node, &accounts[0]);
    let mut socket = node.socket();
    socket.send("eth_subscribe", &json!(["newHeads"]));
    let heads = socket.next()["result"].clone();
    assert!(heads.as_str().unwrap().starts_with("0x"), "{heads}");
    socket.send("eth_subscribe", &json!(["logs", {"address": contract}]));
    let logs = socket.next()["result"].clone();
    let filter = node.get("eth_newFilter", json!([{"address": contract}]));
    let (images, _) = images();
    let data = with_bytes("classify(uint256,bytes)", &[U256::from(1)], &images[..IMAGE]);
    let receipt = node.send(json!({"from": accounts[1], "to": contract, "data": data}));
    let mut seen = [false; 2];
    while seen != [true; 2] {
        let message = socket.next();
        let result = &message["params"]["result"];
        if message["params"]["subscription"] == heads {
            assert_eq!(result["hash"], receipt["blockHash"]);
            seen[0] = true;
        } else {
            assert_eq!(message["params"]["subscription"], logs);
            assert_eq!(result["transactionHash"], receipt["transactionHash"]);
            seen[1] = true;
        }
    }
    let changes = node.get("eth_getFilterChanges", json!([filter]));
    assert_eq!(changes.as_array().unwrap().len(), 1);
    assert_eq!(node.get("eth_getFilterChanges", json!([filter])), json!([]));
    assert_eq!(node.get("eth_uninstallFilter", json!([filter])), true);
    let (code, _) = node.error("eth_getFilterChanges", json!([filter]));
    assert_eq!(code, -32001);
}

#[test]
fn strangers_and_nonsense_get_a_clear_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    let ask = r#"{"jsonrpc":"2.0","id":1,"method":"eth_accounts"}"#;
    let (status, body) = node.http(&[("host", "evil.example")], ask);
    assert_eq!(status, 403, "{body}");
    let (status, body) = node.http(&[("origin", "https://evil.example")], ask);
    assert_eq!(status, 403, "{body}");
    assert_eq!(node.http(&[("origin", "http://localhost:3000")], ask).0, 200);
    for (body, code) in [
        ("{", -32700),
        ("[]", -32600),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":{"a":1}}"#,
            -32602,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":["0x1"]}"#,
            -32602,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"eth_nothing","params":[]}"#,
            -32601,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"eth_sendRawTransaction","params":["0x02c0"]}"#,
            -32602,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"hardhat_mine","params":["0xffffffffffff"]}"#,
            -32602,
        ),
    ] {
        let (_, answer) = node.http(&[], body);
        let answer: Value =
            serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{body}: {error}: {answer}"));
        assert_eq!(answer["error"]["code"], code, "{body}: {answer}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let request = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{deep}]}}"#);
    assert!(node.http(&[], &request).1.contains("error"));
    let batch = format!("[{}]", vec![ask; 1001].join(","));
    assert!(node.http(&[], &batch).1.contains("error"));
    let batch = format!("[{}]", vec![ask; 100].join(","));
    let answers: Vec<Value> = serde_json::from_str(&node.http(&[], &batch).1).unwrap();
    assert_eq!(answers.len(), 100);
    let large = post(node.address, &[], &" ".repeat(40 << 20));
    assert!(large.is_err() || large.unwrap().0 == 413);
    assert_eq!(node.get("eth_blockNumber", json!([])), "0x0");
}

/// Clients name an error by geth's words, and Hardhat's helpers look at who answers.
#[test]
fn a_node_answers_in_the_words_and_by_the_name_that_clients_look_for() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &["--client-version", "anvil/metisvm"]);
    assert_eq!(node.get("web3_clientVersion", json!([])), "anvil/metisvm");
    assert_eq!(
        node.get("hardhat_metadata", json!([]))["clientVersion"],
        "anvil/metisvm"
    );
    let poor = json!({"from": "0x00000000000000000000000000000000000000aa", "to": IDLE, "value": "0x5"});
    for (method, params) in [
        ("eth_estimateGas", json!([poor])),
        ("eth_call", json!([poor, "latest"])),
    ] {
        let (code, message) = node.error(method, params);
        assert_eq!(code, -32000);
        assert!(
            message.starts_with("insufficient funds for ") && message.ends_with(" have 0 want 5"),
            "{message}"
        );
    }
    let (_, message) = node.error("eth_call", json!([{"to": IDLE, "gas": "0x5207"}, "latest"]));
    assert_eq!(message, "intrinsic gas too low: have 20999, want 21000");
    let nothing = json!([format!("{:#x}", B256::repeat_byte(1))]);
    assert_eq!(node.get("hardhat_dropTransaction", nothing.clone()), false);
    assert_eq!(node.get("anvil_dropTransaction", nothing), Value::Null);
    for unusable in ["", "two words", "tab\t"] {
        let refused = support::run(folder.path(), &["node", "--client-version", unusable]);
        assert_eq!(refused.status.code(), Some(2));
        let said = support::stderr(&refused);
        assert!(said.contains("--client-version"), "{said}");
    }
}

#[test]
fn a_precompile_is_moved_or_replaced_for_a_call_alone() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    let [sha256, elsewhere] = ["02", "c0de"].map(|end| format!("0x{end:0>40}"));
    let call = |to: &str, overrides: Value| {
        let request = json!({"to": to, "data": "0x616263"});
        node.ask("eth_call", json!([request, "latest", overrides]))
    };
    let hash = call(&sha256, json!({})).unwrap();
    assert_eq!(number(&json!(hash.as_str().unwrap()[..10])), 0xba78_16bf);
    let moved = json!({sha256.as_str(): {"movePrecompileToAddress": elsewhere}});
    assert_eq!(call(&elsewhere, moved.clone()).unwrap(), hash);
    assert_eq!(call(&sha256, moved).unwrap(), "0x");
    assert_eq!(call(&elsewhere, json!({})).unwrap(), "0x");
    // One byte of memory, in place of the precompile: of Ethereum's and of ours.
    for at in [sha256.as_str(), "0x4d45544900000000000000000000000000000001"] {
        assert_eq!(
            call(at, json!({at: {"code": "0x60015ff3"}})).unwrap(),
            "0x00",
            "{at}"
        );
    }
    let refused = call(
        &sha256,
        json!({elsewhere.as_str(): {"movePrecompileToAddress": sha256}}),
    );
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("is not a precompile"), "{said}");
}

#[test]
fn keys_that_everybody_has_are_not_used_on_another_chain() {
    let folder = tempfile::tempdir().unwrap();
    let output = support::run(folder.path(), &["node", "--port", "0", "--chain-id", "1"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        support::stderr(&output).contains("--accounts 0"),
        "{}",
        support::stderr(&output)
    );
    let node = Node::start(folder.path(), &["--chain-id", "1", "--accounts", "0"]);
    assert_eq!(node.get("eth_accounts", json!([])), json!([]));
    assert_eq!(node.welcome["chain_id"], 1);
}

#[test]
fn blocks_that_one_request_mined_are_on_disk_when_it_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--datadir", "chain", "--timestamp", "1000000", "--no-mining"];
    let node = Node::start(folder.path(), &arguments);
    let accounts = accounts(&node);
    let pay = json!({"from": accounts[0], "to": accounts[1], "value": "0x1"});
    let sent = node.get("eth_sendTransaction", json!([pay]));
    // More than are written at once, and not a multiple of that.
    node.get("hardhat_mine", json!(["0x97"]));
    let head = node.get("eth_getBlockByNumber", json!(["latest", false]));
    node.kill();
    let node = Node::start(folder.path(), &arguments);
    assert_eq!(node.get("eth_getBlockByNumber", json!(["latest", false])), head);
    assert_eq!(number(&head["number"]), 151);
    let receipt = node.get("eth_getTransactionReceipt", json!([sent]));
    assert_eq!(number(&receipt["blockNumber"]), 1);
    assert!(node.terminate());
    let checked = support::run(folder.path(), &["chain", "verify", "--datadir", "chain"]);
    assert!(checked.status.success(), "{}", support::stderr(&checked));
}
