//! Writes the blocks out as Verilog.

use crate::bridge::bridged::Bridged;
use crate::each_once;
use crate::isolated::isolated;
use crate::keccak::core::Core;
use crate::keccak::round::Rounds;
use crate::same_modules;
use crate::shell::top::Card;
use crate::tensor::requantise::Requantise;
use metisvm_boards::Board;
use rust_hdl::prelude::{Block, check_all};
use std::io;
use std::path::Path;

/// The top modules, each in a file of its own with everything it needs.
pub const TOPS: [&str; 6] = [
    "metisvm_requantise",
    "metisvm_keccak_round",
    "metisvm_keccak_core",
    "metisvm_keccak_core_2",
    "metisvm_keccak_core_3",
    "metisvm_keccak_core_24",
];

/// The Verilog of a block and of everything inside it, `name` being the top module. Modules with the same text are
/// one module.
///
/// # Errors
/// If rust-hdl finds an undriven signal, a combinatorial loop or a written input.
pub fn emit<B: Block>(name: &str, mut block: B) -> io::Result<String> {
    block.connect_all();
    check_all(&block).map_err(|e| io::Error::other(format!("{name}: {e:?}")))?;
    Ok(same_modules::merged(&each_once::verilog(name, &block)))
}

/// Writes one `.v` file for each of [`TOPS`] into a folder that exists.
///
/// # Errors
/// If a block does not pass rust-hdl's checks, or a file cannot be written.
pub fn write_all(folder: &Path) -> io::Result<()> {
    let texts = [
        emit(TOPS[0], Requantise::default())?,
        emit(TOPS[1], Rounds::default())?,
        emit(TOPS[2], Core::default())?,
        emit(TOPS[3], Core::new(2))?,
        emit(TOPS[4], Core::new(3))?,
        emit(TOPS[5], Core::new(24))?,
    ];
    for (name, text) in TOPS.iter().zip(texts) {
        std::fs::write(folder.join(format!("{name}.v")), text)?;
    }
    Ok(())
}

/// The Verilog of a board's card, top module `metisvm_card`. Behind a bridge, `metisvm_card$ecp5` in it is what a
/// bitstream holds.
///
/// # Errors
/// If rust-hdl's checks find fault with it, or no card has such streams and tags.
pub fn card(board: &Board) -> io::Result<String> {
    // Blocks are values, moved from stack frame to stack frame while they are put together: megabytes of them.
    const STACK: usize = 256 << 20;
    std::thread::scope(|scope| {
        let emission = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, || emit_card(board))?;
        let panicked = |_| Err(io::Error::other("a block could not be put together"));
        emission.join().unwrap_or_else(panicked)
    })
}

fn emit_card(board: &Board) -> io::Result<String> {
    const TOP: &str = "metisvm_card";
    let text = match (board.stream_bits, board.tags, board.bridged) {
        (64, 32, false) => emit(TOP, Card::<64, 71, 70, 11, 5, 32, 6>::new(board)),
        (128, 32, false) => emit(TOP, Card::<128, 135, 134, 10, 5, 32, 6>::new(board)),
        (256, 64, false) => emit(TOP, Card::<256, 263, 262, 10, 6, 64, 7>::new(board)),
        (64, 32, true) => emit(TOP, Bridged::<64, 71, 70, 11, 128, 96>::new(board)),
        (128, 32, true) => emit(TOP, Bridged::<128, 135, 134, 10, 128, 160>::new(board)),
        (bits, tags, _) => Err(io::Error::other(format!(
            "no card has streams of {bits} bits with {tags} tags; there are 64 and 128 with 32, and, without a \
             bridge, 256 with 64"
        ))),
    }?;
    // Memory's handshakes go to and fro between the engine's modules.
    Ok(if board.tensor.is_some() {
        isolated(&text)
    } else {
        text
    })
}
