//! Blocks of Ethereum's mainnet (shared/data/mainnet-blocks): plain revm, our sequential mode and our engine
//! on two threads; execution alone, and with the recovery of senders. docs/benchmarks.md says what is timed.
//!
//! Files hold single blocks, not chains. So that nothing has seen a block before, and nothing comes to it
//! with cold threads and caches either, every sample of every variant first executes, outside of the clock,
//! the block before it in the list, an older one of the same chain (before the first comes the last).

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

use metisvm_benches::{
    Failure, agreement, end,
    mainnet::Subject,
    options::{Options, shared_data},
    ours::{Ours, Tally},
    plain::{self, PlainEvm},
    sampling::{Times, Variant, geometric_mean, interleave, timed, twice_at_once},
    show::{Figures, line, mean, ms, ratio},
};
use metisvm_executor::Threads;
use serde_json::json;
use std::{process::ExitCode, time::Duration};

const PLAIN: &str = "plain";
const TWICE: &str = "plain, twice at once";
const OVER_STATE: &str = "plain over State";
const IN_MEMORY: &str = "plain in MemoryState";
const OUR_EVM: &str = "plain with our EVM factory";
const SEQUENTIAL: &str = "ours on 1 thread";
const PARALLEL: &str = "ours on 2 threads";
const UNFORESEEING: &str = "ours on 2 threads without prediction";
const PLAIN_SENDERS: &str = "plain with senders";
const SEQUENTIAL_SENDERS: &str = "ours on 1 thread with senders";
const PARALLEL_SENDERS: &str = "ours on 2 threads with senders";

/// What was measured of a block.
struct Measured<'a> {
    subject: &'a Subject,
    times: Times,
    tally: Tally,
}

fn measure<'a>(
    subject: &'a Subject,
    before: &Subject,
    threads: &[Threads; 2],
    samples: usize,
) -> Result<Measured<'a>, Failure> {
    let (spec, factory, base) = (&*subject.spec, &subject.factory, &subject.file.pre_state);
    let block = subject.block();

    let (state, receipts) = plain::reach(PlainEvm::Ethereum, spec, block, base)?;
    if receipts.gas_used != block.header.gas_used {
        let (used, header) = (receipts.gas_used, block.header.gas_used);
        return Err(format!("plain revm used {used} gas, the header says {header}").into());
    }
    for threads in [1, 2] {
        let done = before.engine(threads)?.execute(factory, block, base)?;
        agreement::check(base, &state, &receipts, &done)?;
    }

    // Each way of plain revm executes the block before in the same way.
    let in_turn = |way: fn(&Subject) -> Result<Duration, Failure>| {
        way(before)?;
        way(subject)
    };
    let mut tallies = Vec::with_capacity(samples);
    let variants = vec![
        Variant::new(PLAIN, || in_turn(|s| plain(s, PlainEvm::Ethereum))),
        Variant::new(TWICE, || {
            twice_at_once(|| in_turn(|s| plain(s, PlainEvm::Ethereum)))
        }),
        Variant::new(OVER_STATE, || {
            in_turn(|s| plain::sample_over_state(&s.spec, s.block(), &s.file.pre_state))
        }),
        Variant::new(IN_MEMORY, || {
            in_turn(|s| plain::sample_in_memory(&s.spec, s.block(), &s.file.pre_state))
        }),
        Variant::new(OUR_EVM, || in_turn(|s| plain(s, PlainEvm::Ours(&s.factory)))),
        Variant::new(SEQUENTIAL, || {
            let engine = before.engine(1)?;
            let (time, _kept) = timed(|| engine.execute(factory, block, base))?;
            Ok(time)
        }),
        Variant::new(PARALLEL, || {
            let engine = before.engine(2)?;
            let (time, done) = timed(|| engine.execute(factory, block, base))?;
            tallies.push(done.tally());
            Ok(time)
        }),
        Variant::new(UNFORESEEING, || {
            let engine = before.taught(Ours::unforeseeing(2)?)?;
            let (time, _kept) = timed(|| engine.execute(factory, block, base))?;
            Ok(time)
        }),
        Variant::new(PLAIN_SENDERS, || {
            plain(before, PlainEvm::Ethereum)?;
            let unrecovered = Some((subject.signed(), &threads[0]));
            plain::sample(PlainEvm::Ethereum, spec, block, base, unrecovered)
        }),
        Variant::new(SEQUENTIAL_SENDERS, || with_senders(subject, before, threads, 1)),
        Variant::new(PARALLEL_SENDERS, || with_senders(subject, before, threads, 2)),
    ];
    let times = interleave(samples, variants)?;
    Ok(Measured {
        subject,
        times,
        tally: Tally::median(&tallies),
    })
}

fn plain(subject: &Subject, evm: PlainEvm<'_>) -> Result<Duration, Failure> {
    plain::sample(evm, &subject.spec, subject.block(), &subject.file.pre_state, None)
}

fn with_senders(
    subject: &Subject,
    before: &Subject,
    threads: &[Threads; 2],
    count: usize,
) -> Result<Duration, Failure> {
    let engine = before.engine(count)?;
    let signed = subject.signed();
    let (time, _kept) = timed(|| {
        let transactions = subject.recover(signed, &threads[count - 1])?;
        let block = subject.signed_by(&transactions);
        let done = engine.execute(&subject.factory, block, &subject.file.pre_state)?;
        Ok((transactions, done))
    })?;
    Ok(time)
}

fn main() -> ExitCode {
    end(run())
}

fn run() -> Result<(), Failure> {
    let options = Options::read(21, &[])?;
    let Some(folder) = shared_data("mainnet-blocks")? else {
        return Ok(());
    };
    let threads = [Threads::new(1)?, Threads::new(2)?];
    let subjects = Subject::read_all(&folder, &threads[1])?;
    let mut all = Vec::new();
    for (at, subject) in subjects.iter().enumerate() {
        if !options.wants(&subject.number().to_string()) {
            continue;
        }
        let before = &subjects[at.checked_sub(1).unwrap_or(subjects.len() - 1)];
        let measured = measure(subject, before, &threads, options.samples)
            .map_err(|error| format!("block {}: {error}", subject.number()))?;
        if options.json {
            print_json(&measured, options.samples)?;
        }
        all.push(measured);
    }
    if !options.json && !all.is_empty() {
        print_tables(&all, options.samples)?;
    }
    Ok(())
}

fn print_json(measured: &Measured<'_>, samples: usize) -> Result<(), Failure> {
    let Measured {
        subject,
        times,
        tally,
    } = measured;
    line(json!({
        "bench": "mainnet_blocks",
        "block": subject.number(),
        "txs": subject.transactions.len(),
        "gas": subject.file.block.header.gas_used,
        "samples": samples,
        "times": times.json(),
        "processors": times.processors(PLAIN, TWICE),
        "ratio_1": times.ratio(PLAIN, SEQUENTIAL),
        "ratio_2": times.ratio(PLAIN, PARALLEL),
        "ratio_1_with_senders": times.ratio(PLAIN_SENDERS, SEQUENTIAL_SENDERS),
        "ratio_2_with_senders": times.ratio(PLAIN_SENDERS, PARALLEL_SENDERS),
        "aborts": tally.aborts,
        "in_turn": tally.in_turn,
        "foretold": tally.foretold,
        "ratio_2_without_prediction": times.ratio(PLAIN, UNFORESEEING),
    }))
}

fn print_tables(all: &[Measured<'_>], samples: usize) -> Result<(), Failure> {
    line(format_args!(
        "Median of {samples} samples each, in milliseconds; ratios of medians, plain over ours."
    ))?;
    execution(all)?;
    let large = || all.iter().filter(|measured| measured.subject.is_large());
    let over_large = |base: &str, name: &str| {
        mean(geometric_mean(
            large().map(|measured| measured.times.ratio(base, name)),
        ))
    };
    let least = |name: &str| {
        let found = large().min_by(|a, b| a.times.ratio(PLAIN, name).total_cmp(&b.times.ratio(PLAIN, name)));
        found.map_or_else(
            || "-".to_owned(),
            |least| {
                format!(
                    "{} (block {})",
                    ratio(least.times.ratio(PLAIN, name)),
                    least.subject.number()
                )
            },
        )
    };
    let mut figures = Figures::new(&["", "1 thread", "2 threads"]);
    for (what, base, names) in [
        ("geometric mean", PLAIN, [SEQUENTIAL, PARALLEL]),
        (
            "geometric mean, with senders",
            PLAIN_SENDERS,
            [SEQUENTIAL_SENDERS, PARALLEL_SENDERS],
        ),
    ] {
        let [one, two] = names.map(|name| over_large(base, name));
        figures.row(vec![what.to_owned(), one, two]);
    }
    figures.row(vec![
        "geometric mean, without prediction".to_owned(),
        String::new(),
        over_large(PLAIN, UNFORESEEING),
    ]);
    let at_once = large().map(|measured| measured.times.processors(PLAIN, TWICE));
    figures.row(vec![
        "what two processors do at once, one being 1: geometric mean".to_owned(),
        String::new(),
        mean(geometric_mean(at_once)),
    ]);
    figures.row(vec!["worst block".to_owned(), least(SEQUENTIAL), least(PARALLEL)]);
    figures.print(&format!("### The {} blocks above 4 Mgas", large().count()))?;

    let mut figures = Figures::new(&["plain revm", "speed, CacheDB = 1"]);
    for name in [PLAIN, OVER_STATE, IN_MEMORY, OUR_EVM] {
        figures.row(vec![name.to_owned(), over_large(PLAIN, name)]);
    }
    figures.print("### The denominator: plain revm in other ways, over the same blocks")?;
    senders(all)
}

fn execution(all: &[Measured<'_>]) -> Result<(), Failure> {
    let mut figures = Figures::new(&[
        "block",
        "txs",
        "Mgas",
        "plain",
        "1 thread",
        "ratio",
        "2 threads",
        "ratio",
        "processors",
        "aborts",
        "in turn",
        "foretold",
        "no prediction",
    ]);
    for Measured {
        subject,
        times,
        tally,
    } in all
    {
        figures.row(vec![
            subject.number().to_string(),
            subject.transactions.len().to_string(),
            format!("{:.1}", subject.file.block.header.gas_used as f64 / 1e6),
            ms(times.median(PLAIN)),
            ms(times.median(SEQUENTIAL)),
            ratio(times.ratio(PLAIN, SEQUENTIAL)),
            ms(times.median(PARALLEL)),
            ratio(times.ratio(PLAIN, PARALLEL)),
            ratio(times.processors(PLAIN, TWICE)),
            tally.aborts.to_string(),
            tally.in_turn.to_string(),
            tally.foretold.to_string(),
            ratio(times.ratio(PLAIN, UNFORESEEING)),
        ]);
    }
    figures.print("### Execution, senders known")
}

fn senders(all: &[Measured<'_>]) -> Result<(), Failure> {
    let mut figures = Figures::new(&["block", "txs", "plain", "1 thread", "ratio", "2 threads", "ratio"]);
    for Measured { subject, times, .. } in all {
        figures.row(vec![
            subject.number().to_string(),
            subject.transactions.len().to_string(),
            ms(times.median(PLAIN_SENDERS)),
            ms(times.median(SEQUENTIAL_SENDERS)),
            ratio(times.ratio(PLAIN_SENDERS, SEQUENTIAL_SENDERS)),
            ms(times.median(PARALLEL_SENDERS)),
            ratio(times.ratio(PLAIN_SENDERS, PARALLEL_SENDERS)),
        ]);
    }
    figures.print("### With the recovery of senders")
}
