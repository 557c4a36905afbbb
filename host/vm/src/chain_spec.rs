//! What a chain is, as data: its id, its forks, its blob schedule, and which of our extensions it has.

use crate::{ForkSchedule, InferenceExtension, SpecError};
use alloy_consensus::BlockHeader;
use alloy_eips::eip7840::BlobParams;
use alloy_evm::{EvmEnv, eth::spec::EthExecutorSpec};
use alloy_hardforks::{EthereumHardfork, EthereumHardforks, ForkCondition};
use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

/// The most memory that a transaction may use, all its frames together: 2 GiB. More ends the frame as one
/// without gas. The size is not one of Ethereum's rules, and no transaction with less than 2^32 gas gets that
/// far (docs/conformance.md); without it a gas limit of 2^63 asks for any amount of memory in one instruction.
pub const MEMORY_LIMIT: u64 = 2 << 30;

/// How many blobs a block aims at and may hold, from a time on (EIP-7840, EIP-7892).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BlobScheduleEntry {
    /// From this timestamp on.
    pub time: u64,
    /// Blobs that keep the fee level.
    pub target: u64,
    /// Blobs that a block may hold.
    pub max: u64,
    /// How slowly the blob fee moves.
    pub base_fee_update_fraction: u64,
}

/// A chain spec. Read it with [`ChainSpec::from_json`], which checks it; one that is built by hand is
/// checked with [`ChainSpec::check`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChainSpec {
    /// A name for people.
    pub name: String,
    /// The chain id that transactions sign (EIP-155).
    pub chain_id: u64,
    /// When each Ethereum fork starts.
    pub forks: ForkSchedule,
    /// The blob schedule, sorted by time; its first entry starts with Cancun.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blob_schedule: Vec<BlobScheduleEntry>,
    /// Whose deposit events become requests from Prague on (EIP-6110).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposit_contract: Option<Address>,
    /// Whether Amsterdam has requests of builders (EIP-8282). It has; a development network from before that EIP says
    /// `false`, and then neither calls the two contracts nor needs them.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub builder_requests: bool,
    /// The inference precompile; absent where the chain has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inference: Option<InferenceExtension>,
}

const fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde gives a reference
const fn is_yes(value: &bool) -> bool {
    *value
}

crate::deserialize_objects_only!(BlobScheduleEntry, ChainSpec);
crate::object::serialize_as_derived!(BlobScheduleEntry, ChainSpec);

impl ChainSpec {
    /// Ethereum mainnet. None of our extensions exists there.
    pub fn mainnet() -> Self {
        Self::from_json(include_str!("../specs/mainnet.json")).expect("the file is tested to be valid")
    }

    /// Our development chain: every fork through Osaka and every extension from genesis on.
    pub fn metis_dev() -> Self {
        Self::from_json(include_str!("../specs/metis-dev.json")).expect("the file is tested to be valid")
    }

    /// A built-in spec by its name: `mainnet` or `metis-dev`.
    pub fn by_name(name: &str) -> Result<Self, SpecError> {
        match name {
            "mainnet" => Ok(Self::mainnet()),
            "metis-dev" => Ok(Self::metis_dev()),
            _ => Err(SpecError::UnknownName(name.to_owned())),
        }
    }

    /// Reads and checks a spec. A key that is not known is refused, so that a misspelt fork cannot
    /// silently never start.
    pub fn from_json(json: &str) -> Result<Self, SpecError> {
        let spec: Self = serde_json::from_str(json)?;
        spec.check()?;
        Ok(spec)
    }

    /// Checks that the parts of a spec fit together.
    pub fn check(&self) -> Result<(), SpecError> {
        self.forks.check()?;
        self.check_blob_schedule()?;
        match &self.inference {
            Some(inference) => inference.check(&self.forks),
            None => Ok(()),
        }
    }

    fn check_blob_schedule(&self) -> Result<(), SpecError> {
        if !self.blob_schedule.is_sorted_by(|a, b| a.time < b.time) {
            return Err(SpecError::BlobSchedule("times must rise"));
        }
        if self
            .blob_schedule
            .iter()
            .any(|entry| entry.base_fee_update_fraction == 0)
        {
            return Err(SpecError::BlobSchedule("baseFeeUpdateFraction must not be zero"));
        }
        // revm counts blobs in u64 gas of 2^17 each; a real schedule stays far below.
        if self
            .blob_schedule
            .iter()
            .any(|entry| entry.max > 1 << 16 || entry.target > entry.max)
        {
            return Err(SpecError::BlobSchedule(
                "target must not exceed max, max not 65536",
            ));
        }
        match (self.forks.cancun_time, self.blob_schedule.first()) {
            (Some(cancun), Some(first)) if first.time == cancun => Ok(()),
            (None, None) => Ok(()),
            _ => Err(SpecError::BlobSchedule(
                "its first entry must start at forks.cancunTime",
            )),
        }
    }

    /// The blob parameters in force at a time, none before Cancun.
    pub fn blob_params(&self, timestamp: u64) -> Option<BlobParams> {
        let entry = self
            .blob_schedule
            .iter()
            .rev()
            .find(|entry| entry.time <= timestamp)?;
        let mut params = BlobParams {
            target_blob_count: entry.target,
            max_blob_count: entry.max,
            update_fraction: entry.base_fee_update_fraction.into(),
            max_blobs_per_tx: entry.max,
            ..BlobParams::cancun()
        };
        if self.is_osaka_active_at_timestamp(timestamp) {
            let osaka = BlobParams::osaka();
            params.max_blobs_per_tx = osaka.max_blobs_per_tx;
            params.blob_base_cost = osaka.blob_base_cost;
        }
        Some(params)
    }

    /// The inference extension, where it is active in a block of this height and timestamp.
    pub fn active_inference(&self, number: u64, timestamp: u64) -> Option<&InferenceExtension> {
        self.inference
            .as_ref()
            .filter(|inference| inference.activation.is_active(number, timestamp))
    }

    /// The EVM's configuration and block environment for a block with this header.
    pub fn evm_env(&self, header: &impl BlockHeader) -> EvmEnv {
        let blob_params = self.blob_params(header.timestamp());
        let mut env = EvmEnv::for_eth_block(header, self, self.chain_id, blob_params);
        env.cfg_env.memory_limit = MEMORY_LIMIT;
        env
    }
}

impl EthereumHardforks for ChainSpec {
    fn ethereum_fork_activation(&self, fork: EthereumHardfork) -> ForkCondition {
        self.forks.activation(fork)
    }
}

impl EthExecutorSpec for ChainSpec {
    fn deposit_contract_address(&self) -> Option<Address> {
        self.deposit_contract
    }
}

#[cfg(test)]
mod tests;
