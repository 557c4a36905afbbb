//! The chains of the random blocks: one for each fork that a [`ChainSpec`] can express, everything up to it
//! active from the genesis on.

use alloy_eips::eip7840::BlobParams;
use alloy_primitives::Address;
use core::fmt;
use metisvm_vm::{
    Activation, BlobScheduleEntry, ChainSpec, ForkSchedule, GasScheduleVersion, InferenceExtension,
};
use metisvm_workload::{INFERENCE, REGISTRY};

/// The id of all these chains.
pub const CHAIN_ID: u64 = 5_068_365;

/// The deposit contract of all these chains.
pub const DEPOSIT_CONTRACT: Address = Address::repeat_byte(0xd0);

/// A fork of Ethereum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // each variant is the fork that it names
pub enum Fork {
    Frontier,
    Homestead,
    Tangerine,
    SpuriousDragon,
    Byzantium,
    Constantinople,
    Petersburg,
    Istanbul,
    Berlin,
    London,
    Paris,
    Shanghai,
    Cancun,
    Prague,
    Osaka,
    Amsterdam,
}

impl Fork {
    /// All forks, the oldest first.
    pub const ALL: [Self; 16] = [
        Self::Frontier,
        Self::Homestead,
        Self::Tangerine,
        Self::SpuriousDragon,
        Self::Byzantium,
        Self::Constantinople,
        Self::Petersburg,
        Self::Istanbul,
        Self::Berlin,
        Self::London,
        Self::Paris,
        Self::Shanghai,
        Self::Cancun,
        Self::Prague,
        Self::Osaka,
        Self::Amsterdam,
    ];
}

/// Which chain a block is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    /// The newest fork that is active.
    pub fork: Fork,
    /// Has the inference precompile; from Berlin on.
    pub inference: bool,
    /// The height of the DAO fork; on Homestead.
    pub dao_fork: Option<u64>,
}

impl Chain {
    /// The spec of this chain.
    pub fn spec(&self) -> ChainSpec {
        let from = |fork| (self.fork >= fork).then_some(0);
        let forks = ForkSchedule {
            homestead_block: from(Fork::Homestead),
            dao_fork_block: self.dao_fork,
            tangerine_whistle_block: from(Fork::Tangerine),
            spurious_dragon_block: from(Fork::SpuriousDragon),
            byzantium_block: from(Fork::Byzantium),
            constantinople_block: from(Fork::Constantinople),
            petersburg_block: from(Fork::Petersburg),
            istanbul_block: from(Fork::Istanbul),
            berlin_block: from(Fork::Berlin),
            london_block: from(Fork::London),
            paris_block: from(Fork::Paris),
            shanghai_time: from(Fork::Shanghai),
            cancun_time: from(Fork::Cancun),
            prague_time: from(Fork::Prague),
            osaka_time: from(Fork::Osaka),
            amsterdam_time: from(Fork::Amsterdam),
            // Delays of the difficulty bomb, which execution does not see.
            ..ForkSchedule::default()
        };
        let blobs = if self.fork >= Fork::Prague {
            BlobParams::prague()
        } else {
            BlobParams::cancun()
        };
        let entry = BlobScheduleEntry {
            time: 0,
            target: blobs.target_blob_count,
            max: blobs.max_blob_count,
            base_fee_update_fraction: blobs.update_fraction as u64,
        };
        let inference = InferenceExtension {
            precompile: INFERENCE,
            registry: REGISTRY,
            activation: Activation::Block(0),
            gas_schedule: GasScheduleVersion::V1,
            gas_schedule_forks: Vec::new(),
            generation: None,
            proofs: None,
        };
        let spec = ChainSpec {
            name: self.to_string(),
            chain_id: CHAIN_ID,
            forks,
            blob_schedule: (self.fork >= Fork::Cancun).then_some(entry).into_iter().collect(),
            deposit_contract: Some(DEPOSIT_CONTRACT),
            builder_requests: true,
            inference: self.inference.then_some(inference),
        };
        spec.check().expect("every fork is active with those before it");
        spec
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.fork)?;
        if self.inference {
            f.write_str(" with inference")?;
        }
        if let Some(height) = self.dao_fork {
            write!(f, ", DAO fork at {height}")?;
        }
        Ok(())
    }
}
