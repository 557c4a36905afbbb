//! A block with inferences: executing it, senders known, by the clock of the wall, with each engine behind
//! the precompile; by turns with the reference kernels behind it. And the block engine beside plain revm, as
//! `--compare threads` has them.

use crate::bench::{Bench, Case};
use crate::error::Error;
use crate::record::{Measured, Record};
use crate::sample::Taken;
use crate::setup::{Block, Setup};
use crate::subject::Subject;
use crate::unit::Unit;
use metisvm_accel::Backend;
use metisvm_accel::reference::ReferenceBackend;
use metisvm_executor::sampling::{Sample, Times, interleave};
use metisvm_executor::{BlockEngine, BlockReport, Threads, compare_threads, run_block_file};
use std::sync::Arc;

/// A case for each number of threads, and one beside plain revm.
pub(crate) fn cases(setup: &Setup) -> Vec<Case<'_>> {
    let Some(block) = &setup.block else {
        return Vec::new();
    };
    let mut cases = Vec::new();
    for &threads in &setup.threads {
        cases.push(Case {
            subject: Subject::Blocks,
            name: format!("{}, {threads} threads", block.name),
            measure: Box::new(move |bench| engines(bench, block, threads)),
        });
    }
    cases.push(Case {
        subject: Subject::Blocks,
        name: format!("{}, beside plain revm", block.name),
        measure: Box::new(move |bench| beside_revm(bench, block)),
    });
    cases
}

/// Executes the block once: what came of it, and how long that took.
fn execute(block: &Block, blocks: &BlockEngine, backend: &Arc<dyn Backend>) -> Result<BlockReport, String> {
    // A memo that has seen nothing; what is compiled of the models is made by the first call.
    let inference = (block.inference)(backend);
    run_block_file(&block.file, Some(inference), blocks).map_err(|error| error.to_string())
}

fn engines(bench: &Bench<'_>, block: &Block, threads: usize) -> Result<Vec<Record>, Error> {
    let case = match threads {
        1 => format!("{}, 1 thread", block.name),
        several => format!("{}, {several} threads", block.name),
    };
    let fails = |problem: String| Error::Fails {
        case: case.clone(),
        problem,
    };
    let blocks = Threads::new(threads).map_err(|error| fails(error.to_string()))?;
    let blocks = BlockEngine::new(blocks);
    let reference: Arc<dyn Backend> = Arc::new(ReferenceBackend);
    let expected = execute(block, &blocks, &reference).map_err(fails)?;
    let mut backends = vec![(None, reference)];
    for engine in &bench.setup.engines {
        match execute(block, &blocks, &engine.backend) {
            Ok(report) if report.outcome.receipts == expected.outcome.receipts => {
                backends.push((Some(engine), engine.backend.clone()));
            }
            Ok(_) => {
                let engine = engine.title();
                return Err(Error::Disagrees { case, engine });
            }
            Err(why) => bench.note(format!("left out: {} at {case}: {why}", engine.title())),
        }
    }
    let blocks = &blocks;
    let way = |(_, backend): &(_, Arc<dyn Backend>)| -> Sample<'_, String> {
        let backend = backend.clone();
        Box::new(move || Ok(execute(block, blocks, &backend)?.outcome.execute_time))
    };
    let mut ways: Vec<_> = backends.iter().map(way).collect();
    let times = interleave(bench.setup.samples, &mut ways);
    drop(ways);
    let times = times.map_err(|(at, why)| {
        let name = backends[at]
            .0
            .map_or_else(|| "reference".to_owned(), |engine| engine.title());
        fails(format!("{name}: {why}"))
    })?;
    let taken: Vec<Taken> = times.into_iter().map(|times| Taken::new(times, 1)).collect();
    let records = backends.iter().zip(&taken).filter_map(|((engine, _), ours)| {
        let figure = |taken| Measured { taken, work: 1.0 };
        let peer = Some(("reference", figure(&taken[0])));
        let mut record = Record::new(Subject::Blocks, &case, Unit::MS, (*engine)?, &figure(ours), peer);
        record.threads = Some(threads);
        Some(record)
    });
    Ok(records.collect())
}

/// The first engine behind the precompile, on the most threads.
fn beside_revm(bench: &Bench<'_>, block: &Block) -> Result<Vec<Record>, Error> {
    let case = format!("{}, beside plain revm", block.name);
    let fails = |problem: String| Error::Fails {
        case: case.clone(),
        problem,
    };
    let Some(engine) = bench.setup.engines.first() else {
        return Ok(Vec::new());
    };
    let most = bench.setup.threads.iter().copied().max().unwrap_or(1).max(2);
    let threads = Threads::new(most).map_err(|error| fails(error.to_string()))?;
    let inference = || Some((block.inference)(&engine.backend));
    let compared = compare_threads(
        &block.file,
        None,
        inference,
        None,
        None,
        &threads,
        bench.setup.samples,
    );
    let compared = compared.map_err(|error| fails(error.to_string()))?;
    if !compared.equal() {
        let engine = "the block engine".to_owned();
        return Err(Error::Disagrees { case, engine });
    }
    let taken = |times: &Times| Taken::new(times.clone(), 1);
    let plain = taken(&compared.plain_revm);
    let rows = [
        (1, taken(&compared.sequential)),
        (most, taken(&compared.parallel)),
    ];
    let record = |(threads, ours): &(usize, Taken)| {
        let figure = |taken| Measured { taken, work: 1.0 };
        let peer = Some(("plain revm", figure(&plain)));
        let name = match threads {
            1 => format!("{case}, on 1 thread"),
            several => format!("{case}, on {several} threads"),
        };
        let mut record = Record::new(Subject::Blocks, name, Unit::MS, engine, &figure(ours), peer);
        record.threads = Some(*threads);
        record
    };
    Ok(rows.iter().map(record).collect())
}
