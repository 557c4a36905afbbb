//! Keccak-256 of large batches on a card.
//!
//! [`CardKeccak`] hashes what is too small to pay for the way to the card on the processor, splits the rest by
//! the card's limits, and hashes on the processor whatever the card does not answer. So the caller gets all
//! digests whatever happens. Whether they are right is another matter: nothing tests a digest but hashing
//! again, and the host does that only where a state root is not the one of its header
//! (`metisvm_state::ChainState`). A card that is found out there is not asked again.

use crate::fpga::FpgaBackend;
use alloy_primitives::B256;
use metisvm_driver::DeviceError;
use metisvm_state::{CpuKeccak, KeccakBatch};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

mod calibration;
mod thresholds;

pub use calibration::calibrate;
pub use thresholds::ThresholdCache;

/// A device with a Keccak engine.
pub trait KeccakDevice: Send + Sync {
    /// Keccak-256 of each message, in their order.
    ///
    /// # Errors
    /// Why the device did not do it. Nothing of the batch is used then.
    fn keccak(&self, messages: &[&[u8]]) -> Result<Vec<[u8; 32]>, DeviceError>;

    /// The most messages in a job; 0 without an engine.
    fn max_messages(&self) -> usize;

    /// The most bytes that a job carries, counted as the driver does: each message, and 16 with it.
    fn max_bytes(&self) -> usize {
        usize::MAX
    }

    /// Whether it is worth asking now. A device that is not may bring itself back meanwhile.
    fn healthy(&self) -> bool;

    /// Puts the device out of service: a digest was wrong.
    fn condemn(&self, problem: &str);

    /// What a measurement of this device is good for: devices of the same name are as quick. A line of text; none
    /// where measurements are not to be kept.
    fn identity(&self) -> Option<String> {
        None
    }
}

impl KeccakDevice for FpgaBackend {
    fn keccak(&self, messages: &[&[u8]]) -> Result<Vec<[u8; 32]>, DeviceError> {
        let digests = self.device().keccak(messages)?;
        self.did_a_job();
        Ok(digests)
    }

    fn max_messages(&self) -> usize {
        self.capabilities().keccak_max_messages as usize
    }

    fn max_bytes(&self) -> usize {
        self.capabilities().keccak_max_bytes as usize
    }

    fn healthy(&self) -> bool {
        crate::Backend::healthy(self)
    }

    fn condemn(&self, problem: &str) {
        self.was_wrong(problem);
    }

    fn identity(&self) -> Option<String> {
        let card = self.capabilities();
        let (messages, bytes) = (card.keccak_max_messages, card.keccak_max_bytes);
        let name = crate::fpga::device_identity(card);
        Some(format!("{name} with {messages} messages and {bytes} bytes"))
    }
}

/// From where on a batch goes to the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// The fewest messages.
    pub messages: usize,
    /// The fewest bytes of them all.
    pub bytes: usize,
}

impl Threshold {
    /// From 64 messages on, a block of Keccak each: below that the way to a card and back takes longer than
    /// hashing on one core.
    pub const FIXED: Self = Self {
        messages: 64,
        bytes: 64 * metisvm_simd::keccak::RATE,
    };

    /// No batch goes to the card.
    pub const NEVER: Self = Self {
        messages: usize::MAX,
        bytes: usize::MAX,
    };

    /// From so many messages on, of whatever length.
    pub const fn of_messages(messages: usize) -> Self {
        Self { messages, bytes: 0 }
    }
}

/// The most bytes that one job carries, by the card's count: each message, and 16 bytes with it. The rest of a
/// batch waits for the next job, so a card that stops does so with little on its hands.
const MAX_JOB_BYTES: usize = 16 << 20;
/// What a message takes beside its bytes: its descriptor, and room to its alignment.
const MESSAGE_OVERHEAD: usize = 16;

/// What was hashed where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeccakCounters {
    /// Jobs that the card answered.
    pub card_jobs: u64,
    /// Messages in them.
    pub card_messages: u64,
    /// Batches, or rests of them, that the processor hashed.
    pub cpu_batches: u64,
    /// Messages in them.
    pub cpu_messages: u64,
    /// Jobs that were given to the card and not answered rightly; their messages count among the processor's.
    pub failures: u64,
}

impl KeccakCounters {
    /// What came since `before`.
    #[must_use]
    pub const fn since(self, before: &Self) -> Self {
        Self {
            card_jobs: self.card_jobs - before.card_jobs,
            card_messages: self.card_messages - before.card_messages,
            cpu_batches: self.cpu_batches - before.cpu_batches,
            cpu_messages: self.cpu_messages - before.cpu_messages,
            failures: self.failures - before.failures,
        }
    }
}

#[derive(Debug, Default)]
struct LiveCounters {
    card_jobs: AtomicU64,
    card_messages: AtomicU64,
    cpu_batches: AtomicU64,
    cpu_messages: AtomicU64,
    failures: AtomicU64,
}

/// Keccak-256 on a card where that pays, else on the processor.
pub struct CardKeccak {
    device: Arc<dyn KeccakDevice>,
    /// Empty until it is measured.
    threshold: OnceLock<Threshold>,
    /// Where measurements are kept.
    cache: Option<ThresholdCache>,
    /// Held by whoever measures.
    measuring: Mutex<()>,
    counters: LiveCounters,
    /// Why the card is not asked any more.
    condemned: Mutex<Option<String>>,
    /// What went wrong since somebody asked.
    errors: Mutex<Vec<String>>,
}

/// The most errors that are kept for a report; the count of failures goes on.
const MAX_ERRORS: usize = 16;

impl CardKeccak {
    /// Over a device, which gets batches from `threshold` on.
    pub fn new(device: Arc<dyn KeccakDevice>, threshold: Threshold) -> Self {
        let card = Self::measured(device, None);
        card.threshold.get_or_init(|| threshold);
        card
    }

    /// Over a device that gets batches from where on a measurement shows it to be the quicker one. It is measured
    /// with the first batch that might go to it, or not at all where `cache` knows what would come of it.
    pub fn measured(device: Arc<dyn KeccakDevice>, cache: Option<ThresholdCache>) -> Self {
        Self {
            device,
            threshold: OnceLock::new(),
            cache,
            measuring: Mutex::default(),
            counters: LiveCounters::default(),
            condemned: Mutex::default(),
            errors: Mutex::default(),
        }
    }

    /// From where on batches go to the card; none while no batch made it necessary to know.
    pub fn threshold(&self) -> Option<Threshold> {
        self.threshold.get().copied()
    }

    /// What was hashed where so far.
    pub fn counters(&self) -> KeccakCounters {
        let live = &self.counters;
        KeccakCounters {
            card_jobs: live.card_jobs.load(Relaxed),
            card_messages: live.card_messages.load(Relaxed),
            cpu_batches: live.cpu_batches.load(Relaxed),
            cpu_messages: live.cpu_messages.load(Relaxed),
            failures: live.failures.load(Relaxed),
        }
    }

    /// Why the card is not asked any more; `None` while it is.
    pub fn condemned(&self) -> Option<String> {
        lock(&self.condemned).clone()
    }

    /// What went wrong since the last call, the oldest first.
    pub fn take_errors(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.errors))
    }

    /// Whether a batch goes to the card as things stand.
    fn worth_the_way(&self, messages: &[&[u8]]) -> bool {
        let least = self
            .threshold()
            .map_or(calibration::LEAST, |known| known.messages);
        if messages.len() < least
            || self.device.max_messages() == 0
            || lock(&self.condemned).is_some()
            || !self.device.healthy()
        {
            return false;
        }
        let threshold = self.threshold().unwrap_or_else(|| self.find_threshold());
        messages.len() >= threshold.messages
            && messages.iter().map(|message| message.len()).sum::<usize>() >= threshold.bytes
    }

    /// Asks the cache, or measures. Nobody waits for it: a batch that comes meanwhile is the processor's. (One may
    /// come on this very thread, which takes other work while it waits for the threads of its pool.)
    fn find_threshold(&self) -> Threshold {
        let Ok(_measuring) = self.measuring.try_lock() else {
            return Threshold::NEVER;
        };
        let found = self.threshold().unwrap_or_else(|| {
            let key = self.device.identity().map(|device| {
                let threads = std::thread::available_parallelism().map_or(1, usize::from);
                let driver = concat!("driver ", env!("CARGO_PKG_VERSION"));
                format!(
                    "{device}, {driver}, cpu {} on {threads}",
                    CpuKeccak::level().level
                )
            });
            let kept = self.cache.as_ref().zip(key.as_deref());
            if let Some(threshold) = kept.and_then(|(cache, key)| cache.get(key)) {
                return threshold;
            }
            match calibrate(&*self.device) {
                Some(threshold) => {
                    kept.inspect(|(cache, key)| cache.put(key, threshold));
                    threshold
                }
                None => {
                    self.note("it failed when it was measured".to_owned());
                    Threshold::NEVER
                }
            }
        });
        *self.threshold.get_or_init(|| found)
    }

    /// Hashes one job's messages on the card. Says whether it did.
    fn on_card(&self, messages: &[&[u8]], digests: &mut [B256]) -> bool {
        let problem = match self.device.keccak(messages) {
            Ok(answer) if answer.len() == messages.len() => {
                for (digest, answer) in digests.iter_mut().zip(answer) {
                    digest.0 = answer;
                }
                self.counters.card_jobs.fetch_add(1, Relaxed);
                self.counters
                    .card_messages
                    .fetch_add(messages.len() as u64, Relaxed);
                return true;
            }
            Ok(answer) => {
                let problem = format!("{} digests came of {} messages", answer.len(), messages.len());
                self.device.condemn(&problem);
                problem
            }
            Err(error) => error.to_string(),
        };
        self.counters.failures.fetch_add(1, Relaxed);
        self.note(problem);
        false
    }

    fn on_cpu(&self, messages: &[&[u8]], digests: &mut [B256]) {
        self.counters.cpu_batches.fetch_add(1, Relaxed);
        self.counters
            .cpu_messages
            .fetch_add(messages.len() as u64, Relaxed);
        CpuKeccak.hash(messages, digests);
    }

    fn note(&self, problem: String) {
        let mut errors = lock(&self.errors);
        if errors.len() < MAX_ERRORS {
            errors.push(problem);
        }
    }

    /// How many of the first messages make one job; 0 where the first is too long for any.
    fn job_of(&self, messages: &[&[u8]]) -> usize {
        let most_bytes = self.device.max_bytes().min(MAX_JOB_BYTES);
        let mut bytes = 0_usize;
        let fits = |message: &&&[u8]| {
            bytes = bytes.saturating_add(message.len().saturating_add(MESSAGE_OVERHEAD));
            bytes <= most_bytes
        };
        let most = messages.iter().take(self.device.max_messages());
        most.take_while(fits).count()
    }
}

impl KeccakBatch for CardKeccak {
    fn hash(&self, messages: &[&[u8]], digests: &mut [B256]) {
        debug_assert_eq!(messages.len(), digests.len());
        let mut done = 0;
        if self.worth_the_way(messages) {
            while done < messages.len() {
                let job = self.job_of(&messages[done..]);
                let end = done + job.max(1);
                let (job_messages, job_digests) = (&messages[done..end], &mut digests[done..end]);
                if job == 0 {
                    self.on_cpu(job_messages, job_digests);
                } else if !self.on_card(job_messages, job_digests) {
                    break;
                }
                done = end;
            }
        }
        if done < messages.len() {
            self.on_cpu(&messages[done..], &mut digests[done..]);
        }
    }

    fn unchecked_digests(&self) -> u64 {
        self.counters.card_messages.load(Relaxed)
    }

    fn condemn(&self, problem: &str) {
        lock(&self.condemned).get_or_insert_with(|| problem.to_owned());
        self.device.condemn(problem);
        self.note(format!("a digest of the card was wrong: {problem}"));
    }
}

impl std::fmt::Debug for CardKeccak {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CardKeccak")
            .field("threshold", &self.threshold)
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}

/// What these locks guard is whole after any panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
