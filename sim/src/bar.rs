//! BAR0: written by the host at any time, read by the card when it is polled.
//!
//! Doorbells lie on cache lines of their own: they are the only registers of the hot path.

use crate::options::SimOptions;
use metisvm_firmware::port::Registers;
use metisvm_firmware::registers::{self as reg, CardState, QueueState, queue};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// A register alone on its (pair of) cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Padded(pub(crate) AtomicU32);

/// The registers of one queue.
#[derive(Debug, Default)]
pub struct QueueRegisters {
    pub(crate) tail: Padded,
    pub(crate) completion_head: Padded,
    pub(crate) arm: Padded,
    pub(crate) bases: [AtomicU32; 4],
    pub(crate) entries_log2: AtomicU32,
    pub(crate) enable: AtomicU32,
    /// Counts enablings: a queue may be disabled and enabled again between two looks of the card.
    pub(crate) enablings: AtomicU32,
    pub(crate) state: AtomicU32,
}

impl QueueRegisters {
    /// The addresses of the submission and the completion ring.
    pub(crate) fn addresses(&self) -> (u64, u64) {
        let half = |index: usize| u64::from(self.bases[index].load(Ordering::Acquire));
        (half(0) | half(1) << 32, half(2) | half(3) << 32)
    }
}

/// All registers.
#[derive(Debug)]
pub struct Bar {
    options: SimOptions,
    pub(crate) queues: Vec<QueueRegisters>,
    pub(crate) boot_nonce: AtomicU32,
    pub(crate) status: AtomicU32,
    pub(crate) reset_requested: AtomicBool,
    /// Counts writes to ENABLE, so that the card looks at the queues only when one changed.
    pub(crate) changes: AtomicU32,
}

impl Bar {
    pub(crate) fn new(options: SimOptions) -> Self {
        let boot_nonce = AtomicU32::new(options.boot_nonce);
        let queues = options.capabilities.max_queues.min(reg::QUEUE_LIMIT);
        Self {
            options,
            queues: (0..queues).map(|_| QueueRegisters::default()).collect(),
            boot_nonce,
            status: AtomicU32::new(CardState::Ready as u32),
            reset_requested: AtomicBool::new(false),
            changes: AtomicU32::new(0),
        }
    }

    fn queue(&self, offset: u32) -> Option<(&QueueRegisters, u32)> {
        let offset = offset.checked_sub(reg::QUEUE_BASE)?;
        let queue = self.queues.get((offset / reg::QUEUE_STRIDE) as usize)?;
        Some((queue, offset % reg::QUEUE_STRIDE))
    }
}

impl Registers for Bar {
    fn read32(&self, offset: u32) -> u32 {
        if let Some((queue, register)) = self.queue(offset) {
            return match register {
                queue::SQ_BASE_LO | queue::SQ_BASE_HI | queue::CQ_BASE_LO | queue::CQ_BASE_HI => {
                    queue.bases[(register / 4) as usize].load(Ordering::Acquire)
                }
                queue::ENTRIES_LOG2 => queue.entries_log2.load(Ordering::Acquire),
                queue::ENABLE => queue.enable.load(Ordering::Acquire),
                queue::STATE => queue.state.load(Ordering::Acquire),
                queue::INTERRUPT_ARM => queue.arm.0.load(Ordering::Acquire),
                _ => 0,
            };
        }
        match offset {
            reg::MAGIC => self.options.magic,
            reg::ABI_VERSION => self.options.abi_version,
            reg::BOOT_NONCE => self.boot_nonce.load(Ordering::Acquire),
            reg::STATUS => self.status.load(Ordering::Acquire),
            _ => {
                let claimed = self
                    .options
                    .claimed
                    .as_ref()
                    .unwrap_or(&self.options.capabilities);
                claimed.register(offset).unwrap_or(0)
            }
        }
    }

    #[inline]
    fn write32(&self, offset: u32, value: u32) {
        if let Some((queue, register)) = self.queue(offset) {
            let disabled = || queue.enable.load(Ordering::Acquire) == 0;
            match register {
                queue::SQ_TAIL => queue.tail.0.store(value, Ordering::Release),
                queue::CQ_HEAD => queue.completion_head.0.store(value, Ordering::Release),
                queue::INTERRUPT_ARM => queue.arm.0.store(value & 1, Ordering::Release),
                queue::SQ_BASE_LO | queue::SQ_BASE_HI | queue::CQ_BASE_LO | queue::CQ_BASE_HI
                    if disabled() =>
                {
                    queue.bases[(register / 4) as usize].store(value, Ordering::Release);
                }
                queue::ENTRIES_LOG2 if disabled() => queue.entries_log2.store(value, Ordering::Release),
                queue::ENABLE => {
                    if value & 1 == 1 && disabled() {
                        // First: a card that sees a new doorbell sees that the queue is a new one.
                        queue.enablings.fetch_add(1, Ordering::Release);
                        queue.state.store(QueueState::Disabled as u32, Ordering::Release);
                        queue.tail.0.store(0, Ordering::Release);
                        queue.completion_head.0.store(0, Ordering::Release);
                        queue.arm.0.store(0, Ordering::Release);
                    }
                    queue.enable.store(value & 1, Ordering::Release);
                    self.changes.fetch_add(1, Ordering::Release);
                }
                _ => {}
            }
        } else if offset == reg::CONTROL && value & reg::CONTROL_RESET != 0 {
            self.status.store(CardState::Resetting as u32, Ordering::Release);
            self.reset_requested.store(true, Ordering::Release);
        } else if offset == reg::BOOT_NONCE && value != reg::ALL_ONES {
            // Only after a reset: a second host cannot take the card over from the first.
            let _ = self
                .boot_nonce
                .compare_exchange(0, value, Ordering::AcqRel, Ordering::Acquire);
        }
    }
}
