//! `emit_verilog FOLDER` writes the Verilog of the blocks into a folder, `emit_verilog --cards FOLDER` that of
//! the cards.

use metisvm_hdl::shell::sim;
use metisvm_hdl::verilog;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn write_cards(folder: &Path) -> io::Result<()> {
    let card = verilog::card(&sim::CAPABILITIES, sim::TIMEOUT)?;
    std::fs::write(folder.join("sim.v"), card)?;
    let bridged = verilog::bridged(&sim::CAPABILITIES, sim::TIMEOUT)?;
    std::fs::write(folder.join("bridged.v"), bridged)
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let (folder, cards) = match arguments.as_slice() {
        [folder] => (PathBuf::from(folder), false),
        [option, folder] if option == "--cards" => (PathBuf::from(folder), true),
        _ => {
            eprintln!("usage: emit_verilog [--cards] FOLDER");
            return ExitCode::from(2);
        }
    };
    let written = std::fs::create_dir_all(&folder).and_then(|()| {
        if cards {
            write_cards(&folder)
        } else {
            verilog::write_all(&folder)
        }
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{}: {e}", folder.display());
            ExitCode::FAILURE
        }
    }
}
