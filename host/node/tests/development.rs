//! What developers' tools ask of a node beside the standard: many blocks at once, beginning anew, the state in one piece.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/mod.rs"]
mod node;

use alloy_primitives::hex;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use metisvm_node::{Node, rpc::Module};
use node::CONTRACT;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::sync::Arc;

const ANYBODY: &str = "0x00000000000000000000000000000000000000ab";

/// A node, and its methods.
struct Asked {
    node: Arc<Node>,
    module: Module,
    runtime: tokio::runtime::Runtime,
}

impl Asked {
    fn new() -> Self {
        let node = node::node();
        Self {
            module: metisvm_node::rpc::module(node.clone()).unwrap(),
            node,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
        }
    }

    fn ask(&self, method: &str, params: &Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let answer = self.module.raw_json_request(&request, 1);
        let (answer, _) = self.runtime.block_on(answer).unwrap();
        serde_json::from_str(answer.get()).unwrap()
    }

    fn get(&self, method: &str, params: Value) -> Value {
        let mut answer = self.ask(method, &params);
        assert_eq!(answer.get("error"), None, "{method} {params}");
        answer["result"].take()
    }

    fn refusal(&self, method: &str, params: &Value) -> String {
        let answer = self.ask(method, params);
        assert_eq!(answer["error"]["code"], -32602, "{method}: {answer}");
        answer["error"]["message"].as_str().unwrap().to_owned()
    }

    /// Calls the contract in a transaction: it adds 1 to its slot 0.
    fn count(&self) -> Value {
        let from = self.node.accounts.addresses()[0];
        let hash = self.get("eth_sendTransaction", json!([{"from": from, "to": CONTRACT}]));
        let receipt = self.get("eth_getTransactionReceipt", json!([hash]));
        assert_eq!(receipt["status"], "0x1", "{receipt}");
        receipt
    }

    fn counted(&self) -> Value {
        self.get("eth_getStorageAt", json!([CONTRACT, "0x0", "latest"]))
    }
}

/// Blocks by their headers: an empty block is as good as its hash.
#[test]
fn a_thousand_blocks_at_once_are_those_that_are_mined_one_at_a_time() {
    const BLOCKS: u64 = 1000;
    let (one, other) = (Asked::new(), Asked::new());
    let head = |asked: &Asked| asked.node.chain.head().unwrap();
    // Both begin with the same block, and time is the only thing that could differ from here on.
    for asked in [&one, &other] {
        asked.node.reset().unwrap();
        asked.get("evm_setNextBlockTimestamp", json!(["0x6b49d300"]));
        asked.get("anvil_setBlockTimestampInterval", json!([12]));
    }
    assert_eq!(head(&one).hash, head(&other).hash);
    let from = one.node.accounts.addresses()[0];
    let pay = json!([{"from": from, "to": ANYBODY, "value": "0x1"}]);
    for asked in [&one, &other] {
        asked.get("evm_setAutomine", json!([false]));
        asked.get("eth_sendTransaction", pay.clone());
        asked.get("anvil_setBalance", json!([CONTRACT, "0x5"]));
    }
    one.get("hardhat_mine", json!([format!("{BLOCKS:#x}")]));
    for _ in 0..BLOCKS {
        other.get("evm_mine", json!([]));
    }
    assert_eq!(head(&one).number(), BLOCKS);
    for number in 1..=BLOCKS {
        let [one, other] = [&one, &other].map(|asked| asked.node.chain.by_number(number).unwrap().unwrap());
        assert_eq!(one.header, other.header, "block {number}");
        assert_eq!(one.hash, one.header.hash_slow());
        assert_eq!(one.transactions.len(), usize::from(number == 1));
    }
}

#[test]
fn a_node_that_begins_anew_is_as_it_was_at_the_start() {
    let asked = Asked::new();
    let first = asked.get("eth_getBlockByNumber", json!(["0x0", false]));
    let instance = asked.get("hardhat_metadata", json!([]))["instanceId"].clone();
    asked.count();
    asked.get("anvil_setBalance", json!([ANYBODY, "0x7"]));
    asked.get("anvil_impersonateAccount", json!([ANYBODY]));
    asked.get("anvil_setCoinbase", json!([ANYBODY]));
    asked.get("evm_increaseTime", json!([1_000_000_000]));
    let snapshot = asked.get("evm_snapshot", json!([]));
    asked.get("hardhat_mine", json!(["0x5"]));
    asked.get("evm_setAutomine", json!([false]));
    let from = asked.node.accounts.addresses()[0];
    asked.get(
        "eth_sendTransaction",
        json!([{"from": from, "to": ANYBODY, "gas": "0x5208"}]),
    );
    let forking = json!([{"forking": {"jsonRpcUrl": "http://127.0.0.1:1"}}]);
    assert!(
        asked
            .refusal("anvil_reset", &forking)
            .contains("forks no other chain")
    );
    assert_eq!(asked.get("eth_blockNumber", json!([])), "0x9");

    assert_eq!(asked.get("anvil_reset", json!([])), Value::Null);
    assert_eq!(asked.get("eth_getBlockByNumber", json!(["latest", false])), first);
    assert_eq!(
        asked.get("eth_getBlockByNumber", json!(["0x1", false])),
        Value::Null
    );
    assert_eq!(asked.get("eth_getBalance", json!([ANYBODY, "latest"])), "0x0");
    assert_eq!(
        asked.get("eth_getTransactionCount", json!([from, "pending"])),
        "0x0"
    );
    assert_eq!(asked.get("txpool_status", json!([]))["pending"], "0x0");
    assert_eq!(asked.get("evm_revert", json!([snapshot])), false);
    let acted_for = json!([{"from": ANYBODY, "to": from, "gas": "0x5208"}]);
    let answer = asked.ask("eth_sendTransaction", &acted_for);
    assert!(
        answer["error"]["message"].as_str().unwrap().contains("no key"),
        "{answer}"
    );
    assert_ne!(asked.get("hardhat_metadata", json!([]))["instanceId"], instance);

    // It goes on from there, and its first block has its state.
    asked.get("evm_setAutomine", json!([true]));
    assert_eq!(asked.count()["blockNumber"], "0x1");
    let block = asked.get("eth_getBlockByNumber", json!(["0x1", false]));
    assert_eq!(block["parentHash"], first["hash"]);
    assert_eq!(block["miner"], "0x0000000000000000000000000000000000000000");
    assert_eq!(
        asked.get("eth_getStorageAt", json!([CONTRACT, "0x0", "0x0"])),
        format!("0x{:064}", 0)
    );
    assert_eq!(asked.counted(), format!("0x{:064}", 1));
    assert_eq!(asked.get("hardhat_reset", json!([{}])), true);
    assert_eq!(asked.get("eth_blockNumber", json!([])), "0x0");
}

#[test]
fn a_state_that_was_dumped_is_loaded_by_another_node() {
    let asked = Asked::new();
    asked.count();
    asked.count();
    asked.get("anvil_setCode", json!([ANYBODY, "0x6001"]));
    asked.get("anvil_setStorageAt", json!([ANYBODY, "0x10", "0x11"]));
    let dump = asked.get("anvil_dumpState", json!([]));
    let bytes = hex::decode(dump.as_str().unwrap()).unwrap();
    let mut text = String::new();
    GzDecoder::new(bytes.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(shown["block"], Value::Null);
    assert_eq!(
        shown["accounts"][ANYBODY],
        json!({"nonce": 0, "balance": "0x0", "code": "0x6001", "storage": {
            format!("0x{:064x}", 0x10): format!("0x{:064x}", 0x11),
        }})
    );

    // As anvil's own tools hand it on, and as somebody may have written it by hand.
    for state in [dump, json!(hex::encode_prefixed(&text))] {
        let other = Asked::new();
        let from = other.node.accounts.addresses()[0];
        assert_eq!(other.get("anvil_loadState", json!([state])), true);
        assert_eq!(other.counted(), format!("0x{:064}", 2));
        assert_eq!(other.get("eth_getCode", json!([ANYBODY, "latest"])), "0x6001");
        for account in [json!(from), json!(CONTRACT), json!(ANYBODY)] {
            for method in ["eth_getBalance", "eth_getTransactionCount"] {
                let params = json!([account, "latest"]);
                assert_eq!(other.get(method, params.clone()), asked.get(method, params));
            }
        }
        // The next block has it in its state root.
        other.count();
        assert_eq!(other.counted(), format!("0x{:064}", 3));
        let proof = other.get("eth_getProof", json!([ANYBODY, ["0x10"], "latest"]));
        assert_eq!(proof["storageProof"][0]["value"], "0x11");
        // A state with smaller nonces does not take them back.
        other.count();
        other.get("anvil_loadState", json!([state]));
        assert_eq!(
            other.get("eth_getTransactionCount", json!([from, "latest"])),
            "0x4"
        );
    }
}

#[test]
fn what_is_no_state_is_not_loaded_and_does_not_fill_the_memory() {
    let asked = Asked::new();
    let zipped = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let account = |nonce: &str, storage: Value| {
        let accounts = json!({ANYBODY: {"nonce": nonce, "balance": "0x1", "code": "0x", "storage": storage}});
        json!({"accounts": accounts}).to_string().into_bytes()
    };
    let cut = zipped(b"{\"accounts\": {}}");
    for (bytes, says) in [
        (Vec::new(), "anvil_dumpState"),
        (b"{}".to_vec(), "accounts"),
        (cut[..cut.len() / 2].to_vec(), "anvil_dumpState"),
        (zipped(&vec![b' '; (64 << 20) + 1]), "67108864"),
        (account("0xffffffffffffffff", json!({})), "EIP-2681"),
        (account("0x10000000000000000", json!({})), "2^64"),
        (account("0x0", json!({"slot": "0x1"})), "anvil_dumpState"),
    ] {
        let refusal = asked.refusal("anvil_loadState", &json!([hex::encode_prefixed(&bytes)]));
        assert!(refusal.contains(says), "{says}: {refusal}");
    }
    assert_eq!(asked.get("eth_getBalance", json!([ANYBODY, "latest"])), "0x0");
}

/// alloy's provider takes nothing else from anvil's setters.
#[test]
fn what_has_nothing_to_say_says_null_by_anvils_names_and_true_by_others() {
    let asked = Asked::new();
    for (method, params, answer) in [
        ("anvil_setBalance", json!([ANYBODY, "0x1"]), Value::Null),
        ("hardhat_setBalance", json!([ANYBODY, "0x1"]), json!(true)),
        ("anvil_setCode", json!([ANYBODY, "0x00"]), Value::Null),
        ("anvil_setStorageAt", json!([ANYBODY, "0x0", "0x1"]), json!(true)),
        ("anvil_impersonateAccount", json!([ANYBODY]), Value::Null),
        ("hardhat_impersonateAccount", json!([ANYBODY]), json!(true)),
        ("anvil_mine", json!(["0x1"]), Value::Null),
        ("hardhat_mine", json!(["0x1"]), json!(true)),
        ("evm_setAutomine", json!([true]), json!(true)),
        ("anvil_setAutomine", json!([true]), Value::Null),
    ] {
        assert_eq!(asked.get(method, params), answer, "{method}");
    }
}
