//! `emit_verilog FOLDER` writes the Verilog of the blocks into a folder, `emit_verilog --cards FOLDER` that of
//! the cards, `emit_verilog --card BOARD` that of one card to standard output.

use metisvm_boards::Board;
use metisvm_hdl::verilog;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

fn write_cards(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for name in metisvm_boards::names() {
        std::fs::write(folder.join(format!("{name}.v")), card(name)?)?;
    }
    Ok(())
}

fn card(name: &str) -> io::Result<String> {
    let board = Board::named(name).ok_or_else(|| {
        let known: Vec<&str> = metisvm_boards::names().collect();
        io::Error::other(format!(
            "there is no board {name}; there are {}",
            known.join(", ")
        ))
    })?;
    verilog::card(&board)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let written = match arguments.as_slice() {
        ["--cards", folder] => write_cards(Path::new(folder)),
        ["--card", board] => card(board).and_then(|text| io::stdout().write_all(text.as_bytes())),
        [folder] if !folder.starts_with('-') => {
            let folder = Path::new(folder);
            std::fs::create_dir_all(folder).and_then(|()| verilog::write_all(folder))
        }
        _ => {
            eprintln!("usage: emit_verilog FOLDER, emit_verilog --cards FOLDER, emit_verilog --card BOARD");
            return ExitCode::from(2);
        }
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{}: {e}", arguments.join(" "));
            ExitCode::FAILURE
        }
    }
}
