//! The processor's hashing, counted: for a block whose device did not open.

use alloy_primitives::B256;
use metisvm_accel::keccak::KeccakCounters;
use metisvm_state::{CpuKeccak, KeccakBatch};
use std::sync::atomic::{AtomicU64, Ordering};

/// Hashes with the processor.
#[derive(Debug, Default)]
pub struct CountedCpu {
    batches: AtomicU64,
    messages: AtomicU64,
}

impl CountedCpu {
    /// What it has hashed so far.
    pub fn counters(&self) -> KeccakCounters {
        KeccakCounters {
            cpu_batches: self.batches.load(Ordering::Relaxed),
            cpu_messages: self.messages.load(Ordering::Relaxed),
            ..KeccakCounters::default()
        }
    }
}

impl KeccakBatch for CountedCpu {
    fn hash(&self, messages: &[&[u8]], digests: &mut [B256]) {
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.messages.fetch_add(messages.len() as u64, Ordering::Relaxed);
        CpuKeccak.hash(messages, digests);
    }
}
