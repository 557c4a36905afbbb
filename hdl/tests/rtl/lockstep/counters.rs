//! The performance counters.

use super::{Bench, put, run};
use crate::random::Random;
use metisvm_hdl::shell::counters::Counters;

#[derive(Default)]
struct Events {
    counts: [u64; 8],
}

impl Bench for Events {
    type Block = Counters;

    fn clock(block: &mut Counters, level: bool) {
        block.clock.next = level.into();
    }

    fn drive(&mut self, block: &mut Counters, random: &mut Random) {
        put(&mut block.events, random.bits() & random.bits());
        put(&mut block.address, random.bits());
    }

    fn look(&mut self, block: &Counters) {
        let address: u64 = block.address.val().into();
        let data: u64 = block.data.val().into();
        let count = self.counts[address as usize / 2];
        assert_eq!(data, count >> (32 * (address % 2)) & 0xffff_ffff);
        let events: u64 = block.events.val().into();
        for (event, count) in self.counts.iter_mut().enumerate() {
            *count += events >> event & 1;
        }
    }
}

#[test]
fn counters_count_their_events() {
    run("counters", Counters::default(), &mut Events::default(), 1, 10_000);
}
