//! Proofs of proofs: parameter sets, batches, layers that are joined.
//!
//! Where it does not matter how strong a proof is, it has few queries: circuits that verify it are small then.

mod common;

use common::Model;
use metisvm_model::{Bundle, DType, Op};
use metisvm_prover::{
    Batch, BatchCircuit, Circuit, CompileError, Inference, Layers, Parameters, Proof, ProveError, Statement,
    VerifyError, Wrap,
};
use metisvm_verifier::KeyDigest;
use metisvm_verifier::key_bytes::batches;
use std::sync::LazyLock;

const LIMIT: u64 = 4 << 30;
const SALT: [u8; 32] = [7; 32];

/// Few queries.
const WEAK: Parameters = Parameters::STANDARD.with_queries(2, 1);

/// 12 → 9 → 9 → 5, with a value of the first layer that the last takes as well.
static BUNDLE: LazyLock<Bundle> = LazyLock::new(|| {
    let mut model = Model::new(5);
    let x = model.input(DType::U8, &[1, 12]);
    let a = model.dense(x, 12, 9);
    let a = model.narrow(a, 1, 9, 12);
    let b = model.dense(a, 9, 9);
    let b = model.narrow(b, 1, 9, 9);
    let b = model.node(Op::Concat { axis: 1 }, &[a, b]);
    let c = model.dense(b, 18, 5);
    let c = model.narrow(c, 1, 5, 18);
    model.finish(c)
});

static CIRCUIT: LazyLock<Circuit> =
    LazyLock::new(|| Circuit::with_parameters(&BUNDLE, WEAK, LIMIT).expect("circuits have its operators"));

fn inference(input: &[u8], job: u8) -> Inference<'_> {
    Inference {
        input,
        salt: &SALT,
        chain_id: 1,
        job_id: [job; 32],
    }
}

fn input(seed: u64) -> Vec<u8> {
    common::Sequence(seed).bytes(12)
}

fn proof(seed: u64, job: u8) -> Proof {
    CIRCUIT
        .prove(&inference(&input(seed), job))
        .expect("every input can be proven")
}

#[test]
fn each_set_has_the_strength_that_its_name_says() {
    for parameters in Parameters::ALL.into_iter().filter(|p| !p.blinds()) {
        let circuit = Circuit::with_parameters(&BUNDLE, parameters, LIMIT).expect("it is small");
        let strength = circuit.verifier().strength();
        println!("{}: {strength}", parameters.name());
        assert!(strength.queries_by_capacity >= 100.0, "{}", parameters.name());
        assert!(strength.conjectured() >= 88, "{}", parameters.name());
        let proven = strength.proven();
        assert_eq!(
            proven >= 100,
            parameters == Parameters::PROVEN,
            "{}: {proven}",
            parameters.name()
        );
    }
    assert!(
        CIRCUIT.verifier().strength().conjectured() < 10,
        "two queries are worth nothing"
    );
}

#[test]
fn a_wrap_over_the_limit_is_refused_before_it_is_made() {
    let start = std::time::Instant::now();
    let refused = Wrap::with_parameters(CIRCUIT.verifier(), Parameters::SMALL, 100 << 20);
    let Some(CompileError::TooLarge { bytes, limit, .. }) = refused.err() else {
        panic!("it is not refused");
    };
    assert!(bytes > limit && limit == 100 << 20);
    assert!(start.elapsed().as_secs() < 60);
    let wrap = Wrap::with_parameters(CIRCUIT.verifier(), WEAK, 100 << 20).expect("it is small");
    assert!(wrap.description().memory_bytes < 100 << 20);
}

#[test]
fn blinded_wraps_differ_and_can_be_wrapped() {
    let inner = proof(1, 1);
    let blinded = Parameters::BLINDED.with_queries(2, 1);
    let wrap = Wrap::with_parameters(CIRCUIT.verifier(), blinded, LIMIT).expect("it is small");
    let [first, second] = [0, 1].map(|_| wrap.prove(CIRCUIT.verifier(), &inner).expect("it is a proof"));
    assert_ne!(first.bytes, second.bytes);
    assert_eq!(first.bytes.len(), second.bytes.len());
    let last = Wrap::with_parameters(wrap.verifier(), WEAK, LIMIT).expect("it is small");
    let proof = last.prove(wrap.verifier(), &first).expect("it is a proof");
    assert_eq!(last.verifier().verify(&inner.statement, &proof.bytes), Ok(()));
}

#[test]
fn a_tree_proves_all_of_its_statements_and_no_others() {
    let proofs: Vec<Proof> = (0..5).map(|i| proof(i, i as u8)).collect();
    let tree = Batch::new(CIRCUIT.verifier(), &[2, 2, 2], WEAK, LIMIT).expect("it is small");
    let batch = tree.prove(CIRCUIT.verifier(), &proofs).expect("they are proofs");
    let statements = &batch.statements;
    assert_eq!(tree.verifier().capacity(), 8);
    assert_eq!(statements.len(), 5);
    assert_eq!(tree.verifier().verify(statements, &batch.bytes), Ok(()));

    let with = |change: &dyn Fn(&mut Vec<Statement>)| {
        let mut changed = statements.clone();
        change(&mut changed);
        tree.verifier().verify(&changed, &batch.bytes)
    };
    let refused = |result: Result<(), VerifyError>| matches!(result, Err(VerifyError::Refused(_)));
    assert!(refused(with(&|s| s.swap(0, 1))));
    assert!(refused(with(&|s| s.swap(0, 4))));
    assert!(refused(with(&|s| s[3].output[0] ^= 1)));
    assert!(refused(with(&|s| s[4].job_id[31] ^= 1)));
    assert!(refused(with(&|s| s[0].chain_id ^= 1 << 40)));
    assert!(refused(with(&|s| s.truncate(4))));
    assert!(refused(with(&|s| s.push(s[0].clone()))));
    // What fills the rest of the tree says nothing more than the last statement.
    assert_eq!(with(&|s| s.push(s[4].clone())), Ok(()));
    assert!(matches!(with(&|s| s.clear()), Err(VerifyError::Batch { .. })));
    assert!(matches!(
        with(&|s| s.resize(9, s[0].clone())),
        Err(VerifyError::Batch { .. })
    ));

    let none = tree.prove(CIRCUIT.verifier(), &[]);
    assert!(matches!(none, Err(ProveError::Batch { .. })), "{none:?}");
    let mut false_proof = proofs;
    false_proof[2].statement.job_id = [9; 32];
    let refused = tree.prove(CIRCUIT.verifier(), &false_proof);
    assert!(matches!(refused, Err(ProveError::Inner(_))), "{refused:?}");
}

#[test]
fn many_inferences_in_one_circuit_are_a_batch_too() {
    let inputs: Vec<Vec<u8>> = (0..5).map(input).collect();
    let inferences: Vec<Inference<'_>> = (0..5).map(|i| inference(&inputs[i], i as u8)).collect();
    let circuit = BatchCircuit::new(&BUNDLE, 6, WEAK, LIMIT).expect("it is small");
    let batch = circuit.prove(&inferences).expect("every input can be proven");
    assert_eq!(circuit.verifier().verify(&batch.statements, &batch.bytes), Ok(()));
    let expected: Vec<Statement> = (0..5).map(|i| proof(i, i as u8).statement).collect();
    assert_eq!(batch.statements, expected);
    let mut swapped = expected;
    swapped.swap(1, 2);
    assert!(circuit.verifier().verify(&swapped, &batch.bytes).is_err());
    let refused = BatchCircuit::new(&BUNDLE, 0, WEAK, LIMIT);
    assert_eq!(refused.err(), Some(CompileError::Batch));
    let short = [0; 11];
    let refused = circuit.prove(&[inference(&short, 1)]);
    assert!(matches!(refused, Err(ProveError::Input(_))), "{refused:?}");
}

/// The key of a tree over a batch goes as bytes to whoever checks; that of the batch's own circuit has gates of ours.
#[test]
fn the_key_of_a_tree_goes_as_bytes() {
    let inputs: Vec<Vec<u8>> = (0..3).map(input).collect();
    let inferences: Vec<Inference<'_>> = (0..3).map(|i| inference(&inputs[i], i as u8)).collect();
    let circuit = BatchCircuit::new(&BUNDLE, 3, WEAK, LIMIT).expect("it is small");
    let refused = batches::to_bytes(circuit.verifier());
    assert!(refused.is_err(), "it has gates that keys as bytes lack");
    let tree = Batch::over(circuit.verifier(), &[1], Parameters::STANDARD, LIMIT).expect("it is small");
    let bytes = batches::to_bytes(tree.verifier()).expect("it has plonky2's gates alone");
    let read = batches::from_bytes(&bytes, &KeyDigest::of(&bytes)).expect("its own bytes");
    let batch = circuit.prove(&inferences).expect("every input can be proven");
    let batch = tree
        .prove_over(circuit.verifier(), &[batch])
        .expect("it is a proof");
    assert_eq!(read.verify(&batch.statements, &batch.bytes), Ok(()));
    assert!(read.verify(&batch.statements[..2], &batch.bytes).is_err());
}

#[test]
fn layers_that_are_joined_state_what_one_circuit_states() {
    let whole = proof(3, 3);
    for cuts in [&[][..], &[4], &[1, 3], &[2, 3, 4, 6]] {
        let layers = Layers::at(&BUNDLE, cuts, WEAK, WEAK, LIMIT).expect("circuits have its operators");
        let input = input(3);
        let joined = layers
            .prove(&inference(&input, 3))
            .expect("every input can be proven");
        assert_eq!(joined.statement, whole.statement);
        assert_eq!(
            layers.verifier().verify(&whole.statement, &joined.bytes),
            Ok(()),
            "{cuts:?}"
        );
        let other = Statement {
            job_id: [4; 32],
            ..whole.statement.clone()
        };
        let refused = layers.verifier().verify(&other, &joined.bytes);
        assert!(
            matches!(refused, Err(VerifyError::Refused(_))),
            "{cuts:?}: {refused:?}"
        );
        assert_eq!(layers.descriptions().count(), cuts.len() + 1);
        assert_eq!(layers.joins().count(), cuts.len());
    }
    for cuts in [&[0][..], &[3, 3], &[4, 2], &[7]] {
        let refused = Layers::at(&BUNDLE, cuts, WEAK, WEAK, LIMIT).err();
        assert!(
            matches!(refused, Some(CompileError::Cut { .. })),
            "{cuts:?}: {refused:?}"
        );
    }
}
