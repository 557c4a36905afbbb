//! The rings between driver and card: NOPs from the first entry written to the last completion checked. The
//! peer is as many messages through two channels of the standard library, to another thread and back.

use crate::bench::{Bench, Case};
use crate::engine::Engine;
use crate::error::Error;
use crate::record::{Measured, Record};
use crate::sample::Way;
use crate::setup::Setup;
use crate::subject::Subject;
use crate::unit::Unit;
use std::hint::black_box;
use std::sync::mpsc;
use std::thread;

/// Entries of a batch.
const BATCHES: [usize; 4] = [1, 8, 64, 512];

/// A case for each batch, if there is a card.
pub(crate) fn cases(setup: &Setup) -> Vec<Case<'_>> {
    if setup.engines.iter().all(|engine| engine.card.is_none()) {
        return Vec::new();
    }
    let case = |batch| Case {
        subject: Subject::Rings,
        name: format!("{batch} NOPs"),
        measure: Box::new(move |bench: &Bench<'_>| measure(bench, batch)) as _,
    };
    BATCHES.map(case).into()
}

fn measure(bench: &Bench<'_>, batch: usize) -> Result<Vec<Record>, Error> {
    let case = format!("{batch} NOPs");
    let fails = |problem: &str| Error::Fails {
        case: case.clone(),
        problem: problem.to_owned(),
    };
    let echo = Echo::start().map_err(|error| fails(&error.to_string()))?;
    let mut cards: Vec<&Engine> = Vec::new();
    let mut ways: Vec<Way<'_>> = vec![Box::new(|| echo.round_trip(batch))];
    for engine in &bench.setup.engines {
        let Some(card) = &engine.card else { continue };
        cards.push(engine);
        ways.push(Box::new(move || {
            let done = card.device().nop_batch(black_box(batch));
            done.map_err(|error| error.to_string())
        }));
    }
    let mut outcomes = bench.by_turns(ways).into_iter();
    let channel = outcomes.next().and_then(Result::ok);
    let work = batch as f64;
    let mut records = Vec::new();
    for (engine, outcome) in cards.into_iter().zip(outcomes) {
        let taken = match outcome {
            Ok(taken) => taken,
            Err(why) => {
                bench.note(format!("left out: {} at {case}: {why}", engine.title()));
                continue;
            }
        };
        let peer = channel
            .as_ref()
            .map(|taken| ("channels", Measured { taken, work }));
        let figure = Measured { taken: &taken, work };
        let record = Record::new(Subject::Rings, &case, Unit::NS, engine, &figure, peer);
        records.push(record.at("an entry, there and back", work, "entries at once"));
    }
    Ok(records)
}

/// A thread that sends back what it gets.
struct Echo {
    there: mpsc::Sender<u64>,
    back: mpsc::Receiver<u64>,
}

impl Echo {
    /// It ends when this is dropped.
    fn start() -> std::io::Result<Self> {
        let (there, taken) = mpsc::channel();
        let (given, back) = mpsc::channel();
        thread::Builder::new().name("echo".into()).spawn(move || {
            while let Ok(number) = taken.recv() {
                if given.send(black_box(number)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { there, back })
    }

    fn round_trip(&self, count: usize) -> Result<(), String> {
        let gone = || "the other thread is gone".to_owned();
        for number in 0..count as u64 {
            self.there.send(number).map_err(|_| gone())?;
        }
        for _ in 0..count {
            black_box(self.back.recv().map_err(|_| gone())?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peer_sends_all_of_a_batch_back() {
        let echo = Echo::start().unwrap();
        echo.round_trip(100).unwrap();
        assert!(echo.back.try_recv().is_err(), "nothing is left over");
    }
}
