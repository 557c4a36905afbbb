//! The memory that a function's DMA reaches: regions that the IOMMU maps for it, and nothing else.

use super::addresses::Addresses;
use super::function::Function;
use super::pages::{self, Tell};
use crate::region::Memory;
use crate::transport::{DmaRegion, Iova, TransportError};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The regions of a function.
#[derive(Debug)]
pub struct Space {
    function: Arc<Function>,
    table: Mutex<Table>,
    tell: Option<Tell>,
}

#[derive(Debug)]
struct Table {
    addresses: Addresses,
    /// What is mapped; memory that could not be unmapped stays here.
    mapped: HashMap<u64, Memory>,
}

impl Space {
    /// One without regions, wherever the IOMMU can map.
    pub fn new(function: Arc<Function>) -> Self {
        Self::within(function, 0..u64::MAX)
    }

    /// One without regions, for a function that reaches these addresses only.
    pub fn within(function: Arc<Function>, reach: Range<u64>) -> Self {
        let ranges = function.ranges().into_iter().map(|range| Range {
            start: range.start.max(reach.start),
            end: range.end.min(reach.end),
        });
        let table = Table {
            addresses: Addresses::new(ranges.collect()),
            mapped: HashMap::new(),
        };
        Self {
            function,
            table: Mutex::new(table),
            tell: None,
        }
    }

    /// Tells the operator what makes it slow.
    #[must_use]
    pub fn telling(mut self, tell: Option<Tell>) -> Self {
        self.tell = tell;
        self
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a region.
    ///
    /// # Errors
    /// No memory, no address, or none that this user may have the kernel keep in place.
    pub fn allocate(&self, bytes: usize) -> Result<DmaRegion, TransportError> {
        let failed = |reason: String| TransportError::Map { bytes, reason };
        let memory = pages::allocate(bytes, self.tell).map_err(|error| failed(error.to_string()))?;
        let taken = self.table().addresses.take(memory.bytes() as u64);
        let iova = taken.ok_or_else(|| failed("no address is left that the IOMMU can map".into()))?;
        // The kernel finds and pins every page, which takes its time: not under the lock.
        if let Err(error) = self.function.map(&memory, iova) {
            self.table().addresses.give(iova);
            return Err(failed(format!(
                "{error}; memory for DMA stays in place and counts against the limit on locked memory (ulimit -l, or \
                 LimitMEMLOCK= of a systemd unit)"
            )));
        }
        self.table().mapped.insert(iova, memory.clone());
        let iova = Iova(iova);
        Ok(DmaRegion { memory, iova })
    }

    /// Takes a region away from the function: no DMA reaches it afterwards.
    ///
    /// # Errors
    /// The kernel did not unmap it, or it is not mapped.
    pub fn unmap(&self, region: &DmaRegion) -> Result<(), TransportError> {
        let iova = region.iova;
        let failed = |reason: String| TransportError::Unmap { iova, reason };
        let memory = self.table().mapped.remove(&iova.0);
        let memory = memory.ok_or_else(|| failed("it is not mapped".into()))?;
        match self.function.unmap(iova.0, memory.bytes()) {
            Ok(()) => {
                // Last: what is given back may be taken at once.
                self.table().addresses.give(iova.0);
                Ok(())
            }
            Err(error) => {
                self.table().mapped.insert(iova.0, memory);
                Err(failed(error.to_string()))
            }
        }
    }
}
