//! When each Ethereum fork starts. Muir, Arrow and Gray Glacier delay the difficulty bomb and change nothing else.

use crate::SpecError;
use alloy_hardforks::{EthereumHardfork, ForkCondition};
use serde::{Deserialize, Serialize};

/// The fork schedule: by block height up to Paris, by timestamp from Shanghai on, as Ethereum does it.
/// A fork without a value never starts. Frontier starts at block 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)] // each field is the fork that it names
pub struct ForkSchedule {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homestead_block: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dao_fork_block: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tangerine_whistle_block: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spurious_dragon_block: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byzantium_block: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constantinople_block: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub petersburg_block: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub istanbul_block: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muir_glacier_block: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub berlin_block: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub london_block: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrow_glacier_block: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gray_glacier_block: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paris_block: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shanghai_time: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancun_time: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prague_time: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub osaka_time: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amsterdam_time: Option<u64>,
}

crate::deserialize_objects_only!(ForkSchedule);
crate::object::serialize_as_derived!(ForkSchedule);

impl ForkSchedule {
    /// When a fork starts, in alloy's terms.
    pub fn activation(&self, fork: EthereumHardfork) -> ForkCondition {
        let block = |at: Option<u64>| at.map_or(ForkCondition::Never, ForkCondition::Block);
        let time = |at: Option<u64>| at.map_or(ForkCondition::Never, ForkCondition::Timestamp);
        match fork {
            EthereumHardfork::Frontier => ForkCondition::Block(0),
            EthereumHardfork::Homestead => block(self.homestead_block),
            EthereumHardfork::Dao => block(self.dao_fork_block),
            EthereumHardfork::Tangerine => block(self.tangerine_whistle_block),
            EthereumHardfork::SpuriousDragon => block(self.spurious_dragon_block),
            EthereumHardfork::Byzantium => block(self.byzantium_block),
            EthereumHardfork::Constantinople => block(self.constantinople_block),
            EthereumHardfork::Petersburg => block(self.petersburg_block),
            EthereumHardfork::Istanbul => block(self.istanbul_block),
            EthereumHardfork::MuirGlacier => block(self.muir_glacier_block),
            EthereumHardfork::Berlin => block(self.berlin_block),
            EthereumHardfork::London => block(self.london_block),
            EthereumHardfork::ArrowGlacier => block(self.arrow_glacier_block),
            EthereumHardfork::GrayGlacier => block(self.gray_glacier_block),
            EthereumHardfork::Paris => block(self.paris_block),
            EthereumHardfork::Shanghai => time(self.shanghai_time),
            EthereumHardfork::Cancun => time(self.cancun_time),
            EthereumHardfork::Prague => time(self.prague_time),
            EthereumHardfork::Osaka => time(self.osaka_time),
            EthereumHardfork::Amsterdam => time(self.amsterdam_time),
            _ => ForkCondition::Never,
        }
    }

    /// Each fork builds on the one before it, so none may start earlier. Heights and timestamps cannot
    /// be compared with each other; between Paris and Shanghai only presence is checked.
    pub(crate) fn check(&self) -> Result<(), SpecError> {
        let by_block = [
            ("homesteadBlock", self.homestead_block),
            ("tangerineWhistleBlock", self.tangerine_whistle_block),
            ("spuriousDragonBlock", self.spurious_dragon_block),
            ("byzantiumBlock", self.byzantium_block),
            ("constantinopleBlock", self.constantinople_block),
            ("petersburgBlock", self.petersburg_block),
            ("istanbulBlock", self.istanbul_block),
            ("berlinBlock", self.berlin_block),
            ("londonBlock", self.london_block),
            ("parisBlock", self.paris_block),
        ];
        let by_time = [
            ("shanghaiTime", self.shanghai_time),
            ("cancunTime", self.cancun_time),
            ("pragueTime", self.prague_time),
            ("osakaTime", self.osaka_time),
            ("amsterdamTime", self.amsterdam_time),
        ];
        check_ascending(&by_block)?;
        check_ascending(&by_time)?;
        if self.shanghai_time.is_some() && self.paris_block.is_none() {
            return Err(SpecError::ForkOrder {
                earlier: "parisBlock",
                later: "shanghaiTime",
            });
        }
        self.check_bomb_delays()?;
        if let Some(dao) = self.dao_fork_block
            && self.homestead_block.is_none_or(|homestead| dao < homestead)
        {
            return Err(SpecError::ForkOrder {
                earlier: "homesteadBlock",
                later: "daoForkBlock",
            });
        }
        Ok(())
    }
}

impl ForkSchedule {
    /// A chain may go without the delays of the difficulty bomb; each that it has follows its fork.
    fn check_bomb_delays(&self) -> Result<(), SpecError> {
        let delays = [
            (
                ("istanbulBlock", self.istanbul_block),
                ("muirGlacierBlock", self.muir_glacier_block),
            ),
            (
                ("londonBlock", self.london_block),
                ("arrowGlacierBlock", self.arrow_glacier_block),
            ),
            (
                ("arrowGlacierBlock", self.arrow_glacier_block),
                ("grayGlacierBlock", self.gray_glacier_block),
            ),
        ];
        delays
            .into_iter()
            .try_for_each(|(fork, delay)| check_ascending(&[fork, delay]))
    }
}

fn check_ascending(forks: &[(&'static str, Option<u64>)]) -> Result<(), SpecError> {
    for pair in forks.windows(2) {
        let [(earlier, before), (later, after)] = pair else {
            continue;
        };
        if let Some(after) = after
            && before.is_none_or(|before| before > *after)
        {
            return Err(SpecError::ForkOrder { earlier, later });
        }
    }
    Ok(())
}
