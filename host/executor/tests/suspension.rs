//! Transactions that wait for an inference: the block comes out as in sequential execution, whenever tickets
//! become ready and in whichever order, and no thread waits while there is something else to do.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use alloy_primitives::B256;
use metisvm_executor::{
    BlockEngine, EngineOptions, Error, Executed, Threads, TransactionOutcome, TransactionStatus,
    execute_block,
};
use metisvm_state::MemoryState;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use support::{
    block::account,
    inference::{CHAINED, Calls, REPEATED, SHARED, answer, word},
    tickets::{Readiness, Tickets},
};

/// Most inferences that a transaction may ask for before its turn.
const MAX_ASKED: usize = 8;

fn succeeded(one: &TransactionOutcome) -> bool {
    matches!(one.status, TransactionStatus::Success { .. })
}

fn engine(threads: usize, jitter: Option<u64>) -> BlockEngine {
    let options = EngineOptions {
        adaptive: jitter.is_some(),
        jitter,
        ..EngineOptions::default()
    };
    BlockEngine::with_options(Threads::new(threads).unwrap(), options)
}

fn run(
    calls: &Calls,
    tickets: &Arc<Tickets>,
    threads: usize,
    jitter: Option<u64>,
) -> Result<Executed, Error> {
    let factory = calls.factory(tickets.clone());
    engine(threads, jitter).execute(&factory, calls.block(), &calls.state)
}

/// Executes the block with these tickets and holds it against the sequential execution.
fn check(
    calls: &Calls,
    tickets: &Arc<Tickets>,
    threads: usize,
    jitter: Option<u64>,
) -> (Executed, MemoryState) {
    let mut expected = calls.state.clone();
    let at_once = Arc::new(Tickets::new(Readiness::AtOnce));
    let outcome = execute_block(&calls.factory(at_once), calls.block(), &mut expected).unwrap();
    let executed = run(calls, tickets, threads, jitter).unwrap();
    let mut state = calls.state.clone();
    state.apply(&executed.changes);
    assert_eq!(executed.outcome.receipts, outcome.receipts);
    assert_eq!(executed.outcome.transactions, outcome.transactions);
    assert!(state == expected, "the state differs on {threads} threads");
    assert!(outcome.transactions.iter().all(succeeded));
    (executed, state)
}

/// A block with every kind of call, mixed.
fn mixture() -> Calls {
    let mut calls = Calls::default();
    for index in 0..60 {
        match index % 6 {
            0 | 1 => calls.direct(word(1000 + index)),
            2 => calls.chained(),
            3 => calls.shared(),
            4 => calls.repeated(3, word(2000 + index)),
            _ => calls.direct(word(7)),
        }
    }
    calls
}

#[test]
fn a_block_comes_out_the_same_whenever_its_tickets_become_ready() {
    let calls = mixture();
    for readiness in [
        Readiness::AtOnce,
        Readiness::After(Duration::from_micros(300)),
        Readiness::OutOfOrder(Duration::from_millis(2)),
        Readiness::OnlyWaitedFor,
        Readiness::Mixed(Duration::from_millis(1)),
    ] {
        for threads in [1, 2, 4] {
            for jitter in [None, Some(1), Some(2)] {
                check(&calls, &Arc::new(Tickets::new(readiness)), threads, jitter);
            }
        }
    }
}

#[test]
fn threads_do_not_wait_while_a_transaction_can_be_executed() {
    const CALLS: u64 = 50;
    let mut calls = Calls::default();
    (0..CALLS).for_each(|index| calls.direct(word(index)));
    for threads in [2, 4] {
        let tickets = Arc::new(Tickets::new(Readiness::OnlyWaitedFor));
        let (executed, _) = check(&calls, &tickets, threads, None);
        // The other threads may be about to ask.
        let least = CALLS as usize + 1 - threads;
        let asked = tickets.asked_at_first_wait().unwrap();
        assert!(asked >= least, "{asked} were asked for when a thread waited");
        assert!(executed.report.suspended >= least as u64);
        assert_eq!(tickets.inferred(), 0, "every output came by ticket");
        assert_eq!(tickets.submitted().len(), CALLS as usize);
    }
}

#[test]
fn waiting_for_inferences_takes_the_time_of_a_few_of_them() {
    const EACH: Duration = Duration::from_millis(20);
    let mut calls = Calls::default();
    (0..50).for_each(|index| calls.direct(word(index)));
    let tickets = Arc::new(Tickets::new(Readiness::After(EACH)));
    let factory = calls.factory(tickets);
    let engine = engine(2, None);
    let started = Instant::now();
    engine.execute(&factory, calls.block(), &calls.state).unwrap();
    let took = started.elapsed();
    assert!(
        took < EACH * 50 / 4,
        "took {took:?} for 50 inferences of {EACH:?}"
    );
}

#[test]
fn an_inference_on_a_value_that_was_wrong_is_asked_for_again_with_the_right_one() {
    let mut calls = Calls::default();
    (0..20).for_each(|_| calls.chained());
    for threads in [2, 4] {
        for readiness in [
            Readiness::After(Duration::from_micros(200)),
            Readiness::OnlyWaitedFor,
        ] {
            let tickets = Arc::new(Tickets::new(readiness));
            let (_, state) = check(&calls, &tickets, threads, None);
            let chain = (0..20).fold(B256::ZERO, |value, _| answer(&value));
            let stored = state.account(&CHAINED).unwrap().storage[&alloy_primitives::U256::ZERO];
            assert_eq!(B256::from(stored), chain);
        }
    }
}

#[test]
fn what_was_asked_for_is_held_until_the_transaction_is_committed() {
    // The engine remembers nothing, so whatever runs twice for one transaction is seen here.
    let mut calls = Calls::default();
    (0..30).for_each(|index| calls.repeated(4, word(100 * index)));
    for threads in [2, 4] {
        let tickets = Arc::new(Tickets::new(Readiness::OutOfOrder(Duration::from_millis(1))));
        check(&calls, &tickets, threads, None);
        let asked = tickets.submitted().len() + tickets.inferred();
        assert_eq!(asked, 30 * 4);
    }
}

#[test]
fn a_transaction_asks_for_a_few_inferences_only_before_its_turn() {
    let mut calls = Calls::default();
    (0..6).for_each(|index| calls.repeated(30, word(1000 * index)));
    for readiness in [Readiness::AtOnce, Readiness::After(Duration::from_micros(100))] {
        let tickets = Arc::new(Tickets::new(readiness));
        let (executed, state) = check(&calls, &tickets, 2, None);
        assert!(tickets.submitted().len() <= 6 * MAX_ASKED);
        assert_eq!(tickets.submitted().len() + tickets.inferred(), 6 * 30);
        assert!(executed.report.suspended <= 6 * MAX_ASKED as u64);
        assert_eq!(executed.report.in_turn, 6);
        let last = (0..30).fold(word(0), |value, _| answer(&value));
        let slot = account(1).into_word().into();
        assert_eq!(B256::from(state.account(&REPEATED).unwrap().storage[&slot]), last);
    }
}

#[test]
fn a_contract_that_asks_for_something_else_on_every_run_is_bounded() {
    const CALLS: usize = 60;
    let mut calls = Calls::default();
    (0..CALLS).for_each(|_| calls.shared());
    for jitter in [None, Some(3), Some(4)] {
        let tickets = Arc::new(Tickets::new(Readiness::Mixed(Duration::from_micros(300))));
        let (executed, state) = check(&calls, &tickets, 4, jitter);
        let submitted = tickets.submitted().len();
        assert!(
            submitted <= CALLS * MAX_ASKED,
            "{submitted} of {CALLS} transactions"
        );
        assert!(tickets.inferred() <= CALLS);
        assert!(executed.report.suspended <= submitted as u64);
        let count = state.account(&SHARED).unwrap().storage[&alloy_primitives::U256::ZERO];
        assert_eq!(count, alloy_primitives::U256::from(CALLS));
    }
}

#[test]
fn a_failing_inference_stops_the_block_at_its_transaction() {
    let mut calls = Calls::default();
    (0..40).for_each(|index| calls.direct(word(index)));
    for readiness in [
        Readiness::AtOnce,
        Readiness::OutOfOrder(Duration::from_millis(1)),
        Readiness::OnlyWaitedFor,
    ] {
        for threads in [1, 2, 4] {
            // A later one fails as well; the first counts.
            let tickets = Arc::new(Tickets::new(readiness).failing([word(17), word(30)]));
            let error = run(&calls, &tickets, threads, None).unwrap_err();
            let Error::NodeFault { index, hash, problem } = &error else {
                panic!("{error}")
            };
            assert_eq!((*index, *hash), (17, *calls.transactions[17].hash()));
            assert!(problem.contains("the device is gone"), "{problem}");
        }
    }
}

#[test]
fn an_inference_that_fails_for_a_wrong_speculation_does_not_stop_the_block() {
    let mut calls = Calls::default();
    // Sets the value that the next one asks with; before that it is zero, and zero fails.
    calls.set_chained(word(5));
    (0..10).for_each(|_| calls.chained());
    for threads in [1, 2, 4] {
        for readiness in [Readiness::AtOnce, Readiness::OutOfOrder(Duration::from_millis(1))] {
            let tickets = Arc::new(Tickets::new(readiness).failing([B256::ZERO]));
            let executed = run(&calls, &tickets, threads, None).unwrap();
            assert!(executed.outcome.transactions.iter().all(succeeded));
        }
    }
}
