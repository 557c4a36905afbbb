//! What a hostile first day brings: wrong arguments, closed pipes, no home, damaged files.

mod support;

use metisvm_model::Bundle;
use std::io::{Read, Write};
use std::process::Stdio;
use support::{metisvm, objects, repository, run, stderr, stdout};
use tempfile::tempdir;

#[test]
fn wrong_use_exits_with_2_and_says_what_to_do() {
    let folder = tempdir().unwrap();
    for arguments in [
        &["run", "--threads", "0"][..],
        &["run", "--threads", "many"],
        &["run", "--backend", "warp"],
        &["run", "--backend", ""],
        &["run", "--card", "rtl2"],
        &["run", "--compare", "colours"],
        &["run", "--unwind", "1"],
        &["run", "--datadir", "x", "--unwind", "0"],
        &["run", "--datadir", "x", "--compare", "threads"],
        &["run", "--compare", "backends", "--backend", "fpga"],
        &["run", "--datadir", "x"],
        &["run", "--trust-card"],
        &["run", "--trust-opencl"],
        &["run", "--opencl-device", "0"],
        &["run", "--backend", "opencl", "--opencl-device", ""],
        &["run", "--card", "functional"],
        &["run", "--fault", "silent"],
        &["run", "--backend", "fpga", "--fault", "explode"],
        &["run", "--backend", "fpga,fpga"],
        &["run", "--backend", "reference,fpga"],
        &["run", "--compare", "threads", "--trust-card"],
        &["run", "--samples", "3"],
        &["run", "--threads", "100000"],
        &["run", "-", "-"],
        &["model", "run", "m.bundle", "--input", "x", "--trust-card"],
        &["model", "run", "m.bundle", "--input", "x", "--batch", "0"],
        &["chain", "unwind", "--datadir", "x"],
        &["chain", "unwind", "0", "--datadir", "x"],
        &["chain", "info"],
        &["blocktest"],
        &["run", "--samples", "3"],
        &["run", "--compare", "backends", "--samples", "3"],
        &["model", "run"],
        &["model", "import", "x.onnx", "--batch", "0"],
        &["frobnicate"],
        &[],
    ] {
        let output = run(folder.path(), arguments);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_block_comes_over_standard_input_too() {
    let folder = tempdir().unwrap();
    let bundled = std::fs::read(repository("host/cli/bundled/block.json.gz")).unwrap();
    let mut child = metisvm(folder.path())
        .args(["run", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&bundled).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(objects(&output)[0]["matches_header"], true);
}

#[test]
fn folders_without_models_are_named() {
    let folder = tempdir().unwrap();
    std::fs::create_dir(folder.path().join("models")).unwrap();
    let output = run(folder.path(), &["run", "--models", "models"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("models: holds no bundles"),
        "{}",
        stderr(&output)
    );
}

/// Every table of the program, where standard output is no terminal.
#[test]
fn tables_fit_80_columns_and_roots_stay_on_one_line() {
    let folder = tempdir().unwrap();
    let path = |file: &str| repository(file).to_str().unwrap().to_owned();
    let (bundle, block) = (
        path("host/cli/bundled/digits-cnn.bundle"),
        path("host/cli/bundled/block.json.gz"),
    );
    std::fs::write(folder.path().join("input"), [3; 64]).unwrap();
    let qdq = path("models/digits/cnn_qdq.onnx");
    for arguments in [
        &["run"][..],
        &["run", "--backend", "fpga", "--fault", "flip-bit"],
        &["run", "--compare", "backends"],
        &["run", "--compare", "threads", "--threads", "2", "--samples", "1"],
        &["run", "--datadir", "chain", &block],
        &["chain", "info", "--datadir", "chain"],
        &["chain", "verify", "--datadir", "chain"],
        &["model", "info", &bundle],
        &["model", "run", &bundle, "--input", "input"],
        &["model", "import", &qdq, "-o", "m.bundle"],
    ] {
        let output = run(folder.path(), arguments);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        let text = stdout(&output);
        for line in text.lines() {
            let columns = line.chars().count();
            assert!(columns <= 80, "{arguments:?}: {columns} columns: {line}");
        }
        // A hash that is broken over two lines cannot be copied.
        for begin in text.match_indices("0x").map(|(at, _)| at) {
            let digits = text[begin + 2..]
                .bytes()
                .take_while(u8::is_ascii_hexdigit)
                .count();
            assert!(
                [40, 64].contains(&digits),
                "{arguments:?}: {digits} digits in {text}"
            );
        }
    }
}

#[test]
fn help_and_version_work_anywhere() {
    let folder = tempdir().unwrap();
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["run", "--help"],
        &["model", "--help"],
    ] {
        let output = run(folder.path(), arguments);
        assert!(
            output.status.success() && !output.stdout.is_empty(),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_closed_pipe_ends_the_run_quietly() {
    let folder = tempdir().unwrap();
    let mut child = metisvm(folder.path())
        .args(["run", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_full_disk_is_an_error_and_no_panic() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let Ok(full) = full else { return };
    let folder = tempdir().unwrap();
    let output = metisvm(folder.path())
        .args(["run", "--json"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("cannot write the output"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn files_that_are_no_blocks_are_named_and_the_others_still_run() {
    let folder = tempdir().unwrap();
    let good = repository("host/cli/bundled/block.json.gz");
    let bytes = std::fs::read(&good).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_string()
    };
    let truncated = write("truncated.json.gz", &bytes[..bytes.len() / 2]);
    let empty = write("empty.json.gz", b"");
    let text = write("text.json", b"Lorem ipsum");
    let missing = folder
        .path()
        .join("missing.json.gz")
        .to_str()
        .unwrap()
        .to_string();
    let directory = folder.path().to_str().unwrap().to_string();
    let good = good.to_str().unwrap().to_string();
    let arguments = [
        "run", "--json", &truncated, &empty, &text, &missing, &directory, &good,
    ];
    let output = run(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(1));
    let objects = objects(&output);
    assert_eq!(objects.len(), 6);
    for (object, file) in objects
        .iter()
        .zip([&truncated, &empty, &text, &missing, &directory])
    {
        let error = object["error"].as_str().unwrap();
        assert!(error.starts_with(file.as_str()), "{error}");
        assert!(stderr(&output).contains(error), "{error}");
    }
    assert_eq!(objects[5]["matches_header"], true);
}

#[test]
fn a_damaged_bundle_is_named_at_every_truncation() {
    let folder = tempdir().unwrap();
    let bytes = std::fs::read(repository("host/cli/bundled/digits-mlp.bundle")).unwrap();
    let path = folder.path().join("m.bundle");
    for length in [0, 7, 8, 39, 40, 200, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..length]).unwrap();
        for arguments in [
            &["model", "info", "m.bundle"][..],
            &["run", "--models", "m.bundle"],
        ] {
            let output = run(folder.path(), arguments);
            assert_eq!(output.status.code(), Some(1), "{length} {arguments:?}");
            assert!(stderr(&output).contains("m.bundle"), "{}", stderr(&output));
            assert_eq!(stdout(&output), "");
        }
    }
}

#[test]
fn a_bundle_swapped_after_it_was_read_changes_nothing() {
    let folder = tempdir().unwrap();
    let original = repository("host/cli/bundled/digits-mlp.bundle");
    let path = folder.path().join("m.bundle");
    std::fs::copy(&original, &path).unwrap();
    // The input comes over a pipe, which the command reads after the bundle: until then it waits.
    let mut child = metisvm(folder.path())
        .args(["model", "run", "m.bundle", "--input", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&[3; 32]).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    std::fs::write(&path, b"METISMDL, but not really").unwrap();
    stdin.write_all(&[3; 32]).unwrap();
    drop(stdin);
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success());
    let id = Bundle::decode(&std::fs::read(original).unwrap()).unwrap().id;
    let object: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(object["model_id"], id.to_string());
}

#[test]
fn an_input_of_the_wrong_length_says_what_is_right() {
    let folder = tempdir().unwrap();
    let bundle = repository("host/cli/bundled/digits-mlp.bundle");
    std::fs::write(folder.path().join("input"), [0; 63]).unwrap();
    let output = run(
        folder.path(),
        &["model", "run", bundle.to_str().unwrap(), "--input", "input"],
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("takes 64 bytes, not 63"),
        "{}",
        stderr(&output)
    );
}

/// The release binary is built for any x86-64 processor; faster instructions are chosen when it runs.
#[test]
#[cfg(target_arch = "x86_64")]
fn processors_without_avx_give_the_same_roots() {
    let folder = tempdir().unwrap();
    let golden = std::fs::read_to_string(repository("host/cli/bundled/golden.json")).unwrap();
    let golden: serde_json::Value = serde_json::from_str(&golden).unwrap();
    for processor in ["qemu64", "Nehalem"] {
        let output = std::process::Command::new("qemu-x86_64")
            .args([
                "-cpu",
                processor,
                env!("CARGO_BIN_EXE_metisvm"),
                "run",
                "--json",
                "--backend",
                "fpga",
            ])
            .current_dir(folder.path())
            .output();
        let Ok(output) = output else {
            let _ = writeln!(
                std::io::stdout(),
                "left out: processors without AVX (qemu-x86_64 not found)"
            );
            return;
        };
        assert!(output.status.success(), "{processor}: {}", stderr(&output));
        let object = &objects(&output)[0];
        assert_eq!(object["state_root"], golden["state_root"], "{processor}");
        assert_eq!(object["receipts_root"], golden["receipts_root"], "{processor}");
    }
}
