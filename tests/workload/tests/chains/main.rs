//! Every scenario, executed block by block: each transaction ends as foreseen, and what must not change has
//! not changed.

mod invariants;

use alloy_consensus::{Header, Transaction, transaction::SignerRecoverable};
use alloy_eips::eip1559::BaseFeeParams;
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256};
use alloy_sol_types::{SolCall, SolEvent};
use invariants::*;
use metisvm_executor::{BlockEngine, BlockFile, BlockOutcome, BlockReport, Threads, run_block_file};
use metisvm_state::MemoryState;
use metisvm_workload::{
    DIGITS, Dao, Digit, DigitClassifier,
    chains::{Ending, Scenario, WorkloadKind},
};
use std::{collections::BTreeSet, time::Instant};

const TRANSACTIONS: usize = 200;
const BLOCKS: usize = 3;

fn run(kind: WorkloadKind) -> (Scenario, MemoryState, Vec<BlockOutcome>) {
    let scenario = Scenario::generate(kind, TRANSACTIONS, BLOCKS, 7).expect("the size makes sense");
    assert_eq!(scenario.blocks.len(), BLOCKS);
    let (state, outcomes) = execute(&scenario);
    (scenario, state, outcomes)
}

#[test]
fn raw_transfers_meet_no_account_twice_in_a_block() {
    let (scenario, state, outcomes) = run(WorkloadKind::RawTransfers);
    assert_ether(&scenario, &state, &outcomes);
    for block in &scenario.blocks {
        let mut met = BTreeSet::from([block.header.beneficiary]);
        for transaction in &block.transactions {
            assert!(met.insert(transaction.signer()));
            let to = transaction.to().unwrap();
            assert!(met.insert(to));
            assert!(state.account(&to).unwrap().info.code_hash == KECCAK256_EMPTY);
        }
    }
    let newcomers = state.len() - scenario.genesis.len() - 1;
    assert_eq!(newcomers, BLOCKS * TRANSACTIONS / 2, "beside the beneficiary");
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.gas_used == 21_000 * TRANSACTIONS as u64)
    );
}

#[test]
fn independent_token_transfers_meet_no_holder_twice_in_a_block() {
    let (scenario, state, outcomes) = run(WorkloadKind::Erc20Independent);
    assert_ether(&scenario, &state, &outcomes);
    assert_supplies(&scenario, &state);
    for outcome in &outcomes {
        let logs = outcome.receipts.iter().flat_map(|receipt| receipt.logs());
        let holders: BTreeSet<B256> = logs.flat_map(|log| log.topics()[1..].to_vec()).collect();
        assert_eq!(holders.len(), 2 * TRANSACTIONS);
    }
}

#[test]
fn the_hot_account_gets_what_everybody_sends() {
    let (scenario, state, outcomes) = run(WorkloadKind::Erc20OneHotAccount);
    assert_ether(&scenario, &state, &outcomes);
    assert_supplies(&scenario, &state);
    let logs: Vec<_> = outcomes
        .iter()
        .flat_map(|outcome| outcome.receipts.iter().flat_map(|receipt| receipt.logs()))
        .collect();
    let receivers: BTreeSet<B256> = logs.iter().map(|log| log.topics()[2]).collect();
    assert_eq!(receivers.len(), 1);
    let hot = Address::from_word(*receivers.first().unwrap());
    let sent: U256 = logs.iter().map(|log| U256::from_be_slice(&log.data.data)).sum();
    assert_eq!(balance(&state, scenario.deployed.tokens[0], hot), sent);
}

#[test]
fn swaps_over_many_pools_come_eight_to_a_pool() {
    let (scenario, state, outcomes) = run(WorkloadKind::UniswapSwapsManyPools);
    assert_ether(&scenario, &state, &outcomes);
    assert_supplies(&scenario, &state);
    assert_pairs(&scenario, &state);
    assert_eq!(scenario.deployed.pairs.len(), TRANSACTIONS / 8);
    assert_eq!(scenario.deployed.tokens.len(), 2 * scenario.deployed.pairs.len());
    assert_eq!(most_in_common(&scenario, |transaction| transaction.to()), 8);
    assert_eq!(most_in_common(&scenario, |transaction| transaction.signer()), 1);
}

#[test]
fn swaps_in_one_pool_all_move_its_reserves() {
    let (scenario, state, outcomes) = run(WorkloadKind::UniswapOnePool);
    assert_ether(&scenario, &state, &outcomes);
    assert_supplies(&scenario, &state);
    assert_pairs(&scenario, &state);
    assert_eq!(scenario.deployed.pairs.len(), 1);
    assert_eq!(
        most_in_common(&scenario, |transaction| transaction.to()),
        TRANSACTIONS
    );
    assert_eq!(most_in_common(&scenario, |transaction| transaction.signer()), 1);
}

#[test]
fn every_vote_is_counted_once() {
    let (scenario, state, outcomes) = run(WorkloadKind::DaoVoting);
    assert_ether(&scenario, &state, &outcomes);
    assert_eq!(assert_votes(&scenario, &state, &outcomes), TRANSACTIONS * BLOCKS);
    let on_a_proposal = most_in_common(&scenario, |transaction| {
        Dao::voteCall::abi_decode(transaction.input()).unwrap().id
    });
    assert!(on_a_proposal >= TRANSACTIONS / 8, "{on_a_proposal}");
    assert!(most_in_common(&scenario, |transaction| transaction.signer()) > 1);
}

#[test]
fn mints_number_the_tokens_without_a_gap() {
    let (scenario, state, outcomes) = run(WorkloadKind::NftMintCounter);
    assert_ether(&scenario, &state, &outcomes);
    assert_eq!(assert_mints(&scenario, &state, &outcomes), TRANSACTIONS * BLOCKS);
    assert_eq!(most_in_common(&scenario, |transaction| transaction.signer()), 1);
}

#[test]
fn the_mixture_has_everything_in_it() {
    let (scenario, state, outcomes) = run(WorkloadKind::MixedDefi);
    assert_ether(&scenario, &state, &outcomes);
    assert_supplies(&scenario, &state);
    assert_pairs(&scenario, &state);
    assert!(assert_votes(&scenario, &state, &outcomes) > 10);
    assert!(assert_mints(&scenario, &state, &outcomes) > 10);
    let foreseen: Vec<_> = scenario.blocks.iter().flat_map(|block| &block.foreseen).collect();
    let ends = |ending| {
        foreseen
            .iter()
            .filter(|foreseen| foreseen.ending == ending)
            .count()
    };
    assert!(ends(Ending::Revert) > 5);
    assert!(ends(Ending::OutOfGas) > 0);
    assert!(ends(Ending::Success) > TRANSACTIONS * BLOCKS * 9 / 10);
    let transactions = || scenario.blocks.iter().flat_map(|block| &block.transactions);
    let to_pairs = |transaction: &&Signed| {
        scenario
            .deployed
            .pairs
            .iter()
            .any(|pair| transaction.to() == Some(*pair))
    };
    assert!(transactions().filter(to_pairs).count() > TRANSACTIONS * BLOCKS / 8);
    let creations = transactions().filter(|transaction| transaction.to().is_none());
    assert!(creations.count() > 0);
    assert!((2..=4).contains(&most_in_common(&scenario, |transaction| transaction.signer())));
    let popular = most_in_common(&scenario, |transaction| transaction.to());
    assert!(popular > TRANSACTIONS / 16, "{popular}");
}

#[test]
fn the_stored_classes_are_those_of_the_models() {
    let (scenario, state, outcomes) = run(WorkloadKind::InferenceHeavy);
    assert_ether(&scenario, &state, &outcomes);
    assert_supplies(&scenario, &state);
    assert_pairs(&scenario, &state);
    let models = [&scenario.models.mlp, &scenario.models.cnn];
    let mut counts = [0; 2];
    for (block, outcome) in scenario.blocks.iter().zip(&outcomes) {
        for (transaction, receipt) in block.transactions.iter().zip(&outcome.receipts) {
            let to = transaction.to().unwrap();
            let Some(at) = scenario
                .deployed
                .classifiers
                .iter()
                .position(|address| *address == to)
            else {
                continue;
            };
            counts[at] += 1;
            let call = DigitClassifier::classifyCall::abi_decode(transaction.input()).unwrap();
            let shown = |digit: &Digit| models[at].network.input(digit) == call.image;
            let digit = (0..DIGITS).map(Digit::new).find(shown).unwrap();
            let class = models[at].classify(&digit);
            let event = DigitClassifier::Classified::decode_log_data(&receipt.logs()[0].data).unwrap();
            assert_eq!((event.id, event.class), (call.id, class));
            let stored = slot(&state, to, in_mapping(B256::from(call.id), 1));
            assert_eq!(stored, U256::from(class + 1));
        }
    }
    let all = TRANSACTIONS * BLOCKS;
    assert!(counts[0] > all / 3 && counts[1] > all / 4, "{counts:?}");
}

#[test]
fn a_scenario_follows_from_kind_size_and_seed() {
    for kind in WorkloadKind::ALL {
        let make = |seed| Scenario::generate(kind, 20, 2, seed).unwrap();
        let (one, same, other) = (make(1), make(1), make(2));
        assert_eq!(one.genesis, same.genesis);
        for (a, b) in one.blocks.iter().zip(&same.blocks) {
            assert_eq!((&a.header, &a.transactions), (&b.header, &b.transactions));
        }
        assert_ne!(one.blocks[0].transactions, other.blocks[0].transactions, "{kind}");
    }
}

#[test]
fn signatures_are_of_the_senders_that_are_named() {
    for kind in WorkloadKind::ALL {
        let scenario = Scenario::generate(kind, 20, 1, 1).unwrap();
        let types: BTreeSet<u8> = scenario.blocks[0]
            .transactions
            .iter()
            .map(|transaction| {
                assert_eq!(
                    transaction.inner().recover_signer().unwrap(),
                    transaction.signer()
                );
                transaction.inner().tx_type() as u8
            })
            .collect();
        assert_eq!(types, BTreeSet::from([0, 2]), "{kind}");
    }
}

#[test]
fn a_size_that_makes_no_sense_is_refused() {
    for (transactions, blocks) in [
        (0, 1),
        (1, 0),
        (100_001, 1),
        (1, 1_001),
        (100_000, 1_000),
        (usize::MAX, usize::MAX),
    ] {
        let error = Scenario::generate(WorkloadKind::RawTransfers, transactions, blocks, 1).unwrap_err();
        assert!(error.to_string().contains("ask for"), "{error}");
    }
    assert_eq!(
        Scenario::generate(WorkloadKind::UniswapOnePool, 1, 1, 1)
            .unwrap()
            .blocks[0]
            .transactions
            .len(),
        1
    );
}

#[test]
fn written_files_run_like_the_blocks_and_form_a_chain() {
    let scenario = Scenario::generate(WorkloadKind::MixedDefi, 20, 3, 1).unwrap();
    let engine = BlockEngine::new(Threads::new(1).unwrap());
    let mut before: Option<(BlockReport, Header)> = None;
    for file in scenario.files(&engine) {
        let json = file.unwrap().to_json();
        let file = BlockFile::from_json(json.as_bytes()).unwrap();
        let header = file.block.header.clone();
        if let Some((before, parent)) = before {
            assert_eq!(header.parent_hash, before.hash);
            let base_fee = parent.next_block_base_fee(BaseFeeParams::ethereum());
            assert_eq!(header.base_fee_per_gas, base_fee);
            assert!(base_fee < parent.base_fee_per_gas, "less than half of it is used");
        }
        let report = run_block_file(&file, Some(scenario.models.engine()), &engine).unwrap();
        assert_eq!(report.mismatches, []);
        assert!(report.state_root.is_some());
        before = Some((report, header));
    }
    assert_eq!(before.unwrap().0.number, 3);
}

#[test]
#[ignore = "takes minutes: run it in the release profile, with --nocapture for the times"]
fn blocks_of_50_000_transactions_end_as_foreseen() {
    for kind in WorkloadKind::ALL {
        let started = Instant::now();
        let scenario = Scenario::generate(kind, 50_000, 1, 1).unwrap();
        let generated = started.elapsed();
        let (_, outcomes) = execute(&scenario);
        let (gas, executed) = (outcomes[0].gas_used, outcomes[0].execute_time);
        println!("{kind}: generated in {generated:.2?}, {gas} gas executed in {executed:.2?}");
    }
}
