//! A queue in block RAM whose first entry is there to be looked at.

use rust_hdl::prelude::*;

/// Holds 2^A entries of D bits. P is A + 1: a pointer has one bit more than an address, which tells full from empty.
///
/// An entry can be taken two cycles after it was put in, and one a cycle from then on. `push` of a full queue and `pop`
/// of an empty one do nothing.
#[derive(LogicBlock)]
pub struct Fifo<const D: usize, const A: usize, const P: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets all entries.
    pub clear: Signal<In, Bit>,
    /// An entry to put in.
    pub data: Signal<In, Bits<D>>,
    /// Puts it in.
    pub push: Signal<In, Bit>,
    /// There is no room.
    pub full: Signal<Out, Bit>,
    /// The first entry.
    pub first: Signal<Out, Bits<D>>,
    /// There is one.
    pub valid: Signal<Out, Bit>,
    /// Takes it.
    pub pop: Signal<In, Bit>,
    /// Entries, those among them that cannot be taken yet.
    pub fill: Signal<Out, Bits<P>>,
    entries: RAM<Bits<D>, A>,
    head: DFF<Bits<P>>,
    tail: DFF<Bits<P>>,
    /// The tail of the cycle before: what the memory can have answered with.
    tail_seen: DFF<Bits<P>>,
    head_next: Signal<Local, Bits<P>>,
    held: Signal<Local, Bits<P>>,
    no_room: Signal<Local, Bit>,
    has_one: Signal<Local, Bit>,
    capacity: Constant<Bits<P>>,
}

impl<const D: usize, const A: usize, const P: usize> Default for Fifo<D, A, P> {
    fn default() -> Self {
        assert_eq!(P, A + 1, "a pointer has one bit more than an address");
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            data: Signal::default(),
            push: Signal::default(),
            full: Signal::default(),
            first: Signal::default(),
            valid: Signal::default(),
            pop: Signal::default(),
            fill: Signal::default(),
            entries: RAM::default(),
            head: DFF::default(),
            tail: DFF::default(),
            tail_seen: DFF::default(),
            head_next: Signal::default(),
            held: Signal::default(),
            no_room: Signal::default(),
            has_one: Signal::default(),
            capacity: Constant::new((1_u64 << A).into()),
        }
    }
}

impl<const D: usize, const A: usize, const P: usize> Logic for Fifo<D, A, P> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, head, tail, tail_seen);
        self.entries.read_clock.next = self.clock.val();
        self.entries.write_clock.next = self.clock.val();
        self.held.next = self.tail.q.val() - self.head.q.val();
        self.fill.next = self.held.val();
        self.no_room.next = self.held.val() == self.capacity.val();
        self.full.next = self.no_room.val();
        self.entries.write_address.next = self.tail.q.val().get_bits::<A>(0);
        self.entries.write_data.next = self.data.val();
        self.entries.write_enable.next = self.push.val() && !self.no_room.val();
        if self.push.val() && !self.no_room.val() {
            self.tail.d.next = self.tail.q.val() + 1;
        }
        self.tail_seen.d.next = self.tail.q.val();

        self.has_one.next = self.head.q.val() != self.tail_seen.q.val();
        self.valid.next = self.has_one.val();
        self.first.next = self.entries.read_data.val();
        self.head_next.next = self.head.q.val();
        if self.pop.val() && self.has_one.val() {
            self.head_next.next = self.head.q.val() + 1;
        }
        // What the memory gives in a cycle belongs to the head of that cycle.
        self.entries.read_address.next = self.head_next.val().get_bits::<A>(0);
        self.head.d.next = self.head_next.val();
        if self.clear.val() {
            self.head.d.next = 0.into();
            self.tail.d.next = 0.into();
            self.tail_seen.d.next = 0.into();
        }
    }
}
