//! A card in software, on a thread of its own in this process.
//!
//! The thread polls the card while there is work, spins for a few microseconds after it, then
//! parks until a register is written. No wake-up is lost: the thread says that it sleeps, fences,
//! and polls once more before it parks; a writer writes, fences, and then looks whether the thread
//! sleeps. One of the two sees the other.

use crate::iommu::{Iommu, View};
use crate::region::{Memory, Pages};
use crate::transport::{DmaRegion, Transport, TransportError};
use metisvm_firmware::port::{Activity, CardModel, DmaFault, HostMemory, Interrupts, Registers};
use metisvm_firmware::registers::{ALL_ONES, QUEUE_LIMIT};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long the card's thread spins before it parks.
const SPIN: Duration = Duration::from_micros(20);
/// Polls between two looks at the clock.
const POLLS_PER_LOOK: u32 = 64;
/// How long dropping the transport waits for the card's thread before it leaves it behind.
const JOIN_TIMEOUT: Duration = Duration::from_secs(1);

/// Interrupt vectors: one for each queue that a card can have.
const VECTORS: u16 = QUEUE_LIMIT as u16;
const _: () = assert!(VECTORS as u32 <= u64::BITS);

/// The bit of a vector among those raised; a card has no others.
fn vector_bit(vector: u16) -> Option<u64> {
    (vector < VECTORS).then(|| 1 << vector)
}

#[derive(Debug)]
struct Shared {
    iommu: Arc<Iommu>,
    stop: AtomicBool,
    sleeping: AtomicBool,
    /// The card's thread has ended.
    ended: AtomicBool,
    /// Raised vectors, a bit each.
    raised: Mutex<u64>,
    wake_host: Condvar,
}

/// The card's end of the link.
struct Port {
    view: View,
    shared: Arc<Shared>,
}

impl HostMemory for Port {
    fn read_words(&self, address: u64, words: &mut [u64]) -> Result<(), DmaFault> {
        self.view.read_words(address, words)
    }

    fn write_words(&self, address: u64, words: &[u64]) -> Result<(), DmaFault> {
        self.view.write_words(address, words)
    }

    fn read_bytes(&self, address: u64, bytes: &mut [u8]) -> Result<(), DmaFault> {
        self.view.read_bytes(address, bytes)
    }

    fn write_bytes(&self, address: u64, bytes: &[u8]) -> Result<(), DmaFault> {
        self.view.write_bytes(address, bytes)
    }
}

impl Interrupts for Port {
    fn raise(&self, vector: u16) {
        let Some(bit) = vector_bit(vector) else { return };
        *self.shared.raised.lock().unwrap_or_else(PoisonError::into_inner) |= bit;
        self.shared.wake_host.notify_all();
    }
}

/// The transport of a card in this process.
pub struct InProcess {
    registers: Arc<dyn Registers>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl InProcess {
    /// Starts a thread for a card.
    ///
    /// # Errors
    /// [`TransportError::Start`] if there can be no thread.
    pub fn start(card: Box<dyn CardModel>) -> Result<Self, TransportError> {
        let registers = card.registers();
        let shared = Arc::new(Shared {
            iommu: Arc::new(Iommu::new()),
            stop: AtomicBool::new(false),
            sleeping: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            raised: Mutex::new(0),
            wake_host: Condvar::new(),
        });
        let theirs = Arc::clone(&shared);
        let run = move || {
            let shared = Arc::clone(&theirs);
            // A card that panics is a card that died; the host must live on.
            let _ = catch_unwind(AssertUnwindSafe(|| host_card(card, &theirs)));
            shared.ended.store(true, Ordering::SeqCst);
            shared.wake_host.notify_all();
        };
        let thread = thread::Builder::new()
            .name("card".into())
            .spawn(run)
            .map_err(|error| TransportError::Start(error.to_string()))?;
        Ok(Self {
            registers,
            shared,
            thread: Some(thread),
        })
    }

    fn wake_card(&self) {
        fence(Ordering::SeqCst);
        if self.shared.sleeping.load(Ordering::Relaxed)
            && let Some(thread) = &self.thread
        {
            thread.thread().unpark();
        }
    }
}

fn host_card(mut card: Box<dyn CardModel>, shared: &Arc<Shared>) {
    let port = Port {
        view: View::new(Arc::clone(&shared.iommu)),
        shared: Arc::clone(shared),
    };
    // On a single processor a spinning card only keeps the host from running.
    let spin = if thread::available_parallelism().is_ok_and(|n| n.get() > 1) {
        SPIN
    } else {
        Duration::ZERO
    };
    while !shared.stop.load(Ordering::Relaxed) {
        if card.poll(&port) == Activity::Worked {
            continue;
        }
        if spin_while_idle(&mut *card, &port, shared, spin) {
            continue;
        }
        shared.sleeping.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let activity = card.poll(&port);
        if !shared.stop.load(Ordering::Relaxed) {
            match activity {
                Activity::Worked => {}
                Activity::Idle => thread::park(),
                Activity::WaitFor(time) => thread::park_timeout(time),
            }
        }
        shared.sleeping.store(false, Ordering::Relaxed);
    }
}

/// Polls for a while; says whether the card worked.
fn spin_while_idle(card: &mut dyn CardModel, port: &Port, shared: &Shared, time: Duration) -> bool {
    if time.is_zero() {
        return false;
    }
    let start = Instant::now();
    loop {
        for _ in 0..POLLS_PER_LOOK {
            std::hint::spin_loop();
            if card.poll(port) == Activity::Worked {
                return true;
            }
        }
        if start.elapsed() > time || shared.stop.load(Ordering::Relaxed) {
            return false;
        }
    }
}

impl Transport for InProcess {
    fn read32(&self, offset: u32) -> u32 {
        if self.shared.ended.load(Ordering::Relaxed) {
            ALL_ONES
        } else {
            self.registers.read32(offset)
        }
    }

    #[inline]
    fn write32(&self, offset: u32, value: u32) {
        self.registers.write32(offset, value);
        self.wake_card();
    }

    fn allocate(&self, bytes: usize) -> Result<DmaRegion, TransportError> {
        let memory = Memory::allocate(bytes, Pages::Base).map_err(|error| TransportError::Map {
            bytes,
            reason: error.to_string(),
        })?;
        let iova = self.shared.iommu.map(&memory);
        Ok(DmaRegion { memory, iova })
    }

    fn unmap(&self, region: &DmaRegion) -> Result<(), TransportError> {
        let iova = region.iova;
        if self.shared.iommu.unmap(iova) {
            Ok(())
        } else {
            let reason = "nothing is mapped there".into();
            Err(TransportError::Unmap { iova, reason })
        }
    }

    /// Each access looks its address up; one that was under way holds the memory until it is done, so
    /// that nobody else gets it before.
    fn isolates_on_unmap(&self) -> bool {
        true
    }

    fn vectors(&self) -> u16 {
        VECTORS
    }

    fn wait_interrupt(&self, vector: u16, timeout: Duration) -> bool {
        let Some(bit) = vector_bit(vector) else {
            thread::sleep(timeout);
            return false;
        };
        let raised = self.shared.raised.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = |raised: &mut u64| *raised & bit == 0 && !self.shared.ended.load(Ordering::SeqCst);
        let (mut raised, _) = self
            .shared
            .wake_host
            .wait_timeout_while(raised, timeout, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        let was_raised = *raised & bit != 0;
        *raised &= !bit;
        was_raised
    }

    fn failure(&self) -> Option<TransportError> {
        let ended = self.shared.ended.load(Ordering::SeqCst);
        ended.then(|| TransportError::Gone("the card's thread has ended".into()))
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        let Some(thread) = self.thread.take() else { return };
        thread.thread().unpark();
        let deadline = Instant::now() + JOIN_TIMEOUT;
        while !thread.is_finished() && Instant::now() < deadline {
            thread.thread().unpark();
            thread::sleep(Duration::from_micros(100));
        }
        // A card that hangs inside its own work keeps its thread; everything it can reach is
        // reference-counted, so leaving it behind is safe.
        if thread.is_finished() {
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for InProcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InProcess")
            .field("shared", &self.shared)
            .finish_non_exhaustive()
    }
}
