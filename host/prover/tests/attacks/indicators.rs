//! Indicators: other places, none, several, and ones that are no bits.

use crate::harness::{Attack, honest, run};
use metisvm_prover::F;
use metisvm_prover::gates::{Indicators, Rules};
use plonky2::field::types::Field;

/// Places of the index 3: which indicator is how much.
type Marked = &'static [(usize, i64)];

/// Name, indicators, the count and the place that are handed on, constraint.
#[rustfmt::skip] // one attack a line
const ATTACKS: &[(&str, Marked, i64, i64, &str)] = &[
    ("the next place", &[(4, 1)], 1, 3, "place"),
    ("the place before", &[(2, 1)], 1, 3, "place"),
    ("the first place", &[(0, 1)], 1, 3, "place"),
    ("the last place", &[(9, 1)], 1, 3, "place"),
    ("a place handed on that there is none of", &[(3, 1)], 1, 12, "place"),
    ("no place, counted as one", &[], 1, 0, "count"),
    ("two places that are the index together", &[(1, 1), (2, 1)], 1, 3, "count"),
    ("the place and the first one", &[(0, 1), (3, 1)], 1, 3, "count"),
    ("three places, counted as one", &[(0, 1), (1, 1), (2, 1)], 1, 3, "count"),
    ("one place, counted as none", &[(3, 1)], 0, 3, "count"),
    ("a place twice, less another one", &[(4, 2), (5, -1)], 1, 3, "indicator"),
    ("places that cancel", &[(3, 1), (1, 1), (0, -1), (6, -2), (5, 2), (9, 0)], 1, 2, "indicator"),
    ("three times one place, less two others", &[(2, 3), (0, -1), (3, -1)], 1, 3, "indicator"),
    ("minus one and twice", &[(1, -1), (2, 2)], 1, 3, "indicator"),
];

pub(crate) fn attacks() -> Vec<Attack<Indicators>> {
    let gate = Indicators::new(10);
    let number = F::from_noncanonical_i64;
    let constants = vec![F::ZERO; gate.constants()];
    let attack = |(name, marked, count, place, constraint): &(&str, Marked, i64, i64, &'static str)| {
        let inputs = [3, 0, 0].map(number).to_vec();
        let mut wires = honest(&gate, &constants, &vec![inputs; gate.operations()]);
        for at in 0..gate.places() {
            let marked = marked.iter().find(|(marked, _)| *marked == at);
            wires[gate.indicator(0, at)] = number(marked.map_or(0, |(_, value)| *value));
        }
        wires[gate.count_out(0)] = number(*count);
        wires[gate.place_out(0)] = number(*place);
        Attack {
            name: (*name).to_string(),
            gate,
            constants: constants.clone(),
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
