//! Wraps: they state something else than the proof inside, or the proof inside is another circuit's.

use super::harness::{LIMIT, WEAK, bundle, hold, input};
use crate::circuit::Circuit;
use crate::inference::Inference;
use crate::recursion::{RawKey, RawProof, Recursion, Recursive};
use metisvm_model::Bundle;
use metisvm_verifier::field::residue;
use plonky2::iop::target::Target;
use plonky2::iop::witness::WitnessWrite;
use plonky2::plonk::circuit_data::VerifierCircuitTarget;

/// Name, which public input, what is added to it.
#[rustfmt::skip] // one attack a line
const STATED: &[(&str, usize, i64)] = &[
    ("another version", 0, 1),
    ("another model, first word", 1, 1),
    ("another model, middle word", 5, -1),
    ("another model, last word", 8, 1),
    ("another input, first element", 9, 1),
    ("another input, last element", 12, 1 << 50),
    ("another chain", 13, 1),
    ("another chain by its upper half", 14, 1),
    ("another job, first word", 15, 1),
    ("another job, last word", 22, -1),
    ("the next class", 23, 1),
    ("the class before", 23, -1),
];

/// Name, seed of the other weights, bit of the model's name that is another.
#[rustfmt::skip]
const KEYS: &[(&str, u64, u8)] = &[
    ("other weights under the same name", 2, 0),
    ("yet other weights under the same name", 3, 0),
    ("weights of a third model under the same name", 4, 0),
    ("the same weights under another name", 1, 1),
    ("the same weights under a name with another highest bit", 1, 128),
    ("other weights under another name", 5, 2),
];

fn proven(bundle: &Bundle) -> (RawKey, RawProof) {
    let circuit = Circuit::with_parameters(bundle, WEAK, LIMIT).expect("it is small");
    let inference = Inference {
        input: &input(1),
        salt: &[7; 32],
        chain_id: 1,
        job_id: [3; 32],
    };
    let proof = circuit.prove(&inference).expect("every input can be proven");
    let parsed = circuit.verifier().parse(&proof.statement, &proof.bytes);
    let key = circuit.verifier().key();
    let key = RawKey {
        verifier_only: key.verifier_only.clone(),
        common: key.common.clone(),
    };
    (key, parsed.expect("it is a proof"))
}

/// A wrap, without the copy of a public input where one is named.
fn wrap(key: &RawKey, left_out: Option<usize>) -> (Recursive, Option<Target>) {
    let mut recursion = Recursion::new(WEAK, LIMIT);
    let mut inputs = recursion.verify(key).expect("it is small");
    let free = left_out.map(|at| {
        inputs[at] = recursion.builder().add_virtual_target();
        inputs[at]
    });
    (recursion.finish(&inputs).expect("it is small"), free)
}

/// A wrap that takes a proof of any key of the same shape.
fn wrap_of_any(key: &RawKey) -> (Recursive, VerifierCircuitTarget) {
    let mut recursion = Recursion::new(WEAK, LIMIT);
    let builder = recursion.builder();
    // The constants stay, so that the rows do.
    builder.constant_verifier_data::<metisvm_verifier::field::ProofConfig>(&key.verifier_only);
    let any = builder.add_virtual_verifier_data(key.common.config.fri_config.cap_height);
    let inputs = recursion.verify_with(&any, key).expect("it is small");
    (recursion.finish(&inputs).expect("it is small"), any)
}

#[test]
fn other_statements_are_refused() {
    assert!((1..=20).contains(&STATED.len()), "at most 20 of a kind");
    let (key, proof) = proven(&bundle(1, true));
    for &(name, which, more) in STATED {
        let (mut complete, _) = wrap(&key, None);
        let (without, free) = wrap(&key, Some(which));
        let mut inputs = without
            .inputs(std::slice::from_ref(&proof))
            .expect("it has the form");
        let free = free.expect("one is left out");
        inputs
            .set_target(free, proof.public_inputs[which] + residue(more))
            .expect("nothing else sets it");
        hold(name, &mut complete.data, &without.data, inputs);
    }
    println!("statements of wraps: {} attacks refused", STATED.len());
}

#[test]
fn other_keys_are_refused() {
    assert!((1..=20).contains(&KEYS.len()), "at most 20 of a kind");
    let model = bundle(1, true);
    let (key, _) = proven(&model);
    for &(name, seed, bit) in KEYS {
        let mut other = bundle(seed, true);
        other.id = model.id;
        other.id.0[0] ^= bit;
        let (other_key, proof) = proven(&other);
        assert_ne!(other_key.verifier_only, key.verifier_only, "{name}");
        assert_eq!(other_key.common, key.common, "{name}: shapes");
        let (mut complete, _) = wrap(&key, None);
        let (without, any) = wrap_of_any(&key);
        let mut inputs = without
            .inputs(std::slice::from_ref(&proof))
            .expect("it has the form");
        inputs
            .set_verifier_data_target(&any, &other_key.verifier_only)
            .expect("nothing else sets it");
        hold(name, &mut complete.data, &without.data, inputs);
    }
    println!("keys of wraps: {} attacks refused", KEYS.len());
}
