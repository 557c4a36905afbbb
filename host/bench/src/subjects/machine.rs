//! What one thread of this machine gives at best: the multipliers alone, and reading memory. A roofline is
//! made of the two.

use crate::bench::{Bench, Case};
use crate::engine::Engine;
use crate::error::Error;
use crate::record::{Measured, Record};
use crate::roof::{BANDWIDTH, PEAK};
use crate::sample::Way;
use crate::subject::Subject;
use crate::unit::Unit;
use metisvm_simd::Level;
use metisvm_simd::product::register_peak;
use std::hint::black_box;

/// More than any cache holds.
const MEMORY_BYTES: usize = 256 << 20;

/// Both, of the processor's engines.
pub(crate) fn cases<'s>() -> Vec<Case<'s>> {
    let case = |name: &str, measure: fn(&Bench<'s>) -> Result<Vec<Record>, Error>| Case {
        subject: Subject::Kernels,
        name: name.to_owned(),
        measure: Box::new(measure),
    };
    vec![case(PEAK, peak), case(BANDWIDTH, bandwidth)]
}

/// Does work on a pool of one thread, which is all that an engine finds to share it with.
pub(crate) fn on_one_thread<T: Send>(case: &str, work: impl FnOnce() -> T + Send) -> Result<T, Error> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.map_err(|error| Error::Fails {
        case: case.to_owned(),
        problem: error.to_string(),
    })?;
    Ok(pool.install(work))
}

/// The engines whose level is a set of instructions of this processor.
fn levels<'s>(bench: &Bench<'s>) -> Vec<(&'s Engine, Level)> {
    let level = |engine: &'s Engine| {
        let level = engine.level.as_deref()?.parse().ok()?;
        Some((engine, level))
    };
    bench.setup.engines.iter().filter_map(level).collect()
}

fn peak(bench: &Bench<'_>) -> Result<Vec<Record>, Error> {
    const ROUNDS: usize = 10_000;
    let levels = levels(bench);
    let way = |&(_, level): &(&Engine, Level)| -> Way<'_> {
        Box::new(move || {
            black_box(register_peak(level, ROUNDS));
            Ok(())
        })
    };
    let outcomes = bench.by_turns(levels.iter().map(way).collect());
    let mut records = Vec::new();
    for ((engine, level), taken) in levels.iter().zip(outcomes.iter().flatten()) {
        let work = 2.0 * register_peak(*level, ROUNDS) as f64;
        records.push(record(PEAK, Unit::GOPS, engine, &Measured { taken, work }));
    }
    Ok(records)
}

fn bandwidth(bench: &Bench<'_>) -> Result<Vec<Record>, Error> {
    let levels = levels(bench);
    let Some((engine, _)) = levels.first() else {
        return Ok(Vec::new());
    };
    let memory = vec![1_u64; MEMORY_BYTES / size_of::<u64>()];
    let outcomes = bench.by_turns(vec![Box::new(|| {
        black_box(read(black_box(&memory)));
        Ok(())
    })]);
    let records = outcomes.iter().flatten().map(|taken| {
        let work = MEMORY_BYTES as f64;
        record(BANDWIDTH, Unit::BYTES, engine, &Measured { taken, work })
    });
    Ok(records.collect())
}

/// Reads all, from several places at once: one stream alone does not keep the memory busy.
fn read(memory: &[u64]) -> u64 {
    const STREAMS: usize = 4;
    let quarter = memory.len() / STREAMS;
    let streams: [&[u64]; STREAMS] = std::array::from_fn(|at| &memory[at * quarter..][..quarter]);
    let [a, b, c, d] = streams.map(|stream| stream.chunks_exact(8));
    let mut sums = [0_u64; 8];
    for (((a, b), c), d) in a.zip(b).zip(c).zip(d) {
        for lane in 0..8 {
            sums[lane] ^= a[lane] ^ b[lane] ^ c[lane] ^ d[lane];
        }
    }
    sums.into_iter().fold(0, |all, sum| all ^ sum)
}

fn record(case: &str, unit: Unit, engine: &Engine, measured: &Measured<'_>) -> Record {
    let mut record = Record::new(Subject::Kernels, case, unit, engine, measured, None);
    record.threads = Some(1);
    record
}
