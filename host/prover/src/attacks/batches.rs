//! Batches: the digest is of other statements than those whose proofs were verified.

use super::harness::{LIMIT, WEAK, bundle, hold, input};
use crate::batch::level;
use crate::circuit::Circuit;
use crate::inference::Inference;
use crate::recursion::RawProof;
use metisvm_verifier::field::residue;
use plonky2::iop::witness::WitnessWrite;
use std::collections::BTreeSet;

/// Name, whether the proofs are of inferences, which public input of all of them, what is added to it.
#[rustfmt::skip] // one attack a line
const ATTACKS: &[(&str, bool, usize, i64)] = &[
    ("another version in the first statement", true, 0, 1),
    ("another model in the first statement", true, 1, 1),
    ("another last word of the model", true, 8, -1),
    ("another input in the first statement", true, 9, 1),
    ("another chain in the first statement", true, 13, 1),
    ("another job in the first statement", true, 15, 1),
    ("another last word of the job", true, 22, 1 << 31),
    ("another output in the first statement", true, 23, 1),
    ("another version in the second statement", true, 24, 1),
    ("another model in the second statement", true, 24 + 4, 2),
    ("another input in the second statement", true, 24 + 12, -1),
    ("another chain in the second statement", true, 24 + 14, 1),
    ("another job in the second statement", true, 24 + 18, 1),
    ("another output in the second statement", true, 24 + 23, -1),
    ("another digest below, first element", false, 0, 1),
    ("another digest below, last element", false, 3, -1),
    ("another second digest, first element", false, 4, 1 << 40),
    ("another second digest, last element", false, 7, 1),
];

#[test]
fn attacks_are_refused() {
    assert!((1..=20).contains(&ATTACKS.len()), "at most 20 of a kind");
    let circuit = Circuit::with_parameters(&bundle(1, true), WEAK, LIMIT).expect("it is small");
    let proofs: Vec<RawProof> = [1, 2]
        .map(|i| {
            let inference = Inference {
                input: &input(i),
                salt: &[7; 32],
                chain_id: 1,
                job_id: [i; 32],
            };
            let proof = circuit.prove(&inference).expect("every input can be proven");
            circuit
                .verifier()
                .parse(&proof.statement, &proof.bytes)
                .expect("it is a proof")
        })
        .to_vec();
    let key = circuit.verifier().key();
    let mut honest = level(key, true, 2, WEAK, LIMIT, &mut |_, inputs| inputs).expect("it is small");
    let below = honest.prove(&proofs).expect("they are valid");
    let mut above =
        level(&honest.key(), false, 2, WEAK, LIMIT, &mut |_, inputs| inputs).expect("it is small");
    let public = [&honest, &above].map(|level| level.data.prover_only.public_inputs.clone());
    let below_key = honest.key();

    let mut names = BTreeSet::new();
    for &(name, of_inferences, which, more) in ATTACKS {
        assert!(names.insert(name), "{name} is there twice");
        let (key, complete, proofs, public) = if of_inferences {
            (key, &mut honest, proofs.clone(), &public[0])
        } else {
            (&below_key, &mut above, vec![below.clone(); 2], &public[1])
        };
        complete.data.prover_only.public_inputs.clone_from(public);
        let (mut passed, mut free) = (0, None);
        let without = level(
            key,
            of_inferences,
            2,
            WEAK,
            LIMIT,
            &mut |recursion, mut inputs| {
                if let Some(input) = which.checked_sub(passed).and_then(|at| inputs.get_mut(at)) {
                    *input = recursion.builder().add_virtual_target();
                    free = Some(*input);
                }
                passed += inputs.len();
                inputs
            },
        );
        let without = without.expect("it is small");
        let mut inputs = without.inputs(&proofs).expect("they have the form of proofs");
        let honest: Vec<_> = proofs
            .iter()
            .flat_map(|proof| proof.public_inputs.clone())
            .collect();
        let free = free.expect("one is left out");
        inputs
            .set_target(free, honest[which] + residue(more))
            .expect("nothing else sets it");
        hold(name, &mut complete.data, &without.data, inputs);
    }
    println!("batches: {} attacks refused", ATTACKS.len());
}
