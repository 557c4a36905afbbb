//! Random programs notice each seeded mistake.

use super::encodings::{self, verdicts};
use super::jobs::{full_links, job};
use super::mistakes::{IN_RUNNER, IN_SLOT};
use super::programs::{compare, stops};
use super::{models, samples};
use crate::random::Random;
use crate::seeded::unnoticed;

#[test]
fn every_seeded_mistake_in_the_runner_is_noticed() {
    let Some(model) = models::runner() else {
        return;
    };
    let mut random = Random(11);
    let mut all: Vec<_> = (0..1_200).map(|_| job(&mut random)).collect();
    all.extend(full_links());
    all.extend(stops(&mut random, 1, 120));
    let notices = |number| compare(model, number, "seeded", 12, &all).is_err();
    assert_eq!(
        unnoticed(IN_RUNNER, notices),
        [0; 0],
        "not noticed, or 0: noticed where there is none"
    );
}

#[test]
fn every_seeded_mistake_in_a_slot_is_noticed() {
    let Some(model) = models::slots() else {
        return;
    };
    let mut random = Random(13);
    let all: Vec<_> = (0..12_000).map(|_| samples::words(&mut random, 2)).collect();
    let notices = |number| {
        let verdicts = verdicts(model, number, "seeded", &all);
        verdicts.is_none_or(|verdicts| {
            verdicts.len() != all.len()
                || all
                    .iter()
                    .zip(verdicts)
                    .any(|(words, (mask, _))| mask != encodings::mask(*words))
        })
    };
    assert_eq!(
        unnoticed(IN_SLOT, notices),
        [0; 0],
        "not noticed, or 0: noticed where there is none"
    );
}
