//! A block that was built is held to the rules before it is kept: whatever is wrong in it is found.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/mod.rs"]
mod node;

use alloy_consensus::{Header, TxEip1559, TxEnvelope, transaction::Recovered, transaction::TypedTransaction};
use alloy_primitives::{B256, Bytes};
use metisvm_node::miner::{self, Made};
use metisvm_node::{Node, NodeError, validate};
use node::CONTRACT;
use std::sync::Arc;

/// A transaction of the first account to the contract.
fn transaction(node: &Node, nonce: u64) -> Recovered<TxEnvelope> {
    let transaction = TxEip1559 {
        chain_id: node.spec().chain_id,
        nonce,
        gas_limit: 200_000,
        max_fee_per_gas: 10_000_000_000,
        max_priority_fee_per_gas: 1,
        to: CONTRACT.into(),
        input: Bytes::new(),
        ..TxEip1559::default()
    };
    let from = node.accounts.addresses()[0];
    node.accounts
        .sign(from, TypedTransaction::Eip1559(transaction))
        .unwrap()
}

/// Makes the next block of two transactions, changes its header, and gives what validation says.
fn validated(change: impl FnOnce(&mut Header)) -> Result<(), NodeError> {
    let node = node::node();
    let tip = node.chain.tip().unwrap();
    let terms = node.terms(&tip.block);
    let transactions = vec![transaction(&node, 0), transaction(&node, 1)];
    let made = miner::make(&node.factory, &node.engine, &tip, &terms, transactions).unwrap();
    assert_eq!(made.block.transactions.len(), 2);
    assert!(made.block.receipts.iter().all(|receipt| receipt.status()));
    let mut block = made.block.as_ref().clone();
    change(&mut block.header);
    let made = Made {
        block: Arc::new(block),
        ..made
    };
    validate::built(&node.factory, &node.engine, &tip, &made)
}

#[test]
fn a_block_as_it_was_built_is_valid_and_one_that_says_something_else_is_not() {
    validated(|_| {}).unwrap();
    type Change = fn(&mut Header);
    let changes: [(&str, Change); 9] = [
        ("transactionsRoot", |header| header.transactions_root = B256::ZERO),
        ("receiptsRoot", |header| header.receipts_root = B256::ZERO),
        ("logsBloom", |header| header.logs_bloom.0[0] ^= 1),
        ("gasUsed", |header| header.gas_used += 1),
        ("requestsHash", |header| header.requests_hash = Some(B256::ZERO)),
        ("timestamp", |header| header.timestamp = 0),
        ("parentHash", |header| header.parent_hash = B256::ZERO),
        ("blobGasUsed", |header| header.blob_gas_used = Some(1 << 17)),
        ("stateRoot", |header| header.state_root = B256::ZERO),
    ];
    for (field, change) in changes {
        let error = validated(change).unwrap_err().to_string();
        assert!(
            error.contains("a block that was built is not valid"),
            "{field}: {error}"
        );
        assert!(error.contains(field), "{field}: {error}");
    }
    // Another beneficiary is no contradiction by itself: only executing the block shows that its state is another.
    let error = validated(|header| header.beneficiary = CONTRACT)
        .unwrap_err()
        .to_string();
    assert!(error.contains("stateRoot"), "{error}");
}
