//! The handle table, against a list of ranges.

use super::{Bench, put, run};
use crate::random::Random;
use metisvm_hdl::shell::handles::Handles;
use std::ops::Range;

/// Cycles in which a search must be over.
const MOST_CYCLES: u32 = 70;

struct Ranges {
    pieces: [Option<Range<u64>>; 64],
    /// The range of the entry in hand, and its handle.
    range: Range<u64>,
    handle: u64,
    stands: u32,
    /// What happens to it a cycle later: it gets its range, or is forgotten.
    happens: [bool; 2],
    /// Cycles that a search has run.
    searching: Option<u32>,
    meets: bool,
    /// Searches that found something, and others.
    found: [u64; 2],
}

impl Ranges {
    fn meets(&self) -> bool {
        let meets = |piece: &Range<u64>| piece.start < self.range.end && self.range.start < piece.end;
        self.pieces.iter().flatten().any(meets)
    }
}

impl Bench for Ranges {
    type Block = Handles;

    fn clock(block: &mut Handles, level: bool) {
        block.clock.next = level.into();
    }

    fn drive(&mut self, block: &mut Handles, random: &mut Random) {
        let mut strobes = [false; 4];
        // A handle and its range stand for a cycle before and after something happens to it.
        if self.searching.is_none() && self.stands == 0 {
            let start = match random.bits() % 8 {
                0 => random.bits() >> 16,
                1 => (1 << 48) - 1 - random.bits() % 200,
                _ => random.bits() % 100_000,
            };
            self.range = start..start + random.choose(&[0, 1, 64, 500, 4096]);
            self.handle = random.bits() % 64;
        } else if self.searching.is_none() && self.stands == 1 {
            match random.bits() % 16 {
                0..5 => strobes[0] = true,
                // A piece replaces none: handles are free when they are given.
                5..11 if self.pieces[self.handle as usize].is_none() => strobes[1] = true,
                11..14 => strobes[2] = true,
                14 => strobes[3] = random.one_in(20),
                _ => {}
            }
        }
        if self.searching.is_none() {
            self.stands = (self.stands + 1) % 4;
        }
        put(&mut block.handle, self.handle);
        put(&mut block.start, self.range.start);
        put(&mut block.upto, self.range.end);
        let [search, insert, remove, clear] = strobes;
        block.search.next = search;
        block.insert.next = insert;
        block.remove.next = remove;
        block.clear.next = clear;
    }

    fn look(&mut self, block: &Handles) {
        let piece = &mut self.pieces[self.handle as usize];
        assert_eq!(block.present.val(), piece.is_some());
        let [inserts, removes] = self.happens;
        if inserts {
            *piece = Some(self.range.clone());
        }
        if removes {
            *piece = None;
        }
        self.happens = [block.insert.val(), block.remove.val()];
        if block.clear.val() {
            self.pieces = std::array::from_fn(|_| None);
        }
        if let Some(cycles) = &mut self.searching {
            *cycles += 1;
            assert!(*cycles < MOST_CYCLES, "a search does not end");
            if block.searched.val() {
                assert_eq!(block.meets.val(), self.meets, "{:?}", self.range);
                self.found[usize::from(self.meets)] += 1;
                self.searching = None;
            }
        }
        if block.search.val() {
            self.meets = self.meets();
            self.searching = Some(0);
        }
    }
}

#[test]
fn handles_know_whether_a_range_meets_a_resident_one() {
    let mut bench = Ranges {
        pieces: std::array::from_fn(|_| None),
        range: 0..0,
        handle: 0,
        stands: 0,
        happens: [false; 2],
        searching: None,
        meets: false,
        found: [0; 2],
    };
    run("handles", Handles::default(), &mut bench, 4, 50_000);
    assert!(bench.found.iter().all(|count| *count > 50), "{:?}", bench.found);
}
