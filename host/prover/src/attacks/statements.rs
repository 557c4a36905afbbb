//! Statements: a proof is shown for another one than it is of. What refuses it is that the verifier makes the public
//! inputs of its own statement and holds the proof to them; one that takes those that the prover names accepts it.

use super::harness::{LIMIT, WEAK, bundle, input};
use crate::circuit::Circuit;
use crate::inference::Inference;
use metisvm_verifier::{Statement, VerifyError, commit};
use plonky2::field::types::Field;
use std::collections::BTreeSet;

type Change = fn(&mut Statement);

#[rustfmt::skip] // one attack a line
const ATTACKS: &[(&str, Change)] = &[
    ("another input", |s| s.input = commit(&[7; 32], &input(2))),
    ("a shorter input", |s| s.input = commit(&[7; 32], &input(1)[..69])),
    ("another salt", |s| s.input = commit(&[8; 32], &input(1))),
    ("the next class", |s| s.output[0] = s.output[0].wrapping_add(1)),
    ("the class before", |s| s.output[0] = s.output[0].wrapping_sub(1)),
    ("a class by its highest bit", |s| s.output[3] ^= 0x80),
    ("a class by its second byte", |s| s.output[1] ^= 1),
    ("chain 0", |s| s.chain_id = 0),
    ("the next chain", |s| s.chain_id = 2),
    ("a chain by its upper half", |s| s.chain_id |= 1 << 32),
    ("a chain by its highest bit", |s| s.chain_id |= 1 << 63),
    ("the halves of the chain's number change places", |s| s.chain_id = s.chain_id.rotate_left(32)),
    ("a job by its first bit", |s| s.job_id[0] ^= 1),
    ("a job by its last bit", |s| s.job_id[31] ^= 0x80),
    ("a job in reverse", |s| s.job_id.reverse()),
    ("no job", |s| s.job_id = [0; 32]),
    ("words of the job change places", |s| s.job_id.rotate_left(4)),
];

#[test]
fn attacks_are_refused() {
    assert!((1..=20).contains(&ATTACKS.len()), "at most 20 of a kind");
    let circuit = Circuit::with_parameters(&bundle(1, true), WEAK, LIMIT).expect("it is small");
    let job_id: [u8; 32] = std::array::from_fn(|i| i as u8 + 1);
    let inference = Inference {
        input: &input(1),
        salt: &[7; 32],
        chain_id: 1,
        job_id,
    };
    let proof = circuit.prove(&inference).expect("every input can be proven");
    let verifier = circuit.verifier();
    let parsed = verifier
        .parse(&proof.statement, &proof.bytes)
        .expect("it is a proof");
    let mut names = BTreeSet::new();
    for (name, change) in ATTACKS {
        assert!(names.insert(name), "{name} is there twice");
        let mut statement = proof.statement.clone();
        change(&mut statement);
        assert_ne!(statement, proof.statement, "{name}: nothing is changed");
        let refused = verifier.verify(&statement, &proof.bytes);
        assert!(
            matches!(refused, Err(VerifyError::Refused(_))),
            "{name}: {refused:?}"
        );
        assert!(
            verifier.key().verify(parsed.clone()).is_ok(),
            "{name}: refused, whatever is stated"
        );
    }
    println!("statements: {} attacks refused", ATTACKS.len());
}

/// A key with one number changed takes no proof of the original, whose key does.
#[test]
fn other_keys_are_refused() {
    let circuit = Circuit::with_parameters(&bundle(1, true), WEAK, LIMIT).expect("it is small");
    let inference = Inference {
        input: &input(1),
        salt: &[7; 32],
        chain_id: 1,
        job_id: [3; 32],
    };
    let proof = circuit.prove(&inference).expect("every input can be proven");
    let key = circuit.verifier().key();
    let parsed = circuit
        .verifier()
        .parse(&proof.statement, &proof.bytes)
        .expect("it is a proof");
    assert!(key.verify(parsed.clone()).is_ok());
    for element in 0..4 {
        let mut other = key.clone();
        other.verifier_only.circuit_digest.elements[element] +=
            plonky2::field::goldilocks_field::GoldilocksField::ONE;
        assert!(
            other.verify(parsed.clone()).is_err(),
            "element {element} of the digest"
        );
    }
    for hash in 0..key.verifier_only.constants_sigmas_cap.0.len() {
        // Every query looks at one hash of the cap, so all of them are changed in one element each.
        let mut other = key.clone();
        for (i, own) in other.verifier_only.constants_sigmas_cap.0.iter_mut().enumerate() {
            own.elements[(i + hash) % 4] += plonky2::field::goldilocks_field::GoldilocksField::ONE;
        }
        assert!(other.verify(parsed.clone()).is_err(), "the cap");
    }
}
