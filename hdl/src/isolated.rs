//! Verilog whose combinatorial blocks Verilator can take apart.
//!
//! rust-hdl writes one `always @(*)` for all of a module. Verilator 5.006 orders such blocks, not what is in them; where
//! two modules hand signals to and fro (a `valid` one way, its `ready` the other), it sees a circle that is none, breaks
//! it, and may leave a signal as it was in the cycle before: the tensor engine lost words that way. With
//! `isolate_assignments` the assignments of a signal are a block of their own.

use std::collections::{HashMap, HashSet};

const ATTRIBUTE: &str = " /*verilator isolate_assignments*/;";

/// The text, with the attribute at all signals but those that are read before they have their last value: a name that
/// a loop uses again and again means something else each time.
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

/// Names that the module's block assigns, none of which is read by others before its last assignment.
fn settled(module: &str) -> HashSet<&str> {
    let mut written: HashMap<&str, usize> = HashMap::new();
    let mut read: HashMap<&str, usize> = HashMap::new();
    let block = module
        .lines()
        .skip_while(|line| line.trim() != "always @(*) begin")
        .skip(1);
    for (number, line) in block
        .take_while(|line| !line.starts_with("endmodule"))
        .enumerate()
    {
        let line = line.split("//").next().unwrap_or_default().trim();
        let assigned = line
            .split_once(" = ")
            .filter(|(name, _)| names(name).next() == Some(*name));
        let expression = assigned.map_or(line, |(_, expression)| expression);
        for name in names(expression) {
            if assigned.is_none_or(|(assigned, _)| assigned != name) {
                read.entry(name).or_insert(number);
            }
        }
        if let Some((name, _)) = assigned {
            written.insert(name, number);
        }
    }
    written
        .into_iter()
        .filter(|(name, last)| read.get(name).is_none_or(|first| first > last))
        .map(|(name, _)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::isolated;

    #[test]
    fn signals_are_isolated_but_those_that_are_used_again() {
        let verilog = "module top(a);\n    output reg  a;\n    reg  [3:0] again;\n    reg  [3:0] x;\n    reg  y$d;\n\
            \n    always @(*) begin\n        again = 4'h1;\n        x = again;\n        again = 4'h2;\n        \
            if (y$d) begin\n            a = again[0];\n        end\n        x = x | 4'h8;\n    end\n\
            endmodule // top\n";
        let text = isolated(verilog);
        let with =
            |declaration: &str| text.contains(&format!("{declaration} /*verilator isolate_assignments*/;"));
        assert!(with("output reg  a") && with("reg  [3:0] x"), "{text}");
        // One is read before it has its last value, the other is not assigned here.
        assert!(
            text.contains("reg  [3:0] again;") && text.contains("reg  y$d;"),
            "{text}"
        );
    }
}
