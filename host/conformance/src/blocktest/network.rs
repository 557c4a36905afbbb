//! The chain spec of a network, by the names that the tests use: a fork from genesis on, or a transition from one
//! fork to the next at a height or a time.

use super::fixture::{RawConfig, wrong};
use alloy_primitives::U256;
use metisvm_executor::Error;
use metisvm_vm::{BlobScheduleEntry, ChainSpec, ForkSchedule};

/// Mainnet's steps, in their order: forks, and changes of the blob schedule alone (EIP-7892).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
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
    Bpo1,
    Bpo2,
    Bpo3,
    Bpo4,
    Bpo5,
    Amsterdam,
}

/// The steps with blobs, with the names under which a test gives their schedule.
const BLOB_STEPS: [(Step, &str); 9] = [
    (Step::Cancun, "Cancun"),
    (Step::Prague, "Prague"),
    (Step::Osaka, "Osaka"),
    (Step::Bpo1, "BPO1"),
    (Step::Bpo2, "BPO2"),
    (Step::Bpo3, "BPO3"),
    (Step::Bpo4, "BPO4"),
    (Step::Bpo5, "BPO5"),
    (Step::Amsterdam, "Amsterdam"),
];

const CONSTANTINOPLE: &str = "Constantinople without Petersburg never ran on mainnet; the EVM does not have its storage gas (EIP-1283)";
const DAO: &str = "the DAO fork of the tests drains accounts at height 5 of a chain of its own";

impl Step {
    fn by_name(name: &str) -> Result<Self, &'static str> {
        Ok(match name {
            "Frontier" => Self::Frontier,
            "Homestead" => Self::Homestead,
            "EIP150" | "TangerineWhistle" => Self::TangerineWhistle,
            "EIP158" | "SpuriousDragon" => Self::SpuriousDragon,
            "Byzantium" => Self::Byzantium,
            "Constantinople" => return Err(CONSTANTINOPLE),
            "ConstantinopleFix" | "Petersburg" => Self::Petersburg,
            "Istanbul" => Self::Istanbul,
            "Berlin" => Self::Berlin,
            "London" => Self::London,
            "Paris" | "Merge" => Self::Paris,
            "Shanghai" => Self::Shanghai,
            "Cancun" => Self::Cancun,
            "Prague" => Self::Prague,
            "Osaka" => Self::Osaka,
            "BPO1" => Self::Bpo1,
            "BPO2" => Self::Bpo2,
            "BPO3" => Self::Bpo3,
            "BPO4" => Self::Bpo4,
            "BPO5" => Self::Bpo5,
            "Amsterdam" => Self::Amsterdam,
            _ => return Err("no chain spec has this network"),
        })
    }
}

/// When the last step of a network starts. All before it are active from genesis on.
#[derive(Debug, Clone, Copy)]
enum Start {
    Genesis,
    Block(u64),
    Time(u64),
}

/// The chain spec of a network, or why tests of it are not run.
pub(super) fn chain_spec(
    network: &str,
    config: &RawConfig,
    builder_requests: bool,
) -> Result<Result<ChainSpec, Error>, &'static str> {
    let (before, last, start) = match network
        .split_once("At")
        .and_then(|(forks, at)| Some((forks.split_once("To")?, at)))
    {
        None => (None, Step::by_name(network)?, Start::Genesis),
        Some(((_, "DaoForkAt5" | "Dao"), _)) => return Err(DAO),
        Some(((from, to), at)) => {
            if from == "HomesteadToDao" || to.starts_with("Dao") {
                return Err(DAO);
            }
            (Some(Step::by_name(from)?), Step::by_name(to)?, start(at)?)
        }
    };
    // Those between the two steps of a transition start together with the last.
    let active = move |step: Step| {
        if step > last {
            None
        } else if before.is_none_or(|before| step <= before) {
            Some(Start::Genesis)
        } else {
            Some(start)
        }
    };
    Ok(spec(network, config, builder_requests, active))
}

fn start(at: &str) -> Result<Start, &'static str> {
    const UNKNOWN: &str = "the transition of this network is neither at a height nor at a time";
    let number = |text: &str| {
        let (digits, factor) = text.strip_suffix('k').map_or((text, 1), |digits| (digits, 1_000));
        digits.parse::<u64>().ok()?.checked_mul(factor)
    };
    match at.strip_prefix("Time") {
        Some(time) => number(time).map(Start::Time),
        None => number(at).map(Start::Block),
    }
    .ok_or(UNKNOWN)
}

fn spec(
    network: &str,
    config: &RawConfig,
    builder_requests: bool,
    active: impl Fn(Step) -> Option<Start>,
) -> Result<ChainSpec, Error> {
    // A fork that is active by height from genesis on; one by time may start at a height of a test only where that
    // cannot be told apart, which does not happen.
    let block = |step| match active(step)? {
        Start::Genesis => Some(0),
        Start::Block(number) => Some(number),
        Start::Time(_) => None,
    };
    let time = |step| match active(step)? {
        Start::Genesis => Some(0),
        Start::Block(_) => None,
        Start::Time(time) => Some(time),
    };
    let forks = ForkSchedule {
        homestead_block: block(Step::Homestead),
        dao_fork_block: None,
        tangerine_whistle_block: block(Step::TangerineWhistle),
        spurious_dragon_block: block(Step::SpuriousDragon),
        byzantium_block: block(Step::Byzantium),
        constantinople_block: block(Step::Petersburg),
        petersburg_block: block(Step::Petersburg),
        istanbul_block: block(Step::Istanbul),
        // The tests count the delays of the difficulty bomb with the fork that follows them.
        muir_glacier_block: block(Step::Berlin),
        berlin_block: block(Step::Berlin),
        london_block: block(Step::London),
        arrow_glacier_block: None,
        gray_glacier_block: None,
        paris_block: block(Step::Paris),
        shanghai_time: time(Step::Shanghai),
        cancun_time: time(Step::Cancun),
        prague_time: time(Step::Prague),
        osaka_time: time(Step::Osaka),
        amsterdam_time: time(Step::Amsterdam),
    };
    let spec = ChainSpec {
        name: network.to_owned(),
        chain_id: small(config.chain_id.unwrap_or(U256::ONE), "config.chainid")?,
        forks,
        blob_schedule: blob_schedule(config, active)?,
        deposit_contract: None,
        builder_requests,
        inference: None,
    };
    spec.check()
        .map_err(|error| wrong("network", error.to_string()))?;
    Ok(spec)
}

/// The schedule by the entries of the test. Steps that it does not name go on with what was before.
fn blob_schedule(
    config: &RawConfig,
    active: impl Fn(Step) -> Option<Start>,
) -> Result<Vec<BlobScheduleEntry>, Error> {
    let mut schedule: Vec<BlobScheduleEntry> = Vec::new();
    let mainnet = ChainSpec::mainnet().blob_schedule;
    for (step, name) in BLOB_STEPS {
        let time = match active(step) {
            None => continue,
            Some(Start::Time(time)) => time,
            Some(_) => 0,
        };
        let given = config
            .blob_schedule
            .iter()
            .flat_map(|all| &all.0)
            .find(|(key, _)| key == name);
        let entry = match given {
            Some((_, blobs)) => {
                let place = |key| format!("config.blobSchedule.{name}.{key}");
                BlobScheduleEntry {
                    time,
                    target: small(blobs.target, &place("target"))?,
                    max: small(blobs.max, &place("max"))?,
                    base_fee_update_fraction: small(
                        blobs.base_fee_update_fraction,
                        &place("baseFeeUpdateFraction"),
                    )?,
                }
            }
            // Tests from before the schedule was written down mean mainnet's.
            None => match step {
                Step::Cancun => BlobScheduleEntry { time, ..mainnet[0] },
                Step::Prague => BlobScheduleEntry { time, ..mainnet[1] },
                _ => continue,
            },
        };
        schedule.retain(|earlier| earlier.time < time);
        schedule.push(entry);
    }
    Ok(schedule)
}

fn small(value: U256, place: &str) -> Result<u64, Error> {
    u64::try_from(value).map_err(|_| wrong(place, format!("is {value}, which has more than 64 bits")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forks(network: &str) -> ForkSchedule {
        chain_spec(network, &RawConfig::default(), true)
            .unwrap()
            .unwrap()
            .forks
    }

    #[test]
    fn a_fork_is_active_from_genesis_on_with_all_before_it() {
        let london = forks("London");
        assert_eq!(
            (london.berlin_block, london.london_block, london.paris_block),
            (Some(0), Some(0), None)
        );
        let osaka = forks("Osaka");
        assert_eq!((osaka.osaka_time, osaka.amsterdam_time), (Some(0), None));
    }

    #[test]
    fn a_transition_starts_at_its_height_or_its_time() {
        let london = forks("BerlinToLondonAt5");
        assert_eq!((london.berlin_block, london.london_block), (Some(0), Some(5)));
        let petersburg = forks("ByzantiumToConstantinopleFixAt5");
        assert_eq!(
            (petersburg.constantinople_block, petersburg.petersburg_block),
            (Some(5), Some(5))
        );
        let osaka = forks("PragueToOsakaAtTime15k");
        assert_eq!((osaka.prague_time, osaka.osaka_time), (Some(0), Some(15_000)));
        let amsterdam = forks("BPO2ToAmsterdamAtTime15k");
        assert_eq!(
            (amsterdam.osaka_time, amsterdam.amsterdam_time),
            (Some(0), Some(15_000))
        );
    }

    #[test]
    fn networks_that_are_not_known_say_why() {
        for name in [
            "Constantinople",
            "HomesteadToDaoAt5",
            "ArrowGlacierToParisAtDiffC0000",
            "EOFv1",
            "",
        ] {
            assert!(chain_spec(name, &RawConfig::default(), true).is_err(), "{name}");
        }
    }

    #[test]
    fn blobs_come_from_the_schedule_of_the_test() {
        let config: RawConfig = serde_json::from_str(
            r#"{"chainid": "0x01", "blobSchedule": {
                "Cancun": {"target": "0x03", "max": "0x06", "baseFeeUpdateFraction": "0x32f0ed"},
                "Prague": {"target": "0x06", "max": "0x09", "baseFeeUpdateFraction": "0x4c6964"},
                "Osaka": {"target": "0x06", "max": "0x09", "baseFeeUpdateFraction": "0x4c6964"},
                "BPO1": {"target": "0x0a", "max": "0x0f", "baseFeeUpdateFraction": "0x7f5a51"}}}"#,
        )
        .unwrap();
        let spec = chain_spec("OsakaToBPO1AtTime15k", &config, true)
            .unwrap()
            .unwrap();
        let at = |time| spec.blob_params(time).unwrap().max_blob_count;
        assert_eq!((at(0), at(14_999), at(15_000)), (9, 9, 15));
    }
}
