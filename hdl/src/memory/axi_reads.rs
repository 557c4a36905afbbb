//! Reads of card memory beyond AXI pins.

use rust_hdl::prelude::*;

/// Cuts requests into bursts of at most 64 words, none across a multiple of 512 bytes, and with that none across one of
/// 4 KiB. All have one number, so their words come in order.
#[derive(LogicBlock)]
pub struct AxiReads {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The first byte to read, a multiple of 8.
    pub rd_address: Signal<In, Bits<48>>,
    /// Words, at least one.
    pub rd_words: Signal<In, Bits<16>>,
    /// There is a request.
    pub rd_valid: Signal<In, Bit>,
    /// It is taken.
    pub rd_ready: Signal<Out, Bit>,
    /// A burst's first byte.
    pub araddr: Signal<Out, Bits<48>>,
    /// Its words less one.
    pub arlen: Signal<Out, Bits<8>>,
    /// There is one.
    pub arvalid: Signal<Out, Bit>,
    /// It is taken.
    pub arready: Signal<In, Bit>,
    at: DFF<Bits<45>>,
    left: DFF<Bits<16>>,
    /// The burst that is offered.
    valid: DFF<Bit>,
    place: DFF<Bits<45>>,
    length: DFF<Bits<8>>,
    free: Signal<Local, Bit>,
    cuts: Signal<Local, Bit>,
    room: Signal<Local, Bits<8>>,
    room_wide: Signal<Local, Bits<16>>,
    burst: Signal<Local, Bits<16>>,
    address: Signal<Local, Bits<48>>,
    is_last: Signal<Local, Bit>,
    burst_words: Constant<Bits<8>>,
}

impl Default for AxiReads {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            rd_address: Signal::default(),
            rd_words: Signal::default(),
            rd_valid: Signal::default(),
            rd_ready: Signal::default(),
            araddr: Signal::default(),
            arlen: Signal::default(),
            arvalid: Signal::default(),
            arready: Signal::default(),
            at: DFF::default(),
            left: DFF::default(),
            valid: DFF::default(),
            place: DFF::default(),
            length: DFF::default(),
            free: Signal::default(),
            cuts: Signal::default(),
            room: Signal::default(),
            room_wide: Signal::default(),
            burst: Signal::default(),
            address: Signal::default(),
            is_last: Signal::default(),
            burst_words: Constant::new(64_u64.into()),
        }
    }
}

impl Logic for AxiReads {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, at, left, valid, place, length);
        self.free.next = !self.valid.q.val() || self.arready.val();
        self.cuts.next = self.left.q.val().any() && self.free.val();
        self.room.next = self.burst_words.val() - bit_cast::<8, 6>(self.at.q.val().get_bits::<6>(0));
        self.room_wide.next = bit_cast::<16, 8>(self.room.val());
        self.is_last.next = self.left.q.val() <= self.room_wide.val();
        self.burst.next = self.room_wide.val();
        if self.is_last.val() {
            self.burst.next = self.left.q.val();
        }
        self.rd_ready.next = !self.left.q.val().any() || (self.cuts.val() && self.is_last.val());
        if self.free.val() {
            self.valid.d.next = self.cuts.val();
            self.place.d.next = self.at.q.val();
            self.length.d.next = self.burst.val().get_bits::<8>(0) - 1;
        }
        if self.cuts.val() {
            self.at.d.next = self.at.q.val() + bit_cast::<45, 16>(self.burst.val());
            self.left.d.next = self.left.q.val() - self.burst.val();
        }
        if !self.left.q.val().any() || (self.cuts.val() && self.is_last.val()) {
            if self.rd_valid.val() {
                self.at.d.next = self.rd_address.val().get_bits::<45>(3);
                self.left.d.next = self.rd_words.val();
            }
        }
        self.address.next = bit_cast::<48, 45>(self.place.q.val());
        self.araddr.next = self.address.val() << 3;
        self.arlen.next = self.length.q.val();
        self.arvalid.next = self.valid.q.val();
    }
}
