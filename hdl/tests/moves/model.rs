//! The modules as Verilator builds them.

use crate::GEOMETRIES;
use crate::mistakes::{IN_LOAD, IN_STORE};
use crate::seeded::seeded;
use metisvm_firmware::Geometry;
use metisvm_hdl::tensor::transfer::load::Load;
use metisvm_hdl::tensor::transfer::store::Store;
use metisvm_hdl::verilog;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

const LEFT_OUT: &str = "left out: load and store in Verilog (verilator not found; apt-get install verilator)";

/// A module, built together with its harness.
#[derive(Clone)]
pub(crate) struct Model {
    folder: PathBuf,
}

/// Those that are built; while one is, no other is.
static BUILT: Mutex<BTreeMap<String, Model>> = Mutex::new(BTreeMap::new());

impl Model {
    /// The load module; none without Verilator. On the board's tiles it has seeded mistakes to choose from.
    pub(crate) fn load(geometry: &Geometry) -> Option<Self> {
        let mut text = verilog::emit("metisvm_load", Load::new(geometry)).unwrap();
        if *geometry == GEOMETRIES[0] {
            text = seeded("metisvm_load", "metisvm_load", &text, IN_LOAD);
        }
        Self::build("load", "metisvm_load", &text, geometry)
    }

    /// The store module; as the load module.
    pub(crate) fn store(geometry: &Geometry) -> Option<Self> {
        let mut text = verilog::emit("metisvm_store", Store::new(geometry)).unwrap();
        if *geometry == GEOMETRIES[0] {
            text = seeded("metisvm_store", "metisvm_store", &text, IN_STORE);
        }
        Self::build("store", "metisvm_store", &text, geometry)
    }

    fn build(name: &str, top: &str, text: &str, geometry: &Geometry) -> Option<Self> {
        let verilator = std::env::var_os("METISVM_VERILATOR").unwrap_or_else(|| "verilator".into());
        if Command::new(&verilator).arg("--version").output().is_err() {
            let _ = std::io::stdout().write_all(format!("\n{LEFT_OUT}\n").as_bytes());
            return None;
        }
        let Geometry {
            tile_rows,
            tile_cols,
            tile_depth,
            ..
        } = geometry;
        let key = format!("{name}-{tile_rows}x{tile_cols}x{tile_depth}");
        // A build that failed is no reason not to try another.
        let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(model) = built.get(&key) {
            return Some(model.clone());
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&key);
        fs::create_dir_all(&folder).unwrap();
        let source = folder.join("top.v");
        let lanes = folder.join("lanes.hpp");
        // Files that would not change keep their age, and are not built again.
        for (path, text) in [(&source, text), (&lanes, &self::lanes(geometry))] {
            if fs::read(path).ok().as_deref() != Some(text.as_bytes()) {
                fs::write(path, text).unwrap();
            }
        }
        let harness = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/harness");
        let output = Command::new(verilator)
            .args([
                "--cc",
                "--exe",
                "--build",
                "-j",
                "2",
                "-O3",
                "-Wno-WIDTH",
                "-Wno-UNOPTFLAT",
            ])
            .arg("-CFLAGS")
            .arg(format!("-O1 -I{} -D{}", folder.display(), name.to_uppercase()))
            .args(["--prefix", "model", "-o", "model", "--top-module", top, "-Mdir"])
            .arg(&folder)
            .arg(source)
            .arg(harness.join(format!("{name}.cpp")))
            .output()
            .unwrap();
        let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        assert!(output.status.success(), "{top}:\n{}", said.concat());
        let model = Self { folder };
        built.insert(key, model.clone());
        Some(model)
    }

    /// Gives a script to the harness, and what it answers. Scripts of different names may run at once.
    pub(crate) fn feed(&self, name: &str, text: &str) -> String {
        self.try_feed(name, text, 0)
            .unwrap_or_else(|error| panic!("{}, {name}: {error}", self.folder.display()))
    }

    /// The same of a model with a seeded mistake; what the harness finds fault with is the error.
    pub(crate) fn try_feed(&self, name: &str, text: &str, fault: usize) -> Result<String, String> {
        // Through a file: two pipes to one process would need two threads.
        let path = self.folder.join(format!("{name}.in"));
        fs::write(&path, text).unwrap();
        let output = Command::new(self.folder.join("model"))
            .arg(fault.to_string())
            .stdin(File::open(&path).unwrap())
            .output()
            .unwrap();
        let answer = String::from_utf8(output.stdout).unwrap();
        if output.status.success() {
            Ok(answer)
        } else {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("{said}; after {} answers", answer.lines().count()))
        }
    }
}

/// Accessors for the ports that come in numbers.
fn lanes(geometry: &Geometry) -> String {
    let g = geometry;
    let (rows, cols, depth) = (g.tile_rows, g.tile_cols, g.tile_depth);
    let mut text = format!(
        "#pragma once\n#include \"model.h\"\n#include <cstdint>\n\
         constexpr unsigned ROWS = {rows}, COLS = {cols}, A_LANES = {}, B_LANES = {};\n\
         constexpr unsigned A_TILES = {}, B_TILES = {}, ACC_TILES = {}, PARAMS = {}, TABLES = {};\n",
        rows * depth,
        depth * cols,
        g.a_tiles,
        g.b_tiles,
        g.acc_tiles,
        g.param_entries,
        g.table_count
    );
    for (name, count) in [("word", 4), ("base", 5), ("size", 5)] {
        let port = if name == "word" { "words" } else { name };
        writeln!(
            text,
            "inline void set_{name}(model& top, int i, uint64_t value) {{ switch (i) {{"
        )
        .unwrap();
        for i in 0..count {
            writeln!(text, "case {i}: top.{port}__024{i} = value; break;").unwrap();
        }
        text.push_str("} }\n");
    }
    text.push_str("#ifdef LOAD\n");
    for (name, count) in [("a", rows * depth), ("b", depth * cols), ("acc", cols)] {
        writeln!(
            text,
            "inline void get_{name}(const model& top, uint32_t* data, bool* mask) {{"
        )
        .unwrap();
        for i in 0..count {
            writeln!(
                text,
                "data[{i}] = top.{name}_data__024{i}; mask[{i}] = top.{name}_mask__024{i};"
            )
            .unwrap();
        }
        text.push_str("}\n");
    }
    text.push_str("#else\ninline void set_acc(model& top, const uint32_t* data) {\n");
    for i in 0..cols {
        writeln!(text, "top.acc_data__024{i} = data[{i}];").unwrap();
    }
    text.push_str("}\n#endif\n");
    text
}
