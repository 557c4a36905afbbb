//! Proofs of a bundled model, made once for a test file, and verdicts on them.

use super::{objects, repository, run, stderr};
use serde_json::Value;
use std::path::Path;
use std::process::Output;
use std::sync::LazyLock;
use tempfile::{TempDir, tempdir};

/// The exit code for a proof that is there and proves something else than what was asked, or nothing.
pub(crate) const INVALID: Option<i32> = Some(3);

/// The job of the proofs, and what is none.
pub(crate) const JOB: &str = "0x1111111111111111111111111111111111111111111111111111111111111111";

/// The chain of the proofs.
pub(crate) const CHAIN: u64 = 5_068_365;

/// A folder with bundles, an input, its salt and its output, and a proof of it in each form that is quick to make.
pub(crate) struct Made {
    folder: TempDir,
    pub(crate) raw: Value,
    pub(crate) wrapped: Value,
}

pub(crate) static MADE: LazyLock<Made> = LazyLock::new(|| {
    let folder = tempdir().expect("a folder can be made");
    let here = |file: &str| folder.path().join(file);
    for model in ["mlp", "cnn"] {
        let bundled = repository(&format!("host/cli/bundled/digits-{model}.bundle"));
        std::fs::copy(bundled, here(&format!("{model}.bundle"))).expect("it is in the repository");
    }
    let images = std::fs::read(repository("models/digits/test_images.bin")).expect("it is in the repository");
    std::fs::write(here("image"), &images[..64]).expect("it can be written");
    std::fs::write(here("salt"), [7; 32]).expect("it can be written");
    let output = call(folder.path(), "model run mlp.bundle --input image -o output");
    assert!(output.status.success(), "{}", stderr(&output));
    let made = |more: &str| {
        let line = format!("--chain-id {CHAIN} --job {JOB} --salt salt {more}");
        prove(folder.path(), &line)
    };
    let (raw, wrapped) = (made("--raw --out raw.json"), made("--out wrapped.json"));
    Made { folder, raw, wrapped }
});

impl Made {
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What a verifier asks about the image, but for its key.
    pub(crate) fn asked(&self) -> String {
        let commitment = self.raw["input_commitment"].as_str().expect("it is told");
        format!("--keys keys --chain-id {CHAIN} --job {JOB} --commitment {commitment}")
    }

    /// Verifies a proof of the folder.
    pub(crate) fn verify(&self, proof: &str, more: &str) -> Output {
        call(self.folder(), &format!("verify {proof} --json {more}"))
    }
}

/// Runs the binary with the words of a line as arguments.
pub(crate) fn call(folder: &Path, line: &str) -> Output {
    run(folder, &line.split_whitespace().collect::<Vec<_>>())
}

/// Proves the image of a folder and gives the object that is told of it.
pub(crate) fn prove(folder: &Path, more: &str) -> Value {
    let line = format!("prove mlp.bundle --input image --keys keys --json {more}");
    let output = call(folder, &line);
    assert!(output.status.success(), "{}", stderr(&output));
    let mut objects = objects(&output);
    assert_eq!(objects.len(), 1);
    objects.remove(0)
}

/// The verdict, of which exit code and output say the same.
pub(crate) fn verdict(output: &Output) -> Value {
    let object = objects(output)
        .pop()
        .unwrap_or_else(|| panic!("{}", stderr(output)));
    let valid = object["valid"].as_bool().expect("there is a verdict");
    assert_eq!(
        output.status.code(),
        if valid { Some(0) } else { INVALID },
        "{object}"
    );
    object
}

pub(crate) fn accepted(output: &Output) -> Value {
    let object = verdict(output);
    assert_eq!(object["valid"], true, "{object}");
    object
}

pub(crate) fn refused(output: &Output, said: &str) {
    let object = verdict(output);
    assert_eq!(object["valid"], false, "{object}");
    let problem = object["problem"].as_str().expect("it is told why");
    assert!(problem.contains(said), "{said}: {problem}");
    assert!(stderr(output).contains("not valid"), "{}", stderr(output));
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold("0x".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}
