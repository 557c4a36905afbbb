//! A register slice: cuts the paths of a handshake in both directions.

use rust_hdl::prelude::*;

/// Hands on a value of `N` bits a cycle. `in_ready` does not depend on `out_ready` within a cycle, nor the output
/// on the input: both are registers, with room for two values.
#[derive(LogicBlock, Default)]
pub struct Slice<const N: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets both.
    pub clear: Signal<In, Bit>,
    /// A value.
    pub in_data: Signal<In, Bits<N>>,
    /// There is one.
    pub in_valid: Signal<In, Bit>,
    /// It is taken.
    pub in_ready: Signal<Out, Bit>,
    /// The older value.
    pub out_data: Signal<Out, Bits<N>>,
    /// There is one.
    pub out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub out_ready: Signal<In, Bit>,
    first: DFF<Bits<N>>,
    second: DFF<Bits<N>>,
    has_first: DFF<Bit>,
    has_second: DFF<Bit>,
    moves: Signal<Local, Bit>,
}

impl<const N: usize> Logic for Slice<N> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, first, second, has_first, has_second);
        self.in_ready.next = !self.has_second.q.val();
        self.out_data.next = self.first.q.val();
        self.out_valid.next = self.has_first.q.val();
        // The first place is free, or becomes so.
        self.moves.next = !self.has_first.q.val() || self.out_ready.val();
        if self.moves.val() {
            self.first.d.next = self.in_data.val();
            self.has_first.d.next = self.in_valid.val();
            if self.has_second.q.val() {
                self.first.d.next = self.second.q.val();
                self.has_first.d.next = true;
            }
            self.has_second.d.next = false;
        } else {
            if self.in_valid.val() {
                self.has_second.d.next = true;
            }
        }
        if !self.has_second.q.val() {
            self.second.d.next = self.in_data.val();
        }
        if self.clear.val() {
            self.has_first.d.next = false;
            self.has_second.d.next = false;
        }
    }
}
