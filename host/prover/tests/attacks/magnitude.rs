//! Magnitude: other powers of two, sums of several, bounds of others.

use crate::harness::{Attack, honest, limbs, run};
use metisvm_prover::F;
use metisvm_prover::gates::Magnitude;
use plonky2::field::types::Field;

/// How far the numbers of the attacks are shifted.
const SHIFT: u32 = 40;

/// What the attacker claims: indicators of powers of four, the bit, and what it says otherwise than follows.
#[derive(Clone, Copy)]
struct Claim {
    powers: &'static [(u32, i64)],
    bit: i64,
    bound: i64,
    least: Option<i64>,
    greatest: Option<i64>,
}

const fn claim(powers: &'static [(u32, i64)], bit: i64) -> Claim {
    Claim {
        powers,
        bit,
        bound: 0,
        least: None,
        greatest: None,
    }
}

/// Name, number, claim (the bound less what follows), constraint.
#[rustfmt::skip] // one attack a line
const ATTACKS: &[(&str, i64, Claim, &str)] = &[
    ("the next power", 100, claim(&[(3, 1)], 1), "limb above the least"),
    ("a far greater power", 100, claim(&[(15, 1)], 0), "limb above the least"),
    ("the greatest power", 1, claim(&[(30, 1)], 1), "limb above the least"),
    ("the power before", 100, claim(&[(2, 1)], 1), "limb below the greatest"),
    ("the least power", 100, claim(&[(0, 1)], 0), "limb below the greatest"),
    ("the power before that of a power", 64, claim(&[(2, 1)], 1), "limb below the greatest"),
    ("another distance to the power", 100, Claim { least: Some(3), ..claim(&[(3, 1)], 1) }, "least"),
    ("no distance to the power", 100, Claim { least: Some(0), ..claim(&[(3, 1)], 0) }, "least"),
    ("another distance to the next power", 100, Claim { greatest: Some(1), ..claim(&[(3, 1)], 0) }, "greatest"),
    ("no distance to the next power", 100, Claim { greatest: Some(0), ..claim(&[(2, 1)], 1) }, "greatest"),
    ("a bound that is one more", 100, Claim { bound: 1, ..claim(&[(3, 1)], 0) }, "bound"),
    ("a bound that is one less", 100, Claim { bound: -1, ..claim(&[(3, 1)], 0) }, "bound"),
    ("a bound beyond all", 100, Claim { bound: 1 << 62, ..claim(&[(3, 1)], 0) }, "bound"),
    ("two powers", 5, claim(&[(0, 1), (1, 1)], 0), "one"),
    ("two powers, twice", 11, claim(&[(0, 1), (1, 1)], 1), "one"),
    ("two other powers", 80, claim(&[(2, 1), (3, 1)], 0), "one"),
    ("twice a power less one", 7, claim(&[(1, 2), (0, -1)], 0), "indicator"),
    ("three times a power less two others", 50, claim(&[(2, 3), (0, -1), (1, -1)], 0), "indicator"),
    ("a bit of two", 4, claim(&[(0, 1)], 2), "bit"),
    ("a bit of three", 7, claim(&[(0, 1)], 3), "bit"),
];

pub(crate) fn attacks() -> Vec<Attack<Magnitude>> {
    let attack = |(name, v, claim, constraint): &(&str, i64, Claim, &'static str)| {
        let gate = Magnitude::new(SHIFT).expect("it is possible");
        let number = F::from_noncanonical_i64;
        let mut wires = honest(&gate, &[], &[vec![number(*v)]]);
        wires[gate.indicators()].fill(F::ZERO);
        let (mut power, mut bound) = (0, 0);
        for &(j, times) in claim.powers {
            wires[gate.indicators().start + j as usize] = number(times);
            power += times << (2 * j);
            let [even, odd] = [2 * j, 2 * j + 1].map(|power| (1i64 << SHIFT) >> power);
            bound += times * (even + claim.bit * (odd - even));
        }
        let power = power * (1 + claim.bit);
        wires[gate.bit()] = number(claim.bit);
        wires[gate.bound()] = number(bound + claim.bound);
        let parts = [
            (gate.above_least(), claim.least.unwrap_or(v - power)),
            (gate.below_greatest(), claim.greatest.unwrap_or(2 * power - 1 - v)),
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
