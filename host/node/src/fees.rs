//! What transactions pay: the history of it, and what to offer.

use crate::{block::MinedBlock, error::NodeError, node::Node};
use alloy_consensus::Transaction;
use alloy_eips::BlockNumberOrTag;
use alloy_rpc_types::FeeHistory;

/// The most blocks and percentiles of one request, as with geth.
const MOST_BLOCKS: u64 = 1024;
const MOST_PERCENTILES: usize = 100;

/// The tip that is offered where nobody says another: 1 gwei.
pub const TIP: u128 = 1_000_000_000;

/// Base fees, how full blocks were, and tips at percentiles of gas.
///
/// # Errors
/// If the percentiles do not rise from 0 to 100, or a block is not there any more.
pub fn history(
    node: &Node,
    count: u64,
    newest: BlockNumberOrTag,
    percentiles: &[f64],
) -> Result<FeeHistory, NodeError> {
    if percentiles.len() > MOST_PERCENTILES {
        return Err(NodeError::invalid(format!(
            "{} reward percentiles are more than {MOST_PERCENTILES}",
            percentiles.len()
        )));
    }
    let rises = percentiles.is_sorted() && percentiles.iter().all(|p| (0.0..=100.0).contains(p));
    if !rises {
        return Err(NodeError::invalid("reward percentiles must rise from 0 to 100"));
    }
    let head = node.chain.head()?.number();
    let newest = match newest {
        BlockNumberOrTag::Pending => head,
        tag => node.chain.number_of(tag)?,
    };
    if newest > head {
        return Err(NodeError::invalid(format!(
            "request beyond head block: requested {newest}, head {head}"
        )));
    }
    let count = count.min(MOST_BLOCKS).min(newest.saturating_add(1));
    // As geth does where blocks are not there any more: the answer is shorter, and says where it begins.
    let kept = node.chain.number_of(BlockNumberOrTag::Earliest)?;
    let oldest = (newest + 1).saturating_sub(count).max(kept.min(newest));
    let mut fees = FeeHistory {
        oldest_block: oldest,
        ..FeeHistory::default()
    };
    let mut rewards = Vec::new();
    for number in oldest..newest + 1 {
        let Some(block) = node.chain.by_number(number)? else {
            break;
        };
        let header = &block.header;
        fees.base_fee_per_gas
            .push(header.base_fee_per_gas.unwrap_or_default().into());
        fees.gas_used_ratio.push(ratio(header.gas_used, header.gas_limit));
        let params = node.spec().blob_params(header.timestamp);
        let blob_fee = params.and_then(|params| header.blob_fee(params));
        fees.base_fee_per_blob_gas.push(blob_fee.unwrap_or_default());
        let most = params.map_or(0, |params| params.max_blob_gas_per_block());
        fees.blob_gas_used_ratio
            .push(ratio(header.blob_gas_used.unwrap_or_default(), most));
        if !percentiles.is_empty() {
            rewards.push(tips(&block, percentiles));
        }
    }
    if count > 0 {
        let (base_fee, blob_fee) = after(node, newest, head)?;
        fees.base_fee_per_gas.push(base_fee);
        fees.base_fee_per_blob_gas.push(blob_fee);
    }
    fees.reward = (!percentiles.is_empty()).then_some(rewards);
    Ok(fees)
}

fn ratio(used: u64, most: u64) -> f64 {
    if most == 0 { 0.0 } else { used as f64 / most as f64 }
}

/// The fees of the block after this one.
fn after(node: &Node, number: u64, head: u64) -> Result<(u128, u128), NodeError> {
    let header = if number < head {
        match node.chain.by_number(number + 1)? {
            Some(block) => block.header.clone(),
            None => return Ok((0, 0)),
        }
    } else {
        let tip = node.chain.tip()?;
        crate::miner::template(&node.factory, &tip.block, &node.terms(&tip.block))?
    };
    let blob_fee = node
        .spec()
        .blob_params(header.timestamp)
        .and_then(|params| header.blob_fee(params));
    let base_fee = header.base_fee_per_gas.unwrap_or_default();
    Ok((base_fee.into(), blob_fee.unwrap_or_default()))
}

/// The tips that were paid up to these percentiles of a block's gas.
fn tips(block: &MinedBlock, percentiles: &[f64]) -> Vec<u128> {
    let base_fee = block.header.base_fee_per_gas.unwrap_or_default();
    let mut paid: Vec<(u128, u64)> = block
        .transactions
        .iter()
        .enumerate()
        .map(|(index, transaction)| {
            let tip = transaction.effective_tip_per_gas(base_fee).unwrap_or_default();
            (tip, block.gas_used(index))
        })
        .collect();
    paid.sort_unstable();
    let Some((mut tip, mut gas)) = paid.first().copied() else {
        return vec![0; percentiles.len()];
    };
    let mut at = 0;
    let tip_at = |percentile: &f64| {
        let threshold = (block.header.gas_used as f64 * percentile / 100.0) as u64;
        while gas < threshold && at + 1 < paid.len() {
            at += 1;
            let (next, used) = paid[at];
            tip = next;
            gas = gas.saturating_add(used);
        }
        tip
    };
    percentiles.iter().map(tip_at).collect()
}
