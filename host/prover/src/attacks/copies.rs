//! Copies: a wire that should have the value of another one has a number more.

use super::harness::{LIMIT, WEAK, bundle, hold, input};
use crate::circuit::Built;
use crate::inference::Inference;
use crate::lane::Lane;
use crate::links::Part;
use crate::rows::Rows;
use metisvm_model::Bundle;
use metisvm_verifier::field::{F, integer, residue};
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, Witness};
use std::collections::BTreeSet;

/// Name, the part whose copies are attacked, which of them, how much more than what is copied stands there.
pub(super) type Copy = (&'static str, Part, usize, i64);

#[rustfmt::skip] // one attack a line
const INPUT: &[Copy] = &[
    ("another first byte is committed to than the model reads", Part::Input, 0, 1),
    ("another second byte is committed to", Part::Input, 1, -1),
    ("a byte in the middle, one more", Part::Input, 33, 1),
    ("a byte in the middle, by its second limb", Part::Input, 34, 4),
    ("another last byte is committed to", Part::Input, 69, -3),
    ("a byte in the commitment's first element", Part::Input, 84, 1),
    ("the second byte of the commitment's second element", Part::Input, 85, 256),
    ("a byte less in the commitment's last element", Part::Input, 93, -1),
    ("an element of the commitment that is no seven bytes", Part::Input, 88, 1 << 56),
];

#[rustfmt::skip]
const LAYERS: &[Copy] = &[
    ("the first layer takes another first byte", Part::Node(0), 0, 1),
    ("the first layer takes another last byte of a row", Part::Node(0), 63, -1),
    ("the first layer takes a number that is no byte", Part::Node(0), 5, 300),
    ("the first layer takes a negative number", Part::Node(0), 6, -300),
    ("the first layer begins with a sum that is not zero", Part::Node(0), 64, 1000),
    ("the first layer begins another sum with less than nothing", Part::Node(0), 71, -1000),
    ("a sum is carried with one more", Part::Node(0), 136, 1),
    ("a sum is carried with one less", Part::Node(0), 137, -1),
    ("a sum is carried with a product more", Part::Node(0), 139, 127 * 255),
    ("the last channel begins with another sum", Part::Node(0), 144 + 64, 5000),
    ("the second layer takes one more", Part::Node(2), 0, 1),
    ("the second layer takes one less", Part::Node(2), 1, -1),
    ("the second layer takes no byte", Part::Node(2), 2, 256),
    ("the second layer takes a negative number", Part::Node(2), 3, -256),
    ("the second layer begins with a sum that is not zero", Part::Node(2), 64, 4000),
    ("the second layer begins with less than nothing", Part::Node(2), 71, -4000),
];

#[rustfmt::skip]
const NARROWING: &[Copy] = &[
    ("the first sum is narrowed as one of a step more", Part::Node(1), 0, 700),
    ("the first sum is narrowed as one of a step less", Part::Node(1), 0, -700),
    ("a sum is narrowed with one more", Part::Node(1), 3, 1),
    ("the last sum is narrowed with one less", Part::Node(1), 8, -1),
    ("a sum is narrowed as a far greater one", Part::Node(1), 4, 100_000),
    ("a sum is narrowed as a far smaller one", Part::Node(1), 5, -100_000),
    ("the second layer's first sum, one more", Part::Node(3), 0, 1),
    ("the second layer's sum, a step more", Part::Node(3), 2, 300),
    ("the second layer's sum, a step less", Part::Node(3), 3, -300),
    ("the second layer's last sum, far more", Part::Node(3), 7, 40_000),
];

#[rustfmt::skip]
const COMPARING: &[Copy] = &[
    ("another first score is compared", Part::Node(4), 0, 64),
    ("a second score with another place", Part::Node(4), 1, 1),
    ("a third score, less", Part::Node(4), 2, -64),
    ("a score of the second group, more", Part::Node(4), 4, 128),
    ("a score of the second group, less", Part::Node(4), 5, -64),
    ("the last score with another place", Part::Node(4), 7, 2),
    ("a greatest that no group has", Part::Node(4), 16, 64),
    ("the other group's greatest, less", Part::Node(4), 17, -64),
    ("the greatest is taken apart as a greater one", Part::Node(4), 32, 16),
];

#[rustfmt::skip]
const STATED: &[Copy] = &[
    ("another version", Part::Statement, 0, 1),
    ("a version before", Part::Statement, 0, -1),
    ("another model, first word", Part::Statement, 1, 1),
    ("another model, second word", Part::Statement, 2, -1),
    ("another model, third word", Part::Statement, 3, 1 << 31),
    ("another model, fourth word", Part::Statement, 4, 1 << 16),
    ("another model, fifth word", Part::Statement, 5, 1 << 8),
    ("another model, sixth word", Part::Statement, 6, 3),
    ("another model, seventh word", Part::Statement, 7, -7),
    ("another model, last word", Part::Statement, 8, 1),
    ("another commitment, first element", Part::Statement, 9, 1),
    ("another commitment, second element", Part::Statement, 10, -1),
    ("another commitment, third element", Part::Statement, 11, 1 << 40),
    ("another commitment, last element", Part::Statement, 12, 1),
    ("the next class", Part::Statement, 23, 1),
    ("the class before", Part::Statement, 23, -1),
    ("no class at all", Part::Statement, 23, 256),
];

struct Made {
    built: Built,
    lane: Lane,
    seen: Vec<(Part, Target)>,
}

impl Made {
    /// The wires that a part copies, in their order.
    fn copied(&self, part: Part) -> impl Iterator<Item = (usize, Target)> {
        let all = self.seen.iter().enumerate();
        all.filter_map(move |(number, &(of, wire))| (of == part).then_some((number, wire)))
    }
}

fn made(bundle: &Bundle, left_out: Option<(usize, F)>, shifts: Vec<(usize, F)>) -> Made {
    let mut rows = Rows::new(WEAK, LIMIT);
    rows.links.left_out = left_out;
    rows.links.shifts = shifts;
    let nodes = 0..bundle.graph.nodes().len();
    let lane = Lane::new(&mut rows, &bundle.graph, bundle.id, nodes).expect("circuits have its operators");
    let links = std::mem::take(&mut rows.links);
    Made {
        built: Built::new(rows, &lane.public).expect("it is small"),
        lane,
        seen: links.seen,
    }
}

fn assigned(made: &Made, bundle: &Bundle, input: &[u8]) -> PartialWitness<F> {
    let inference = Inference {
        input,
        salt: &[7; 32],
        chain_id: 1,
        job_id: [3; 32],
    };
    let mut witness = PartialWitness::new();
    let assigned = made.lane.assign(&bundle.graph, &inference, &[], &mut witness);
    assigned.expect("each wire is set once");
    witness
}

/// Attacks on the copies of a model's circuit, over this input.
pub(super) fn run(bundle: &Bundle, input: &[u8], attacks: &[Copy]) {
    let attacks: Vec<_> = attacks.iter().map(|&attack| (attack, Vec::new())).collect();
    run_with_claims(bundle, input, &attacks);
}

/// The same where an attacker also adds to claimed numbers, which are counted over all claims.
pub(super) fn run_with_claims(bundle: &Bundle, input: &[u8], attacks: &[(Copy, Vec<(usize, i64)>)]) {
    assert!((1..=20).contains(&attacks.len()), "at most 20 of a kind");
    let mut complete = made(bundle, None, Vec::new());
    let public = complete.built.data.prover_only.public_inputs.clone();
    let mut names = BTreeSet::new();
    for &((name, part, which, more), ref shifts) in attacks {
        assert!(names.insert(name), "{name} is there twice");
        // The last attack left its own in the place of these.
        complete.built.data.prover_only.public_inputs.clone_from(&public);
        let (number, _) = complete.copied(part).nth(which).unwrap_or_else(|| {
            panic!(
                "{name}: there are {} copies of {part:?}",
                complete.copied(part).count()
            );
        });
        let shifts = shifts.iter().map(|&(at, more)| (at, residue(more))).collect();
        let without = made(bundle, Some((number, residue(more))), shifts);
        let inputs = assigned(&without, bundle, input);
        hold(name, &mut complete.built.data, &without.built.data, inputs);
    }
    println!("copies: {} attacks refused", attacks.len());
}

/// The numbers that a part copies in an honest proof, in the order of the copies.
pub(super) fn copied(bundle: &Bundle, input: &[u8], part: Part) -> Vec<i64> {
    let made = made(bundle, None, Vec::new());
    let witness = made.built.witness(assigned(&made, bundle, input));
    let witness = witness.expect("every input can be proven");
    made.copied(part)
        .map(|(_, wire)| integer(witness.get_target(wire)))
        .collect()
}

#[test]
fn of_the_input() {
    run(&bundle(1, true), &input(1), INPUT);
}

#[test]
fn into_layers() {
    run(&bundle(1, true), &input(1), LAYERS);
}

#[test]
fn into_what_narrows() {
    run(&bundle(1, true), &input(1), NARROWING);
}

#[test]
fn into_comparisons() {
    run(&bundle(1, true), &input(1), COMPARING);
}

#[test]
fn into_the_statement() {
    run(&bundle(1, true), &input(1), STATED);
}
