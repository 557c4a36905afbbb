//! The nine workloads of docs/workloads.md: plain revm, our sequential mode and our engine on two threads;
//! execution alone, and with the recovery of senders. docs/benchmarks.md says what is timed.
//!
//! Measured is the last of three consecutive blocks. Every sample of the engine starts with a new engine that
//! executes the two before it outside of the clock, so what it knows comes from parent blocks only; plain
//! revm, which learns nothing, executes the parent.

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

use alloy_consensus::{TxEnvelope, transaction::Recovered};
use metisvm_benches::{
    Failure, agreement,
    chain::{Chain, Over},
    end,
    options::Options,
    ours::{self, Ours, Tally},
    plain::{self, Unrecovered},
    sampling::{Times, Variant, interleave, timed, twice_at_once},
    show::{Figures, line, ms, ratio},
};
use metisvm_executor::{BlockInput, Threads};
use metisvm_workload::chains::WorkloadKind;
use serde_json::json;
use std::{process::ExitCode, time::Duration};

const PLAIN: &str = "plain";
const TWICE: &str = "plain, twice at once";
const SEQUENTIAL: &str = "ours on 1 thread";
const PARALLEL: &str = "ours on 2 threads";
const UNFORESEEING: &str = "ours on 2 threads without prediction";
const PLAIN_SENDERS: &str = "plain with senders";
const SEQUENTIAL_SENDERS: &str = "ours on 1 thread with senders";
const PARALLEL_SENDERS: &str = "ours on 2 threads with senders";

/// What was measured of a workload.
struct Measured {
    kind: WorkloadKind,
    gas: u64,
    times: Times,
    tally: Tally,
}

fn main() -> ExitCode {
    end(run())
}

fn run() -> Result<(), Failure> {
    let options = Options::read(21, &[10, 1_000, 10_000])?;
    let threads = [Threads::new(1)?, Threads::new(2)?];
    if !options.json {
        line(format_args!(
            "Median of {} samples each, in milliseconds; ratios of medians, plain over ours.",
            options.samples
        ))?;
    }
    for &transactions in &options.transactions {
        let mut all = Vec::new();
        for kind in WorkloadKind::ALL
            .into_iter()
            .filter(|kind| options.wants(kind.name()))
        {
            eprintln!("{kind}, {transactions} transactions …");
            let measured = measure(kind, transactions, &threads, options.samples)
                .map_err(|error| format!("{kind}, {transactions} transactions: {error}"))?;
            if options.json {
                print_json(&measured, transactions, options.samples)?;
            }
            all.push(measured);
        }
        if !options.json && !all.is_empty() {
            print_table(&all, transactions)?;
        }
    }
    Ok(())
}

fn measure(
    kind: WorkloadKind,
    transactions: usize,
    threads: &[Threads; 2],
    samples: usize,
) -> Result<Measured, Failure> {
    let chain = Chain::new(kind, transactions)?;
    let bench = Bench {
        chain: &chain,
        threads,
        signed: chain
            .measured()
            .0
            .transactions
            .iter()
            .map(|t| t.inner().clone())
            .collect(),
    };
    bench.measure(kind, samples)
}

struct Bench<'a> {
    chain: &'a Chain,
    threads: &'a [Threads; 2],
    /// The transactions of the measured block without their senders.
    signed: Vec<TxEnvelope>,
}

impl Bench<'_> {
    fn measure(&self, kind: WorkloadKind, samples: usize) -> Result<Measured, Failure> {
        let (block, base) = self.chain.measured();
        let factory = self.chain.factory();
        let (state, receipts) = plain::reach(self.chain.plain_evm(&factory), self.chain.spec(), block, base)?;
        for threads in [1, 2] {
            let engine = self.chain.engine_at_parent(threads, Over::Memory)?;
            let done = engine.execute(&self.chain.factory(), block, base)?;
            agreement::check(base, &state, &receipts, &done)?;
        }
        let mut tallies = Vec::with_capacity(samples);
        let variants = vec![
            Variant::new(PLAIN, || self.plain(None)),
            Variant::new(TWICE, || twice_at_once(|| self.plain(None))),
            Variant::new(SEQUENTIAL, || Ok(self.ours(1)?.0)),
            Variant::new(PARALLEL, || {
                let (time, tally) = self.ours(2)?;
                tallies.push(tally);
                Ok(time)
            }),
            Variant::new(UNFORESEEING, || {
                let engine = self.chain.at_parent(Ours::unforeseeing(2)?, Over::Memory)?;
                Ok(self.execute(&engine)?.0)
            }),
            Variant::new(PLAIN_SENDERS, || {
                self.plain(Some((self.signed.clone(), &self.threads[0])))
            }),
            Variant::new(SEQUENTIAL_SENDERS, || self.ours_with_senders(1)),
            Variant::new(PARALLEL_SENDERS, || self.ours_with_senders(2)),
        ];
        let times = interleave(samples, variants)?;
        Ok(Measured {
            kind,
            gas: receipts.gas_used,
            times,
            tally: Tally::median(&tallies),
        })
    }

    fn plain(&self, unrecovered: Option<Unrecovered<'_>>) -> Result<Duration, Failure> {
        let (spec, factory) = (self.chain.spec(), self.chain.factory());
        let (parent, before) = self.chain.parent();
        plain::sample(self.chain.plain_evm(&factory), spec, parent, before, None)?;
        // Another factory: the memo of inferences is empty again.
        let factory = self.chain.factory();
        let (block, base) = self.chain.measured();
        plain::sample(self.chain.plain_evm(&factory), spec, block, base, unrecovered)
    }

    fn ours(&self, threads: usize) -> Result<(Duration, Tally), Failure> {
        self.execute(&self.chain.engine_at_parent(threads, Over::Memory)?)
    }

    fn execute(&self, engine: &Ours) -> Result<(Duration, Tally), Failure> {
        let factory = self.chain.factory();
        let (block, base) = self.chain.measured();
        let (time, done) = timed(|| engine.execute(&factory, block, base))?;
        Ok((time, done.tally()))
    }

    fn ours_with_senders(&self, threads: usize) -> Result<Duration, Failure> {
        let engine = self.chain.engine_at_parent(threads, Over::Memory)?;
        let factory = self.chain.factory();
        let (block, base) = self.chain.measured();
        let signed = self.signed.clone();
        let (time, _kept) = timed(|| {
            let transactions = self.recover(signed, threads)?;
            let done = engine.execute(&factory, signed_by(block, &transactions), base)?;
            Ok((transactions, done))
        })?;
        Ok(time)
    }

    fn recover(
        &self,
        signed: Vec<TxEnvelope>,
        threads: usize,
    ) -> Result<Vec<Recovered<TxEnvelope>>, Failure> {
        let number = self.chain.measured().0.header.number;
        ours::recover(self.chain.spec(), number, signed, &self.threads[threads - 1])
    }
}

fn signed_by<'a>(block: BlockInput<'a>, transactions: &'a [Recovered<TxEnvelope>]) -> BlockInput<'a> {
    BlockInput {
        transactions,
        ..block
    }
}

fn print_json(measured: &Measured, transactions: usize, samples: usize) -> Result<(), Failure> {
    let Measured {
        kind,
        gas,
        times,
        tally,
    } = measured;
    line(json!({
        "bench": "workloads",
        "workload": kind.name(),
        "txs": transactions,
        "gas": gas,
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

fn print_table(all: &[Measured], transactions: usize) -> Result<(), Failure> {
    let mut figures = Figures::new(&[
        "workload",
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
        "plain, senders",
        "1 thread",
        "2 threads",
    ]);
    for Measured {
        kind,
        gas,
        times,
        tally,
    } in all
    {
        figures.row(vec![
            kind.name().to_owned(),
            format!("{:.1}", *gas as f64 / 1e6),
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
            ms(times.median(PLAIN_SENDERS)),
            ratio(times.ratio(PLAIN_SENDERS, SEQUENTIAL_SENDERS)),
            ratio(times.ratio(PLAIN_SENDERS, PARALLEL_SENDERS)),
        ]);
    }
    figures.print(&format!(
        "### {transactions} transactions a block (processors: what two do at once, one being 1; the last two columns: ratios with the recovery of senders)"
    ))
}
