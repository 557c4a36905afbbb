//! Blocks of votes over the state on disk, with the state cache and without: reads that reach the store,
//! time of the execution, and what state root and commit cost.
//!
//! `cargo bench -p metisvm-benches --bench store`; `SAMPLES=n` for other than five. It prints what is cold.

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod case;
mod table;

use alloy_consensus::Header;
use case::{Case, Chain, MODES, Mode, OTHER_ACCOUNTS, OTHER_CONTRACTS, SLOTS_EACH, Sample, child_of};
use metisvm_executor::{BlockEngine, Executed, Threads};
use metisvm_workload::chains::ScenarioBlock;
use std::{
    error::Error,
    sync::atomic::Ordering::Relaxed,
    time::{Duration, Instant},
};
use table::{evict, heading, median, ms, row};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Votes in a block.
const VOTES: usize = 10_000;
fn main() -> Outcome<()> {
    let samples = std::env::var("SAMPLES")
        .map_or(Ok(5), |text| text.parse::<usize>())?
        .max(1);
    let folder = tempfile::tempdir()?;
    println!("Blocks of votes over a store on disk, medians of {samples} samples.");
    println!(
        "State beside the voting: {OTHER_ACCOUNTS} accounts, {OTHER_CONTRACTS} contracts of {SLOTS_EACH} slots."
    );
    println!("Before each cold sample the store is closed, its file pushed out of the system's page cache");
    println!(
        "(posix_fadvise, through dd iflag=nocache), and opened anew: the pages of redb and the state cache"
    );
    println!(
        "start empty. What is not cold: the disk's own cache and the host's, if this is a virtual machine."
    );
    println!("'off' executes over the store's snapshot, 'on' over the state cache in front of it (256 MiB),");
    println!("'small' over one that keeps storages of up to 4,096 slots whole instead of 262,144.");
    println!("'memory' executes over a state in hash maps: what the execution takes without any store.");
    println!(
        "A read is one question to the store: an account, a slot, a code, or a range of slots of an account."
    );
    println!(
        "'ratio' is the reads with the cache off by those of the row. On one thread the engine executes a whole"
    );
    println!(
        "block in one journal, which asks for every key once by itself; on several it asks for each transaction."
    );
    println!("With two threads counts differ a little from sample to sample, with one they do not.");
    for (voters, blocks, merged) in [(2_000, 8, 5), (VOTES, 2, 1)] {
        let case = Case::make(folder.path(), voters, blocks, merged)?;
        println!();
        println!("== {}", case.name);
        println!("file of {} MB", std::fs::metadata(&case.file)?.len() / 1_000_000);
        cold(&case, samples)?;
        after_its_parent(&case, samples)?;
        root_and_commit(&case, samples)?;
    }
    Ok(())
}

fn engine(threads: usize) -> Outcome<BlockEngine> {
    Ok(BlockEngine::new(Threads::new(threads)?))
}

/// The first block over a store that nothing has read since it was opened.
fn cold(case: &Case, samples: usize) -> Outcome<()> {
    println!("\ncold: the block of {} votes", case.first.transactions.len());
    heading();
    let mut resident = Some(0);
    for (pages, label) in [(1 << 20, "1 MiB"), (256 << 20, "256 MiB")] {
        for threads in [1, 2] {
            let engine = engine(threads)?;
            // Interleaved, so that a busy moment of the machine meets all of them.
            let mut all: [Vec<Sample>; 4] = Default::default();
            for _ in 0..samples {
                for ((mode, _), taken) in MODES.iter().zip(&mut all) {
                    resident = resident.zip(evict(&case.file)?).map(|(most, now)| most.max(now));
                    let chain = case.open(&case.file, *mode, pages)?;
                    taken.push(case.execute(&chain, &case.first, *mode, &engine)?.1);
                }
            }
            let mut off = 0;
            for ((_, name), taken) in MODES.iter().zip(&all) {
                row(label, threads, name, taken, &mut off);
            }
        }
    }
    match resident {
        Some(bytes) => {
            println!("of the file at most {bytes} bytes were left in the page cache before a sample")
        }
        None => println!("how much of the file was left in the page cache is not known (no fincore)"),
    }
    Ok(())
}

/// The second block, with the caches as its parent left them: executed and committed in this process.
fn after_its_parent(case: &Case, samples: usize) -> Outcome<()> {
    println!(
        "\nits child, {} votes, with everything as executing and committing the block left it",
        case.second.transactions.len()
    );
    heading();
    let copy = case.file.with_extension("copy");
    for threads in [1, 2] {
        let engine = engine(threads)?;
        let mut off = 0;
        // `memory` has no second state.
        for (mode, name) in MODES.into_iter().filter(|(mode, _)| *mode != Mode::Memory) {
            let mut taken = Vec::new();
            for _ in 0..samples {
                std::fs::copy(&case.file, &copy)?;
                evict(&copy)?;
                let chain = case.open(&copy, mode, 256 << 20)?;
                let (executed, _) = case.execute(&chain, &case.first, mode, &engine)?;
                finish(&chain, &case.first, &executed)?;
                taken.push(case.execute(&chain, &case.second, mode, &engine)?.1);
            }
            row("256 MiB", threads, name, &taken, &mut off);
        }
    }
    Ok(())
}

/// Root and commit of an executed block: both times, and the trie nodes read.
fn finish(chain: &Chain, block: &ScenarioBlock, executed: &Executed) -> Outcome<([Duration; 2], u64)> {
    let outcome = &executed.outcome;
    let nodes = chain.store().reads().trie_nodes.load(Relaxed);
    let started = Instant::now();
    let next = chain.next(&executed.changes)?;
    let root = started.elapsed();
    let header = Header {
        gas_used: outcome.gas_used,
        logs_bloom: outcome.logs_bloom(),
        receipts_root: outcome.receipts_root(),
        state_root: next.state_root(),
        ..child_of(&chain.head()?, block)
    };
    let started = Instant::now();
    chain.commit_next(&header, &outcome.receipts, &next)?;
    let commit = started.elapsed();
    Ok((
        [root, commit],
        chain.store().reads().trie_nodes.load(Relaxed) - nodes,
    ))
}

fn root_and_commit(case: &Case, samples: usize) -> Outcome<()> {
    let copy = case.file.with_extension("copy");
    let engine = engine(2)?;
    let (mut roots, mut commits, mut nodes, mut changed) = (Vec::new(), Vec::new(), 0, (0, 0));
    for _ in 0..samples {
        std::fs::copy(&case.file, &copy)?;
        evict(&copy)?;
        let chain = case.open(&copy, Mode::On, 256 << 20)?;
        let (executed, _) = case.execute(&chain, &case.first, Mode::On, &engine)?;
        let accounts = &executed.changes.accounts;
        changed = (
            accounts.len(),
            accounts.values().map(|change| change.storage.len()).sum(),
        );
        let ([root, commit], read) = finish(&chain, &case.first, &executed)?;
        roots.push(root);
        commits.push(commit);
        nodes = read;
    }
    println!(
        "\nstate root and commit of the block of {} votes, after its execution",
        case.first.transactions.len()
    );
    println!(
        "  {} accounts and {} slots changed, {nodes} trie nodes read",
        changed.0, changed.1
    );
    println!(
        "  state root {:.1} ms on rayon's threads (one a core: {}), commit to disk and cache {:.1} ms",
        ms(median(roots.into_iter())),
        std::thread::available_parallelism().map_or(1, usize::from),
        ms(median(commits.into_iter()))
    );
    Ok(())
}
