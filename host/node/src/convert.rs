//! Blocks, transactions and receipts in the shapes of JSON-RPC.

use crate::block::MinedBlock;
use alloy_consensus::{Transaction as _, TxEnvelope, transaction::Recovered};
use alloy_primitives::U256;
use alloy_rpc_types::{
    Block, BlockTransactions, Header, Log, Transaction, TransactionInfo, TransactionReceipt,
};
use metisvm_vm::ChainSpec;

/// A header.
pub fn header(block: &MinedBlock) -> Header {
    Header {
        hash: block.hash,
        inner: block.header.clone(),
        total_difficulty: None,
        size: Some(U256::from(block.size())),
    }
}

/// A block, with its transactions or only their hashes.
pub fn whole(block: &MinedBlock, full: bool) -> Block {
    let transactions = if full {
        BlockTransactions::Full(
            (0..block.transactions.len())
                .map(|index| mined(block, index))
                .collect(),
        )
    } else {
        BlockTransactions::Hashes(block.transactions.iter().map(|one| *one.hash()).collect())
    };
    Block {
        header: header(block),
        uncles: block
            .ommers
            .iter()
            .map(alloy_consensus::Header::hash_slow)
            .collect(),
        transactions,
        withdrawals: block.withdrawals.clone(),
    }
}

/// A transaction of a block that has so many.
///
/// # Panics
/// If it has fewer.
pub fn mined(block: &MinedBlock, index: usize) -> Transaction {
    let transaction = block.transactions[index].clone();
    #[allow(clippy::needless_update)] // more fields may come
    let info = TransactionInfo {
        hash: Some(*transaction.hash()),
        index: Some(index as u64),
        block_hash: Some(block.hash),
        block_number: Some(block.number()),
        base_fee: block.header.base_fee_per_gas,
        block_timestamp: Some(block.header.timestamp),
        ..TransactionInfo::default()
    };
    Transaction::from_transaction(transaction, info)
}

/// A transaction that waits.
pub fn waiting(transaction: Recovered<TxEnvelope>) -> Transaction {
    Transaction::from_transaction(transaction, TransactionInfo::default())
}

/// The receipt of a transaction of a block that has so many.
///
/// # Panics
/// If it has fewer.
pub fn receipt(spec: &ChainSpec, block: &MinedBlock, index: usize) -> TransactionReceipt {
    let transaction = &block.transactions[index];
    let header = &block.header;
    let mut log_index = block.logs_before(index);
    let log = |inner| {
        let log = Log {
            inner,
            block_hash: Some(block.hash),
            block_number: Some(block.number()),
            block_timestamp: Some(header.timestamp),
            transaction_hash: Some(*transaction.hash()),
            transaction_index: Some(index as u64),
            log_index: Some(log_index),
            removed: false,
        };
        log_index += 1;
        log
    };
    let blob_fee = spec
        .blob_params(header.timestamp)
        .and_then(|params| header.blob_fee(params));
    let blob_gas_used = transaction.blob_gas_used();
    TransactionReceipt {
        inner: block.receipts[index].clone().map_logs(log),
        transaction_hash: *transaction.hash(),
        transaction_index: Some(index as u64),
        block_hash: Some(block.hash),
        block_number: Some(block.number()),
        gas_used: block.gas_used(index),
        effective_gas_price: transaction.effective_gas_price(header.base_fee_per_gas),
        blob_gas_used,
        blob_gas_price: blob_gas_used.and(blob_fee),
        from: transaction.signer(),
        to: transaction.to(),
        contract_address: block.created(index),
    }
}
