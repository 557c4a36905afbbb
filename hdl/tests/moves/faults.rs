//! Random instructions notice each seeded mistake.

use crate::asked::first_wrong;
use crate::mistakes::{IN_LOAD, IN_STORE};
use crate::model::Model;
use crate::seeded::unnoticed;
use crate::{GEOMETRIES, load, store};

const INSTRUCTIONS: usize = 700;

#[test]
fn every_seeded_mistake_in_load_is_noticed() {
    let Some(model) = Model::load(&GEOMETRIES[0]) else {
        return;
    };
    let (text, asked) = load::traffic(GEOMETRIES[0], INSTRUCTIONS, 21);
    let right = |answer: &str| first_wrong(answer, &asked).is_none();
    let notices = |number| {
        !model
            .try_feed("seeded", &text, number)
            .is_ok_and(|answer| right(&answer))
    };
    assert_eq!(
        unnoticed(IN_LOAD, notices),
        [0; 0],
        "not noticed, or 0: noticed where there is none"
    );
}

#[test]
fn every_seeded_mistake_in_store_is_noticed() {
    let Some(model) = Model::store(&GEOMETRIES[0]) else {
        return;
    };
    let (text, asked) = store::traffic(GEOMETRIES[0], INSTRUCTIONS, 22);
    let right = |answer: &str| first_wrong(answer, &asked).is_none();
    let notices = |number| {
        !model
            .try_feed("seeded", &text, number)
            .is_ok_and(|answer| right(&answer))
    };
    assert_eq!(
        unnoticed(IN_STORE, notices),
        [0; 0],
        "not noticed, or 0: noticed where there is none"
    );
}
