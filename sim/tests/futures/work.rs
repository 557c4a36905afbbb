//! Futures of a card that works.

use super::support::copies::copies;
use super::support::served::PATIENCE;
use super::support::{programs, small};
use super::{Bench, all, digest, message, one_thread, options, workers};
use metisvm_driver::{DeviceError, Options, OwnedRunJob};
use metisvm_firmware::{Dtype, Geometry};
use metisvm_sim::{Fault, Trigger};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};
#[test]
fn many_futures_share_a_small_ring_and_each_gets_its_own_result() {
    let options = Options {
        ring_entries_log2: 3,
        timeout: PATIENCE,
        ..options()
    };
    for bench in Bench::both(small(), options) {
        let bench = Arc::new(bench);
        let tasks = (0..4000).map(|index| {
            let bench = Arc::clone(&bench);
            async move { bench.hash(&format!("message {index}")).await }
        });
        for outcome in workers(4).block_on(all(tasks)) {
            outcome.unwrap();
        }
        let counters = bench.device.counters();
        assert_eq!((counters.in_flight, counters.faults), (0, 0), "{}", bench.link);
        assert!((2..=8).contains(&counters.most_in_flight), "{counters:?}");
    }
}

#[test]
fn whatever_the_bound_on_memory_no_job_that_fits_is_refused() {
    const PAGE: u64 = 4096;
    // Rings have a page each, and a hash one for its message and one for its digest.
    for jobs_that_fit in [1, 3] {
        let options = Options {
            ring_entries_log2: 3,
            timeout: PATIENCE,
            dma_bytes: 2 * PAGE * (1 + jobs_that_fit),
            ..options()
        };
        for bench in Bench::both(small(), options) {
            let bench = Arc::new(bench);
            let tasks = (0..4000).map(|index| {
                let bench = Arc::clone(&bench);
                async move { bench.hash(&format!("message {index}")).await }
            });
            for outcome in workers(4).block_on(all(tasks)) {
                outcome.unwrap();
            }
            let counters = bench.device.counters();
            assert_eq!((counters.in_flight, counters.faults), (0, 0), "{}", bench.link);
            assert!(bench.device.most_mapped_bytes() <= options.dma_bytes);
        }
    }
}

#[test]
fn programs_run_and_what_they_need_is_loaded() {
    for bench in Bench::both(programs(), options()) {
        workers(2).block_on(async {
            let program = copies(&Geometry::SMALL, 8);
            let program = Arc::new(bench.jobs.load_program(&program).await.unwrap());
            let data = bench.jobs.load_resident(vec![1; 64]).await.unwrap();
            let state = bench.jobs.load_state(vec![1; 64]).await.unwrap();
            let job = |inputs: &[[u8; 8]]| OwnedRunJob {
                program: Arc::clone(&program),
                data: None,
                state: None,
                workspace_bytes: 0,
                inputs: inputs.iter().map(|input| input.to_vec()).collect(),
                output_bytes: 8,
                dtype_in: Dtype::U8,
                dtype_out: Dtype::U8,
            };
            let items = [[1, 2, 3, 4, 5, 6, 7, 8], [8, 7, 6, 5, 4, 3, 2, 1]];
            assert_eq!(bench.jobs.run(job(&items)).await.unwrap(), items);
            let nothing: [Vec<u8>; 0] = [];
            assert_eq!(bench.jobs.run(job(&[])).await.unwrap(), nothing);
            let odd = OwnedRunJob {
                state: Some(Arc::new(data)),
                ..job(&items)
            };
            assert_eq!(bench.jobs.run(odd).await, Err(DeviceError::WrongKind));
            let both = OwnedRunJob {
                state: Some(Arc::new(state)),
                ..job(&items)
            };
            assert_eq!(bench.jobs.run(both).await.unwrap(), items);
        });
    }
}

#[test]
fn blocking_calls_and_futures_share_a_device() {
    for bench in Bench::both(small(), options()) {
        let bench = Arc::new(bench);
        std::thread::scope(|scope| {
            for thread in 0..2 {
                let bench = Arc::clone(&bench);
                scope.spawn(move || {
                    for index in 0..500 {
                        let text = format!("{thread} {index}");
                        let digests = bench.device.keccak(&[text.as_bytes()]).unwrap();
                        assert_eq!(digests, [digest(&text)]);
                    }
                });
            }
            let tasks = (0..1000).map(|index| {
                let bench = Arc::clone(&bench);
                async move { bench.hash(&format!("message {index}")).await }
            });
            for outcome in workers(2).block_on(all(tasks)) {
                outcome.unwrap();
            }
        });
    }
}

#[test]
fn a_full_ring_is_a_submission_that_is_pending() {
    let options = Options {
        ring_entries_log2: 1,
        timeout: PATIENCE,
        ..options()
    };
    for bench in Bench::both(small(), options) {
        one_thread().block_on(async {
            // It does nothing until it is told to go on, so what is in the ring stays there.
            bench.stop();
            let mut jobs = Vec::new();
            for _ in 0..2 {
                jobs.push(bench.jobs.submit_keccak(message("abc")).await.unwrap());
            }
            let mut third = bench.jobs.submit_keccak(message("abc"));
            let pending = timeout(Duration::from_millis(100), &mut third).await;
            assert!(
                pending.is_err(),
                "{}: a ring of two entries has three",
                bench.link
            );
            bench.go_on();
            jobs.push(third.await.unwrap());
            for job in jobs {
                assert_eq!(job.await.unwrap(), [digest("abc")]);
            }
        });
    }
}

#[test]
fn jobs_outlive_the_handle_and_the_device_closes_when_they_are_done() {
    for bench in Bench::both(small(), options()) {
        let Bench {
            jobs,
            device,
            faults,
            server,
            ..
        } = bench;
        let weak = Arc::downgrade(&device);
        drop(device);
        one_thread().block_on(async {
            faults.arm(Trigger::Run(0), Fault::Late(Duration::from_millis(100)));
            let first = jobs.submit_keccak(message("first")).await.unwrap();
            let second = jobs.submit_keccak(message("second"));
            drop(jobs);
            assert_eq!(first.await.unwrap(), [digest("first")]);
            assert_eq!(second.await.unwrap().await.unwrap(), [digest("second")]);
            let start = Instant::now();
            while weak.strong_count() > 0 {
                assert!(start.elapsed() < PATIENCE, "a thread keeps the device");
                sleep(Duration::from_millis(1)).await;
            }
        });
        drop(server);
    }
}
