//! The queue of beats, against a queue.

use super::{Bench, put, run};
use crate::random::Random;
use metisvm_hdl::stream::fifo::Fifo;
use std::collections::VecDeque;

/// As the order of messages in a cluster, but short: 8 entries.
pub(crate) type Short = Fifo<16, 3, 4>;

/// Cycles after which an entry must be there to be taken, and room be seen.
const PATIENCE: u32 = 4;

#[derive(Default)]
struct Entries {
    held: VecDeque<u64>,
    passed: u64,
    was_full: u64,
    /// Cycles in which it had entries and showed none, and had room for four and said that it is full.
    hides: u32,
    refuses: u32,
}

impl Bench for Entries {
    type Block = Short;

    fn clock(block: &mut Short, level: bool) {
        block.clock.next = level.into();
    }

    fn drive(&mut self, block: &mut Short, random: &mut Random) {
        // Now more comes, now more goes. Nothing is put in where there is no room, which a register says.
        let pushes = (self.passed / 100).is_multiple_of(2);
        put(&mut block.data, random.bits());
        block.push.next = !block.full.val() && random.one_in(if pushes { 2 } else { 5 });
        block.pop.next = random.one_in(if pushes { 5 } else { 2 });
        block.clear.next = random.one_in(1000);
    }

    fn look(&mut self, block: &Short) {
        assert_eq!(u64::from(block.fill.val()), self.held.len() as u64);
        assert!(block.full.val() || self.held.len() < 8, "no room, and not full");
        self.was_full += u64::from(block.full.val());
        let hides = !self.held.is_empty() && !block.valid.val();
        self.hides = if hides { self.hides + 1 } else { 0 };
        let refuses = self.held.len() <= 4 && block.full.val();
        self.refuses = if refuses { self.refuses + 1 } else { 0 };
        assert!(self.hides < PATIENCE && self.refuses < PATIENCE);
        if block.valid.val() {
            assert_eq!(Some(&u64::from(block.first.val())), self.held.front());
            if block.pop.val() {
                self.held.pop_front();
                self.passed += 1;
            }
        }
        if block.push.val() {
            self.held.push_back(block.data.val().into());
        }
        if block.clear.val() {
            self.held.clear();
        }
    }
}

#[test]
fn fifo_gives_what_it_got_in_order() {
    let mut bench = Entries::default();
    run("fifo", Short::default(), &mut bench, 11, 20_000);
    assert!(bench.passed > 3000 && bench.was_full > 500);
}
