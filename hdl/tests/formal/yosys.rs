//! Induction with yosys.

use crate::blocks::Block;
use crate::memory;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

const LEFT_OUT: &str =
    "left out: what is proven of the shell and the tensor pipeline (yosys not found; apt-get install yosys)";

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Proven,
    /// There is a way from power-up to where a property is broken.
    Refuted,
    /// There is a state that satisfies all properties, and after it one is broken.
    NotInductive,
}

/// Whether yosys is there; if not, a line says what is left out.
pub(crate) fn is_there() -> bool {
    let there = Command::new("yosys").arg("-V").output().is_ok();
    if !there {
        println!("\n{LEFT_OUT}");
    }
    there
}

/// The text of a module with something put in before its end.
fn put_into(verilog: &str, module: &str, text: &str) -> String {
    let end = format!("endmodule // {module}\n");
    assert_eq!(verilog.matches(&end).count(), 1, "one module {module}");
    verilog.replacen(&end, &format!("{text}\n{end}"), 1)
}

/// Tries to prove a block's properties of some text of it.
pub(crate) fn prove(attempt: &str, block: &Block, verilog: &str, steps: usize) -> Outcome {
    let name = block.name;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("formal");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{name}-{attempt}.sv"));
    let mut text = put_into(verilog, name, &block.properties);
    if let Some(memory) = &block.memory {
        text = memory::seen(&text, memory);
    }
    fs::write(&file, text).unwrap();
    let mut script = format!(
        "read_verilog -sv -formal {}; hierarchy -check -top {name}; proc; ",
        file.display()
    );
    for module in block.cut {
        write!(script, "cutpoint {module}; ").unwrap();
    }
    write!(
        script,
        "flatten; memory_dff; memory_map; opt -full; \
         sat -tempinduct -prove-asserts -set-assumes -maxsteps {} -verify -show-all; ",
        steps
    )
    .unwrap();
    let output = Command::new("yosys").args(["-p", &script]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    fs::write(file.with_extension("log"), &said).unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    if said.contains("Induction step proven: SUCCESS!") {
        Outcome::Proven
    } else if said.contains("model found for base case: FAIL!") {
        Outcome::Refuted
    } else if complaint.contains("proof did fail") {
        Outcome::NotInductive
    } else {
        panic!("{name}: {complaint}")
    }
}
