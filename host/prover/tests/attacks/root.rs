//! Root: other roots, other distances, limits that are none.

use crate::harness::{Attack, honest, limbs, run};
use metisvm_prover::F;
use metisvm_prover::gates::Root;
use plonky2::field::types::Field;

const LIMIT: i64 = Root::LIMIT as i64;

/// What the attacker claims: the root, `full`, and what limbs say where that is another number than follows.
#[derive(Clone, Copy)]
struct Claim {
    y: i64,
    full: i64,
    result: Option<i64>,
    square: Option<i64>,
    next: Option<i64>,
}

const fn claim(y: i64) -> Claim {
    Claim {
        y,
        full: 0,
        result: None,
        square: None,
        next: None,
    }
}

/// Name, number, claim, constraint.
#[rustfmt::skip] // one attack a line
const ATTACKS: &[(&str, i64, Claim, &str)] = &[
    ("one more", 100, claim(11), "limb above the square"),
    ("one more of a number that is no square", 99, claim(10), "limb above the square"),
    ("far more", 100, claim(1000), "limb above the square"),
    ("one of nothing", 0, claim(1), "limb above the square"),
    ("one less", 100, claim(9), "limb below the next"),
    ("nothing", 100, claim(0), "limb below the next"),
    ("one less than the limit", LIMIT * LIMIT, claim(LIMIT - 1), "limb below the next"),
    ("another distance to the square", 100, Claim { square: Some(0), ..claim(11) }, "square"),
    ("the distance the other way", 99, Claim { square: Some(1), ..claim(10) }, "square"),
    ("another distance to the next square", 100, Claim { next: Some(0), ..claim(9) }, "next"),
    ("the distance to the next the other way", 100, Claim { next: Some(1), ..claim(9) }, "next"),
    ("said to be the limit, which it is not", 100, Claim { full: 1, next: Some(0), ..claim(9) }, "limited"),
    ("nothing, said to be the limit", 100, Claim { full: 1, next: Some(0), ..claim(0) }, "limited"),
    ("limbs say another root", 100, Claim { result: Some(11), ..claim(10) }, "result"),
    ("limbs say nothing", 100, Claim { result: Some(0), ..claim(10) }, "result"),
    ("beyond the limit", 1 << 62, claim(1 << 31), "highest"),
    ("twice the limit", LIMIT * LIMIT + 5, Claim { full: 2, ..claim(LIMIT) }, "full"),
    ("minus the limit", LIMIT * LIMIT + 5, Claim { full: -1, ..claim(LIMIT) }, "full"),
];

pub(crate) fn attacks() -> Vec<Attack<Root>> {
    let attack = |(name, x, claim, constraint): &(&str, i64, Claim, &'static str)| {
        let gate = Root;
        let number = F::from_noncanonical_i64;
        let mut wires = honest(&gate, &[], &[vec![number(*x)]]);
        wires[gate.result()] = number(claim.y);
        wires[gate.full()] = number(claim.full);
        let square = claim.y * claim.y;
        let parts = [
            (gate.result_limbs(), claim.result.unwrap_or(claim.y)),
            (gate.above_square(), claim.square.unwrap_or(x - square)),
            (gate.below_next(), claim.next.unwrap_or(square - x + 2 * claim.y)),
        ];
        for (range, value) in parts {
            let limbs = limbs(value, range.len());
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
