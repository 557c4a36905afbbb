//! The bound on memory for DMA: kept at every moment; what does not fit is refused, or waits for what comes free.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use metisvm_driver::{Device, DeviceError, Options};
use metisvm_sim::{Fault, FaultPlan, Trigger};
use sha3::{Digest, Keccak256};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use support::{Random, impatient, open, small};

const KIB: u64 = 1 << 10;
/// What a device with rings of 64 entries has mapped before its first job.
const RINGS: u64 = 8 * KIB;

fn device(bound: u64) -> Result<(Device, FaultPlan), DeviceError> {
    let options = Options {
        ring_entries_log2: 6,
        dma_bytes: bound,
        timeout: Duration::from_secs(2),
        ..impatient()
    };
    open(small(), options)
}

fn hash(device: &Device, message: &[u8]) -> Result<(), DeviceError> {
    let expected: [u8; 32] = Keccak256::digest(message).into();
    assert_eq!(device.keccak(&[message])?, [expected]);
    Ok(())
}

#[test]
fn jobs_of_many_threads_stay_within_any_bound_and_are_right() {
    for bound in [RINGS + 8 * KIB, RINGS + 16 * KIB, 64 * KIB, 3 << 20] {
        let (device, _) = device(bound).unwrap();
        let done: u32 = thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|seed| {
                    let device = &device;
                    scope.spawn(move || {
                        let mut random = Random(seed);
                        let mut done = 0;
                        for _ in 0..300 {
                            let message = vec![seed as u8; random.below(9000)];
                            // A header, the message on pages of its own, and a page for the digest.
                            let needs = (message.len() as u64 + 16).next_multiple_of(4 * KIB) + 4 * KIB;
                            match hash(device, &message) {
                                Ok(()) => done += 1,
                                Err(DeviceError::DmaMemoryFull { .. }) if RINGS + needs > bound => {}
                                Err(other) => panic!("{needs} bytes within {bound}: {other}"),
                            }
                        }
                        done
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert!(done > 0, "nothing was hashed within {bound} bytes");
        assert!(device.most_mapped_bytes() <= bound, "{bound}");
        assert!(device.mapped_bytes() <= device.most_mapped_bytes());
        assert!(device.health().is_healthy());
        assert_eq!(device.counters().faults, 0);
    }
}

#[test]
fn a_job_that_can_never_fit_is_refused_with_the_bound_and_the_next_one_is_done() {
    let (device, _) = device(64 * KIB).unwrap();
    let start = Instant::now();
    let refused = hash(&device, &[7; 60_000]).unwrap_err();
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "there is nothing to wait for"
    );
    let DeviceError::DmaMemoryFull { bytes, mapped, bound } = refused else {
        panic!("{refused}");
    };
    assert_eq!(bound, 64 * KIB);
    assert!(bytes >= 60_000 && mapped >= RINGS, "{refused}");
    assert!(!refused.condemns());
    hash(&device, b"the next one").unwrap();
    let load = device.load_resident(&[1; 60_000]).map(|_| ());
    assert!(matches!(load, Err(DeviceError::DmaMemoryFull { .. })), "{load:?}");
}

#[test]
fn a_job_waits_for_memory_that_another_one_has() {
    let (device, faults) = device(64 * KIB).unwrap();
    let late = Duration::from_millis(200);
    faults.arm(Trigger::Run(0), Fault::Late(late));
    thread::scope(|scope| {
        let start = Instant::now();
        let first = device.submit_keccak(&[&[1; 30_000]]).unwrap();
        scope.spawn(|| first.wait().unwrap());
        hash(&device, &[2; 30_000]).unwrap();
        assert!(start.elapsed() >= late);
    });
    assert!(device.most_mapped_bytes() <= 64 * KIB);
}

#[test]
fn a_job_waits_for_one_that_is_answered_and_not_collected() {
    let (device, _) = device(64 * KIB).unwrap();
    let first = device.submit_keccak(&[&[1; 30_000]]).unwrap();
    thread::scope(|scope| {
        // Another thread than the one that has it waits for its memory.
        let second = scope.spawn(|| hash(&device, &[2; 30_000]));
        thread::sleep(Duration::from_millis(100));
        assert!(
            !second.is_finished(),
            "it was refused while another job had memory"
        );
        first.wait().unwrap();
        second.join().unwrap().unwrap();
    });
}

#[test]
fn nobody_waits_for_memory_that_only_those_who_wait_can_give_back() {
    let (device, _) = device(96 * KIB).unwrap();
    // One by itself, and two that wait for each other.
    for threads in [1, 2] {
        let (device, all_have_one) = (&device, &Barrier::new(threads));
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(move || {
                    let held = device.submit_keccak(&[&[1; 30_000]]).unwrap();
                    all_have_one.wait();
                    let start = Instant::now();
                    let refused = hash(device, &[2; 60_000]).unwrap_err();
                    assert!(matches!(refused, DeviceError::DmaMemoryFull { .. }), "{refused}");
                    assert!(
                        start.elapsed() < Duration::from_millis(300),
                        "{:?}",
                        start.elapsed()
                    );
                    held.wait().unwrap();
                });
            }
        });
    }
}

#[test]
fn a_reset_finds_room_for_its_rings_however_tight_the_bound_is() {
    let least = (RINGS..).step_by(4 * KIB as usize);
    let bound = least.into_iter().find(|&bound| device(bound).is_ok()).unwrap();
    let (device, faults) = device(bound).unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        // Whatever the card's state, others ask for memory.
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let _ = hash(&device, b"abc");
                }
            });
        }
        for round in 0..100 {
            faults.arm(Trigger::Run(0), Fault::WrongSequence);
            while device.health().is_healthy() {
                thread::yield_now();
            }
            let reset = device.reset();
            if reset.is_err() {
                stop.store(true, Ordering::SeqCst);
            }
            reset.unwrap_or_else(|error| panic!("round {round} within {bound} bytes: {error}"));
        }
        stop.store(true, Ordering::SeqCst);
    });
    assert!(device.most_mapped_bytes() <= bound);
}

#[test]
fn a_bound_below_the_rings_is_said_when_the_card_is_opened() {
    let refused = device(RINGS - 1).map(|_| ()).unwrap_err();
    assert!(refused.to_string().contains("of 8191 are"), "{refused}");
    assert!(device(RINGS).is_err(), "the self-test needs some, too");
}

#[test]
fn resets_give_back_what_they_free_and_count_what_they_do_not() {
    let (device, faults) = device(64 * KIB).unwrap();
    hash(&device, &[3; 20_000]).unwrap();
    let before = device.mapped_bytes();
    for round in 0..20 {
        faults.arm(Trigger::Run(0), Fault::WrongSequence);
        let failed = hash(&device, &[4; 20_000]).unwrap_err();
        assert!(matches!(failed, DeviceError::UnexpectedSequence(_)), "{failed}");
        // Rings and buffers are in quarantine, mapped, and count.
        assert!(device.quarantined_bytes() > 0);
        assert!(device.mapped_bytes() >= device.quarantined_bytes() as u64);
        device.reset().unwrap();
        hash(&device, &[5; 20_000]).unwrap();
        assert!(
            device.mapped_bytes() <= before,
            "round {round}: {} bytes",
            device.mapped_bytes()
        );
    }
    assert!(device.most_mapped_bytes() <= 64 * KIB);
}
