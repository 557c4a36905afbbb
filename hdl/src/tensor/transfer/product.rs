//! A multiplier that adds, a bit of a factor a cycle.

use rust_hdl::prelude::*;

/// `count`·`step` modulo 2^52, in as many cycles as `count` has bits: counts are small as a rule, and the DSPs of the
/// part belong to the array.
#[derive(LogicBlock, Default)]
pub struct Product {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Takes the factors and begins.
    pub start: Signal<In, Bit>,
    /// A factor.
    pub count: Signal<In, Bits<17>>,
    /// The other one, two's complement.
    pub step: Signal<In, Bits<52>>,
    /// It is not there yet.
    pub busy: Signal<Out, Bit>,
    /// The product.
    pub product: Signal<Out, Bits<52>>,
    left: DFF<Bits<17>>,
    addend: DFF<Bits<52>>,
    sum: DFF<Bits<52>>,
}

impl Logic for Product {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, left, addend, sum);
        self.busy.next = self.left.q.val().any();
        self.product.next = self.sum.q.val();
        self.left.d.next = self.left.q.val() >> 1;
        self.addend.d.next = self.addend.q.val() << 1;
        if self.left.q.val().get_bit(0) {
            self.sum.d.next = self.sum.q.val() + self.addend.q.val();
        }
        if self.start.val() {
            self.left.d.next = self.count.val();
            self.addend.d.next = self.step.val();
            self.sum.d.next = 0.into();
        }
    }
}
