//! Bytes of the input: numbers that are none, and others in the commitment.

use crate::harness::{Attack, honest, run};
use metisvm_prover::F;
use metisvm_prover::gates::{Bytes, Rules};
use plonky2::field::types::Field;

/// What the attacker puts on the wires of a byte: its limbs, low, high; and the byte's value that follows.
struct Claim {
    limbs: [i64; 3],
    low: i64,
    high: i64,
    /// Added to the value.
    value: i64,
    /// Added to the packed element.
    packed: i64,
}

const ZERO: Claim = Claim {
    limbs: [0; 3],
    low: 0,
    high: 0,
    value: 0,
    packed: 0,
};

/// Name, whether the byte has a sign, claim, constraint.
type Listed = (&'static str, bool, Claim, &'static str);

#[rustfmt::skip] // one attack a line
const ATTACKS: &[Listed] = &[
    ("256 in a limb", false, Claim { limbs: [256, 0, 0], ..ZERO }, "limb"),
    ("-1 in a limb", false, Claim { limbs: [-1, 0, 0], ..ZERO }, "limb"),
    ("4 in the second limb", false, Claim { limbs: [3, 4, 0], ..ZERO }, "limb"),
    ("16 in the third limb", true, Claim { limbs: [0, 0, 16], ..ZERO }, "limb"),
    ("-1 in the third limb", true, Claim { limbs: [0, 0, -1], ..ZERO }, "limb"),
    ("twice the highest bit", false, Claim { high: 2, ..ZERO }, "bit"),
    ("twice the highest bit, with a sign", true, Claim { high: 2, ..ZERO }, "bit"),
    ("less than nothing of the highest bit", true, Claim { high: -1, ..ZERO }, "bit"),
    ("two of the lower bit", false, Claim { low: 2, ..ZERO }, "bit"),
    ("less than nothing of the lower bit", true, Claim { low: -1, ..ZERO }, "bit"),
    ("another value than the byte", false, Claim { limbs: [1, 2, 3], value: 1, ..ZERO }, "byte"),
    ("a value modulo 256", false, Claim { limbs: [1, 2, 3], value: 256, ..ZERO }, "byte"),
    ("a sign that is none", false, Claim { high: 1, value: -256, ..ZERO }, "byte"),
    ("a sign that is left out", true, Claim { high: 1, value: 256, ..ZERO }, "byte"),
    ("another byte in the commitment", false, Claim { limbs: [1, 2, 3], packed: 1, ..ZERO }, "packed"),
    ("another second byte in the commitment", true, Claim { limbs: [1, 2, 3], packed: 256, ..ZERO }, "packed"),
];

pub(crate) fn attacks() -> Vec<Attack<Bytes>> {
    let attack = |(name, signed, claim, constraint): &Listed| {
        let constants = vec![F::from_bool(*signed); Bytes.constants()];
        let mut wires = honest(&Bytes, &constants, &vec![vec![F::ZERO; Bytes::PACKED]; 3]);
        let number = F::from_noncanonical_i64;
        let limbs = Bytes.limbs(0, 0);
        wires[limbs.end] = number(claim.low);
        wires[limbs.end + 1] = number(claim.high);
        wires[limbs].copy_from_slice(&claim.limbs.map(number));
        let [a, b, c] = claim.limbs;
        let byte = a + 4 * b + 16 * c + 64 * claim.low + 128 * claim.high;
        let sign = if *signed { 256 * claim.high } else { 0 };
        wires[Bytes.value(0, 0)] = number(byte - sign + claim.value);
        wires[Bytes.packed(0)] = number(byte + claim.packed);
        Attack {
            name: (*name).to_string(),
            gate: Bytes,
            constants,
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
