//! Schedules by their versions, as chain specs name them.

use super::GasSchedule;
use serde::{Deserialize, Serialize, de::Error as _};

/// The version of a schedule, as a chain spec names it: a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GasScheduleVersion {
    /// Version 1.
    V1,
    /// Version 2.
    V2,
}

impl GasScheduleVersion {
    /// All versions, oldest first.
    pub const ALL: [Self; 2] = [Self::V1, Self::V2];

    /// The prices of this version.
    pub const fn schedule(self) -> GasSchedule {
        match self {
            Self::V1 => GasSchedule::V1,
            Self::V2 => GasSchedule::V2,
        }
    }

    /// The number that a chain spec has for it.
    pub const fn number(self) -> u64 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }
}

impl Serialize for GasScheduleVersion {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.number())
    }
}

impl<'de> Deserialize<'de> for GasScheduleVersion {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u64::deserialize(deserializer)?;
        let found = Self::ALL.into_iter().find(|version| version.number() == number);
        found.ok_or_else(|| {
            let there_are = Self::ALL.map(|version| version.number().to_string()).join(", ");
            D::Error::custom(format!(
                "gas schedule {number} does not exist; there are: {there_are}"
            ))
        })
    }
}
