//! Reciprocal: wrong quotients, remainders, limits.

use crate::harness::{Attack, honest, limbs, run};
use metisvm_prover::F;
use metisvm_prover::gates::{Reciprocal, Rules};
use plonky2::field::types::Field;

/// What the attacker puts on the wires.
#[derive(Clone, Copy)]
struct Claim {
    y: i64,
    r: i64,
    b: i64,
    full: i64,
    /// What the limbs of y say less than y.
    limbs: i64,
}

const LIMIT: i64 = Reciprocal::LIMIT as i64;
const fn claim(y: i64, r: i64, b: i64) -> Claim {
    Claim {
        y,
        r,
        b,
        full: 0,
        limbs: 0,
    }
}

/// Name, numerator, divisor, claim, constraint.
type Listed = (&'static str, i64, i64, Claim, &'static str);

#[rustfmt::skip] // one attack a line
const ATTACKS: &[Listed] = &[
    ("one more, the remainder as it was", 100, 7, claim(15, 2, 4), "division"),
    ("one less, the remainder as it was", 100, 7, claim(13, 2, 4), "division"),
    ("nothing", 100, 7, claim(0, 2, 4), "division"),
    ("one more, with a negative remainder", 100, 7, claim(15, -5, 11), "limb of the remainder"),
    ("far more, with a negative remainder", 1000, 7, claim(150, -50, 56), "limb of the remainder"),
    ("one less, with a remainder of a divisor more", 100, 7, claim(13, 9, -3), "limb of the bound"),
    ("nothing, with all as the remainder", 100, 7, claim(0, 100, -94), "limb of the bound"),
    ("one less, and the bound is not that of the remainder", 100, 7, claim(13, 9, 0), "remainder"),
    ("nothing, and the bound is not that of the remainder", 100, 7, claim(0, 100, 5), "remainder"),
    ("said to be the limit, which it is not", 100, 7, Claim { full: 1, ..claim(13, 9, 0) }, "limited"),
    ("nothing, said to be the limit", 100, 7, Claim { full: 1, ..claim(0, 100, 0) }, "limited"),
    ("limbs say another result", 100, 7, Claim { limbs: 1, ..claim(14, 2, 4) }, "result"),
    ("limbs say nothing", 100, 7, Claim { limbs: 14, ..claim(14, 2, 4) }, "result"),
    ("beyond the limit by one", 1 << 40, 1 << 9, claim(1 << 31, 0, (1 << 9) - 1), "highest"),
    ("beyond the limit by half", 3 << 40, 1 << 10, claim(3 << 30, 0, (1 << 10) - 1), "highest"),
    ("less than the limit, beyond which it lies", 1 << 40, 2, claim(LIMIT - 1, (1 << 40) - 2 * (LIMIT - 1), 0), "remainder"),
];

pub(crate) fn attacks() -> Vec<Attack<Reciprocal>> {
    let attack = |(name, numerator, divisor, claim, constraint): &Listed| {
        let gate = Reciprocal;
        let number = F::from_noncanonical_i64;
        let constants = vec![number(*numerator)];
        let mut wires = honest(
            &gate,
            &constants,
            &vec![vec![number(*divisor)]; gate.operations()],
        );
        wires[gate.result(0)] = number(claim.y);
        wires[gate.full(0)] = number(claim.full);
        let parts = [
            (gate.result_limbs(0), claim.y - claim.limbs),
            (gate.remainder(0), claim.r),
            (gate.bound(0), claim.b),
        ];
        for (range, value) in parts {
            let limbs = limbs(value, range.len());
            wires[range].copy_from_slice(&limbs);
        }
        Attack {
            name: (*name).to_string(),
            gate,
            constants,
            wires,
            constraint,
        }
    };
    ATTACKS.iter().map(attack).chain([two_of_full()]).collect()
}

/// A half of `full` would excuse half of a remainder.
fn two_of_full() -> Attack<Reciprocal> {
    let gate = Reciprocal;
    let number = F::from_noncanonical_i64;
    let constants = vec![number(4 * LIMIT + 3)];
    let mut wires = honest(&gate, &constants, &vec![vec![number(4)]; gate.operations()]);
    // The quotient is the limit, so that any `full` excuses.
    wires[gate.full(0)] = number(2);
    Attack {
        name: "two of full".to_string(),
        gate,
        constants,
        wires,
        constraint: "full",
    }
}

#[test]
fn attacks_are_refused() {
    run(attacks());
}
