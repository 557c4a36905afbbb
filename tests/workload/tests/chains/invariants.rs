//! What must hold after any scenario.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use alloy_consensus::{TxEnvelope, transaction::Recovered};
use alloy_primitives::{Address, B256, Log, U256, keccak256};
use alloy_sol_types::SolEvent;
use metisvm_executor::{BlockOutcome, TransactionStatus, execute_block};
use metisvm_state::MemoryState;
use metisvm_workload::{
    Collectible, Dao,
    chains::{Ending, Scenario},
};
use std::collections::{BTreeMap, BTreeSet};

pub(super) type Signed = Recovered<TxEnvelope>;

/// Executes all blocks; every transaction ends as foreseen, with as many logs.
pub(super) fn execute(scenario: &Scenario) -> (MemoryState, Vec<BlockOutcome>) {
    let factory = scenario.factory();
    let mut state = scenario.genesis.clone();
    let outcomes = scenario.blocks.iter().map(|block| {
        let outcome = execute_block(&factory, block.input(), &mut state).unwrap();
        for (at, foreseen) in block.foreseen.iter().enumerate() {
            let status = &outcome.transactions[at].status;
            let as_foreseen = match foreseen.ending {
                Ending::Success => matches!(status, TransactionStatus::Success { .. }),
                Ending::Revert => matches!(status, TransactionStatus::Revert { .. }),
                Ending::OutOfGas => matches!(status, TransactionStatus::Halt { .. }),
            };
            let number = block.header.number;
            assert!(
                as_foreseen,
                "{} block {number} transaction {at}: {status:?}",
                scenario.kind
            );
            let logs = outcome.receipts[at].logs().len();
            assert_eq!(
                logs, foreseen.logs,
                "{} block {number} transaction {at}",
                scenario.kind
            );
        }
        assert_eq!(outcome.transactions.len(), block.transactions.len());
        outcome
    });
    let outcomes = outcomes.collect();
    (state, outcomes)
}

pub(super) fn slot(state: &MemoryState, contract: Address, slot: U256) -> U256 {
    let account = state.account(&contract).expect("the contract is there");
    account.storage.get(&slot).copied().unwrap_or_default()
}

pub(super) fn in_mapping(key: impl Into<B256>, slot: u64) -> U256 {
    keccak256([key.into(), U256::from(slot).into()].concat()).into()
}

pub(super) fn balance(state: &MemoryState, token: Address, holder: Address) -> U256 {
    slot(state, token, in_mapping(holder.into_word(), 4))
}

pub(super) fn supply(state: &MemoryState, token: Address) -> U256 {
    slot(state, token, U256::from(3))
}

/// The balances of all accounts in each token add up to its supply, which is what it was.
pub(super) fn assert_supplies(scenario: &Scenario, state: &MemoryState) {
    for token in &scenario.deployed.tokens {
        let holders = state
            .accounts()
            .map(|(holder, _)| balance(state, *token, *holder));
        let together: U256 = holders.sum();
        assert!(!together.is_zero());
        assert_eq!(together, supply(state, *token));
        assert_eq!(together, supply(&scenario.genesis, *token));
    }
}

/// What each pair has in its books is what it holds, and the product has not fallen.
pub(super) fn assert_pairs(scenario: &Scenario, state: &MemoryState) {
    let mask = (U256::from(1) << 112) - U256::from(1);
    let reserves = |state, pair| {
        let both = slot(state, pair, U256::from(2));
        [both & mask, both >> 112 & mask]
    };
    for pair in &scenario.deployed.pairs {
        let after = reserves(state, *pair);
        for (at, reserve) in after.into_iter().enumerate() {
            let token = Address::from_word(slot(state, *pair, U256::from(at)).into());
            assert_eq!(balance(state, token, *pair), reserve);
        }
        let [a, b] = reserves(&scenario.genesis, *pair);
        assert!(after[0] * after[1] >= a * b);
    }
}

/// Ether is neither made nor lost, but for the base fees, which are burnt.
pub(super) fn assert_ether(scenario: &Scenario, state: &MemoryState, outcomes: &[BlockOutcome]) {
    let total =
        |state: &MemoryState| -> U256 { state.accounts().map(|(_, account)| account.info.balance).sum() };
    let burnt = scenario.blocks.iter().zip(outcomes).map(|(block, outcome)| {
        let fee = block.header.base_fee_per_gas.unwrap();
        assert!(fee > 0);
        U256::from(fee) * U256::from(outcome.gas_used)
    });
    assert_eq!(total(state) + burnt.sum::<U256>(), total(&scenario.genesis));
}

/// The greatest number of transactions in a block that have something in common.
pub(super) fn most_in_common<K: Ord>(scenario: &Scenario, of: impl Fn(&Signed) -> K) -> usize {
    let most = scenario.blocks.iter().map(|block| {
        let mut counts = BTreeMap::new();
        for transaction in &block.transactions {
            *counts.entry(of(transaction)).or_insert(0) += 1;
        }
        counts.into_values().max().unwrap()
    });
    most.max().unwrap()
}

pub(super) fn logs_of(outcomes: &[BlockOutcome]) -> impl Iterator<Item = &Log> {
    let receipts = outcomes.iter().flat_map(|outcome| &outcome.receipts);
    receipts.flat_map(|receipt| receipt.logs())
}

/// Every tally is the sum of the powers that were announced for it; the number of votes comes back.
pub(super) fn assert_votes(scenario: &Scenario, state: &MemoryState, outcomes: &[BlockOutcome]) -> usize {
    let dao = scenario.deployed.dao.unwrap();
    let mut tallies: BTreeMap<(U256, u8), U256> = BTreeMap::new();
    let mut ballots = BTreeSet::new();
    for log in logs_of(outcomes).filter(|log| log.address == dao) {
        let vote = Dao::VoteCast::decode_log_data(&log.data).unwrap();
        assert!(ballots.insert((vote.id, vote.voter)), "voted twice");
        assert_eq!(
            vote.power,
            slot(state, dao, in_mapping(vote.voter.into_word(), 3))
        );
        *tallies.entry((vote.id, vote.choice as u8)).or_default() += vote.power;
        let voters = in_mapping(B256::from(vote.id), 6);
        let voted = keccak256([vote.voter.into_word(), voters.into()].concat());
        assert_eq!(slot(state, dao, voted.into()), U256::from(1));
    }
    for ((id, choice), tally) in tallies {
        let proposal = in_mapping(B256::from(id), 5);
        assert_eq!(slot(state, dao, proposal + U256::from(2 + choice)), tally);
    }
    ballots.len()
}

/// Every token of the collection has the owner that its mint named, and the counter is their number, which
/// comes back.
pub(super) fn assert_mints(scenario: &Scenario, state: &MemoryState, outcomes: &[BlockOutcome]) -> usize {
    let collectible = scenario.deployed.collectible.unwrap();
    let mut held: BTreeMap<Address, u64> = BTreeMap::new();
    let mut count = 0;
    for log in logs_of(outcomes).filter(|log| log.address == collectible) {
        let mint = Collectible::Transfer::decode_log_data(&log.data).unwrap();
        assert_eq!((mint.from, mint.tokenId), (Address::ZERO, U256::from(count)));
        let owner = slot(state, collectible, in_mapping(B256::from(mint.tokenId), 4));
        assert_eq!(owner, U256::from_be_bytes(mint.to.into_word().0));
        *held.entry(mint.to).or_default() += 1;
        count += 1;
    }
    assert_eq!(slot(state, collectible, U256::from(2)), U256::from(count));
    for (owner, tokens) in held {
        let balance = slot(state, collectible, in_mapping(owner.into_word(), 5));
        assert_eq!(balance, U256::from(tokens));
    }
    count
}
