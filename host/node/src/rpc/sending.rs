//! Transactions that are to be mined.

use super::served::{Module, Served, method};
use crate::{blobs, call, error::NodeError, estimate, fees};
use alloy_consensus::{
    EthereumTxEnvelope, TxEip4844, TxEip4844Variant, TxEnvelope,
    transaction::{Recovered, SignerRecoverable, TypedTransaction},
};
use alloy_eips::{Decodable2718, Encodable2718};
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::{B256, Bytes, TxKind};
use alloy_rpc_types::{TransactionReceipt, TransactionRequest};
use jsonrpsee::core::RegisterMethodError;
use serde::Serialize;

/// A transaction as bytes and as an object.
#[derive(Debug, Clone, Serialize)]
struct Filled<T> {
    raw: Bytes,
    tx: T,
}

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, &["eth_sendRawTransaction"], |node, args| {
        let bytes: Bytes = args.get(0, "transaction")?;
        node.send(decode(&bytes)?)
    })?;
    method(module, &["eth_sendRawTransactionSync"], |node, args| {
        let bytes: Bytes = args.get(0, "transaction")?;
        let hash = node.send(decode(&bytes)?)?;
        receipt_of(node, hash)
    })?;
    method(module, &["eth_sendTransaction"], |node, args| {
        let request: TransactionRequest = args.get(0, "transaction")?;
        let from = sender(node, &request)?;
        node.accounts.check(from)?;
        let filled = fill(node, request)?;
        node.send(node.accounts.sign(from, filled)?)
    })?;
    method(module, &["eth_sendUnsignedTransaction"], |node, args| {
        let request: TransactionRequest = args.get(0, "transaction")?;
        let from = sender(node, &request)?;
        node.accounts.impersonate(from, true);
        let filled = fill(node, request)?;
        node.send(node.accounts.sign(from, filled)?)
    })?;
    method(module, &["eth_signTransaction"], |node, args| {
        let request: TransactionRequest = args.get(0, "transaction")?;
        let from = sender(node, &request)?;
        node.accounts.check(from)?;
        let signed = node.accounts.sign(from, fill(node, request)?)?;
        Ok(Filled {
            raw: signed.encoded_2718().into(),
            tx: crate::convert::waiting(signed),
        })
    })?;
    method(module, &["eth_fillTransaction"], |node, args| {
        let request: TransactionRequest = args.get(0, "transaction")?;
        let filled = fill(node, request)?;
        let mut raw = Vec::new();
        alloy_consensus::SignableTransaction::encode_for_signing(&filled, &mut raw);
        Ok(Filled {
            raw: raw.into(),
            tx: filled,
        })
    })
}

/// Who sends: the named account, or the first of this node.
fn sender(node: &Served, request: &TransactionRequest) -> Result<alloy_primitives::Address, NodeError> {
    request
        .from
        .or_else(|| node.accounts.addresses().first().copied())
        .ok_or_else(|| NodeError::invalid("the transaction needs a sender (from)"))
}

/// A signed transaction. One with blobs is taken without them: nobody here passes them on.
fn decode(bytes: &[u8]) -> Result<Recovered<TxEnvelope>, NodeError> {
    if bytes.is_empty() {
        return Err(NodeError::invalid("empty transaction data"));
    }
    let broken = |error: alloy_eips::eip2718::Eip2718Error| {
        NodeError::Invalid(format!("failed to decode signed transaction: {error}"))
    };
    let decoded = EthereumTxEnvelope::<TxEip4844Variant>::decode_2718_exact(bytes).map_err(broken)?;
    let transaction = without_blobs(decoded)?;
    let signer = transaction
        .recover_signer()
        .map_err(|_| NodeError::invalid("invalid sender: no sender can be recovered from the signature"))?;
    Ok(Recovered::new_unchecked(transaction, signer))
}

fn without_blobs(transaction: EthereumTxEnvelope<TxEip4844Variant>) -> Result<TxEnvelope, NodeError> {
    if let EthereumTxEnvelope::Eip4844(signed) = &transaction
        && let Some(sidecar) = signed.tx().sidecar()
    {
        let named = match signed.tx() {
            TxEip4844Variant::TxEip4844(inner) => &inner.blob_versioned_hashes,
            TxEip4844Variant::TxEip4844WithSidecar(inner) => &inner.tx.blob_versioned_hashes,
        };
        blobs::check(sidecar, named)?;
    }
    Ok(transaction.map_eip4844(|blobs| TxEip4844::from(blobs).into()))
}

/// The transaction that a request asks for, with what it left open: nonce, fees, gas.
fn fill(node: &Served, mut request: TransactionRequest) -> Result<TypedTransaction, NodeError> {
    let from = sender(node, &request)?;
    request.from = Some(from);
    let tip = node.chain.tip()?;
    let chain_id = node.spec().chain_id;
    if let Some(id) = request.chain_id
        && id != chain_id
    {
        return Err(NodeError::Refused(format!(
            "invalid chain id: {id} is another chain, this is {chain_id}"
        )));
    }
    request.chain_id = Some(chain_id);
    request.normalize_input();
    if request.to.is_none() {
        let empty = request.input.input().is_none_or(|input| input.is_empty());
        if empty {
            return Err(NodeError::invalid("contract creation without any data provided"));
        }
        request.to = Some(TxKind::Create);
    }
    if request.nonce.is_none() {
        request.nonce = Some(node.pending_nonce(&tip, from)?);
    }
    let has_base_fee = node
        .spec()
        .is_london_active_at_block(tip.block.number().saturating_add(1));
    let asks_for_tip = request.max_fee_per_gas.is_some() || request.max_priority_fee_per_gas.is_some();
    if !has_base_fee && !asks_for_tip {
        request.gas_price.get_or_insert(fees::TIP);
    }
    if request.gas_price.is_none() {
        let base_fee = u128::from(node.next_base_fee(&tip)?);
        let offered = request.max_priority_fee_per_gas;
        let tip = offered.unwrap_or_else(|| fees::TIP.min(request.max_fee_per_gas.unwrap_or(fees::TIP)));
        request.max_priority_fee_per_gas = Some(tip);
        request
            .max_fee_per_gas
            .get_or_insert((2 * base_fee).saturating_add(tip));
    }
    if request.has_eip4844_fields() && request.max_fee_per_blob_gas.is_none() {
        let header = crate::miner::template(&node.factory, &tip.block, &node.terms(&tip.block))?;
        let fee = node
            .spec()
            .blob_params(header.timestamp)
            .and_then(|params| alloy_consensus::BlockHeader::blob_fee(&header, params));
        request.max_fee_per_blob_gas = Some(fee.unwrap_or(1).saturating_mul(2));
    }
    if request.gas.is_none() {
        let mut setting = call::next_setting(node)?;
        let mut estimated = request.clone();
        // The sender may have transactions waiting before this one.
        estimated.nonce = None;
        request.gas = Some(estimate::estimate(node, &mut setting, estimated)?);
    }
    request
        .build_consensus_tx()
        .map_err(|error| NodeError::Invalid(format!("the transaction cannot be built: {}", error.error)))
        .map(|built| built.map_eip4844(|blobs| TxEip4844::from(blobs).into()))
}

fn receipt_of(node: &Served, hash: B256) -> Result<TransactionReceipt, NodeError> {
    let (block, index) = node.chain.transaction(hash).ok_or_else(|| {
        NodeError::Refused(format!(
            "transaction {hash} waits in the pool: mine a block (evm_mine), then ask for its receipt"
        ))
    })?;
    Ok(crate::convert::receipt(node.spec(), &block, index))
}
