//! Blocks of votes over the state on disk, with the state cache and without: reads that reach the store,
//! time of the execution and what caching makes of both, and what state root and commit cost.
//!
//! Nothing has seen the measured block before. Every sample has a new engine that has executed its parent,
//! over a file of its own; it is opened anew, or comes straight from committing the parent. Variants are taken
//! in turn, each round begins with another one, and figures are medians.
//!
//! `cargo bench -p metisvm-benches --bench store`; `METISVM_SAMPLES` and `METISVM_TRANSACTIONS` (votes in a
//! block) as everywhere, and after `--` what narrows down what is measured: `few_voters` or `own_voters`, `cold`,
//! `after_its_parent` or `root_and_commit`. It prints what is cold.

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod case;
mod cold;
mod table;

use case::{Case, MODES, Mode, Shape};
use metisvm_benches::{
    Failure, end,
    options::Options,
    sampling::{Variant, interleave},
    show::line,
};
use std::{cell::RefCell, process::ExitCode};
use table::Table;

/// Votes in a block.
const VOTES: usize = 10_000;
/// The page cache of redb where its size is not what is measured.
const PAGES: usize = 256 << 20;

const ROOT: &str = "state root";
const COMMIT: &str = "commit";

fn main() -> ExitCode {
    end(run())
}

fn run() -> Result<(), Failure> {
    let options = Options::read(21, &[VOTES])?;
    let folder = tempfile::tempdir()?;
    if !options.json {
        explain(options.samples)?;
    }
    for &votes in &options.transactions {
        for shape in Shape::ALL {
            let wanted = LANES.map(|(name, lane)| {
                let full = format!("{} {name}", shape.name());
                let wanted = options.only.iter().all(|part| full.contains(part));
                wanted.then_some((name, lane))
            });
            if wanted.iter().all(Option::is_none) {
                continue;
            }
            let case = Case::make(folder.path(), shape, votes)?;
            if !options.json {
                line(format_args!("\n## {}", case.description()?))?;
            }
            for (name, lane) in wanted.into_iter().flatten() {
                lane(&case, &options).map_err(|error| format!("{} {name}: {error}", shape.name()))?;
            }
        }
    }
    Ok(())
}

type Lane = fn(&Case, &Options) -> Result<(), Failure>;

const LANES: [(&str, Lane); 3] = [
    ("cold", cold),
    ("after_its_parent", after_its_parent),
    ("root_and_commit", root_and_commit),
];

fn explain(samples: usize) -> Result<(), Failure> {
    line(format_args!(
        "Blocks of votes over a store on disk, medians of {samples} samples of each variant.

Before each cold sample the store is closed, its file pushed out of the system's page cache (posix_fadvise,
through dd iflag=nocache), and opened anew: the pages of redb and the state cache start empty. What is not
cold: the disk's own cache and the host's, if this is a virtual machine.

'off' executes over the store's snapshot, 'on' over the state cache in front of it (256 MiB), 'small' over one
that keeps storages of up to 4,096 slots whole instead of 262,144. 'memory' executes over a state in hash
maps: what the execution takes without any store.

A read is one question to the store: an account, a slot, a code, or a range of slots of an account, which is
one read however many slots it brings; they have a column of their own. 'fewer' is the reads with the cache
off by those of the row, 'speed-up' the time with the cache off by that of the row. On one thread the engine
executes a whole block in one journal, which asks for every key once by itself; on several it asks for each
transaction, so counts differ a little from sample to sample."
    ))
}

/// The block over a store that nothing has read since it was opened.
fn cold(case: &Case, options: &Options) -> Result<(), Failure> {
    let mut table = Table::new(case, "cold", options);
    let resident = RefCell::new(Some(0));
    for (pages, label) in [(1 << 20, "1 MiB"), (PAGES, "256 MiB")] {
        for threads in [1, 2] {
            let reads: [_; MODES.len()] = core::array::from_fn(|_| RefCell::new(Vec::new()));
            let variants = MODES
                .iter()
                .zip(&reads)
                .map(|(&(mode, name), reads)| {
                    let resident = &resident;
                    Variant::new(name, move || {
                        let engine = case.taught(threads, mode)?;
                        let left = cold::evict(&case.file)?;
                        let most = resident.borrow().zip(left).map(|(most, now)| now.max(most));
                        *resident.borrow_mut() = most;
                        let chain = case.open(&case.file, mode, pages)?;
                        let sample = case.execute_block(&chain, mode, &engine)?;
                        reads.borrow_mut().push(sample.reads);
                        Ok(sample.time)
                    })
                })
                .collect();
            let times = interleave(options.samples, variants)?;
            for ((_, name), reads) in MODES.iter().zip(&reads) {
                table.row(label, threads, name, &reads.borrow(), &times)?;
            }
        }
    }
    table.print()?;
    if options.json {
        return Ok(());
    }
    line(match resident.into_inner() {
        Some(bytes) => {
            format!("\nOf the file at most {bytes} bytes were left in the page cache before a sample.")
        }
        None => "\nHow much of the file was left in the page cache is not known (no fincore).".to_owned(),
    })
}

/// The block with caches and pages as its parent left them, which was executed and committed in this process.
fn after_its_parent(case: &Case, options: &Options) -> Result<(), Failure> {
    let mut table = Table::new(case, "after_its_parent", options);
    let copy = case.file.with_extension("copy");
    for threads in [1, 2] {
        // Nothing is committed to the state in memory.
        let modes = || MODES.iter().filter(|(mode, _)| *mode != Mode::Memory);
        let reads: [_; MODES.len()] = core::array::from_fn(|_| RefCell::new(Vec::new()));
        let variants = modes()
            .zip(&reads)
            .map(|(&(mode, name), reads)| {
                let copy = &copy;
                Variant::new(name, move || {
                    std::fs::copy(&case.before_parent, copy)?;
                    cold::evict(copy)?;
                    let chain = case.open(copy, mode, PAGES)?;
                    let engine = case.engine(threads)?;
                    let parent = case.execute_parent(&chain, mode, &engine)?;
                    case.commit(&chain, &case.parent, &parent)?;
                    let sample = case.execute_block(&chain, mode, &engine)?;
                    reads.borrow_mut().push(sample.reads);
                    Ok(sample.time)
                })
            })
            .collect();
        let times = interleave(options.samples, variants)?;
        for ((_, name), reads) in modes().zip(&reads) {
            table.row("256 MiB", threads, name, &reads.borrow(), &times)?;
        }
    }
    table.print()
}

/// What is left to do when the cold block has been executed.
fn root_and_commit(case: &Case, options: &Options) -> Result<(), Failure> {
    let copy = case.file.with_extension("copy");
    let committed = RefCell::new(None);
    let sample = |part: &'static str| {
        let (copy, committed) = (&copy, &committed);
        Variant::new(part, move || {
            let engine = case.taught(2, Mode::On)?;
            std::fs::copy(&case.file, copy)?;
            cold::evict(copy)?;
            let chain = case.open(copy, Mode::On, PAGES)?;
            let executed = case.execute_block(&chain, Mode::On, &engine)?.executed;
            let done = case.commit(&chain, &case.block, &executed)?;
            let time = if part == ROOT { done.root } else { done.commit };
            *committed.borrow_mut() = Some(done);
            Ok(time)
        })
    };
    let times = interleave(options.samples, vec![sample(ROOT), sample(COMMIT)])?;
    match committed.into_inner() {
        Some(done) => table::root_and_commit(case, options, &done, &times, [ROOT, COMMIT]),
        None => Ok(()),
    }
}
