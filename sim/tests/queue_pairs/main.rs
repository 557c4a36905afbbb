//! Several queue pairs of one device: threads on different ones, what concerns all of them, and what goes from one to
//! another.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod apart;
mod speed;
mod state;
mod stress;
#[path = "../support/mod.rs"]
mod support;
mod turns;

use metisvm_driver::{Device, DmaRegion, InProcess, Options, Transport, TransportError};
use metisvm_firmware::port::CardModel;
use metisvm_firmware::registers::{QUEUE_STRIDE, queue, queue_register};
use metisvm_sim::{FaultPlan, FaultyCard, SimOptions};
use sha3::{Digest, Keccak256};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;
use support::{card, impatient, small};

/// Which queues' doorbells were rung.
#[derive(Default)]
struct Rung {
    /// A bit each.
    all: AtomicU64,
    last: AtomicU16,
}

impl Rung {
    fn queues(&self) -> u32 {
        self.all.load(Ordering::SeqCst).count_ones()
    }
}

/// Bytes that a machine has mapped, and how many it does at most.
struct Memory {
    mapped: AtomicUsize,
    most: AtomicUsize,
}

impl Memory {
    fn unbounded() -> Self {
        Self {
            mapped: AtomicUsize::new(0),
            most: AtomicUsize::new(usize::MAX),
        }
    }

    /// Counts further bytes, if there are so many.
    fn take(&self, bytes: usize) -> bool {
        let most = self.most.load(Ordering::SeqCst);
        let more = |mapped: usize| Some(mapped + bytes).filter(|&sum| sum <= most);
        let counted = self.mapped.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
        counted.is_ok()
    }
}

/// A link that notes what is rung, on a machine with so much memory.
struct Noting {
    inner: InProcess,
    rung: Arc<Rung>,
    memory: Arc<Memory>,
}

impl Transport for Noting {
    fn read32(&self, offset: u32) -> u32 {
        self.inner.read32(offset)
    }
    fn write32(&self, offset: u32, value: u32) {
        if let Some(place) = offset.checked_sub(queue_register(0, 0))
            && place % QUEUE_STRIDE == queue::SQ_TAIL
        {
            let queue = (place / QUEUE_STRIDE) as u16;
            self.rung.all.fetch_or(1 << queue, Ordering::SeqCst);
            self.rung.last.store(queue, Ordering::SeqCst);
        }
        self.inner.write32(offset, value);
    }
    fn allocate(&self, bytes: usize) -> Result<DmaRegion, TransportError> {
        let region = self.inner.allocate(bytes)?;
        if self.memory.take(region.memory.bytes()) {
            return Ok(region);
        }
        self.inner.unmap(&region)?;
        let reason = "a test says so".to_owned();
        Err(TransportError::Map { bytes, reason })
    }
    fn unmap(&self, region: &DmaRegion) -> Result<(), TransportError> {
        self.inner.unmap(region)?;
        self.memory
            .mapped
            .fetch_sub(region.memory.bytes(), Ordering::SeqCst);
        Ok(())
    }
    fn isolates_on_unmap(&self) -> bool {
        self.inner.isolates_on_unmap()
    }
    fn vectors(&self) -> u16 {
        self.inner.vectors()
    }
    fn wait_interrupt(&self, vector: u16, timeout: Duration) -> bool {
        self.inner.wait_interrupt(vector, timeout)
    }
    fn failure(&self) -> Option<TransportError> {
        self.inner.failure()
    }
}

/// A device, and what goes wrong with its card.
struct Bench {
    device: Device,
    faults: FaultPlan,
    rung: Arc<Rung>,
    memory: Arc<Memory>,
}

/// Most threads that are begun to find one on another pair.
const TRIES: usize = 10_000;

impl Bench {
    fn new(sim: SimOptions, options: Options) -> Self {
        Self::of_card(card(sim), options)
    }

    fn of_card(card: impl CardModel + 'static, options: Options) -> Self {
        let card = FaultyCard::new(card);
        let faults = card.faults();
        let rung = Arc::new(Rung::default());
        let memory = Arc::new(Memory::unbounded());
        let link = Noting {
            inner: InProcess::start(Box::new(card)).unwrap(),
            rung: Arc::clone(&rung),
            memory: Arc::clone(&memory),
        };
        let device = Device::open(Box::new(link), options).unwrap();
        Self {
            device,
            faults,
            rung,
            memory,
        }
    }

    /// One with so many pairs, if the card of this run has them.
    fn of(queues: u16) -> Self {
        let options = Options {
            queues: Some(queues),
            ..impatient()
        };
        Self::new(small(), options)
    }

    /// Which pair this thread is on, while no other uses the device.
    fn here(&self) -> u16 {
        self.device.nop_batch(1).unwrap();
        self.rung.last.load(Ordering::SeqCst)
    }

    /// Does something on a thread of another pair than this thread's, while no other uses the device.
    fn elsewhere<'scope, T: Send + 'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        work: impl FnOnce() -> T + Send + Clone + 'scope,
    ) -> ScopedJoinHandle<'scope, Option<T>> {
        let here = self.here();
        for _ in 0..TRIES {
            let work = work.clone();
            let (sender, found) = std::sync::mpsc::channel();
            let thread = scope.spawn(move || {
                let is_other = self.here() != here;
                sender.send(is_other).unwrap();
                is_other.then(work)
            });
            if found.recv().unwrap() {
                return thread;
            }
            thread.join().unwrap();
        }
        panic!("no thread is on another pair than {here}");
    }
}

/// Hashes and checks.
fn hash(device: &Device, message: &[u8]) -> Result<(), metisvm_driver::DeviceError> {
    let expected: [u8; 32] = Keccak256::digest(message).into();
    assert_eq!(device.keccak(&[message])?, [expected]);
    Ok(())
}

#[test]
fn there_are_as_many_pairs_as_were_asked_for_the_card_has_and_memory_allows() {
    let most = small().capabilities.max_queues as usize;
    let of_one = Bench::of(1).faults.jobs();
    for (asked, expected) in [(0, 1), (1, 1), (2, 2), (u16::MAX, most)] {
        let bench = Bench::of(asked);
        assert_eq!(bench.device.queues(), expected.min(most), "of {asked}");
        assert_eq!(bench.rung.queues() as usize, expected.min(most), "each is tested");
        // Whoever rehearses a fault counts jobs, and that is not to depend on the machine's processors.
        assert_eq!(bench.faults.jobs(), of_one, "with {asked} asked for");
    }
    let processors = thread::available_parallelism().unwrap().get();
    let bench = Bench::new(small(), impatient());
    assert_eq!(bench.device.queues(), processors.min(most));
    // The least rings are 8 KiB, and further ones a sixteenth of the bound together.
    for (bound, expected) in [(127 << 10, 1), (128 << 10, 2), (256 << 10, 3)] {
        let options = Options {
            queues: Some(u16::MAX),
            ring_entries_log2: 6,
            dma_bytes: bound,
            ..impatient()
        };
        let device = Bench::new(small(), options).device;
        assert_eq!(device.queues(), expected.min(most), "within {bound} bytes");
        assert!(device.most_mapped_bytes() <= bound);
        device.reset().unwrap();
        assert_eq!(device.queues(), expected.min(most));
        assert!(device.most_mapped_bytes() <= bound);
        hash(&device, b"within the bound").unwrap();
    }
}
