//! A block that is built is the block that is read and executed.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use alloy_primitives::U256;
use metisvm_executor::{BlockEngine, BlockFile, Error, Threads, TransactionStatus, run_block_file};
use support::block::{built, engine};

fn on_two_threads() -> BlockEngine {
    BlockEngine::new(Threads::new(2).unwrap())
}

#[test]
fn a_built_block_executes_to_its_own_header() {
    let built = built();
    let report = run_block_file(&built.file, engine(), &on_two_threads()).unwrap();
    assert_eq!(report.mismatches, []);
    assert_eq!(report.state_root, Some(built.file.block.header.state_root));
    assert_eq!(report.outcome.receipts, built.outcome.receipts);
    assert_eq!(report.state, built.state);
    let withdrawn = built
        .state
        .account(&alloy_primitives::Address::repeat_byte(0x99))
        .unwrap();
    assert_eq!(withdrawn.info.balance, U256::from(3_000_000_000u64));
}

#[test]
fn the_end_of_every_transaction_is_reported() {
    let outcome = built().outcome;
    let ends: Vec<_> = outcome
        .transactions
        .iter()
        .map(|transaction| &transaction.status)
        .collect();
    assert!(matches!(
        ends[1],
        TransactionStatus::Success { created: Some(_), .. }
    ));
    assert!(matches!(ends[3], TransactionStatus::Success { output, .. } if output[64..68] == [4, 3, 2, 1]));
    assert!(matches!(ends[4], TransactionStatus::Revert { output } if output.len() == 4));
    assert_eq!(outcome.receipts[2].logs().len(), 1);
    assert_eq!(
        outcome.receipts[5].logs().len(),
        1,
        "the delegated account runs the contract's code"
    );
    let sum: u64 = outcome
        .transactions
        .iter()
        .map(|transaction| transaction.gas_used)
        .sum();
    assert_eq!(sum, outcome.gas_used);
}

#[test]
fn building_twice_gives_the_same_block() {
    assert_eq!(built().file, built().file);
}

#[test]
fn a_block_file_survives_a_round_trip() {
    let built = built();
    let json = built.file.to_json();
    let read = BlockFile::from_json(json.as_bytes()).unwrap();
    assert_eq!(read, built.file);
    assert_eq!(read.to_json(), json);
}

#[test]
fn a_real_block_survives_a_round_trip() {
    let Some(folder) = support::data_for("round trip of mainnet blocks", "mainnet-blocks") else {
        return;
    };
    // Legacy before EIP-155, access lists, dynamic fees with withdrawals, blobs.
    for number in [46_147, 12_300_570, 17_666_333, 19_933_597] {
        let path = folder.join(format!("{number}.json.gz"));
        let file = BlockFile::read(path, metisvm_executor::DEFAULT_FILE_LIMIT).unwrap();
        let mut again = BlockFile::from_json(file.to_json().as_bytes()).unwrap();
        // Writing gives every account a nonce and drops zero slots; the state is the same.
        again.chain_spec = file.chain_spec.clone();
        assert_eq!(again, file);
    }
}

#[test]
fn without_its_engine_the_block_cannot_be_executed_here() {
    let error = run_block_file(&built().file, None, &on_two_threads()).unwrap_err();
    let Error::NodeFault { index, problem, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(*index, 3);
    assert!(problem.contains("no inference engine"), "{problem}");
    assert!(error.to_string().starts_with("transaction 3 (0x"), "{error}");
}
