//! Transactions that cannot be in a block: building leaves them out and says why, validation calls the
//! block invalid and names the first. Both on any number of threads, with the same words.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use alloy_consensus::{Header, TxEip4844, TxEnvelope, TxLegacy, transaction::SignerRecoverable};
use alloy_eips::{eip2930::AccessList, eip4844::DATA_GAS_PER_BLOB};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};
use metisvm_executor::{
    BlockEngine, BlockFile, BuiltBlock, EngineOptions, Error, Threads, execute_block, recover_senders,
    run_block_file,
};
use metisvm_state::MemoryState;
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use std::{
    sync::{Arc, mpsc},
    time::Duration,
};
use support::block::{CHAIN_ID, GWEI, account, build_with, engine, genesis, legacy, sign, template};

/// The key of an account with code.
const CONTRACT_KEY: u8 = 5;
/// No block here takes a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// Speculation even in blocks that are too small for it to pay, and the sequential mode.
fn engines() -> [BlockEngine; 3] {
    [1, 2, 8].map(|count| {
        let options = EngineOptions {
            adaptive: false,
            ..EngineOptions::default()
        };
        BlockEngine::with_options(Threads::new(count).unwrap(), options)
    })
}

/// Does it on a thread of its own and does not wait for ever.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, wait) = mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    wait.recv_timeout(PATIENCE)
        .expect("the engine neither hangs nor panics")
}

fn pre_state() -> MemoryState {
    let mut state = genesis();
    let balance = U256::from(10).pow(U256::from(18));
    let code = Bytes::from_static(&[0x00]);
    state.insert_account(account(CONTRACT_KEY), balance, 0, code, []);
    state
}

/// Room for a few transactions only.
fn narrow() -> Header {
    Header {
        gas_limit: 1_000_000,
        ..template()
    }
}

fn plain(nonce: u64) -> TxLegacy {
    TxLegacy {
        chain_id: Some(CHAIN_ID),
        nonce,
        gas_price: 2 * GWEI,
        gas_limit: 100_000,
        to: TxKind::Call(account(2)),
        value: U256::from(1),
        input: Bytes::new(),
    }
}

fn blobs(number: u8, nonce: u64, hashes: Vec<B256>, max_fee_per_blob_gas: u128) -> TxEnvelope {
    let tx = TxEip4844 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 50_000,
        max_fee_per_gas: 2 * GWEI,
        max_priority_fee_per_gas: 0,
        to: account(2),
        value: U256::ZERO,
        access_list: AccessList::default(),
        blob_versioned_hashes: hashes,
        max_fee_per_blob_gas,
        input: Bytes::new(),
    };
    sign::<TxEip4844>(number, tx)
}

fn blob() -> B256 {
    let mut hash = B256::repeat_byte(7);
    hash[0] = 1;
    hash
}

/// Six transactions by three accounts, one with five blobs.
fn good() -> Vec<TxEnvelope> {
    vec![
        legacy(1, 0, account(2), 5),
        blobs(3, 0, vec![blob(); 5], GWEI),
        legacy(2, 0, account(1), 6),
        legacy(1, 1, account(3), 7),
        legacy(3, 1, Address::repeat_byte(0xc0), 8),
        legacy(1, 2, account(2), 9),
    ]
}

/// Transactions that cannot follow the first four of [`good`], each with a word of the reason.
fn bad() -> Vec<(&'static str, TxEnvelope)> {
    vec![
        ("nonce 9 too high", legacy(1, 9, account(2), 1)),
        ("nonce 0 too low", legacy(1, 0, account(2), 1)),
        ("lack of funds", legacy(2, 1, account(1), u64::MAX)),
        (
            "gas",
            sign(
                2,
                TxLegacy {
                    gas_limit: 990_000,
                    ..plain(1)
                },
            ),
        ),
        (
            "gas price is less than basefee",
            sign(
                2,
                TxLegacy {
                    gas_price: GWEI - 1,
                    ..plain(1)
                },
            ),
        ),
        ("empty blobs", blobs(2, 1, vec![], GWEI)),
        (
            "blob version not supported",
            blobs(2, 1, vec![B256::repeat_byte(2)], GWEI),
        ),
        ("blob", blobs(2, 1, vec![blob()], 0)),
        (
            "too many blobs for the block: they take 655360 blob gas, and 524288 of 1179648 are left",
            blobs(2, 1, vec![blob(); 5], GWEI),
        ),
        ("code", sign(CONTRACT_KEY, plain(0))),
    ]
}

fn build(engine: &BlockEngine, transactions: Vec<TxEnvelope>) -> BuiltBlock {
    build_with(engine, pre_state(), narrow(), transactions).unwrap_or_else(|error| panic!("{error}"))
}

/// The file of a block with another transaction in it.
fn with(file: &BlockFile, index: usize, transaction: &TxEnvelope) -> BlockFile {
    let mut file = file.clone();
    let sender = transaction.recover_signer().unwrap();
    file.block.body.transactions.insert(index, transaction.clone());
    file.claimed_senders.insert(index, sender);
    file
}

/// What alloy-evm's executor says of a file.
fn reference_error(file: &BlockFile) -> String {
    let spec = Arc::new(ChainSpec::metis_dev());
    let header = &file.block.header;
    let transactions = file.block.body.transactions.clone();
    let threads = Threads::new(1).unwrap();
    let transactions = recover_senders(&spec, header.number, transactions, &threads).unwrap();
    let input = metisvm_executor::BlockInput {
        header,
        transactions: &transactions,
        withdrawals: file.block.body.withdrawals.as_ref().map(|all| all.as_slice()),
        ommers: &[],
        access_list: None,
    };
    let factory = MetisEvmFactory::new(spec, engine());
    execute_block(&factory, input, &mut file.pre_state.clone())
        .unwrap_err()
        .to_string()
}

#[test]
fn each_transaction_that_cannot_be_included_is_left_out_and_the_block_is_valid() {
    in_time(|| {
        let expected = build(&engines()[0], good());
        assert_eq!(expected.skipped, []);
        for engine_under_test in engines() {
            for (word, transaction) in bad() {
                let mut offered = good();
                offered.insert(4, transaction.clone());
                let built = build(&engine_under_test, offered);
                let [skipped] = built.skipped.as_slice() else {
                    panic!("{word}: {:?}", built.skipped)
                };
                assert_eq!((skipped.index, skipped.hash), (4, *transaction.hash()), "{word}");
                assert!(skipped.problem.contains(word), "{word}: {}", skipped.problem);
                assert_eq!(built.file, expected.file, "{word}");
                assert_eq!(built.state, expected.state, "{word}");
            }
        }
    });
}

#[test]
fn many_at_once_are_left_out_and_nothing_else() {
    in_time(|| {
        let expected = build(&engines()[0], good());
        // All of them between any two of the good ones that they can follow, and at the end.
        let mut offered = good()[..4].to_vec();
        let mut places = Vec::new();
        for transaction in &good()[4..] {
            for (_, bad) in bad() {
                places.push(offered.len());
                offered.push(bad);
            }
            offered.push(transaction.clone());
        }
        for engine_under_test in engines() {
            let built = build(&engine_under_test, offered.clone());
            let skipped: Vec<usize> = built.skipped.iter().map(|skipped| skipped.index).collect();
            assert_eq!(skipped, places);
            assert_eq!(built.file, expected.file);
            for validating in engines() {
                let report = run_block_file(&built.file, engine(), &validating).unwrap();
                assert_eq!(report.mismatches, []);
                assert_eq!(report.state, built.state);
            }
        }
    });
}

#[test]
fn a_block_with_one_of_them_is_invalid_and_the_transaction_is_named() {
    in_time(|| {
        let file = build(&engines()[0], good()).file;
        for (word, transaction) in bad() {
            let invalid = with(&file, 4, &transaction);
            let said = reference_error(&invalid);
            for engine_under_test in engines() {
                let error = run_block_file(&invalid, engine(), &engine_under_test).unwrap_err();
                assert_eq!(error.to_string(), said, "{word}");
                let Error::InvalidTransaction { index, hash, problem } = error else {
                    panic!("{word}: {error}")
                };
                assert_eq!((index, hash), (4, *transaction.hash()), "{word}");
                assert!(problem.contains(word), "{word}: {problem}");
            }
        }
    });
}

#[test]
fn the_first_of_several_is_the_one_that_is_named() {
    in_time(|| {
        let mut file = build(&engines()[0], good()).file;
        for (_, transaction) in bad() {
            file = with(&file, 4, &transaction);
        }
        for engine_under_test in engines() {
            let error = run_block_file(&file, engine(), &engine_under_test).unwrap_err();
            let last = bad().pop().unwrap().1;
            assert!(
                matches!(&error, Error::InvalidTransaction { index: 4, hash, .. } if hash == last.hash()),
                "{error}"
            );
        }
    });
}

#[test]
fn a_transaction_without_a_sender_is_left_out_too() {
    in_time(|| {
        let nobody: TxEnvelope =
            alloy_consensus::Signed::new_unhashed(plain(0), Signature::new(U256::ZERO, U256::ZERO, false))
                .into();
        let mut offered = good();
        offered.insert(2, legacy(1, 7, account(2), 1));
        offered.insert(1, nobody.clone());
        for engine_under_test in engines() {
            let built = build(&engine_under_test, offered.clone());
            let places: Vec<usize> = built.skipped.iter().map(|skipped| skipped.index).collect();
            assert_eq!(places, [1, 3]);
            assert_eq!(built.skipped[0].hash, *nobody.hash());
            assert!(built.skipped[0].problem.contains("no sender"));
            assert_eq!(built.file.block.body.transactions, good());
        }
    });
}

#[test]
fn a_block_may_have_as_many_blobs_as_the_fork_allows_and_no_more() {
    in_time(|| {
        let most = 9;
        let offered = vec![
            blobs(1, 0, vec![blob(); 5], GWEI),
            blobs(2, 0, vec![blob(); 5], GWEI),
            blobs(3, 0, vec![blob(); 4], GWEI),
            blobs(2, 0, vec![blob()], GWEI),
        ];
        for engine_under_test in engines() {
            let built = build(&engine_under_test, offered.clone());
            let places: Vec<usize> = built.skipped.iter().map(|skipped| skipped.index).collect();
            assert_eq!(places, [1, 3]);
            assert_eq!(built.outcome.blob_gas_used, most * DATA_GAS_PER_BLOB);
            assert_eq!(
                built.file.block.header.blob_gas_used,
                Some(most * DATA_GAS_PER_BLOB)
            );
        }
    });
}

#[test]
fn a_block_of_which_nothing_can_be_included_is_empty() {
    in_time(|| {
        let offered: Vec<_> = (1..=20).map(|nonce| legacy(1, nonce, account(2), 1)).collect();
        for engine_under_test in engines() {
            let built = build(&engine_under_test, offered.clone());
            assert_eq!(built.skipped.len(), 20);
            assert!(built.file.block.body.transactions.is_empty());
            let report = run_block_file(&built.file, engine(), &engine_under_test).unwrap();
            assert_eq!(report.mismatches, []);
        }
    });
}
