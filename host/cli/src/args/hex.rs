//! Hexadecimal arguments.

/// 32 bytes as 64 hexadecimal digits, with or without 0x.
pub(super) fn bytes32(text: &str) -> Result<[u8; 32], String> {
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))
        .unwrap_or(text);
    let mut bytes = [0; 32];
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err("it is 64 hexadecimal digits, with or without 0x".to_owned());
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        let nibbles = pair
            .iter()
            .map(|digit| (*digit as char).to_digit(16).unwrap_or(0));
        *byte = nibbles.fold(0, |value, nibble| value << 4 | nibble as u8);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_four_digits_and_nothing_else() {
        let mut expected = [0xab; 32];
        expected[31] = 0x01;
        let text = "aB".repeat(31) + "01";
        assert_eq!(bytes32(&text), Ok(expected));
        assert_eq!(bytes32(&format!("0x{text}")), Ok(expected));
        for wrong in [
            "",
            "0x",
            &text[1..],
            &format!("{text}0"),
            &text.replace('B', "g"),
            "+é",
        ] {
            assert!(bytes32(wrong).is_err(), "{wrong}");
        }
    }
}
