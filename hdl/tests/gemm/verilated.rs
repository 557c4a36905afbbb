//! Scripts for the Verilated units, and what must come of them.

use crate::bench;
use metisvm_firmware::{Dependencies, Gemm, Geometry, Instruction, Operation};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

const LEFT_OUT: &str =
    "left out: GEMM in Verilog against the functional card (verilator not found; apt-get install verilator)";

/// Verilator's command, from `METISVM_VERILATOR` or the path; a line says so if there is none.
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

/// Builds a module with its harness; the folder of the program.
pub(crate) fn build(verilator: &OsString, top: &str, verilog: &str, harness: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(top);
    fs::create_dir_all(&folder).unwrap();
    let source = folder.join(format!("{top}.v"));
    // A file that would not change keeps its age: nothing is built again.
    if fs::read_to_string(&source).ok().as_deref() != Some(verilog) {
        fs::write(&source, verilog).unwrap();
    }
    let output = Command::new(verilator)
        .args(["--cc", "--exe", "--build", "-j", "2", "-O3", "-CFLAGS", "-O1"])
        .args([
            "-Wno-WIDTH",
            "-Wno-fatal",
            "--prefix",
            "model",
            "-o",
            "model",
            "--top-module",
            top,
            "-Mdir",
        ])
        .arg(folder.join("build"))
        .arg(&source)
        .arg(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/harness")
                .join(harness),
        )
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "verilator cannot build {top}:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    folder.join("build/model")
}

fn model() -> Option<&'static PathBuf> {
    static MODEL: OnceLock<Option<PathBuf>> = OnceLock::new();
    MODEL
        .get_or_init(|| Some(build(command()?, "gemm_bench", &bench::wrapper(), "gemm.cpp")))
        .as_ref()
}

/// An answer that must come.
enum Answer {
    /// Of an instruction.
    Status { status: u16, instruction: String },
    /// Of a stop: it takes so many cycles at most.
    Stopped,
    /// The accumulators' hash.
    Hash(u64),
}

/// Commands as tests/harness/gemm.cpp knows them.
#[derive(Default)]
pub(crate) struct Script {
    text: String,
    answers: Vec<Answer>,
}

impl Script {
    pub(crate) fn write(&mut self, command: char, address: u32, values: &[u32]) {
        write!(self.text, "{command} {address:x} {:x}", values.len()).unwrap();
        values
            .iter()
            .for_each(|value| write!(self.text, " {value:x}").unwrap());
        self.text.push('\n');
    }

    fn instruction(&mut self, command: char, gemm: &Gemm) {
        let instruction = Instruction {
            dependencies: Dependencies::default(),
            operation: Operation::Gemm(*gemm),
        };
        self.text.push(command);
        for word in instruction.to_bytes().chunks_exact(8) {
            write!(self.text, " {:x}", u64::from_le_bytes(word.try_into().unwrap())).unwrap();
        }
    }

    /// Executes an instruction, with stalls if the seed is not 0.
    pub(crate) fn gemm(&mut self, gemm: &Gemm, stalls: u64, status: u16) {
        self.instruction('G', gemm);
        writeln!(self.text, " {stalls:x}").unwrap();
        self.answers.push(Answer::Status {
            status,
            instruction: format!("{gemm:?}"),
        });
    }

    /// Executes an instruction and stops it.
    pub(crate) fn stopped(&mut self, gemm: &Gemm, cycles: u64) {
        self.instruction('X', gemm);
        writeln!(self.text, " {cycles:x}").unwrap();
        self.answers.push(Answer::Stopped);
    }

    /// All accumulators are such.
    pub(crate) fn compare(&mut self, accumulators: &[u32], geometry: Geometry) {
        let cols = usize::from(geometry.tile_cols);
        writeln!(self.text, "D {:x} {cols:x}", accumulators.len() / cols).unwrap();
        let hash = accumulators
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &value| {
                (hash ^ u64::from(value)).wrapping_mul(0x100_0000_01b3)
            });
        self.answers.push(Answer::Hash(hash));
    }

    /// Runs the script on a unit, and gives the cycles of its instructions; nothing where there is no Verilator.
    pub(crate) fn check(&self, index: usize, name: &str) -> Option<Vec<u64>> {
        let cycles = self.run(index, 0)?;
        Some(cycles.unwrap_or_else(|wrong| panic!("{name}: {wrong}")))
    }

    /// The same with a seeded mistake, or 0; what is wrong first is the error.
    pub(crate) fn run(&self, index: usize, fault: usize) -> Option<Result<Vec<u64>, String>> {
        static RUNS: AtomicUsize = AtomicUsize::new(0);
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        let model = model()?;
        // Through a file: two pipes to one process would need two threads.
        let path = model.with_file_name(format!("{run}.in"));
        fs::write(&path, &self.text).unwrap();
        let output = Command::new(model)
            .args([index, fault].map(|number| number.to_string()))
            .stdin(File::open(&path).unwrap())
            .output()
            .unwrap();
        fs::remove_file(&path).unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let cycles = self.compared(&text);
        Some(cycles.and_then(|cycles| {
            let succeeds = output.status.success();
            succeeds
                .then_some(cycles)
                .ok_or_else(|| "the model fails".to_owned())
        }))
    }

    fn compared(&self, text: &str) -> Result<Vec<u64>, String> {
        let mut lines = text.lines();
        let mut cycles = Vec::new();
        let mut latest = "";
        for (number, answer) in self.answers.iter().enumerate() {
            let line = lines
                .next()
                .ok_or_else(|| format!("no answer {number} after {latest}"))?;
            let pair = line.split_once(' ');
            let is_right = match answer {
                Answer::Status { status, instruction } => {
                    latest = instruction;
                    let (got, took) = pair.unwrap();
                    cycles.push(took.parse().unwrap());
                    got == status.to_string()
                }
                Answer::Stopped => pair.unwrap().1.parse::<u64>().unwrap() < 100,
                Answer::Hash(hash) => line == format!("{hash:x}"),
            };
            if !is_right {
                return Err(format!("answer {number}, at or after {latest}: {line}"));
            }
        }
        Ok(cycles)
    }
}
