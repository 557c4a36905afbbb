//! Holds the bodies of `update` functions to the style in which rust-hdl emits what Rust says (docs/hdl.md,
//! "Writing rust-hdl that means what it says"). Each rule stands for a miscompilation that was met: rust-hdl
//! gives no warning.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};

/// Operators with two operands, longer ones before those that they begin with.
const OPERATORS: [&str; 16] = [
    "<<", ">>", "==", "!=", "<=", ">=", "&&", "||", "&", "|", "^", "+", "-", "*", "<", ">",
];
/// Rust compares what these give, Verilog combines what comparisons give.
const BITWISE: [&str; 3] = ["&", "|", "^"];
const COMPARISONS: [&str; 6] = ["==", "!=", "<=", ">=", "<", ">"];

/// What is wrong with an expression, if anything is.
fn problem(expression: &str) -> Option<&'static str> {
    if expression.contains("signed_bit_cast") {
        return Some("signed_bit_cast recurses without end on the least value in the simulator");
    }
    let plain = without_brackets(expression);
    for (place, inside) in groups(&plain) {
        let found = operators(&inside);
        if ["bit_cast", "signed_cast", "unsigned_cast"]
            .iter()
            .any(|cast| place.ends_with(cast))
        {
            if inside.trim_start().starts_with('!') {
                return Some("a cast widens before it inverts: invert into a Local first");
            }
            if !found.is_empty() {
                return Some("what is computed within a cast is computed in its width: use a Local");
            }
        }
        let has = |operators: &[&str]| found.iter().any(|operator| operators.contains(operator));
        if has(&BITWISE) && has(&COMPARISONS) {
            return Some("a comparison beside &, | or ^ groups otherwise in Verilog: use a Local");
        }
    }
    None
}

/// What stands within each pair of parentheses, without what is within deeper ones, and what stands before
/// it; and the whole expression likewise.
fn groups(plain: &str) -> Vec<(String, String)> {
    let mut open = vec![(String::new(), String::new())];
    let mut all = Vec::new();
    for c in plain.chars() {
        match c {
            '(' => {
                let before = open.last().map_or(String::new(), |(_, text)| text.clone());
                open.push((before, String::new()));
            }
            ')' => all.extend(open.pop()),
            _ => {
                if let Some((_, text)) = open.last_mut() {
                    text.push(c);
                }
            }
        }
    }
    all.extend(open);
    all
}

/// Without what stands in brackets, which are indices and known when Verilog is emitted, and without the
/// types of calls.
fn without_brackets(expression: &str) -> String {
    let mut depth = 0;
    let mut plain = String::new();
    let mut rest = expression;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("::<") {
            let end = rest.find('>').map_or(rest.len(), |end| end + 1);
            rest = &rest[end..];
            continue;
        }
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ if depth == 0 => plain.push(c),
            _ => {}
        }
        rest = &rest[c.len_utf8()..];
    }
    plain
}

fn operators(plain: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut rest = plain;
    while let Some(c) = rest.chars().next() {
        let operator = OPERATORS.into_iter().find(|operator| rest.starts_with(operator));
        found.extend(operator);
        rest = &rest[operator.map_or(c.len_utf8(), str::len)..];
    }
    found
}

/// Assignments and conditions of the bodies behind `#[hdl_gen]`, with their lines.
fn expressions(source: &str) -> Vec<(usize, String)> {
    let mut all = Vec::new();
    let mut lines = source.lines().enumerate();
    while let Some((_, line)) = lines.next() {
        if line.trim() != "#[hdl_gen]" {
            continue;
        }
        let mut statement = String::new();
        let mut first = 0;
        for (number, line) in lines.by_ref() {
            if line == "    }" {
                break;
            }
            let line = line.trim();
            if line.starts_with("//") || line.starts_with("fn ") {
                continue;
            }
            if statement.is_empty() {
                first = number + 1;
            }
            statement.push_str(line);
            statement.push(' ');
            if !line.ends_with([';', '{', '}']) {
                continue;
            }
            let text = std::mem::take(&mut statement);
            let condition = text.trim_start_matches("} else ").strip_prefix("if ");
            let condition = condition.map(|text| text.trim_end().trim_end_matches('{'));
            let assigned = text
                .split_once(".next = ")
                .map(|(_, value)| value.trim_end().trim_end_matches(';'));
            all.extend(condition.or(assigned).map(|text| (first, text.to_owned())));
        }
    }
    all
}

fn sources(folder: &Path, to: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, to);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            to.push(path);
        }
    }
}

#[test]
fn bodies_keep_to_what_is_emitted_as_it_reads() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut seen = 0;
    let mut wrong = Vec::new();
    for file in files {
        for (line, expression) in expressions(&fs::read_to_string(&file).unwrap()) {
            seen += 1;
            if let Some(problem) = problem(&expression) {
                wrong.push(format!(
                    "{}:{line}: {problem}: {}",
                    file.display(),
                    expression.trim()
                ));
            }
        }
    }
    // The sources are found and read.
    assert!(seen > 500, "only {seen} statements");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_trap_is_told() {
    for trap in [
        "self.a.val() & self.b.val() == self.c.val()",
        "self.a.val() && (self.b.val() | self.c.val() != self.d.val())",
        "bit_cast::<8, 4>(!self.a.val())",
        "bit_cast::<8, 4>(self.a.val() + 1) == self.b.val()",
        "signed_bit_cast::<16, 8>(self.a.val())",
    ] {
        assert!(problem(trap).is_some(), "{trap}");
    }
    for sound in [
        "self.a[(i + 1) % 5].val() ^ self.b[i - 1].val() ^ self.c.val()",
        "!self.a.val() & self.b.q.val().get_bit(i)",
        "bit_cast::<48, 32>(self.a.val())",
        "self.a.val() << 16",
        "!self.a.val() && (self.b.val() || (self.c.val() && (self.d.q.val() != 0)))",
        "self.a.val() & (self.b.val() == self.c.val())",
        "self.a.q.val().get_bits::<3>(0)",
    ] {
        assert_eq!(problem(sound), None, "{sound}");
    }
}
