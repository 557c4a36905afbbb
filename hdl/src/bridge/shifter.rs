//! From a frame, or a piece of one, to the words of the link.

use rust_hdl::prelude::*;

/// Gives the lowest `words` words of 32 bits of what is loaded, one a cycle, the lowest first.
#[derive(LogicBlock, Default)]
pub struct Shifter<const N: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Takes `data` and `words`; only while `free`.
    pub load: Signal<In, Bit>,
    /// What to send.
    pub data: Signal<In, Bits<N>>,
    /// How many of its words, at least 1.
    pub words: Signal<In, Bits<4>>,
    /// Something can be loaded in this cycle.
    pub free: Signal<Out, Bit>,
    /// The next word.
    pub out_data: Signal<Out, Bits<32>>,
    /// There is one.
    pub out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub out_ready: Signal<In, Bit>,
    rest: DFF<Bits<N>>,
    left: DFF<Bits<4>>,
}

impl<const N: usize> Logic for Shifter<N> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, rest, left);
        self.out_data.next = self.rest.q.val().get_bits::<32>(0);
        self.out_valid.next = self.left.q.val() != 0;
        self.free.next = (self.left.q.val() == 0) || ((self.left.q.val() == 1) && self.out_ready.val());
        if (self.left.q.val() != 0) && self.out_ready.val() {
            self.rest.d.next = self.rest.q.val() >> 32;
            self.left.d.next = self.left.q.val() - 1;
        }
        if self.load.val() {
            self.rest.d.next = self.data.val();
            self.left.d.next = self.words.val();
        }
    }
}
