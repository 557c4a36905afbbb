//! Embeddings: inputs of one kind are told by the angle between their features.

use crate::project::{Project, cases, words};
use alloy_primitives::{B256, Bytes, I256, U256};
use alloy_sol_types::{SolError, sol};

sol!("../../templates/embedding/src/IEmbedding.sol");

/// The cosine times 10^18 as the contract rounds it.
fn cosine(a: &[i64], b: &[i64]) -> I256 {
    let product = |a: &[i64], b: &[i64]| a.iter().zip(b).map(|(a, b)| i128::from(a * b)).sum::<i128>();
    let squares = U256::try_from(product(a, a)).unwrap() * U256::try_from(product(b, b)).unwrap();
    let e36 = U256::from(10).pow(U256::from(36));
    let root = (squares * e36).root(2);
    I256::try_from(product(a, b)).unwrap() * I256::from_raw(e36) / I256::from_raw(root)
}

#[test]
fn inputs_match_by_the_cosine_of_their_features() {
    use IEmbedding::{AlreadyEnrolled, NotEnrolled, embedCall, enrolCall, matchesCall, similarityCall};
    let mut project = Project::new("embedding");
    let threshold = project.constant("THRESHOLD_WAD");
    project.deploy("Embedding", &(project.model, threshold));
    let cases = cases("embedding");
    let (id, other) = (B256::repeat_byte(3), B256::repeat_byte(4));
    let input = |case: usize| Bytes::from(cases[case].input.clone());
    project.send(&enrolCall { id, input: input(0) });
    let enrolled = words(&project.infer(&input(0)));
    let mut right = 0;
    for (i, case) in cases.iter().enumerate() {
        let features = words(&project.infer(&case.input));
        let said = project.call(&embedCall { input: input(i) });
        assert_eq!(said.iter().map(|x| i64::from(*x)).collect::<Vec<_>>(), features);
        let expected = cosine(&enrolled, &features);
        assert_eq!(project.call(&similarityCall { id, input: input(i) }), expected);
        let matches = project.call(&matchesCall { id, input: input(i) });
        assert_eq!(matches, expected >= threshold);
        right += usize::from(matches == (case.label == cases[0].label));
    }
    assert!(right * 10 >= cases.len() * 9, "{right} of {}", cases.len());
    let refused = project.refusal(&enrolCall { id, input: input(1) });
    assert_eq!(refused, AlreadyEnrolled { id }.abi_encode());
    let refused = project.refusal(&similarityCall {
        id: other,
        input: input(1),
    });
    assert_eq!(refused, NotEnrolled { id: other }.abi_encode());
}
