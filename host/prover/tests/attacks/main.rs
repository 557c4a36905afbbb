//! A prover that does not follow the rules. Each attack puts wrong numbers on the wires of one row and names
//! the constraint that is to refuse them. It counts if the proof is refused by the verifier, and if **the
//! same wires are accepted by the circuit from which that constraint is taken out**: so it is that constraint
//! that refuses them, and no luck.
//!
//! The attacks of a gate are a list in its file. To add one is to add a line. Those on one constraint of a gate are a
//! kind.

mod bytes;
mod division;
mod greatest;
mod harness;
mod indicators;
mod magnitude;
mod mat_vec;
mod reciprocal;
mod requantise;
mod root;
mod table;
mod tile;

use harness::{Kinds, count};

/// The fewest attacks on rows.
const LEAST: usize = 200;

#[test]
fn there_are_enough_attacks_and_of_no_kind_too_many() {
    let mut kinds = Kinds::new();
    count(&bytes::attacks(), &mut kinds);
    count(&division::attacks(), &mut kinds);
    count(&greatest::attacks(), &mut kinds);
    count(&indicators::attacks(), &mut kinds);
    count(&magnitude::attacks(), &mut kinds);
    count(&mat_vec::attacks(), &mut kinds);
    count(&mat_vec::constants(), &mut kinds);
    count(&reciprocal::attacks(), &mut kinds);
    count(&requantise::attacks(), &mut kinds);
    count(&root::attacks(), &mut kinds);
    count(&table::attacks(), &mut kinds);
    count(&tile::attacks(), &mut kinds);
    for (kind, number) in &kinds {
        println!("{number:>3} {kind}");
    }
    let all: usize = kinds.values().sum();
    println!("{all} attacks of {} kinds", kinds.len());
    assert!(all >= LEAST, "{all} attacks are too few");
}
