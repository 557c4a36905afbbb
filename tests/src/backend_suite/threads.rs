//! Several threads at once: on one executable, and each on one of its own.

use super::adaptor::{Program, Refusal, Subject};
use super::case::Case;
use super::check::{Found, Part, segment};
use super::failure::{Difference, Fault, Place};
use std::sync::Barrier;

/// More than the cores of a small machine, so that threads also interrupt each other.
const THREADS: usize = 4;

/// Batches that each thread runs.
const ROUNDS: usize = 24;

/// What a thread saw: the batch that went wrong and how.
type Seen = Result<(), (Vec<usize>, Result<Difference, Fault>)>;

/// Small batches of changing size; threads hardly ever have the same items at the same time.
fn batch(thread: usize, round: usize, items: usize) -> Vec<usize> {
    let size = (thread + round) % 3 + 1;
    (0..size)
        .map(|i| (thread * 17 + round * 7 + i * 3) % items)
        .collect()
}

/// Runs the batches of a thread. Each round begins when all threads have come to it, so that they overlap
/// in every round; one that has nothing to run, or has found something, still comes.
fn work(part: &Part, program: Option<&Program>, thread: usize, round_begins: &Barrier) -> Seen {
    let mut seen = Ok(());
    for round in 0..ROUNDS {
        round_begins.wait();
        if let (Some(program), true) = (program, seen.is_ok()) {
            let batch = batch(thread, round, part.items());
            seen = match part.run(program, &batch) {
                Ok(None) => Ok(()),
                Ok(Some(difference)) => Err((batch, Ok(difference))),
                Err(fault) => Err((batch, Err(fault))),
            };
        }
    }
    seen
}

fn count(items: usize) -> (u64, u64) {
    let batches = (0..THREADS).flat_map(|t| (0..ROUNDS).map(move |r| batch(t, r, items).len() as u64));
    (batches.clone().count() as u64, batches.sum())
}

/// All threads run batches of one executable. Gives how many batches and items that were.
pub(super) fn on_one_executable(
    subject: Subject<'_>,
    part: &Part,
    program: &Program,
) -> Result<(u64, u64), Fault> {
    let items = part.items();
    let start = Barrier::new(THREADS);
    let seen: Vec<Seen> = std::thread::scope(|scope| {
        let start = &start;
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || work(part, Some(program), thread, start)))
            .collect();
        threads.into_iter().map(joined).collect()
    });
    for outcome in seen {
        if let Err((batch, wrong)) = outcome {
            return Err(match wrong {
                Ok(difference) => part.diagnose(subject, &batch, difference, true),
                Err(fault) => fault,
            });
        }
    }
    Ok(count(items))
}

/// Each thread compiles a case of its own and runs it while the others do the same. `cases` are those of
/// which the backend takes at least one run.
pub(super) fn on_several_executables(
    subject: Subject<'_>,
    cases: &[&Case],
) -> Result<(u64, u64), (String, Found)> {
    let (mut batches, mut items) = (0, 0);
    for group in cases.chunks(THREADS) {
        let mut parts = Vec::new();
        for case in group {
            let of_case = |found: Found| (case.name.clone(), found);
            let runs = subject.takes(&case.graph).map_err(|f| of_case((None, f)))?;
            let longest = runs.into_iter().max_by_key(ExactSizeIterator::len);
            if let Some(run) = longest.filter(|run| !run.is_empty()) {
                let place = Place::new(&case.graph, run.clone());
                parts.push((case.name.clone(), place, Part::new(case, segment(case, run))));
            }
        }
        let start = Barrier::new(parts.len());
        let seen: Vec<Option<Seen>> = std::thread::scope(|scope| {
            let start = &start;
            let threads: Vec<_> = parts
                .iter()
                .enumerate()
                .map(|(thread, (_, _, part))| {
                    scope.spawn(move || {
                        start.wait();
                        // Too large as one part is no fault: its halves were run before.
                        let compiled = subject.compile(&part.segment);
                        let seen = work(part, compiled.as_ref().ok(), thread, start);
                        match compiled {
                            Ok(_) => Some(seen),
                            Err(Refusal::TooLarge(_)) => None,
                            Err(Refusal::Fault(fault)) => Some(Err((Vec::new(), Err(fault)))),
                        }
                    })
                })
                .collect();
            threads.into_iter().map(joined).collect()
        });
        for ((name, place, part), outcome) in parts.into_iter().zip(seen) {
            match outcome {
                Some(Err((batch, wrong))) => {
                    let fault = match wrong {
                        Ok(difference) => part.diagnose(subject, &batch, difference, true),
                        Err(fault) => fault,
                    };
                    return Err((name, (Some(place), fault)));
                }
                Some(Ok(())) => {
                    let (more_batches, more_items) = count(part.items());
                    batches += more_batches / THREADS as u64;
                    items += more_items / THREADS as u64;
                }
                None => {}
            }
        }
    }
    Ok((batches, items))
}

/// What the backend does is guarded already, so a panic here is a defect of the suite: it goes on.
fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
