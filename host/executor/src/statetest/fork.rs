//! Forks by the names of the state tests, as chain specs and headers: the EVM gets its configuration
//! from them exactly as for a block.

use super::format::RawConfig;
use crate::Error;
use alloy_consensus::Header;
use alloy_eips::eip7840::BlobParams;
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::U256;
use metisvm_vm::{BlobScheduleEntry, ChainSpec, ForkSchedule};
use revm_statetest_types::Env;

/// Mainnet's forks that a chain spec can tell apart, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fork {
    Frontier,
    Homestead,
    TangerineWhistle,
    SpuriousDragon,
    Byzantium,
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
    /// The fork of this name, or why tests of it cannot be run.
    pub(super) fn by_name(name: &str) -> Result<Self, &'static str> {
        Ok(match name {
            "Frontier" => Self::Frontier,
            "Homestead" => Self::Homestead,
            "EIP150" | "TangerineWhistle" => Self::TangerineWhistle,
            "EIP158" | "SpuriousDragon" => Self::SpuriousDragon,
            "Byzantium" => Self::Byzantium,
            "ConstantinopleFix" | "Petersburg" => Self::Petersburg,
            "Istanbul" => Self::Istanbul,
            "Berlin" => Self::Berlin,
            "London" => Self::London,
            "Paris" | "Merge" => Self::Paris,
            "Shanghai" => Self::Shanghai,
            "Cancun" => Self::Cancun,
            "Prague" => Self::Prague,
            "Osaka" => Self::Osaka,
            "Amsterdam" => Self::Amsterdam,
            "Constantinople" => {
                return Err(
                    "Constantinople without Petersburg never ran on mainnet; the EVM does not have its \
                            storage gas (EIP-1283)",
                );
            }
            _ if name.contains("To") && name.contains("At") => {
                return Err("a transition between forks needs a block on each side");
            }
            _ => return Err("no chain spec has this fork"),
        })
    }

    /// For a test that names no fork: the newest one whose header fields the environment has.
    pub(super) fn newest_for(env: &Env) -> Self {
        match (env.current_base_fee, env.current_excess_blob_gas) {
            (None, _) => Self::Berlin,
            (Some(_), None) => Self::Shanghai,
            (Some(_), Some(_)) => Self::Osaka,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Frontier => "Frontier",
            Self::Homestead => "Homestead",
            Self::TangerineWhistle => "EIP150",
            Self::SpuriousDragon => "EIP158",
            Self::Byzantium => "Byzantium",
            Self::Petersburg => "ConstantinopleFix",
            Self::Istanbul => "Istanbul",
            Self::Berlin => "Berlin",
            Self::London => "London",
            Self::Paris => "Paris",
            Self::Shanghai => "Shanghai",
            Self::Cancun => "Cancun",
            Self::Prague => "Prague",
            Self::Osaka => "Osaka",
            Self::Amsterdam => "Amsterdam",
        }
    }

    /// The blobs of a block on this fork, as mainnet has or will have them when it starts; `None` before there
    /// are any. Mainnet comes to Amsterdam with the second of the two schedules after Osaka (EIP-7892).
    fn blobs(self) -> Option<BlobParams> {
        match self {
            Self::Amsterdam => Some(BlobParams::bpo2()),
            Self::Osaka => Some(BlobParams::osaka()),
            Self::Prague => Some(BlobParams::prague()),
            Self::Cancun => Some(BlobParams::cancun()),
            _ => None,
        }
    }

    /// A chain on which this fork and all before it are active from genesis on. Like every chain spec
    /// before it is used, it passes [`ChainSpec::check`]. `config` is what the test says of its chain; what it
    /// does not say is as on mainnet.
    pub(super) fn chain_spec(self, chain_id: u64, config: &RawConfig) -> Result<ChainSpec, Error> {
        let from = |fork: Self| (self >= fork).then_some(0);
        let forks = ForkSchedule {
            homestead_block: from(Self::Homestead),
            dao_fork_block: None,
            tangerine_whistle_block: from(Self::TangerineWhistle),
            spurious_dragon_block: from(Self::SpuriousDragon),
            byzantium_block: from(Self::Byzantium),
            constantinople_block: from(Self::Petersburg),
            petersburg_block: from(Self::Petersburg),
            istanbul_block: from(Self::Istanbul),
            berlin_block: from(Self::Berlin),
            london_block: from(Self::London),
            paris_block: from(Self::Paris),
            shanghai_time: from(Self::Shanghai),
            cancun_time: from(Self::Cancun),
            prague_time: from(Self::Prague),
            osaka_time: from(Self::Osaka),
            amsterdam_time: from(Self::Amsterdam),
            // A state test names the difficulty of its block, so the delays of the bomb do not matter.
            ..ForkSchedule::default()
        };
        let blob_schedule = self.blobs().map(|blobs| -> Result<_, Error> {
            let fraction = u64::try_from(blobs.update_fraction)
                .map_err(|_| Error::wrong(self.name(), "its blob schedule does not fit 64 bits"))?;
            let given = config.blob_schedule.get(self.name());
            Ok(BlobScheduleEntry {
                time: 0,
                target: given.map_or(blobs.target_blob_count, |given| given.target.to()),
                max: given.map_or(blobs.max_blob_count, |given| given.max.to()),
                base_fee_update_fraction: given.map_or(fraction, |given| given.base_fee_update_fraction.to()),
            })
        });
        let spec = ChainSpec {
            name: self.name().to_owned(),
            chain_id,
            forks,
            blob_schedule: blob_schedule.transpose()?.into_iter().collect(),
            deposit_contract: None,
            builder_requests: true,
            inference: None,
        };
        spec.check()
            .map_err(|error| Error::wrong(self.name(), error.to_string()))?;
        Ok(spec)
    }
}

/// The chain id that an environment names; 1 where it names none.
pub(super) fn chain_id(env: &Env, place: &str) -> Result<u64, Error> {
    let id = env.current_chain_id.unwrap_or(U256::ONE);
    narrow(id, place, "currentChainID")
}

/// The header of the block that an environment describes. It has the fields of the fork, no more and no
/// less: the tests of all forks share one environment.
pub(super) fn header(spec: &ChainSpec, env: &Env, place: &str) -> Result<Header, Error> {
    let number = narrow(env.current_number, place, "currentNumber")?;
    let timestamp = narrow(env.current_timestamp, place, "currentTimestamp")?;
    let base_fee = env.current_base_fee.unwrap_or_default();
    let excess_blob_gas = env.current_excess_blob_gas.unwrap_or_default();
    let london = spec.is_london_active_at_block(number);
    let cancun = spec.is_cancun_active_at_timestamp(timestamp);
    let mut header = Header {
        beneficiary: env.current_coinbase,
        difficulty: env.current_difficulty,
        number,
        // More than any transaction can ask for is as good as the most that it can.
        gas_limit: env.current_gas_limit.saturating_to(),
        timestamp,
        mix_hash: env.current_random.unwrap_or_default(),
        ..Header::default()
    };
    if london {
        header.base_fee_per_gas = Some(narrow(base_fee, place, "currentBaseFee")?);
    }
    if cancun {
        header.excess_blob_gas = Some(narrow(excess_blob_gas, place, "currentExcessBlobGas")?);
        header.blob_gas_used = Some(0);
        header.parent_beacon_block_root = Some(env.current_beacon_root.unwrap_or_default());
    }
    if spec.is_amsterdam_active_at_timestamp(timestamp) {
        let slot_number = env.slot_number.unwrap_or_default();
        header.slot_number = Some(narrow(slot_number, place, "slotNumber")?);
    }
    Ok(header)
}

fn narrow(value: U256, place: &str, key: &str) -> Result<u64, Error> {
    u64::try_from(value).map_err(|_| Error::wrong(format!("{place}.env.{key}"), "does not fit 64 bits"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use metisvm_vm::MetisEvmFactory;
    use revm::primitives::hardfork::SpecId;

    #[test]
    fn every_fork_name_gives_the_evm_its_fork() {
        for (name, id) in [
            ("Frontier", SpecId::FRONTIER),
            ("Homestead", SpecId::HOMESTEAD),
            ("EIP150", SpecId::TANGERINE),
            ("EIP158", SpecId::SPURIOUS_DRAGON),
            ("Byzantium", SpecId::BYZANTIUM),
            ("ConstantinopleFix", SpecId::PETERSBURG),
            ("Istanbul", SpecId::ISTANBUL),
            ("Berlin", SpecId::BERLIN),
            ("London", SpecId::LONDON),
            ("Paris", SpecId::MERGE),
            ("Shanghai", SpecId::SHANGHAI),
            ("Cancun", SpecId::CANCUN),
            ("Prague", SpecId::PRAGUE),
            ("Osaka", SpecId::OSAKA),
            ("Amsterdam", SpecId::AMSTERDAM),
        ] {
            let fork = Fork::by_name(name).unwrap();
            assert_eq!(fork.name(), name);
            let spec = std::sync::Arc::new(fork.chain_spec(1, &RawConfig::default()).unwrap());
            let factory = MetisEvmFactory::new(spec, None);
            let env = factory.spec().evm_env(&Header::default());
            assert_eq!(env.cfg_env.spec, id, "{name}");
        }
    }

    #[test]
    fn blobs_are_those_of_the_fork_itself() {
        for (name, expected) in [
            ("Shanghai", None),
            ("Cancun", Some(BlobParams::cancun())),
            ("Prague", Some(BlobParams::prague())),
            ("Osaka", Some(BlobParams::osaka())),
            ("Amsterdam", Some(BlobParams::bpo2())),
        ] {
            let spec = Fork::by_name(name).unwrap().chain_spec(1, &RawConfig::default());
            assert_eq!(spec.unwrap().blob_params(0), expected, "{name}");
        }
    }

    #[test]
    fn blobs_are_those_that_the_test_says_for_its_fork() {
        let json = r#"{"chainid": "0x01", "blobSchedule": {
            "Prague": {"target": "0x06", "max": "0x09", "baseFeeUpdateFraction": "0x4c6964"},
            "Amsterdam": {"target": "0x0a", "max": "0x1e", "baseFeeUpdateFraction": "0x07"}}}"#;
        let config: RawConfig = serde_json::from_str(json).unwrap();
        let blobs = |name| {
            let spec = Fork::by_name(name).unwrap().chain_spec(1, &config).unwrap();
            let blobs = spec.blob_params(0).unwrap();
            (
                blobs.target_blob_count,
                blobs.max_blob_count,
                blobs.update_fraction,
            )
        };
        assert_eq!(blobs("Amsterdam"), (10, 30, 7));
        // Not said: as on mainnet.
        assert_eq!(blobs("Cancun"), (3, 6, BlobParams::cancun().update_fraction));
        let wrong: RawConfig = serde_json::from_str(
            r#"{"blobSchedule": {"Osaka": {"target": "0x02", "max": "0x01", "baseFeeUpdateFraction": "0x01"}}}"#,
        )
        .unwrap();
        let error = Fork::Osaka.chain_spec(1, &wrong).unwrap_err().to_string();
        assert!(error.contains("target must not exceed max"), "{error}");
    }

    #[test]
    fn forks_without_a_chain_spec_say_why() {
        for name in [
            "Constantinople",
            "BerlinToLondonAt5",
            "ShanghaiToCancunAtTime15k",
            "Merge+3540",
            "EOFv1",
            "",
        ] {
            assert!(Fork::by_name(name).is_err(), "{name}");
        }
    }
}
