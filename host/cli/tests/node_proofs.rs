//! Proofs on the node: private credit from the key to the decision, with `metisvm key` and `metisvm prove` beside it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use alloy_primitives::{Address, B256, Bytes, hex};
use alloy_sol_types::{SolCall, SolConstructor, SolError, sol};
use metisvm_prover::commit;
use serde_json::{Value, json};
use std::path::Path;
use support::node::{Node, accounts, artefact};
use support::proofs::call;
use support::{objects, repository, stderr};

sol! {
    contract PrivateCredit {
        error InvalidProof(bytes32 jobId);
        constructor(bytes32 modelId_, address authority_, uint64 patience_);
        function attest(address borrower, bytes32 inputCommitment) external;
        function applyForCredit() external returns (bytes32 jobId);
        function fulfil(bytes32 jobId, bytes calldata output, bytes calldata proof) external;
        function decisionOf(address borrower) external view returns (uint8 decision);
    }
    contract Proofs {
        error UnknownKey(bytes32 modelId, uint256 circuitVersion);
        function keyInfo(bytes32 modelId) external view returns (
            bytes32 keyDigest, uint256 circuitVersion, uint256 outputBytes, uint256 proofBytes, uint256 gas
        );
    }
}

/// From this time on the development chain verifies proofs.
const FROM: &str = "1796083200";
/// The precompile.
const PROOFS: &str = "0x4d45544900000000000000000000000000000003";
/// Income 95,000, few debts, long history, nothing late.
const FEATURES: [u8; 8] = [95, 10, 12, 180, 15, 0, 120, 0];
const SALT: [u8; 32] = [0x51; 32];
/// PrivateCredit.Decision.
const APPROVED: u8 = 2;

fn bytes(value: &Value) -> Bytes {
    value.as_str().unwrap().parse().unwrap()
}

fn ran(folder: &Path, line: &str) -> Value {
    let output = call(folder, line);
    assert!(output.status.success(), "{line}: {}", stderr(&output));
    objects(&output).pop().unwrap_or_default()
}

/// The key's facts as the chain has them, or what the call ends with.
fn key_info(node: &Node, model: B256) -> Result<Value, Value> {
    let data = Proofs::keyInfoCall { modelId: model }.abi_encode();
    let request = json!({"to": PROOFS, "data": hex::encode_prefixed(data)});
    node.ask("eth_call", json!([request, "latest"]))
}

#[test]
fn credit_is_approved_by_a_proof_in_a_mined_block() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::copy(
        repository("models/credit/credit_qdq.onnx"),
        folder.join("credit.onnx"),
    )
    .unwrap();
    std::fs::write(folder.join("features"), FEATURES).unwrap();
    std::fs::write(folder.join("salt"), SALT).unwrap();
    call(folder, "model import credit.onnx -o credit.bundle");
    let key = ran(
        folder,
        "key credit.bundle --private-input --keys kept --out credit.key --json",
    );
    let digest = key["key_digest"].clone();

    let keyed = ["--keys", "credit.key", "--timestamp", FROM, "--datadir", "chain"];
    let node = Node::start(folder, &keyed);
    let keys = node.get("metis_keys", json!([]));
    assert_eq!(keys[0]["digest"], digest);
    assert_eq!(keys[0]["registered"], true);
    let model: B256 = keys[0]["model"].as_str().unwrap().parse().unwrap();
    assert!(key_info(&node, model).is_ok());

    let accounts = accounts(&node);
    let address = |index: usize| accounts[index].parse::<Address>().unwrap();
    let arguments = PrivateCredit::constructorCall {
        modelId_: model,
        authority_: address(1),
        patience_: 86_400,
    };
    let code = bytes(&artefact("PrivateCredit")["bytecode"]);
    let creation = hex::encode_prefixed([code.to_vec(), arguments.abi_encode()].concat());
    let receipt = node.send(json!({"from": accounts[0], "data": creation}));
    let credit = receipt["contractAddress"].as_str().unwrap().to_owned();
    let send = |from: usize, data: Vec<u8>| {
        let data = hex::encode_prefixed(data);
        // With gas: what reverts is to be in a block all the same.
        node.send(json!({"from": accounts[from], "to": credit, "data": data, "gas": "0xf00000"}))
    };
    let commitment = B256::from(commit(&SALT, &FEATURES).to_bytes());
    let attest = PrivateCredit::attestCall {
        borrower: address(2),
        inputCommitment: commitment,
    };
    assert_eq!(send(1, attest.abi_encode())["status"], "0x1");
    let applied = send(2, PrivateCredit::applyForCreditCall {}.abi_encode());
    let job = applied["logs"][0]["topics"][1].as_str().unwrap().to_owned();

    let line = format!(
        "prove credit.bundle --input features --private-input --salt salt --keys kept --chain-id 5068365 --job {job} \
         --out proof.json --json"
    );
    ran(folder, &line);
    let text = std::fs::read_to_string(folder.join("proof.json")).unwrap();
    let made: Value = serde_json::from_str(&text).unwrap();
    let (output, proof) = (bytes(&made["output"]), bytes(&made["proof"]));
    let job: B256 = job.parse().unwrap();
    let fulfil = |proof: Bytes| {
        PrivateCredit::fulfilCall {
            jobId: job,
            output: output.clone(),
            proof,
        }
        .abi_encode()
    };
    let mut flipped = proof.to_vec();
    flipped[50_000] ^= 1;
    let refused = send(5, fulfil(flipped.clone().into()));
    assert_eq!(refused["status"], "0x0");
    let why = json!({"to": credit, "data": hex::encode_prefixed(fulfil(flipped.into()))});
    let error = node.ask("eth_call", json!([why, "latest"])).unwrap_err();
    let invalid = PrivateCredit::InvalidProof { jobId: job };
    assert_eq!(error["data"], hex::encode_prefixed(invalid.abi_encode()));

    let fulfilled = send(5, fulfil(proof.clone()));
    assert_eq!(fulfilled["status"], "0x1");
    let decision = PrivateCredit::decisionOfCall { borrower: address(2) }.abi_encode();
    let decision = json!({"to": credit, "data": hex::encode_prefixed(decision)});
    let decision = node.get("eth_call", json!([decision, "latest"]));
    assert_eq!(bytes(&decision).last(), Some(&APPROVED));
    let frames = node.get(
        "debug_traceTransaction",
        json!([fulfilled["transactionHash"], {"tracer": "callTracer"}]),
    );
    assert_eq!(frames["calls"][0]["to"], PROOFS);
    assert_eq!(bytes(&frames["calls"][0]["output"]).last(), Some(&1));

    // A node without the key has the chain all the same, and says what it lacks where a proof is to be verified.
    assert!(node.terminate());
    let keyless = Node::start(folder, &["--datadir", "chain"]);
    assert_eq!(keyless.get("metis_keys", json!([])), json!([]));
    let lacks = key_info(&keyless, model).unwrap_err();
    let said = lacks["message"].as_str().unwrap();
    assert!(said.contains(digest.as_str().unwrap()), "{said}");
    let (_, refused) = keyless.error("metis_registerKey", json!([digest]));
    assert!(refused.contains("metis_addKey"), "{refused}");
    let key_bytes = std::fs::read(folder.join("credit.key")).unwrap();
    let (code, refused) = keyless.error("metis_addKey", json!([hex::encode_prefixed(&key_bytes[1..])]));
    assert_eq!(code, -32602, "{refused}");
    let added = keyless.get("metis_addKey", json!([hex::encode_prefixed(key_bytes)]));
    assert_eq!(added, digest);
    assert!(key_info(&keyless, model).is_ok());

    // Out of the registry no proof is accepted, and back in it is again.
    assert_eq!(keyless.get("metis_unregisterKey", json!([digest])), true);
    assert_eq!(keyless.get("metis_unregisterKey", json!([digest])), false);
    let error = key_info(&keyless, model).unwrap_err();
    assert_eq!(bytes(&error["data"])[..4], Proofs::UnknownKey::SELECTOR);
    assert_eq!(keyless.get("metis_registerKey", json!([digest])), true);
    keyless.get("evm_mine", json!([]));
    assert!(key_info(&keyless, model).is_ok());
    assert_eq!(keyless.get("metis_keyInfo", json!([digest]))["registered"], true);

    // What was added while it ran is there when it is started again.
    assert!(keyless.terminate());
    let again = Node::start(folder, &["--datadir", "chain"]);
    assert_eq!(again.get("metis_keyInfo", json!([digest]))["registered"], true);
    assert!(key_info(&again, model).is_ok());
}

#[test]
fn keys_that_are_of_no_use_are_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("wrong.key"), b"no key").unwrap();
    let output = support::run(folder.path(), &["node", "--port", "0", "--keys", "wrong.key"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("wrong.key"), "{}", stderr(&output));
}
