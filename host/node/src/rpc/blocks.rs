//! Blocks, transactions and receipts.

use super::quantity::Hash;
use super::{
    args::Args,
    served::{Module, Served, lookup, method},
};
use crate::convert;
use crate::{block::MinedBlock, error::NodeError, fees, logs};
use alloy_eips::{BlockId, BlockNumberOrTag, Encodable2718};
use alloy_primitives::{B256, Bytes, U64, U256};
use alloy_rpc_types::{Filter, Index};
use jsonrpsee::core::RegisterMethodError;
use std::sync::Arc;

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    lookup(module, "eth_blockNumber", |node, _| {
        Ok(U64::from(node.chain.head()?.number()))
    })?;
    method(module, &["eth_getBlockByNumber"], |node, args| {
        let tag: BlockNumberOrTag = args.get(0, "block number")?;
        let full = args.opt(1, "full transactions")?.unwrap_or(false);
        Ok(block(node, tag.into())?.map(|block| convert::whole(&block, full)))
    })?;
    method(module, &["eth_getBlockByHash"], |node, args| {
        let hash: B256 = args.get(0, "block hash")?;
        let full = args.opt(1, "full transactions")?.unwrap_or(false);
        Ok(block(node, hash.into())?.map(|block| convert::whole(&block, full)))
    })?;
    method(
        module,
        &[
            "eth_getBlockTransactionCountByNumber",
            "eth_getBlockTransactionCountByHash",
        ],
        |node, args| {
            let count = |block: Arc<MinedBlock>| U64::from(block.transactions.len());
            Ok(block(node, args.get(0, "block")?)?.map(count))
        },
    )?;
    method(
        module,
        &["eth_getUncleCountByBlockNumber", "eth_getUncleCountByBlockHash"],
        |node, args| {
            let count = |block: Arc<MinedBlock>| U64::from(block.ommers.len());
            Ok(block(node, args.get(0, "block")?)?.map(count))
        },
    )?;
    method(module, &["eth_getBlockReceipts"], |node, args| {
        let Some(block) = block(node, args.get(0, "block")?)? else {
            return Ok(None);
        };
        let receipts = (0..block.receipts.len()).map(|index| convert::receipt(node.spec(), &block, index));
        Ok(Some(receipts.collect::<Vec<_>>()))
    })?;
    method(module, &["eth_getTransactionByHash"], |node, args| {
        let Hash(hash) = args.get(0, "transaction hash")?;
        if let Some((block, index)) = node.chain.transaction(hash) {
            return Ok(Some(convert::mined(&block, index)));
        }
        Ok(node.pool().get(hash).cloned().map(convert::waiting))
    })?;
    method(
        module,
        &[
            "eth_getTransactionByBlockHashAndIndex",
            "eth_getTransactionByBlockNumberAndIndex",
        ],
        |node, args| Ok(at(node, args)?.map(|(block, index)| convert::mined(&block, index))),
    )?;
    lookup(module, "eth_getTransactionReceipt", |node, args| {
        let Hash(hash) = args.get(0, "transaction hash")?;
        let found = node.chain.transaction(hash);
        Ok(found.map(|(block, index)| convert::receipt(node.spec(), &block, index)))
    })?;
    method(
        module,
        &["eth_getRawTransactionByHash", "debug_getRawTransaction"],
        |node, args| {
            let Hash(hash) = args.get(0, "transaction hash")?;
            let raw = match node.chain.transaction(hash) {
                Some((block, index)) => Some(block.transactions[index].encoded_2718()),
                None => node.pool().get(hash).map(|waiting| waiting.encoded_2718()),
            };
            Ok(raw.map(Bytes::from))
        },
    )?;
    method(module, &["eth_getLogs"], |node, args| {
        let filter: Filter = args.get(0, "filter")?;
        logs::find(node, &filter)
    })?;
    method(module, &["eth_gasPrice"], |node, _| {
        let tip = node.chain.tip()?;
        Ok(U256::from(u128::from(node.next_base_fee(&tip)?) + fees::TIP))
    })?;
    method(module, &["eth_maxPriorityFeePerGas"], |_, _| {
        Ok(U256::from(fees::TIP))
    })?;
    method(module, &["eth_baseFee"], |node, _| {
        let tip = node.chain.tip()?;
        Ok(U256::from(node.next_base_fee(&tip)?))
    })?;
    method(module, &["eth_blobBaseFee"], |node, _| {
        let tip = node.chain.tip()?;
        let header = crate::miner::template(&node.factory, &tip.block, &node.terms(&tip.block))?;
        let fee = node
            .spec()
            .blob_params(header.timestamp)
            .and_then(|params| alloy_consensus::BlockHeader::blob_fee(&header, params));
        Ok(U256::from(fee.unwrap_or_default()))
    })?;
    method(module, &["eth_feeHistory"], |node, args| {
        let count: super::quantity::Number = args.get(0, "block count")?;
        let newest = args.get(1, "newest block")?;
        let percentiles: Vec<f64> = args.opt(2, "reward percentiles")?.unwrap_or_default();
        fees::history(node, count.u64()?, newest, &percentiles)
    })
}

/// A block, the pending one too. One that is not kept any more is an error.
pub(super) fn block(node: &Served, id: BlockId) -> Result<Option<Arc<MinedBlock>>, NodeError> {
    match id {
        BlockId::Number(BlockNumberOrTag::Pending) => Ok(Some(node.pending()?)),
        _ => node.chain.find(id),
    }
}

fn at(node: &Served, args: &Args<'_>) -> Result<Option<(Arc<MinedBlock>, usize)>, NodeError> {
    let index: Index = args.get(1, "index")?;
    let index = usize::from(index);
    let found = block(node, args.get(0, "block")?)?;
    Ok(found
        .filter(|block| index < block.transactions.len())
        .map(|block| (block, index)))
}
