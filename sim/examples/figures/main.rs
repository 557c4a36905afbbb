//! What the pictures of docs/hdl.md are drawn from: the card in RTL, traced and measured.
//!
//! `figures trace FILE.fst [BOARD]` writes the waveform of one KECCAK job of two messages;
//! `figures rates [BOARD]…` prints, for batches of messages of one length, what the card's counters say, a line
//! of JSON each. `docs/figures/waveform` and `docs/figures/performance` call it.

mod card;
mod rates;
mod trace;

use std::error::Error;
use std::process::ExitCode;

const USAGE: &str = "usage: figures trace FILE.fst [BOARD] | figures rates [BOARD]…";

fn run(arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    match arguments {
        ["trace", file] => trace::write(file.as_ref(), metisvm_boards::DEFAULT),
        ["trace", file, board] => trace::write(file.as_ref(), board),
        ["rates"] => metisvm_boards::names().try_for_each(rates::print),
        ["rates", boards @ ..] => boards.iter().copied().try_for_each(rates::print),
        _ => Err(USAGE.into()),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
