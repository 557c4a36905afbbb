//! Waiting for the next completion: spin a little, then arm the interrupt, look again, and sleep.
//!
//! A watch looks at one slot of a completion ring without any lock. It may wait for a completion that
//! another thread has taken meanwhile: then the slot still shows it, or the interrupt that it armed comes
//! for a later one. Either way it ends, and only says "look".

use crate::dma::DmaBuffer;
use crate::error::DeviceError;
use crate::lines::LINE_WORDS;
use crate::transport::Transport;
use metisvm_firmware::completion::PHASE_BIT;
use metisvm_firmware::registers::{ALL_ONES, BOOT_NONCE, MAGIC, QueueState, queue, queue_register};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long a wait spins before it arms the interrupt. On a single processor a spinning host only keeps
/// a card in software from running.
const SPIN: Duration = Duration::from_micros(20);
/// Polls between two looks at the clock.
const POLLS_PER_LOOK: u32 = 64;
/// How often a blocked wait looks whether the card is still there.
const LOOK_FOR_LIFE: Duration = Duration::from_millis(20);

/// How long to spin on this machine.
pub(crate) fn spin_time() -> Duration {
    let one_processor = std::thread::available_parallelism().is_ok_and(|n| n.get() == 1);
    if one_processor { Duration::ZERO } else { SPIN }
}

/// The slot of the next completion.
pub(crate) struct Watch {
    /// Memory of rings.
    memory: Arc<DmaBuffer>,
    /// Its first word in there.
    at: usize,
    /// The phase that it will show.
    phase: u64,
    /// The card's, while it is the card that the rings were given to.
    boot_nonce: u32,
}

impl Watch {
    pub(crate) fn new(memory: Arc<DmaBuffer>, at: usize, phase: u64, boot_nonce: u32) -> Self {
        Self {
            memory,
            at,
            phase,
            boot_nonce,
        }
    }

    /// The words of a slot, the phase's read first.
    #[inline]
    pub(crate) fn words(memory: &DmaBuffer, at: usize) -> [u64; 2] {
        let line = &memory.lines()[at / LINE_WORDS].0;
        let last = line[at % LINE_WORDS + 1].load(Ordering::Acquire);
        [line[at % LINE_WORDS].load(Ordering::Relaxed), last]
    }

    /// Whether the completion is there.
    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        Self::words(&self.memory, self.at)[1] & PHASE_BIT == self.phase
    }

    /// Spins for so long; says whether the completion came.
    #[inline]
    pub(crate) fn spin(&self, time: Duration) -> bool {
        let start = Instant::now();
        loop {
            for _ in 0..POLLS_PER_LOOK {
                if self.is_due() {
                    return true;
                }
                std::hint::spin_loop();
            }
            if start.elapsed() >= time {
                return false;
            }
        }
    }

    /// Arms the interrupt, looks again, and sleeps until it comes: at most until `deadline`, and not for
    /// long before the caller is to look itself.
    ///
    /// # Errors
    /// A card that shows that it is broken.
    pub(crate) fn sleep(
        &self,
        transport: &dyn Transport,
        index: u16,
        deadline: Instant,
    ) -> Result<(), DeviceError> {
        transport.write32(queue_register(index, queue::INTERRUPT_ARM), 1);
        if self.is_due() {
            return Ok(());
        }
        let slice = LOOK_FOR_LIFE.min(deadline.saturating_duration_since(Instant::now()));
        if transport.wait_interrupt(index, slice) {
            Ok(())
        } else {
            look_for_life(transport, index, self.boot_nonce)
        }
    }
}

fn look_for_life(transport: &dyn Transport, index: u16, written: u32) -> Result<(), DeviceError> {
    if let Some(failure) = transport.failure() {
        return Err(failure.into());
    }
    if transport.read32(MAGIC) == ALL_ONES {
        return Err(DeviceError::dead(transport));
    }
    // A card that was reset behind our back is no longer at what it was given.
    match transport.read32(BOOT_NONCE) {
        ALL_ONES => return Err(DeviceError::dead(transport)),
        found if found != written => return Err(DeviceError::BootNonce { written, found }),
        _ => {}
    }
    let state = transport.read32(queue_register(index, queue::STATE));
    let known = QueueState::from_bits(state);
    // A queue that was just enabled may not run yet.
    if matches!(known, Some(QueueState::Running | QueueState::Disabled)) {
        Ok(())
    } else {
        Err(DeviceError::Queue { state, known })
    }
}
