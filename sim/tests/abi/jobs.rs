//! Jobs through driver, rings and card.

use crate::support::{Random, impatient, open, programs, small};
use metisvm_driver::{Device, DeviceError, Options};
use sha3::{Digest, Keccak256};
use std::thread;
use std::time::Duration;

fn hash_with_the_card(device: &Device, messages: &[Vec<u8>]) {
    let slices: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    let digests = device.keccak(&slices).unwrap();
    assert_eq!(digests.len(), messages.len());
    for (digest, message) in digests.iter().zip(messages) {
        let expected: [u8; 32] = Keccak256::digest(message).into();
        assert_eq!(*digest, expected, "a message of {} bytes", message.len());
    }
}

#[test]
fn keccak_batches_match_the_reference() {
    let (device, _) = open(small(), Options::default()).unwrap();
    let every_length: Vec<Vec<u8>> = (0..=300).map(|length| vec![length as u8; length]).collect();
    hash_with_the_card(&device, &every_length);
    let mut random = Random(1);
    for count in [0, 1, 2, 63, 64, 65, 1000] {
        let messages: Vec<Vec<u8>> = (0..count)
            .map(|_| {
                let length = random.below(301);
                random.bytes(length)
            })
            .collect();
        hash_with_the_card(&device, &messages);
    }
}

#[test]
fn a_batch_over_the_cards_limit_is_refused_and_one_at_it_is_not() {
    let mut sim = small();
    sim.capabilities.keccak_max_messages = 5;
    let (device, _) = open(sim, Options::default()).unwrap();
    hash_with_the_card(&device, &vec![vec![7; 136]; 5]);
    let one_more: Vec<&[u8]> = vec![&[7]; 6];
    assert!(matches!(
        device.keccak(&one_more),
        Err(DeviceError::TooLarge {
            asked: 6,
            limit: 5,
            ..
        })
    ));
    assert!(device.health().is_healthy());
}

#[test]
fn rings_of_every_small_size_wrap() {
    for ring_entries_log2 in 1..=6 {
        let options = Options {
            ring_entries_log2,
            ..Options::default()
        };
        let (device, _) = open(small(), options).unwrap();
        for count in [1, 2, 3, 5, 64, 1000] {
            device.nop_batch(count).unwrap();
        }
    }
}

#[test]
fn indices_wrap_at_65536() {
    let (device, _) = open(
        small(),
        Options {
            ring_entries_log2: 12,
            // A card in RTL takes its time.
            timeout: Duration::from_secs(100),
            ..Options::default()
        },
    )
    .unwrap();
    let before = device.counters().nops;
    device.nop_batch(200_000).unwrap();
    assert_eq!(device.counters().nops - before, 200_000);
}

#[test]
fn two_threads_share_a_device() {
    let (device, faults) = open(small(), Options::default()).unwrap();
    let before = device.counters().nops;
    thread::scope(|scope| {
        for seed in 0..2 {
            let device = &device;
            scope.spawn(move || {
                let mut random = Random(seed);
                let mut left = 50_000;
                while left > 0 {
                    let count = (random.below(700) + 1).min(left);
                    device.nop_batch(count).unwrap();
                    left -= count;
                }
            });
        }
    });
    assert_eq!(device.counters().nops - before, 100_000);
    assert!(faults.entries() >= 100_000);
}

#[test]
fn a_card_that_slept_is_woken_by_a_doorbell() {
    let (device, _) = open(small(), impatient()).unwrap();
    for pause in [0, 10, 30, 50, 100, 1000, 5000] {
        for _ in 0..20 {
            thread::sleep(Duration::from_micros(pause));
            device.nop_batch(1).unwrap();
        }
    }
}

#[test]
fn resident_memory_is_evicted_when_dropped() {
    let mut sim = small();
    sim.capabilities.card_memory_bytes = 64 << 10;
    sim.capabilities.max_handles = 3;
    let (device, _) = open(sim, Options::default()).unwrap();
    for round in 0..10 {
        let _piece = device.load_resident(&vec![round; 40 << 10]).unwrap();
        assert!(matches!(
            device.load_resident(&vec![0; 40 << 10]),
            Err(DeviceError::CardMemoryFull(_))
        ));
    }
    let pieces: Vec<_> = (0..3).map(|_| device.load_resident(&[1]).unwrap()).collect();
    assert_eq!(
        device.load_resident(&[1]).unwrap_err(),
        DeviceError::HandlesExhausted(3)
    );
    drop(pieces);
    device.load_resident(&[1]).unwrap();
    assert!(device.health().is_healthy());
}

#[test]
fn resident_memory_of_another_device_is_refused() {
    let (one, _) = open(programs(), Options::default()).unwrap();
    let (other, _) = open(programs(), Options::default()).unwrap();
    let program = one.load_resident(&[0; 32]).unwrap();
    let job = metisvm_driver::RunJob {
        program: &program,
        data: None,
        state: None,
        workspace_bytes: 0,
        inputs: &[&[]],
        output_bytes: 0,
        dtype_in: metisvm_firmware::Dtype::U8,
        dtype_out: metisvm_firmware::Dtype::U8,
    };
    assert_eq!(other.run(&job).unwrap_err(), DeviceError::StaleResident);
}
