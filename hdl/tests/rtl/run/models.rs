//! The blocks as programs.

use super::mistakes;
use crate::seeded::seeded;
use crate::verilator;
use metisvm_hdl::tensor::run::{runner::Runner, slot::Slot};
use metisvm_hdl::verilog::emit;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A block behind a harness.
pub(crate) struct Model {
    folder: PathBuf,
}

impl Model {
    fn build(top: &str, verilog: &str, harness: &str) -> Option<Self> {
        let verilator = verilator::command()?;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rtl").join(top);
        fs::create_dir_all(&folder).unwrap();
        let source = folder.join(format!("{top}.v"));
        // A file that would not change keeps its age: nothing is built again.
        if fs::read_to_string(&source).ok().as_deref() != Some(verilog) {
            fs::write(&source, verilog).unwrap();
        }
        let harness = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/harness")
            .join(harness);
        let output = Command::new(verilator)
            .args(["--cc", "--exe", "--build", "-j", "2", "-O3", "-CFLAGS", "-O1"])
            .args([
                "-Wno-WIDTH",
                "-Wno-UNOPTFLAT",
                "--prefix",
                "model",
                "-o",
                "model",
                "--top-module",
                top,
            ])
            .arg("-Mdir")
            .arg(folder.join("build"))
            .args([&source, &harness])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "verilator cannot build {top}:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Some(Self { folder })
    }

    /// Gives a text to the model, with the number of a seeded mistake or 0, and what it answers, unless it fails. Runs
    /// of different names may be at once.
    pub(crate) fn try_feed(&self, name: &str, text: &str, fault: usize) -> Option<String> {
        // Through a file: two pipes to one process would need two threads.
        let path = self.folder.join(format!("{name}.in"));
        fs::write(&path, text).unwrap();
        let output = Command::new(self.folder.join("build/model"))
            .arg(fault.to_string())
            .stdin(File::open(&path).unwrap())
            .output()
            .unwrap();
        let answer = String::from_utf8(output.stdout).unwrap();
        output.status.success().then_some(answer)
    }
}

/// The runner, with seeded mistakes to choose from; nothing where there is no Verilator.
pub(crate) fn runner() -> Option<&'static Model> {
    static MODEL: OnceLock<Option<Model>> = OnceLock::new();
    MODEL
        .get_or_init(|| {
            let top = "metisvm_runner";
            let sound = emit(top, Runner::default()).unwrap();
            Model::build(top, &seeded(top, top, &sound, mistakes::IN_RUNNER), "runner.cpp")
        })
        .as_ref()
}

/// The slots of the three modules, side by side, with seeded mistakes in the one of the store module.
pub(crate) fn slots() -> Option<&'static Model> {
    static MODEL: OnceLock<Option<Model>> = OnceLock::new();
    MODEL
        .get_or_init(|| {
            let text = seeded(SLOTS, "slot2", &slots_verilog(), mistakes::IN_SLOT);
            Model::build(SLOTS, &text, "slots.cpp")
        })
        .as_ref()
}

const SLOTS: &str = "metisvm_slots";

fn slots_verilog() -> String {
    let mut text = format!(
        "module {SLOTS}(input clock, input rewind, input [63:0] word, input word_valid, \
         output [2:0] word_pop, output [2:0] ready, output [2:0] bad);\n",
    );
    for module in 0..3 {
        text += &format!(
            "slot{module} at{module}(.clock(clock), .rewind(rewind), .length(25'd1), .first(25'd0), \
             .word(word), .word_valid(word_valid), .word_pop(word_pop[{module}]), \
             .ready(ready[{module}]), .bad(bad[{module}]), .take(1'b0), .ended(), .tokens(), \
             .next_index(), .index(), .is_nop(), .word_0(), .word_1(), .word_2(), .word_3());\n"
        );
    }
    text += "endmodule\n";
    for module in 0..3 {
        text += &emit(&format!("slot{module}"), Slot::new(module)).unwrap();
    }
    text
}
