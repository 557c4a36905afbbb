//! The generated workloads: learnt from on the first block, foretold on the third.
//!
//! The contracts are compiled ones, and the EVM executes them.

use super::{
    super::{Footprint, Outlook, Predictor},
    execution::{Executed, execute},
    figures::Figures,
};
use alloy_primitives::{Address, B256, U256};
use metisvm_state::MemoryState;
use metisvm_workload::chains::{Scenario, WorkloadKind};
use std::time::{Duration, Instant};

const TRANSACTIONS: usize = 120;

/// Executes one block of a scenario.
fn execute_block(
    scenario: &Scenario,
    number: usize,
    state: &mut MemoryState,
    each: impl FnMut(Executed<'_>),
) {
    let block = &scenario.blocks[number];
    let env = scenario.spec.evm_env(&block.header);
    execute(&scenario.factory(), &env, &block.transactions, state, each);
}

/// Learns on block 1 as an engine would, and measures on block 3, without having seen block 2.
fn measure(kind: WorkloadKind) -> Figures {
    let scenario = Scenario::generate(kind, TRANSACTIONS, 3, 7).unwrap();
    let mut state = scenario.genesis.clone();
    let predictor = Predictor::default();
    let mut lessons = 0;
    let mut footprint = Footprint::default();
    execute_block(&scenario, 0, &mut state, |executed| {
        let Executed {
            kind, call, trace, ..
        } = &executed;
        let wanted = predictor.wants(kind);
        executed.foretell(&predictor, &mut footprint);
        if wanted {
            lessons += 1;
            predictor.learn(kind, call, trace);
        } else if !footprint.covers(trace) {
            predictor.missed(kind);
        }
    });
    execute_block(&scenario, 1, &mut state, |_| {});
    let mut figures = Figures::default();
    execute_block(&scenario, 2, &mut state, |executed| {
        let started = Instant::now();
        executed.foretell(&predictor, &mut footprint);
        figures.time += started.elapsed();
        figures.count(&executed.trace, &footprint);
    });
    let each = figures.time.as_nanos() as usize / figures.calls.max(1);
    println!(
        "| {kind} | {} | {lessons} | {:.1} % | {:.1} % | {:.1} % | {} | {each} ns |",
        figures.calls,
        figures.recall(),
        figures.precision(),
        figures.exactness(),
        figures.wrong,
    );
    figures
}

#[test]
fn transfers_of_tokens_are_foretold_exactly() {
    for kind in [WorkloadKind::Erc20Independent, WorkloadKind::Erc20OneHotAccount] {
        let figures = measure(kind);
        assert_eq!(figures.calls, TRANSACTIONS);
        assert_eq!(
            (figures.hits, figures.foretold),
            (figures.touched, figures.touched)
        );
        assert_eq!((figures.exact, figures.wrong), (figures.changed, 0));
    }
}

#[test]
fn mints_are_foretold_by_the_counter_that_they_read() {
    let figures = measure(WorkloadKind::NftMintCounter);
    assert_eq!(
        (figures.hits, figures.foretold),
        (figures.touched, figures.touched)
    );
    assert_eq!((figures.exact, figures.wrong), (figures.changed, 0));
}

#[test]
fn votes_are_foretold_with_the_power_of_the_voter() {
    let figures = measure(WorkloadKind::DaoVoting);
    assert!(
        figures.recall() > 99.0 && figures.precision() > 99.0,
        "{figures:?}"
    );
    assert!(figures.exactness() > 99.0 && figures.wrong == 0, "{figures:?}");
}

#[test]
fn swaps_are_foretold_but_for_the_reserves() {
    for kind in [WorkloadKind::UniswapOnePool, WorkloadKind::UniswapSwapsManyPools] {
        let figures = measure(kind);
        assert!(
            figures.recall() > 99.0 && figures.precision() > 99.0,
            "{figures:?}"
        );
        // Two of five: what the trader pays. What it gets is by a formula.
        assert!(figures.exactness() > 39.0 && figures.wrong == 0, "{figures:?}");
    }
}

#[test]
fn a_mixture_is_foretold_as_well() {
    let figures = measure(WorkloadKind::MixedDefi);
    assert!(
        figures.recall() > 95.0 && figures.precision() > 95.0,
        "{figures:?}"
    );
}

/// What an engine pays for asking, with the hashes computed each time and with none computed.
#[test]
#[ignore = "a measurement: cargo test --release -p metisvm-executor prediction -- --ignored --nocapture"]
fn how_long_foretelling_takes() {
    struct NoHash;
    impl Outlook for NoHash {
        fn value(&mut self, _: Address, _: U256) -> Option<U256> {
            Some(U256::ONE)
        }
        fn keccak256(&mut self, input: &[u8]) -> B256 {
            B256::from_slice(&input[..32])
        }
    }
    for kind in WorkloadKind::ALL {
        let scenario = Scenario::generate(kind, TRANSACTIONS, 1, 7).unwrap();
        let mut state = scenario.genesis.clone();
        let predictor = Predictor::default();
        let mut learning = Vec::new();
        execute_block(&scenario, 0, &mut state, |executed| {
            let started = Instant::now();
            predictor.learn(&executed.kind, &executed.call, &executed.trace);
            learning.push(started.elapsed());
        });
        let mut state = scenario.genesis.clone();
        let (mut hashed, mut unhashed, mut calls) = (Duration::ZERO, Duration::ZERO, 0);
        let mut footprint = Footprint::default();
        execute_block(&scenario, 0, &mut state, |executed| {
            let Executed { kind, call, .. } = &executed;
            let mut one = |_: Address, _: U256| Some(U256::ONE);
            let started = Instant::now();
            (0..100).for_each(|_| predictor.predict(kind, call, &mut one, &mut footprint));
            hashed += started.elapsed();
            let started = Instant::now();
            (0..100).for_each(|_| predictor.predict(kind, call, &mut NoHash, &mut footprint));
            unhashed += started.elapsed();
            calls += 100;
        });
        learning.sort_unstable();
        let middle = learning.get(learning.len() / 2).copied().unwrap_or_default();
        let each = |time: Duration| time.as_nanos() / u128::from(calls.max(1u32));
        println!(
            "| {kind} | {} ns | {} ns | {middle:?} |",
            each(hashed),
            each(unhashed)
        );
    }
}
