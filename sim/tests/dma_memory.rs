//! The bound on memory for DMA: kept at every moment; what does not fit is refused, or waits for what comes free.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use metisvm_driver::{Device, DeviceError, Options};
use metisvm_sim::{Fault, FaultPlan, Trigger};
use sha3::{Digest, Keccak256};
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
    for bound in [RINGS + 8 * KIB, 64 * KIB, 3 << 20] {
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
                            match hash(device, &message) {
                                Ok(()) => done += 1,
                                Err(DeviceError::DmaMemoryFull { .. }) => {}
                                Err(other) => panic!("{other}"),
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
        // The first one's owner may collect it a little after it was answered.
        while let Err(refused) = hash(&device, &[2; 30_000]) {
            assert!(matches!(refused, DeviceError::DmaMemoryFull { .. }), "{refused}");
            assert!(start.elapsed() >= late, "it did not wait");
        }
        assert!(start.elapsed() >= late);
    });
    assert!(device.most_mapped_bytes() <= 64 * KIB);
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
