//! Reading a block file and checking what can be checked without executing it.

use super::{
    BlockFile,
    bounded::{read_bounded, read_stream},
    object::Object,
    raw::{RawBlock, RawFile},
    text,
    transaction::transaction,
};
use crate::Error;
use alloy_consensus::{
    Block, BlockBody, EMPTY_OMMER_ROOT_HASH, Header, Transaction, TxEnvelope,
    proofs::{calculate_transaction_root, calculate_withdrawals_root},
};
use alloy_eips::{
    eip4895::{Withdrawal, Withdrawals},
    eip7928::BlockAccessList,
};
use alloy_primitives::{Address, B256, keccak256};
use std::path::Path;

impl BlockFile {
    /// Reads and checks a file of at most `limit` bytes, decompressed. Every error names the file and,
    /// where there is one, the place in it.
    pub fn read(path: impl AsRef<Path>, limit: u64) -> Result<Self, Error> {
        Self::read_file(path.as_ref(), limit, true)
    }

    /// As [`Self::read`], for a block that is executed over a state which somebody else keeps: `preState` may be
    /// absent, and is then empty and not complete.
    pub fn read_for_chain(path: impl AsRef<Path>, limit: u64) -> Result<Self, Error> {
        Self::read_file(path.as_ref(), limit, false)
    }

    /// Reads and checks a block file from a stream, such as standard input; `needs_state` as in [`Self::read`], otherwise
    /// as in [`Self::read_for_chain`].
    pub fn read_stream(stream: impl std::io::Read, limit: u64, needs_state: bool) -> Result<Self, Error> {
        let bytes = read_stream(stream, limit)?;
        let raw = Self::parse(&bytes, needs_state)?;
        drop(bytes);
        Self::check(raw)
    }

    /// Reads and checks a block file from JSON in memory.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        Self::parse(json, true).and_then(Self::check)
    }

    fn read_file(path: &Path, limit: u64, needs_state: bool) -> Result<Self, Error> {
        read_bounded(path, limit)
            .and_then(|bytes| {
                let raw = Self::parse(&bytes, needs_state)?;
                drop(bytes);
                Self::check(raw)
            })
            .map_err(|error| error.in_file(path))
    }

    fn parse(json: &[u8], needs_state: bool) -> Result<RawFile, Error> {
        let Object(raw): Object<RawFile> = text::read_json(json)?;
        if needs_state && raw.pre_state.is_none() {
            return Err(Error::Json {
                place: "the file".to_owned(),
                problem:
                    "the key \"preState\" is missing: a block without the state before it needs a chain that has it"
                        .to_owned(),
            });
        }
        Ok(raw)
    }

    fn check(raw: RawFile) -> Result<Self, Error> {
        let RawFile {
            block: Object(mut block),
            pre_state,
            block_hashes,
            block_access_list,
            chain_spec,
            pre_state_complete,
        } = raw;
        let has_state = pre_state.is_some();
        let ommers = block.uncles.len();
        let hash = block.hash;
        let (transactions, claimed_senders) = transactions(&mut block)?;
        let withdrawals = withdrawals(&mut block)?;
        let header = header(&block);
        check_ommers(&header, ommers)?;
        same("block.hash", "the header hashes to", header.hash_slow(), hash)?;
        let access_list = block_access_list
            .map(|rlp| access_list(&rlp, header.block_access_list_hash))
            .transpose()?;
        let mut pre_state = pre_state.unwrap_or_default().0;
        for (number, hash) in block_hashes.0 {
            pre_state.insert_block_hash(number.0, hash);
        }
        if let Some(parent) = header.number.checked_sub(1) {
            if let Some(given) = pre_state.known_block_hash(parent) {
                let place = format!("blockHashes.{parent:#x}");
                same(&place, "the block's parentHash is", header.parent_hash, given)?;
            }
            pre_state.insert_block_hash(parent, header.parent_hash);
        }
        Ok(Self {
            block: Block {
                header,
                body: BlockBody {
                    transactions,
                    ommers: Vec::new(),
                    withdrawals,
                },
            },
            hash,
            claimed_senders,
            access_list,
            ommers,
            pre_state,
            pre_state_complete: pre_state_complete && has_state,
            chain_spec: chain_spec.map(|spec| spec.0),
        })
    }
}

fn same(place: &str, computed: &str, is: B256, given: B256) -> Result<(), Error> {
    if is == given {
        return Ok(());
    }
    Err(Error::wrong(place, format!("is {given}, but {computed} {is}")))
}

fn transactions(block: &mut RawBlock) -> Result<(Vec<TxEnvelope>, Vec<Address>), Error> {
    let raw = std::mem::take(&mut block.transactions);
    let mut transactions = Vec::with_capacity(raw.len());
    let mut senders = Vec::with_capacity(raw.len());
    for (index, Object(raw)) in raw.into_iter().enumerate() {
        let place = format!("block.transactions[{index}]");
        let hash = raw.hash;
        let claimed_price = raw.gas_price.map(|price| price.0);
        senders.push(raw.from);
        let transaction = transaction(raw, &place)?;
        let base_fee = block.base_fee_per_gas.map(|fee| fee.0);
        let price = transaction.effective_gas_price(base_fee);
        // Of a type with a maximum fee this is no field of the transaction, but what it paid.
        if let Some(claimed) = claimed_price.filter(|claimed| *claimed != price) {
            let problem = format!("is {claimed}, but the transaction pays {price}");
            return Err(Error::wrong(format!("{place}.gasPrice"), problem));
        }
        same(
            &format!("{place}.hash"),
            "the transaction hashes to",
            *transaction.hash(),
            hash,
        )?;
        transactions.push(transaction);
    }
    let root = calculate_transaction_root(&transactions);
    same(
        "block.transactionsRoot",
        "the root of the transactions is",
        root,
        block.transactions_root,
    )?;
    Ok((transactions, senders))
}

fn withdrawals(block: &mut RawBlock) -> Result<Option<Withdrawals>, Error> {
    let Some(raw) = block.withdrawals.take() else {
        return match block.withdrawals_root {
            None => Ok(None),
            Some(_) => Err(Error::wrong(
                "block.withdrawals",
                "is missing, but withdrawalsRoot is there",
            )),
        };
    };
    let Some(given) = block.withdrawals_root else {
        return Err(Error::wrong(
            "block.withdrawalsRoot",
            "is missing, but withdrawals is there",
        ));
    };
    let withdrawals: Vec<Withdrawal> = raw
        .into_iter()
        .map(|Object(raw)| Withdrawal {
            index: raw.index.0,
            validator_index: raw.validator_index.0,
            address: raw.address,
            amount: raw.amount.0,
        })
        .collect();
    let root = calculate_withdrawals_root(&withdrawals);
    same(
        "block.withdrawalsRoot",
        "the root of the withdrawals is",
        root,
        given,
    )?;
    Ok(Some(Withdrawals::new(withdrawals)))
}

/// The RPC has the ommers' hashes only, so their root can be checked where there are none.
fn check_ommers(header: &Header, ommers: usize) -> Result<(), Error> {
    let none = header.ommers_hash == EMPTY_OMMER_ROOT_HASH;
    if none == (ommers == 0) {
        return Ok(());
    }
    Err(Error::wrong(
        "block.uncles",
        format!("has {ommers} entries, which contradicts sha3Uncles"),
    ))
}

fn header(raw: &RawBlock) -> Header {
    Header {
        parent_hash: raw.parent_hash,
        ommers_hash: raw.ommers_hash,
        beneficiary: raw.miner,
        state_root: raw.state_root,
        transactions_root: raw.transactions_root,
        receipts_root: raw.receipts_root,
        logs_bloom: raw.logs_bloom,
        difficulty: raw.difficulty.0,
        number: raw.number.0,
        gas_limit: raw.gas_limit.0,
        gas_used: raw.gas_used.0,
        timestamp: raw.timestamp.0,
        extra_data: raw.extra_data.clone(),
        mix_hash: raw.mix_hash,
        nonce: raw.nonce,
        base_fee_per_gas: raw.base_fee_per_gas.map(|fee| fee.0),
        withdrawals_root: raw.withdrawals_root,
        blob_gas_used: raw.blob_gas_used.map(|gas| gas.0),
        excess_blob_gas: raw.excess_blob_gas.map(|gas| gas.0),
        parent_beacon_block_root: raw.parent_beacon_block_root,
        requests_hash: raw.requests_hash,
        block_access_list_hash: raw.block_access_list_hash,
        slot_number: raw.slot_number.map(|number| number.0),
    }
}

/// The list from its RLP, which is the one that the header names, if it names one.
fn access_list(rlp: &[u8], named: Option<B256>) -> Result<BlockAccessList, Error> {
    if let Some(named) = named {
        let hash = keccak256(rlp);
        same(
            "block.blockAccessListHash",
            "blockAccessList hashes to",
            hash,
            named,
        )?;
    }
    alloy_rlp::decode_exact(rlp)
        .map_err(|error| Error::wrong("blockAccessList", format!("is not the RLP of a list: {error}")))
}
