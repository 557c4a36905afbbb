//! Where in a scratchpad something goes, and what is still there.
//!
//! Places are handed out one after the other, and from the beginning again when the end is reached. What takes
//! at most half of a scratchpad is so loaded beside what is being worked on, which is all there is to double
//! buffering: the tokens follow from the places ([`crate::fpga::overlap`]).

use metisvm_firmware::{Buffer, Geometry};
use metisvm_model::Value;
use std::collections::BTreeMap;
use std::ops::Range;

/// What was loaded, where it is worth not to load it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Held {
    /// Records of a node, from a channel on, so many.
    Records {
        node: usize,
        channel: usize,
        count: usize,
    },
    /// A table.
    Table(Value),
    /// A block of a product's weights or rows: batch or group, where it begins, and how long it is.
    Block {
        node: usize,
        group: usize,
        lane: usize,
        depth: usize,
        extent: (usize, usize),
    },
    /// A line of a convolution's image, for a group of channels.
    Line {
        node: usize,
        image: usize,
        group: usize,
        y: usize,
    },
}

/// One scratchpad.
#[derive(Debug)]
struct Ring {
    size: usize,
    next: usize,
    /// By where it begins: its end, and what it is.
    places: BTreeMap<usize, (usize, Held)>,
    found: BTreeMap<Held, usize>,
}

/// All scratchpads.
#[derive(Debug)]
pub(super) struct Scratchpads([Ring; 5]);

impl Scratchpads {
    pub(super) fn new(geometry: &Geometry) -> Self {
        let buffers = [Buffer::A, Buffer::B, Buffer::Acc, Buffer::Param, Buffer::Table];
        Self(buffers.map(|buffer| Ring {
            size: geometry.size(buffer) as usize,
            next: 0,
            places: BTreeMap::new(),
            found: BTreeMap::new(),
        }))
    }

    /// The next `count` places, at most all there are; what was there is not held any more.
    pub(super) fn take(&mut self, buffer: Buffer, count: usize) -> usize {
        let ring = &mut self.0[buffer as usize];
        if ring.next + count > ring.size {
            ring.next = 0;
        }
        let base = ring.next;
        ring.next += count;
        ring.forget(base..base + count);
        base
    }

    /// Remembers what lies from a place on.
    pub(super) fn hold(&mut self, buffer: Buffer, base: usize, count: usize, what: Held) {
        let ring = &mut self.0[buffer as usize];
        ring.places.insert(base, (base + count, what));
        ring.found.insert(what, base);
    }

    /// Where something lies, if it is still there.
    pub(super) fn find(&self, buffer: Buffer, what: &Held) -> Option<usize> {
        self.0[buffer as usize].found.get(what).copied()
    }

    /// Begins at the beginning: whatever is taken in pieces of one size fills the scratchpad from there.
    pub(super) fn rewind(&mut self, buffer: Buffer) {
        let ring = &mut self.0[buffer as usize];
        ring.next = 0;
    }
}

impl Ring {
    fn forget(&mut self, range: Range<usize>) {
        // Places do not meet, so what reaches into the range begins in it, or is the last before it.
        let before = self.places.range(..range.start).next_back();
        let first = before
            .filter(|(_, (end, _))| *end > range.start)
            .map(|(&base, _)| base);
        let gone: Vec<usize> = first
            .into_iter()
            .chain(self.places.range(range).map(|(&base, _)| base))
            .collect();
        for base in gone {
            if let Some((_, what)) = self.places.remove(&base) {
                self.found.remove(&what);
            }
        }
    }
}
