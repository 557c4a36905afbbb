//! From Verilog to a library: built by Verilator on first use, kept in a cache.
//!
//! A library's name holds a hash of all that it was made of, so that none is ever stale. Two processes that want
//! the same one build it once: the second waits for the first at a lock. What is in the cache under its name is
//! whole, as it is moved there when it is ready.

use super::boards::Source;
use sha3::{Digest, Keccak256};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

/// The functions around the Verilated model.
const WRAPPER: &str = include_str!("wrapper.cpp");
/// What it includes: card memory beyond AXI pins.
const MEMORY: &str = include_str!("memory.hpp");
/// The name of the class that Verilator makes; the wrapper includes it by this name.
const PREFIX: &str = "metisvm_model";
/// The top module of every card.
const TOP: &str = "metisvm_card";
/// Names another Verilator than the one on the path.
const VERILATOR: &str = "METISVM_VERILATOR";
/// Flags for speed, and for a library that keeps its symbols to itself: several cards may be loaded at once.
const FLAGS: [&str; 13] = [
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--noassert",
    "-Wno-fatal",
    "-Wno-lint",
    "-CFLAGS",
    "-O2 -fPIC -fvisibility=hidden",
    "-LDFLAGS",
    "-shared -Wl,-Bsymbolic",
    "--exe",
];
/// What Verilator's writer of waveforms includes; its Debian package does not bring it along.
const ZLIB: &str = "zlib.h";
/// Lines of a tool's complaint that are worth showing.
const SHOWN_LINES: usize = 12;

/// A library that is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// Where it lies.
    pub path: PathBuf,
    /// It can write waveforms.
    pub traced: bool,
}

/// Why there is no library.
#[derive(Debug)]
pub enum BuildError {
    /// A tool is not there.
    Missing {
        /// Its name.
        tool: String,
        /// The command that installs it on Debian.
        install: &'static str,
    },
    /// The cache cannot be used.
    Cache {
        /// Where.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Verilator, or the compiler that it calls, failed.
    Failed {
        /// The board.
        board: String,
        /// The end of what it said.
        said: String,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { tool, install } => write!(
                f,
                "{tool} is not found, and the card's simulation is built with it: {install}"
            ),
            Self::Cache { path, error } => {
                write!(f, "the cache {} cannot be used: {error}", path.display())
            }
            Self::Failed { board, said } => write!(f, "the card {board} does not build:\n{said}"),
        }
    }
}

impl std::error::Error for BuildError {}

/// Verilator's command, and the version that it says it is.
///
/// # Errors
/// [`BuildError::Missing`].
pub fn verilator() -> Result<(OsString, String), BuildError> {
    let command = std::env::var_os(VERILATOR).unwrap_or_else(|| "verilator".into());
    // Every card asks, tests make hundreds, and Verilator takes longer to say it than most of them take.
    let mut known = VERSIONS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(version) = known.get(&command) {
        return Ok((command, version.clone()));
    }
    let version = says(&command).ok_or_else(|| BuildError::Missing {
        tool: command.to_string_lossy().into_owned(),
        install: "apt-get install verilator (or METISVM_VERILATOR=/path/to/verilator)",
    })?;
    known.insert(command.clone(), version.clone());
    Ok((command, version))
}

/// What commands have said that they are, for the life of the process.
static VERSIONS: Mutex<BTreeMap<OsString, String>> = Mutex::new(BTreeMap::new());

/// The first line that a tool says about its version, if there is such a tool.
fn says(command: &OsString) -> Option<String> {
    let output = Command::new(command).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().next().unwrap_or_default().trim().to_owned();
    output.status.success().then_some(line)
}

/// The library of a board: out of `cache`, or built into it, which takes a minute, and which `progress` is told.
///
/// # Errors
/// A missing tool, a failing one, or a folder that cannot be written.
pub fn build(
    source: &Source,
    traced: bool,
    cache: &Path,
    progress: &dyn Fn(&str),
) -> Result<Library, BuildError> {
    let (verilator, version) = verilator()?;
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| BuildError::Cache { path, error }
    };
    let folder = cache.join("rtl");
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    let name = format!("{}-{}", source.name, key(source, traced, &version));
    let library = Library {
        path: folder.join(format!("{name}.so")),
        traced,
    };
    if library.path.is_file() {
        return Ok(library);
    }
    let lock_path = folder.join(format!("{name}.lock"));
    let lock = File::create(&lock_path).map_err(at(&lock_path))?;
    if lock.try_lock().is_err() {
        progress(&format!(
            "waiting for another process, which builds the card {} in RTL",
            source.name
        ));
        lock.lock().map_err(at(&lock_path))?;
    }
    // Another process may have built it while this one waited.
    if library.path.is_file() {
        return Ok(library);
    }
    for tool in ["make", "g++"] {
        says(&tool.into()).ok_or_else(|| BuildError::Missing {
            tool: tool.into(),
            install: "apt-get install make g++",
        })?;
    }
    progress(&format!(
        "building the card {} in RTL with {version}: about a minute, once",
        source.name
    ));
    // What a build that was killed has left, as nobody else builds under the lock.
    let work = folder.join(format!("{name}.build"));
    let _ = fs::remove_dir_all(&work);
    fs::create_dir_all(&work).map_err(at(&work))?;
    let built = run(source, traced, &verilator, &work);
    // Whole on the disk as well: half a library would end the process that loads it.
    let keep = |file: PathBuf| {
        File::open(&file)?.sync_all()?;
        fs::rename(&file, &library.path)
    };
    let moved = built.and_then(|file| keep(file).map_err(at(&library.path)));
    let _ = fs::remove_dir_all(&work);
    moved.map(|()| library)
}

/// A hash of everything that a library is made of.
fn key(source: &Source, traced: bool, version: &str) -> String {
    let mut hasher = Keccak256::new();
    let traced = if traced { "traced" } else { "" };
    for part in [&*source.verilog, WRAPPER, MEMORY, version, traced]
        .into_iter()
        .chain(FLAGS)
    {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let digest = hasher.finalize();
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn run(source: &Source, traced: bool, verilator: &OsString, work: &Path) -> Result<PathBuf, BuildError> {
    let write = |name: &str, text: &str| {
        let path = work.join(name);
        let written = fs::write(&path, text).map_err(|error| BuildError::Cache {
            path: path.clone(),
            error,
        });
        written.map(|()| path)
    };
    let verilog = write("card.v", &source.verilog)?;
    let wrapper = write("wrapper.cpp", WRAPPER)?;
    write("memory.hpp", MEMORY)?;
    let folder = work.join("build");
    let mut command = Command::new(verilator);
    command
        .args(["--cc", "--build", "-j", "2", "--prefix", PREFIX])
        .args(["--top-module", TOP])
        .args(FLAGS)
        .args(["-o", "card.so", "-Mdir"])
        .arg(&folder);
    if traced {
        command.args(["--trace-fst", "-CFLAGS", "-DMETISVM_TRACE"]);
    }
    let output = command.arg(verilog).arg(wrapper).output();
    let said = match &output {
        Ok(output) if output.status.success() => return Ok(folder.join("card.so")),
        Ok(output) if traced && complains_of(output, ZLIB) => {
            return Err(BuildError::Missing {
                tool: ZLIB.into(),
                install: "apt-get install zlib1g-dev",
            });
        }
        Ok(output) => last_lines(output),
        Err(error) => error.to_string(),
    };
    Err(BuildError::Failed {
        board: source.name.clone().into_owned(),
        said,
    })
}

/// Whether the compiler says that a header is not there.
fn complains_of(output: &Output, header: &str) -> bool {
    [&output.stdout, &output.stderr].iter().any(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        text.lines()
            .any(|line| line.contains("fatal error") && line.contains(header))
    })
}

/// The end of what a tool said.
fn last_lines(output: &Output) -> String {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let text = text.concat();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}
