//! Division: wrong quotients and remainders, limits that do not hold.

use crate::harness::{Attack, honest, limbs, run};
use metisvm_prover::F;
use metisvm_prover::gates::{Division, Rules};
use plonky2::field::types::Field;

/// What the attacker claims: the quotient, and what limbs say of r, `d − 1 − r`, `q − low` and `high − q`, where that
/// is another number than follows.
#[derive(Clone, Copy)]
struct Claim {
    q: i64,
    r: i64,
    bound: Option<i64>,
    low: Option<i64>,
    high: Option<i64>,
}

const fn claim(q: i64, r: i64) -> Claim {
    Claim {
        q,
        r,
        bound: None,
        low: None,
        high: None,
    }
}

/// Name, number, divisor, claim, constraint. Quotients are to lie within 1,000 of zero.
#[rustfmt::skip] // one attack a line
const ATTACKS: &[(&str, i64, i64, Claim, &str)] = &[
    ("one more, the remainder as it was", 100, 7, claim(15, 2), "division"),
    ("one less of a negative number", -100, 7, claim(-16, 5), "division"),
    ("nothing, the remainder as it was", 100, 7, claim(0, 2), "division"),
    ("one more, with a negative remainder", 100, 7, claim(15, -5), "limb of the remainder"),
    ("rounded up below zero, with a negative remainder", -100, 7, claim(-14, -2), "limb of the remainder"),
    ("far more, with a negative remainder", 1000, 7, claim(150, -50), "limb of the remainder"),
    ("one less, with a remainder of a divisor more", 100, 7, claim(13, 9), "limb of the bound"),
    ("nothing, with all as the remainder", 60, 7, claim(0, 60), "limb of the bound"),
    ("the bound is not that of the remainder", 100, 7, Claim { bound: Some(0), ..claim(13, 9) }, "remainder"),
    ("a bound of nothing", 60, 7, Claim { bound: Some(0), ..claim(0, 60) }, "remainder"),
    ("another distance to the least", 100, 7, Claim { low: Some(3), ..claim(14, 2) }, "low"),
    ("no distance to the least", 100, 7, Claim { low: Some(0), ..claim(14, 2) }, "low"),
    ("another distance to the greatest", 100, 7, Claim { high: Some(3), ..claim(14, 2) }, "high"),
    ("no distance to the greatest", 100, 7, Claim { high: Some(0), ..claim(14, 2) }, "high"),
    ("a quotient beyond the greatest", 1001 * 7, 7, claim(1001, 0), "limb below high"),
    ("a quotient far beyond the greatest", 2500 * 7 + 1, 7, claim(2500, 1), "limb below high"),
    ("a quotient below the least", -1001 * 7, 7, claim(-1001, 0), "limb above low"),
    ("a quotient far below the least", -2500 * 7 + 1, 7, claim(-2500, 1), "limb above low"),
];

pub(crate) fn attacks() -> Vec<Attack<Division>> {
    let gate = Division::new(64, 2000).expect("it is possible");
    let number = F::from_noncanonical_i64;
    let listed = ATTACKS.iter().map(|(name, n, d, claim, constraint)| {
        // Quotients beyond the limits have no honest wires; those of another number stand there first.
        let inputs = [0, *d, -1000, 1000].map(number).to_vec();
        let mut wires = honest(&gate, &[], &vec![inputs; gate.operations()]);
        wires[gate.number(0)] = number(*n);
        wires[gate.quotient(0)] = number(claim.q);
        let parts = [
            (gate.remainder(0), claim.r),
            (gate.bound(0), claim.bound.unwrap_or(d - 1 - claim.r)),
            (gate.above_low(0), claim.low.unwrap_or(claim.q + 1000)),
            (gate.below_high(0), claim.high.unwrap_or(1000 - claim.q)),
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
    });
    listed.chain(of_the_field()).collect()
}

/// A quotient that is none of integers, but whose product with the divisor wraps around p: n / d in the field. The
/// attacker has the greatest quotient, too; the distance to the least refuses it.
fn of_the_field() -> impl Iterator<Item = Attack<Division>> {
    let gate = Division::new(64, 2000).expect("it is possible");
    [3, 7, 11, 60].into_iter().map(move |d: i64| {
        let number = F::from_noncanonical_i64;
        let inputs = [100, d, -1000, 1000].map(number).to_vec();
        let mut wires = honest(&gate, &[], &vec![inputs; gate.operations()]);
        let q = number(100) / number(d);
        wires[gate.quotient(0)] = q;
        wires[gate.number(0) + 3] = q + number(5);
        let parts = [
            (gate.remainder(0), 0),
            (gate.bound(0), d - 1),
            (gate.below_high(0), 5),
        ];
        for (range, value) in parts {
            let limbs = limbs(value, range.len());
            wires[range].copy_from_slice(&limbs);
        }
        let above_low = gate.above_low(0);
        wires[above_low.clone()].fill(F::ZERO);
        wires[above_low.start] = q + number(1000);
        Attack {
            name: format!("100 / {d} in the field"),
            gate,
            constants: Vec::new(),
            wires,
            constraint: "limb above low",
        }
    })
}

#[test]
fn attacks_are_refused() {
    run(attacks());
}
