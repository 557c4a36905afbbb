//! Verilog whose combinatorial blocks Verilator can take apart.
//!
//! rust-hdl writes one `always @(*)` for all of a module. Verilator 5.006 orders such blocks, not what is in them; where
//! two modules hand signals to and fro (a `valid` one way, its `ready` the other), it sees a circle that is none, breaks
//! it, and may leave a signal as it was in the cycle before: the tensor engine lost words that way. With
//! `isolate_assignments` the assignments of a signal are a block of their own.

use std::collections::{HashMap, HashSet};

const ATTRIBUTE: &str = " /*verilator isolate_assignments*/;";

/// The text, with the attribute at all signals but those that are read before they have their last value, and what
/// depends on these: a name that a loop uses again and again means something else each time.
pub fn isolated(verilog: &str) -> String {
    let mut text = String::with_capacity(verilog.len() + verilog.len() / 4);
    for module in modules(verilog) {
        let settled = settled(module);
        for line in module.lines() {
            match declared(line) {
                Some(name) if settled.contains(name) => {
                    text.push_str(line.trim_end().trim_end_matches(';').trim_end());
                    text.push_str(ATTRIBUTE);
                }
                _ => text.push_str(line),
            }
            text.push('\n');
        }
    }
    text
}

/// The text in pieces, each beginning with a module.
fn modules(verilog: &str) -> impl Iterator<Item = &str> {
    let mut begins: Vec<usize> = verilog.match_indices("\nmodule ").map(|(at, _)| at + 1).collect();
    begins.insert(0, 0);
    begins.push(verilog.len());
    (1..begins.len()).map(move |i| &verilog[begins[i - 1]..begins[i]])
}

/// The name that a line declares as `reg`.
fn declared(line: &str) -> Option<&str> {
    let line = line.trim();
    let rest = line.strip_prefix("output ").map_or(line, str::trim_start);
    let rest = rest.strip_prefix("reg ")?.strip_suffix(';')?;
    let name = rest.rsplit(' ').next()?;
    // Neither a memory nor what has a value to begin with.
    let plain = !rest.contains('=') && !name.contains(']') && !name.is_empty();
    plain.then_some(name)
}

/// Names in an expression.
fn names(expression: &str) -> impl Iterator<Item = &str> {
    expression
        .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '\'')))
        .filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
}

/// What a module's block does with a name that it assigns.
#[derive(Default)]
struct Use<'a> {
    /// The line of its last assignment.
    last: usize,
    /// Names that its assignments, or conditions around them, read.
    reads: HashSet<&'a str>,
}

/// Names that the module's block assigns but those that others read before their last assignment, and those that
/// depend on such a name: they need its value of the moment.
fn settled(module: &str) -> HashSet<&str> {
    let mut written: HashMap<&str, Use<'_>> = HashMap::new();
    let mut first_read: HashMap<&str, usize> = HashMap::new();
    // What conditions around a line read; `else` has the condition of what ended before it.
    let (mut around, mut ended): (Vec<Vec<&str>>, Vec<&str>) = (Vec::new(), Vec::new());
    let block = module
        .lines()
        .skip_while(|line| line.trim() != "always @(*) begin")
        .skip(1);
    for (number, line) in block.take_while(|line| !line.starts_with("    end")).enumerate() {
        let line = line.split("//").next().unwrap_or_default().trim();
        let assigned = line
            .split_once(" = ")
            .filter(|(name, _)| names(name).next() == Some(*name));
        if let Some((assigned, expression)) = assigned {
            let entry = written.entry(assigned).or_default();
            entry.last = number;
            entry
                .reads
                .extend(names(expression).chain(around.iter().flatten().copied()));
            for name in names(expression).filter(|name| *name != assigned) {
                first_read.entry(name).or_insert(number);
            }
            continue;
        }
        for name in names(line) {
            first_read.entry(name).or_insert(number);
        }
        if line.starts_with("end") {
            ended = around.pop().unwrap_or_default();
        }
        if line.ends_with("begin") {
            let before = if line.contains("else") {
                ended.as_slice()
            } else {
                &[]
            };
            around.push(names(line).chain(before.iter().copied()).collect());
        }
    }
    let is_used_again = |name: &str| match (written.get(name), first_read.get(name)) {
        (Some(entry), Some(first)) => *first <= entry.last,
        _ => false,
    };
    written
        .iter()
        .filter(|(name, entry)| {
            let again = |read: &&&str| **read != **name && is_used_again(read);
            !is_used_again(name) && !entry.reads.iter().any(|read| again(&read))
        })
        .map(|(name, _)| *name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::isolated;

    #[test]
    fn signals_are_isolated_but_those_that_are_used_again() {
        let verilog = "module top(a);\n    output reg  a;\n    reg  [3:0] again;\n    reg  [3:0] x;\n    reg  y$d;\n\
            \n    reg  z;\n    always @(*) begin\n        again = 4'h1;\n        x = again;\n        again = 4'h2;\n\
            \n        if (again[0]) begin\n            z = 1'b1;\n        end\n        else begin\n            \
            z = 1'b0;\n        end\n        if (y$d) begin\n            a = z;\n        end\n        \
            a = a | 1'b1;\n    end\nendmodule // top\n";
        let text = isolated(verilog);
        let with =
            |declaration: &str| text.contains(&format!("{declaration} /*verilator isolate_assignments*/;"));
        assert!(with("output reg  a"), "{text}");
        // Used again; made of it; decided by it; not assigned here.
        for declaration in ["reg  [3:0] again", "reg  [3:0] x", "reg  z", "reg  y$d"] {
            assert!(text.contains(&format!("{declaration};")), "{text}");
        }
    }
}
