//! Performance counters.

use rust_hdl::prelude::*;

/// Twelve counters of 64 bits, one word of which is read at a time: counter `address / 2`, its low half first.
///
/// They count from power-up and wrap; a reset leaves them alone, so that what it took can be seen.
#[derive(LogicBlock, Default)]
pub struct Counters {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// What counter i grows by, one cycle later.
    pub by: [Signal<In, Bits<10>>; 12],
    /// The word that is read.
    pub address: Signal<In, Bits<5>>,
    /// Its value, a cycle later.
    pub data: Signal<Out, Bits<32>>,
    step: [DFF<Bits<10>>; 12],
    count: [DFF<Bits<64>>; 12],
    data_reg: DFF<Bits<32>>,
    now: Signal<Local, Bits<10>>,
    wide: Signal<Local, Bits<64>>,
    chosen: Signal<Local, Bits<64>>,
}

impl Logic for Counters {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, data_reg);
        self.chosen.next = 0.into();
        for i in 0..12 {
            self.step[i].clock.next = self.clock.val();
            self.step[i].d.next = self.by[i].val();
            self.count[i].clock.next = self.clock.val();
            self.now.next = self.step[i].q.val();
            self.wide.next = bit_cast::<64, 10>(self.now.val());
            self.count[i].d.next = self.count[i].q.val() + self.wide.val();
            if self.address.val().get_bits::<4>(1) == i.to_bits() {
                self.chosen.next = self.count[i].q.val();
            }
        }
        self.data_reg.d.next = self.chosen.val().get_bits::<32>(0);
        if self.address.val().get_bit(0) {
            self.data_reg.d.next = self.chosen.val().get_bits::<32>(32);
        }
        self.data.next = self.data_reg.q.val();
    }
}
