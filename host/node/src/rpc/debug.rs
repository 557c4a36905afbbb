//! `debug_*`: raw data and traces.

use super::{
    args::Args,
    blocks,
    served::{Module, Served, method},
};
use crate::{block::MinedBlock, call, error::NodeError, trace};
use alloy_consensus::{Block, BlockBody, ReceiptEnvelope};
use alloy_eips::{BlockId, Encodable2718};
use alloy_primitives::{B256, Bytes};
use alloy_rlp::Encodable;
use alloy_rpc_types::{
    TransactionRequest,
    trace::geth::{GethDebugTracingCallOptions, GethDebugTracingOptions},
};
use jsonrpsee::core::RegisterMethodError;
use std::sync::Arc;

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, &["debug_getRawHeader"], |node, args| {
        let mut raw = Vec::new();
        found(node, args)?.header.encode(&mut raw);
        Ok(Bytes::from(raw))
    })?;
    method(module, &["debug_getRawBlock"], |node, args| {
        Ok(raw_block(&*found(node, args)?))
    })?;
    method(module, &["debug_getRawReceipts"], |node, args| {
        let block = found(node, args)?;
        let raw = |receipt: &ReceiptEnvelope| Bytes::from(receipt.encoded_2718());
        Ok(block.receipts.iter().map(raw).collect::<Vec<_>>())
    })?;
    method(module, &["debug_traceTransaction"], |node, args| {
        let hash: B256 = args.get(0, "transaction hash")?;
        trace::transaction(node, hash, args.opt(1, "options")?.unwrap_or_default())
    })?;
    method(
        module,
        &["debug_traceBlockByNumber", "debug_traceBlockByHash"],
        |node, args| {
            let options: GethDebugTracingOptions = args.opt(1, "options")?.unwrap_or_default();
            trace::block(node, &*found(node, args)?, &options)
        },
    )?;
    method(module, &["debug_traceCall"], |node, args| {
        let request: TransactionRequest = args.get(0, "transaction")?;
        let id = args.opt(1, "block")?.unwrap_or_default();
        let options: GethDebugTracingCallOptions = args.opt(2, "options")?.unwrap_or_default();
        let mut setting = call::setting(node, id)?;
        setting.change(node, options.state_overrides, options.block_overrides)?;
        trace::call(node, &mut setting, request, options.tracing_options)
    })
}

fn found(node: &Served, args: &Args<'_>) -> Result<Arc<MinedBlock>, NodeError> {
    let id: BlockId = args.get(0, "block")?;
    blocks::block(node, id)?.ok_or_else(|| NodeError::no_such_block(id))
}

fn raw_block(block: &MinedBlock) -> Bytes {
    let body = BlockBody {
        transactions: block.transactions.iter().map(|one| one.inner().clone()).collect(),
        ommers: block.ommers.clone(),
        withdrawals: block.withdrawals.clone(),
    };
    let mut raw = Vec::new();
    Block::new(block.header.clone(), body).encode(&mut raw);
    raw.into()
}
