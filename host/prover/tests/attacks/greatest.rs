//! The greatest of four: something greater, something smaller.

use crate::harness::{Attack, honest, limbs, run};
use metisvm_prover::F;
use metisvm_prover::gates::{Greatest, Rules};
use plonky2::field::types::Field;

/// The limbs of a difference: as they follow from the claimed result, but for the number at a position.
type Limbs = Option<(usize, i64)>;

/// Name, numbers, claimed result, limbs, constraint. Numbers are at most 255 apart.
type Listed = (&'static str, [i64; 4], i64, Limbs, &'static str);

#[rustfmt::skip] // one attack a line
const ATTACKS: &[Listed] = &[
    ("one more than the greatest", [1, 2, 3, 4], 5, None, "member"),
    ("much more than the greatest", [1, 2, 3, 4], 200, None, "member"),
    ("greater than negative ones", [-9, -5, -7, -5], 0, None, "member"),
    ("between two of them", [7, 7, 7, 7], 8, None, "member"),
    ("the first, which is smaller", [1, 2, 1, 1], 1, None, "limb"),
    ("the last, which is smaller", [9, 2, 1, 0], 9 - 7, None, "limb"),
    ("the least", [100, -100, 100, 100], -100, None, "limb"),
    ("less by one among negative ones", [-5, -6, -6, -6], -6, None, "limb"),
    ("smaller, with a difference of zero", [1, 2, 1, 1], 1, Some((1, 0)), "difference"),
    ("smaller, with a difference of 255", [1, 2, 1, 1], 1, Some((1, 255)), "difference"),
    ("smaller, with the distance the other way", [4, 9, 4, 4], 4, Some((1, 5)), "difference"),
    ("the true one with another difference", [1, 2, 3, 4], 4, Some((0, 2)), "difference"),
];

pub(crate) fn attacks() -> Vec<Attack<Greatest>> {
    let gate = Greatest::new(255).expect("bytes can be compared");
    let attack = |(name, numbers, claimed, other, constraint): &Listed| {
        let inputs = numbers.map(F::from_noncanonical_i64).to_vec();
        let mut wires = honest(&gate, &[], &vec![inputs; gate.operations()]);
        wires[gate.result(0)] = F::from_noncanonical_i64(*claimed);
        for (i, number) in numbers.iter().enumerate() {
            let difference = match other {
                Some((at, difference)) if *at == i => *difference,
                _ => claimed - number,
            };
            let range = gate.limbs(0, i);
            let limbs = limbs(difference, range.len());
            wires[range].copy_from_slice(&limbs);
        }
        Attack {
            name: (*name).to_string(),
            gate,
            constants: Vec::new(),
            wires,
            constraint,
        }
    };
    ATTACKS.iter().map(attack).collect()
}

#[test]
fn attacks_are_refused() {
    run(attacks());
}
