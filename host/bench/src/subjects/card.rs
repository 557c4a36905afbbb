//! What a device costs before it computes anything: a job, and the way of its bytes there and back; and what
//! it gains from having several at once. The peer is the processor that looks the same bytes up by itself.

use super::machine;
use super::operators;
use super::tensor;
use super::whole::compile;
use crate::bench::{Bench, Case};
use crate::engine::Engine;
use crate::error::Error;
use crate::inputs;
use crate::prepared::Prepared;
use crate::record::{Measured, Record};
use crate::sample::Way;
use crate::setup::Setup;
use crate::subject::Subject;
use crate::unit::Unit;
use metisvm_accel::{Batch, Executable, Running};
use metisvm_model::Graph;
use std::hint::black_box;
use std::sync::Arc;

/// Bytes of a job's input, and of its output.
const SIZES: [u32; 5] = [64, 1 << 10, 1 << 14, 1 << 18, 1 << 20];
/// Bytes of the jobs that are many.
const SMALL: u32 = 1 << 10;
/// Jobs that are in flight at once.
const FLIGHTS: [usize; 3] = [2, 4, 8];

/// The cases, if there is a device.
pub(crate) fn cases(setup: &Setup) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    if setup.engines.iter().any(|engine| !engine.infers()) {
        cases.push(Case {
            subject: Subject::Card,
            name: "a card that does not infer".to_owned(),
            measure: Box::new(|bench: &Bench<'_>| {
                tensor::without_engine(bench);
                Ok(Vec::new())
            }),
        });
    }
    if !setup.engines.iter().any(takes_jobs) {
        return cases;
    }
    let way = |size| Case {
        subject: Subject::Card,
        name: format!("a job of {size} bytes"),
        measure: Box::new(move |bench: &Bench<'_>| one_job(bench, size)) as _,
    };
    let flight = |count| Case {
        subject: Subject::Card,
        name: format!("{count} jobs in flight"),
        measure: Box::new(move |bench: &Bench<'_>| in_flight(bench, count)) as _,
    };
    cases.extend(SIZES.map(way).into_iter().chain(FLIGHTS.map(flight)));
    cases.extend(tensor::cases(setup));
    cases
}

/// Whether an engine is a device that infers.
fn takes_jobs(engine: &Engine) -> bool {
    engine.is_device() && engine.infers()
}

fn graph(case: &str, size: u32) -> Result<Arc<Graph>, Error> {
    operators::table(size).map_err(|problem| Error::Fails {
        case: case.to_owned(),
        problem,
    })
}

/// One job after the other, each waited for.
fn one_job(bench: &Bench<'_>, size: u32) -> Result<Vec<Record>, Error> {
    let case = format!("a job of {size} bytes");
    let prepared = Prepared::new(&case, "a job", graph(&case, size)?);
    // The first engine of the host is the peer, or else the reference kernels.
    let host = bench.setup.engines.iter().find(|engine| !engine.is_device());
    let host = host.map(Engine::title);
    let wanted = |engine: &Engine| takes_jobs(engine) || Some(engine.title()) == host;
    let compared = machine::on_one_thread(&case, || prepared.compare_some(bench, &case, 1, wanted))??;
    let peer = compared
        .engines
        .iter()
        .find(|compared| !compared.engine.is_device());
    let peer = match (peer, &compared.reference) {
        (Some(host), _) => Some((host.engine.name.as_str(), &host.taken)),
        (None, Some(reference)) => Some(("reference", reference)),
        (None, None) => None,
    };
    let mut records = Vec::new();
    for ours in compared
        .engines
        .iter()
        .filter(|compared| compared.engine.is_device())
    {
        let bytes = 2.0 * f64::from(size);
        for (unit, work) in [(Unit::US, 1.0), (Unit::BYTES, bytes)] {
            let peer = peer.map(|(name, taken)| (name, Measured { taken, work }));
            let figure = Measured {
                taken: &ours.taken,
                work,
            };
            let family = if unit.is_time() {
                "time of a job"
            } else {
                "bytes there and back"
            };
            let record = Record::new(Subject::Card, &case, unit, ours.engine, &figure, peer);
            records.push(record.at(family, f64::from(size), "bytes in, and as many out"));
        }
    }
    Ok(records)
}

/// Several jobs submitted before the first is waited for; the peer is one at a time on the same device.
fn in_flight(bench: &Bench<'_>, count: usize) -> Result<Vec<Record>, Error> {
    let case = format!("{count} jobs in flight, of {SMALL} bytes");
    let graph = graph(&case, SMALL)?;
    let types = || graph.inputs().iter().map(|port| &port.ty);
    let batch = Batch::from_items(types(), vec![inputs::item(&graph, 0)]).map_err(|error| Error::Fails {
        case: case.clone(),
        problem: error.to_string(),
    })?;
    let mut records = Vec::new();
    for engine in bench.setup.engines.iter().filter(|engine| takes_jobs(engine)) {
        let left_out = |why: String| bench.note(format!("left out: {} at {case}: {why}", engine.title()));
        let made = match compile(&*engine.backend, &graph) {
            Ok(made) => made,
            Err(why) => {
                left_out(why.to_string());
                continue;
            }
        };
        let way = |count: usize| -> Way<'_> {
            let (made, batch) = (&made, &batch);
            Box::new(move || flight(&**made, batch, count))
        };
        let mut outcomes = bench.by_turns(vec![way(1), way(count)]).into_iter();
        match (outcomes.next(), outcomes.next()) {
            (Some(Ok(one)), Some(Ok(several))) => {
                let peer = Measured {
                    taken: &one,
                    work: 1.0,
                };
                let figure = Measured {
                    taken: &several,
                    work: count as f64,
                };
                let peer = Some(("one at a time", peer));
                let record = Record::new(Subject::Card, &case, Unit::JOBS, engine, &figure, peer);
                records.push(record.at("jobs in flight", count as f64, "jobs"));
            }
            (Some(Err(why)), _) | (_, Some(Err(why))) => left_out(why),
            _ => {}
        }
    }
    Ok(records)
}

fn flight(made: &dyn Executable, batch: &Batch, count: usize) -> Result<(), String> {
    let failed = |error: metisvm_accel::BackendError| error.to_string();
    let submit = |_| made.submit(black_box(batch)).map_err(failed);
    let jobs: Vec<Box<dyn Running>> = (0..count).map(submit).collect::<Result<_, _>>()?;
    for job in jobs {
        let outputs = job.wait().and_then(Batch::into_items).map_err(failed)?;
        black_box(outputs);
    }
    Ok(())
}
