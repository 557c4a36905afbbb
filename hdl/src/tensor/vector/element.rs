//! ADD, MAX and MIN of one lane.

use rust_hdl::prelude::*;

/// Computes the sum, the greater or the lesser of two numbers of 32 bits, two cycles later.
#[derive(LogicBlock, Default)]
pub struct Element {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The destination's lane, or the immediate.
    pub a: Signal<In, Bits<32>>,
    /// The source's lane.
    pub b: Signal<In, Bits<32>>,
    /// The result is the sum.
    pub is_sum: Signal<In, Bit>,
    /// If it is no sum, it is the greater one.
    pub is_greater: Signal<In, Bit>,
    /// The result.
    pub out: Signal<Out, Bits<32>>,
    a_reg: DFF<Bits<32>>,
    b_reg: DFF<Bits<32>>,
    sum: DFF<Bits<32>>,
    a_is_greater: DFF<Bit>,
    result: DFF<Bits<32>>,
    a_ordered: Signal<Local, Bits<32>>,
    b_ordered: Signal<Local, Bits<32>>,
    takes_a: Signal<Local, Bit>,
}

impl Logic for Element {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, a_reg, b_reg, sum, a_is_greater, result);
        self.a_reg.d.next = self.a.val();
        self.b_reg.d.next = self.b.val();
        self.sum.d.next = self.a.val() + self.b.val();
        // With the sign inverted, signed numbers are in the order of unsigned ones.
        self.a_ordered.next = self.a.val() ^ (bits::<32>(1) << 31);
        self.b_ordered.next = self.b.val() ^ (bits::<32>(1) << 31);
        self.a_is_greater.d.next = self.a_ordered.val() > self.b_ordered.val();

        self.takes_a.next = self.a_is_greater.q.val() == self.is_greater.val();
        self.result.d.next = self.b_reg.q.val();
        if self.takes_a.val() {
            self.result.d.next = self.a_reg.q.val();
        }
        if self.is_sum.val() {
            self.result.d.next = self.sum.q.val();
        }
        self.out.next = self.result.q.val();
    }
}
