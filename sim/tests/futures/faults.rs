//! Futures of a card that fails.

use super::support::small;
use super::{Bench, TIMEOUT, all, digest, message, one_thread, options, workers};
use metisvm_driver::{DeviceError, Health, Options, TransportError};
use metisvm_sim::{Fault, Trigger};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep;
#[test]
fn an_answer_that_does_not_come_is_a_time_out_of_one_future() {
    for bench in Bench::both(small(), options()) {
        one_thread().block_on(async {
            bench.faults.arm(Trigger::Run(0), Fault::Silent);
            let start = Instant::now();
            let lost = bench.jobs.submit_keccak(message("lost")).await.unwrap();
            let sound = bench.jobs.submit_keccak(message("sound")).await.unwrap();
            assert_eq!(sound.await.unwrap(), [digest("sound")]);
            assert_eq!(lost.await, Err(DeviceError::Timeout(TIMEOUT)), "{}", bench.link);
            let took = start.elapsed();
            assert!(took >= TIMEOUT && took < 3 * TIMEOUT, "{}: {took:?}", bench.link);
            let refused = bench.hash("refused").await;
            assert!(
                matches!(refused, Err(DeviceError::OutOfService(_))),
                "{refused:?}"
            );
            bench.jobs.reset().await.unwrap();
            bench.hash("after a reset").await.unwrap();
            assert_eq!(bench.device.quarantined_bytes(), 0);
        });
    }
}

#[test]
fn a_card_that_hangs_costs_two_time_outs_however_many_futures_wait() {
    let options = Options {
        ring_entries_log2: 4,
        ..options()
    };
    for bench in Bench::both(small(), options) {
        let bench = Arc::new(bench);
        bench.faults.arm(Trigger::Run(0), Fault::Hang);
        let start = Instant::now();
        // More than the ring takes: those that wait for room fail with it.
        let tasks = (0..40).map(|index| {
            let bench = Arc::clone(&bench);
            async move { bench.hash(&format!("{index}")).await.unwrap_err() }
        });
        let runtime = workers(2);
        let errors = runtime.block_on(all(tasks));
        assert!(
            start.elapsed() < 4 * TIMEOUT,
            "{}: {:?}",
            bench.link,
            start.elapsed()
        );
        let timed_out = |error: &&DeviceError| **error == DeviceError::Timeout(TIMEOUT);
        assert!(errors.iter().filter(timed_out).count() >= 2, "{errors:?}");
        runtime.block_on(async {
            bench.jobs.reset().await.unwrap();
            bench.hash("after a reset").await.unwrap();
        });
    }
}

#[test]
fn a_lost_interrupt_costs_no_future_its_result() {
    for bench in Bench::both(small(), options()) {
        one_thread().block_on(async {
            for round in 0..20 {
                let fired = bench.faults.fired();
                bench.faults.arm(Trigger::Run(0), Fault::LostInterrupt);
                bench.hash(&format!("{round}")).await.unwrap();
                bench.hash("the next").await.unwrap();
                assert_eq!(bench.faults.fired(), fired + 1, "{}", bench.link);
            }
            assert_eq!(bench.device.counters().faults, 0);
        });
    }
}

#[test]
fn a_card_that_is_removed_ends_all_futures_at_once() {
    for bench in Bench::both(small(), options()) {
        let bench = Arc::new(bench);
        bench.faults.arm(Trigger::Run(0), Fault::Dead);
        let start = Instant::now();
        let tasks = (0..20).map(|index| {
            let bench = Arc::clone(&bench);
            async move { bench.hash(&format!("{index}")).await.unwrap_err() }
        });
        let errors = workers(2).block_on(all(tasks));
        assert!(start.elapsed() < TIMEOUT, "{}: {:?}", bench.link, start.elapsed());
        assert!(
            errors.iter().all(|error| *error == DeviceError::Dead),
            "{errors:?}"
        );
        assert_eq!(bench.device.health(), Health::Dead(DeviceError::Dead));
    }
}

#[test]
fn a_server_that_is_gone_ends_all_futures_at_once() {
    let mut bench = Bench::new("vfio-user", small(), options());
    bench.faults.arm(Trigger::Run(0), Fault::Hang);
    let server = bench.server.take().unwrap();
    let bench = Arc::new(bench);
    let runtime = workers(2);
    let tasks: Vec<_> = (0..20)
        .map(|index| {
            let bench = Arc::clone(&bench);
            runtime.spawn(async move { bench.hash(&format!("{index}")).await.unwrap_err() })
        })
        .collect();
    while bench.device.counters().in_flight < 20 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let start = Instant::now();
    drop(server);
    for task in tasks {
        let error = runtime.block_on(task).unwrap();
        let gone = matches!(error, DeviceError::Transport(TransportError::Gone(_)));
        assert!(gone, "{error}");
    }
    assert!(start.elapsed() < TIMEOUT, "{:?}", start.elapsed());
}

#[test]
fn registers_that_block_hold_no_runtime_and_no_future() {
    let time = Duration::from_millis(300);
    let stall = 20 * time;
    let options = Options {
        timeout: time,
        ..options()
    };
    for bench in Bench::both(small(), options) {
        let bench = Arc::new(bench);
        one_thread().block_on(async {
            bench.faults.arm(Trigger::Run(0), Fault::StalledRegisters(stall));
            let start = Instant::now();
            bench.hash("the last for a while").await.unwrap();
            let ticks = tokio::spawn(async move {
                let mut longest = Duration::ZERO;
                while start.elapsed() < 10 * time {
                    let before = Instant::now();
                    sleep(Duration::from_millis(1)).await;
                    longest = longest.max(before.elapsed());
                }
                longest
            });
            // A register access holds the thread that submits the first; the clock ends it, and all behind it.
            let jobs: Vec<_> = (0..10).map(|_| bench.jobs.submit_keccak(message("x"))).collect();
            for job in jobs {
                let outcome = match job.await {
                    Ok(job) => job.await.map(drop),
                    Err(error) => Err(error),
                };
                outcome.expect_err("the card has no way to answer");
            }
            assert!(
                start.elapsed() < 8 * time,
                "{}: {:?}",
                bench.link,
                start.elapsed()
            );
            let longest = ticks.await.unwrap();
            assert!(longest < 3 * time, "{}: it was held for {longest:?}", bench.link);
        });
    }
}
