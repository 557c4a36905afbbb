//! What is written, where, and what is not.

use crate::support::{objects, repository, run, stderr, stdout};
use metisvm::output::thousands;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A bundle that the binary carries has no more: all of them are in every copy of it.
const MOST_BYTES: u64 = 256 << 10;

/// The templates, by the program itself.
fn listed() -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let done = run(folder.path(), &["model", "template", "list", "--json"]);
    assert!(done.status.success(), "{}", stderr(&done));
    objects(&done)
}

/// Files below a folder, by their paths in it.
fn below(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            found.extend(below(&path).into_iter().map(|file| format!("{name}/{file}")));
        } else {
            found.insert(name.to_owned());
        }
    }
    found
}

#[test]
fn every_template_of_the_repository_is_in_the_binary_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut names = BTreeSet::new();
    for template in listed() {
        let name = template["template"].as_str().unwrap();
        names.insert(name.to_owned());
        let done = run(folder.path(), &["model", "template", "new", name]);
        assert!(done.status.success(), "{name}: {}", stderr(&done));
        let said = stdout(&done);
        for expected in [
            template["model_id"].as_str().unwrap(),
            "forge test",
            "metisvm model register model.bundle",
        ] {
            assert!(said.contains(expected), "{name}: {expected}: {said}");
        }
        let written = folder.path().join(name);
        let own = repository("templates").join(name);
        let files = below(&written);
        // Its own files, what all templates share, and of the contracts' package what they import.
        for file in below(&own) {
            assert!(files.contains(&file), "{name} does not write {file}");
        }
        for file in &files {
            let source = match file.strip_prefix("lib/metisvm-contracts/") {
                Some("LICENSE") => repository("LICENSE"),
                Some(file) => repository("contracts").join(file),
                None if own.join(file).exists() => own.join(file),
                None => repository("templates/shared").join(file),
            };
            assert_eq!(
                fs::read(written.join(file)).unwrap(),
                fs::read(source).unwrap(),
                "{name}: {file}"
            );
        }
        let told: BTreeSet<String> = serde_json::from_value(template["files"].clone()).unwrap();
        assert_eq!(told, files, "{name}");
        assert!(
            fs::metadata(written.join("model.bundle")).unwrap().len() < MOST_BYTES,
            "{name}"
        );
        let readme = fs::read_to_string(written.join("README.md")).unwrap();
        assert!(readme.contains("metisvm model register model.bundle"), "{name}");
        let samples = fs::read_to_string(written.join("test/Samples.sol")).unwrap();
        assert!(samples.contains(template["model_id"].as_str().unwrap()), "{name}");
        // Its own page, and its line of the page of all.
        let gas = thousands(template["inference_gas_by_schedule"]["2"].as_u64().unwrap());
        let page = fs::read_to_string(repository("docs/templates.md")).unwrap();
        let line = page
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}` |")));
        let line = line.unwrap_or_else(|| panic!("docs/templates.md has no line of {name}"));
        assert!(line.contains(&format!("| {gas} |")), "{gas} gas: {line}");
        assert!(
            readme.contains(&format!("| {gas} |")),
            "{name}: {gas} gas: {readme}"
        );
    }
    let mut folders: BTreeSet<String> = BTreeSet::new();
    for entry in fs::read_dir(repository("templates")).unwrap() {
        folders.insert(entry.unwrap().file_name().into_string().unwrap());
    }
    for other in ["shared", "artifacts"] {
        assert!(folders.remove(other), "{other}");
    }
    assert_eq!(folders, names);
}

#[test]
fn the_list_is_a_table_of_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let done = run(folder.path(), &["model", "template", "list"]);
    let said = stdout(&done);
    for template in listed() {
        assert!(said.contains(template["template"].as_str().unwrap()), "{said}");
        assert!(
            template["inference_gas_by_schedule"]["2"].as_u64().unwrap() > 0,
            "{template}"
        );
    }
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
}

#[test]
fn nothing_is_overwritten_and_mistakes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let new = |arguments: &[&str]| {
        run(
            folder.path(),
            &[&["model", "template", "new"], arguments].concat(),
        )
    };
    // An empty folder is as good as none.
    fs::create_dir(folder.path().join("empty")).unwrap();
    assert!(new(&["embedding", "empty"]).status.success());
    fs::write(folder.path().join("file"), "mine").unwrap();
    for (into, problem) in [
        ("empty", "empty: is not empty"),
        ("file", "file: is no folder"),
        (".", ".: is not empty"),
    ] {
        let refused = new(&["embedding", into]);
        assert_eq!(refused.status.code(), Some(1), "{into}");
        assert!(stderr(&refused).contains(problem), "{}", stderr(&refused));
    }
    assert_eq!(fs::read_to_string(folder.path().join("file")).unwrap(), "mine");
    assert_eq!(
        below(folder.path())
            .iter()
            .filter(|file| !file.starts_with("empty/"))
            .count(),
        1
    );
    let within = new(&["embedding", "file/project"]);
    assert_eq!(within.status.code(), Some(1));
    assert!(stderr(&within).contains("file/project"), "{}", stderr(&within));
    let unknown = new(&["embeding"]);
    assert_eq!(unknown.status.code(), Some(2));
    for expected in ["embeding", "embedding", "credit-score"] {
        assert!(stderr(&unknown).contains(expected), "{}", stderr(&unknown));
    }
}
