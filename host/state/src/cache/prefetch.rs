//! Filling the cache ahead of execution, and telling the two apart.

use super::{CacheView, StateSource, statistics::Counter};
use crate::StateError;
use alloy_primitives::{Address, B256, U256};

// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Execution,
    Prefetch,
}

impl Reader {
    pub(super) fn is_execution(self) -> bool {
        self == Self::Execution
    }

    pub(super) fn hit(self) -> Counter {
        match self {
            Self::Execution => Counter::ExecutionHits,
            Self::Prefetch => Counter::PrefetchHits,
        }
    }

    pub(super) fn miss(self) -> Counter {
        match self {
            Self::Execution => Counter::ExecutionMisses,
            Self::Prefetch => Counter::PrefetchMisses,
        }
    }

    pub(super) fn complete(self) -> Counter {
        match self {
            Self::Execution => Counter::CompleteExecution,
            Self::Prefetch => Counter::CompletePrefetch,
        }
    }
}

impl<S: StateSource> CacheView<'_, S> {
    /// Fetches an account, without its code.
    pub fn prefetch_account(&self, address: Address) -> Result<bool, StateError> {
        self.account(address, Reader::Prefetch).map(|(_, asked)| asked)
    }

    /// Fetches a code by its hash.
    pub fn prefetch_code(&self, code_hash: B256) -> Result<bool, StateError> {
        self.code(code_hash, Reader::Prefetch).map(|(_, asked)| asked)
    }

    /// Fetches one slot.
    pub fn prefetch_slot(&self, address: Address, slot: U256) -> Result<bool, StateError> {
        self.slot(address, slot, Reader::Prefetch).map(|(_, asked)| asked)
    }

    /// Fetches slots of one account; answers for how many the source was asked.
    pub fn prefetch_slots(&self, address: Address, slots: &[U256]) -> Result<usize, StateError> {
        slots.iter().try_fold(0, |asked, slot| {
            Ok(asked + usize::from(self.prefetch_slot(address, *slot)?))
        })
    }

    /// Fetches all slots of an account at once, where it has no more than the cache keeps of one: for a
    /// predictor that knows the account will be read in many places. A storage known to be too large is not
    /// tried.
    pub fn prefetch_storage(&self, address: Address) -> Result<bool, StateError> {
        if !self.is_attached() || self.cache.sizes.is_large(&address) {
            return Ok(false);
        }
        if self.known_storage(&address, Reader::Prefetch).is_some() {
            self.cache.counters.count(Reader::Prefetch.hit());
            return Ok(false);
        }
        self.cache.counters.count(Reader::Prefetch.miss());
        self.load_storage(address, self.cache.sizes.largest())?;
        Ok(true)
    }
}
