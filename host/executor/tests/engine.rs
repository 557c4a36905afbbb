//! The block engine against the sequential execution by alloy-evm's executor.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use metisvm_executor::{
    BlockEngine, BlockFile, BlockInput, DEFAULT_FILE_LIMIT, Threads, execute_block, recover_senders,
};
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use std::sync::Arc;

#[test]
fn the_engine_gives_mainnet_blocks_as_sequential_execution_does() {
    let Some(folder) = support::data_for("mainnet blocks", "mainnet-blocks") else {
        return;
    };
    let spec = Arc::new(ChainSpec::mainnet());
    let factory = MetisEvmFactory::new(spec.clone(), None);
    let threads = Threads::new(0).unwrap();
    for path in std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        if let Ok(only) = std::env::var("BLOCK")
            && !path.to_string_lossy().contains(&only)
        {
            continue;
        }
        let file = BlockFile::read(&path, DEFAULT_FILE_LIMIT).unwrap();
        let header = &file.block.header;
        let transactions = file.block.body.transactions.clone();
        let transactions = recover_senders(&spec, header.number, transactions, &threads).unwrap();
        let block = BlockInput {
            header,
            transactions: &transactions,
            withdrawals: file
                .block
                .body
                .withdrawals
                .as_ref()
                .map(|withdrawals| withdrawals.as_slice()),
            ommers: &[],
        };
        let mut expected = file.pre_state.clone();
        let outcome = execute_block(&factory, block, &mut expected).unwrap();
        for count in [1, 2, 3, 8] {
            let executed = BlockEngine::new(Threads::new(count).unwrap())
                .execute(&factory, block, &file.pre_state)
                .unwrap();
            let mut state = file.pre_state.clone();
            state.apply(&executed.changes);
            assert_eq!(
                executed.outcome.receipts, outcome.receipts,
                "block {}",
                header.number
            );
            assert_eq!(executed.outcome.transactions, outcome.transactions);
            assert_eq!(executed.outcome.gas_used, outcome.gas_used);
            for (address, account) in expected.accounts() {
                assert_eq!(
                    state.account(address),
                    Some(account),
                    "block {} account {address}",
                    header.number
                );
            }
            assert!(state == expected, "block {}", header.number);
            println!(
                "{} {} {:?} aborts {} in turn {} of {}",
                header.number,
                count,
                executed.outcome.execute_time,
                executed.report.aborts,
                executed.report.in_turn,
                transactions.len()
            );
        }
    }
}
