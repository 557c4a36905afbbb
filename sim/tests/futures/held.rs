//! Futures of a card that holds one of the driver's threads: the others go on.

use super::support::held::Point;
use super::support::served::PATIENCE;
use super::support::small;
use super::{Bench, TIMEOUT, message, one_thread, options};
use metisvm_driver::{DeviceError, Options};
use metisvm_sim::{Fault, SimOptions, Trigger};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::time::timeout;

#[test]
fn a_cancellation_that_a_register_holds_holds_no_submission_behind_it() {
    let time = Duration::from_millis(300);
    let options = Options {
        timeout: time,
        ..options()
    };
    let bench = Bench::new("in process", small(), options);
    let link = &bench.held;
    one_thread().block_on(async {
        bench.stop();
        let job = bench.jobs.submit_keccak(message("given up")).await.unwrap();
        link.hold(Point::Doorbell);
        drop(job);
        link.until_held(Point::Doorbell);
        let behind = bench.jobs.submit_keccak(message("behind"));
        let outcome = timeout(10 * time, behind).await;
        link.let_go();
        let outcome = outcome.expect("nobody ends what is behind a cancellation");
        assert_eq!(outcome.map(drop), Err(DeviceError::Timeout(time)));
    });
}

#[test]
fn the_clock_unmaps_nothing_and_ends_other_futures_in_time() {
    // More than is kept without use: with the load's end it is to be unmapped.
    let bytes = 65 << 20;
    let mut sim = SimOptions::default();
    sim.capabilities.card_memory_bytes = 2 * bytes as u64;
    let bench = Bench::new("in process", sim, options());
    let link = &bench.held;
    let mapped = bench.device.mapped_bytes();
    one_thread().block_on(async {
        bench.faults.arm(Trigger::Job(0), Fault::Late(TIMEOUT / 4));
        bench.faults.arm(Trigger::Job(1), Fault::Silent);
        // The thread that watches is held in a register access, so the clock takes the answers.
        link.hold(Point::Arm);
        link.hold(Point::Unmap);
        let load = bench.jobs.submit_load(vec![1; bytes]).await.unwrap();
        let silent = bench.jobs.submit_keccak(message("silent")).await.unwrap();
        link.until_held(Point::Arm);
        let outcomes = timeout(4 * TIMEOUT, async { (load.await.map(drop), silent.await) }).await;
        link.let_go();
        let outcomes = outcomes.expect("the clock is held");
        assert_eq!(outcomes, (Ok(()), Err(DeviceError::Timeout(TIMEOUT))));
        // The thread that watches unmaps it, without another job that would have it look.
        let start = Instant::now();
        while bench.device.mapped_bytes() > mapped {
            assert!(start.elapsed() < PATIENCE, "it stays mapped");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
}

#[test]
fn an_answer_that_comes_before_its_future_is_watched_is_not_late() {
    const ROUNDS: usize = 20;
    let options = Options {
        timeout: PATIENCE,
        ..options()
    };
    let bench = Bench::new("in process", small(), options);
    let link = &bench.held;
    let late = Duration::from_secs(8);
    let start = Instant::now();
    for run in 0..2 {
        bench.faults.arm(Trigger::Run(run), Fault::Late(late));
    }
    // A thread of the user's takes the answers for all, while the driver's own waits for one that is late.
    let device = Arc::clone(&bench.device);
    let pumping = thread::spawn(move || device.keccak(&[b"late"]).map(drop));
    one_thread().block_on(async {
        while bench.device.counters().in_flight == 0 {
            thread::yield_now();
        }
        thread::sleep(Duration::from_millis(50));
        let watched = bench.jobs.submit_keccak(message("late as well")).await.unwrap();
        let mut soon = 0;
        for round in 0..ROUNDS {
            let before = bench.device.counters().jobs;
            link.hold(Point::AfterDoorbell);
            let submitting = bench.jobs.submit_keccak(message("soon"));
            link.until_held(Point::AfterDoorbell);
            // It is answered while the thread that submits is still at its doorbell.
            while bench.device.counters().jobs == before {
                assert!(start.elapsed() < late, "round {round}: it is not answered");
                thread::yield_now();
            }
            let answered = Instant::now();
            link.let_go();
            submitting.await.unwrap().await.unwrap();
            soon += usize::from(answered.elapsed() < Duration::from_millis(10));
        }
        assert!(start.elapsed() < late, "the machine is too busy for this test");
        assert!(soon >= ROUNDS * 3 / 4, "{soon} of {ROUNDS} were in time");
        watched.await.unwrap();
    });
    pumping.join().unwrap().unwrap();
}
