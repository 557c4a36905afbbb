//! A run from beginning to end.

use crate::bench::{Bench, Case};
use crate::record::Record;
use crate::setup::{Setup, Watch};
use crate::subject::Subject;
use crate::subjects::{blocks, card, keccak, kernels, models, rings};

/// Measures what the setup asks for. Figures are told to `watch` as they come, and given in the end.
///
/// # Errors
/// An engine that gives other bits than the reference; a peer that does not work; what `watch` says.
pub fn run<W: Watch>(setup: &Setup, watch: &mut W) -> Result<Vec<Record>, W::Error> {
    let bench = Bench::new(setup);
    let cases: Vec<Case<'_>> = setup
        .subjects
        .iter()
        .flat_map(|subject| cases(*subject, setup))
        .collect();
    let all = cases.len();
    let mut records = Vec::new();
    let mut told = 0;
    for (done, case) in cases.into_iter().enumerate() {
        watch.begin(case.subject, &case.name, done, all);
        let found = (case.measure)(&bench);
        for note in bench.notes_from(told) {
            watch.note(&note);
            told += 1;
        }
        for record in found? {
            watch.record(&record)?;
            records.push(record);
        }
    }
    Ok(records)
}

fn cases(subject: Subject, setup: &Setup) -> Vec<Case<'_>> {
    match subject {
        Subject::Kernels => kernels::cases(),
        Subject::Keccak => keccak::cases(setup),
        Subject::Models => models::cases(setup),
        Subject::Rings => rings::cases(setup),
        Subject::Card => card::cases(setup),
        Subject::Blocks => blocks::cases(setup),
    }
}
