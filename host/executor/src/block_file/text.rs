//! JSON text: how it begins, and what is wrong with it in words for people.

use crate::Error;
use serde::Deserialize;
use std::borrow::Cow;

const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether text begins like a JSON object, a byte order mark of UTF-8 before it allowed (RFC 8259, section 8.1).
pub(super) fn check_beginning(text: &[u8]) -> Result<(), Error> {
    let place = || "the file".to_owned();
    let wrong = |problem: &str| {
        Err(Error::Json {
            place: place(),
            problem: problem.to_owned(),
        })
    };
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        return wrong("begins with a byte order mark of UTF-16; JSON is UTF-8: save it as that");
    }
    match without_mark(text).trim_ascii_start().first() {
        None if text.is_empty() => wrong("is empty"),
        None | Some(b'{') => Ok(()),
        Some(b'[') => wrong("is an array, but has to be an object ({ \u{2026} })"),
        Some(_) => wrong("is not JSON, or not an object: it has to begin with {"),
    }
}

fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(UTF8_MARK).unwrap_or(text)
}

/// Reads JSON whose top level is an object, a byte order mark before it allowed. The error names the place in it, in
/// words for people.
pub fn read_json<'de, T: Deserialize<'de>>(text: &'de [u8]) -> Result<T, Error> {
    check_beginning(text)?;
    let mut deserializer = serde_json::Deserializer::from_slice(without_mark(text));
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        // Errors at the top level have the path ".", errors before the first key "?".
        let place = match error.path().to_string().as_str() {
            "." | "?" => "the file".to_owned(),
            path => path.to_owned(),
        };
        Error::Json {
            place,
            problem: worded(&error.into_inner().to_string()),
        }
    })?;
    deserializer.end().map_err(|error| Error::Json {
        place: "the end of the file".to_owned(),
        problem: worded(&error.to_string()),
    })?;
    Ok(value)
}

/// What serde says, without the names of Rust's types.
pub(crate) fn worded(problem: &str) -> String {
    for (begin, what) in [("invalid type: ", "is"), ("invalid value: ", "is")] {
        if let Some((found, expected)) = problem
            .strip_prefix(begin)
            .and_then(|rest| rest.split_once(", expected "))
        {
            return format!(
                "{what} {}, but has to be {}",
                kind(found),
                expected_kind(expected)
            );
        }
    }
    for (begin, after) in [
        ("missing field ", "is missing"),
        ("duplicate field ", "comes twice"),
        ("unknown field ", "is not a known key"),
    ] {
        if let Some(rest) = problem.strip_prefix(begin)
            && let Some((key, rest)) = rest.strip_prefix('`').and_then(|rest| rest.split_once('`'))
        {
            return format!("the key {key:?} {after}{}", rest.replace('`', "\""));
        }
    }
    if let Some(rest) = problem.strip_prefix("EOF while parsing ") {
        let place = rest.split_once(" at ").map_or(rest, |(_, place)| place);
        return format!("ends too early, at {place}");
    }
    problem.replace('`', "\"")
}

fn kind(found: &str) -> Cow<'_, str> {
    match found {
        "sequence" => "an array".into(),
        "map" => "an object".into(),
        "null" => "null".into(),
        _ => {
            let found = found.strip_prefix("string ").unwrap_or(found);
            let found = found.strip_prefix("boolean ").unwrap_or(found);
            let number = ["integer ", "floating point "]
                .iter()
                .find_map(|kind| found.strip_prefix(kind));
            number
                .map_or_else(
                    || found.replace('`', ""),
                    |number| format!("the number {}", number.replace('`', "")),
                )
                .into()
        }
    }
}

fn expected_kind(expected: &str) -> Cow<'_, str> {
    let (what, line) = expected.split_once(" at line ").unwrap_or((expected, ""));
    // What alloy says of bytes.
    let shortened = what.replace(", an array of u8, or raw bytes", "");
    let what = shortened.replace(
        "represented as a hex string",
        "as a string of hexadecimal digits after 0x",
    );
    let what = what.as_str();
    let what = match what {
        "a sequence" => "an array",
        "a map" => "an object",
        "unit" => "null",
        "a boolean" => "true or false",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        _ if what.starts_with("struct ") || what.starts_with("enum ") => "an object",
        _ => what,
    };
    match line {
        "" => what.to_owned().into(),
        line => format!("{what} at line {line}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::worded;

    #[test]
    fn problems_are_said_without_rust() {
        for (serde, people) in [
            (
                "invalid type: sequence, expected struct RawFile at line 1 column 0",
                "is an array, but has to be an object at line 1 column 0",
            ),
            (
                "invalid type: integer `5`, expected a sequence at line 2 column 3",
                "is the number 5, but has to be an array at line 2 column 3",
            ),
            (
                "invalid type: string \"x\", expected a boolean",
                "is \"x\", but has to be true or false",
            ),
            (
                "missing field `hash` at line 1 column 2",
                "the key \"hash\" is missing at line 1 column 2",
            ),
            ("duplicate field `hash`", "the key \"hash\" comes twice"),
            (
                "unknown field `x`, expected `name` or `forks`",
                "the key \"x\" is not a known key, expected \"name\" or \"forks\"",
            ),
            ("this key comes twice", "this key comes twice"),
            (
                "EOF while parsing a value at line 1 column 3",
                "ends too early, at line 1 column 3",
            ),
            (
                "invalid type: integer `7`, expected 32 bytes, represented as a hex string of length 64, an array of \
                 u8, or raw bytes at line 1 column 9",
                "is the number 7, but has to be 32 bytes, as a string of hexadecimal digits after 0x of length 64 at \
                 line 1 column 9",
            ),
        ] {
            assert_eq!(worded(serde), people);
        }
    }
}
