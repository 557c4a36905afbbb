//! Rows of results on their way back to the accumulators.

use rust_hdl::prelude::*;

/// Sixteen places for rows of C lanes; W is 32·C.
///
/// A place is reserved when a row is asked for, with the address it goes back to, and filled when its result is there.
/// So what is between, which cannot stall, never finds the queue full. Results come in the order of the reservations.
/// A row can be taken two cycles after it was put in, and one a cycle from then on.
#[derive(LogicBlock, Default)]
pub struct RowQueue<const C: usize, const W: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub clear: Signal<In, Bit>,
    /// Reserves a place.
    pub reserve: Signal<In, Bit>,
    /// Where its row will go.
    pub reserve_address: Signal<In, Bits<24>>,
    /// Which of its lanes count.
    pub reserve_mask: Signal<In, Bits<C>>,
    /// There is no place.
    pub full: Signal<Out, Bit>,
    /// No place is reserved.
    pub empty: Signal<Out, Bit>,
    /// The first place without a row gets one.
    pub push: Signal<In, Bit>,
    /// The row.
    pub data: Signal<In, Bits<W>>,
    /// The first row.
    pub first: Signal<Out, Bits<W>>,
    /// Where it goes.
    pub address: Signal<Out, Bits<24>>,
    /// Which of its lanes count.
    pub mask: Signal<Out, Bits<C>>,
    /// There is one.
    pub valid: Signal<Out, Bit>,
    /// Takes it.
    pub pop: Signal<In, Bit>,
    rows: RAM<Bits<W>, 4>,
    addresses: RAM<Bits<24>, 4>,
    masks: RAM<Bits<C>, 4>,
    reserved: DFF<Bits<5>>,
    filled: DFF<Bits<5>>,
    /// `filled` of the cycle before: what the memories can have answered with.
    filled_seen: DFF<Bits<5>>,
    head: DFF<Bits<5>>,
    head_next: Signal<Local, Bits<5>>,
    held: Signal<Local, Bits<5>>,
    has_one: Signal<Local, Bit>,
}

impl<const C: usize, const W: usize> Logic for RowQueue<C, W> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, reserved, filled, filled_seen, head);
        self.rows.read_clock.next = self.clock.val();
        self.rows.write_clock.next = self.clock.val();
        self.addresses.read_clock.next = self.clock.val();
        self.addresses.write_clock.next = self.clock.val();
        self.masks.read_clock.next = self.clock.val();
        self.masks.write_clock.next = self.clock.val();

        self.held.next = self.reserved.q.val() - self.head.q.val();
        self.full.next = self.held.val().get_bit(4);
        self.empty.next = self.held.val() == bits::<5>(0);
        self.addresses.write_address.next = self.reserved.q.val().get_bits::<4>(0);
        self.addresses.write_data.next = self.reserve_address.val();
        self.addresses.write_enable.next = self.reserve.val();
        self.masks.write_address.next = self.reserved.q.val().get_bits::<4>(0);
        self.masks.write_data.next = self.reserve_mask.val();
        self.masks.write_enable.next = self.reserve.val();
        if self.reserve.val() {
            self.reserved.d.next = self.reserved.q.val() + 1;
        }

        self.rows.write_address.next = self.filled.q.val().get_bits::<4>(0);
        self.rows.write_data.next = self.data.val();
        self.rows.write_enable.next = self.push.val();
        if self.push.val() {
            self.filled.d.next = self.filled.q.val() + 1;
        }
        self.filled_seen.d.next = self.filled.q.val();

        self.has_one.next = self.head.q.val() != self.filled_seen.q.val();
        self.valid.next = self.has_one.val();
        self.head_next.next = self.head.q.val();
        if self.pop.val() && self.has_one.val() {
            self.head_next.next = self.head.q.val() + 1;
        }
        // What the memories give in a cycle belongs to the head of that cycle.
        self.rows.read_address.next = self.head_next.val().get_bits::<4>(0);
        self.addresses.read_address.next = self.head_next.val().get_bits::<4>(0);
        self.masks.read_address.next = self.head_next.val().get_bits::<4>(0);
        self.first.next = self.rows.read_data.val();
        self.address.next = self.addresses.read_data.val();
        self.mask.next = self.masks.read_data.val();
        self.head.d.next = self.head_next.val();
        if self.clear.val() {
            self.head.d.next = 0.into();
            self.filled.d.next = 0.into();
            self.filled_seen.d.next = 0.into();
            self.reserved.d.next = 0.into();
        }
    }
}
