//! What a chain spec says about our own extensions.

use crate::error::SpecError;
use crate::forks::ForkSchedule;
use crate::gas_schedule::GasScheduleVersion;
use crate::proofs::ProofGasScheduleVersion;
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
    /// Whether what starts then never starts before what starts at `earlier`, as far as that can be said: heights and
    /// timestamps cannot be compared, and forks by height come before forks by time, as Ethereum's do.
    const fn is_not_before(&self, earlier: &Self) -> bool {
        match (earlier, self) {
            (Self::Block(earlier), Self::Block(later)) => *earlier <= *later,
            (Self::Time(earlier), Self::Time(later)) => *earlier <= *later,
            (Self::Block(_), Self::Time(_)) => true,
            (Self::Time(_), Self::Block(_)) => false,
        }
    }

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
    /// What it charges at first.
    pub gas_schedule: GasScheduleVersion,
    /// What it charges later: forks that bring in another schedule, in the order in which they come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gas_schedule_forks: Vec<GasScheduleFork>,
    /// From when on its models generate texts; absent where they never do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<Activation>,
    /// The precompile that verifies proofs of inferences; absent where the chain has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proofs: Option<ProofExtension>,
}

/// The verification precompile of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProofExtension {
    /// Where contracts call it.
    pub precompile: Address,
    /// The system account whose storage has the digests of verifying keys. It is another than the registry of models,
    /// because that of a running chain has code that cannot write them: a fork names a contract that can.
    pub registry: Address,
    /// From when on, not before inference. Before that the address is an ordinary account.
    pub activation: Activation,
    /// What it charges.
    pub gas_schedule: ProofGasScheduleVersion,
    /// The version of the statement and of the circuits whose keys are looked up in the registry.
    pub circuit_version: u32,
}

/// A fork that brings in another gas schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GasScheduleFork {
    /// From when on.
    pub activation: Activation,
    /// What is charged from then on.
    pub gas_schedule: GasScheduleVersion,
}

crate::deserialize_objects_only!(InferenceExtension, ProofExtension, GasScheduleFork);
crate::object::serialize_as_derived!(InferenceExtension, ProofExtension, GasScheduleFork);

impl InferenceExtension {
    /// What is charged in a block of this height and timestamp, of the blocks in which it is active.
    pub fn gas_schedule_at(&self, number: u64, timestamp: u64) -> GasScheduleVersion {
        let forks = self.gas_schedule_forks.iter().rev();
        let mut active = forks.filter(|fork| fork.activation.is_active(number, timestamp));
        active.next().map_or(self.gas_schedule, |fork| fork.gas_schedule)
    }

    /// Whether models generate texts in a block of this height and timestamp, of the blocks in which inference is active.
    pub fn generates_at(&self, number: u64, timestamp: u64) -> bool {
        self.generation
            .is_some_and(|generation| generation.is_active(number, timestamp))
    }

    /// The verification precompile, where it is active in a block of this height and timestamp, of the blocks in
    /// which inference is.
    pub fn active_proofs(&self, number: u64, timestamp: u64) -> Option<&ProofExtension> {
        self.proofs
            .as_ref()
            .filter(|proofs| proofs.activation.is_active(number, timestamp))
    }

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
        self.check_gas_schedule_forks()?;
        if let Some(generation) = &self.generation
            && !generation.is_not_before(&self.activation)
        {
            return Err(SpecError::Inference(
                "generation must not come before activation, nor be by block where that is by time",
            ));
        }
        self.check_proofs()
    }

    /// The verification precompile has an address of its own, starts with inference or later, and is for circuits
    /// whose keys this build can read.
    fn check_proofs(&self) -> Result<(), SpecError> {
        let Some(proofs) = &self.proofs else {
            return Ok(());
        };
        let ours = [
            ("proofs.precompile", proofs.precompile),
            ("proofs.registry", proofs.registry),
        ];
        for (key, address) in ours {
            if is_reserved(&address) {
                return Err(SpecError::ReservedAddress { key, address });
            }
        }
        let theirs = [self.precompile, self.registry];
        if proofs.precompile == proofs.registry || ours.iter().any(|(_, address)| theirs.contains(address)) {
            return Err(SpecError::Inference(
                "precompile, registry, proofs.precompile and proofs.registry must be four addresses",
            ));
        }
        if !proofs.activation.is_not_before(&self.activation) {
            return Err(SpecError::Inference(
                "proofs.activation must not come before activation, nor be by block where that is by time",
            ));
        }
        if proofs.circuit_version != metisvm_verifier::statement::VERSION {
            return Err(SpecError::CircuitVersion {
                version: proofs.circuit_version,
                known: metisvm_verifier::statement::VERSION,
            });
        }
        Ok(())
    }

    /// Each fork must come after the one before it, as far as heights and timestamps can be compared, and
    /// change something. Forks by height come before forks by time, as Ethereum's do.
    fn check_gas_schedule_forks(&self) -> Result<(), SpecError> {
        let mut before = (self.activation, self.gas_schedule);
        for fork in &self.gas_schedule_forks {
            let rises = match (before.0, fork.activation) {
                (Activation::Block(before), Activation::Block(after)) => before < after,
                (Activation::Time(before), Activation::Time(after)) => before < after,
                (Activation::Block(_), Activation::Time(_)) => true,
                (Activation::Time(_), Activation::Block(_)) => false,
            };
            if !rises {
                return Err(SpecError::Inference(
                    "gasScheduleForks must come after activation and one after the other, by block before by time",
                ));
            }
            if fork.gas_schedule == before.1 {
                return Err(SpecError::Inference(
                    "a fork of gasScheduleForks must bring in another schedule than the one before it",
                ));
            }
            before = (fork.activation, fork.gas_schedule);
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
