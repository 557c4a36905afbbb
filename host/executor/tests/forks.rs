//! A chain that goes through every fork from Frontier to Osaka in 54 blocks (hive's rpc-compat chain):
//! after each block the state root is the header's, so rewards, withdrawals, system calls, requests and
//! the clearing of empty accounts are right, not only what receipts show.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use alloy_consensus::{Block, TxEnvelope, proofs::calculate_receipt_root};
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::{Address, Bytes, U256};
use alloy_rlp::Decodable;
use metisvm_executor::{BlockInput, Threads, execute_block, recover_senders};
use metisvm_state::{MemoryState, state_root};
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use serde_json::{Value, json};
use std::{path::Path, sync::Arc};

/// The chain spec in geth's genesis format, as ours.
fn chain_spec(genesis: &Value) -> ChainSpec {
    let config = &genesis["config"];
    let mut forks = json!({
        "homesteadBlock": config["homesteadBlock"],
        "tangerineWhistleBlock": config["eip150Block"],
        "spuriousDragonBlock": config["eip158Block"],
        "parisBlock": config["mergeNetsplitBlock"],
    });
    for key in [
        "byzantium",
        "constantinople",
        "petersburg",
        "istanbul",
        "berlin",
        "london",
    ] {
        forks[format!("{key}Block")] = config[format!("{key}Block")].clone();
    }
    for key in ["shanghai", "cancun", "prague", "osaka"] {
        forks[format!("{key}Time")] = config[format!("{key}Time")].clone();
    }
    let mut blobs = Vec::new();
    for key in ["cancun", "prague", "osaka", "bpo1", "bpo2"] {
        let mut entry = config["blobSchedule"][key].clone();
        entry["time"] = config[format!("{key}Time")].clone();
        blobs.push(entry);
    }
    let spec = json!({
        "name": "rpc-compat",
        "chainId": config["chainId"],
        "forks": forks,
        "blobSchedule": blobs,
        "depositContract": config["depositContractAddress"],
    });
    ChainSpec::from_json(&spec.to_string()).unwrap()
}

fn genesis_state(genesis: &Value) -> MemoryState {
    let number = |value: &Value| match value.as_str() {
        Some(text) => U256::from_str_radix(text.trim_start_matches("0x"), 16).unwrap(),
        None => U256::ZERO,
    };
    let mut state = MemoryState::default();
    for (address, account) in genesis["alloc"].as_object().unwrap() {
        let address: Address = address.parse().unwrap();
        let code: Bytes = account["code"].as_str().unwrap_or("0x").parse().unwrap();
        let storage = account["storage"].as_object().into_iter().flatten();
        let storage = storage.map(|(slot, value)| (number(&slot.as_str().into()), number(value)));
        let nonce = number(&account["nonce"]).to();
        state.insert_account(address, number(&account["balance"]), nonce, code, storage);
    }
    state
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(name)).unwrap()
}

#[test]
fn every_block_of_a_chain_through_all_forks_has_the_state_root_of_its_header() {
    let Some(folder) = support::data_for("chain through all forks", "rpc-compat/chain.rlp") else {
        return;
    };
    let folder = folder.parent().unwrap();
    let genesis: Value = serde_json::from_slice(&read(folder, "genesis.json")).unwrap();
    let spec = Arc::new(chain_spec(&genesis));
    let factory = MetisEvmFactory::new(spec.clone(), None);
    let threads = Threads::new(2).unwrap();
    let mut state = genesis_state(&genesis);

    let chain = read(folder, "chain.rlp");
    let mut rest = chain.as_slice();
    let mut parent = None;
    let mut blocks = 0;
    while !rest.is_empty() {
        let block = Block::<TxEnvelope>::decode(&mut rest).unwrap();
        let header = &block.header;
        assert!(parent.is_none_or(|parent| parent == header.parent_hash));
        parent = Some(header.hash_slow());
        state.insert_block_hash(header.number - 1, header.parent_hash);
        let transactions =
            recover_senders(&spec, header.number, block.body.transactions.clone(), &threads).unwrap();
        let input = BlockInput {
            header,
            transactions: &transactions,
            withdrawals: block
                .body
                .withdrawals
                .as_ref()
                .map(|withdrawals| withdrawals.as_slice()),
            ommers: &block.body.ommers,
            access_list: None,
        };
        let number = header.number;
        let outcome = execute_block(&factory, input, &mut state)
            .unwrap_or_else(|error| panic!("block {number}: {error}"));
        assert_eq!(outcome.gas_used, header.gas_used, "gas of block {number}");
        assert_eq!(outcome.logs_bloom(), header.logs_bloom, "bloom of block {number}");
        assert_eq!(
            state_root(&state),
            header.state_root,
            "state root of block {number}"
        );
        if spec.is_byzantium_active_at_block(number) {
            let root = calculate_receipt_root(&outcome.receipts);
            assert_eq!(root, header.receipts_root, "receipts root of block {number}");
        }
        if let Some(requests_hash) = header.requests_hash {
            assert_eq!(
                outcome.requests.requests_hash(),
                requests_hash,
                "requests of block {number}"
            );
        }
        if let Some(blob_gas_used) = header.blob_gas_used {
            assert_eq!(outcome.blob_gas_used, blob_gas_used, "blob gas of block {number}");
        }
        blocks += 1;
    }
    assert_eq!(blocks, 54);
}
