//! Unsafe code is only where docs/architecture.md says that it is, why, and what checks it.

use metisvm_tests::source::{Finding, judge, packages, root, rust_files, table};
use std::fs;

#[test]
fn unsafe_code_is_only_in_the_modules_that_the_architecture_lists() {
    let root = root();
    let sources = rust_files(&root).unwrap();
    let packages = packages(&root).unwrap();
    // A walk that finds nothing would find nothing wrong.
    assert!(sources.contains_key("driver/src/lib.rs") && sources.contains_key("tests/tests/unsafe_code.rs"));
    assert!(packages.contains_key("") && packages.contains_key("tests/workload"));
    let page = fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    let rows = table(&page).unwrap_or_else(|e| panic!("docs/architecture.md: {e}"));
    let findings = judge(&sources, &packages, &rows).unwrap();
    let text: Vec<String> = findings.iter().map(Finding::to_string).collect();
    assert!(findings.is_empty(), "{}", text.join("\n"));
}
