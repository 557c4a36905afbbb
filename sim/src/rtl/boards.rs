//! The Verilog of the boards that are known, as `hdl` emits it.

use std::borrow::Cow;

/// A card in Verilog: a module `metisvm_card` with the ports of docs/device.md's pin-level contract.
#[derive(Clone, Debug)]
pub struct Source {
    /// The board's name, a part of file names.
    pub name: Cow<'static, str>,
    /// The Verilog.
    pub verilog: Cow<'static, str>,
}

/// The board that `rtl` alone means.
pub const DEFAULT: &str = "sim";

/// Names and Verilog of the boards.
const BOARDS: [(&str, &str); 2] = [
    (DEFAULT, include_str!("../../../hdl/verilog/sim.v")),
    ("bridged", include_str!("../../../hdl/verilog/bridged.v")),
];

/// The names of the boards.
pub fn names() -> impl Iterator<Item = &'static str> {
    BOARDS.iter().map(|(name, _)| *name)
}

/// The card of a board, if there is one of that name.
pub fn named(name: &str) -> Option<Source> {
    let (name, verilog) = BOARDS.iter().find(|(known, _)| *known == name)?;
    Some(Source {
        name: (*name).into(),
        verilog: (*verilog).into(),
    })
}
