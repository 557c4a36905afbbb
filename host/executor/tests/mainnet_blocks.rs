//! Real Ethereum mainnet blocks, Frontier to Cancun: what our execution gives is what their headers say.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use metisvm_executor::{BlockEngine, BlockFile, DEFAULT_FILE_LIMIT, Threads, run_block_file};

#[test]
fn every_mainnet_block_matches_its_header() {
    let Some(folder) = support::data_for("mainnet blocks", "mainnet-blocks") else {
        return;
    };
    let engine = BlockEngine::new(Threads::new(0).unwrap());
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".json.gz"))
        .collect();
    files.sort();
    assert!(files.len() >= 25, "only {} blocks", files.len());
    for path in files {
        let file = BlockFile::read(&path, DEFAULT_FILE_LIMIT).unwrap();
        let report = run_block_file(&file, None, &engine).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(report.mismatches, [], "block {}", report.number);
        assert_eq!(report.receipts_root.is_some(), report.number >= 4_370_000);
        assert_eq!(report.state_root, None, "a partial pre-state has no root");
        assert_eq!(
            report.outcome.transactions.len(),
            file.block.body.transactions.len()
        );
        println!(
            "block {} {} txs {} gas: senders {:?}, execution {:?}, roots {:?}",
            report.number,
            report.outcome.transactions.len(),
            report.outcome.gas_used,
            report.recover_time,
            report.outcome.execute_time,
            report.roots_time,
        );
    }
}

#[test]
fn the_number_of_threads_does_not_change_the_block() {
    let Some(path) = support::data_for("threads", "mainnet-blocks/4330482.json.gz") else {
        return;
    };
    let file = BlockFile::read(path, DEFAULT_FILE_LIMIT).unwrap();
    let reports: Vec<_> = [0, 1, 2, 7]
        .map(|count| run_block_file(&file, None, &BlockEngine::new(Threads::new(count).unwrap())).unwrap())
        .into_iter()
        .collect();
    for report in &reports {
        assert_eq!(report.outcome.receipts, reports[0].outcome.receipts);
        assert_eq!(report.state, reports[0].state);
    }
}
