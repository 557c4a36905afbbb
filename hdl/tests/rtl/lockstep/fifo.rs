//! The queue of beats, against a queue.

use super::{Bench, put, run};
use crate::random::Random;
use metisvm_hdl::stream::fifo::Fifo;
use std::collections::VecDeque;

/// As the order of messages in a cluster, but short: 8 entries.
pub(crate) type Short = Fifo<16, 3, 4>;

#[derive(Default)]
struct Entries {
    held: VecDeque<u64>,
    /// Entries of the last cycle and of the one before it cannot be taken yet.
    fresh: usize,
    passed: u64,
    was_full: u64,
}

impl Bench for Entries {
    type Block = Short;

    fn clock(block: &mut Short, level: bool) {
        block.clock.next = level.into();
    }

    fn drive(&mut self, block: &mut Short, random: &mut Random) {
        // Now more comes, now more goes; and both also where the queue does not allow it.
        let pushes = (self.passed / 100).is_multiple_of(2);
        put(&mut block.data, random.bits());
        block.push.next = random.one_in(if pushes { 2 } else { 5 });
        block.pop.next = random.one_in(if pushes { 5 } else { 2 });
        block.clear.next = random.one_in(1000);
    }

    fn look(&mut self, block: &Short) {
        assert_eq!(u64::from(block.fill.val()), self.held.len() as u64);
        assert_eq!(block.full.val(), self.held.len() == 8);
        assert_eq!(block.valid.val(), self.held.len() > self.fresh);
        self.was_full += u64::from(block.full.val());
        let takes = block.valid.val() && block.pop.val();
        let puts = block.push.val() && !block.full.val();
        if block.valid.val() {
            assert_eq!(u64::from(block.first.val()), self.held[0]);
        }
        if takes {
            self.held.pop_front();
            self.passed += 1;
        }
        self.fresh = usize::from(puts);
        if puts {
            self.held.push_back(block.data.val().into());
        }
        if block.clear.val() {
            self.held.clear();
            self.fresh = 0;
        }
    }
}

#[test]
fn fifo_gives_what_it_got_in_order() {
    let mut bench = Entries::default();
    run("fifo", Short::default(), &mut bench, 11, 20_000);
    assert!(bench.passed > 3000 && bench.was_full > 500);
}
