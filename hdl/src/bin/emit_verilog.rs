//! `emit_verilog FOLDER`: writes the Verilog of the card's logic into a folder.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [folder] = arguments.as_slice() else {
        eprintln!("usage: emit_verilog FOLDER");
        return ExitCode::from(2);
    };
    let folder = PathBuf::from(folder);
    let written = std::fs::create_dir_all(&folder)
        .and_then(|()| metisvm_hdl::verilog::write_all(&folder))
        .and_then(|()| {
            let card = metisvm_hdl::verilog::card(
                &metisvm_hdl::shell::sim::CAPABILITIES,
                metisvm_hdl::shell::sim::TIMEOUT,
            )?;
            std::fs::write(folder.join("sim.v"), card)
        });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{}: {e}", folder.display());
            ExitCode::FAILURE
        }
    }
}
