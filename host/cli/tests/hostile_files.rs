//! Files that are not what they should be: what is written, what reaches the terminal, and that nothing waits.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};
use support::{repository, run, stderr};
use tempfile::{TempDir, tempdir};

fn infer(folder: &Path, output: &str) -> Output {
    run(
        folder,
        &["model", "run", "m.bundle", "--input", "image", "--output", output],
    )
}

fn with_model() -> TempDir {
    let folder = tempdir().unwrap();
    fs::copy(
        repository("host/cli/bundled/digits-mlp.bundle"),
        folder.path().join("m.bundle"),
    )
    .unwrap();
    fs::write(folder.path().join("image"), [0; 64]).unwrap();
    folder
}

fn refused(output: &Output, why: &str) {
    assert_eq!(output.status.code(), Some(1), "{}", stderr(output));
    assert!(stderr(output).contains(why), "{}", stderr(output));
}

#[test]
fn output_follows_links_and_never_replaces_an_input_or_what_is_no_file() {
    let folder = with_model();
    let at = |name: &str| folder.path().join(name);
    symlink("real", at("link")).unwrap();
    assert!(infer(folder.path(), "link").status.success());
    assert!(at("link").is_symlink() && at("real").is_file());
    fs::hard_link(at("image"), at("same")).unwrap();
    symlink("m.bundle", at("also")).unwrap();
    for input in ["image", "same", "m.bundle", "also"] {
        refused(&infer(folder.path(), input), "is the input");
    }
    assert!(Command::new("mkfifo").arg(at("fifo")).status().unwrap().success());
    for special in ["fifo", "/dev/full", "/dev/stdout"] {
        refused(&infer(folder.path(), special), "not a regular file");
    }
    refused(&infer(folder.path(), "no/such"), "folder does not exist");
    refused(&infer(folder.path(), "."), "is a folder");
    assert!(infer(folder.path(), "/dev/null").status.success());
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert!(
        !left.iter().any(|name| name.to_string_lossy().ends_with(".part")),
        "{left:?}"
    );
}

#[test]
fn nothing_from_a_file_reaches_the_terminal_unescaped() {
    let folder = tempdir().unwrap();
    fs::write(
        folder.path().join("b.json"),
        "{\"block\":{\"number\":\"\\u001b[2J\\u202e\"}}",
    )
    .unwrap();
    for name in ["b.json", "\u{1b}[2J\u{202e}\nx"] {
        let output = run(folder.path(), &["run", name]);
        assert_eq!(output.status.code(), Some(1));
        let said = stderr(&output);
        assert!(
            !said.contains(['\u{1b}', '\u{202e}']) && said.lines().count() == 1,
            "{said:?}"
        );
        assert!(said.contains("\\u{1b}"), "{said}");
    }
}

#[test]
fn arrays_for_objects_and_byte_order_marks_are_named() {
    let folder = tempdir().unwrap();
    for (text, why) in [
        (&b"[]"[..], "is an array"),
        (br#"{"block":[]}"#, "block: is an array, but has to be an object"),
        (b"\xef\xbb\xbf{}", "the key \"block\" is missing"),
        (b"\xff\xfe{\0}\0", "UTF-16"),
        (b"", "is empty"),
    ] {
        fs::write(folder.path().join("b.json"), text).unwrap();
        refused(&run(folder.path(), &["run", "b.json"]), why);
    }
}

#[test]
fn endless_files_idle_fifos_and_a_thousand_threads_end_at_once() {
    let folder = tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    refused(&run(folder.path(), &["model", "info", "/dev/zero"]), "magic");
    refused(
        &run(folder.path(), &["model", "import", "/dev/zero", "-o", "x"]),
        "ONNX",
    );
    refused(&run(folder.path(), &["run", "/dev/zero"]), "not JSON");
    refused(&run(folder.path(), &["run", "fifo"]), "nothing writes to");
    refused(
        &run(folder.path(), &["model", "info", "fifo"]),
        "nothing writes to",
    );
    let many = run(folder.path(), &["run", "--threads", "1024"]);
    assert_eq!(many.status.code(), Some(2));
    assert!(stderr(&many).contains("processors"), "{}", stderr(&many));
}

#[test]
fn an_input_over_standard_input_is_not_overwritten_either() {
    let folder = with_model();
    let image = folder.path().join("image");
    let output = support::metisvm(folder.path())
        .args(["model", "run", "m.bundle", "--input", "-", "-o", "image"])
        .stdin(fs::File::open(&image).unwrap())
        .output()
        .unwrap();
    refused(&output, "is the input");
    assert_eq!(fs::read(&image).unwrap(), [0; 64]);
}
