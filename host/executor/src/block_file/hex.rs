//! Numbers as the RPC writes them: strings of hexadecimal digits after `0x`.

use alloy_primitives::U256;
use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};
use std::fmt;

/// A number of up to 256 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Hex256(pub(super) U256);

/// A number of up to 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Hex128(pub(super) u128);

/// A number of up to 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Hex64(pub(super) u64);

struct HexVisitor;

impl Visitor<'_> for HexVisitor {
    type Value = U256;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number as a string of hexadecimal digits after 0x")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<U256, E> {
        let digits = text.strip_prefix("0x").unwrap_or_default();
        // from_str_radix would take signs and underscores.
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let shown: String = text.chars().take(80).collect();
            return Err(E::invalid_value(serde::de::Unexpected::Str(&shown), &self));
        }
        let digits = digits.trim_start_matches('0');
        if digits.len() > 64 {
            return Err(E::custom("the number does not fit in 256 bits"));
        }
        if digits.is_empty() {
            return Ok(U256::ZERO);
        }
        U256::from_str_radix(digits, 16).map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Hex256 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(HexVisitor).map(Self)
    }
}

impl<'de> Deserialize<'de> for Hex128 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserializer.deserialize_str(HexVisitor)?;
        u128::try_from(value)
            .map(Self)
            .map_err(|_| D::Error::custom("the number does not fit in 128 bits"))
    }
}

impl<'de> Deserialize<'de> for Hex64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserializer.deserialize_str(HexVisitor)?;
        u64::try_from(value)
            .map(Self)
            .map_err(|_| D::Error::custom("the number does not fit in 64 bits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Result<u64, String> {
        serde_json::from_str::<Hex64>(text)
            .map(|hex| hex.0)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn hexadecimal_strings_are_numbers() {
        assert_eq!(number(r#""0x0""#), Ok(0));
        assert_eq!(number(r#""0xfF""#), Ok(255));
        assert_eq!(number(&format!("\"0x{:0>200}\"", "7")), Ok(7));
        assert_eq!(number(r#""0xffffffffffffffff""#), Ok(u64::MAX));
    }

    #[test]
    fn everything_else_is_not() {
        for text in [
            "7",
            "1e999",
            "-1",
            "null",
            "[]",
            r#""""#,
            r#""0x""#,
            r#""7""#,
            r#""0x-7""#,
            r#""0x1_0""#,
        ] {
            assert!(number(text).is_err(), "{text}");
        }
        assert!(
            number(r#""0x10000000000000000""#)
                .unwrap_err()
                .contains("64 bits")
        );
        let huge = format!("\"0x{}\"", "f".repeat(65));
        assert!(number(&huge).unwrap_err().contains("256 bits"));
    }
}
