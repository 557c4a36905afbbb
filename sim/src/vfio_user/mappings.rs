//! Which addresses are mapped, and how they are reached.

use metisvm_driver::region::Mapped;
use std::collections::BTreeMap;

/// What a client may map.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Mappings at once. Each is one of this process, of which the kernel gives 65,530.
    pub mappings: usize,
    /// Bytes of all of them.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            mappings: 32_768,
            bytes: 64 << 30,
        }
    }
}

#[derive(Debug)]
pub(super) struct Mapping {
    pub(super) bytes: u64,
    pub(super) readable: bool,
    pub(super) writable: bool,
    /// The memory; `None` where only messages reach it.
    pub(super) memory: Option<Mapped>,
}

#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) mappings: BTreeMap<u64, Mapping>,
    pub(super) bytes: u64,
}

impl Table {
    /// The mapping at or before an address, or `None` if it ends before.
    pub(super) fn at(&self, address: u64) -> Option<(u64, &Mapping)> {
        let (&start, mapping) = self.mappings.range(..=address).next_back()?;
        (address - start < mapping.bytes).then_some((start, mapping))
    }

    /// How bytes are accessed that are all mapped, and for that direction; `None` if some are not. Nothing lies
    /// partly in memory and partly beyond messages.
    pub(super) fn way(&self, address: u64, end: u64, direction: Direction) -> Option<Way> {
        let mut way = None;
        let mut at = address;
        while at < end {
            let (start, mapping) = self.at(at)?;
            let allowed = match direction {
                Direction::Read => mapping.readable,
                Direction::Write => mapping.writable,
            };
            let here = match mapping.memory {
                Some(_) => Way::Memory,
                None => Way::Messages,
            };
            if !allowed || way.is_some_and(|way| way != here) {
                return None;
            }
            way = Some(here);
            at = start + mapping.bytes;
        }
        Some(way.unwrap_or(Way::Memory))
    }

    pub(super) fn forget(&mut self, start: u64) {
        if let Some(mapping) = self.mappings.remove(&start) {
            self.bytes -= mapping.bytes;
        }
    }
}

/// What an access does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Read,
    Write,
}

/// How an access is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Memory,
    Messages,
}
