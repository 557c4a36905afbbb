//! The load and the store module against the functional card: the emitted Verilog, run by Verilator between a memory
//! and scratchpads that stall.

#![allow(
    clippy::unwrap_used,
    reason = "a panic is how a test fails, in its helpers too"
)]

mod asked;
mod draw;
mod faults;
mod load;
mod memory;
mod mistakes;
mod model;
#[path = "../rtl/random.rs"]
mod random;
#[path = "../rtl/seeded.rs"]
mod seeded;
mod store;

use metisvm_firmware::Geometry;

/// A geometry whose scratchpads a test can look through after every instruction.
const fn geometry(tile_rows: u16, tile_cols: u16, tile_depth: u16) -> Geometry {
    Geometry {
        tile_rows,
        tile_cols,
        tile_depth,
        a_tiles: 40,
        b_tiles: 24,
        acc_tiles: 20,
        param_entries: 37,
        table_count: 3,
    }
}

/// Rows, columns and depth of the tiles: the board's, one with words of several rows, one with several words a row,
/// and one with tiles that are shorter than a word.
const GEOMETRIES: [Geometry; 5] = [
    geometry(4, 4, 4),
    geometry(8, 8, 4),
    geometry(2, 8, 4),
    geometry(4, 16, 2),
    geometry(1, 2, 2),
];

/// Instructions of a test that is left to the slow lane.
const SLOW_LANE: usize = 0;

/// The opcode's name, and the status it ended with.
type Seen = std::collections::BTreeMap<(&'static str, u64), usize>;

/// What a harness says of an instruction: status, cycles, words, hash.
fn numbers(line: &str) -> [u64; 4] {
    let numbers: Vec<u64> = line.split(' ').map(|n| n.parse().unwrap()).collect();
    numbers.try_into().unwrap()
}
