//! What a chain spec says about our own extensions.

use crate::{ForkSchedule, GasScheduleVersion, SpecError};
use alloy_evm::block::{BUILDER_DEPOSIT_REQUEST_PREDEPLOY_ADDRESS, BUILDER_EXIT_REQUEST_PREDEPLOY_ADDRESS};
use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

/// From when on an extension is active: `{"block": N}` or `{"time": T}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// From this block height on.
    Block(u64),
    /// From this timestamp on.
    Time(u64),
}

impl Activation {
    /// True in a block of this height and timestamp.
    pub const fn is_active(&self, number: u64, timestamp: u64) -> bool {
        match self {
            Self::Block(from) => number >= *from,
            Self::Time(from) => timestamp >= *from,
        }
    }
}

/// The inference precompile of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InferenceExtension {
    /// Where contracts call it.
    pub precompile: Address,
    /// The system account whose storage says which models are registered.
    pub registry: Address,
    /// From when on. Before that the address is an ordinary account.
    pub activation: Activation,
    /// What it charges.
    pub gas_schedule: GasScheduleVersion,
}

crate::deserialize_objects_only!(InferenceExtension);
crate::object::serialize_as_derived!(InferenceExtension);

impl InferenceExtension {
    /// Refuses an extension that could not be executed, or that would hide a part of Ethereum.
    pub(crate) fn check(&self, forks: &ForkSchedule) -> Result<(), SpecError> {
        for (key, address) in [("precompile", self.precompile), ("registry", self.registry)] {
            if is_reserved(&address) {
                return Err(SpecError::ReservedAddress { key, address });
            }
        }
        if self.precompile == self.registry {
            return Err(SpecError::Inference(
                "precompile and registry must be two addresses",
            ));
        }
        // Reading the registry is priced by warm and cold slots, which exist from Berlin on.
        let after_berlin = match self.activation {
            Activation::Block(at) => forks.berlin_block.is_some_and(|berlin| berlin <= at),
            Activation::Time(at) => forks.shanghai_time.is_some_and(|shanghai| shanghai <= at),
        };
        if !after_berlin {
            return Err(SpecError::Inference(
                "activation by block must not come before berlinBlock, by time not before shanghaiTime",
            ));
        }
        Ok(())
    }
}

/// The zero address, the range that precompiles of Ethereum and of its roll-ups use or may come to use
/// (0x1 to 0x1ff), and the contracts that the protocol itself calls.
fn is_reserved(address: &Address) -> bool {
    let low = address[..18].iter().all(|byte| *byte == 0) && address[18] < 2;
    low || [
        alloy_eips::eip4788::BEACON_ROOTS_ADDRESS,
        alloy_eips::eip4788::SYSTEM_ADDRESS,
        alloy_eips::eip2935::HISTORY_STORAGE_ADDRESS,
        alloy_eips::eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS,
        alloy_eips::eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
        BUILDER_DEPOSIT_REQUEST_PREDEPLOY_ADDRESS,
        BUILDER_EXIT_REQUEST_PREDEPLOY_ADDRESS,
    ]
    .contains(address)
}
