//! Two threads on two pairs: what one's job does to the other's, and what one waits for of the other's.

use super::{Bench, hash};
use crate::support::served::PATIENCE;
use crate::support::{impatient, small};
use metisvm_driver::{DeviceError, Health, Options};
use metisvm_sim::{Fault, Trigger};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

fn has_two() -> bool {
    small().capabilities.max_queues >= 2
}

#[test]
fn a_fault_on_one_pair_fails_the_jobs_of_the_others_at_once() {
    if !has_two() {
        return;
    }
    let patient = Options {
        queues: Some(2),
        timeout: Duration::from_secs(20),
        ..impatient()
    };
    let bench = Bench::new(small(), patient);
    thread::scope(|scope| {
        let device = &bench.device;
        bench.faults.arm(Trigger::Run(0), Fault::Hang);
        let (sender, submitted) = mpsc::channel();
        let other = bench.elsewhere(scope, move || {
            let first = device.submit_keccak(&[b"abc"]).unwrap();
            let second = device.submit_keccak(&[b"def"]).unwrap();
            sender.send(()).unwrap();
            (first.wait(), second.wait())
        });
        submitted.recv().unwrap();
        let own = device.submit_keccak(&[b"ghi"]).unwrap();
        let start = Instant::now();
        let fault = DeviceError::WrongResult("a test says so".into());
        device.condemn(fault.clone());
        assert_eq!(own.wait().unwrap_err(), fault);
        let (first, second) = other.join().unwrap().unwrap();
        assert_eq!(
            (first.unwrap_err(), second.unwrap_err()),
            (fault.clone(), fault.clone())
        );
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    });
    assert!(matches!(bench.device.health(), Health::Unhealthy(_)));
    assert_eq!(bench.device.counters().in_flight, 0);
    assert!(bench.device.quarantined_bytes() > 0, "two pairs' rings");
    bench.device.reset().unwrap();
    assert_eq!(bench.device.quarantined_bytes(), 0);
    hash(&bench.device, b"after it").unwrap();
}

#[test]
fn what_a_condemned_card_may_write_is_known_at_once_of_every_pair() {
    let in_quarantine = |queues| {
        let bench = Bench::of(queues);
        bench
            .device
            .condemn(DeviceError::WrongResult("a test says so".into()));
        (bench.device.queues(), bench.device.quarantined_bytes())
    };
    let (_, of_one) = in_quarantine(1);
    assert!(of_one > 0);
    let (pairs, of_all) = in_quarantine(3);
    assert_eq!(of_all, pairs * of_one, "nobody uses the others");
}

#[test]
fn a_job_that_is_lost_on_one_pair_times_out_while_the_card_answers_others() {
    if !has_two() {
        return;
    }
    let bench = Bench::of(2);
    let timeout = impatient().timeout;
    let over = &AtomicBool::new(false);
    thread::scope(|scope| {
        let device = &bench.device;
        let (sender, begun) = mpsc::channel();
        let other = bench.elsewhere(scope, move || {
            sender.send(()).unwrap();
            let mut done = 0;
            while !over.load(Ordering::SeqCst) && device.nop_batch(64).is_ok() {
                done += 64;
            }
            done
        });
        begun.recv().unwrap();
        bench.faults.arm(Trigger::Job(0), Fault::Silent);
        let start = Instant::now();
        let lost = device.submit_keccak(&[b"lost"]).unwrap().wait();
        over.store(true, Ordering::SeqCst);
        assert_eq!(lost.unwrap_err(), DeviceError::Timeout(timeout));
        assert!(start.elapsed() >= timeout && start.elapsed() < 20 * timeout);
        assert!(other.join().unwrap().unwrap() > 0, "the card answered nothing");
    });
    assert!(matches!(
        bench.device.health(),
        Health::Unhealthy(DeviceError::Timeout(_))
    ));
    bench.device.reset().unwrap();
    hash(&bench.device, b"after it").unwrap();
}

#[test]
fn memory_comes_back_from_jobs_of_another_pair_that_nobody_waits_for() {
    if !has_two() {
        return;
    }
    let options = Options {
        queues: Some(2),
        ring_entries_log2: 6,
        dma_bytes: 128 << 10,
        timeout: PATIENCE,
        ..impatient()
    };
    let bench = Bench::new(small(), options);
    assert_eq!(bench.device.queues(), 2);
    for _ in 0..20 {
        thread::scope(|scope| {
            let device = &bench.device;
            let left = bench.elsewhere(scope, move || {
                // Nobody looks for its answer but whoever needs what it has.
                drop(device.submit_keccak(&[&[1; 50_000]]).unwrap());
            });
            left.join().unwrap().unwrap();
            let start = Instant::now();
            hash(device, &[2; 60_000]).unwrap();
            assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
        });
    }
    assert!(bench.device.most_mapped_bytes() <= 128 << 10);
}

#[test]
fn card_memory_comes_back_from_another_pair() {
    if !has_two() {
        return;
    }
    // A card in RTL takes long for its whole memory.
    let options = Options {
        queues: Some(2),
        timeout: PATIENCE,
        ..impatient()
    };
    let bench = Bench::new(small(), options);
    let all = small().capabilities.card_memory_bytes as usize;
    for round in 0..20 {
        thread::scope(|scope| {
            let device = &bench.device;
            let left = bench.elsewhere(scope, move || {
                // Loaded for nobody: it is evicted by whoever needs the room.
                drop(device.submit_load(&vec![round; all * 3 / 4]).unwrap());
            });
            left.join().unwrap().unwrap();
            device.nop_batch(1).unwrap();
            let mine = retry(|| device.load_resident(&vec![round; all * 3 / 4]));
            drop(mine);
        });
    }
    assert!(bench.device.health().is_healthy());
}

/// Card memory is full for good only where nothing in flight gives some back; a load for nobody gives its place back
/// once it is answered.
fn retry<T>(mut load: impl FnMut() -> Result<T, DeviceError>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match load() {
            Err(DeviceError::CardMemoryFull(_)) if Instant::now() < deadline => thread::yield_now(),
            outcome => return outcome.unwrap(),
        }
    }
}
