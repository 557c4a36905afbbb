//! `metisvm model import --register` and `metisvm model register`, and what they say where nothing can be registered.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use alloy_primitives::{U256, hex};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread;
use support::node::Node;
use support::{objects, repository, run, stderr, stdout};

/// The inference precompile of metis-dev.
const INFERENCE: &str = "0x4d45544900000000000000000000000000000001";
const IMAGE: usize = 64;

fn path(file: &str) -> String {
    repository(file).to_str().unwrap().to_owned()
}

fn url(node: &Node) -> String {
    format!("http://{}", node.address)
}

/// What a model gives for an input, by the node.
fn infer(node: &Node, model: &str, input: &[u8]) -> Result<Vec<u8>, Value> {
    let mut data = alloy_primitives::keccak256("infer(bytes32,bytes)")[..4].to_vec();
    data.extend(hex::decode(model).unwrap());
    data.extend(U256::from(64).to_be_bytes::<32>());
    data.extend(U256::from(input.len()).to_be_bytes::<32>());
    data.extend(input);
    let answer = node.ask(
        "eth_call",
        json!([{"to": INFERENCE, "data": hex::encode_prefixed(&data)}, "latest"]),
    )?;
    let answer = hex::decode(answer.as_str().unwrap()).unwrap();
    let length = U256::from_be_slice(&answer[32..64]).to::<usize>();
    Ok(answer[64..64 + length].to_vec())
}

/// What `model run` gives.
fn run_here(folder: &Path, bundle: &str, input: &[u8]) -> Vec<u8> {
    std::fs::write(folder.join("input"), input).unwrap();
    let done = run(folder, &["model", "run", bundle, "--input", "input", "-o", "-"]);
    assert!(done.status.success(), "{}", stderr(&done));
    done.stdout
}

#[test]
fn an_imported_model_is_registered_and_contracts_can_call_it() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    let (onnx, samples) = (
        path("models/digits/mlp_f32.onnx"),
        path("models/digits/calibration.npy"),
    );
    let import = [
        "model",
        "import",
        &onnx,
        "--calibration",
        &samples,
        "-o",
        "m.bundle",
        "--register",
        &url(&node),
    ];
    let imported = run(folder.path(), &import);
    assert!(imported.status.success(), "{}", stderr(&imported));
    let listed = node.get("metis_models", json!([]));
    let ours = &listed[2];
    assert_eq!(
        (listed.as_array().unwrap().len(), &ours["registered"]),
        (3, &json!(true))
    );
    let id = ours["id"].as_str().unwrap();
    let said = stdout(&imported);
    for expected in [
        &*format!("registered at {}", url(&node)),
        id,
        "Metis.infer",
        "--models",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let images = std::fs::read(repository("models/digits/test_images.bin")).unwrap();
    let image = &images[..IMAGE];
    let here = run_here(folder.path(), "m.bundle", image);
    assert_eq!(infer(&node, id, image).unwrap(), here);

    // Once more, as one object: nothing changes.
    let again = run(folder.path(), &[&import[..], &["--json"]].concat());
    assert!(again.status.success(), "{}", stderr(&again));
    let registration = &objects(&again)[0]["registration"];
    assert_eq!(registration["model_id"], id);
    assert_eq!(registration["already_registered"], true);
    assert_eq!(registration["added"], false);
    assert_eq!(registration["chain_id"], 5_068_365);
}

#[test]
fn a_bundle_is_registered_again_after_its_model_was_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path(), &[]);
    let bundle = path("host/cli/bundled/digits-cnn.bundle");
    let register = |more: &[&str]| {
        let rpc = url(&node);
        let arguments = ["model", "register", &bundle, "--rpc", &rpc];
        run(folder.path(), &[&arguments[..], more].concat())
    };
    let first = register(&[]);
    assert!(
        stdout(&first).contains("registered already"),
        "{}",
        stdout(&first)
    );
    let id = node.get("metis_models", json!([]))[1]["id"].clone();
    node.get("metis_unregisterModel", json!([id]));
    let images = std::fs::read(repository("models/digits/test_images.bin")).unwrap();
    assert_eq!(
        infer(&node, id.as_str().unwrap(), &images[..IMAGE]).unwrap_err()["code"],
        3
    );
    let second = register(&["--json", "--chain-id", "5068365"]);
    let object = &objects(&second)[0];
    assert_eq!(object["already_registered"], false);
    assert_eq!(
        (&object["input_bytes"], &object["output_bytes"]),
        (&json!(64), &json!(10))
    );
    infer(&node, id.as_str().unwrap(), &images[..IMAGE]).unwrap();
    let other = register(&["--chain-id", "1"]);
    assert_eq!(other.status.code(), Some(1));
    assert!(
        stderr(&other).contains("chain 5068365, not of 1"),
        "{}",
        stderr(&other)
    );
}

#[test]
fn a_chain_without_inference_registers_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let spec = path("host/vm/specs/mainnet.json");
    let node = Node::start(folder.path(), &["--chain", &spec, "--accounts", "0"]);
    let bundle = path("host/cli/bundled/digits-cnn.bundle");
    let refused = run(
        folder.path(),
        &["model", "register", &bundle, "--rpc", &url(&node)],
    );
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("no inference"), "{}", stderr(&refused));
}

/// Something that listens, takes one request a connection, and answers each with the same.
fn listener(answer: impl Into<Vec<u8>>) -> String {
    let answer = answer.into();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).unwrap();
            let _ = stream.write_all(&answer);
        }
    });
    url
}

#[test]
fn what_is_no_node_with_models_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = path("host/cli/bundled/digits-cnn.bundle");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endless = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'['; 2 << 20]].concat();
    let other = b"HTTP/1.1 200 OK\r\ncontent-length: 61\r\nconnection: close\r\n\r\n\
        {\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32601,\"message\":\"\"}}";
    let page = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>";
    let missing = b"HTTP/1.1 404 Not Found\r\ncontent-length: 7\r\nconnection: close\r\n\r\nno page";
    for (rpc, said) in [
        (format!("http://{free}"), "start one with `metisvm node`"),
        (listener(*other), "has no models"),
        (listener(*page), "is no node"),
        (listener(*missing), "HTTP status 404: no page"),
        (listener(endless), "more than"),
        (listener(*b"SSH-2.0-OpenSSH_9\r\n"), "connection to the node"),
        (listener(*b""), "connection to the node"),
    ] {
        let refused = run(folder.path(), &["model", "register", &bundle, "--rpc", &rpc]);
        assert_eq!(refused.status.code(), Some(1), "{rpc}");
        let problem = stderr(&refused);
        assert!(
            problem.contains(said) && problem.contains(&rpc),
            "{said}: {problem}"
        );
    }
    // The import asks first, and leaves nothing.
    let (onnx, rpc) = (path("models/digits/cnn_qdq.onnx"), format!("http://{free}"));
    let import = run(
        folder.path(),
        &["model", "import", &onnx, "-o", "m.bundle", "--register", &rpc],
    );
    assert_eq!(import.status.code(), Some(1));
    assert!(!folder.path().join("m.bundle").exists());
    let encrypted = run(
        folder.path(),
        &["model", "register", &bundle, "--rpc", "https://node.example"],
    );
    assert_eq!(encrypted.status.code(), Some(2));
    assert!(stderr(&encrypted).contains("TLS"), "{}", stderr(&encrypted));
}
