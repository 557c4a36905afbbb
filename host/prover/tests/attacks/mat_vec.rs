//! Products and constants: sums that are others.

use crate::harness::{Attack, honest, run};
use metisvm_prover::F;
use metisvm_prover::gates::{Constants, MatVec, Rules};
use plonky2::field::types::Field;

/// Name, output, what is added to it.
#[rustfmt::skip] // one attack a line
const ATTACKS: &[(&str, usize, i64)] = &[
    ("one more", 0, 1),
    ("one less", 0, -1),
    ("the last output", 7, 1),
    ("wrapped by 2^32", 3, 1 << 32),
    ("wrapped by 2^31", 4, 1 << 31),
    ("by the greatest product", 5, 255 * 255),
    ("by the least product", 5, -255 * 255),
    ("wrapped by -2^32", 3, -(1 << 32)),
    ("far, up", 1, 1 << 60),
    ("far, down", 1, -(1 << 60)),
    ("by 256", 2, 256),
    ("by -256", 6, -256),
];

pub(crate) fn attacks() -> Vec<Attack<MatVec>> {
    let gate = MatVec::STANDARD;
    let numbers = |count: usize, step: usize| -> Vec<F> {
        (0..count)
            .map(|i| F::from_noncanonical_i64((i * step % 511) as i64 - 255))
            .collect()
    };
    let constants = numbers(gate.constants(), 37);
    let honest = honest(&gate, &constants, &[numbers(gate.inputs() + gate.outputs(), 101)]);
    let attack = |(name, output, more): &(&str, usize, i64)| {
        let mut wires = honest.clone();
        wires[gate.sum_out(*output)] += F::from_noncanonical_i64(*more);
        Attack {
            name: (*name).to_string(),
            gate,
            constants: constants.clone(),
            wires,
            constraint: "sum",
        }
    };
    ATTACKS.iter().map(attack).collect()
}

pub(crate) fn constants() -> Vec<Attack<Constants>> {
    let attack = |wire: usize| {
        let constants: Vec<F> = (0..Constants.constants()).map(F::from_canonical_usize).collect();
        let mut wires = constants.clone();
        wires[wire] += F::ONE;
        Attack {
            name: format!("wire {wire}"),
            gate: Constants,
            constants,
            wires,
            constraint: "constant",
        }
    };
    [0, 1, 79].map(attack).to_vec()
}

#[test]
fn attacks_are_refused() {
    run(attacks());
}

#[test]
fn constants_are_what_they_are() {
    run(constants());
}
