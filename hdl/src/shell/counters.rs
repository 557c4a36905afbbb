//! Performance counters.

use rust_hdl::prelude::*;

/// Counters of 64 bits, one word of which is read at a time: counter `address / 2`, its low half first.
///
/// They count from power-up and wrap; a reset leaves them alone, so that what it took can be seen.
#[derive(LogicBlock)]
pub struct Counters {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// What counter i grows by, one cycle later.
    pub by: Vec<Signal<In, Bits<10>>>,
    /// The word that is read.
    pub address: Signal<In, Bits<6>>,
    /// Its value, a cycle later.
    pub data: Signal<Out, Bits<32>>,
    step: Vec<DFF<Bits<10>>>,
    count: Vec<DFF<Bits<64>>>,
    data_reg: DFF<Bits<32>>,
    now: Signal<Local, Bits<10>>,
    wide: Signal<Local, Bits<64>>,
    chosen: Signal<Local, Bits<64>>,
}

impl Counters {
    /// So many, at most 32.
    pub fn new(number: usize) -> Self {
        assert!(number <= 32, "a counter's number has five bits");
        Self {
            clock: Signal::default(),
            by: (0..number).map(|_| Signal::default()).collect(),
            address: Signal::default(),
            data: Signal::default(),
            step: (0..number).map(|_| DFF::default()).collect(),
            count: (0..number).map(|_| DFF::default()).collect(),
            data_reg: DFF::default(),
            now: Signal::default(),
            wide: Signal::default(),
            chosen: Signal::default(),
        }
    }
}

impl Logic for Counters {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, data_reg);
        self.chosen.next = 0.into();
        for i in 0..self.by.len() {
            self.step[i].clock.next = self.clock.val();
            self.step[i].d.next = self.by[i].val();
            self.count[i].clock.next = self.clock.val();
            self.now.next = self.step[i].q.val();
            self.wide.next = bit_cast::<64, 10>(self.now.val());
            self.count[i].d.next = self.count[i].q.val() + self.wide.val();
            if self.address.val().get_bits::<5>(1) == i.to_bits() {
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
