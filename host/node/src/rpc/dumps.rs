//! The whole state in one piece, as anvil writes it: JSON, compressed by gzip, as hexadecimal digits.

use super::{
    quantity::Number,
    served::{Module, Served, method},
};
use crate::{edits, error::NodeError, world::World};
use alloy_primitives::{Address, B256, Bytes, U256, map::B256Map};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use jsonrpsee::core::RegisterMethodError;
use metisvm_state::{AccountChange, StateChanges};
use revm::bytecode::Bytecode;
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{Read, Write},
};

/// The most bytes of JSON that are read: a few kilobytes of gzip can stand for gigabytes.
const MOST_BYTES: usize = 64 << 20;
/// What gzip begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A state as it is written. What anvil has of blocks beside the accounts is empty: it takes the accounts alone then.
#[derive(Debug, Serialize)]
struct Written {
    block: (),
    accounts: BTreeMap<Address, WrittenAccount>,
    best_block_number: (),
    blocks: [(); 0],
    transactions: [(); 0],
    historical_states: (),
}

#[derive(Debug, Serialize)]
struct WrittenAccount {
    nonce: u64,
    balance: U256,
    code: Bytes,
    storage: BTreeMap<B256, B256>,
}

/// The part of a dump that is read.
#[derive(Debug, Deserialize)]
struct Dump {
    accounts: BTreeMap<Address, Account>,
}

#[derive(Debug, Deserialize)]
struct Account {
    nonce: Number,
    balance: U256,
    #[serde(default)]
    code: Bytes,
    #[serde(default)]
    storage: BTreeMap<U256, U256>,
}

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, &["anvil_dumpState", "hardhat_dumpState"], |node, _| {
        dump(node)
    })?;
    method(module, &["anvil_loadState", "hardhat_loadState"], |node, args| {
        let dump = read(&args.get::<Bytes>(0, "state")?)?;
        node.edit(|world| changes(world, dump))?;
        Ok(true)
    })
}

fn dump(node: &Served) -> Result<Bytes, NodeError> {
    let all = node.chain.tip()?.world.everything().ok_or_else(|| {
        NodeError::Refused(
            "a chain that is kept in a folder (--datadir) is not dumped: stop the node and copy the folder"
                .to_owned(),
        )
    })?;
    let accounts = all
        .accounts
        .into_iter()
        .filter_map(|(address, change)| Some((address, written(change, &all.codes)?)));
    let whole = Written {
        block: (),
        accounts: accounts.collect(),
        best_block_number: (),
        blocks: [],
        transactions: [],
        historical_states: (),
    };
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    serde_json::to_writer(&mut encoder, &whole).map_err(NodeError::fault)?;
    encoder.flush().map_err(NodeError::fault)?;
    Ok(encoder.finish().map_err(NodeError::fault)?.into())
}

fn written(change: AccountChange, codes: &B256Map<Bytecode>) -> Option<WrittenAccount> {
    let account = change.account?;
    let code = codes.get(&account.code_hash);
    let slots = change.storage.into_iter().filter(|(_, value)| !value.is_zero());
    Some(WrittenAccount {
        nonce: account.nonce,
        balance: account.balance,
        code: code.map_or_else(Bytes::new, Bytecode::original_bytes),
        storage: slots.map(|(slot, value)| (slot.into(), value.into())).collect(),
    })
}

fn read(bytes: &[u8]) -> Result<Dump, NodeError> {
    let none = |problem: &dyn std::fmt::Display| {
        NodeError::Invalid(format!(
            "this is no state as anvil_dumpState writes it: {problem}"
        ))
    };
    let json = if bytes.starts_with(&GZIP) {
        let mut json = Vec::new();
        GzDecoder::new(bytes)
            .take(MOST_BYTES as u64 + 1)
            .read_to_end(&mut json)
            .map_err(|error| none(&error))?;
        Cow::Owned(json)
    } else {
        Cow::Borrowed(bytes)
    };
    if json.len() > MOST_BYTES {
        return Err(NodeError::TooMuch(format!(
            "this state has more than {MOST_BYTES} bytes of JSON; load a smaller one"
        )));
    }
    serde_json::from_slice(&json).map_err(|error| none(&error))
}

fn changes(world: &World, dump: Dump) -> Result<StateChanges, NodeError> {
    let mut all = StateChanges::default();
    for (address, account) in dump.accounts {
        let slots: Vec<_> = account.storage.into_iter().collect();
        let other = (account.nonce.u64()?, account.balance, account.code);
        let changes = edits::account_from(world, address, other, &slots)?;
        all.accounts.extend(changes.accounts);
        all.codes.extend(changes.codes);
    }
    Ok(all)
}
