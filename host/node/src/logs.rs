//! Looking for events.

use crate::{block::MinedBlock, error::NodeError, node::Node};
use alloy_rpc_types::{Filter, FilterBlockOption, Log};

/// The most blocks that one request looks through,
const MOST_BLOCKS: u64 = 100_000;
/// and the most logs that it answers with.
const MOST_LOGS: usize = 100_000;
/// The most addresses and topics of a filter, all its places together.
const MOST_TERMS: usize = 1000;

/// Refuses a filter that would cost too much to look for.
///
/// # Errors
/// If it names too many addresses and topics.
pub fn check(filter: &Filter) -> Result<(), NodeError> {
    let topics: usize = filter.topics.iter().map(|topic| topic.len()).sum();
    let terms = filter.address.len() + topics;
    if terms > MOST_TERMS {
        return Err(NodeError::TooMuch(format!(
            "the filter names {terms} addresses and topics, the most is {MOST_TERMS}; ask several times"
        )));
    }
    Ok(())
}

/// The logs that a filter means.
///
/// # Errors
/// If its range is none, too long or not kept any more, or there are too many logs in it.
pub fn find(node: &Node, filter: &Filter) -> Result<Vec<Log>, NodeError> {
    check(filter)?;
    let mut found = Vec::new();
    match filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => {
            let block = node
                .chain
                .by_hash(hash)
                .ok_or_else(|| NodeError::no_such_block(hash.into()))?;
            of_block(&block, filter, false, &mut found);
        }
        FilterBlockOption::Range { from_block, to_block } => {
            let head = node.chain.head()?.number();
            let number = |tag| node.chain.number_of(tag);
            let from = from_block.map_or(Ok(head), number)?;
            let to = to_block.map_or(Ok(head), number)?;
            if from > to {
                return Err(NodeError::invalid(format!(
                    "invalid block range: from {from} to {to}"
                )));
            }
            if to > head {
                return Err(NodeError::invalid(format!(
                    "block range extends beyond current head block: to {to}, head {head}"
                )));
            }
            if to.saturating_sub(from) >= MOST_BLOCKS {
                return Err(NodeError::TooMuch(format!(
                    "blocks {from} to {to} are more than {MOST_BLOCKS}; ask for fewer at a time"
                )));
            }
            for number in from..=to {
                let Some(block) = node.chain.by_number(number)? else {
                    break;
                };
                of_block(&block, filter, false, &mut found);
                if found.len() > MOST_LOGS {
                    return Err(NodeError::TooMuch(format!(
                        "more than {MOST_LOGS} logs match up to block {number}; ask for fewer blocks at a time"
                    )));
                }
            }
        }
    }
    Ok(found)
}

/// Adds the logs of a block that a filter means. `removed`: the block was taken back.
pub fn of_block(block: &MinedBlock, filter: &Filter, removed: bool, found: &mut Vec<Log>) {
    if block.receipts.is_empty() || !filter.matches_bloom(block.header.logs_bloom) {
        return;
    }
    let mut log_index = 0;
    for (index, (receipt, transaction)) in block.receipts.iter().zip(&block.transactions).enumerate() {
        for log in receipt.logs() {
            if filter.matches(log) {
                found.push(Log {
                    inner: log.clone(),
                    block_hash: Some(block.hash),
                    block_number: Some(block.number()),
                    block_timestamp: Some(block.header.timestamp),
                    transaction_hash: Some(*transaction.hash()),
                    transaction_index: Some(index as u64),
                    log_index: Some(log_index),
                    removed,
                });
            }
            log_index += 1;
        }
    }
}
