//! The performance counters.

use super::{Bench, put, run};
use crate::random::Random;
use metisvm_hdl::shell::counters::Counters;

/// Counters of a card with a tensor engine.
pub(super) const COUNTERS: usize = 20;

#[derive(Default)]
struct Events {
    counts: [u64; COUNTERS],
    /// What was counted in the cycle before.
    steps: [u64; COUNTERS],
    /// What was asked for in the cycle before.
    asked: u64,
}

impl Bench for Events {
    type Block = Counters;

    fn clock(block: &mut Counters, level: bool) {
        block.clock.next = level.into();
    }

    fn drive(&mut self, block: &mut Counters, random: &mut Random) {
        for by in &mut block.by {
            let any = random.bits();
            let step = random.choose(&[0, 1, any]);
            put(by, step);
        }
        put(&mut block.address, random.bits());
    }

    fn look(&mut self, block: &Counters) {
        assert_eq!(u64::from(block.data.val()), self.asked);
        let address: u64 = block.address.val().into();
        let count = self.counts.get(address as usize / 2).copied().unwrap_or(0);
        self.asked = count >> (32 * (address % 2)) & 0xffff_ffff;
        for (index, by) in block.by.iter().enumerate() {
            self.counts[index] += self.steps[index];
            self.steps[index] = by.val().into();
        }
    }
}

#[test]
fn counters_count_their_events() {
    run(
        "counters",
        Counters::new(COUNTERS),
        &mut Events::default(),
        1,
        10_000,
    );
}
