//! Blocks of one transaction that spends 30 Mgas in one kind of instruction (`metisvm_workload::HeavyCall`):
//! plain revm, our sequential mode and our engine on two threads, which has nothing to share here.
//! docs/benchmarks.md says what is timed.
//!
//! Every sample first executes the parent outside of the clock. What a turn of its loop has to itself (a slot,
//! a hash, a topic) is not found in the measured block.

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

use metisvm_benches::{
    Failure, agreement, end,
    options::Options,
    ours::Ours,
    plain::{self, PlainEvm},
    sampling::{Times, Variant, geometric_mean, interleave, timed},
    show::{Figures, line, mean, ms, ratio},
};
use metisvm_workload::{HEAVY_GAS, HeavyBlock, HeavyCall};
use serde_json::json;
use std::{process::ExitCode, time::Duration};

const PLAIN: &str = "plain";
const SEQUENTIAL: &str = "ours on 1 thread";
const PARALLEL: &str = "ours on 2 threads";

fn main() -> ExitCode {
    end(run())
}

fn run() -> Result<(), Failure> {
    let options = Options::read(21, &[])?;
    let mut all = Vec::new();
    for kind in HeavyCall::ALL
        .into_iter()
        .filter(|kind| options.wants(kind.name()))
    {
        let times =
            measure(&kind.block(HEAVY_GAS), options.samples).map_err(|error| format!("{kind}: {error}"))?;
        if options.json {
            line(json!({
                "bench": "heavy_calls",
                "kind": kind.name(),
                "samples": options.samples,
                "times": times.json(),
                "ratio_1": times.ratio(PLAIN, SEQUENTIAL),
                "ratio_2": times.ratio(PLAIN, PARALLEL),
            }))?;
        }
        all.push((kind, times));
    }
    if options.json || all.is_empty() {
        return Ok(());
    }
    print(&all, options.samples)
}

fn measure(block: &HeavyBlock, samples: usize) -> Result<Times, Failure> {
    let (factory, base) = (block.factory(), block.state());
    let (state, receipts) = plain::reach(PlainEvm::Ethereum, factory.spec(), block.measured(), base)?;
    for threads in [1, 2] {
        let done = at_parent(block, threads)?.execute(factory, block.measured(), base)?;
        agreement::check(base, &state, &receipts, &done)?;
    }
    let ours = |threads| -> Result<Duration, Failure> {
        let engine = at_parent(block, threads)?;
        let (time, _kept) = timed(|| engine.execute(factory, block.measured(), base))?;
        Ok(time)
    };
    let plain = |input| plain::sample(PlainEvm::Ethereum, factory.spec(), input, base, None);
    let variants = vec![
        Variant::new(PLAIN, || {
            plain(block.parent())?;
            plain(block.measured())
        }),
        Variant::new(SEQUENTIAL, || ours(1)),
        Variant::new(PARALLEL, || ours(2)),
    ];
    interleave(samples, variants)
}

fn at_parent(block: &HeavyBlock, threads: usize) -> Result<Ours, Failure> {
    let engine = Ours::fresh(threads)?;
    engine.execute(block.factory(), block.parent(), block.state())?;
    Ok(engine)
}

fn print(all: &[(HeavyCall, Times)], samples: usize) -> Result<(), Failure> {
    line(format_args!(
        "Median of {samples} samples each, in milliseconds; ratios of medians, plain over ours."
    ))?;
    let mut figures = Figures::new(&["30 Mgas of", "plain", "1 thread", "ratio", "2 threads", "ratio"]);
    for (kind, times) in all {
        figures.row(vec![
            kind.name().to_owned(),
            ms(times.median(PLAIN)),
            ms(times.median(SEQUENTIAL)),
            ratio(times.ratio(PLAIN, SEQUENTIAL)),
            ms(times.median(PARALLEL)),
            ratio(times.ratio(PLAIN, PARALLEL)),
        ]);
    }
    let over_all = |name| {
        mean(geometric_mean(
            all.iter().map(|(_, times)| times.ratio(PLAIN, name)),
        ))
    };
    figures.row(vec![
        "geometric mean".to_owned(),
        String::new(),
        String::new(),
        over_all(SEQUENTIAL),
        String::new(),
        over_all(PARALLEL),
    ]);
    figures.print("### One transaction of 30 Mgas")
}
