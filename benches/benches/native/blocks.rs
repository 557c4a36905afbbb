//! Blocks of mainnet and of the workloads, by the block engine with native code off and on.

use metisvm_benches::{
    Failure, agreement,
    chain::Chain,
    mainnet::Subject,
    native::compile,
    options::{Options, shared_data},
    ours::{Done, Ours},
    plain::{self, PlainEvm},
    sampling::{Times, Variant, geometric_mean, interleave, timed},
    show::{Figures, line, mean, ms, ratio},
};
use metisvm_executor::Threads;
use metisvm_jit::{Counters, Jit};
use metisvm_vm::MetisEvmFactory;
use metisvm_workload::chains::WorkloadKind;
use serde_json::json;
use std::{sync::Arc, time::Duration};

const OFF: [&str; 2] = ["off, 1 thread", "off, 2 threads"];
const ON: [&str; 2] = ["on, 1 thread", "on, 2 threads"];

/// A block with native code is never to be slower than this, without being 1.
const LEAST: f64 = 0.98;

/// The blocks of a run of one sample, which only shows that it works: to compile all that one of the large blocks
/// executes takes the compiler up to twenty seconds.
const QUICK: [u64; 4] = [930_196, 2_641_321, 2_688_148, 4_330_482];

/// What was measured of a block.
struct Measured {
    name: String,
    transactions: usize,
    gas: u64,
    times: Times,
    counters: Counters,
    /// Frames of the block that begin in native code, in the interpreter, and that leave native code.
    frames: [u64; 3],
}

impl Measured {
    fn ratio(&self, threads: usize) -> f64 {
        self.times.ratio(OFF[threads - 1], ON[threads - 1])
    }

    fn worst(&self) -> f64 {
        self.ratio(1).min(self.ratio(2))
    }
}

/// How a block is executed: what makes the EVMs, and an engine that comes to the block as in a node.
trait Block {
    fn factory(&self, jit: Option<&Arc<Jit>>) -> MetisEvmFactory;
    /// A new engine that has executed what comes before.
    fn engine(&self, factory: &MetisEvmFactory, threads: usize) -> Result<Ours, Failure>;
    fn execute(&self, engine: &Ours, factory: &MetisEvmFactory) -> Result<Done, Failure>;
    /// The receipts and the state are those of plain revm.
    fn check(&self, done: &Done) -> Result<(), Failure>;
}

/// A block of mainnet and the one before it in the collection.
struct OfMainnet<'a> {
    before: &'a Subject,
    subject: &'a Subject,
}

impl Block for OfMainnet<'_> {
    fn factory(&self, jit: Option<&Arc<Jit>>) -> MetisEvmFactory {
        self.subject.factory.clone().with_jit(jit.cloned())
    }

    fn engine(&self, factory: &MetisEvmFactory, threads: usize) -> Result<Ours, Failure> {
        self.before.taught_by(factory, Ours::fresh(threads)?)
    }

    fn execute(&self, engine: &Ours, factory: &MetisEvmFactory) -> Result<Done, Failure> {
        engine.execute(factory, self.subject.block(), &self.subject.file.pre_state)
    }

    fn check(&self, done: &Done) -> Result<(), Failure> {
        let (subject, base) = (self.subject, &self.subject.file.pre_state);
        let (state, receipts) = plain::reach(PlainEvm::Ethereum, &subject.spec, subject.block(), base)?;
        agreement::check(base, &state, &receipts, done)
    }
}

impl Block for Chain {
    fn factory(&self, jit: Option<&Arc<Jit>>) -> MetisEvmFactory {
        Self::factory(self).with_jit(jit.cloned())
    }

    fn engine(&self, factory: &MetisEvmFactory, threads: usize) -> Result<Ours, Failure> {
        self.engine_by(factory, threads)
    }

    fn execute(&self, engine: &Ours, factory: &MetisEvmFactory) -> Result<Done, Failure> {
        let (block, base) = self.measured();
        engine.execute(factory, block, base)
    }

    fn check(&self, done: &Done) -> Result<(), Failure> {
        let (block, base) = self.measured();
        let factory = Self::factory(self);
        let (state, receipts) = plain::reach(self.plain_evm(&factory), self.spec(), block, base)?;
        agreement::check(base, &state, &receipts, done)
    }
}

/// The blocks of mainnet.
pub(crate) fn mainnet(options: &Options, threads: &Threads) -> Result<(), Failure> {
    let Some(folder) = shared_data("mainnet-blocks")? else {
        return Ok(());
    };
    let subjects = Subject::read_all(&folder, threads)?;
    let mut all = Vec::new();
    for (at, subject) in subjects.iter().enumerate() {
        let name = format!("block {}", subject.number());
        if !options.wants(&name) || (options.samples == 1 && !QUICK.contains(&subject.number())) {
            continue;
        }
        let before = &subjects[at.checked_sub(1).unwrap_or(subjects.len() - 1)];
        let block = OfMainnet { before, subject };
        all.push(measure(name, subject.transactions.len(), &block, options)?);
    }
    print(
        &all,
        options,
        "### Blocks of mainnet, everything compiled beforehand",
    )
}

/// The workloads: all that run no inference.
pub(crate) fn workloads(options: &Options) -> Result<(), Failure> {
    for &transactions in &options.transactions {
        let mut all = Vec::new();
        let kinds = WorkloadKind::ALL.into_iter();
        for kind in kinds.filter(|kind| *kind != WorkloadKind::InferenceHeavy && options.wants(kind.name())) {
            let chain = Chain::new(kind, transactions)?;
            all.push(measure(kind.name().to_owned(), transactions, &chain, options)?);
        }
        let heading =
            format!("### Workloads, {transactions} transactions a block, everything compiled beforehand");
        print(&all, options, &heading)?;
    }
    Ok(())
}

fn measure(
    name: String,
    transactions: usize,
    block: &impl Block,
    options: &Options,
) -> Result<Measured, Failure> {
    eprintln!("{name} …");
    measure_block(&name, transactions, block, options.samples)
        .map_err(|error| format!("{name}: {error}").into())
}

fn measure_block(
    name: &str,
    transactions: usize,
    block: &impl Block,
    samples: usize,
) -> Result<Measured, Failure> {
    let jit = compile::fresh(compile::Policy::Hot)?;
    let (off, on) = (block.factory(None), block.factory(Some(&jit)));
    compile::settle(&jit, || {
        let engine = block.engine(&on, 1)?;
        block.execute(&engine, &on).map(drop)
    })?;
    let mut gas = 0;
    for threads in [1, 2] {
        let engine = block.engine(&on, threads)?;
        let done = block.execute(&engine, &on)?;
        block.check(&done)?;
        gas = done.outcome().gas_used;
    }
    let frames = {
        let engine = block.engine(&on, 1)?;
        let before = jit.counters();
        block.execute(&engine, &on)?;
        let counters = jit.counters().since(&before);
        [
            counters.native_frames,
            counters.interpreted_frames,
            counters.deoptimised_frames,
        ]
    };
    let sample = |factory: &MetisEvmFactory, threads: usize| -> Result<Duration, Failure> {
        let engine = block.engine(factory, threads)?;
        let (time, _kept) = timed(|| block.execute(&engine, factory))?;
        Ok(time)
    };
    let (off, on, sample) = (&off, &on, &sample);
    let variants = [1, 2].into_iter().flat_map(|threads| {
        [
            Variant::new(OFF[threads - 1], move || sample(off, threads)),
            Variant::new(ON[threads - 1], move || sample(on, threads)),
        ]
    });
    let times = interleave(samples, variants.collect())?;
    Ok(Measured {
        name: name.to_owned(),
        transactions,
        gas,
        times,
        counters: jit.counters(),
        frames,
    })
}

fn print(all: &[Measured], options: &Options, heading: &str) -> Result<(), Failure> {
    if all.is_empty() {
        return Ok(());
    }
    if options.json {
        return all
            .iter()
            .try_for_each(|measured| print_json(measured, options.samples));
    }
    let mut figures = Figures::new(&[
        "",
        "txs",
        "Mgas",
        "1 thread, off",
        "on",
        "ratio",
        "2 threads, off",
        "on",
        "ratio",
        "contracts",
        "regions",
        "compiler, ms",
        "frames native",
        "interpreted",
        "that leave",
    ]);
    for measured in all {
        let Measured { times, counters, .. } = measured;
        let mut row = vec![
            measured.name.clone(),
            measured.transactions.to_string(),
            format!("{:.1}", measured.gas as f64 / 1e6),
        ];
        for threads in [1, 2] {
            row.push(ms(times.median(OFF[threads - 1])));
            row.push(ms(times.median(ON[threads - 1])));
            row.push(ratio(measured.ratio(threads)));
        }
        row.push(counters.contracts.to_string());
        row.push(counters.compiled_regions.to_string());
        row.push(format!("{:.0}", counters.compile_ns as f64 / 1e6));
        row.extend(measured.frames.map(|frames| frames.to_string()));
        figures.row(row);
    }
    figures.print(heading)?;
    let means =
        [1, 2].map(|threads| mean(geometric_mean(all.iter().map(|measured| measured.ratio(threads)))));
    let Some(worst) = all.iter().min_by(|a, b| a.worst().total_cmp(&b.worst())) else {
        return Ok(());
    };
    let verdict = if worst.worst() >= LEAST {
        "met"
    } else {
        "**missed**"
    };
    line(format_args!(
        "\nGeometric means: {} on 1 thread, {} on 2. Worst: {} ({}); never below {LEAST}: {verdict}.",
        means[0],
        means[1],
        ratio(worst.worst()),
        worst.name
    ))
}

fn print_json(measured: &Measured, samples: usize) -> Result<(), Failure> {
    let counters = &measured.counters;
    line(json!({
        "bench": "native",
        "block": measured.name,
        "txs": measured.transactions,
        "gas": measured.gas,
        "samples": samples,
        "times": measured.times.json(),
        "ratio_1": measured.ratio(1),
        "ratio_2": measured.ratio(2),
        "contracts": counters.contracts,
        "compiled_regions": counters.compiled_regions,
        "code_bytes": counters.code_bytes,
        "compile_ms": counters.compile_ns as f64 / 1e6,
        "native_frames": measured.frames[0],
        "interpreted_frames": measured.frames[1],
        "deoptimised_frames": measured.frames[2],
    }))
}
