//! Writes the blocks out as Verilog.

use crate::bridge::bridged::Bridged;
use crate::keccak::core::Core;
use crate::keccak::round::Round;
use crate::shell::top::Card;
use crate::tensor::{gemm::Gemm, requantise::Requantise, tile::Tile};
use metisvm_firmware::Capabilities;
use rust_hdl::prelude::{Block, ModuleDefines, check_all};
use std::io;
use std::path::Path;

/// The top modules, each in a file of its own with everything it needs.
pub const TOPS: [&str; 5] = [
    "metisvm_gemm",
    "metisvm_requantise",
    "metisvm_tile",
    "metisvm_keccak_round",
    "metisvm_keccak_core",
];

/// The Verilog of a block and of everything inside it, `name` being the top module.
///
/// # Errors
/// If rust-hdl finds an undriven signal, a combinatorial loop or a written input.
pub fn emit<B: Block>(name: &str, mut block: B) -> io::Result<String> {
    block.connect_all();
    check_all(&block).map_err(|e| io::Error::other(format!("{name}: {e:?}")))?;
    let mut modules = ModuleDefines::default();
    block.accept(name, &mut modules);
    Ok(modules.defines())
}

/// Writes one `.v` file for each of [`TOPS`] into a folder that exists.
///
/// # Errors
/// If a block does not pass rust-hdl's checks, or a file cannot be written.
pub fn write_all(folder: &Path) -> io::Result<()> {
    let texts = [
        emit(TOPS[0], Gemm::default())?,
        emit(TOPS[1], Requantise::default())?,
        emit(TOPS[2], Tile::default())?,
        emit(TOPS[3], Round::default())?,
        emit(TOPS[4], Core::default())?,
    ];
    for (name, text) in TOPS.iter().zip(texts) {
        std::fs::write(folder.join(format!("{name}.v")), text)?;
    }
    Ok(())
}

/// The Verilog of the card, top module `metisvm_card`.
///
/// # Errors
/// If rust-hdl's checks find fault with it, or a capability is outside its range.
pub fn card(capabilities: &Capabilities, timeout: u32) -> io::Result<String> {
    capabilities.validate().map_err(io::Error::other)?;
    emit("metisvm_card", Card::new(capabilities, timeout))
}

/// The Verilog of the card behind its bridge, top module `metisvm_card`; `metisvm_card$ecp5` in it is what a
/// bitstream holds.
///
/// # Errors
/// As of [`card`].
pub fn bridged(capabilities: &Capabilities, timeout: u32) -> io::Result<String> {
    capabilities.validate().map_err(io::Error::other)?;
    emit("metisvm_card", Bridged::new(capabilities, timeout))
}
