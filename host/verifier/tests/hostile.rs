//! Bytes that somebody made up: every one is an error, and nothing panics. The circuit is the smallest that states
//! anything, since what is looked at here does not depend on what is proven.

mod common;

use common::{Proven, config, proven};
use metisvm_verifier::VerifyError;
use metisvm_verifier::field::F;
use plonky2::field::types::Field64;
use proptest::prelude::*;
use std::sync::LazyLock;

static PROVEN: LazyLock<Proven> = LazyLock::new(|| proven(&config()));

fn verify(proof: &[u8]) -> Result<(), VerifyError> {
    PROVEN.verifier.verify(&PROVEN.statement, proof)
}

#[test]
fn the_proof_itself_is_accepted() {
    assert_eq!(verify(&PROVEN.proof), Ok(()));
}

#[test]
fn proofs_with_other_parameters_are_refused() {
    let mut fewer_queries = config();
    fewer_queries.fri_config.num_query_rounds = 5;
    let mut less_work = config();
    less_work.fri_config.proof_of_work_bits = 12;
    let mut not_blinded = config();
    not_blinded.zero_knowledge = false;
    for (what, config) in [
        ("queries", fewer_queries),
        ("work", less_work),
        ("blinding", not_blinded),
    ] {
        let other = proven(&config);
        assert_eq!(
            other.verifier.verify(&other.statement, &other.proof),
            Ok(()),
            "{what}"
        );
        assert!(verify(&other.proof).is_err(), "{what}");
    }
}

#[test]
fn there_is_one_form_of_a_proof() {
    let at = PROVEN.proof.len() - 8;
    let (rest, last) = PROVEN.proof.split_at(at);
    let last = u64::from_le_bytes(last.try_into().expect("eight bytes"));
    // The same element as another number, where there is one: the last is the witness of the work, of any size. Else
    // zero's other number.
    let other = last.checked_add(F::ORDER).unwrap_or(F::ORDER);
    let refused = verify(&[rest, &other.to_le_bytes()].concat());
    assert_eq!(
        refused,
        Err(VerifyError::Malformed {
            at,
            why: "a number is not below p"
        })
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn made_up_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(verify(&bytes).is_err());
    }

    #[test]
    fn cut_ones_are_refused(length in any::<prop::sample::Index>()) {
        prop_assert!(verify(&PROVEN.proof[..length.index(PROVEN.proof.len())]).is_err());
    }

    /// Bytes that are overwritten, most of which leave the form as it is.
    #[test]
    fn changed_ones_are_refused(at in any::<prop::sample::Index>(), with in prop::collection::vec(any::<u8>(), 1..9)) {
        let mut bytes = PROVEN.proof.clone();
        let at = at.index(bytes.len() - with.len());
        bytes[at..at + with.len()].copy_from_slice(&with);
        prop_assume!(bytes != PROVEN.proof);
        prop_assert!(verify(&bytes).is_err());
    }

    /// A part that is copied to another place.
    #[test]
    fn mixed_ones_are_refused(from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), words in 1..20usize) {
        let mut bytes = PROVEN.proof.clone();
        let places = bytes.len() / 8 - words;
        let [from, to] = [from, to].map(|index| index.index(places) * 8);
        bytes.copy_within(from..from + 8 * words, to);
        prop_assume!(bytes != PROVEN.proof);
        prop_assert!(verify(&bytes).is_err());
    }
}
