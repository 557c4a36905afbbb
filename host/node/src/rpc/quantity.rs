//! Numbers as clients write them: hexadecimal, as the standard has it, or as JSON numbers and decimal strings, as
//! development tools do.

use crate::error::NodeError;
use alloy_primitives::{B256, U256};
use serde::{Deserialize, Deserializer};

/// A number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number(pub(super) U256);

impl Number {
    /// The number, where it has 64 bits.
    pub(super) fn u64(self) -> Result<u64, NodeError> {
        self.0
            .try_into()
            .map_err(|_| NodeError::Invalid(format!("{} is more than 2^64 - 1", self.0)))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(u64),
            Text(String),
        }
        match Written::deserialize(deserializer) {
            Ok(Written::Number(number)) => Ok(Self(U256::from(number))),
            Ok(Written::Text(text)) => text.parse().map(Self).map_err(|_| {
                serde::de::Error::custom(format!("{text:?} is no number: write 0x… or decimal digits"))
            }),
            Err(_) => Err(serde::de::Error::custom("is no number: write \"0x…\"")),
        }
    }
}

/// A hash as the standard has it: with 0x.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hash(pub(super) B256);

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if !text.starts_with("0x") {
            return Err(serde::de::Error::custom(format!("{text:?} has no 0x before it")));
        }
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_tools_write_them_and_nothing_else_is() {
        for (json, number) in [("\"0x10\"", 16), ("16", 16), ("\"16\"", 16), ("\"0x0\"", 0)] {
            let read: Number = serde_json::from_str(json).unwrap();
            assert_eq!(read.u64().unwrap(), number, "{json}");
        }
        for json in ["-1", "\"0xzz\"", "1.5", "null", "[]", "true"] {
            assert!(serde_json::from_str::<Number>(json).is_err(), "{json}");
        }
        let large: Number = serde_json::from_str("\"0x10000000000000000\"").unwrap();
        assert!(large.u64().is_err());
    }
}
