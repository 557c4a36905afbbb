//! A node that is killed while several clients send and read: what it acknowledged is there after the next start.
//!
//! `METISVM_NODE_KILLS` is how often, and `METISVM_FIRST_SEED` the seed of the moments.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use support::node::{Node, post};

/// Kills, where nobody says how many.
const KILLS: u64 = 10;
/// A kill comes after so many requests that sent something were answered, and so many microseconds more: each is less
/// than this. Counted, so that a slow machine has something to lose, too.
const ANSWERS: u64 = 20;
const MICROSECONDS: u64 = 30_000;
/// Longer than so many answers take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// Transactions of a batch, and requests of one that looks things up.
const BATCH: usize = 10;
const LOOKUPS: usize = 500;
/// An option of the node that makes its first block the same in every run.
const FIRST_BLOCK: &str = "1000000";

/// What clients were told: transactions, and blocks by number.
#[derive(Debug, Default)]
struct Told {
    transactions: Vec<String>,
    blocks: BTreeMap<u64, String>,
}

impl Told {
    fn add(&mut self, other: Self) {
        self.transactions.extend(other.transactions);
        for (height, hash) in other.blocks {
            let before = self.blocks.insert(height, hash.clone());
            assert!(
                before.is_none_or(|before| before == hash),
                "block {height} is another one now"
            );
        }
    }
}

fn setting(name: &str, default: u64) -> u64 {
    let value = std::env::var(name).ok();
    value.map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|error| panic!("{name}={text}: {error}"))
    })
}

/// Numbers that look like chance (SplitMix64), the same for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

fn number(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

fn request(method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

/// A client that asks the same again and again until the node is gone, and gives what it was told.
fn client(
    address: SocketAddr,
    body: String,
    note: fn(&Value, &mut Told),
    answers: Arc<AtomicU64>,
) -> JoinHandle<Told> {
    thread::spawn(move || {
        let mut told = Told::default();
        while let Ok((200, answer)) = post(address, &[], &body) {
            // The kill may have cut it off.
            let Ok(answer) = serde_json::from_str::<Value>(&answer) else {
                break;
            };
            note(&answer, &mut told);
            answers.fetch_add(1, Ordering::Relaxed);
        }
        told
    })
}

fn sent(answer: &Value, told: &mut Told) {
    let hash = &answer["result"];
    told.transactions
        .push(hash.as_str().unwrap_or_else(|| panic!("{answer}")).to_owned());
}

fn sent_in_batch(answer: &Value, told: &mut Told) {
    for one in answer.as_array().unwrap() {
        sent(one, told);
    }
}

fn read(answer: &Value, told: &mut Told) {
    let block = &answer["result"];
    told.blocks.insert(
        number(&block["number"]),
        block["hash"].as_str().unwrap().to_owned(),
    );
}

/// What the node answers to many requests.
fn look_up(node: &Node, method: &str, params: &[Value]) -> Vec<Value> {
    let mut found = Vec::new();
    for chunk in params.chunks(LOOKUPS) {
        let batch: Vec<Value> = chunk.iter().map(|params| request(method, params)).collect();
        let (status, body) = node.http(&[], &json!(batch).to_string());
        assert_eq!(status, 200, "{body}");
        let answers: Vec<Value> = serde_json::from_str(&body).unwrap();
        assert_eq!(answers.len(), chunk.len());
        found.extend(answers.into_iter().map(|mut answer| answer["result"].take()));
    }
    found
}

/// Everything that clients were told is so.
fn check(node: &Node, told: &Told, when: &str) {
    let hashes: Vec<Value> = told.transactions.iter().map(|hash| json!([hash])).collect();
    let receipts = look_up(node, "eth_getTransactionReceipt", &hashes);
    for (hash, receipt) in told.transactions.iter().zip(receipts) {
        assert_eq!(
            receipt["status"], "0x1",
            "{when}: {hash} was acknowledged: {receipt}"
        );
    }
    let heights: Vec<Value> = told
        .blocks
        .keys()
        .map(|height| json!([format!("{height:#x}"), false]))
        .collect();
    let blocks = look_up(node, "eth_getBlockByNumber", &heights);
    for ((height, hash), block) in told.blocks.iter().zip(blocks) {
        assert_eq!(block["hash"], hash.as_str(), "{when}: block {height} was told");
    }
}

#[test]
fn what_a_killed_node_acknowledged_is_there_after_the_next_start() {
    let kills = setting("METISVM_NODE_KILLS", KILLS);
    let seed = setting("METISVM_FIRST_SEED", 1);
    let mut chance = Chance(seed);
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--datadir", "chain", "--timestamp", FIRST_BLOCK];
    let mut all = Told::default();
    let mut last = Told::default();
    for kill in 0..kills {
        let node = Node::start(folder.path(), &arguments);
        let when = format!("seed {seed}, after kill {kill}");
        check(&node, &last, &when);
        all.add(last);
        let accounts: Vec<String> = serde_json::from_value(node.get("eth_accounts", json!([]))).unwrap();
        let pay = |from: &String| {
            request(
                "eth_sendTransaction",
                &json!([{"from": from, "to": accounts[0], "value": "0x1"}]),
            )
        };
        let several = vec![pay(&accounts[3]); BATCH];
        let newest = request("eth_getBlockByNumber", &json!(["latest", false]));
        let answers = Arc::new(AtomicU64::new(0));
        let sending = |body: &Value, note| client(node.address, body.to_string(), note, answers.clone());
        let clients = [
            sending(&pay(&accounts[1]), sent),
            sending(&pay(&accounts[2]), sent),
            sending(&json!(several), sent_in_batch),
            client(node.address, newest.to_string(), read, Arc::default()),
        ];
        let (wanted, more) = (chance.below(ANSWERS), chance.below(MICROSECONDS));
        let started = Instant::now();
        while answers.load(Ordering::Relaxed) < wanted {
            assert!(
                started.elapsed() < PATIENCE,
                "{when}: {wanted} answers do not come"
            );
            thread::sleep(Duration::from_micros(100));
        }
        thread::sleep(Duration::from_micros(more));
        node.kill();
        last = Told::default();
        for client in clients {
            last.add(client.join().unwrap());
        }
    }
    all.add(last);
    assert!(!all.transactions.is_empty() && !all.blocks.is_empty());
    let node = Node::start(folder.path(), &arguments);
    check(&node, &all, &format!("seed {seed}, at the end"));
    assert!(node.terminate());
    let checked = support::run(folder.path(), &["chain", "verify", "--datadir", "chain"]);
    assert!(checked.status.success(), "{}", support::stderr(&checked));
}
