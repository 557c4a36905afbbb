//! A card in software on a thread of its own.
//!
//! The thread polls the card while there is work, spins for a few microseconds after it where that keeps nobody
//! from running, then parks until a register is written. No wake-up is lost: the thread says that it sleeps, fences,
//! and polls once more before it parks; a writer writes, fences, and then looks whether the thread
//! sleeps. One of the two sees the other.

use metisvm_firmware::port::{Activity, CardModel, HostPort, Registers};
use metisvm_firmware::registers::ALL_ONES;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long the thread spins before it parks.
const SPIN: Duration = Duration::from_micros(20);
/// Polls between two looks at the clock.
const POLLS_PER_LOOK: u32 = 64;
/// How long dropping waits for the thread before it leaves it behind.
const JOIN_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    sleeping: AtomicBool,
    ended: AtomicBool,
}

/// The thread, and the card's registers.
pub struct CardThread {
    registers: Arc<dyn Registers>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl CardThread {
    /// Starts a thread for a card; `port` is what the card reaches, and `at_end` is called when the thread ends,
    /// for whatever reason. It spins if there are processors for it besides `others` threads that run at the same
    /// time.
    ///
    /// # Errors
    /// There can be no thread.
    pub fn start(
        card: Box<dyn CardModel>,
        port: impl HostPort + Send + 'static,
        others: usize,
        at_end: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let registers = card.registers();
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        // Where it takes a processor from one of them, a spinning card only keeps its own answer back.
        let spin = if thread::available_parallelism().is_ok_and(|n| n.get() > others) {
            SPIN
        } else {
            Duration::ZERO
        };
        let run = move || {
            // A card that panics is a card that died; the host must live on.
            let _ = catch_unwind(AssertUnwindSafe(|| {
                poll_until_stopped(card, &port, &theirs, spin)
            }));
            theirs.ended.store(true, Ordering::SeqCst);
            at_end();
        };
        let thread = thread::Builder::new().name("card".into()).spawn(run)?;
        Ok(Self {
            registers,
            shared,
            thread: Some(thread),
        })
    }

    /// Whether the card is no more.
    #[inline]
    pub fn has_ended(&self) -> bool {
        self.shared.ended.load(Ordering::SeqCst)
    }

    /// Reads a register; all ones from a card that is no more.
    #[inline]
    pub fn read32(&self, offset: u32) -> u32 {
        if self.shared.ended.load(Ordering::Relaxed) {
            ALL_ONES
        } else {
            self.registers.read32(offset)
        }
    }

    /// Writes a register, and wakes the card.
    #[inline]
    pub fn write32(&self, offset: u32, value: u32) {
        self.registers.write32(offset, value);
        fence(Ordering::SeqCst);
        if self.shared.sleeping.load(Ordering::Relaxed)
            && let Some(thread) = &self.thread
        {
            thread.thread().unpark();
        }
    }
}

fn poll_until_stopped(mut card: Box<dyn CardModel>, port: &dyn HostPort, shared: &Shared, spin: Duration) {
    while !shared.stop.load(Ordering::Relaxed) {
        if card.poll(port) == Activity::Worked {
            continue;
        }
        if spin_while_idle(&mut *card, port, shared, spin) {
            continue;
        }
        shared.sleeping.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let activity = card.poll(port);
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
fn spin_while_idle(card: &mut dyn CardModel, port: &dyn HostPort, shared: &Shared, time: Duration) -> bool {
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

impl Drop for CardThread {
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

impl std::fmt::Debug for CardThread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CardThread")
            .field("shared", &self.shared)
            .finish_non_exhaustive()
    }
}
