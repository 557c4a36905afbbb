//! How much memory a device may have mapped for DMA: a bound that the operator sets.

use crate::error::DeviceError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is mapped, and what may be.
#[derive(Debug)]
pub(crate) struct Budget {
    bound: u64,
    mapped: AtomicU64,
    most: AtomicU64,
    /// Of those that are mapped: what could not be unmapped, and stays.
    leaked: AtomicU64,
}

impl Budget {
    pub(crate) fn new(bound: u64) -> Arc<Self> {
        Arc::new(Self {
            bound,
            mapped: AtomicU64::new(0),
            most: AtomicU64::new(0),
            leaked: AtomicU64::new(0),
        })
    }

    /// Bytes that are mapped.
    pub(crate) fn mapped(&self) -> u64 {
        self.mapped.load(Ordering::Relaxed)
    }

    /// The most bytes that were mapped together.
    pub(crate) fn most(&self) -> u64 {
        self.most.load(Ordering::Relaxed)
    }

    /// Bytes that stay mapped for good, as unmapping them failed.
    pub(crate) fn leaked(&self) -> u64 {
        self.leaked.load(Ordering::Relaxed)
    }

    /// Counts so many bytes as mapped before they are, so that the bound holds at every moment.
    ///
    /// # Errors
    /// [`DeviceError::DmaMemoryFull`].
    pub(crate) fn reserve(self: &Arc<Self>, bytes: usize) -> Result<Reservation, DeviceError> {
        let bytes = bytes as u64;
        let more = |mapped: u64| mapped.checked_add(bytes).filter(|&sum| sum <= self.bound);
        match self
            .mapped
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
        {
            Ok(before) => {
                self.most.fetch_max(before + bytes, Ordering::Relaxed);
                Ok(Reservation {
                    budget: Some(Arc::clone(self)),
                    bytes,
                })
            }
            Err(mapped) => Err(DeviceError::DmaMemoryFull {
                bytes,
                mapped,
                bound: self.bound,
            }),
        }
    }
}

/// Bytes that count as mapped until this is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: Option<Arc<Budget>>,
    bytes: u64,
}

impl Reservation {
    /// Of memory that nobody counts.
    pub(crate) const fn uncounted() -> Self {
        Self {
            budget: None,
            bytes: 0,
        }
    }

    /// Counts further bytes, where the region is larger than was asked for.
    ///
    /// # Errors
    /// [`DeviceError::DmaMemoryFull`].
    pub(crate) fn extend(&mut self, bytes: usize) -> Result<(), DeviceError> {
        let Some(budget) = &self.budget else { return Ok(()) };
        let mut more = budget.reserve(bytes)?;
        self.bytes += std::mem::take(&mut more.bytes);
        Ok(())
    }

    /// The bytes stay mapped for good.
    pub(crate) fn leak(self) {
        if let Some(budget) = &self.budget {
            budget.leaked.fetch_add(self.bytes, Ordering::Relaxed);
        }
        std::mem::forget(self);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            budget.mapped.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_threads_reserve_together_never_exceeds_the_bound() {
        let budget = Budget::new(10);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for round in 0..10_000 {
                        let reserved = budget.reserve(round % 6);
                        assert!(budget.mapped() <= 10);
                        drop(reserved);
                    }
                });
            }
        });
        assert_eq!(budget.mapped(), 0);
        assert!((5..=10).contains(&budget.most()));
    }

    #[test]
    fn a_refusal_says_what_is_mapped_and_what_the_bound_is() {
        let budget = Budget::new(8 << 20);
        let held = budget.reserve(6 << 20).unwrap();
        let refused = budget.reserve(4 << 20).unwrap_err();
        let words = refused.to_string();
        for part in ["4194304", "6291456 of 8388608", "--dma-memory"] {
            assert!(words.contains(part), "{words}");
        }
        assert!(budget.reserve(usize::MAX).is_err());
        drop(held);
        assert!(budget.reserve(8 << 20).is_ok());
    }
}
