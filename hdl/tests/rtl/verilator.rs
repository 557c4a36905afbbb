//! Builds the emitted Verilog with Verilator, and runs it as a process.

use crate::Stream;
use metisvm_hdl::verilog;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

const LEFT_OUT: &str =
    "left out: emitted Verilog against the reference (verilator not found; apt-get install verilator)";

/// Warnings of `-Wall` about the form of what rust-hdl emits: several modules a file, and slices that
/// leave bits unused.
const QUIET: [&str; 2] = ["-Wno-DECLFILENAME", "-Wno-UNUSEDSIGNAL"];

/// Verilator's command, from `METISVM_VERILATOR` or the path. If there is none, one line on standard
/// output says so: past the test harness, which hides what a passing test prints, and on a line of its
/// own whatever the harness has begun to write.
pub(crate) fn command() -> Option<&'static OsString> {
    static COMMAND: OnceLock<Option<OsString>> = OnceLock::new();
    COMMAND
        .get_or_init(|| {
            let command = std::env::var_os("METISVM_VERILATOR").unwrap_or_else(|| "verilator".into());
            let works = Command::new(&command)
                .arg("--version")
                .output()
                .is_ok_and(|o| o.status.success());
            if !works {
                let _ = std::io::stdout().write_all(format!("\n{LEFT_OUT}\n").as_bytes());
            }
            works.then_some(command)
        })
        .as_ref()
}

/// The folder that holds the emitted Verilog. A file that would not change keeps its age, so that a
/// build of it need not be repeated.
pub(crate) fn verilog_folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rtl");
        let fresh = folder.join("fresh");
        fs::create_dir_all(&fresh).unwrap();
        verilog::write_all(&fresh).unwrap();
        for top in verilog::TOPS {
            let name = format!("{top}.v");
            let text = fs::read(fresh.join(&name)).unwrap();
            if fs::read(folder.join(&name)).ok().as_ref() != Some(&text) {
                fs::write(folder.join(&name), text).unwrap();
            }
        }
        folder
    })
}

/// A top module, built together with its harness.
pub(crate) struct Model {
    folder: PathBuf,
}

impl Model {
    /// Builds `top` with `harness`, a file of `tests/harness`.
    pub(crate) fn build(verilator: &OsString, top: &str, harness: &str) -> Self {
        let folder = verilog_folder().join(top);
        let harness = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/harness")
            .join(harness);
        let output = Command::new(verilator)
            .args([
                "--cc",
                "--exe",
                "--build",
                "-j",
                "2",
                "-O3",
                "-CFLAGS",
                "-O1",
                "-Wno-WIDTH",
                // A loop between blocks, not between signals.
                "-Wno-UNOPTFLAT",
            ])
            .args(["--prefix", "model", "-o", "model", "--top-module", top, "-Mdir"])
            .arg(&folder)
            .arg(verilog_folder().join(format!("{top}.v")))
            .arg(harness)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "verilator cannot build {top}:\n{}",
            everything(&output)
        );
        Self { folder }
    }

    /// Feeds a stream to the model, in one run, and gives the outputs of every cycle.
    pub(crate) fn run<const I: usize, const O: usize>(&self, name: &str, inputs: &Stream<I>) -> Stream<O> {
        let mut text = String::new();
        for cycle in inputs {
            text.extend(cycle.iter().map(|value| format!("{value} ")));
            text.push('\n');
        }
        let answer = self.feed(name, &text);
        let outputs: Stream<O> = answer
            .lines()
            .map(|line| {
                let values: Vec<u64> = line.split(' ').map(|value| value.parse().unwrap()).collect();
                values.try_into().unwrap()
            })
            .collect();
        assert_eq!(outputs.len(), inputs.len());
        outputs
    }
}

impl Model {
    /// Gives a text to the model, in one run, and what it answers.
    pub(crate) fn feed(&self, name: &str, text: &str) -> String {
        self.try_feed(name, text)
            .unwrap_or_else(|error| panic!("the model fails:\n{error}"))
    }

    /// The same of a model that may find fault with what it sees, which is the error.
    pub(crate) fn try_feed(&self, name: &str, text: &str) -> Result<String, String> {
        // Through a file: two pipes to one process would need two threads.
        let path = self.folder.join(format!("{name}.in"));
        fs::write(&path, text).unwrap();
        let output = Command::new(self.folder.join("model"))
            .stdin(File::open(&path).unwrap())
            .output()
            .unwrap();
        if output.status.success() {
            Ok(String::from_utf8(output.stdout).unwrap())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

fn everything(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes))
        .concat()
}

/// The one warning that stays is how rust-hdl widens a value: a narrow operand before a wide mask.
#[test]
fn verilog_is_free_of_warnings_but_for_widening_masks() {
    let Some(verilator) = command() else { return };
    for top in verilog::TOPS {
        let output = Command::new(verilator)
            .args(["--lint-only", "-Wall", "-Wno-fatal", "--top-module", top])
            .args(QUIET)
            .arg(verilog_folder().join(format!("{top}.v")))
            .output()
            .unwrap();
        let text = everything(&output);
        assert!(output.status.success(), "{top}:\n{text}");
        let complaints: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with('%'))
            .filter(|line| !(line.starts_with("%Warning-WIDTH") && line.contains("Operator AND expects")))
            .collect();
        assert!(complaints.is_empty(), "{top}:\n{}", complaints.join("\n"));
    }
}
