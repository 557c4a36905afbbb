//! `metisvm model import DIR`: folders of Hugging Face, and what is said of choices that do not fit one.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use metisvm_model::Bundle;
use std::path::Path;
use support::{objects, repository, run, stderr, stdout};
use tempfile::tempdir;

/// A copy of a folder, in a place that may be written to.
fn copy(name: &str, to: &Path) {
    let from = repository("models/hub").join(name);
    std::fs::create_dir(to.join(name)).unwrap();
    for file in [
        "config.json",
        "model.safetensors",
        "calibration.npz",
        "expected.npz",
    ] {
        std::fs::copy(from.join(file), to.join(name).join(file)).unwrap();
    }
}

#[test]
fn a_folder_becomes_a_bundle_beside_it_that_gives_its_classes() {
    let folder = tempdir().unwrap();
    copy("bert", folder.path());
    let import = [
        "model",
        "import",
        "bert/",
        "--dim",
        "sequence=32",
        "--calibration",
        "bert/calibration.npz",
        "--json",
    ];
    let done = run(folder.path(), &import);
    assert!(done.status.success(), "{}", stderr(&done));
    let bytes = std::fs::read(folder.path().join("bert.bundle")).unwrap();
    let id = Bundle::decode(&bytes).unwrap().id.to_string();
    let object = &objects(&done)[0];
    assert_eq!(object["model_id"], id.as_str());
    let layers = object["layers"].as_array().unwrap();
    let named = layers
        .iter()
        .any(|layer| layer["node"] == "bert.encoder.layer.1.attention.self.qk");
    assert!(named, "nodes have the names of the checkpoint's modules");
    let check = [
        "model",
        "check",
        "bert.bundle",
        "--data",
        "bert/expected.npz",
        "--backend",
        "reference,cpu",
        "--min-cosine",
        "0.999",
    ];
    let checked = run(folder.path(), &check);
    assert!(
        checked.status.success(),
        "{}{}",
        stdout(&checked),
        stderr(&checked)
    );
}

#[test]
fn the_onnx_file_of_a_folder_is_written_whole_and_as_a_step() {
    let folder = tempdir().unwrap();
    copy("gpt2", folder.path());
    let whole = [
        "model",
        "import",
        "gpt2",
        "--onnx",
        "w.onnx",
        "--dim",
        "sequence=8",
        "--json",
    ];
    let done = run(folder.path(), &whole);
    assert!(done.status.success(), "{}", stderr(&done));
    let object = &objects(&done)[0];
    let bytes = std::fs::read(folder.path().join("w.onnx")).unwrap();
    assert_eq!(object["onnx_bytes"], bytes.len());
    assert_eq!(object["warnings"].as_array().unwrap().len(), 0);
    let step = ["model", "import", "gpt2", "--onnx", "s.onnx", "--step", "1,16"];
    let done = run(folder.path(), &step);
    assert!(done.status.success(), "{}", stderr(&done));
    let text = std::fs::read(folder.path().join("s.onnx")).unwrap();
    assert!(text.windows(11).any(|name| name == b"new.value.1"));
    assert!(!folder.path().join("gpt2.bundle").exists());
}

#[test]
fn choices_that_do_not_fit_a_folder_are_named() {
    let folder = tempdir().unwrap();
    copy("gpt2", folder.path());
    let onnx = repository("models/digits/cnn_qdq.onnx");
    let onnx = onnx.to_str().unwrap();
    let cases: &[(&[&str], &str)] = &[
        (&["gpt2"], "--dim sequence=N"),
        (&["gpt2", "--dim", "sequence=8"], "needs calibration data"),
        (
            &["gpt2", "--dim", "sequence=8", "--batch", "2"],
            "--batch says nothing",
        ),
        (&["gpt2", "--shape", "tokens=1,8"], "--shape says nothing"),
        (&["gpt2", "--dim", "length=8"], "--dim sequence=N"),
        (
            &["gpt2", "--onnx", "x", "--step", "9,8"],
            "the number of tokens is 9",
        ),
        (&["gpt2", "--dim", "sequence=8", "--part", "decoder"], "no parts"),
        (&[onnx, "--onnx", "x"], "--onnx is about a folder"),
        (&[onnx, "--part", "encoder"], "--part is about a folder"),
        (&["."], "config.json"),
    ];
    for (arguments, says) in cases {
        let arguments = [&["model", "import"], *arguments].concat();
        let output = run(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let said = stderr(&output);
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 1, "a failed import leaves nothing");
}
