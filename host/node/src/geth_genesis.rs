//! The genesis file of geth: the rules of a chain, its first header, and the state that it begins with.

use crate::{error::NodeError, genesis::first_header};
use alloy_consensus::Header;
use alloy_primitives::{Address, B64, B256, Bytes, U256};
use metisvm_state::{MemoryState, state_root};
use metisvm_vm::{BlobScheduleEntry, ChainSpec, ForkSchedule};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// What a genesis file says.
#[derive(Debug, Clone)]
pub struct GethGenesis {
    /// The rules.
    pub spec: ChainSpec,
    /// The first header.
    pub header: Header,
    /// The first state.
    pub state: MemoryState,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    config: Config,
    #[serde(default)]
    nonce: Quantity,
    #[serde(default)]
    timestamp: Quantity,
    #[serde(default)]
    extra_data: Bytes,
    gas_limit: Quantity,
    #[serde(default)]
    difficulty: U256,
    #[serde(default)]
    mix_hash: B256,
    #[serde(default)]
    coinbase: Address,
    #[serde(default)]
    number: Quantity,
    #[serde(default)]
    parent_hash: B256,
    base_fee_per_gas: Option<Quantity>,
    excess_blob_gas: Option<Quantity>,
    blob_gas_used: Option<Quantity>,
    alloc: BTreeMap<Unprefixed, Account>,
}

/// The keys of the forks that geth has; those that change nothing here are not listed and not looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    chain_id: u64,
    homestead_block: Option<u64>,
    dao_fork_block: Option<u64>,
    #[serde(default)]
    dao_fork_support: bool,
    eip150_block: Option<u64>,
    eip155_block: Option<u64>,
    eip158_block: Option<u64>,
    byzantium_block: Option<u64>,
    constantinople_block: Option<u64>,
    petersburg_block: Option<u64>,
    istanbul_block: Option<u64>,
    muir_glacier_block: Option<u64>,
    berlin_block: Option<u64>,
    london_block: Option<u64>,
    arrow_glacier_block: Option<u64>,
    gray_glacier_block: Option<u64>,
    merge_netsplit_block: Option<u64>,
    terminal_total_difficulty: Option<serde_json::Number>,
    shanghai_time: Option<u64>,
    cancun_time: Option<u64>,
    prague_time: Option<u64>,
    osaka_time: Option<u64>,
    bpo1_time: Option<u64>,
    bpo2_time: Option<u64>,
    bpo3_time: Option<u64>,
    bpo4_time: Option<u64>,
    bpo5_time: Option<u64>,
    amsterdam_time: Option<u64>,
    deposit_contract_address: Option<Address>,
    #[serde(default)]
    blob_schedule: BTreeMap<String, Blobs>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "camelCase")]
struct Blobs {
    target: u64,
    max: u64,
    base_fee_update_fraction: u64,
}

#[derive(Deserialize)]
struct Account {
    #[serde(default)]
    balance: Amount,
    #[serde(default)]
    nonce: Quantity,
    #[serde(default)]
    code: Bytes,
    #[serde(default)]
    storage: BTreeMap<U256, U256>,
}

/// A number of 64 bits: hexadecimal, decimal as text, or a JSON number.
#[derive(Debug, Clone, Copy, Default)]
struct Quantity(u64);

/// A number of 256 bits, written likewise.
#[derive(Debug, Clone, Copy, Default)]
struct Amount(U256);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = serde_json::Value::deserialize(deserializer)?;
        let text = written
            .as_str()
            .map_or_else(|| written.to_string(), str::to_owned);
        text.parse()
            .map(Self)
            .map_err(|_| serde::de::Error::custom(format!("{text:?} is no number")))
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Amount(number) = Amount::deserialize(deserializer)?;
        let number = number.try_into();
        number
            .map(Self)
            .map_err(|_| serde::de::Error::custom("this number has more than 64 bits"))
    }
}

/// An address with or without 0x.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Unprefixed(Address);

impl<'de> Deserialize<'de> for Unprefixed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let address = text.parse().map(Self);
        address.map_err(|_| serde::de::Error::custom(format!("{text:?} is no address")))
    }
}

impl GethGenesis {
    /// Reads one.
    ///
    /// # Errors
    /// If it is none, or its forks do not fit together.
    pub fn from_json(json: &[u8]) -> Result<Self, NodeError> {
        let file: File = serde_json::from_slice(json)
            .map_err(|error| NodeError::Invalid(format!("is no genesis of geth's: {error}")))?;
        let spec = file.config.spec()?;
        let mut state = MemoryState::default();
        for (Unprefixed(address), account) in file.alloc {
            let Account {
                balance,
                nonce,
                code,
                storage,
            } = account;
            state.insert_account(address, balance.0, nonce.0, code, storage);
        }
        let header = first_header(
            &spec,
            Header {
                parent_hash: file.parent_hash,
                beneficiary: file.coinbase,
                state_root: state_root(&state),
                difficulty: file.difficulty,
                number: file.number.0,
                gas_limit: file.gas_limit.0,
                timestamp: file.timestamp.0,
                extra_data: file.extra_data,
                mix_hash: file.mix_hash,
                nonce: B64::from(file.nonce.0.to_be_bytes()),
                base_fee_per_gas: file.base_fee_per_gas.map(|fee| fee.0),
                blob_gas_used: file.blob_gas_used.map(|gas| gas.0),
                excess_blob_gas: file.excess_blob_gas.map(|gas| gas.0),
                ..Header::default()
            },
        );
        Ok(Self { spec, header, state })
    }
}

impl Config {
    fn spec(self) -> Result<ChainSpec, NodeError> {
        let wrong = |problem: String| NodeError::Invalid(format!("config: {problem}"));
        if self.eip155_block != self.eip158_block {
            return Err(wrong("eip155Block and eip158Block must be the same".to_owned()));
        }
        let ttd_zero = self
            .terminal_total_difficulty
            .as_ref()
            .is_some_and(|difficulty| difficulty.as_u64() == Some(0));
        // A chain that begins with proof of stake names no block for it.
        let paris_block = self.merge_netsplit_block.or(ttd_zero.then_some(0));
        let blob_schedule = self.blob_schedule()?;
        let spec = ChainSpec {
            name: format!("chain {}", self.chain_id),
            chain_id: self.chain_id,
            forks: ForkSchedule {
                homestead_block: self.homestead_block,
                dao_fork_block: self.dao_fork_block.filter(|_| self.dao_fork_support),
                tangerine_whistle_block: self.eip150_block,
                spurious_dragon_block: self.eip158_block,
                byzantium_block: self.byzantium_block,
                constantinople_block: self.constantinople_block,
                petersburg_block: self.petersburg_block.or(self.constantinople_block),
                istanbul_block: self.istanbul_block,
                muir_glacier_block: self.muir_glacier_block,
                berlin_block: self.berlin_block,
                london_block: self.london_block,
                arrow_glacier_block: self.arrow_glacier_block,
                gray_glacier_block: self.gray_glacier_block,
                paris_block,
                shanghai_time: self.shanghai_time,
                cancun_time: self.cancun_time,
                prague_time: self.prague_time,
                osaka_time: self.osaka_time,
                amsterdam_time: self.amsterdam_time,
            },
            blob_schedule,
            deposit_contract: self.deposit_contract_address,
            builder_requests: true,
            inference: None,
        };
        spec.check().map_err(|error| wrong(error.to_string()))?;
        Ok(spec)
    }

    fn blob_schedule(&self) -> Result<Vec<BlobScheduleEntry>, NodeError> {
        let mut entries: Vec<BlobScheduleEntry> = Vec::new();
        for (name, time) in [
            ("cancun", self.cancun_time),
            ("prague", self.prague_time),
            ("osaka", self.osaka_time),
            ("bpo1", self.bpo1_time),
            ("bpo2", self.bpo2_time),
            ("bpo3", self.bpo3_time),
            ("bpo4", self.bpo4_time),
            ("bpo5", self.bpo5_time),
            ("amsterdam", self.amsterdam_time),
        ] {
            let Some(time) = time else { continue };
            let Some(blobs) = self.blob_schedule.get(name).copied() else {
                if name == "cancun" {
                    let problem = "config: blobSchedule.cancun is missing, and cancunTime is there";
                    return Err(NodeError::Invalid(problem.to_owned()));
                }
                continue;
            };
            let entry = BlobScheduleEntry {
                time,
                target: blobs.target,
                max: blobs.max,
                base_fee_update_fraction: blobs.base_fee_update_fraction,
            };
            match entries.last_mut() {
                // Forks that come together: the later one's counts.
                Some(last) if last.time == time => *last = entry,
                _ => entries.push(entry),
            }
        }
        Ok(entries)
    }
}
