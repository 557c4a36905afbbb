//! Requantise: wrong quotients, remainders, limits.

use crate::harness::{Attack, honest, limbs, run};
use metisvm_prover::F;
use metisvm_prover::gates::{Requantise, RequantiseConstants, Rules};
use plonky2::field::types::Field;

/// A gate and the constants of its operations.
#[derive(Clone, Copy)]
struct Sample {
    shift: usize,
    rounds: bool,
    multiplier: i64,
    zero: i64,
    low: i64,
    high: i64,
    /// The farthest that a number lies beyond the limits; 0 where none does.
    excess: u64,
}

/// A quarter, rounded, to u8.
const QUARTER: Sample = Sample {
    shift: 2,
    rounds: true,
    multiplier: 1,
    zero: 0,
    low: 0,
    high: 255,
    excess: 1000,
};
/// What layers have: a multiplier of 15 bits, a zero point, i8.
const LAYER: Sample = Sample {
    shift: 24,
    rounds: true,
    multiplier: 20_011,
    zero: -7,
    low: -128,
    high: 127,
    excess: 5000,
};
/// Limits whose distance is not 4^n − 1.
const RELU6: Sample = Sample {
    shift: 2,
    rounds: true,
    multiplier: 1,
    zero: 10,
    low: 10,
    high: 210,
    excess: 1000,
};
/// No shift.
const CLAMP: Sample = Sample {
    shift: 0,
    rounds: false,
    multiplier: 1,
    zero: 0,
    low: -5,
    high: 94,
    excess: 1000,
};
/// Nothing lies beyond the limits.
const WIDE: Sample = Sample {
    shift: 4,
    rounds: true,
    multiplier: 3,
    zero: 0,
    low: -10_000,
    high: 10_000,
    excess: 0,
};
/// No rounding, as for ArgMax.
const DIGIT: Sample = Sample {
    shift: 4,
    rounds: false,
    multiplier: 1,
    zero: 0,
    low: -128,
    high: 127,
    excess: 0,
};

/// What the attacker claims of operation 0. What is not claimed is what follows for an honest prover.
#[derive(Clone, Copy, Default)]
struct Claim {
    /// The result and its limbs.
    result: Option<i64>,
    /// The result alone, with limbs of the true one.
    result_wire: Option<i64>,
    excess: Option<i64>,
    above: Option<i64>,
    remainder: Option<i64>,
    /// The limbs of the distance to the upper limit.
    bound: Option<i64>,
}

const NOTHING: Claim = Claim {
    result: None,
    result_wire: None,
    excess: None,
    above: None,
    remainder: None,
    bound: None,
};

/// Name, gate, operand, claim, constraint.
#[rustfmt::skip] // one attack a line
const ATTACKS: &[(&str, Sample, i64, Claim, &str)] = &[
    ("quotient one more", QUARTER, 41, Claim { result: Some(11), ..NOTHING }, "division"),
    ("quotient one less", QUARTER, 41, Claim { result: Some(9), ..NOTHING }, "division"),
    ("quotient of zero", QUARTER, 200, Claim { result: Some(0), ..NOTHING }, "division"),
    ("half rounded down", QUARTER, 2, Claim { result: Some(0), ..NOTHING }, "division"),
    ("remainder one more", QUARTER, 41, Claim { remainder: Some(0), ..NOTHING }, "division"),
    ("quotient one more in a layer", LAYER, 50_000, Claim { result: Some(54), ..NOTHING }, "division"),
    ("remainder of zero in a layer", LAYER, 50_000, Claim { remainder: Some(0), ..NOTHING }, "division"),
    ("sign of a quotient", LAYER, 50_000, Claim { result: Some(-67), ..NOTHING }, "division"),
    ("quotient one more, wide", WIDE, 41, Claim { result: Some(9), ..NOTHING }, "division"),
    ("quotient one more, digit", DIGIT, 41, Claim { result: Some(3), ..NOTHING }, "division"),
    ("no shift, another number", CLAMP, 41, Claim { result: Some(40), bound: Some(54), ..NOTHING }, "division"),
    ("remainder of a whole divisor", QUARTER, 40, Claim { result: Some(9), remainder: Some(6), ..NOTHING }, "limb of the remainder"),
    ("remainder of three divisors", QUARTER, 40, Claim { result: Some(7), remainder: Some(14), ..NOTHING }, "limb of the remainder"),
    ("negative remainder", QUARTER, 40, Claim { result: Some(11), remainder: Some(-2), ..NOTHING }, "limb of the remainder"),
    ("negative remainder, far", QUARTER, 40, Claim { result: Some(200), remainder: Some(2 - 4 * 190), ..NOTHING }, "limb of the remainder"),
    ("remainder of a whole divisor, wide", WIDE, 41, Claim { result: Some(7), remainder: Some(3 + 16), ..NOTHING }, "limb of the remainder"),
    ("negative remainder, digit", DIGIT, 41, Claim { result: Some(3), remainder: Some(-7), ..NOTHING }, "limb of the remainder"),
    ("remainder of a whole divisor, digit", DIGIT, -1, Claim { result: Some(-2), remainder: Some(31), ..NOTHING }, "limb of the remainder"),
    ("256 as u8", QUARTER, 1024, Claim { result: Some(256), excess: Some(0), ..NOTHING }, "limb of the result"),
    ("1000 as u8", QUARTER, 4000, Claim { result: Some(1000), excess: Some(0), ..NOTHING }, "limb of the result"),
    ("-1 as u8", QUARTER, -4, Claim { result: Some(-1), excess: Some(0), ..NOTHING }, "limb of the result"),
    ("-900 as u8", QUARTER, -3600, Claim { result: Some(-900), excess: Some(0), ..NOTHING }, "limb of the result"),
    ("less than the lower limit, no shift", CLAMP, -6, Claim { result: Some(-6), excess: Some(0), bound: Some(100), ..NOTHING }, "limb of the result"),
    ("beyond a limit that is no power", RELU6, 4 * 201, Claim { result: Some(211), excess: Some(0), bound: Some(-1), ..NOTHING }, "limb of the bound"),
    ("far beyond a limit that is no power", RELU6, 4 * 255, Claim { result: Some(265), excess: Some(0), bound: Some(-55), ..NOTHING }, "limb of the bound"),
    ("beyond the limit of a clamp", CLAMP, 95, Claim { result: Some(95), excess: Some(0), bound: Some(-1), ..NOTHING }, "limb of the bound"),
    ("another distance to the limit", RELU6, 4 * 201, Claim { result: Some(211), excess: Some(0), bound: Some(0), ..NOTHING }, "bound"),
    ("another distance to the limit, far", RELU6, 4 * 255, Claim { result: Some(265), excess: Some(0), bound: Some(200), ..NOTHING }, "bound"),
    ("another distance to the limit of a clamp", CLAMP, 95, Claim { result: Some(95), excess: Some(0), bound: Some(7), ..NOTHING }, "bound"),
    ("excess in the middle, above", QUARTER, 400, Claim { result: Some(90), excess: Some(10), above: Some(1), ..NOTHING }, "clamped"),
    ("excess in the middle, below", QUARTER, 400, Claim { result: Some(110), excess: Some(10), above: Some(0), ..NOTHING }, "clamped"),
    ("clamped to the other limit", QUARTER, 400, Claim { result: Some(0), excess: Some(100), above: Some(1), ..NOTHING }, "clamped"),
    ("clamped to the upper limit from below", QUARTER, 400, Claim { result: Some(255), excess: Some(155), above: Some(0), ..NOTHING }, "clamped"),
    ("not clamped far enough", QUARTER, 4 * 300, Claim { result: Some(254), excess: Some(46), above: Some(1), ..NOTHING }, "clamped"),
    ("excess in a layer", LAYER, 50_000, Claim { result: Some(-128), excess: Some(181), above: Some(1), ..NOTHING }, "clamped"),
    ("excess below a limit that is no power", RELU6, 4 * 50, Claim { result: Some(10), excess: Some(50), above: Some(1), ..NOTHING }, "clamped"),
    ("neither above nor below", QUARTER, 4 * 79, Claim { result: Some(85), excess: Some(2), above: Some(-1), ..NOTHING }, "above"),
    ("neither above nor below, farther", QUARTER, 4 * 4, Claim { result: Some(85), excess: Some(27), above: Some(-1), ..NOTHING }, "above"),
    ("twice above", QUARTER, 4 * 200, Claim { result: Some(170), excess: Some(10), above: Some(2), ..NOTHING }, "above"),
    ("negative excess at the upper limit", QUARTER, 4 * 250, Claim { result: Some(255), excess: Some(-5), above: Some(1), ..NOTHING }, "limb of the excess"),
    ("negative excess at the lower limit", QUARTER, 4 * 5, Claim { result: Some(0), excess: Some(-5), above: Some(0), ..NOTHING }, "limb of the excess"),
    ("from one limit to the other", QUARTER, -4 * 3, Claim { result: Some(255), excess: Some(-258), above: Some(1), ..NOTHING }, "limb of the excess"),
    ("negative excess in a layer", LAYER, 50_000, Claim { result: Some(127), excess: Some(-74), above: Some(1), ..NOTHING }, "limb of the excess"),
    ("another result than its limbs", QUARTER, 41, Claim { result_wire: Some(11), ..NOTHING }, "result"),
    ("another result than its limbs, clamped", QUARTER, 4000, Claim { result_wire: Some(1000), ..NOTHING }, "result"),
    ("another result than its limbs, in a layer", LAYER, 50_000, Claim { result_wire: Some(-53), ..NOTHING }, "result"),
    ("another result than its limbs, wide", WIDE, -41, Claim { result_wire: Some(8), ..NOTHING }, "result"),
    ("another result than its limbs, digit", DIGIT, 41, Claim { result_wire: Some(0), ..NOTHING }, "result"),
];

impl Sample {
    fn gate(&self) -> Requantise {
        let span = self.high.abs_diff(self.low);
        Requantise::new(self.shift, self.rounds, span..=span, self.excess).expect("the sample is possible")
    }

    fn constants(&self, gate: &Requantise) -> Vec<F> {
        let one = RequantiseConstants {
            multiplier: self.multiplier,
            offset: self.low - self.zero,
            low: self.low,
            span: self.high.abs_diff(self.low),
        };
        (0..gate.operations()).flat_map(|_| one.elements()).collect()
    }

    fn attack(&self, operand: i64, claim: &Claim) -> (Requantise, Vec<F>, Vec<F>) {
        let gate = self.gate();
        let constants = self.constants(&gate);
        let inputs = vec![vec![F::from_noncanonical_i64(operand)]; gate.operations()];
        let mut wires = honest(&gate, &constants, &inputs);
        let mut put = |range: std::ops::Range<usize>, value: i64| {
            let limbs = limbs(value, range.len());
            wires[range].copy_from_slice(&limbs);
        };
        if let Some(result) = claim.result {
            put(gate.result_limbs(0), result - self.low);
        }
        if let Some(excess) = claim.excess {
            put(gate.excess_limbs(0), excess);
        }
        if let Some(remainder) = claim.remainder {
            put(gate.remainder(0), remainder);
        }
        let bound = claim.bound.or(claim.result.map(|result| self.high - result));
        if let Some(bound) = bound.filter(|_| !gate.bound_limbs(0).is_empty()) {
            put(gate.bound_limbs(0), bound);
        }
        if let Some(result) = claim.result.or(claim.result_wire) {
            wires[gate.result(0)] = F::from_noncanonical_i64(result);
        }
        if let Some(above) = claim.above {
            wires[gate.above(0)] = F::from_noncanonical_i64(above);
        }
        (gate, constants, wires)
    }
}

/// Gate, operand, and how far the quotient is off: once as it is, once with a remainder that makes up for it.
const OFF: &[(Sample, i64, &[i64])] = &[
    (QUARTER, 41, &[5, -10]),
    (LAYER, 50_000, &[60, -100]),
    (LAYER, -20_000, &[1]),
    (WIDE, 41, &[4000, -4000]),
    (DIGIT, 41, &[100]),
    (DIGIT, -1, &[-5]),
];

fn off() -> impl Iterator<Item = Attack<Requantise>> {
    let all = OFF.iter().flat_map(|(sample, operand, by)| {
        by.iter()
            .flat_map(move |&by| [(sample, *operand, by, false), (sample, *operand, by, true)])
    });
    all.map(|(sample, operand, by, made_up)| {
        let half = if sample.rounds { 1 << (sample.shift - 1) } else { 0 };
        let number = operand * sample.multiplier + half;
        let quotient = number >> sample.shift;
        let remainder = number - ((quotient + by) << sample.shift);
        let claim = Claim {
            result: Some(quotient + sample.zero + by),
            remainder: made_up.then_some(remainder),
            ..NOTHING
        };
        let (gate, constants, wires) = sample.attack(operand, &claim);
        Attack {
            name: format!("{gate:?}, {operand}, off by {by}, made up for: {made_up}"),
            gate,
            constants,
            wires,
            constraint: if made_up {
                "limb of the remainder"
            } else {
                "division"
            },
        }
    })
}

pub(crate) fn attacks() -> Vec<Attack<Requantise>> {
    let listed = ATTACKS.iter().map(|(name, sample, operand, claim, constraint)| {
        let (gate, constants, wires) = sample.attack(*operand, claim);
        Attack {
            name: (*name).to_string(),
            gate,
            constants,
            wires,
            constraint,
        }
    });
    listed.chain(off()).collect()
}

#[test]
fn attacks_are_refused() {
    run(attacks());
}
