//! Whole models: throughput and latency by batch and threads, the reference kernels as peer.
//!
//! The reference takes one item after the other, whatever the batch, so it is timed on one: its inferences a
//! second are those of any batch, and its latency is that of one item times the batch.

use crate::bench::{Bench, Case};
use crate::error::Error;
use crate::prepared::Prepared;
use crate::record::{Measured, Record};
use crate::setup::Setup;
use crate::subject::Subject;
use crate::unit::Unit;
use std::sync::Arc;

/// A case for each model, batch and number of threads.
pub(crate) fn cases(setup: &Setup) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    for model in &setup.models {
        // Figures of two models are not to mix in what is known of costs.
        let kind = format!("model {}", model.name);
        let prepared = Arc::new(Prepared::new(&model.name, kind, model.graph.clone()));
        for &threads in &setup.threads {
            for &batch in &setup.batches {
                let prepared = prepared.clone();
                cases.push(Case {
                    subject: Subject::Models,
                    name: format!("{}, batch {batch}, {}", model.name, on(threads)),
                    measure: Box::new(move |bench| measure(bench, &prepared, batch, threads)),
                });
            }
        }
    }
    cases
}

fn on(threads: usize) -> String {
    match threads {
        1 => "1 thread".to_owned(),
        several => format!("{several} threads"),
    }
}

fn measure(
    bench: &Bench<'_>,
    prepared: &Prepared,
    batch: usize,
    threads: usize,
) -> Result<Vec<Record>, Error> {
    let family = format!("{}, {}", prepared.name, on(threads));
    let case = format!("{}, batch {batch}, {}", prepared.name, on(threads));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| Error::Fails {
        case: case.clone(),
        problem: format!("{threads} threads: {error}"),
    })?;
    let compared = pool.install(|| prepared.compare(bench, &case, batch))?;
    let mut records = Vec::new();
    let items = batch as f64;
    for ours in &compared.engines {
        for unit in [Unit::INFERENCES, Unit::MS] {
            // A latency is that of the whole batch.
            let (work, peers) = if unit.is_time() {
                (1.0, 1.0 / items)
            } else {
                (items, 1.0)
            };
            let peer = compared
                .reference
                .as_ref()
                .map(|taken| ("reference", Measured { taken, work: peers }));
            let figure = Measured {
                taken: &ours.taken,
                work,
            };
            let mut record = Record::new(Subject::Models, &case, unit, ours.engine, &figure, peer);
            record.threads = Some(threads);
            if unit.is_time() {
                record = record.at(format!("{family}, latency"), items, "batch");
            } else {
                record = record.at(&family, items, "batch");
                record.work = Some(prepared.work(batch));
            }
            records.push(record);
        }
    }
    Ok(records)
}
