//! Four places of registers.

use rust_hdl::prelude::*;

/// Takes and gives a value of `N` bits a cycle. `in_ready` does not depend on `out_ready` within a cycle, so it
/// also cuts long paths of a handshake.
#[derive(LogicBlock, Default)]
pub struct Buffer<const N: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// A value.
    pub in_data: Signal<In, Bits<N>>,
    /// It is there.
    pub in_valid: Signal<In, Bit>,
    /// It is taken.
    pub in_ready: Signal<Out, Bit>,
    /// Forgets all values.
    pub clear: Signal<In, Bit>,
    /// The oldest value.
    pub out_data: Signal<Out, Bits<N>>,
    /// There is one.
    pub out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub out_ready: Signal<In, Bit>,
    /// Two places are free at least.
    pub ample: Signal<Out, Bit>,
    slots: [DFF<Bits<N>>; 4],
    count: DFF<Bits<3>>,
    push: Signal<Local, Bit>,
    pop: Signal<Local, Bit>,
    place: Signal<Local, Bits<3>>,
}

impl<const N: usize> Logic for Buffer<N> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, count);
        self.in_ready.next = !self.count.q.val().get_bit(2);
        self.ample.next = self.count.q.val() < bits::<3>(3);
        self.out_valid.next = self.count.q.val() != 0;
        self.out_data.next = self.slots[0].q.val();
        self.push.next = self.in_valid.val() && !self.count.q.val().get_bit(2);
        self.pop.next = self.out_ready.val() && (self.count.q.val() != 0);
        // Where a new value goes, once the oldest has left.
        self.place.next = self.count.q.val();
        if self.pop.val() {
            self.place.next = self.count.q.val() - 1;
        }
        self.count.d.next = self.place.val();
        if self.push.val() {
            self.count.d.next = self.place.val() + 1;
        }
        if self.clear.val() {
            self.count.d.next = 0.into();
        }
        for i in 0..4 {
            self.slots[i].clock.next = self.clock.val();
            self.slots[i].d.next = self.slots[i].q.val();
        }
        for i in 0..3 {
            if self.pop.val() {
                self.slots[i].d.next = self.slots[i + 1].q.val();
            }
        }
        for i in 0..4 {
            if self.push.val() && (self.place.val() == i.to_bits()) {
                self.slots[i].d.next = self.in_data.val();
            }
        }
    }
}
