//! Blocks of Ethereum's main network. They lie years apart, so nearly all that is foretold of a block was
//! learnt in it.

use super::{
    super::{Footprint, Predictor},
    execution::{Executed, execute},
    figures::Figures,
};
use crate::{BlockFile, DEFAULT_FILE_LIMIT, Threads, recover_senders};
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use std::{path::PathBuf, sync::Arc, time::Instant};

#[test]
#[ignore = "a measurement: METISVM_BLOCKS=<folder of block files> cargo test -p metisvm-executor --lib prediction::tests::mainnet -- --ignored --nocapture"]
fn how_well_blocks_of_the_main_network_are_foretold() {
    let folder = std::env::var("METISVM_BLOCKS").expect("METISVM_BLOCKS is a folder of block files");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".json.gz"))
        .collect();
    files.sort();
    let spec = Arc::new(ChainSpec::mainnet());
    let factory = MetisEvmFactory::new(spec.clone(), None);
    let predictor = Predictor::default();
    let mut footprint = Footprint::default();
    // Of kinds that were executed so many times before, in any block.
    let mut by_age = [0, 1, 2, 4, 8, 16].map(|age| (age, Figures::default()));
    let mut ages = std::collections::BTreeMap::new();
    let (mut lessons, mut lesson_time) = (0, std::time::Duration::ZERO);
    for path in files {
        let file = BlockFile::read(&path, DEFAULT_FILE_LIMIT).unwrap();
        let header = &file.block.header;
        let transactions = file.block.body.transactions.clone();
        let one = Threads::new(1).unwrap();
        let transactions = recover_senders(&spec, header.number, transactions, &one).unwrap();
        let mut state = file.pre_state.clone();
        let env = spec.evm_env(header);
        execute(&factory, &env, &transactions, &mut state, |executed| {
            let Executed {
                kind, call, trace, ..
            } = &executed;
            let wanted = predictor.wants(kind);
            let started = Instant::now();
            executed.foretell(&predictor, &mut footprint);
            let time = started.elapsed();
            let age = ages.entry((kind.code_hash, kind.selector)).or_insert(0u32);
            if let Some((_, figures)) = by_age.iter_mut().rev().find(|(from, _)| from <= age) {
                figures.count(trace, &footprint);
                figures.time += time;
            }
            *age += 1;
            if wanted {
                let started = Instant::now();
                predictor.learn(kind, call, trace);
                lesson_time += started.elapsed();
                lessons += 1;
            } else if !footprint.covers(trace) {
                predictor.missed(kind);
            }
        });
    }
    for (age, figures) in by_age {
        println!(
            "| {age} | {} | {} | {:.1} % | {:.1} % | {:.1} % | {} | {} ns |",
            figures.calls,
            figures.touched,
            figures.recall(),
            figures.precision(),
            figures.exactness(),
            figures.wrong,
            figures.time.as_nanos() as usize / figures.calls.max(1),
        );
    }
    let kinds = predictor.kinds();
    println!(
        "{lessons} lessons, {lesson_time:?}, {kinds} kinds, {} bytes",
        predictor.bytes()
    );
}
