//! What a node serves at /metrics, the dashboard that shows it, and the page that lists it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use support::node::Node;
use support::repository;

/// The words of a text that are names of our figures.
fn names(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with("metisvm_"))
        .map(str::to_owned)
        .collect()
}

/// What the dashboard asks Prometheus: expressions of panels, and queries of variables.
fn queries(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value.as_str() {
                    Some(text) if ["expr", "query"].contains(&key.as_str()) => found.push(text.to_owned()),
                    _ => queries(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| queries(value, found)),
        _ => {}
    }
}

fn metrics(node: &Node) -> String {
    let mut stream = TcpStream::connect(node.address).unwrap();
    write!(
        stream,
        "GET /metrics HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        node.address
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer
}

#[test]
fn the_dashboard_shows_what_is_served_and_the_page_lists_it() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    let account = node.get("eth_accounts", json!([]))[0].clone();
    node.send(json!({"from": account, "to": account, "value": "0x1"}));
    // An error, whose figure is there from the first one on.
    node.error("eth_getTransactionReceipt", json!(["0x1"]));
    let served = metrics(&node);
    let families: BTreeSet<String> = served
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .map(str::to_owned)
        .collect();
    let samples: BTreeSet<String> = served
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next())
        .filter(|name| name.starts_with("metisvm_"))
        .map(str::to_owned)
        .collect();

    let text = std::fs::read_to_string(repository("deploy/grafana/metisvm-node.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut asked = Vec::new();
    queries(&dashboard, &mut asked);
    let asked: BTreeSet<String> = asked.iter().flat_map(|query| names(query)).collect();
    for name in &asked {
        assert!(
            samples.contains(name),
            "{name} is shown, and not served: {samples:?}"
        );
    }
    let page = names(&std::fs::read_to_string(repository("docs/node.md")).unwrap());
    for family in &families {
        let shown = asked.iter().any(|name| name.starts_with(family.as_str()));
        assert!(shown, "{family} is served, and not shown");
        assert!(
            page.contains(family),
            "{family} is served, and not in docs/node.md"
        );
    }
    assert!(families.len() >= 8, "{families:?}");
}
