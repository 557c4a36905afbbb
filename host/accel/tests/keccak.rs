//! Hashing on a device that may be small, slow, wrong or gone: all digests come, and are counted where they came
//! from.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

use alloy_primitives::{B256, keccak256};
use metisvm_accel::keccak::{CardKeccak, KeccakCounters, KeccakDevice, Threshold, ThresholdCache};
use metisvm_driver::DeviceError;
use metisvm_state::KeccakBatch;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a device does with a job.
#[derive(Clone, Copy, PartialEq)]
enum Answer {
    Right,
    /// One digest less than there are messages.
    Short,
    /// One more.
    Long,
    /// The driver gave up waiting.
    Timeout,
    /// The card states a limit that it does not keep to.
    TooLarge,
}

struct Device {
    limit: usize,
    /// What the jobs get, the last for all further ones.
    answers: Vec<Answer>,
    jobs: Mutex<Vec<Vec<usize>>>,
    asked: AtomicU64,
    unhealthy: AtomicBool,
}

impl Device {
    fn new(limit: usize, answers: &[Answer]) -> Arc<Self> {
        Arc::new(Self {
            limit,
            answers: answers.to_vec(),
            jobs: Mutex::default(),
            asked: AtomicU64::new(0),
            unhealthy: AtomicBool::new(false),
        })
    }

    /// The lengths of the messages, job by job.
    fn jobs(&self) -> Vec<Vec<usize>> {
        self.jobs.lock().unwrap().clone()
    }
}

impl KeccakDevice for Device {
    fn keccak(&self, messages: &[&[u8]]) -> Result<Vec<[u8; 32]>, DeviceError> {
        let mut jobs = self.jobs.lock().unwrap();
        let answer = *self.answers.get(jobs.len()).or(self.answers.last()).unwrap();
        jobs.push(messages.iter().map(|message| message.len()).collect());
        let mut digests: Vec<[u8; 32]> = messages.iter().map(|message| keccak256(message).0).collect();
        self.asked.fetch_add(messages.len() as u64, Relaxed);
        match answer {
            Answer::Right => {}
            Answer::Short => digests.truncate(messages.len() - 1),
            Answer::Long => digests.push([0; 32]),
            Answer::Timeout => {
                self.unhealthy.store(true, Relaxed);
                return Err(DeviceError::Timeout(Duration::from_secs(10)));
            }
            Answer::TooLarge => {
                return Err(DeviceError::TooLarge {
                    what: "messages in a batch",
                    asked: messages.len() as u64,
                    limit: 1,
                });
            }
        }
        Ok(digests)
    }

    fn max_messages(&self) -> usize {
        self.limit
    }

    fn healthy(&self) -> bool {
        !self.unhealthy.load(Relaxed)
    }

    fn condemn(&self, _problem: &str) {
        self.unhealthy.store(true, Relaxed);
    }

    fn identity(&self) -> Option<String> {
        Some(format!("device of {}", self.limit))
    }
}

fn check(keccak: &CardKeccak, messages: &[Vec<u8>]) {
    let borrowed: Vec<&[u8]> = messages.iter().map(|message| &message[..]).collect();
    let mut digests = vec![B256::ZERO; messages.len()];
    keccak.hash(&borrowed, &mut digests);
    for (message, digest) in messages.iter().zip(&digests) {
        assert_eq!(
            keccak256(message),
            *digest,
            "a message of {} bytes",
            message.len()
        );
    }
}

fn messages(lengths: impl IntoIterator<Item = usize>) -> Vec<Vec<u8>> {
    let filled = |(index, length): (usize, usize)| vec![index as u8; length];
    lengths.into_iter().enumerate().map(filled).collect()
}

fn on(device: &Arc<Device>, threshold: Threshold) -> CardKeccak {
    CardKeccak::new(device.clone(), threshold)
}

#[test]
fn small_batches_and_short_ones_stay_on_the_processor() {
    let device = Device::new(4096, &[Answer::Right]);
    let threshold = Threshold {
        messages: 10,
        bytes: 1000,
    };
    let keccak = on(&device, threshold);
    check(&keccak, &messages([]));
    check(&keccak, &messages([500; 9]));
    check(&keccak, &messages([99; 10]));
    assert!(device.jobs().is_empty());
    assert_eq!(keccak.unchecked_digests(), 0);
    check(&keccak, &messages([100; 10]));
    assert_eq!(keccak.unchecked_digests(), 10);
    let expected = KeccakCounters {
        card_jobs: 1,
        card_messages: 10,
        cpu_batches: 2,
        cpu_messages: 19,
        failures: 0,
    };
    assert_eq!(keccak.counters(), expected);
}

#[test]
fn batch_is_split_by_the_cards_number_of_messages() {
    let device = Device::new(100, &[Answer::Right]);
    let keccak = on(&device, Threshold::of_messages(1));
    check(&keccak, &messages((0..250).map(|index| index % 40)));
    let sizes: Vec<usize> = device.jobs().iter().map(Vec::len).collect();
    assert_eq!(sizes, [100, 100, 50]);
    assert_eq!(keccak.counters().card_jobs, 3);
}

#[test]
fn batch_is_split_by_bytes_and_what_fits_no_job_is_hashed_on_the_processor() {
    let device = Device::new(65536, &[Answer::Right]);
    let keccak = on(&device, Threshold::of_messages(1));
    let (large, huge) = (6 << 20, 17 << 20);
    check(&keccak, &messages([large, large, large, 1, huge, 2, large]));
    assert_eq!(
        device.jobs(),
        [vec![large, large], vec![large, 1], vec![2, large]]
    );
    let counters = keccak.counters();
    assert_eq!((counters.card_messages, counters.cpu_messages), (6, 1));
}

#[test]
fn card_without_an_engine_is_not_asked() {
    let device = Device::new(0, &[Answer::Right]);
    let keccak = on(&device, Threshold::of_messages(1));
    check(&keccak, &messages(0..100));
    assert!(device.jobs().is_empty());
}

#[test]
fn card_that_stops_in_the_middle_of_a_batch_costs_one_wait() {
    let device = Device::new(10, &[Answer::Right, Answer::Right, Answer::Timeout]);
    let keccak = on(&device, Threshold::of_messages(1));
    check(&keccak, &messages(0..100));
    check(&keccak, &messages(0..100));
    assert_eq!(device.jobs().len(), 3);
    let expected = KeccakCounters {
        card_jobs: 2,
        card_messages: 20,
        cpu_batches: 2,
        cpu_messages: 180,
        failures: 1,
    };
    assert_eq!(keccak.counters(), expected);
    assert_eq!(keccak.take_errors().len(), 1);
    assert!(keccak.take_errors().is_empty());
    // Once it is back, it is asked again: to be silent is no wrong digest.
    device.unhealthy.store(false, Relaxed);
    assert_eq!(keccak.condemned(), None);
    check(&keccak, &messages(0..100));
    assert_eq!(device.jobs().len(), 4);
}

#[test]
fn wrong_number_of_digests_is_a_fault_and_none_of_them_is_used() {
    for answer in [Answer::Short, Answer::Long] {
        let device = Device::new(10, &[answer, Answer::Right]);
        let keccak = on(&device, Threshold::of_messages(1));
        check(&keccak, &messages(0..30));
        assert_eq!(keccak.unchecked_digests(), 0);
        assert_eq!(keccak.counters().failures, 1);
        assert!(!device.healthy(), "it stays in service");
    }
}

#[test]
fn card_that_refuses_every_job_is_no_loss_but_time() {
    let device = Device::new(10, &[Answer::TooLarge]);
    let keccak = on(&device, Threshold::of_messages(1));
    for _ in 0..100 {
        check(&keccak, &messages(0..30));
    }
    assert_eq!(keccak.counters().failures, 100);
    // What is kept to be told is bounded.
    assert!(keccak.take_errors().len() < 100);
}

#[test]
fn condemned_card_is_never_asked_again_not_even_after_a_reset() {
    let device = Device::new(1000, &[Answer::Right]);
    let keccak = on(&device, Threshold::of_messages(1));
    check(&keccak, &messages(0..30));
    keccak.condemn("it made another state root");
    assert!(!device.healthy());
    device.unhealthy.store(false, Relaxed);
    check(&keccak, &messages(0..30));
    assert_eq!(device.jobs().len(), 1);
    assert_eq!(keccak.condemned().as_deref(), Some("it made another state root"));
    assert!(keccak.take_errors()[0].contains("it made another state root"));
}

#[test]
fn threads_may_hash_at_the_same_time() {
    let device = Device::new(64, &[Answer::Right]);
    let keccak = on(&device, Threshold::of_messages(2));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let keccak = &keccak;
            scope.spawn(move || {
                for size in 0..20 {
                    check(keccak, &messages((0..size * 10).map(|index| index + thread)));
                }
            });
        }
    });
    let counters = keccak.counters();
    assert_eq!(
        counters.card_messages + counters.cpu_messages,
        4 * 10 * (0..20).sum::<u64>()
    );
}

#[test]
fn card_is_measured_with_the_first_batch_that_might_go_to_it_and_not_again_where_that_is_remembered() {
    let folder = std::env::temp_dir().join(format!("metisvm-measured-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let measured =
        |device: &Arc<Device>| CardKeccak::measured(device.clone(), Some(ThresholdCache::in_folder(&folder)));
    let device = Device::new(64, &[Answer::Right]);
    let keccak = measured(&device);
    check(&keccak, &messages([100; 63]));
    assert_eq!((device.jobs().len(), keccak.threshold()), (0, None));
    assert!(!folder.exists());
    check(&keccak, &messages([100; 64]));
    assert!(!device.jobs().is_empty());
    let found = keccak.threshold();
    assert!(found.is_some());
    // What measurements gave is nobody's digest.
    assert_eq!(keccak.unchecked_digests(), keccak.counters().card_messages);

    // The next process, so to speak.
    let again = Device::new(64, &[Answer::Right]);
    let keccak = measured(&again);
    check(&keccak, &messages([100; 64]));
    assert_eq!(keccak.threshold(), found);
    assert_eq!(again.jobs().len() as u64, keccak.counters().card_jobs);
    // Another device is another measurement.
    let other = Device::new(65, &[Answer::Right]);
    check(&measured(&other), &messages([100; 64]));
    assert!(!other.jobs().is_empty());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn card_that_fails_when_it_is_measured_gets_nothing_and_that_is_not_remembered() {
    let folder = std::env::temp_dir().join(format!("metisvm-unmeasured-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    for answer in [Answer::Short, Answer::Timeout] {
        let device = Device::new(4096, &[answer]);
        let keccak = CardKeccak::measured(device.clone(), Some(ThresholdCache::in_folder(&folder)));
        check(&keccak, &messages([100; 500]));
        assert_eq!(keccak.threshold(), Some(Threshold::NEVER));
        assert_eq!((device.jobs().len(), keccak.unchecked_digests()), (1, 0));
        assert_eq!(keccak.take_errors().len(), 1);
        assert!(!folder.exists());
    }
}
