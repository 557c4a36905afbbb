//! Requests that somebody made up: every method with parameters that are right, odd and wrong, and bytes that are
//! hardly requests at all. Seconds of it run with every test run; `METISVM_FUZZ_SECONDS` says how many,
//! `METISVM_SEED` where to begin.
//!
//! Nothing may panic, every answer is one of JSON-RPC, an error has a code that says what is wrong, nothing is a fault
//! of the node, and every answer comes in time.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod bytes;
#[path = "../support/mod.rs"]
mod node;
mod params;
mod rng;

use params::Made;
use rng::{Rng, number};
use serde_json::{Value, json};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The most that one request takes, on a busy machine and in a build for tests.
const PATIENCE: Duration = Duration::from_secs(60);
/// Requests to one node: what they did to its chain and its time is then forgotten.
const OF_A_NODE: usize = 300;

/// The codes that docs/node.md names.
fn is_code(code: i64) -> bool {
    matches!(
        code,
        3 | 4444 | -32700 | -32600 | -32601 | -32602 | -32603 | -32000 | -32001 | -32005 | -32010
    ) || (-38026..=-38010).contains(&code)
}

/// Panics of the node's threads so far: a request that panics is answered all the same, as an internal error.
fn panics() -> usize {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // The threads of tests have their names; one that fails is not to look like the other's.
            let name = std::thread::current().name().unwrap_or_default().to_owned();
            if !(name.starts_with("every_method") || name.starts_with("bytes_that")) {
                PANICS.fetch_add(1, Ordering::Relaxed);
            }
            before(panic);
        }));
    });
    PANICS.load(Ordering::Relaxed)
}

/// What is wrong with the answer to one request.
fn problem(answer: &Value, id: &Value) -> Option<String> {
    let object = answer.as_object()?;
    if object.get("jsonrpc") != Some(&json!("2.0")) || object.get("id") != Some(id) {
        return Some("it is not an answer to this request".to_owned());
    }
    match (object.get("result"), object.get("error")) {
        (Some(_), None) => None,
        (None, Some(error)) => {
            let code = error["code"].as_i64().filter(|code| is_code(*code));
            let message = error["message"].as_str().filter(|message| !message.is_empty());
            match (code, message) {
                (Some(_), Some(message)) if message.contains("this node failed") => {
                    Some("a fault of the node".to_owned())
                }
                (Some(_), Some(_)) => None,
                _ => Some("an error without a code or a message".to_owned()),
            }
        }
        _ => Some("neither a result nor an error, or both".to_owned()),
    }
}

#[test]
fn every_method_answers_whatever_it_is_given() {
    let time = Duration::from_secs(number("METISVM_FUZZ_SECONDS", 5));
    let (start, mut seed) = (Instant::now(), number("METISVM_SEED", 0));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    assert_eq!(panics(), 0);
    let mut refused = 0;
    let mut answered = 0;
    let mut never: Option<std::collections::BTreeSet<&'static str>> = None;
    while start.elapsed() < time || never.as_ref().is_none_or(|never| !never.is_empty()) {
        let mut rng = Rng(seed);
        let node = node::node();
        let module = metisvm_node::rpc::module(node.clone()).unwrap();
        let names: Vec<&'static str> = module.method_names().collect();
        let never = never.get_or_insert_with(|| names.iter().copied().collect());
        let mut made = Made::new(&node);
        for step in 0..OF_A_NODE {
            if start.elapsed() >= time && never.is_empty() {
                break;
            }
            // First every method at least once, then whatever comes.
            let method = match never.first() {
                Some(method) => *method,
                None => names[rng.below(names.len())],
            };
            never.remove(method);
            let params = made.params(method, &mut rng);
            let request =
                json!({"jsonrpc": "2.0", "id": step, "method": method, "params": params}).to_string();
            let begun = Instant::now();
            let raw = runtime.block_on(module.raw_json_request(&request, 1));
            let (answer, _) = raw.unwrap_or_else(|error| panic!("seed {seed}: {error}: {request}"));
            let took = begun.elapsed();
            assert!(took < PATIENCE, "seed {seed}: {took:?}: {request}");
            let answer: Value = serde_json::from_str(answer.get()).unwrap();
            assert_eq!(panics(), 0, "seed {seed}: {request}: {answer}");
            if let Some(problem) = problem(&answer, &json!(step)) {
                panic!("seed {seed}: {problem}: {request}: {answer}");
            }
            match answer.get("error") {
                Some(_) => refused += 1,
                None => answered += 1,
            }
            made.learn(&answer["result"]);
        }
        seed += 1;
    }
    // Had everything been refused at the door, nothing would have been tried.
    assert!(
        answered > 50 && refused > 50,
        "{answered} answered, {refused} refused"
    );
}

#[test]
fn bytes_that_are_hardly_requests_are_answered_with_the_standards_codes() {
    let time = Duration::from_secs(number("METISVM_FUZZ_SECONDS", 5));
    bytes::run(time, number("METISVM_SEED", 0));
}
