//! Tables: other entries, other indices, indices that there are none of.

use crate::harness::{Attack, honest, run};
use metisvm_prover::F;
use metisvm_prover::gates::{Rules, Table};
use plonky2::field::types::Field;

/// What the attacker puts on the wires, in place of what follows for an honest prover.
#[derive(Clone, Copy, Default)]
struct Claim {
    result: Option<i64>,
    limbs: Option<[i64; 4]>,
    /// A middle number, by its position.
    middle: Option<(usize, i64)>,
}

const NOTHING: Claim = Claim {
    result: None,
    limbs: None,
    middle: None,
};

/// Entry `i` of the table. Its operand is `i − 128`.
const fn entry(i: i64) -> i64 {
    i * i - 3000
}

/// Name, index, claim, constraint.
#[rustfmt::skip] // one attack a line
const ATTACKS: &[(&str, i64, Claim, &str)] = &[
    ("no entry", 77, Claim { result: Some(1), ..NOTHING }, "entry"),
    ("the next entry", 77, Claim { result: Some(entry(78)), ..NOTHING }, "entry"),
    ("the first entry", 255, Claim { result: Some(entry(0)), ..NOTHING }, "entry"),
    ("the last entry", 0, Claim { result: Some(entry(255)), ..NOTHING }, "entry"),
    ("a middle number that is read", 77, Claim { result: Some(5), middle: Some((4, 5)), ..NOTHING }, "middle"),
    ("a middle number that is not read", 77, Claim { middle: Some((5, 5)), ..NOTHING }, "middle"),
    ("the first of them", 0, Claim { result: Some(9), middle: Some((0, 9)), ..NOTHING }, "middle"),
    ("the last of them", 255, Claim { result: Some(9), middle: Some((15, 9)), ..NOTHING }, "middle"),
    // 77 = 1 + 4·3 + 64; limbs of entries with the same two lower limbs leave the middle numbers as they are.
    ("another index", 77, Claim { result: Some(entry(93)), limbs: Some([1, 3, 1, 1]), ..NOTHING }, "index"),
    ("the least index", 77, Claim { result: Some(entry(13)), limbs: Some([1, 3, 0, 0]), ..NOTHING }, "index"),
    ("the greatest index", 77, Claim { result: Some(entry(253)), limbs: Some([1, 3, 3, 3]), ..NOTHING }, "index"),
];

fn attack(index: i64, claim: &Claim) -> (Vec<F>, Vec<F>) {
    let number = F::from_noncanonical_i64;
    let constants: Vec<F> = (0..256).map(entry).chain([-128]).map(number).collect();
    let inputs = vec![vec![number(index - 128)]; Table.operations()];
    let mut wires = honest(&Table, &constants, &inputs);
    if let Some(result) = claim.result {
        wires[Table.result(0)] = number(result);
    }
    if let Some(limbs) = claim.limbs {
        wires[Table.limbs(0)].copy_from_slice(&limbs.map(number));
    }
    if let Some((at, value)) = claim.middle {
        wires[Table.middle(0)][at] = number(value);
    }
    (constants, wires)
}

pub(crate) fn attacks() -> Vec<Attack<Table>> {
    let listed = ATTACKS.iter().map(|(name, index, claim, constraint)| {
        let (constants, wires) = attack(*index, claim);
        Attack {
            name: (*name).to_string(),
            gate: Table,
            constants,
            wires,
            constraint,
        }
    });
    listed.chain([4, 5, -1, -100].map(beyond)).collect()
}

/// An index beyond the table, by a highest limb beyond 3: the polynomials go on there.
fn beyond(limb: i64) -> Attack<Table> {
    let (constants, mut wires) = attack(0, &NOTHING);
    let number = F::from_noncanonical_i64;
    wires[Table.limbs(0)][3] = number(limb);
    wires[Table.operand(0)] = number(64 * limb - 128);
    // The lower limbs are 0, so these are entries 0, 64, 128 and 192, at 0, 1, 2 and 3.
    let at = |k: i64| {
        let others = (0..4).filter(|&j| j != k);
        let basis = others.map(|j| number(limb - j) * number(k - j).inverse());
        basis.product::<F>() * number(entry(64 * k))
    };
    wires[Table.result(0)] = (0..4).map(at).sum();
    Attack {
        name: format!("highest limb {limb}"),
        gate: Table,
        constants,
        wires,
        constraint: "limb",
    }
}

#[test]
fn attacks_are_refused() {
    run(attacks());
}
