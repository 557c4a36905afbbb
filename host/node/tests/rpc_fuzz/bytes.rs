//! Bytes on the wire: requests that were cut, repeated, nested and garbled.

use crate::rng::Rng;
use crate::{is_code, node, panics};
use metisvm_node::guard::Access;
use metisvm_node::server::{Limits, serve};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const WHOLE: &[&str] = &[
    r#"{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}"#,
    r#"{"jsonrpc":"2.0","id":"a","method":"eth_getBalance","params":["0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"]}"#,
    r#"{"jsonrpc":"2.0","id":null,"method":"eth_getLogs","params":[{"fromBlock":"0x0","topics":[null,["0x00"]]}]}"#,
    r#"[{"jsonrpc":"2.0","id":1,"method":"net_version"},{"jsonrpc":"2.0","method":"web3_sha3","params":["0x"]},1]"#,
    r#"{"jsonrpc":"2.0","id":18446744073709551615,"method":"debug_traceCall","params":[{"to":"0xc0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0"},"latest",{}]}"#,
];

/// A request with something done to it.
fn garbled(rng: &mut Rng) -> Vec<u8> {
    let mut bytes = rng.choose(WHOLE).as_bytes().to_vec();
    for _ in 0..rng.below(4) {
        let at = rng.below(bytes.len().max(1)).min(bytes.len());
        match rng.below(8) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] = rng.next() as u8,
            2 => bytes.insert(at, *rng.choose(b"{}[]\",:\\0")),
            3 if at < bytes.len() => drop(bytes.remove(at)),
            4 => {
                let deep = "[".repeat(rng.below(3000));
                bytes.splice(at..at, deep.bytes());
            }
            5 => {
                let again = bytes.clone();
                bytes.splice(at..at, again);
            }
            6 => {
                let list = vec![String::from_utf8_lossy(&bytes).into_owned(); 1 + rng.below(20)];
                bytes = format!("[{}]", list.join(",")).into_bytes();
            }
            _ => {
                bytes.splice(at..at, "9".repeat(rng.below(400)).bytes());
            }
        }
    }
    bytes
}

fn post(address: SocketAddr, body: &[u8]) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    )
    .unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_off(end + 4))
}

fn check(answer: &Value) -> Result<(), String> {
    if answer["jsonrpc"] != "2.0" || answer.get("id").is_none() {
        return Err("no answer of JSON-RPC".to_owned());
    }
    match answer.get("error") {
        None => answer.get("result").map(|_| ()).ok_or("no result".to_owned()),
        Some(error) => {
            let code = error["code"].as_i64().unwrap_or_default();
            if is_code(code) {
                Ok(())
            } else {
                Err(format!("code {code}"))
            }
        }
    }
}

/// Sends garbled requests for so long.
pub(crate) fn run(time: Duration, mut seed: u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let address = "127.0.0.1:0".parse().unwrap();
    let serving = serve(node::node(), address, Access::default(), Limits::default());
    let serving = runtime.block_on(serving).unwrap();
    let start = Instant::now();
    while start.elapsed() < time {
        let mut rng = Rng(seed);
        for _ in 0..50 {
            let body = garbled(&mut rng);
            let (status, answer) = post(serving.address, &body);
            let shown = || format!("seed {seed}: {}", String::from_utf8_lossy(&body));
            // What does not even begin as JSON is a bad request, with the same body.
            assert!(status == 200 || status == 400, "{status}: {}", shown());
            assert_eq!(panics(), 0, "{}", shown());
            let answer: Value = serde_json::from_slice(&answer)
                .unwrap_or_else(|error| panic!("{error}: {}: {}", shown(), String::from_utf8_lossy(&answer)));
            let answers = match &answer {
                // A notification.
                Value::Null => continue,
                Value::Array(answers) => answers.as_slice(),
                one => std::slice::from_ref(one),
            };
            for answer in answers {
                if let Err(problem) = check(answer) {
                    panic!("{problem}: {}: {answer}", shown());
                }
            }
        }
        seed += 1;
    }
    runtime.block_on(serving.stop());
}
