//! A queue in block RAM whose first entry is there to be looked at.

use super::slice::Slice;
use rust_hdl::prelude::*;

/// Holds 2^A entries of D bits. P is A + 1: a pointer has one bit more than an address, which tells full from empty.
///
/// An entry can be taken three cycles after it was put in, and one a cycle from then on: what the memory gives passes
/// through a register slice, so that neither `push` nor `pop` reaches an address of the memory. `push` of a full queue
/// must not be; `full` comes up to two entries early, so that it is a register. `pop` of an empty one does nothing.
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
    /// There may be no room.
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
    slice: Slice<D>,
    /// The next entry to read, and the next to write.
    head: DFF<Bits<P>>,
    tail: DFF<Bits<P>>,
    /// The memory's answer is an entry.
    answers: DFF<Bit>,
    held: DFF<Bits<P>>,
    full_reg: DFF<Bit>,
    reads: Signal<Local, Bit>,
    has_two: Signal<Local, Bit>,
    pops: Signal<Local, Bit>,
    nearly: Constant<Bits<P>>,
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
            slice: Slice::default(),
            head: DFF::default(),
            tail: DFF::default(),
            answers: DFF::default(),
            held: DFF::default(),
            full_reg: DFF::default(),
            reads: Signal::default(),
            has_two: Signal::default(),
            pops: Signal::default(),
            nearly: Constant::new(((1_u64 << A) - 2).into()),
        }
    }
}

impl<const D: usize, const A: usize, const P: usize> Logic for Fifo<D, A, P> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, head, tail, answers, held, full_reg);
        clock!(self, clock, slice);
        self.entries.read_clock.next = self.clock.val();
        self.entries.write_clock.next = self.clock.val();
        self.entries.write_address.next = self.tail.q.val().get_bits::<A>(0);
        self.entries.write_data.next = self.data.val();
        self.entries.write_enable.next = self.push.val();
        if self.push.val() {
            self.tail.d.next = self.tail.q.val() + 1;
        }

        // An entry is read when the slice has room for it, or gets it in this cycle.
        self.pops.next = self.pop.val() && self.slice.out_valid.val();
        self.has_two.next =
            !self.slice.in_ready.val() || (self.answers.q.val() && self.slice.out_valid.val());
        self.entries.read_address.next = self.head.q.val().get_bits::<A>(0);
        self.reads.next =
            (self.head.q.val() != self.tail.q.val()) && (!self.has_two.val() || self.pops.val());
        self.answers.d.next = self.reads.val();
        if self.reads.val() {
            self.head.d.next = self.head.q.val() + 1;
        }
        self.slice.clear.next = self.clear.val();
        self.slice.in_data.next = self.entries.read_data.val();
        self.slice.in_valid.next = self.answers.q.val();
        self.slice.out_ready.next = self.pop.val();
        self.first.next = self.slice.out_data.val();
        self.valid.next = self.slice.out_valid.val();

        if self.push.val() && !self.pops.val() {
            self.held.d.next = self.held.q.val() + 1;
        }
        if self.pops.val() && !self.push.val() {
            self.held.d.next = self.held.q.val() - 1;
        }
        self.fill.next = self.held.q.val();
        self.full_reg.d.next = self.held.q.val() >= self.nearly.val();
        self.full.next = self.full_reg.q.val();
        if self.clear.val() {
            self.head.d.next = 0.into();
            self.tail.d.next = 0.into();
            self.answers.d.next = false;
            self.held.d.next = 0.into();
            self.full_reg.d.next = false;
        }
    }
}
