//! Accounts and their storage.

use super::{
    args::Args,
    served::{Module, Served, method},
};
use crate::{error::NodeError, world::World};
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, B256, U64, U256};
use alloy_rpc_types::EIP1186AccountProofResponse;
use jsonrpsee::core::RegisterMethodError;
use revm::DatabaseRef;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most slots of one request.
const MOST_SLOTS: usize = 1024;

/// An account as `eth_getAccountInfo` and `eth_getAccount` give it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    balance: U256,
    nonce: U64,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<alloy_primitives::Bytes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code_hash: Option<B256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_root: Option<B256>,
}

/// The number of a slot: 32 bytes, or a quantity.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot(pub(super) U256);

impl<'de> Deserialize<'de> for Slot {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.strip_prefix("0x").unwrap_or(&text);
        if digits.is_empty() || digits.len() > 64 {
            return Err(serde::de::Error::custom(format!(
                "a slot is 1 to 64 hexadecimal digits, this one has {}",
                digits.len()
            )));
        }
        U256::from_str_radix(digits, 16)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, &["eth_accounts"], |node, _| Ok(node.accounts.addresses()))?;
    method(module, &["eth_getBalance"], |node, args| {
        let (address, world) = account(node, args)?;
        Ok(world
            .account(address)?
            .map_or(U256::ZERO, |account| account.balance))
    })?;
    method(module, &["eth_getTransactionCount"], |node, args| {
        let address: Address = args.get(0, "address")?;
        let id = args.opt(1, "block")?.unwrap_or_default();
        if let BlockId::Number(BlockNumberOrTag::Pending) = id {
            return Ok(U64::from(node.pending_nonce(&node.chain.tip()?, address)?));
        }
        let (_, world) = node.chain.state(id)?;
        Ok(U64::from(crate::node::nonce(&world, address)?))
    })?;
    method(module, &["eth_getCode"], |node, args| {
        let (address, world) = account(node, args)?;
        Ok(world.code(address)?)
    })?;
    method(module, &["eth_getStorageAt"], |node, args| {
        let address: Address = args.get(0, "address")?;
        let slot: Slot = args.get(1, "slot")?;
        let world = state(node, args.opt(2, "block")?)?;
        Ok(B256::from(world.storage_ref(address, slot.0)?))
    })?;
    method(module, &["eth_getStorageValues"], |node, args| {
        let wanted: BTreeMap<Address, Vec<Slot>> = args.get(0, "slots by address")?;
        let count: usize = wanted.values().map(Vec::len).sum();
        if count == 0 {
            return Err(NodeError::invalid("empty request"));
        }
        check_slots(count)?;
        let world = state(node, args.opt(1, "block")?)?;
        let mut values = BTreeMap::new();
        for (address, slots) in wanted {
            let read = |slot: Slot| Ok(B256::from(world.storage_ref(address, slot.0)?));
            let slots: Result<Vec<B256>, NodeError> = slots.into_iter().map(read).collect();
            values.insert(address, slots?);
        }
        Ok(values)
    })?;
    method(module, &["eth_getProof"], |node, args| {
        let address: Address = args.get(0, "address")?;
        let slots: Vec<Slot> = args.opt(1, "slots")?.unwrap_or_default();
        if slots.len() > MOST_SLOTS {
            let problem = format!(
                "{} slots are more than {MOST_SLOTS}; ask several times",
                slots.len()
            );
            return Err(NodeError::TooMuch(problem));
        }
        let id: BlockId = args.opt(2, "block")?.unwrap_or_default();
        // Of what was set by hand there is no proof before the next block.
        let (block, world) = node.chain.state(id)?;
        let world = block.state.clone().unwrap_or(world);
        let slots: Vec<U256> = slots.into_iter().map(|slot| slot.0).collect();
        proof(&world, address, &slots)
    })?;
    method(module, &["eth_getAccountInfo"], |node, args| {
        let (address, world) = account(node, args)?;
        let found = world.account(address)?;
        Ok(Account {
            balance: found.map_or(U256::ZERO, |account| account.balance),
            nonce: U64::from(found.map_or(0, |account| account.nonce)),
            code: Some(world.code(address)?),
            code_hash: None,
            storage_root: None,
        })
    })?;
    method(module, &["eth_getAccount"], |node, args| {
        let (address, world) = account(node, args)?;
        let proven = world.proof(address, &[])?;
        Ok(Account {
            balance: proven.balance,
            nonce: proven.nonce,
            code: None,
            code_hash: Some(proven.code_hash),
            storage_root: Some(proven.storage_hash),
        })
    })
}

fn check_slots(count: usize) -> Result<(), NodeError> {
    if count > MOST_SLOTS {
        let problem = format!("{count} slots are more than {MOST_SLOTS}; ask several times");
        return Err(NodeError::TooMuch(problem));
    }
    Ok(())
}

fn proof(world: &World, address: Address, slots: &[U256]) -> Result<EIP1186AccountProofResponse, NodeError> {
    let proven = world.proof(address, slots)?;
    let json = serde_json::to_value(&proven).map_err(NodeError::fault)?;
    serde_json::from_value(json).map_err(NodeError::fault)
}

/// The state of a block; of the latest where none is named.
pub(super) fn state(node: &Served, id: Option<BlockId>) -> Result<World, NodeError> {
    match id.unwrap_or_default() {
        BlockId::Number(BlockNumberOrTag::Pending) if !node.pool().is_empty() => {
            let (_, world) = node.chain.state(BlockId::latest())?;
            Ok(node.pending()?.state.clone().unwrap_or(world))
        }
        id => Ok(node.chain.state(id)?.1),
    }
}

fn account(node: &Served, args: &Args<'_>) -> Result<(Address, World), NodeError> {
    let address = args.get(0, "address")?;
    Ok((address, state(node, args.opt(1, "block")?)?))
}
