//! From each instruction of docs/device.md a reader comes to its module, and each module that a table names is there.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};

fn tree() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// What stands under a heading of a page, up to the next one.
fn section(page: &str, heading: &str) -> String {
    let text = fs::read_to_string(tree().join("docs").join(page)).unwrap();
    let (_, rest) = text
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("docs/{page} has no {heading:?}"));
    let end = rest.find("\n## ").unwrap_or(rest.len());
    rest[..end].to_owned()
}

/// The cells of a table's rows, without its head.
fn rows(text: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| {
        let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
        inner.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    let after_head = lines.iter().position(|line| line.starts_with("|---")).unwrap() + 1;
    lines[after_head..].iter().map(|line| cells(line)).collect()
}

/// Words in backquotes that name a file of Rust.
fn files(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|word| word.ends_with(".rs") && !word.contains(['*', ' ', '…']))
}

#[test]
fn each_instruction_of_the_abi_has_a_row_that_names_its_modules() {
    let table = section("hdl-tensor.md", "## From an instruction to its module");
    let table = rows(&table);
    let named = |name: &str| {
        table
            .iter()
            .any(|row| row[0].split([' ', ',']).any(|word| word == name) && row[3].contains(".rs`"))
    };
    // "| 2 LOAD | buffer 16–19, …": an opcode, and its name.
    let device = section("device.md", "## Tensor programs");
    let encoding = device.split_once("### Encoding").unwrap().1;
    let names: Vec<String> = rows(encoding)
        .iter()
        .map(|row| row[0].split_once(' ').unwrap().1.to_owned())
        .collect();
    let expected = [
        "NOP",
        "LOAD",
        "FILL",
        "GEMM",
        "VECTOR",
        "STORE",
        "LOAD_TILES",
        "STORE_TILES",
    ];
    assert_eq!(names, expected, "the table of docs/device.md reads otherwise");
    for name in &names {
        assert!(named(name), "{name} has no row in docs/hdl-tensor.md");
    }
    for operation in [
        "ADD",
        "MAX",
        "MIN",
        "REQUANTISE",
        "TABLE",
        "ARGMAX",
        "INTERPOLATE",
    ] {
        assert!(
            device.contains(&format!(" {operation}")),
            "{operation} is not in docs/device.md"
        );
        assert!(
            named(operation),
            "VECTOR {operation} has no row in docs/hdl-tensor.md"
        );
    }
    assert!(
        device.contains("hdl-tensor.md#from-an-instruction-to-its-module"),
        "docs/device.md leads to the modules"
    );
}

/// The files that a table names are there, below one of these folders.
fn are_there(table: &str, folders: &[&str]) -> usize {
    let folders: Vec<PathBuf> = folders
        .iter()
        .map(|folder| tree().join("hdl/src").join(folder))
        .collect();
    let named: Vec<&str> = files(table).collect();
    for name in &named {
        assert!(
            folders.iter().any(|folder| folder.join(name).is_file()),
            "{name} is in a table of docs and not in {folders:?}"
        );
    }
    named.len()
}

#[test]
fn modules_that_the_tables_name_are_there() {
    let tensor = section("hdl-tensor.md", "## From an instruction to its module");
    // Files of a unit are named without its folder behind the file that has it.
    let units = [
        "tensor",
        "tensor/run",
        "tensor/transfer",
        "tensor/array",
        "tensor/vector",
    ];
    assert!(are_there(&tensor, &units) > 20);
    let abi = section("hdl.md", "## From the ABI to the modules");
    assert!(are_there(&abi, &["shell", "shell/..", "keccak", "memory"]) > 30);
}
