//! Where the next burst of entries lies and how long it is, and where the next completion goes.

use rust_hdl::prelude::*;

/// Arithmetic on a queue's pointers, in stages of a cycle: the outputs hold once the inputs have been steady
/// for five.
#[derive(LogicBlock, Default)]
pub struct Burst {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Base of the submission ring.
    pub sq: Signal<In, Bits<64>>,
    /// Base of the completion ring.
    pub cq: Signal<In, Bits<64>>,
    /// ENTRIES_LOG2.
    pub log2: Signal<In, Bits<32>>,
    /// The largest allowed one.
    pub max_log2: Signal<In, Bits<32>>,
    /// Entries submitted.
    pub tail: Signal<In, Bits<16>>,
    /// Entries fetched.
    pub head: Signal<In, Bits<16>>,
    /// Completions posted.
    pub completed: Signal<In, Bits<16>>,
    /// Completions that the host has seen.
    pub consumed: Signal<In, Bits<16>>,
    /// The queue can be run: its size is allowed, its rings are aligned and do not wrap.
    pub valid: Signal<Out, Bit>,
    /// A doorbell is further on than the ring is long.
    pub over: Signal<Out, Bit>,
    /// Entries of the next burst, 0 to 8: submitted ones that there is room to complete, up to the ring's end
    /// and to the next multiple of 4096.
    pub count: Signal<Out, Bits<4>>,
    /// Where it begins.
    pub address: Signal<Out, Bits<64>>,
    /// Where the next completion goes.
    pub completion: Signal<Out, Bits<64>>,
    /// That is the ring's first place.
    pub at_start: Signal<Out, Bit>,
    /// The phase of its pass through the ring.
    pub phase: Signal<Out, Bit>,

    valid_reg: DFF<Bit>,
    entries: DFF<Bits<17>>,
    mask: DFF<Bits<17>>,
    waiting: DFF<Bits<16>>,
    unreported: DFF<Bits<16>>,
    slot: DFF<Bits<17>>,
    to_end: DFF<Bits<17>>,
    room: DFF<Bits<17>>,
    over_reg: DFF<Bit>,
    address_reg: DFF<Bits<64>>,
    least_waiting: DFF<Bits<4>>,
    least_room: DFF<Bits<4>>,
    least_end: DFF<Bits<4>>,
    least_page: DFF<Bits<4>>,
    least_host: DFF<Bits<4>>,
    least_ring: DFF<Bits<4>>,
    place: DFF<Bits<17>>,
    phase_reg: DFF<Bit>,
    completion_reg: DFF<Bits<64>>,

    one: Signal<Local, Bits<17>>,
    waiting_wide: Signal<Local, Bits<17>>,
    unreported_wide: Signal<Local, Bits<17>>,
    offset: Signal<Local, Bits<64>>,
    to_page: Signal<Local, Bits<7>>,
    pass: Signal<Local, Bits<17>>,
}

impl Logic for Burst {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            valid_reg,
            entries,
            mask,
            waiting,
            unreported,
            slot,
            to_end,
            room,
            over_reg,
            address_reg,
            least_waiting,
            least_room,
            least_end,
            least_page,
            least_host,
            least_ring,
            place,
            phase_reg,
            completion_reg
        );
        // No ring reaches into the highest 2 MiB, or 512 KiB: so no address of an entry wraps.
        self.valid_reg.d.next = (self.log2.val() != 0)
            && (self.log2.val() <= self.max_log2.val())
            && (self.sq.val().get_bits::<6>(0) == 0)
            && (self.cq.val().get_bits::<6>(0) == 0)
            && !self.sq.val().get_bits::<43>(21).all()
            && !self.cq.val().get_bits::<45>(19).all();
        self.one.next = 1.into();
        self.entries.d.next = self.one.val() << self.log2.val().get_bits::<5>(0);
        self.mask.d.next = self.entries.q.val() - 1;
        // First stage.
        self.waiting.d.next = self.tail.val() - self.head.val();
        self.unreported.d.next = self.completed.val() - self.consumed.val();
        self.slot.d.next = bit_cast::<17, 16>(self.head.val()) & self.mask.q.val();
        self.place.d.next = bit_cast::<17, 16>(self.completed.val()) & self.mask.q.val();
        self.pass.next = bit_cast::<17, 16>(self.completed.val()) & self.entries.q.val();
        self.phase_reg.d.next = self.pass.val() == 0;
        // Second stage.
        self.waiting_wide.next = bit_cast::<17, 16>(self.waiting.q.val());
        self.unreported_wide.next = bit_cast::<17, 16>(self.unreported.q.val());
        self.over_reg.d.next = (self.unreported_wide.val() > self.entries.q.val())
            || (self.waiting_wide.val() > self.entries.q.val());
        self.room.d.next = self.entries.q.val() - self.unreported_wide.val();
        self.to_end.d.next = self.entries.q.val() - self.slot.q.val();
        self.offset.next = bit_cast::<64, 17>(self.slot.q.val());
        self.offset.next = self.offset.val() << 6;
        self.address_reg.d.next = self.sq.val() + self.offset.val();
        self.offset.next = bit_cast::<64, 17>(self.place.q.val());
        self.offset.next = self.offset.val() << 4;
        self.completion_reg.d.next = self.cq.val() + self.offset.val();
        // Third stage: none is more than eight.
        self.least_waiting.d.next = bit_cast::<4, 3>(self.waiting.q.val().get_bits::<3>(0));
        if self.waiting.q.val().get_bits::<13>(3).any() {
            self.least_waiting.d.next = 8.into();
        }
        self.least_room.d.next = bit_cast::<4, 3>(self.room.q.val().get_bits::<3>(0));
        if self.room.q.val().get_bits::<14>(3).any() {
            self.least_room.d.next = 8.into();
        }
        self.least_end.d.next = bit_cast::<4, 3>(self.to_end.q.val().get_bits::<3>(0));
        if self.to_end.q.val().get_bits::<14>(3).any() {
            self.least_end.d.next = 8.into();
        }
        self.to_page.next = bits::<7>(64) - bit_cast::<7, 6>(self.address_reg.q.val().get_bits::<6>(6));
        self.least_page.d.next = bit_cast::<4, 3>(self.to_page.val().get_bits::<3>(0));
        if self.to_page.val().get_bits::<4>(3).any() {
            self.least_page.d.next = 8.into();
        }
        // Fourth and last.
        self.least_host.d.next = self.least_waiting.q.val();
        if self.least_room.q.val() < self.least_waiting.q.val() {
            self.least_host.d.next = self.least_room.q.val();
        }
        self.least_ring.d.next = self.least_end.q.val();
        if self.least_page.q.val() < self.least_end.q.val() {
            self.least_ring.d.next = self.least_page.q.val();
        }
        self.count.next = self.least_host.q.val();
        if self.least_ring.q.val() < self.least_host.q.val() {
            self.count.next = self.least_ring.q.val();
        }
        self.valid.next = self.valid_reg.q.val();
        self.over.next = self.over_reg.q.val();
        self.address.next = self.address_reg.q.val();
        self.completion.next = self.completion_reg.q.val();
        self.at_start.next = self.place.q.val() == 0;
        self.phase.next = self.phase_reg.q.val();
    }
}
