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

/// Lets the properties look into a memory: at `f_address_N` is `f_data_N`. Memories of one kind are one module, so this
/// one gets a module of its own.
fn with_peeks(verilog: &str, memory: (&str, usize, usize, usize)) -> String {
    let (instance, address, data, peeks) = memory;
    let use_of = format!(" {instance}(\n");
    let at = verilog.find(&use_of).unwrap();
    let module = verilog[..at].rsplit(' ').next().unwrap();
    let start = verilog.find(&format!("module {module}(")).unwrap();
    let end = format!("endmodule // {module}\n");
    let length = verilog[start..].find(&end).unwrap();
    let text = &verilog[start..start + length];
    let (header, body) = text.split_once(");\n").unwrap();
    let header = header.replacen(module, "peeked", 1);
    let (mut ports, mut connections, mut looks) = (String::new(), String::new(), String::new());
    for peek in 0..peeks {
        let (at, is) = (format!("f_address_{peek}"), format!("f_data_{peek}"));
        write!(ports, ", {at}, {is}").unwrap();
        writeln!(connections, "        .{at}({at}), .{is}({is}),").unwrap();
        writeln!(looks, "    input wire [{}:0] {at};", address - 1).unwrap();
        writeln!(looks, "    output wire [{}:0] {is};", data - 1).unwrap();
        writeln!(looks, "    assign {is} = mem[{at}];").unwrap();
    }
    let peeked = format!("{header}{ports});\n{body}{looks}endmodule\n\n");
    let text = verilog.replacen(&format!("{module}{use_of}"), &format!("peeked{use_of}{connections}"), 1);
    text + &peeked
}

/// Tries to prove a block's properties of some text of it.
pub(crate) fn prove(name: &str, attempt: &str, block: &Block, verilog: &str) -> Outcome {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("formal");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{name}-{attempt}.sv"));
    let mut text = put_into(verilog, name, &block.properties);
    if let Some(memory) = block.memory {
        text = with_peeks(&text, memory);
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
