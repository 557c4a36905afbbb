//! From which batch on a card beats the processor, by a short measurement. Only the time that hashing takes
//! depends on it.

use super::{KeccakDevice, Threshold};
use alloy_primitives::B256;
use metisvm_state::{CpuKeccak, KeccakBatch};
use std::time::{Duration, Instant};

/// The batches that are measured: from one that a level of a small block has to one of a large block.
const SIZES: [usize; 4] = [64, 256, 1024, 4096];
/// An account's leaf has about so many bytes, and most messages of a block are leaves.
const MESSAGE_BYTES: usize = 110;
/// How often each batch is hashed on each side; the quickest counts, because only disturbance makes it slower.
const TRIES: usize = 3;

/// The fewest messages that any measurement sends to a card.
pub(super) const LEAST: usize = SIZES[0];

/// What follows from the card's being the quicker one from this of the measured batches on.
pub(super) fn of_size(size: usize) -> Option<Threshold> {
    SIZES.contains(&size).then_some(Threshold {
        messages: size,
        bytes: size * MESSAGE_BYTES,
    })
}

/// The batch of a measured threshold; none where the processor was the quicker one.
pub(super) fn size_of(threshold: Threshold) -> Option<usize> {
    (threshold != Threshold::NEVER).then_some(threshold.messages)
}

/// Measures the largest batch first and goes on while the card is the quicker one. A card that fails or is wrong
/// gives none and is to get no batches; a wrong one is put out of service.
pub fn calibrate(device: &dyn KeccakDevice) -> Option<Threshold> {
    calibrate_with(device, &|work| {
        let started = Instant::now();
        work();
        started.elapsed()
    })
}

/// A way to take the time of some work.
type Watch<'a> = &'a dyn Fn(&mut dyn FnMut()) -> Duration;

fn calibrate_with(device: &dyn KeccakDevice, watch: Watch<'_>) -> Option<Threshold> {
    let mut threshold = Threshold::NEVER;
    let sizes = SIZES.iter().rev().filter(|size| **size <= device.max_messages());
    for size in sizes {
        if !card_is_quicker(device, *size, watch)? {
            break;
        }
        threshold = of_size(*size)?;
    }
    Some(threshold)
}

/// `None` where the card fails or is wrong.
fn card_is_quicker(device: &dyn KeccakDevice, size: usize, watch: Watch<'_>) -> Option<bool> {
    let bodies: Vec<[u8; MESSAGE_BYTES]> = (0..size)
        .map(|index| {
            let mut body = [0; MESSAGE_BYTES];
            body[..8].copy_from_slice(&index.to_le_bytes());
            body
        })
        .collect();
    let messages: Vec<&[u8]> = bodies.iter().map(|body| &body[..]).collect();
    let mut expected = vec![B256::ZERO; size];
    let (mut cpu, mut card) = (Duration::MAX, Duration::MAX);
    for _ in 0..TRIES {
        cpu = cpu.min(watch(&mut || CpuKeccak.hash(&messages, &mut expected)));
    }
    for _ in 0..TRIES {
        let mut answer = None;
        card = card.min(watch(&mut || answer = Some(device.keccak(&messages))));
        let answer = answer?.ok()?;
        let right = answer.len() == size && answer.iter().zip(&expected).all(|(a, b)| *a == b.0);
        if !right {
            device.condemn("wrong digests when the card was measured");
            return None;
        }
    }
    Some(card < cpu)
}

#[cfg(test)]
mod tests {
    use super::*;
    use metisvm_driver::DeviceError;
    use std::cell::Cell;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    /// Right, but for the digest of one message in each job.
    #[derive(Default)]
    struct Device {
        wrong: bool,
        limit: usize,
        jobs: AtomicU64,
        condemned: AtomicU64,
    }

    impl KeccakDevice for Device {
        fn keccak(&self, messages: &[&[u8]]) -> Result<Vec<[u8; 32]>, DeviceError> {
            self.jobs.fetch_add(1, Relaxed);
            let mut digests = vec![B256::ZERO; messages.len()];
            CpuKeccak.hash(messages, &mut digests);
            if self.wrong {
                digests[0].0[0] ^= 1;
            }
            Ok(digests.into_iter().map(|digest| digest.0).collect())
        }

        fn max_messages(&self) -> usize {
            self.limit
        }

        fn healthy(&self) -> bool {
            true
        }

        fn condemn(&self, _problem: &str) {
            self.condemned.fetch_add(1, Relaxed);
        }
    }

    /// A watch that takes these times for the sides in turn: the processor's tries, then the card's, and so on.
    fn measured(device: &Device, milliseconds: &[(u64, u64)]) -> Option<Threshold> {
        let calls = Cell::new(0);
        calibrate_with(device, &|work| {
            work();
            let call = calls.replace(calls.get() + 1);
            let (cpu, card) = milliseconds[call / (2 * TRIES)];
            let side = if (call / TRIES).is_multiple_of(2) {
                cpu
            } else {
                card
            };
            Duration::from_millis(side)
        })
    }

    #[test]
    fn batches_go_to_the_card_from_where_it_is_quicker_for_all_that_are_larger() {
        let device = Device {
            limit: 65536,
            ..Device::default()
        };
        let threshold = |messages: usize| {
            Some(Threshold {
                messages,
                bytes: messages * MESSAGE_BYTES,
            })
        };
        assert_eq!(measured(&device, &[(1, 2)]), Some(Threshold::NEVER));
        assert_eq!(measured(&device, &[(2, 1), (2, 1), (1, 2)]), threshold(1024));
        assert_eq!(
            measured(&device, &[(2, 1), (2, 1), (2, 1), (2, 1)]),
            threshold(64)
        );
        // As quick is not quicker: the processor needs no trust.
        assert_eq!(measured(&device, &[(1, 1)]), Some(Threshold::NEVER));
    }

    #[test]
    fn card_that_is_wrong_when_it_is_measured_is_put_out_of_service_and_gets_nothing() {
        let device = Device {
            wrong: true,
            limit: 65536,
            ..Device::default()
        };
        assert_eq!(measured(&device, &[(2, 1), (2, 1)]), None);
        assert_eq!(device.condemned.load(Relaxed), 1);
    }

    #[test]
    fn card_is_measured_within_its_limit_and_one_without_an_engine_not_at_all() {
        let device = Device {
            limit: 300,
            ..Device::default()
        };
        let expected = Threshold {
            messages: 256,
            bytes: 256 * MESSAGE_BYTES,
        };
        assert_eq!(measured(&device, &[(2, 1), (1, 2)]), Some(expected));
        let none = Device::default();
        assert_eq!(calibrate(&none), Some(Threshold::NEVER));
        assert_eq!(none.jobs.load(Relaxed), 0);
    }
}
