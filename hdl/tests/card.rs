//! The card's Verilog in the tree is what the sources give.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use metisvm_hdl::shell::sim;
use metisvm_hdl::verilog;

#[test]
fn the_verilog_in_the_tree_is_what_the_sources_give() {
    let emitted = verilog::card(&sim::CAPABILITIES, sim::TIMEOUT).unwrap();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("verilog/sim.v");
    let in_tree = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        emitted == in_tree,
        "{} is old: cargo run -p metisvm-hdl -- --cards hdl/verilog writes it anew",
        path.display()
    );
}
