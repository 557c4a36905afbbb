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

/// Names and Verilog of the boards; the board of `metisvm_boards` that `rtl` alone means is among them.
const VERILOG: [(&str, &str); 9] = [
    (
        metisvm_boards::DEFAULT,
        include_str!("../../../hdl/verilog/sim.v"),
    ),
    (
        metisvm_boards::INFERENCE,
        include_str!("../../../hdl/verilog/sim-tensor.v"),
    ),
    (
        "sim-tensor-8",
        include_str!("../../../hdl/verilog/sim-tensor-8.v"),
    ),
    ("ecp5-85f", include_str!("../../../hdl/verilog/ecp5-85f.v")),
    (
        "ecp5-85f-tensor",
        include_str!("../../../hdl/verilog/ecp5-85f-tensor.v"),
    ),
    (
        "ecp5-85f-combined",
        include_str!("../../../hdl/verilog/ecp5-85f-combined.v"),
    ),
    ("artix7-100t", include_str!("../../../hdl/verilog/artix7-100t.v")),
    (
        "ultrascale-plus",
        include_str!("../../../hdl/verilog/ultrascale-plus.v"),
    ),
    (
        "ultrascale-plus-tensor",
        include_str!("../../../hdl/verilog/ultrascale-plus-tensor.v"),
    ),
];

/// The card of a board, if there is one of that name.
pub fn named(name: &str) -> Option<Source> {
    let (name, verilog) = VERILOG.iter().find(|(known, _)| *known == name)?;
    Some(Source {
        name: (*name).into(),
        verilog: (*verilog).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_board_has_its_verilog() {
        for board in metisvm_boards::names() {
            assert_eq!(named(board).unwrap().name, board);
        }
        assert_eq!(VERILOG.len(), metisvm_boards::names().count());
    }
}
