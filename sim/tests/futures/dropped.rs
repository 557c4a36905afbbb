//! Futures that are dropped: what becomes of their jobs.

use super::support::served::PATIENCE;
use super::support::small;
use super::{Bench, all, digest, message, one_thread, options, workers};
use metisvm_driver::{Health, Options};
use metisvm_sim::{Fault, Trigger};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout;
#[test]
fn a_submission_that_is_dropped_is_never_made() {
    let options = Options {
        ring_entries_log2: 1,
        ..options()
    };
    for bench in Bench::both(small(), options) {
        one_thread().block_on(async {
            let late = Duration::from_millis(300);
            bench.faults.arm(Trigger::Run(0), Fault::Late(late));
            bench.faults.arm(Trigger::Run(1), Fault::Late(late));
            let before = bench.faults.jobs();
            let first = bench.jobs.submit_keccak(message("first"));
            let second = bench.jobs.submit_keccak(message("second"));
            // The third holds the thread that submits, for want of room; behind it, nothing is begun.
            let third = bench.jobs.submit_keccak(message("third"));
            for _ in 0..100 {
                drop(bench.jobs.submit_keccak(message("never")));
            }
            for (text, submitting) in [("first", first), ("second", second), ("third", third)] {
                assert_eq!(submitting.await.unwrap().await.unwrap(), [digest(text)]);
            }
            bench.hash("last").await.unwrap();
            assert_eq!(bench.faults.jobs() - before, 4, "{}", bench.link);
        });
    }
}

#[test]
fn a_job_whose_future_is_dropped_keeps_its_memory_until_it_is_answered_and_condemns_nothing() {
    let options = Options {
        timeout: PATIENCE,
        ..options()
    };
    for bench in Bench::both(small(), options) {
        one_thread().block_on(async {
            // Long enough that what follows is over before it on any machine.
            let late = Duration::from_secs(2);
            bench.faults.arm(Trigger::Run(0), Fault::Late(late));
            let start = Instant::now();
            let job = bench.jobs.submit_keccak(message("dropped")).await.unwrap();
            let elapsed = timeout(Duration::from_millis(30), job).await;
            assert!(elapsed.is_err(), "{}: it was answered", bench.link);
            for index in 0..20 {
                bench.hash(&format!("meanwhile {index}")).await.unwrap();
            }
            let in_flight = bench.device.counters().in_flight;
            assert!(start.elapsed() < late, "the machine is too busy for this test");
            assert_eq!(in_flight, 1, "{}", bench.link);
            bench.settled().await;
            assert!(start.elapsed() >= late, "{}: it was let go before", bench.link);
            assert_eq!(bench.device.health(), Health::Healthy);
            bench.hash("afterwards").await.unwrap();
            assert_eq!(bench.device.quarantined_bytes(), 0);
            assert_eq!(bench.device.counters().faults, 0);
        });
    }
}

#[test]
fn a_job_that_the_card_has_not_begun_is_not_done_when_its_future_is_dropped() {
    for bench in Bench::both(small(), options()) {
        one_thread().block_on(async {
            let before = bench.device.counters().jobs;
            bench.stop();
            let first = bench.jobs.submit_keccak(message("first")).await.unwrap();
            let never = bench.jobs.submit_keccak(message("never")).await.unwrap();
            let load = bench.jobs.submit_load(vec![1; 64]).await.unwrap();
            let last = bench.jobs.submit_keccak(message("last")).await.unwrap();
            drop((never, load));
            // A blocking caller can give a job up as well.
            bench.device.submit_keccak(&[b"never"]).unwrap().cancel();
            // The thread that submits does one after the other: the cancellations are in the ring before this.
            let behind = bench.jobs.submit_keccak(message("behind")).await.unwrap();
            bench.go_on();
            for (text, job) in [("first", first), ("last", last), ("behind", behind)] {
                assert_eq!(job.await.unwrap(), [digest(text)]);
            }
            bench.settled().await;
            assert_eq!(bench.device.counters().jobs - before, 3, "{}", bench.link);
            assert_eq!(bench.device.counters().faults, 0, "{}", bench.link);
            // What the load would have taken is free.
            let all = vec![0; small().capabilities.card_memory_bytes as usize];
            bench.jobs.load_resident(all).await.unwrap();
        });
    }
}

#[test]
fn thousands_of_futures_are_dropped_at_any_moment_and_nothing_is_lost() {
    let options = Options {
        ring_entries_log2: 3,
        timeout: PATIENCE,
        ..options()
    };
    for bench in Bench::both(small(), options) {
        let bench = Arc::new(bench);
        let tasks = (0..3000_u64).map(|index| {
            let bench = Arc::clone(&bench);
            async move {
                let text = format!("message {index}");
                let hash = bench.hash(&text);
                if index.is_multiple_of(3) {
                    hash.await.unwrap();
                } else {
                    // Those that are in time are right.
                    let _ = timeout(Duration::from_micros(index * 7919 % 5000), hash).await;
                }
                if index.is_multiple_of(100) {
                    drop(bench.jobs.submit_load(vec![1; 4096]).await);
                }
            }
        });
        let runtime = workers(4);
        runtime.block_on(all(tasks));
        runtime.block_on(async {
            bench.settled().await;
            // What was loaded for nobody is evicted, and all of the card's memory is free again.
            bench.hash("1").await.unwrap();
            bench.hash("2").await.unwrap();
            let all = vec![0; small().capabilities.card_memory_bytes as usize];
            bench.jobs.load_resident(all).await.unwrap();
        });
        let counters = bench.device.counters();
        assert_eq!((counters.in_flight, counters.faults), (0, 0), "{}", bench.link);
        assert_eq!(bench.device.quarantined_bytes(), 0, "{}", bench.link);
    }
}
