//! Where the panels of a packed matrix lie: by themselves, or with those of others in one piece of memory.

use super::scratch::Aligned;
use memmap2::MmapMut;
use std::ops::Range;
use std::sync::Arc;

/// The panels of one matrix.
#[derive(Debug)]
pub(super) enum Panels {
    /// In memory of their own.
    Own(Aligned<u8>),
    /// A part of what several matrices share.
    Joined(Arc<MmapMut>, Range<usize>),
}

impl Panels {
    pub(super) fn get(&self) -> &[u8] {
        match self {
            Self::Own(memory) => memory.get(),
            Self::Joined(memory, range) => &memory[range.clone()],
        }
    }

    /// Memory of its own, with whatever it holds.
    pub(super) fn resize(&mut self, len: usize) -> &mut [u8] {
        if let Self::Joined(..) = self {
            *self = Self::Own(Aligned::default());
        }
        match self {
            Self::Own(memory) => memory.resize(len),
            Self::Joined(..) => unreachable!("it has memory of its own"),
        }
    }
}
