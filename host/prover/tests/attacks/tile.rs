//! Products of computed matrices: sums that are others.

use crate::harness::{Attack, honest, run};
use metisvm_prover::F;
use metisvm_prover::gates::{Rules, Tile};
use plonky2::field::types::Field;

/// Name, gate, row and column of the result, what is added to it.
#[rustfmt::skip] // one attack a line
const ATTACKS: &[(&str, Tile, usize, usize, i64)] = &[
    ("one more", Tile::MATRIX, 0, 0, 1),
    ("one less in the last place", Tile::MATRIX, 3, 3, -1),
    ("a product more", Tile::MATRIX, 1, 2, 127 * 255),
    ("a product less", Tile::MATRIX, 2, 1, -127 * 255),
    ("wrapped by 2^32", Tile::MATRIX, 2, 3, 1 << 32),
    ("wrapped by -2^31", Tile::MATRIX, 3, 0, -(1 << 31)),
    ("one more, of a vector", Tile::VECTOR, 0, 0, 1),
    ("one less in the last column, of a vector", Tile::VECTOR, 0, 3, -1),
    ("far more, of a vector", Tile::VECTOR, 0, 2, 1 << 60),
    ("far less, of a vector", Tile::VECTOR, 0, 1, -(1 << 60)),
];

pub(crate) fn attacks() -> Vec<Attack<Tile>> {
    let attack = |(name, gate, i, j, more): &(&str, Tile, usize, usize, i64)| {
        let inputs = gate.inputs(0).len();
        let number = |i: usize| F::from_noncanonical_i64((i * 101 % 511) as i64 - 255);
        let mut wires = honest(gate, &[], &[(0..inputs).map(number).collect()]);
        wires[gate.sum_out(*i, *j)] += F::from_noncanonical_i64(*more);
        Attack {
            name: (*name).to_string(),
            gate: *gate,
            constants: Vec::new(),
            wires,
            constraint: "sum",
        }
    };
    ATTACKS.iter().map(attack).collect()
}

#[test]
fn attacks_are_refused() {
    run(attacks());
}
