//! Writing results. A closed pipe is no error: whoever reads has seen enough.

use crate::error::CliError;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;
use std::io::{self, ErrorKind, Write};

/// Writes one line, a whole JSON object or text, and flushes it.
///
/// # Errors
/// If standard output is closed or full.
pub fn line(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(CliError::Output)
}

/// Writes raw bytes.
///
/// # Errors
/// If standard output is closed or full.
pub fn bytes(bytes: &[u8]) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(CliError::Output)
}

/// Writes one JSON object on a line of its own.
///
/// # Errors
/// If standard output is closed or full.
pub fn json(object: &Value) -> Result<(), CliError> {
    line(&object.to_string())
}

/// Writes an error for a person. That standard error may be closed is nobody's business.
pub fn complain(problem: &str) {
    let _ = writeln!(io::stderr().lock(), "metisvm: {problem}");
}

/// Whether an error says only that nobody reads any more.
pub fn is_closed_pipe(error: &CliError) -> bool {
    matches!(error, CliError::Output(e) if e.kind() == ErrorKind::BrokenPipe)
}

/// A table with a heading.
pub fn table(heading: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(heading);
    table
}

/// An integer with its thousands apart.
pub fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn thousands_are_apart() {
        for (value, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(super::thousands(value), text);
        }
    }
}
