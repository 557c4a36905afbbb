//! Performance counters.

use rust_hdl::prelude::*;

/// Eight counters of 64 bits, one word of which is read at a time: counter `address / 2`, its low half first.
///
/// They count from power-up and wrap; a reset leaves them alone, so that what it took can be seen.
#[derive(LogicBlock, Default)]
pub struct Counters {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Counter i counts the cycles in which event i is high.
    pub events: Signal<In, Bits<8>>,
    /// The word that is read.
    pub address: Signal<In, Bits<4>>,
    /// Its value.
    pub data: Signal<Out, Bits<32>>,
    count: [DFF<Bits<64>>; 8],
    chosen: Signal<Local, Bits<64>>,
}

impl Logic for Counters {
    #[hdl_gen]
    fn update(&mut self) {
        self.chosen.next = 0.into();
        for i in 0..8 {
            self.count[i].clock.next = self.clock.val();
            self.count[i].d.next = self.count[i].q.val();
            if self.events.val().get_bit(i) {
                self.count[i].d.next = self.count[i].q.val() + 1;
            }
            if self.address.val().get_bits::<3>(1) == i.to_bits() {
                self.chosen.next = self.count[i].q.val();
            }
        }
        self.data.next = self.chosen.val().get_bits::<32>(0);
        if self.address.val().get_bit(0) {
            self.data.next = self.chosen.val().get_bits::<32>(32);
        }
    }
}
