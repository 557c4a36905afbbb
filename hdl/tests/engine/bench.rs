//! The engine as Verilator builds it.

use metisvm_boards::Board;
use metisvm_firmware::Geometry;
use metisvm_hdl::isolated::isolated;
use metisvm_hdl::tensor::any_engine::AnyEngine;
use metisvm_hdl::tensor::array::twin::Multipliers;
use metisvm_hdl::verilog;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const LEFT_OUT: &str =
    "left out: the tensor engine in Verilog (verilator not found; apt-get install verilator)";

/// Names of what the engine counts, in the order of its ports.
pub(crate) const EVENTS: [&str; 8] = [
    "array_steps",
    "load_busy",
    "compute_busy",
    "store_busy",
    "load_waits",
    "compute_waits",
    "store_waits",
    "memory_waits",
];

/// What came of a program.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    /// 99 if it was stopped.
    pub(crate) status: u64,
    pub(crate) index: u64,
    /// Items that ended with 0.
    pub(crate) items: u64,
    /// Cycles of them all.
    pub(crate) cycles: u64,
    /// Cycles until it was idle.
    pub(crate) resting: u64,
    pub(crate) events: [u64; 8],
    /// Of all memory.
    pub(crate) hash: u64,
}

/// The Verilog of a geometry's engine.
fn emit(geometry: &Geometry, multipliers: Multipliers, units: usize) -> String {
    let engine = AnyEngine::new(geometry, multipliers, units).unwrap();
    isolated(&verilog::emit("metisvm_engine", engine).unwrap())
}

/// An engine, built together with its harness.
pub(crate) struct Model {
    folder: PathBuf,
    pub(crate) geometry: Geometry,
}

/// The engine of tiles of 4×4×4. None without Verilator.
pub(crate) fn small() -> Option<&'static Model> {
    static BUILT: OnceLock<Option<Model>> = OnceLock::new();
    BUILT
        .get_or_init(|| Model::new(&Geometry::SMALL, Multipliers::Single { dedicated: 32 }, 1))
        .as_ref()
}

/// Tiles of 8×8×4, 256 products of which 150 are DSP blocks', and two requantise units. None without Verilator.
pub(crate) fn eight() -> Option<&'static Model> {
    static BUILT: OnceLock<Option<Model>> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            let board = Board::named("sim-tensor-8").unwrap();
            Model::new(
                &board.capabilities.geometry,
                Multipliers::Single { dedicated: 150 },
                2,
            )
        })
        .as_ref()
}

/// The engine of the ECP5's boards: tiles of 4×4×4 in deep scratchpads. None without Verilator.
pub(crate) fn ecp5() -> Option<&'static Model> {
    static BUILT: OnceLock<Option<Model>> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            let board = Board::named("ecp5-85f-tensor").unwrap();
            let tensor = board.tensor.unwrap();
            let metisvm_boards::Multipliers::Dsp(dedicated) = tensor.multipliers else {
                panic!("an ECP5 has DSP blocks: {tensor:?}")
            };
            Model::new(
                &board.capabilities.geometry,
                Multipliers::Single { dedicated },
                tensor.requantise_units,
            )
        })
        .as_ref()
}

impl Model {
    fn new(geometry: &Geometry, multipliers: Multipliers, units: usize) -> Option<Self> {
        let verilator = std::env::var_os("METISVM_VERILATOR").unwrap_or_else(|| "verilator".into());
        if Command::new(&verilator).arg("--version").output().is_err() {
            let _ = std::io::stdout().write_all(format!("\n{LEFT_OUT}\n").as_bytes());
            return None;
        }
        let [rows, cols, depth] = [geometry.tile_rows, geometry.tile_cols, geometry.tile_depth];
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("engine-{rows}x{cols}x{depth}-{}", geometry.a_tiles));
        fs::create_dir_all(&folder).unwrap();
        let source = folder.join("top.v");
        let text = emit(geometry, multipliers, units);
        // A file that would not change keeps its age, and is not built again.
        if fs::read_to_string(&source).ok().as_deref() != Some(&text) {
            fs::write(&source, text).unwrap();
        }
        let harness = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/harness");
        let output = Command::new(verilator)
            .args(["--cc", "--exe", "--build", "-j", "2", "-O3", "-Wno-WIDTH"])
            .args([
                "-CFLAGS",
                "-O1",
                "--prefix",
                "model",
                "-o",
                "model",
                "--top-module",
                "metisvm_engine",
            ])
            .arg("-Mdir")
            .arg(&folder)
            .arg(source)
            .arg(harness.join("engine.cpp"))
            .output()
            .unwrap();
        let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        assert!(output.status.success(), "{}", said.concat());
        Some(Self {
            folder,
            geometry: *geometry,
        })
    }

    /// Gives a script to the harness, and what it says of each program.
    pub(crate) fn feed(&self, name: &str, text: &str) -> Result<Vec<Ran>, String> {
        let path = self.folder.join(name);
        fs::write(&path, text).unwrap();
        let output = Command::new(self.folder.join("model"))
            .stdin(File::open(&path).unwrap())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let all: Vec<Ran> = said
            .lines()
            .map(|line| {
                let numbers: Vec<u64> = line.split(' ').map(|number| number.parse().unwrap()).collect();
                Ran {
                    status: numbers[0],
                    index: numbers[1],
                    items: numbers[2],
                    cycles: numbers[3],
                    resting: numbers[4],
                    events: numbers[5..13].try_into().unwrap(),
                    hash: numbers[13],
                }
            })
            .collect();
        if output.status.success() {
            return Ok(all);
        }
        let why = String::from_utf8_lossy(&output.stderr);
        Err(format!("{}: {why} after {} programs", path.display(), all.len()))
    }
}
