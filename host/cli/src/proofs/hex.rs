//! Bytes in files and messages: 0x and lower-case digits, so that one value has one form.

use std::fmt::Write;

/// Bytes as a file has them.
pub fn text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("0x");
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The bytes of such a text.
///
/// # Errors
/// What it should be.
pub fn bytes(text: &str) -> Result<Vec<u8>, String> {
    let wrong = || "is not 0x and pairs of lower-case hexadecimal digits".to_owned();
    let digits = text.strip_prefix("0x").ok_or_else(wrong)?.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return Err(wrong());
    }
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let pairs = digits.as_chunks::<2>().0.iter();
    let pairs = pairs.map(|[high, low]| Some(value(*high)? << 4 | value(*low)?));
    pairs.collect::<Option<_>>().ok_or_else(wrong)
}

/// The 32 bytes of such a text.
///
/// # Errors
/// What it should be.
pub fn bytes32(text: &str) -> Result<[u8; 32], String> {
    let bytes = bytes(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| "is not 0x and 64 lower-case hexadecimal digits".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_one_form() {
        for value in [&[][..], &[0], &[0x0f, 0xf0, 0xab]] {
            assert_eq!(bytes(&text(value)).as_deref(), Ok(value));
        }
        assert_eq!(text(&[0x0f, 0xa0]), "0x0fa0");
        for wrong in ["", "0", "0x0", "00", "0X00", "0xAB", "0x0g", "0x 0", "0xé"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
        assert_eq!(bytes32(&text(&[7; 32])), Ok([7; 32]));
        assert!(bytes32(&text(&[7; 31])).is_err());
    }
}
