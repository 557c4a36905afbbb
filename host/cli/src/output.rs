//! Writing results. A closed pipe is no error: whoever reads has seen enough.

use crate::error::CliError;
use comfy_table::{ContentArrangement, presets};
use serde_json::Value;
use std::fmt;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::time::Duration;

/// The width of a table that is not written to a terminal.
const COLUMNS: u16 = 80;
/// The longest text of a cell, in characters: names in files have up to 64 KiB.
const LONGEST_CELL: usize = 1000;
/// The longest complaint, in characters.
const LONGEST_COMPLAINT: usize = 4000;

/// Writes text, and flushes it. Line breaks are ours; every other character that does something to a terminal is
/// escaped, because names from files may be in it.
///
/// # Errors
/// If standard output is closed or full.
pub fn line(text: &str) -> Result<(), CliError> {
    raw_line(&escaped(text, |c| c == '\n'))
}

fn raw_line(text: &str) -> Result<(), CliError> {
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
    raw_line(&object.to_string())
}

/// Writes an error for a person. That standard error may be closed is nobody's business.
pub fn complain(problem: &str) {
    let problem = cut(&escaped(problem, |_| false), LONGEST_COMPLAINT);
    let _ = writeln!(io::stderr().lock(), "metisvm: {problem}");
}

/// Writes the error that ends a command; a list of problems goes one a line.
pub fn fail(error: &CliError) {
    let CliError::Listed { file, lines } = error else {
        return complain(&error.to_string());
    };
    let mut lines = lines.iter();
    let first = lines.next().map_or("", String::as_str);
    complain(&format!("{}: {first}", file.display()));
    for line in lines {
        let line = cut(&escaped(line, |_| false), LONGEST_COMPLAINT);
        let _ = writeln!(io::stderr().lock(), "{line}");
    }
}

/// Whether an error says only that nobody reads any more.
pub fn is_closed_pipe(error: &CliError) -> bool {
    matches!(error, CliError::Output(e) if e.kind() == ErrorKind::BrokenPipe)
}

/// A text of somebody else's making, fit to be shown over several lines: escaped but for line breaks and tabs.
pub fn plain_text(text: &str) -> String {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

/// Text of somebody else's making, fit to be shown within a line: escaped and cut.
pub fn shown(text: &str) -> String {
    cut(&escaped(text, |_| false), LONGEST_CELL)
}

fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}\u{2026}", &text[..end]),
        None => text.to_owned(),
    }
}

fn escaped(text: &str, allowed: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if moves(c) && !allowed(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether a character does something else than to be seen: controls (C0, C1), and marks of Unicode that break lines,
/// turn the direction of text, or have no width.
fn moves(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A table whose cells are escaped and cut.
pub struct Table(comfy_table::Table);

impl Table {
    /// Adds a row below the others.
    pub fn add_row<C: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = C>) {
        let cells: Vec<String> = cells.into_iter().map(|cell| shown(cell.as_ref())).collect();
        self.0.add_row(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A table with a heading.
pub fn table(heading: &[&str]) -> Table {
    let mut table = comfy_table::Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if !io::stdout().is_terminal() {
        // A terminal tells its width; what is written elsewhere is likely to be shown on one.
        table.set_width(COLUMNS);
    }
    table.set_header(heading.iter().map(|cell| shown(cell)));
    Table(table)
}

/// Writes a hash on a line of its own, beside a table that could not hold one in 80 columns.
///
/// # Errors
/// If standard output is closed or full.
pub fn hash(what: &str, hash: &dyn fmt::Display) -> Result<(), CliError> {
    line(&format!("{what:<14}{hash}"))
}

/// A time in milliseconds; microseconds are as fine as the figure deserves.
pub fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
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
    fn nothing_that_a_terminal_obeys_is_shown_as_it_is() {
        let hostile = "a\u{1b}[31mb\nc\u{202e}d\u{9b}0m";
        let expected = "a\\u{1b}[31mb\\nc\\u{202e}d\\u{9b}0m";
        assert_eq!(super::shown(hostile), expected);
        assert_eq!(super::shown("äöü 数字 ┆"), "äöü 数字 ┆");
        assert!(super::shown(&"x".repeat(5_000)).chars().count() <= 1_001);
    }

    #[test]
    fn thousands_are_apart() {
        for (value, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(super::thousands(value), text);
        }
    }
}
