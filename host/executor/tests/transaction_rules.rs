//! The rules of a transaction in a block (docs/conformance.md, "Rules of validity"), each with the fork that it starts
//! with: sequential execution and the engine on one thread and on two refuse the same transactions in the same words,
//! and take them where the rule does not hold yet.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use alloy_consensus::{
    Header, TxEip1559, TxEip2930, TxEip4844, TxEip4844Variant, TxEip4844WithSidecar, TxEip7702, TxEnvelope,
    TxLegacy, transaction::Recovered,
};
use alloy_eips::{
    eip4844::BlobTransactionSidecar, eip7594::BlobTransactionSidecarVariant, eip7702::Authorization,
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use metisvm_executor::{
    BlockEngine, BlockInput, EngineOptions, Error, Threads, execute_block, recover_senders,
};
use metisvm_state::MemoryState;
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use std::sync::Arc;
use support::block::{CHAIN_ID, GWEI, account, genesis, sign, template};

/// The forks that a rule starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fork {
    SpuriousDragon,
    Berlin,
    London,
    Shanghai,
    Cancun,
    Prague,
    Osaka,
}

use Fork::{Berlin, Cancun, London, Osaka, Prague, Shanghai, SpuriousDragon};

/// The account with code, and the one that has used up its nonces.
const CONTRACT_KEY: u8 = 5;
const TIRED_KEY: u8 = 6;
/// The base fee of the block, from London on, in wei.
const BASE_FEE: u64 = 1_000_000_000;

/// The development chain as it was at a fork.
fn spec(fork: Fork) -> ChainSpec {
    let mut spec = ChainSpec::metis_dev();
    spec.inference = None;
    let forks = &mut spec.forks;
    let end = |from: Fork, starts: &mut [&mut Option<u64>]| {
        if fork < from {
            starts.iter_mut().for_each(|start| **start = None);
        }
    };
    end(Osaka, &mut [&mut forks.osaka_time]);
    end(Prague, &mut [&mut forks.prague_time]);
    end(Cancun, &mut [&mut forks.cancun_time]);
    end(Shanghai, &mut [&mut forks.shanghai_time, &mut forks.paris_block]);
    end(London, &mut [&mut forks.london_block]);
    end(Berlin, &mut [&mut forks.berlin_block]);
    if fork < Cancun {
        spec.blob_schedule.clear();
    }
    spec.check().unwrap();
    spec
}

fn header(fork: Fork) -> Header {
    Header {
        gas_limit: 40_000_000,
        base_fee_per_gas: (fork >= London).then_some(BASE_FEE),
        withdrawals_root: (fork >= Shanghai).then_some(B256::ZERO),
        blob_gas_used: (fork >= Cancun).then_some(0),
        excess_blob_gas: (fork >= Cancun).then_some(0),
        parent_beacon_block_root: (fork >= Cancun).then_some(B256::ZERO),
        requests_hash: (fork >= Prague).then_some(B256::ZERO),
        ..template()
    }
}

fn state() -> MemoryState {
    let mut state = genesis();
    let ether = U256::from(10).pow(U256::from(18));
    for key in 1..=3 {
        state.insert_account(account(key), ether * U256::from(100), 0, Bytes::new(), []);
    }
    let stop = Bytes::from_static(&[0x00]);
    state.insert_account(account(CONTRACT_KEY), ether, 0, stop, []);
    state.insert_account(account(TIRED_KEY), ether, u64::MAX, Bytes::new(), []);
    state
}

/// What became of a transaction between others: `None` where it is in the block. All ways agree.
fn refused(fork: Fork, transaction: &TxEnvelope) -> Option<String> {
    let spec = Arc::new(spec(fork));
    let header = header(fork);
    let before = pay(2, 0);
    let transactions = vec![before, transaction.clone(), pay(3, 0), pay(2, 1)];
    let threads = Threads::new(1).unwrap();
    let transactions: Vec<Recovered<TxEnvelope>> =
        recover_senders(&spec, header.number, transactions, &threads).unwrap();
    let block = BlockInput {
        header: &header,
        transactions: &transactions,
        withdrawals: (fork >= Shanghai).then_some(&[]),
        ommers: &[],
        access_list: None,
    };
    let factory = MetisEvmFactory::new(spec, None);
    let problem = |error: Error| {
        let Error::InvalidTransaction { index, hash, problem } = error else {
            panic!("{fork:?}: {error}")
        };
        assert_eq!((index, hash), (1, *transaction.hash()));
        problem
    };
    let expected = execute_block(&factory, block, &mut state()).err().map(problem);
    for count in [1, 2] {
        let options = EngineOptions {
            adaptive: false,
            ..EngineOptions::default()
        };
        let engine = BlockEngine::with_options(Threads::new(count).unwrap(), options);
        let executed = engine.execute(&factory, block, &state());
        assert_eq!(executed.err().map(problem), expected, "{fork:?}, {count} threads");
        // Building leaves it out for the same reason, and nothing else.
        let selected = engine.select(&factory, block, &state()).unwrap();
        let skipped: Vec<_> = selected
            .skipped
            .into_iter()
            .map(|one| (one.index, one.problem))
            .collect();
        let left_out: Vec<_> = expected.clone().map(|problem| (1, problem)).into_iter().collect();
        assert_eq!(skipped, left_out, "{fork:?}, building on {count} threads");
    }
    expected
}

/// It is refused from this fork on, in these words.
fn assert_refused(fork: Fork, transaction: &TxEnvelope, words: &str) {
    let problem = refused(fork, transaction).unwrap_or_else(|| panic!("{fork:?} takes what is {words:?}"));
    assert_eq!(problem, words, "{fork:?}");
}

fn assert_taken(fork: Fork, transaction: &TxEnvelope) {
    assert_eq!(refused(fork, transaction), None, "{fork:?}");
}

fn pay(key: u8, nonce: u64) -> TxEnvelope {
    sign(key, TxLegacy { nonce, ..plain() })
}

/// By key 1.
fn plain() -> TxLegacy {
    TxLegacy {
        chain_id: Some(CHAIN_ID),
        nonce: 0,
        gas_price: 2 * GWEI,
        gas_limit: 100_000,
        to: TxKind::Call(Address::repeat_byte(0x77)),
        value: U256::from(1),
        input: Bytes::new(),
    }
}

fn with_access_list() -> TxEnvelope {
    let tx = TxEip2930 {
        chain_id: CHAIN_ID,
        gas_price: 2 * GWEI,
        gas_limit: 100_000,
        to: plain().to,
        ..TxEip2930::default()
    };
    sign(1, tx)
}

fn dynamic(max_fee_per_gas: u128, max_priority_fee_per_gas: u128) -> TxEnvelope {
    let tx = TxEip1559 {
        chain_id: CHAIN_ID,
        max_fee_per_gas,
        max_priority_fee_per_gas,
        gas_limit: 100_000,
        to: plain().to,
        ..TxEip1559::default()
    };
    sign(1, tx)
}

fn blob_tx(blobs: usize) -> TxEip4844 {
    let mut hash = B256::repeat_byte(7);
    hash[0] = 1;
    TxEip4844 {
        chain_id: CHAIN_ID,
        max_fee_per_gas: 2 * GWEI,
        gas_limit: 100_000,
        to: Address::repeat_byte(0x77),
        max_fee_per_blob_gas: GWEI,
        blob_versioned_hashes: vec![hash; blobs],
        ..TxEip4844::default()
    }
}

fn set_code(entries: usize) -> TxEnvelope {
    let authorization = Authorization {
        chain_id: U256::ZERO,
        address: Address::repeat_byte(0xc0),
        nonce: 0,
    };
    let signature = *sign(3, TxLegacy::default()).signature();
    let tx = TxEip7702 {
        chain_id: CHAIN_ID,
        max_fee_per_gas: 2 * GWEI,
        gas_limit: 200_000,
        to: Address::repeat_byte(0x77),
        authorization_list: vec![authorization.into_signed(signature); entries],
        ..TxEip7702::default()
    };
    sign(1, tx)
}

#[test]
fn each_type_of_transaction_starts_with_its_fork() {
    for (fork, before, transaction, words) in [
        (
            Berlin,
            SpuriousDragon,
            with_access_list(),
            "Eip2930 is not supported: ",
        ),
        (London, Berlin, dynamic(2 * GWEI, 0), "Eip1559 is not supported: "),
        (
            Cancun,
            Shanghai,
            sign(1, blob_tx(1)),
            "Eip4844 is not supported: ",
        ),
        (Prague, Cancun, set_code(1), "Eip7702 is not supported: "),
    ] {
        let words = format!("{words}there are no transactions of this type before {fork:?}");
        assert_refused(before, &transaction, &words);
        assert_taken(fork, &transaction);
    }
}

#[test]
fn fees_cover_the_base_fee_and_the_tip_is_no_more_than_the_whole() {
    let cheap = sign(
        1,
        TxLegacy {
            gas_price: GWEI - 1,
            ..plain()
        },
    );
    assert_taken(Berlin, &cheap);
    let words = "gas price is less than basefee: 999999999 is less than the block's 1000000000 (EIP-1559)";
    assert_refused(London, &cheap, words);
    assert_refused(London, &dynamic(GWEI - 1, 0), words);
    assert_taken(London, &dynamic(GWEI, 0));
    let words = "priority fee is greater than max fee: 2000000001 is more than 2000000000 (EIP-1559)";
    assert_refused(London, &dynamic(2 * GWEI, 2 * GWEI + 1), words);
    assert_taken(London, &dynamic(2 * GWEI, 2 * GWEI));
}

#[test]
fn a_transaction_is_signed_for_the_chain_or_for_none() {
    let other = |chain_id| sign(1, TxLegacy { chain_id, ..plain() });
    assert_taken(SpuriousDragon, &other(None));
    let words = "invalid chain ID: it is signed for 7, and this chain is 5068365 (EIP-155)";
    assert_refused(SpuriousDragon, &other(Some(7)), words);
    assert_refused(Osaka, &other(Some(7)), words);
    let typed = sign(
        1,
        TxEip1559 {
            chain_id: 7,
            max_fee_per_gas: 2 * GWEI,
            gas_limit: 100_000,
            ..TxEip1559::default()
        },
    );
    assert_refused(Osaka, &typed, words);
}

#[test]
fn nonces_follow_each_other_and_end_below_2_to_the_64_minus_1() {
    assert_refused(Osaka, &pay(1, 1), "nonce 1 too high, expected 0");
    let again = sign(2, plain());
    assert_refused(Osaka, &again, "nonce 0 too low, expected 1");
    assert_refused(
        Osaka,
        &pay(TIRED_KEY, u64::MAX),
        "nonce overflow in transaction: it is 18446744073709551615, and must be less than 2^64 - 1 (EIP-2681)",
    );
}

#[test]
fn the_sender_has_no_code() {
    let words = format!(
        "reject transactions from senders with deployed code: {} is one (EIP-3607)",
        account(CONTRACT_KEY)
    );
    for fork in [SpuriousDragon, Osaka] {
        assert_refused(fork, &pay(CONTRACT_KEY, 0), &words);
    }
}

#[test]
fn the_balance_covers_the_greatest_cost() {
    let ether = U256::from(10).pow(U256::from(18));
    let gas = U256::from(100_000) * U256::from(2 * GWEI);
    let all = ether * U256::from(100) - gas;
    let spend = |value| sign(1, TxLegacy { value, ..plain() });
    assert_taken(Osaka, &spend(all));
    let words = "lack of funds (100000000000000000000) for max fee (100000000000000000001)";
    assert_refused(Osaka, &spend(all + U256::from(1)), words);
    assert_refused(
        Osaka,
        &spend(U256::MAX),
        "overflow payment in transaction: what it may cost does not fit in 256 bits, so no balance covers it",
    );
    // The greatest fee counts, not the one that is paid; and so does that of the blobs (EIP-1559, EIP-4844).
    let dear = dynamic(ether.to::<u128>(), 0);
    assert!(refused(London, &dear).unwrap().starts_with("lack of funds"));
    let dear = TxEip4844 {
        max_fee_per_blob_gas: ether.to(),
        ..blob_tx(1)
    };
    assert!(
        refused(Cancun, &sign(1, dear))
            .unwrap()
            .starts_with("lack of funds")
    );
}

#[test]
fn the_gas_limit_covers_what_a_transaction_costs_at_least() {
    let with = |gas_limit, input: Vec<u8>| {
        sign(
            1,
            TxLegacy {
                gas_limit,
                input: input.into(),
                ..plain()
            },
        )
    };
    assert_taken(Osaka, &with(21_000, vec![]));
    let words = "call gas cost (21000) exceeds the gas limit (20999): the gas that it costs before it is executed \
                 (Yellow Paper, section 6.2)";
    assert_refused(SpuriousDragon, &with(20_999, vec![]), words);
    // A hundred bytes cost 1,600 gas, and from Prague on 4,000 at least (EIP-7623).
    assert_taken(Cancun, &with(24_999, vec![1; 100]));
    assert_refused(
        Prague,
        &with(24_999, vec![1; 100]),
        "gas floor (25000) exceeds the gas limit (24999): the least for its data (EIP-7623)",
    );
    assert_taken(Prague, &with(25_000, vec![1; 100]));
}

#[test]
fn the_gas_limit_has_a_cap_from_osaka_on_and_fits_into_the_block() {
    let with = |gas_limit| sign(1, TxLegacy { gas_limit, ..plain() });
    assert_taken(Osaka, &with(16_777_216));
    assert_taken(Prague, &with(16_777_217));
    assert_refused(
        Osaka,
        &with(16_777_217),
        "transaction gas limit (16777217) is greater than the cap (16777216) (EIP-7825)",
    );
    // The transaction before it has used 21,000.
    assert_taken(Prague, &with(39_979_000));
    let problem = refused(Prague, &with(39_979_001)).unwrap();
    assert!(
        problem.contains("39979001") && problem.contains("39979000"),
        "{problem}"
    );
}

#[test]
fn initcode_is_limited_from_shanghai_on() {
    let create = |bytes: usize| {
        sign(
            1,
            TxLegacy {
                to: TxKind::Create,
                gas_limit: 5_000_000,
                input: vec![0; bytes].into(),
                ..plain()
            },
        )
    };
    assert_taken(London, &create(49_153));
    assert_taken(Shanghai, &create(49_152));
    assert_refused(
        Shanghai,
        &create(49_153),
        "create initcode size limit: it has 49153 bytes, and may have 49152 (EIP-3860)",
    );
}

#[test]
fn blobs_are_there_of_the_known_version_paid_for_and_not_too_many() {
    assert_refused(
        Cancun,
        &sign(1, blob_tx(0)),
        "empty blobs: a blob transaction has one at least (EIP-4844)",
    );
    let mut tx = blob_tx(2);
    tx.blob_versioned_hashes[1][0] = 2;
    assert_refused(
        Cancun,
        &sign(1, tx),
        "blob version not supported: 2 instead of 1 (EIP-4844)",
    );
    let tx = TxEip4844 {
        max_fee_per_blob_gas: 0,
        ..blob_tx(1)
    };
    assert_refused(
        Cancun,
        &sign(1, tx),
        "blob gas price (1) is greater than max fee per blob gas (0) (EIP-4844)",
    );
    // The development chain has the blobs of Prague from Cancun on: nine a block.
    assert_taken(Prague, &sign(1, blob_tx(9)));
    assert!(
        refused(Prague, &sign(1, blob_tx(10)))
            .unwrap()
            .contains("too many blobs")
    );
    assert_taken(Osaka, &sign(1, blob_tx(6)));
    assert_refused(
        Osaka,
        &sign(1, blob_tx(7)),
        "too many blobs, have 7, max 6 for a transaction (EIP-4844, EIP-7594)",
    );
}

#[test]
fn a_transaction_that_carries_its_blobs_is_not_in_a_block() {
    let tx = TxEip4844WithSidecar {
        tx: blob_tx(1),
        sidecar: BlobTransactionSidecarVariant::Eip4844(BlobTransactionSidecar::default()),
    };
    let transaction = sign(1, TxEip4844Variant::from(tx));
    assert_refused(
        Cancun,
        &transaction,
        "carries its blobs; a block has their versioned hashes only (EIP-4844)",
    );
}

#[test]
fn a_transaction_that_sets_code_has_authorizations() {
    assert_refused(
        Prague,
        &set_code(0),
        "empty authorization list: it has one entry at least (EIP-7702)",
    );
    assert_taken(Prague, &set_code(1));
}
