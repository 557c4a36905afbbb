//! Induction with yosys.

use crate::Block;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

const LEFT_OUT: &str = "left out: what the shell's blocks never do (yosys not found; apt-get install yosys)";

/// What came of an attempt.
#[derive(Debug)]
pub(crate) enum Outcome {
    Proven,
    /// There is a way to break a property, or the induction does not hold any more.
    Broken,
    /// Neither: what yosys said.
    Unknown(String),
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

/// Lets the properties look into a memory: at `f_address_N` is `f_data_N`.
fn with_peeks(verilog: &str, top: &str, memory: (&str, usize, usize, usize)) -> String {
    let (instance, address, data, peeks) = memory;
    let module = format!("{top}${instance}");
    let mut ports = String::new();
    let mut connections = String::new();
    let mut body = String::new();
    for peek in 0..peeks {
        let (at, is) = (format!("f_address_{peek}"), format!("f_data_{peek}"));
        write!(ports, ", {at}, {is}").unwrap();
        writeln!(connections, "        .{at}({at}), .{is}({is}),").unwrap();
        writeln!(body, "    input wire [{}:0] {at};", address - 1).unwrap();
        writeln!(body, "    output wire [{}:0] {is};", data - 1).unwrap();
        writeln!(body, "    assign {is} = mem[{at}];").unwrap();
    }
    let header = verilog.lines().find(|line| line.starts_with(&format!("module {module}("))).unwrap();
    let instance = format!("    {module} {instance}(\n");
    let text = verilog
        .replacen(header, &header.replace(");", &format!("{ports});")), 1)
        .replacen(&instance, &format!("{instance}{connections}"), 1);
    put_into(&text, &module, &body)
}

/// Tries to prove a block's properties of some text of it.
pub(crate) fn prove(name: &str, attempt: &str, block: &Block, verilog: &str) -> Outcome {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("formal");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{name}-{attempt}.sv"));
    let mut text = put_into(verilog, name, &block.properties);
    if let Some(memory) = block.memory {
        text = with_peeks(&text, name, memory);
    }
    fs::write(&file, text).unwrap();
    let mut script = format!("read_verilog -sv -formal {}; hierarchy -check -top {name}; ", file.display());
    for module in block.cut {
        write!(script, "cutpoint {module}; ").unwrap();
    }
    write!(
        script,
        "proc; flatten; memory_dff; memory_map; opt -full; \
         sat -tempinduct -prove-asserts -set-assumes -maxsteps {} -verify -show-all; ",
        block.steps
    )
    .unwrap();
    let output = Command::new("yosys").args(["-p", &script]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    fs::write(file.with_extension("log"), &said).unwrap();
    if said.contains("Induction step proven: SUCCESS!") {
        return Outcome::Proven;
    }
    if said.contains("Reached maximum number of time steps") || said.contains("SAT proof finished - model found") {
        return Outcome::Broken;
    }
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    Outcome::Unknown(complaint)
}
