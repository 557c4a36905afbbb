//! `eth_config`: the rules of the chain now and after its coming forks, as EIP-7910 has them.

use super::served::{Module, Served, method};
use crate::error::NodeError;
use alloy_consensus::Header;
use alloy_eips::{
    eip2935::HISTORY_STORAGE_ADDRESS, eip4788::BEACON_ROOTS_ADDRESS,
    eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
};
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::{Address, B256, U64, hex};
use jsonrpsee::core::RegisterMethodError;
use metisvm_vm::{BlobScheduleEntry, ChainSpec};
use revm::precompile::{PrecompileSpecId, Precompiles};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, &["eth_config"], |node, _| config(node))
}

fn config(node: &Served) -> Result<Value, NodeError> {
    let spec = node.spec();
    let first = node.chain.first_header();
    let genesis = first.hash_slow();
    let head = node.chain.head()?;
    let now = head.header.timestamp;
    let times = times(spec);
    let at = |time: u64| of(spec, first, genesis, head.number(), time);
    let since = times.range(..=now).next_back().copied().unwrap_or_default();
    let mut coming = times.range(now.saturating_add(1)..).copied();
    let next = coming.next();
    let last = coming.next_back().or(next);
    Ok(json!({"current": at(since), "next": next.map(at), "last": last.map(at)}))
}

/// The times of the forks, those that bring nothing but blobs too.
fn times(spec: &ChainSpec) -> BTreeSet<u64> {
    let forks = &spec.forks;
    let named = [
        forks.shanghai_time,
        forks.cancun_time,
        forks.prague_time,
        forks.osaka_time,
        forks.amsterdam_time,
    ];
    let blobs = spec.blob_schedule.iter().map(|entry| entry.time);
    named.into_iter().flatten().chain(blobs).collect()
}

/// The rules from a time on.
fn of(spec: &ChainSpec, first: &Header, genesis: B256, number: u64, time: u64) -> Value {
    let header = Header {
        number,
        timestamp: time.max(first.timestamp),
        ..Header::default()
    };
    let blobs = spec
        .blob_schedule
        .iter()
        .rev()
        .find(|entry| entry.time <= header.timestamp);
    let blobs = blobs.map(|entry: &BlobScheduleEntry| {
        json!({
            "target": entry.target,
            "max": entry.max,
            "baseFeeUpdateFraction": entry.base_fee_update_fraction,
        })
    });
    json!({
        "activationTime": time,
        "blobSchedule": blobs,
        "chainId": U64::from(spec.chain_id),
        "forkId": hex::encode_prefixed(fork_id(spec, first, genesis, time)),
        "precompiles": precompiles(spec, &header),
        "systemContracts": system_contracts(spec, header.timestamp),
    })
}

/// The hash of the forks up to a time (EIP-2124, EIP-6122): those that the first block has are not in it.
fn fork_id(spec: &ChainSpec, first: &Header, genesis: B256, time: u64) -> [u8; 4] {
    let forks = &spec.forks;
    let blocks: BTreeSet<u64> = [
        forks.homestead_block,
        forks.dao_fork_block,
        forks.tangerine_whistle_block,
        forks.spurious_dragon_block,
        forks.byzantium_block,
        forks.constantinople_block,
        forks.petersburg_block,
        forks.istanbul_block,
        forks.muir_glacier_block,
        forks.berlin_block,
        forks.london_block,
        forks.arrow_glacier_block,
        forks.gray_glacier_block,
        forks.paris_block,
    ]
    .into_iter()
    .flatten()
    .filter(|block| *block > 0)
    .collect();
    let times = times(spec)
        .into_iter()
        .filter(|at| *at > first.timestamp && *at <= time);
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(genesis.as_slice());
    for fork in blocks.into_iter().chain(times) {
        hasher.update(&fork.to_be_bytes());
    }
    hasher.finalize().to_be_bytes()
}

fn precompiles(spec: &ChainSpec, header: &Header) -> BTreeMap<String, Address> {
    let fork = PrecompileSpecId::from_spec_id(spec.evm_env(header).cfg_env.spec);
    let ethereum = Precompiles::new(fork);
    let mut named: BTreeMap<String, Address> = ethereum
        .addresses()
        .filter_map(|address| Some((ethereum.get(address)?.id().name().to_owned(), *address)))
        .collect();
    if let Some(inference) = spec.active_inference(header.number, header.timestamp) {
        named.insert("METIS_INFERENCE".to_owned(), inference.precompile);
        if let Some(proofs) = inference.active_proofs(header.number, header.timestamp) {
            named.insert("METIS_PROOFS".to_owned(), proofs.precompile);
        }
    }
    named
}

fn system_contracts(spec: &ChainSpec, time: u64) -> BTreeMap<&'static str, Address> {
    let mut contracts = BTreeMap::new();
    if spec.is_cancun_active_at_timestamp(time) {
        contracts.insert("BEACON_ROOTS_ADDRESS", BEACON_ROOTS_ADDRESS);
    }
    if spec.is_prague_active_at_timestamp(time) {
        contracts.extend([
            (
                "CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS",
                CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
            ),
            (
                "DEPOSIT_CONTRACT_ADDRESS",
                spec.deposit_contract.unwrap_or_default(),
            ),
            ("HISTORY_STORAGE_ADDRESS", HISTORY_STORAGE_ADDRESS),
            (
                "WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS",
                WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS,
            ),
        ]);
    }
    contracts
}
