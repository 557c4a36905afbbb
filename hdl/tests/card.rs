//! The cards' Verilog in the tree is what the sources give.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use metisvm_boards::Board;
use metisvm_hdl::verilog;
use std::path::Path;

#[test]
fn the_verilog_in_the_tree_is_what_the_sources_give() {
    for name in metisvm_boards::names() {
        let emitted = verilog::card(&Board::named(name).unwrap()).unwrap();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("verilog/{name}.v"));
        let in_tree = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            emitted == in_tree,
            "{} is old: cargo run -p metisvm-hdl -- --cards hdl/verilog writes it anew",
            path.display()
        );
    }
}
