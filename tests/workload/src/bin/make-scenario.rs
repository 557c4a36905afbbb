//! Writes the blocks of a scenario as files that `metisvm run` takes:
//! `cargo run --release -p metisvm-workload --bin make-scenario -- KIND TRANSACTIONS BLOCKS SEED FOLDER`.

use metisvm_executor::{BlockEngine, Threads};
use metisvm_workload::chains::{Scenario, WorkloadKind};
use std::{error::Error, fs, path::Path, process::ExitCode, time::Instant};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, transactions, blocks, seed, folder] = arguments.as_slice() else {
        eprintln!("{}", usage());
        return ExitCode::from(2);
    };
    match make(kind, transactions, blocks, seed, folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("make-scenario: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> String {
    let kinds = WorkloadKind::ALL.map(WorkloadKind::name).join(", ");
    format!(
        "usage: make-scenario KIND TRANSACTIONS BLOCKS SEED FOLDER\n\
         KIND is one of {kinds}\n\
         writes BLOCKS files of TRANSACTIONS each into FOLDER; SEED is any number"
    )
}

fn make(
    kind: &str,
    transactions: &str,
    blocks: &str,
    seed: &str,
    folder: &str,
) -> Result<(), Box<dyn Error>> {
    let kind: WorkloadKind = kind.parse()?;
    let number = |what: &str, text: &str| {
        let parsed = text.parse::<u64>();
        parsed.map_err(|error| format!("{what} {text:?}: {error}; {}", usage()))
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
