//! Clients that ask for too much, read too little, or are too many: the node stays quick for others, and small.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::node::{Node, accounts, number, post};

const MIB: u64 = 1 << 20;

/// A contract that goes round until its gas is gone.
const LOOP: &str = "0x5b5f56";
/// Returns 4 MiB.
const LARGE: &str = "0x624000005ff3";
/// Emits logs until 10,000 gas are left.
const LOGS: &str = "0x5b60015f5fa16127105a115f57";

/// The longest that a quick request takes while others keep the node busy, in a build for tests on a busy machine.
const QUICK: Duration = Duration::from_secs(3);

/// How long the node takes to say its height.
fn height(node: &Node) -> (u64, Duration) {
    let begun = Instant::now();
    let height = number(&node.get("eth_blockNumber", json!([])));
    (height, begun.elapsed())
}

fn place(node: &Node, last: u8, code: &str) -> String {
    let address = format!("0x00000000000000000000000000000000000c0d{last:02x}");
    node.get("anvil_setCode", json!([address, code]));
    address
}

/// Sends a request on a connection of its own and leaves it there, unread.
fn unread(node: &Node, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(node.address).unwrap();
    let address = node.address;
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    stream
}

#[test]
fn a_thousand_websockets_cost_little_and_all_get_the_news() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    height(&node);
    let before = node.memory("VmRSS");
    let mut sockets: Vec<_> = (0..1000).map(|_| node.socket()).collect();
    for socket in &mut sockets {
        socket.send("eth_subscribe", &json!(["newHeads"]));
    }
    for socket in &mut sockets {
        assert!(socket.next()["result"].is_string());
    }
    let more = node.memory("VmRSS").saturating_sub(before);
    assert!(more < 128 * MIB, "{} KiB for each", more / 1000 / 1024);
    let slowest = (0..50).map(|_| height(&node).1).max().unwrap();
    assert!(slowest < QUICK, "{slowest:?}");
    node.get("evm_mine", json!([]));
    for socket in &mut sockets {
        assert_eq!(socket.next()["params"]["result"]["number"], "0x1");
    }
    drop(sockets);
    // Places become free again, as often as one likes.
    for _ in 0..3 {
        let sockets: Vec<_> = (0..900).map(|_| node.socket()).collect();
        drop(sockets);
    }
    height(&node);
    assert!(node.terminate());
}

#[test]
fn more_connections_than_there_are_places_are_refused_and_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    let mut socket = node.socket();
    let idle: Vec<_> = (0..2100)
        .map(|_| TcpStream::connect(node.address).unwrap())
        .collect();
    let mut refused = 0;
    for stream in idle.iter().rev().take(50) {
        let mut answer = [0; 12];
        let mut stream = stream;
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        refused += u32::from(stream.read_exact(&mut answer).is_ok() && &answer == b"HTTP/1.1 503");
    }
    assert_eq!(refused, 50);
    socket.send("eth_blockNumber", &json!([]));
    assert_eq!(socket.next()["result"], "0x0");
    drop(idle);
    assert!(height(&node).1 < QUICK);
}

#[test]
fn an_answer_that_nobody_reads_costs_its_length_and_only_for_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    let large = place(&node, 1, LARGE);
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [{"to": large}, "latest"]});
    let batch = |of: usize| Value::Array(vec![call.clone(); of]).to_string();
    let (_, one) = node.http(&[], &batch(1));
    assert!(one.len() as u64 > 8 * MIB, "{}", &one[..one.len().min(300)]);
    let before = node.memory("VmRSS");
    // 200 MiB, and an answer that would be longer than there may be.
    let mut stalled = unread(&node, &batch(25));
    let beyond = node.http(&[], &batch(40)).1;
    assert!(
        beyond.len() < 1000 && beyond.contains("error"),
        "{}",
        beyond.len()
    );
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(8) {
        assert!(height(&node).1 < QUICK);
        std::thread::sleep(Duration::from_millis(200));
    }
    let most = node.memory("VmHWM").saturating_sub(before);
    assert!(most < 1400 * MIB, "{} MiB", most / MIB);
    // The node has given up on the client by then: what is still in the network's buffers comes, and then the end.
    std::thread::sleep(Duration::from_secs(15));
    stalled.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut read = 0;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match stalled.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => read += count as u64,
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
                break;
            }
        }
    }
    assert!(read < 150 * MIB, "{} MiB were sent", read / MIB);
    assert!(node.terminate());
}

#[test]
fn a_client_that_sends_a_byte_now_and_then_is_nobodys_loss() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    let mut slow: Vec<_> = (0..100)
        .map(|_| {
            let mut stream = TcpStream::connect(node.address).unwrap();
            let head = format!(
                "POST / HTTP/1.1\r\nhost: {}\r\ncontent-length: 30000000\r\n\r\n",
                node.address
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    for _ in 0..10 {
        for stream in &mut slow {
            stream.write_all(b" ").unwrap();
        }
        assert!(height(&node).1 < QUICK);
        std::thread::sleep(Duration::from_millis(100));
    }
    let resident = node.memory("VmRSS");
    assert!(resident < 500 * MIB, "{} MiB", resident / MIB);
}

#[test]
fn nesting_and_filters_beyond_all_measure_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    for deep in ["[", r#"{"a":"#] {
        let body = deep.repeat((10 << 20) / deep.len());
        let (status, answer) = node.http(&[], &body);
        assert_eq!(status, 200);
        assert!(answer.contains("-32700"), "{answer}");
    }
    let inside = format!("{}{}", "[".repeat(1 << 20), "]".repeat(1 << 20));
    let request =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"eth_getLogs","params":[{{"topics":{inside}}}]}}"#);
    assert!(node.http(&[], &request).1.contains("error"));
    let word = |at: usize| format!("{at:#066x}");
    let topics: Vec<String> = (0..100_000).map(word).collect();
    let (code, said) = node.error("eth_getLogs", json!([{"fromBlock": "0x0", "topics": [topics]}]));
    assert_eq!(code, -32602, "{said}");
    let addresses: Vec<String> = (0..2_000).map(|at| format!("{at:#042x}")).collect();
    let (code, said) = node.error("eth_newFilter", json!([{"address": addresses}]));
    assert_eq!(code, -32602, "{said}");
    assert!(said.contains("1000"), "{said}");
    assert!(node.memory("VmHWM") < 500 * MIB);
}

#[test]
fn calls_that_never_end_do_not_keep_blocks_from_being_mined() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &["--block-time", "1"]);
    let accounts = accounts(&node);
    let endless = place(&node, 2, LOOP);
    let call =
        json!({"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [{"to": endless}, "latest"]});
    let body = call.to_string();
    let over = AtomicBool::new(false);
    let first = height(&node).0;
    std::thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let (_, answer) = post(node.address, &[], &body).unwrap();
                    assert!(answer.contains("out of gas"), "{answer}");
                }
            });
        }
        let begun = Instant::now();
        let pay = json!({"from": accounts[0], "to": accounts[1], "value": "0x1"});
        let sent = node.get("eth_sendTransaction", json!([pay]));
        while begun.elapsed() < Duration::from_secs(6) {
            let took = height(&node).1;
            assert!(took < QUICK, "{took:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
        let mined = height(&node).0 - first;
        assert!(mined >= 3, "{mined} blocks in 6 seconds");
        let receipt = node.get("eth_getTransactionReceipt", json!([sent]));
        assert_eq!(receipt["status"], "0x1");
        over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_trace_of_thirty_million_gas_has_bounds_and_so_has_a_search_over_everything() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    let accounts = accounts(&node);
    let endless = place(&node, 3, LOOP);
    let request = json!({"to": endless, "gas": "0x1c9c380"});
    let begun = Instant::now();
    // Some 2.5 million steps, of which the trace has the first 500,000.
    let traced = node.get(
        "debug_traceCall",
        json!([request, "latest", {"disableStack": true}]),
    );
    assert_eq!(traced["structLogs"].as_array().unwrap().len(), 500_000);
    let frame = node.get(
        "debug_traceCall",
        json!([request, "latest", {"tracer": "callTracer"}]),
    );
    assert_eq!(frame["error"], "out of gas");
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(40), "{took:?}");
    let most = node.memory("VmHWM");
    assert!(most < 3 * 1024 * MIB, "{} MiB", most / MIB);

    let logs = place(&node, 4, LOGS);
    for _ in 0..8 {
        let receipt = node.send(json!({"from": accounts[0], "to": logs, "gas": "0xf42400"}));
        assert_eq!(receipt["status"], "0x1");
    }
    let everything = json!({"fromBlock": "0x0", "toBlock": "latest"});
    let begun = Instant::now();
    let (code, said) = node.error("eth_getLogs", json!([everything]));
    assert_eq!(code, -32602, "{said}");
    assert!(said.contains("100000"), "{said}");
    let some = node.get("eth_getLogs", json!([{"fromBlock": "0x1", "toBlock": "0x2"}]));
    assert!(some.as_array().unwrap().len() > 20_000);
    assert!(begun.elapsed() < Duration::from_secs(20));
}
