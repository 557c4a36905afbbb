//! The state root of a real genesis file against the root in the first block built on it.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

use alloy_primitives::{Address, B256, Bytes, U256};
use metisvm_state::{MemoryState, state_root};
use serde_json::Value;
use std::{io::Write, path::PathBuf};

fn data() -> PathBuf {
    std::env::var_os("METISVM_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    )
}

fn uint(value: Option<&Value>) -> U256 {
    value.map_or(U256::ZERO, |value| {
        let text = value.as_str().unwrap();
        U256::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
    })
}

#[test]
fn the_root_of_the_rpc_compat_genesis_is_the_one_its_block_states() {
    let folder = data().join("rpc-compat");
    let Ok(genesis) = std::fs::read_to_string(folder.join("genesis.json")) else {
        // println! would be kept back: the test passes.
        let left_out = "left out: state root of rpc-compat genesis (shared/data/rpc-compat)\n";
        std::io::stdout().write_all(left_out.as_bytes()).unwrap();
        return;
    };
    let genesis: Value = serde_json::from_str(&genesis).unwrap();
    let mut state = MemoryState::default();
    for (address, account) in genesis["alloc"].as_object().unwrap() {
        let address: Address = address.parse().unwrap();
        let code: Bytes = account
            .get("code")
            .map_or(Bytes::new(), |code| code.as_str().unwrap().parse().unwrap());
        let storage = account
            .get("storage")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(slot, value)| (U256::from_str_radix(&slot[2..], 16).unwrap(), uint(Some(value))));
        let nonce = uint(account.get("nonce")).to::<u64>();
        state.insert_account(address, uint(account.get("balance")), nonce, code, storage);
    }
    assert!(state.len() > 10);
    // The third field after the two hashes and the beneficiary of the raw genesis header.
    let case = std::fs::read_to_string(folder.join("debug_getRawHeader/get-genesis.io")).unwrap();
    let answer = case.lines().find_map(|line| line.strip_prefix("<< ")).unwrap();
    let answer: Value = serde_json::from_str(answer).unwrap();
    let header: Bytes = answer["result"].as_str().unwrap().parse().unwrap();
    assert_eq!(state_root(&state), B256::from_slice(&header[91..123]));
}
