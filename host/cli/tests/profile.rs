//! `metisvm profile` from end to end: sums that hold, files that other programs read, and what is said of wrong use.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use quick_xml::events::Event;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use support::{objects, repository, run, shared, stderr, stdout};
use tempfile::tempdir;

fn profile(folder: &Path, arguments: &[&str]) -> std::process::Output {
    run(folder, &[&["profile", "--samples", "1"], arguments].concat())
}

fn of<'a>(objects: &'a [Value], what: &str) -> Vec<&'a Value> {
    objects
        .iter()
        .filter(|object| object["profile"] == what)
        .collect()
}

fn sum(objects: &[&Value], key: &str) -> u64 {
    objects.iter().map(|object| object[key].as_u64().unwrap()).sum()
}

/// The paths of a file of collapsed stacks with their weights.
fn stacks(text: &str) -> BTreeMap<String, u64> {
    let line = |line: &str| {
        let (path, weight) = line.rsplit_once(' ').unwrap();
        (path.to_owned(), weight.parse().unwrap())
    };
    let stacks: BTreeMap<_, _> = text.lines().map(line).collect();
    assert_eq!(stacks.len(), text.lines().count(), "each path has one line");
    stacks
}

/// Reads a whole SVG, whose elements have to nest, and gives the texts of its titles.
fn titles(svg: &str) -> Vec<String> {
    let mut reader = quick_xml::Reader::from_str(svg);
    reader.config_mut().check_comments = true;
    let (mut titles, mut open, mut in_title) = (Vec::new(), 0, false);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => {
                open += 1;
                in_title = tag.name().as_ref() == b"title";
                if in_title {
                    titles.push(String::new());
                }
                tag.attributes().for_each(|attribute| drop(attribute.unwrap()));
            }
            Event::Empty(tag) => tag.attributes().for_each(|attribute| drop(attribute.unwrap())),
            Event::End(_) => {
                open -= 1;
                in_title = false;
            }
            Event::Text(text) if in_title => {
                titles
                    .last_mut()
                    .unwrap()
                    .push_str(std::str::from_utf8(&text).unwrap());
            }
            Event::Eof => break,
            _ => (),
        }
    }
    assert_eq!(open, 0);
    titles
}

#[test]
fn objects_of_the_bundled_block_add_up_to_its_gas() {
    let folder = tempdir().unwrap();
    let output = profile(folder.path(), &["--json", "--pairs"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let all = objects(&output);
    let golden = fs::read_to_string(repository("host/cli/bundled/golden.json")).unwrap();
    let golden: Value = serde_json::from_str(&golden).unwrap();
    let summary = all.last().unwrap();
    assert_eq!(summary["profile"], "summary");
    assert_eq!(
        (&summary["blocks"], &summary["blocks_not_matching"]),
        (&1.into(), &0.into())
    );
    for key in ["gas_used", "txs"] {
        assert_eq!(summary[key], golden[key], "{key}");
    }
    let number = |key: &str| {
        let number = summary[key].as_u64();
        number.unwrap_or_else(|| panic!("{key} in {summary}"))
    };
    let (paid, taken) = (
        number("intrinsic_gas") + number("frames_gas"),
        number("refunded_gas"),
    );
    assert_eq!(paid + number("floor_gas"), number("gas_used") + taken);
    let (contracts, opcodes) = (of(&all, "contract"), of(&all, "opcode"));
    assert_eq!(sum(&contracts, "gas"), number("frames_gas"));
    assert_eq!(sum(&contracts, "frames"), number("frames"));
    assert_eq!(sum(&contracts, "instructions"), number("instructions"));
    assert_eq!(sum(&opcodes, "count"), number("instructions"));
    assert_eq!(sum(&opcodes, "gas"), number("instructions_gas"));
    assert!(number("execute_ns") > 0 && number("frames_ns") > 0);
    let kinds: BTreeSet<_> = contracts
        .iter()
        .map(|object| object["kind"].as_str().unwrap())
        .collect();
    assert!(
        kinds.contains("contract") && kinds.contains("precompile"),
        "{kinds:?}"
    );
    let inference = contracts
        .iter()
        .find(|object| object["name"] == "inference")
        .unwrap();
    assert!(inference["frames"].as_u64().unwrap() >= 100, "{inference}");
    let gas: Vec<_> = contracts
        .iter()
        .map(|object| object["gas"].as_u64().unwrap())
        .collect();
    assert!(gas.is_sorted_by(|a, b| a >= b));
    assert!(of(&all, "pair").len() > 20);
}

#[test]
fn tables_fit_80_columns_and_say_what_is_exact() {
    let folder = tempdir().unwrap();
    let output = profile(folder.path(), &["--pairs", "--top", "6"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for said in [
        "contract",
        "inference",
        "opcode by gas",
        "opcode by count",
        "then",
        "gas used",
        "26,446,772",
        "opcodes more; --top N shows N",
        "counts and gas are exact; times are measured, of one pass",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    // Without native code the reason is said, with it what it gains.
    assert!(text.contains("native code"), "{text}");
    let none = stdout(&profile(folder.path(), &["--compile", "0"]));
    assert!(!none.contains("native") && !none.contains("then"), "{none}");
}

#[test]
fn flame_graph_is_an_svg_of_the_same_paths_as_the_collapsed_stacks() {
    let folder = tempdir().unwrap();
    let draw = |flame: &str, folded: &str, by: &[&str]| {
        let files = ["--json", "--compile", "0", "--flame", flame, "--folded", folded];
        let output = profile(folder.path(), &[&files, by].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        let read = |name| fs::read_to_string(folder.path().join(name)).unwrap();
        (read(flame), read(folded), objects(&output).pop().unwrap())
    };
    let (svg, folded, summary) = draw("a.svg", "a.txt", &[]);
    let stacks_by_gas = stacks(&folded);
    assert_eq!(
        stacks_by_gas.values().sum::<u64>(),
        summary["frames_gas"].as_u64().unwrap()
    );
    assert!(
        stacks_by_gas.keys().any(|path| path.contains(';')),
        "contracts call something"
    );
    for step in stacks_by_gas.keys().flat_map(|path| path.split(';')) {
        let (address, function) = step.split_once('.').unwrap_or((step, ""));
        let word = address
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        assert!(address.len() == 42 && function.len() == 8 || word, "{step}");
    }
    // Every call that is wide enough is there, with its gas.
    let titles = titles(&svg);
    let all: u64 = stacks_by_gas.values().sum();
    assert!(
        titles
            .iter()
            .any(|title| title.starts_with("all (") && title.contains("100%")),
        "{titles:?}"
    );
    let mut wide = 0;
    for (path, gas) in &stacks_by_gas {
        let is_leaf = !stacks_by_gas
            .keys()
            .any(|other| other.starts_with(&format!("{path};")));
        if is_leaf && gas * 500 > all {
            let last = path.rsplit(';').next().unwrap();
            let name = match last.strip_prefix("0x") {
                Some(hex) => format!("0x{}…{}", &hex[..4], &hex[36..]),
                None => last.to_owned(),
            };
            let found = titles
                .iter()
                .find(|title| title.starts_with(&format!("{name} ({} gas", grouped(*gas))));
            assert!(found.is_some(), "{name} with {gas} in {titles:?}");
            wide += 1;
        }
    }
    assert!(wide >= 3, "{wide}");
    // Nothing is fetched: addresses in it are names of XML.
    assert!(!svg.contains("href=\"http") && !svg.contains("src="));
    // Gas and instructions are exact, so all is the same again, colours included.
    let again = draw("b.svg", "b.txt", &["--by", "gas"]);
    assert_eq!((&again.0, &again.1), (&svg, &folded));
    let (_, by_instructions, summary) = draw("c.svg", "c.txt", &["--by", "instructions"]);
    assert_eq!(
        stacks(&by_instructions).values().sum::<u64>(),
        summary["instructions"].as_u64().unwrap()
    );
    let (_, by_time, summary) = draw("d.svg", "d.txt", &["--by", "time"]);
    assert_eq!(
        stacks(&by_time).values().sum::<u64>(),
        summary["frames_ns"].as_u64().unwrap()
    );
}

/// A number as the flame graph writes it.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap())
        .collect();
    groups.join(",")
}

#[test]
fn wrong_use_and_files_that_cannot_be_used_are_said_and_nothing_is_left() {
    let folder = tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("no-block.json", "{\"this\": \"is no block\"}");
    fs::create_dir(folder.path().join("folder")).unwrap();
    for (arguments, code, said) in [
        (&["--flame", "f", "--folded", "f"][..], 2, "name the same file"),
        (&["--by", "gas"], 2, "--by does nothing"),
        (&["--flame", "nowhere/f.svg"], 1, "its folder does not exist"),
        (&["--folded", "folder"], 1, "is a folder"),
        (&["--folded", "/dev/full"], 1, "not a regular file"),
        (
            &["no-block.json", "--flame", "no-block.json"],
            1,
            "never overwritten",
        ),
        (&["no-block.json", "--flame", "f.svg"], 1, "no-block.json: "),
        (&["absent.json"], 1, "absent.json: "),
        (&["folder"], 1, "folder: "),
        (&["--models", "absent.bundle"], 1, "absent.bundle"),
        (&["--keys", "absent.key"], 1, "absent.key"),
    ] {
        let output = profile(folder.path(), arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(said),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert_eq!(stdout(&output), "", "{arguments:?}");
    }
    let json = profile(folder.path(), &["no-block.json", "--json"]);
    let [error] = &objects(&json)[..] else {
        panic!("{}", stdout(&json))
    };
    assert_eq!(error["file"], "no-block.json");
    let left = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(
        left.collect::<BTreeSet<_>>(),
        BTreeSet::from(["folder", "no-block.json"].map(str::to_owned))
    );
}

#[test]
fn bad_file_does_not_keep_others_from_being_profiled() {
    let Some(block) = shared("profile through the binary", "mainnet-blocks/2179522.json.gz") else {
        return;
    };
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("bad.json"), "[]").unwrap();
    let block = block.to_str().unwrap();
    let output = profile(folder.path(), &["bad.json", block, block, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let all = objects(&output);
    assert_eq!(all[0]["file"], "bad.json");
    assert_eq!(all.last().unwrap()["blocks"], 2);
    assert!(stderr(&output).contains("bad.json"), "{}", stderr(&output));
}

#[test]
fn block_without_calls_has_no_flame_graph() {
    let Some(block) = shared("profile of a transfer", "mainnet-blocks/46147.json.gz") else {
        return;
    };
    let folder = tempdir().unwrap();
    let output = profile(folder.path(), &[block.to_str().unwrap(), "--flame", "f.svg"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("nothing to draw"), "{}", stderr(&output));
    let tables = profile(folder.path(), &[block.to_str().unwrap()]);
    assert!(tables.status.success(), "{}", stderr(&tables));
    assert!(stdout(&tables).contains("21,000"), "{}", stdout(&tables));
}
