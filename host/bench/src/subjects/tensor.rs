//! A card's tensor engine by the card's own counters: cycles, how much of its array is used, and what it waits for;
//! and what those cycles are at the clock of its board. The peer is the processor at the same work, on one thread.
//!
//! A product and a convolution are measured with their sums as they are, where the array is all that has work, and
//! with bytes made of them, as a layer of a model has it; alone, from the doorbell to the completion, and several in
//! a job, where the way of one to the card and back lies beside the work on the others.

use super::{machine, operators, whole};
use crate::bench::{Bench, Case};
use crate::engine::Engine;
use crate::error::Error;
use crate::inputs;
use crate::record::Record;
use crate::sample::{Taken, Way};
use crate::setup::{Model, Setup};
use crate::subject::Subject;
use metisvm_accel::fpga::{self, Estimate, Mode};
use metisvm_accel::{BackendError, Batch, Executable};
use metisvm_driver::CardCounters;
use metisvm_driver::card_counters::{BUS, ENGINE};
use metisvm_firmware::registers::counter;
use metisvm_model::{Graph, Reference, Segment};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Side of the product's matrices.
const SIDE: u32 = 256;
/// Rows of the left matrix that an item has, where a card does not take them all at once.
const ITEM_ROWS: [u32; 9] = [256, 128, 64, 32, 16, 8, 4, 2, 1];
/// Channels of the convolution, in and out.
const CHANNELS: u32 = 64;
/// Rows and columns of its pixels: as a residual network has it, and less where a card does not take that or would be
/// simulated for too long.
const PIXELS: [[u32; 2]; 9] = [
    [56, 56],
    [28, 56],
    [14, 56],
    [7, 56],
    [4, 56],
    [2, 56],
    [1, 56],
    [1, 28],
    [1, 14],
];
/// Cycles of a full array that a convolution may take for each second of patience: about one of a simulation.
const MOST_CYCLES: f64 = 32_768.0;
/// How often the product or the convolution is in a job.
const TIMES: [usize; 2] = [1, 4];
/// Different items of a batch.
const ITEMS: usize = 4;

/// The cases, if there is a card with an engine and counters.
pub(crate) fn cases(setup: &Setup) -> Vec<Case<'_>> {
    if !setup.engines.iter().any(counts) {
        return Vec::new();
    }
    let case = |name: String, measure| Case {
        subject: Subject::Card,
        name,
        measure,
    };
    let mut cases = Vec::new();
    let patience = setup.patience.as_secs_f64();
    for outcome in [operators::Outcome::Bytes, operators::Outcome::Sums] {
        for times in TIMES {
            cases.push(case(
                "matmul".to_owned(),
                Box::new(move |bench: &Bench<'_>| of_each(bench, &|_| mat_muls(outcome, times))),
            ));
            cases.push(case(
                "convolution".to_owned(),
                Box::new(move |bench: &Bench<'_>| {
                    of_each(bench, &|products| {
                        let most = MOST_CYCLES * patience * products as f64;
                        convolutions(outcome, times, most)
                    })
                }),
            ));
        }
    }
    for model in &setup.models {
        for &batch in &setup.batches {
            let name = format!("{}, batch {batch}", model.name);
            let measure = move |bench: &Bench<'_>| of_each(bench, &|_| Ok(vec![of_model(model, batch)]));
            cases.push(case(name, Box::new(measure)));
        }
    }
    cases
}

/// Whether an engine is a card that infers and counts what it does.
fn counts(engine: &Engine) -> bool {
    let card = engine.card.as_ref();
    engine.infers() && card.is_some_and(|card| card.device().card_counters().is_some())
}

/// A piece of work in the form in which a card may take it.
struct Work {
    case: String,
    /// Works of one kind cost in proportion.
    kind: String,
    graph: Arc<Graph>,
    items: usize,
    /// Products of an item that count.
    products: u64,
}

impl Work {
    fn macs(&self) -> u64 {
        self.products * self.items as u64
    }
}

fn macs(graph: &Graph) -> u64 {
    let work = graph.work();
    work.macs + work.wide_macs
}

fn of_model(model: &Model, batch: usize) -> Work {
    Work {
        case: format!("{}, batch {batch}", model.name),
        kind: format!("model {} by counters", model.name),
        products: macs(&model.graph),
        graph: model.graph.clone(),
        items: batch,
    }
}

/// What a case's name says of its end and of how often it is in a job.
fn suffix(outcome: operators::Outcome, times: usize) -> String {
    let sums = match outcome {
        operators::Outcome::Bytes => "",
        operators::Outcome::Sums => ", sums",
    };
    match times {
        1 => sums.to_owned(),
        times => format!("{sums}, {times} in a job"),
    }
}

/// The same product with all rows in an item, and with fewer and fewer.
fn mat_muls(outcome: operators::Outcome, times: usize) -> Result<Vec<Work>, String> {
    let suffix = suffix(outcome, times);
    let form = |rows: u32| {
        let items = SIDE / rows;
        let split = match items {
            1 => String::new(),
            items => format!(" as {items} items of {rows} rows"),
        };
        Ok(Work {
            case: format!("matmul {SIDE}×{SIDE}×{SIDE}{split}{suffix}"),
            kind: format!("a matmul by counters, {outcome:?}"),
            graph: operators::mat_mul_to(outcome, rows, SIDE, SIDE)?,
            products: u64::from(rows * SIDE * SIDE),
            items: items as usize * times,
        })
    };
    ITEM_ROWS.into_iter().map(form).collect()
}

/// The convolution over fewer and fewer pixels, from one of at most so many products on.
fn convolutions(outcome: operators::Outcome, times: usize, most: f64) -> Result<Vec<Work>, String> {
    let suffix = suffix(outcome, times);
    let all = PIXELS.into_iter().filter(|[rows, columns]| {
        let macs = u64::from(rows * columns) * u64::from(CHANNELS * CHANNELS * 9);
        macs as f64 <= most
    });
    let form = |[rows, columns]: [u32; 2]| {
        let of = if [rows, columns] == PIXELS[0] {
            ""
        } else {
            " of 56×56"
        };
        Ok(Work {
            case: format!("convolution 3×3×{CHANNELS} to {CHANNELS}, {rows}×{columns} pixels{of}{suffix}"),
            kind: format!("a convolution by counters, {outcome:?}"),
            graph: operators::conv2d_to(outcome, CHANNELS, [rows, columns])?,
            products: taps(rows) * taps(columns) * u64::from(CHANNELS * CHANNELS),
            items: times,
        })
    };
    all.map(form).collect()
}

/// How often one of three taps falls on a pixel and not on the padding, along so many pixels. Those on padding are zero
/// whoever leaves them out, and count for nobody.
fn taps(pixels: u32) -> u64 {
    u64::from(3 * pixels).saturating_sub(2)
}

/// Forms of a piece of work for an array of so many products a cycle.
type Forms<'f> = &'f dyn Fn(u64) -> Result<Vec<Work>, String>;

/// Measures the first form that a card takes, on each card.
fn of_each(bench: &Bench<'_>, forms: Forms<'_>) -> Result<Vec<Record>, Error> {
    let mut records = Vec::new();
    for engine in bench.setup.engines.iter().filter(|engine| counts(engine)) {
        let Some(card) = &engine.card else { continue };
        let shape = card.capabilities().geometry;
        let sides = [shape.tile_rows, shape.tile_cols, shape.tile_depth];
        let products = sides.into_iter().map(u64::from).product();
        let forms = forms(products).map_err(|problem| Error::Fails {
            case: "the tensor engine".to_owned(),
            problem,
        })?;
        let title = engine.title();
        let (mut refused, mut fits) = (None, false);
        for work in forms {
            match on_card(bench, engine, &work)? {
                Outcome::Counted(counted) => {
                    records.extend(counted.records(bench, engine, &work, products)?);
                    fits = true;
                    break;
                }
                Outcome::LeftOut => {
                    fits = true;
                    break;
                }
                // Why the first form is too large is what a reader asks.
                Outcome::TooLarge(why) => refused = refused.or(Some((work.case, why))),
            }
        }
        if let Some((case, why)) = refused {
            let so = if fits {
                "measured in a smaller form"
            } else {
                "left out"
            };
            bench.note(format!("{so}: {title} at {case}: {why}"));
        }
    }
    Ok(records)
}

/// What the card counted, and how long a simulation or a card took for it.
struct Counted(CardCounters, Duration);

enum Outcome {
    Counted(Counted),
    /// It does not fit the card in this form.
    TooLarge(String),
    /// Which has been noted.
    LeftOut,
}

/// Runs a piece of work twice: the first time, which brings weights to the card, its results are held to the
/// reference's, the second time it is counted.
fn on_card(bench: &Bench<'_>, engine: &Engine, work: &Work) -> Result<Outcome, Error> {
    let title = engine.title();
    let left_out = |why: &str| {
        bench.note(format!("left out: {title} at {}: {why}", work.case));
        Ok(Outcome::LeftOut)
    };
    let weight = work.macs() as f64;
    let Some(card) = &engine.card else {
        return left_out("it is no card");
    };
    let made = match whole::compile(&*engine.backend, &work.graph) {
        Ok(made) => made,
        Err(BackendError::TooLarge(why)) => return Ok(Outcome::TooLarge(why)),
        Err(why) => return left_out(&why.to_string()),
    };
    if !bench.is_worth_it(&title, &work.kind, &work.case, weight) {
        return Ok(Outcome::LeftOut);
    }
    let fails = |problem: String| Error::Fails {
        case: work.case.clone(),
        problem,
    };
    let batch = batch(&work.graph, work.items).map_err(&fails)?;
    let outputs = match made.run(&batch) {
        Ok(outputs) => outputs.into_items().map_err(|error| fails(error.to_string()))?,
        Err(BackendError::TooLarge(why)) => return Ok(Outcome::TooLarge(why)),
        Err(why) => return left_out(&why.to_string()),
    };
    let reference = Reference::new(work.graph.clone());
    let expected =
        (0..ITEMS.min(work.items)).map(|seed| reference.run(&inputs::item(&work.graph, seed as u64)));
    let expected = expected
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| fails(error.to_string()))?;
    let equal = outputs
        .iter()
        .zip(expected.iter().cycle())
        .all(|(ours, wanted)| **ours == **wanted);
    if outputs.len() != work.items || !equal {
        return Err(Error::Disagrees {
            case: work.case.clone(),
            engine: title,
        });
    }
    let before = card.device().card_counters();
    let started = Instant::now();
    if let Err(why) = made.run(&batch) {
        return left_out(&why.to_string());
    }
    let taken = started.elapsed();
    bench.learn(&title, &work.kind, weight, taken);
    match before.zip(card.device().card_counters()) {
        Some((before, after)) => Ok(Outcome::Counted(Counted(after.since(&before), taken))),
        None => left_out("its counters cannot be read"),
    }
}

fn batch(graph: &Graph, items: usize) -> Result<Batch, String> {
    let types = graph.inputs().iter().map(|port| &port.ty);
    let seeds = (0..ITEMS as u64).cycle().take(items);
    let items = seeds.map(|seed| inputs::item(graph, seed)).collect();
    Batch::from_items(types, items).map_err(|error| error.to_string())
}

impl Counted {
    /// A record for each figure that is not 0.
    fn records(
        &self,
        bench: &Bench<'_>,
        engine: &Engine,
        work: &Work,
        products: u64,
    ) -> Result<Vec<Record>, Error> {
        let cycles = self.0.get(counter::BUSY).max(1);
        let percent = |part: u64, of: u64| 100.0 * part as f64 / of.max(1) as f64;
        // Compute is at an instruction or waits for one from an item's beginning to its last result.
        let worked = self.0.get(counter::COMPUTE_BUSY) + self.0.get(counter::COMPUTE_WAITS);
        let mut figures = vec![
            (work.case.clone(), "cycles".to_owned(), cycles as f64, None),
            (
                work.case.clone(),
                "% of steps, while items are worked on".to_owned(),
                percent(self.0.get(counter::ARRAY_STEPS), worked),
                None,
            ),
            (
                work.case.clone(),
                "% of the array's products used".to_owned(),
                percent(work.macs(), cycles.saturating_mul(products)),
                None,
            ),
        ];
        let words = self.0.get(counter::WORDS_READ) + self.0.get(counter::WORDS_WRITTEN);
        let moved = [
            ("bytes over the bus", 8.0 * words as f64),
            ("bytes of card memory", memory_bytes(engine, work)),
        ];
        figures.extend(moved.map(|(unit, bytes)| (work.case.clone(), unit.to_owned(), bytes, None)));
        for name in ENGINE.iter().chain(&BUS) {
            let case = format!("{}: {}", work.case, name.text);
            let share = percent(self.0.get(name.index), cycles);
            figures.push((case, "% of cycles".to_owned(), share, None));
        }
        let a_second = cycles as f64 / self.1.as_secs_f64().max(1e-9);
        figures.push((
            work.case.clone(),
            "cycles/s, simulated".to_owned(),
            a_second,
            None,
        ));
        if let Some(clock) = engine.clock {
            let host = on_host(bench, work)?;
            let at_clock = |unit: &str, done: f64| {
                let host = host
                    .as_ref()
                    .map(|(name, taken)| (name.clone(), done / taken.median()));
                let unit = format!("{unit} at {clock}");
                (work.case.clone(), unit, done / clock.seconds(cycles), host)
            };
            figures.push(at_clock("jobs/s", 1.0));
            figures.push(at_clock("GOPS", 2e-9 * work.macs() as f64));
        }
        let figures = figures.into_iter().filter(|(.., figure, _)| *figure > 0.0);
        let record = |(case, unit, ours, peer)| Record {
            subject: Subject::Card,
            case,
            unit,
            ours,
            spread: None,
            peer,
            backend: engine.name.clone(),
            level: engine.level.clone(),
            threads: None,
            samples: 1,
            place: None,
            work: None,
        };
        Ok(figures.map(record).collect())
    }
}

/// What programs read and write of card memory: by their instructions, as no card counts it. 0 if that is not known.
fn memory_bytes(engine: &Engine, work: &Work) -> f64 {
    let Some(card) = &engine.card else { return 0.0 };
    let mode = if card.options().checked {
        Mode::Checked
    } else {
        Mode::Fast
    };
    let capabilities = card.capabilities();
    let compiled = fpga::compile(&Segment::whole(work.graph.clone()), capabilities, mode);
    let bytes = compiled.map_or(0, |compiled| {
        Estimate::of(&compiled.program, &fpga::Engine::of(capabilities)).memory_bytes
    });
    bytes as f64 * work.items as f64
}

/// The first engine of the host at the same work, on one thread.
fn on_host(bench: &Bench<'_>, work: &Work) -> Result<Option<(String, Taken)>, Error> {
    let Some(host) = bench.setup.engines.iter().find(|engine| !engine.is_device()) else {
        return Ok(None);
    };
    let made: Result<Arc<dyn Executable>, _> = whole::compile(&*host.backend, &work.graph);
    let (Ok(made), Ok(batch)) = (made, batch(&work.graph, work.items)) else {
        return Ok(None);
    };
    let way = || -> Way<'_> {
        Box::new(|| {
            let outputs = made.run(black_box(&batch)).map_err(|error| error.to_string())?;
            black_box(outputs);
            Ok(())
        })
    };
    let outcomes = machine::on_one_thread(&work.case, || bench.by_turns(vec![way()]))?;
    let taken = outcomes.into_iter().next().and_then(Result::ok);
    Ok(taken.map(|taken| (host.name.clone(), taken)))
}

/// What is told where nothing infers.
pub(crate) fn without_engine(bench: &Bench<'_>) {
    for engine in bench.setup.engines.iter().filter(|engine| !engine.infers()) {
        bench.note(format!(
            "left out: {} at card: it has no engine for inferences; metisvm bench keccak rings measures what it has",
            engine.title()
        ));
    }
}
