//! Random instructions notice each seeded mistake.

use super::geometries::{self, Shape, model};
use super::mistakes::IN_VECTOR;
use super::traffic;
use crate::random::Random;
use crate::seeded::unnoticed;
use crate::verilator;
use metisvm_firmware::Status;

#[test]
fn every_seeded_mistake_in_vector_is_noticed() {
    let Some(verilator) = verilator::command() else {
        return;
    };
    let shape = Shape::FourByFour;
    let geometry = shape.geometry();
    let model = model(verilator, shape);
    let (text, asked) = traffic(geometry, &mut Random(5), 800);
    let notices = |number| {
        let text = geometries::header(&geometry, number) + &text;
        model.try_feed("seeded", &text).ok().is_none_or(|answer| {
            let wrong = answer.lines().zip(&asked).any(|(line, asked)| {
                let came: Vec<u64> = line.split(' ').map(|value| value.parse().unwrap()).collect();
                let accesses = asked.status != Status::Ok && (came[2], came[3]) != (0, 0);
                accesses || came[0] != u64::from(asked.status as u16) || came[4] != asked.hash
            });
            wrong || answer.lines().count() != asked.len()
        })
    };
    assert_eq!(
        unnoticed(IN_VECTOR, notices),
        [0; 0],
        "not noticed, or 0: noticed where there is none"
    );
}
