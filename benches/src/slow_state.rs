//! A state whose reads take time, as those of a disk do: a thread that reads sleeps, and the processor is
//! free for the others meanwhile. A spinning wait would hold the processor, and with fewer processors than
//! threads it would hide what threads are good for.
//!
//! A sleep is longer than what was asked for, so what the reads really took is measured and shown.

use alloy_primitives::{Address, B256, U256};
use core::sync::atomic::{AtomicU64, Ordering};
use metisvm_state::{BaseState, MemoryState, StateError, StateSource};
use revm::{DatabaseRef, bytecode::Bytecode, state::AccountInfo};
use std::{
    thread,
    time::{Duration, Instant},
};

/// Slots of a range that come with one wait: what a page of a store holds, roughly.
const SLOTS_PER_WAIT: usize = 64;

/// A state in memory behind a wait. Accounts, code and slots wait, and a range of slots once for every 64 that
/// it brings; block hashes do not.
#[derive(Debug)]
pub struct SlowState<'a> {
    state: &'a MemoryState,
    wait: Duration,
    reads: AtomicU64,
    waited: AtomicU64,
}

impl<'a> SlowState<'a> {
    /// A state every read of which waits so long.
    pub const fn new(state: &'a MemoryState, wait: Duration) -> Self {
        Self {
            state,
            wait,
            reads: AtomicU64::new(0),
            waited: AtomicU64::new(0),
        }
    }

    /// How many reads there were.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// What a read waited on average, in microseconds.
    pub fn mean_wait(&self) -> f64 {
        self.waited.load(Ordering::Relaxed) as f64 / 1e3 / self.reads().max(1) as f64
    }

    fn wait(&self) {
        self.reads.fetch_add(1, Ordering::Relaxed);
        if self.wait.is_zero() {
            return;
        }
        let started = Instant::now();
        thread::sleep(self.wait);
        let took = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.waited.fetch_add(took, Ordering::Relaxed);
    }
}

impl DatabaseRef for SlowState<'_> {
    type Error = StateError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        self.wait();
        self.state.basic_ref(address)
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, StateError> {
        self.wait();
        self.state.code_by_hash_ref(code_hash)
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        self.wait();
        self.state.storage_ref(address, slot)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, StateError> {
        self.state.block_hash_ref(number)
    }
}

impl BaseState for SlowState<'_> {}

impl StateSource for SlowState<'_> {
    fn storage_range(
        &self,
        address: Address,
        from: U256,
        limit: usize,
    ) -> Result<Vec<(U256, U256)>, StateError> {
        let slots = self.state.storage_range(address, from, limit)?;
        for _ in 0..=slots.len() / SLOTS_PER_WAIT {
            self.wait();
        }
        Ok(slots)
    }
}

/// Asks Linux to end the sleeps of this thread, and of those it starts from now on, on time: left alone it
/// may delay each by 50 µs to wake several threads at once. Where that cannot be had sleeps are longer, and
/// shown to be.
pub fn sharpen_sleep() {
    let thread = std::fs::read_link("/proc/thread-self").ok();
    if let Some(id) = thread.as_deref().and_then(|path| path.file_name()) {
        let slack = std::path::Path::new("/proc").join(id).join("timerslack_ns");
        // A coarser sleep is no failure.
        let _ = std::fs::write(slack, "1");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_wait_and_are_counted() {
        let state = MemoryState::default();
        let slow = SlowState::new(&state, Duration::from_millis(2));
        assert_eq!(slow.basic_ref(Address::ZERO), Ok(None));
        assert_eq!(slow.storage_ref(Address::ZERO, U256::ONE), Ok(U256::ZERO));
        assert_eq!(slow.storage_range(Address::ZERO, U256::ZERO, 100), Ok(Vec::new()));
        assert_eq!(slow.reads(), 3);
        assert!(slow.mean_wait() >= 2_000.0);
    }
}
