//! How the engine grows with its threads where reading the state takes time: workloads of docs/workloads.md
//! on 1, 2, 4, 8 and 16 threads, with reads of 0, 10 and 100 µs. Two cores cannot show how computing scales;
//! waiting for a disk scales beyond them.
//!
//! As in the benchmark of workloads the engine has executed the two blocks before the measured one. It executes
//! the measured one in three ways: over the slow state alone, where each worker reads everything that it needs
//! by itself; with the state cache in front, where what one has read is there for all; and so again, but with
//! nothing read ahead of execution. Through the cache the blocks before waited for their reads as well, since
//! what is to be read ahead is learnt only then; alone they did not. The cache is empty when a block begins, and
//! is made before the clock starts: nothing of the blocks before is in it. Plain revm has its `CacheDB` and no
//! other cache.

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

use alloy_primitives::B256;
use metisvm_benches::{
    Failure,
    chain::{Chain, Over, empty_cache},
    end,
    options::Options,
    ours::Ours,
    plain,
    sampling::{Times, Variant, interleave, timed},
    show::{Figures, line, ms, ratio},
    slow_state::{SlowState, sharpen_sleep},
};
use metisvm_workload::chains::WorkloadKind;
use serde_json::json;
use std::{cell::Cell, process::ExitCode, time::Duration};

const PLAIN: &str = "plain";
const THREADS: [usize; 5] = [1, 2, 4, 8, 16];
/// By what the engine reads through, names of the variants and headings of the columns.
const ALONE: Lane = Lane {
    over: Over::Slow,
    reads_ahead: false,
    title: "without the state cache",
    names: ["1 thread", "2 threads", "4 threads", "8 threads", "16 threads"],
};
const CACHED: Lane = Lane {
    over: Over::Cached,
    reads_ahead: true,
    title: "with the state cache, empty at first",
    names: [
        "1 thread, cache",
        "2 threads, cache",
        "4 threads, cache",
        "8 threads, cache",
        "16 threads, cache",
    ],
};
const UNREAD: Lane = Lane {
    over: Over::Cached,
    reads_ahead: false,
    title: "with the state cache, empty at first, nothing read ahead",
    names: [
        "1 thread, cache, not ahead",
        "2 threads, cache, not ahead",
        "4 threads, cache, not ahead",
        "8 threads, cache, not ahead",
        "16 threads, cache, not ahead",
    ],
};
const LANES: [Lane; 3] = [ALONE, CACHED, UNREAD];
const WAITS: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_micros(10),
    Duration::from_micros(100),
];

/// The engine on all numbers of threads over one kind of state.
#[derive(Debug, Clone, Copy)]
struct Lane {
    over: Over,
    /// Threads beside the workers read ahead, where the state can do that.
    reads_ahead: bool,
    title: &'static str,
    names: [&'static str; THREADS.len()],
}

impl Lane {
    /// An engine that has executed the blocks before the measured one.
    fn engine(&self, chain: &Chain, threads: usize, wait: Duration) -> Result<Ours, Failure> {
        let engine = if self.reads_ahead {
            Ours::fresh(threads)?
        } else {
            Ours::without_reading_ahead(threads)?
        };
        let wait = match self.over {
            Over::Cached => wait,
            _ => Duration::ZERO,
        };
        chain.at_parent_after(engine, self.over, wait)
    }
}

/// What was read in one sample.
#[derive(Debug, Clone, Copy, Default)]
struct Reads {
    count: u64,
    /// What a read took on average, in microseconds.
    took: f64,
}

impl Reads {
    fn of(state: &SlowState<'_>) -> Self {
        Self {
            count: state.reads(),
            took: state.mean_wait(),
        }
    }
}

/// What was measured of a workload with one wait. Of reads those of the last sample.
struct Measured {
    kind: WorkloadKind,
    times: Times,
    plain: Reads,
    /// Of all lanes.
    ours: [[Reads; THREADS.len()]; LANES.len()],
}

fn main() -> ExitCode {
    end(run())
}

fn run() -> Result<(), Failure> {
    let options = Options::read(21, &[300])?;
    sharpen_sleep();
    for &transactions in &options.transactions {
        let mut chains = Vec::new();
        for kind in WorkloadKind::ALL
            .into_iter()
            .filter(|kind| options.wants(kind.name()))
        {
            chains.push((kind, Chain::new(kind, transactions)?));
        }
        for wait in WAITS {
            let mut all = Vec::new();
            for (kind, chain) in &chains {
                let measured = measure(*kind, chain, wait, options.samples);
                let measured = measured.map_err(|error| format!("{kind}, reads of {wait:?}: {error}"))?;
                if options.json {
                    print_json(&measured, transactions, wait, options.samples)?;
                }
                all.push(measured);
            }
            if !options.json && !all.is_empty() {
                print_tables(&all, transactions, wait, options.samples)?;
            }
        }
    }
    Ok(())
}

fn measure(kind: WorkloadKind, chain: &Chain, wait: Duration, samples: usize) -> Result<Measured, Failure> {
    let (block, base) = chain.measured();
    let plain_reads = Cell::default();
    let reads: [[Cell<Reads>; THREADS.len()]; LANES.len()] = Default::default();
    let mut variants = vec![Variant::new(PLAIN, || {
        let factory = chain.factory();
        let (parent, before) = chain.parent();
        let before = SlowState::new(before, Duration::ZERO);
        plain::sample_slow(chain.plain_evm(&factory), chain.spec(), parent, &before)?;
        let factory = chain.factory();
        let state = SlowState::new(base, wait);
        let time = plain::sample_slow(chain.plain_evm(&factory), chain.spec(), block, &state)?;
        plain_reads.set(Reads::of(&state));
        Ok(time)
    })];
    for (lane, reads) in LANES.into_iter().zip(&reads) {
        for ((threads, name), reads) in THREADS.into_iter().zip(lane.names).zip(reads) {
            variants.push(Variant::new(name, move || {
                let engine = lane.engine(chain, threads, wait)?;
                let factory = chain.factory();
                let state = SlowState::new(base, wait);
                let (time, _kept) = match lane.over {
                    Over::Cached => {
                        let cache = empty_cache();
                        let view = cache.view(&state, B256::ZERO);
                        timed(|| engine.execute_cached(&factory, block, &view))?
                    }
                    _ => timed(|| engine.execute_slow(&factory, block, &state))?,
                };
                reads.set(Reads::of(&state));
                Ok(time)
            }));
        }
    }
    let times = interleave(samples, variants)?;
    Ok(Measured {
        kind,
        times,
        plain: plain_reads.get(),
        ours: reads.map(|lane| lane.map(Cell::into_inner)),
    })
}

fn print_json(
    measured: &Measured,
    transactions: usize,
    wait: Duration,
    samples: usize,
) -> Result<(), Failure> {
    let Measured {
        kind,
        times,
        plain,
        ours,
    } = measured;
    let lane = |(lane, reads): (Lane, &[Reads; THREADS.len()])| {
        json!({
            "over_1_thread": lane.names.map(|name| times.ratio(lane.names[0], name)),
            "over_plain": lane.names.map(|name| times.ratio(PLAIN, name)),
            "reads": reads.map(|reads| reads.count),
            "read_us": reads.map(|reads| reads.took),
        })
    };
    let [alone, cached, unread] = ours;
    line(json!({
        "bench": "growth",
        "workload": kind.name(),
        "txs": transactions,
        "samples": samples,
        "asked_us": wait.as_micros(),
        "threads": THREADS,
        "times": times.json(),
        "plain_reads": plain.count,
        "plain_read_us": plain.took,
        "alone": lane((ALONE, alone)),
        "cached": lane((CACHED, cached)),
        "cached_not_ahead": lane((UNREAD, unread)),
    }))
}

fn print_tables(
    all: &[Measured],
    transactions: usize,
    wait: Duration,
    samples: usize,
) -> Result<(), Failure> {
    let asked = wait.as_micros();
    for (at, lane) in LANES.into_iter().enumerate() {
        let names = lane.names;
        let columns = [&["workload", "plain"][..], &ALONE.names].concat();
        let mut times = Figures::new(&columns);
        let mut reads = Figures::new(&columns);
        for measured in all {
            let name = measured.kind.name().to_owned();
            let plain = measured.times.median(PLAIN);
            let ours = names.map(|name| {
                let (over_one, over_plain) = (
                    measured.times.ratio(names[0], name),
                    measured.times.ratio(PLAIN, name),
                );
                format!(
                    "{} ({} / {})",
                    ms(measured.times.median(name)),
                    ratio(over_one),
                    ratio(over_plain)
                )
            });
            times.row([vec![name.clone(), ms(plain)], ours.into()].concat());
            let read = |reads: Reads| format!("{} of {:.0} µs", reads.count, reads.took);
            let ours = measured.ours[at].map(read);
            reads.row([vec![name, read(measured.plain)], ours.into()].concat());
        }
        times.print(&format!(
            "### Reads of {asked} µs, {transactions} transactions, {}, median of {samples}: milliseconds (speed \
             over our one thread / over plain)",
            lane.title
        ))?;
        if asked > 0 {
            reads.print(&format!(
                "How often {asked} µs were asked for, {}, and what a read took",
                lane.title
            ))?;
        }
    }
    Ok(())
}
