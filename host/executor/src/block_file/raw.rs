//! The JSON as it stands in the file, before anything is checked. Field names are the RPC's.

use super::{
    hex::{Hex64, Hex128, Hex256},
    object::Object,
    pre_state::PreState,
    unique::UniqueMap,
};
use alloy_primitives::{Address, B64, B256, Bloom, Bytes};
use metisvm_vm::ChainSpec;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::fmt;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawFile {
    pub(super) block: Object<RawBlock>,
    pub(super) pre_state: Option<PreState>,
    #[serde(default)]
    pub(super) block_hashes: UniqueMap<Hex64, B256>,
    pub(super) block_access_list: Option<Bytes>,
    pub(super) chain_spec: Option<RawSpec>,
    #[serde(default)]
    pub(super) pre_state_complete: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawBlock {
    pub(super) hash: B256,
    pub(super) parent_hash: B256,
    #[serde(rename = "sha3Uncles")]
    pub(super) ommers_hash: B256,
    pub(super) miner: Address,
    pub(super) state_root: B256,
    pub(super) transactions_root: B256,
    pub(super) receipts_root: B256,
    pub(super) logs_bloom: Bloom,
    pub(super) difficulty: Hex256,
    pub(super) number: Hex64,
    pub(super) gas_limit: Hex64,
    pub(super) gas_used: Hex64,
    pub(super) timestamp: Hex64,
    pub(super) extra_data: Bytes,
    pub(super) mix_hash: B256,
    pub(super) nonce: B64,
    pub(super) base_fee_per_gas: Option<Hex64>,
    pub(super) withdrawals_root: Option<B256>,
    pub(super) blob_gas_used: Option<Hex64>,
    pub(super) excess_blob_gas: Option<Hex64>,
    pub(super) parent_beacon_block_root: Option<B256>,
    pub(super) requests_hash: Option<B256>,
    pub(super) block_access_list_hash: Option<B256>,
    pub(super) slot_number: Option<Hex64>,
    #[serde(default)]
    pub(super) uncles: Vec<B256>,
    pub(super) transactions: Vec<Object<RawTransaction>>,
    pub(super) withdrawals: Option<Vec<Object<RawWithdrawal>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawTransaction {
    #[serde(rename = "type")]
    pub(super) kind: Option<Hex64>,
    pub(super) hash: B256,
    pub(super) from: Address,
    pub(super) to: Option<Address>,
    pub(super) chain_id: Option<Hex64>,
    pub(super) nonce: Hex64,
    pub(super) value: Hex256,
    #[serde(rename = "gas")]
    pub(super) gas_limit: Hex64,
    pub(super) gas_price: Option<Hex128>,
    pub(super) max_fee_per_gas: Option<Hex128>,
    pub(super) max_priority_fee_per_gas: Option<Hex128>,
    pub(super) max_fee_per_blob_gas: Option<Hex128>,
    pub(super) input: Bytes,
    pub(super) access_list: Option<Vec<Object<RawAccess>>>,
    pub(super) blob_versioned_hashes: Option<Vec<B256>>,
    pub(super) authorization_list: Option<Vec<Object<RawAuthorization>>>,
    pub(super) v: Option<Hex128>,
    pub(super) y_parity: Option<Hex64>,
    pub(super) r: Hex256,
    pub(super) s: Hex256,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawAccess {
    pub(super) address: Address,
    pub(super) storage_keys: Vec<B256>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawAuthorization {
    pub(super) chain_id: Hex256,
    pub(super) address: Address,
    pub(super) nonce: Hex64,
    pub(super) y_parity: Hex64,
    pub(super) r: Hex256,
    pub(super) s: Hex256,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawWithdrawal {
    pub(super) index: Hex64,
    pub(super) validator_index: Hex64,
    pub(super) address: Address,
    pub(super) amount: Hex64,
}

/// A chain spec by name or in full.
#[derive(Debug)]
pub(super) struct RawSpec(pub(super) ChainSpec);

impl<'de> Deserialize<'de> for RawSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpecVisitor).map(Self)
    }
}

struct SpecVisitor;

impl<'de> Visitor<'de> for SpecVisitor {
    type Value = ChainSpec;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a chain spec, or a chain spec")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<ChainSpec, E> {
        ChainSpec::by_name(name).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ChainSpec, A::Error> {
        let spec = ChainSpec::deserialize(MapAccessDeserializer::new(map))?;
        spec.check().map_err(A::Error::custom)?;
        Ok(spec)
    }
}
