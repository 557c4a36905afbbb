//! The tables of operators in docs/import.md have just the operators that there are.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

use metisvm_import::{FOLDED, SUPPORTED};
use std::collections::{BTreeMap, BTreeSet};

/// The operators of each domain, by the heading that its table stands under.
fn documented() -> BTreeMap<&'static str, BTreeSet<String>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/import.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut tables: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut domain = None;
    for line in text.lines() {
        if line.starts_with('#') {
            domain = match line {
                "### ONNX's own" => Some(""),
                "### ai.onnx.ml" => Some("ai.onnx.ml"),
                "### com.microsoft" => Some("com.microsoft"),
                _ => None,
            };
        } else if let (Some(domain), Some(row)) = (domain, line.strip_prefix("| ")) {
            let first = row.split(" | ").next().unwrap();
            if !first.starts_with("ONNX") {
                let names = first.split(", ").map(str::to_string);
                for name in names {
                    assert!(
                        tables.entry(domain).or_default().insert(name.clone()),
                        "{name} is there twice"
                    );
                }
            }
        }
    }
    tables
}

#[test]
fn every_operator_is_documented_and_no_other() {
    let mut taken: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (domain, name) in SUPPORTED {
        taken.entry(domain).or_default().insert((*name).to_string());
    }
    let own = taken.get_mut("").unwrap();
    own.extend(FOLDED.iter().map(|name| (*name).to_string()));
    let documented = documented();
    for (domain, names) in &taken {
        let there = &documented[domain];
        let missing: Vec<_> = names.difference(there).collect();
        let gone: Vec<_> = there.difference(names).collect();
        assert!(
            missing.is_empty() && gone.is_empty(),
            "{domain:?}: docs/import.md lacks {missing:?} and has {gone:?}"
        );
    }
    assert_eq!(documented.len(), taken.len());
}
