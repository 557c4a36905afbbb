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
