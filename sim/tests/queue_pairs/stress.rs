//! Many threads on several pairs, with resets and faults in between: every result is right, and all comes back.

use super::{Bench, hash};
use crate::support::{Random, impatient, small};
use metisvm_driver::{Device, DeviceError, Options};
use metisvm_sim::{Fault, Trigger};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

const THREADS: u64 = 8;
const JOBS: u64 = 300;
/// More than are armed and not met yet at any time.
const FAULTS_AT_ONCE: usize = 50;

/// What a job may end with where others reset the card and break it.
fn is_due_to_faults(error: &DeviceError) -> bool {
    error.condemns() || matches!(error, DeviceError::OutOfService(_) | DeviceError::StaleResident)
}

/// Does jobs of every kind that needs no program; gives how many were done.
fn work(device: &Device, seed: u64) -> u64 {
    let mut random = Random(seed);
    let mut done = 0;
    for _ in 0..JOBS {
        let outcome = match random.below(4) {
            0 => device.nop_batch(1 + random.below(200)),
            1 => device
                .load_resident(&vec![seed as u8; 1 + random.below(5000)])
                .map(drop),
            2 => device
                .submit_keccak(&[&[seed as u8; 100]])
                .map(|job| job.cancel()),
            _ => hash(device, &vec![seed as u8; random.below(3000)]),
        };
        match outcome {
            Ok(()) => done += 1,
            // There is no hurry while the card is out of service.
            Err(error) if is_due_to_faults(&error) => thread::sleep(Duration::from_micros(200)),
            Err(error) => panic!("{error}"),
        }
    }
    done
}

#[test]
fn threads_on_all_pairs_do_their_work_without_a_fault() {
    let bench = Bench::of(4);
    let mapped = bench.device.mapped_bytes();
    thread::scope(|scope| {
        for seed in 0..THREADS {
            let device = &bench.device;
            scope.spawn(move || assert_eq!(work(device, seed), JOBS));
        }
    });
    let counters = bench.device.counters();
    assert_eq!((counters.faults, counters.resets), (0, 0));
    assert!(bench.device.mapped_bytes() >= mapped);
    // What was cancelled or dropped may be with the card yet: a reset waits for it.
    bench.device.reset().unwrap();
    assert_eq!(bench.device.counters().in_flight, 0);
    assert_eq!(bench.device.quarantined_bytes(), 0);
}

#[test]
fn resets_and_faults_in_the_midst_of_many_threads_lose_nothing() {
    for queues in [1, 2, 4] {
        let options = Options {
            queues: Some(queues),
            timeout: Duration::from_millis(100),
            ..impatient()
        };
        let bench = Bench::new(small(), options);
        let (device, faulty) = (&bench.device, &bench.faults);
        let over = &AtomicBool::new(false);
        let done = &AtomicU64::new(0);
        thread::scope(|scope| {
            let workers: Vec<_> = (0..THREADS)
                .map(|seed| scope.spawn(move || done.fetch_add(work(device, seed), Ordering::SeqCst)))
                .collect();
            let breaker = scope.spawn(move || {
                let faults = [
                    Fault::WrongNonce,
                    Fault::Silent,
                    Fault::Twice,
                    Fault::UnaskedReset,
                ];
                for round in 0.. {
                    if over.load(Ordering::SeqCst) {
                        break;
                    }
                    if round % 2 == 0 {
                        let fault = faults[round / 2 % faults.len()];
                        faulty.arm(Trigger::Job(3), fault);
                    }
                    thread::sleep(Duration::from_millis(5));
                    // A fault may meet its self-test.
                    if let Err(error) = device.reset() {
                        assert!(error.condemns(), "{error}");
                    }
                }
            });
            for worker in workers {
                worker.join().unwrap();
            }
            over.store(true, Ordering::SeqCst);
            breaker.join().unwrap();
        });
        // What is armed yet meets the self-test of one of these.
        assert!((0..FAULTS_AT_ONCE).any(|_| device.reset().is_ok() && hash(device, b"sound").is_ok()));
        device.reset().unwrap();
        assert!(done.load(Ordering::SeqCst) > 0, "of {queues}");
        let counters = device.counters();
        assert!(counters.resets > 1, "{counters:?}");
        assert_eq!((counters.in_flight, counters.leaked_bytes), (0, 0));
        assert_eq!(device.quarantined_bytes(), 0);
        hash(device, b"after all").unwrap();
    }
}
