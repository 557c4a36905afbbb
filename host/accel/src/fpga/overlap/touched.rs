//! Who touched each part of a place last.

use metisvm_firmware::Module;
use std::collections::BTreeMap;
use std::ops::Range;

/// The latest instruction of each module that something has to wait for, by its place in the order.
pub(super) type Needs = [Option<u32>; 3];

/// The later one of two.
pub(super) fn later(needs: &mut Needs, module: Module, index: u32) {
    let need = &mut needs[module as usize];
    *need = (*need).max(Some(index));
}

/// Of a range: who wrote it last, and the last of each module that has read it since. What came before the
/// write need not be kept, since the write has waited for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Last {
    write: Option<(Module, u32)>,
    reads: Needs,
}

/// A place, in ranges that do not meet, each with its last touches. Ranges that nobody touched are missing.
#[derive(Debug, Default)]
pub(super) struct Touched(BTreeMap<u64, (u64, Last)>);

impl Touched {
    /// Notes that an instruction reads or writes a range, and tells what it has to wait for.
    pub(super) fn touch(
        &mut self,
        range: &Range<u64>,
        writes: bool,
        (module, index): (Module, u32),
        needs: &mut Needs,
    ) {
        self.split(range.start);
        self.split(range.end);
        let inside: Vec<(u64, (u64, Last))> = self.0.range(range.clone()).map(|(&s, &e)| (s, e)).collect();
        for (start, (_, last)) in &inside {
            if let Some((module, index)) = last.write {
                later(needs, module, index);
            }
            if writes {
                for (module, read) in Module::ALL.into_iter().zip(last.reads) {
                    read.into_iter().for_each(|index| later(needs, module, index));
                }
            }
            self.0.remove(start);
        }
        if writes {
            let last = Last {
                write: Some((module, index)),
                reads: Needs::default(),
            };
            self.0.insert(range.start, (range.end, last));
            return;
        }
        // What was not touched is read for the first time; neighbours that are alike become one.
        let mut at = range.start;
        let mut run: Option<(u64, Last)> = None;
        let gap = (range.end, (range.end, Last::default()));
        for (start, (end, mut last)) in inside.into_iter().chain([gap]) {
            if at < start {
                let mut fresh = Last::default();
                later(&mut fresh.reads, module, index);
                self.extend(&mut run, at, fresh);
            }
            if start < range.end {
                later(&mut last.reads, module, index);
                self.extend(&mut run, start, last);
            }
            at = end;
        }
        if let Some((start, last)) = run {
            self.0.insert(start, (range.end, last));
        }
    }

    /// Goes on with a run of ranges from `start`, or ends it there and begins another.
    fn extend(&mut self, run: &mut Option<(u64, Last)>, start: u64, last: Last) {
        match run {
            Some((_, same)) if *same == last => {}
            _ => {
                if let Some((begun, before)) = run.replace((start, last)) {
                    self.0.insert(begun, (start, before));
                }
            }
        }
    }

    /// Makes a range that holds `at` inside end there, and another begin.
    fn split(&mut self, at: u64) {
        if let Some((_, (end, last))) = self.0.range_mut(..at).next_back()
            && *end > at
        {
            let after = (*end, *last);
            *end = at;
            self.0.insert(at, after);
        }
    }
}
