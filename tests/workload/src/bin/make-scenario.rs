//! Writes the blocks of a scenario as files that `metisvm run` takes:
//! `cargo run --release -p metisvm-workload --bin make-scenario -- KIND TRANSACTIONS BLOCKS SEED FOLDER`.

use metisvm_executor::{BlockEngine, Threads};
use metisvm_workload::chains::{Scenario, WorkloadKind};
use std::{error::Error, fs, path::Path, time::Instant};

const USAGE: &str = "usage: make-scenario KIND TRANSACTIONS BLOCKS SEED FOLDER";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, transactions, blocks, seed, folder] = arguments.as_slice() else {
        return Err(USAGE.into());
    };
    let kind: WorkloadKind = kind.parse()?;
    let number = |what: &str, text: &str| {
        let parsed = text.parse::<u64>();
        parsed.map_err(|error| format!("{what} {text:?}: {error}; {USAGE}"))
    };
    let transactions = usize::try_from(number("TRANSACTIONS", transactions)?)?;
    let blocks = usize::try_from(number("BLOCKS", blocks)?)?;
    let seed = number("SEED", seed)?;

    let started = Instant::now();
    let scenario = Scenario::generate(kind, transactions, blocks, seed)?;
    let took = started.elapsed().as_secs_f64();
    println!(
        "{kind}: generated in {took:.2} s, {} accounts",
        scenario.genesis.len()
    );
    let folder = Path::new(folder);
    fs::create_dir_all(folder)?;
    for file in scenario.files(&BlockEngine::new(Threads::new(0)?)) {
        let file = file?;
        let header = &file.block.header;
        let path = folder.join(format!("{kind}-{transactions}-{:03}.json", header.number));
        fs::write(&path, file.to_json())?;
        println!("{}: {} gas", path.display(), header.gas_used);
    }
    Ok(())
}
