//! The writer as queues and jobs see it: words are taken, collected, and handed over when a flush asks for
//! it.

use crate::random::Random;

/// Words that wait at most.
const ROOM: usize = 64;

/// What the client does in a cycle.
#[derive(Clone, Copy)]
pub(crate) struct Wishes {
    pub(crate) start: bool,
    pub(crate) address: u64,
    pub(crate) push: bool,
    pub(crate) data: u64,
    pub(crate) flush: bool,
}

#[derive(Default)]
pub(crate) struct WriteSide {
    next: u64,
    held: usize,
    /// Every word and where it goes, in order.
    pub(crate) words: Vec<(u64, u64)>,
    pub(crate) ready: bool,
    flushing: bool,
}

impl WriteSide {
    /// Nothing is collected.
    pub(crate) fn idle(&self) -> bool {
        self.held == 0
    }

    /// Decides what the client sees in this cycle.
    pub(crate) fn drive(&mut self, random: &mut Random) {
        if self.flushing && random.one_in(4) || self.held == ROOM {
            self.held = 0;
        }
        self.ready = self.held < ROOM && !random.one_in(8);
    }

    /// Follows what the client does.
    pub(crate) fn look(&mut self, wishes: Wishes) {
        if wishes.start {
            assert!(self.idle(), "another place while words are collected");
            assert_eq!(wishes.address % 8, 0);
            self.next = wishes.address;
        }
        if wishes.push && self.ready {
            self.words.push((self.next, wishes.data));
            self.next = self.next.wrapping_add(8);
            self.held += 1;
        }
        self.flushing = wishes.flush;
    }
}
