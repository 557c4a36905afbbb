//! The host's end of the bridge: what a chip beside the card, or a simulation of it, has.

use super::TAG_BITS;
use super::shifter::Shifter;
use super::widths::Widths;
use crate::stream::buffer::Buffer;
use crate::stream::slice::Slice;
use rust_hdl::prelude::*;

/// Offers the card's own pins again, from the frames of its links.
///
/// `W` is the width of the card's streams, `S` is 32 more.
#[derive(LogicBlock, Default)]
pub struct HostEnd<const W: usize, const S: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// From the card: a word.
    pub link_in_data: Signal<In, Bits<32>>,
    /// It is there.
    pub link_in_valid: Signal<In, Bit>,
    /// It is taken.
    pub link_in_ready: Signal<Out, Bit>,
    /// To the card: a word.
    pub link_out_data: Signal<Out, Bits<32>>,
    /// It is there.
    pub link_out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub link_out_ready: Signal<In, Bit>,

    /// See [`crate::shell::top::Card`], also for all that follow.
    pub flr: Signal<In, Bit>,
    /// See there.
    pub s_awaddr: Signal<In, Bits<16>>,
    /// See there.
    pub s_awvalid: Signal<In, Bit>,
    /// See there.
    pub s_awready: Signal<Out, Bit>,
    /// See there.
    pub s_wdata: Signal<In, Bits<32>>,
    /// See there.
    pub s_wstrb: Signal<In, Bits<4>>,
    /// See there.
    pub s_wvalid: Signal<In, Bit>,
    /// See there.
    pub s_wready: Signal<Out, Bit>,
    /// See there.
    pub s_bresp: Signal<Out, Bits<2>>,
    /// See there.
    pub s_bvalid: Signal<Out, Bit>,
    /// See there.
    pub s_bready: Signal<In, Bit>,
    /// See there.
    pub s_araddr: Signal<In, Bits<16>>,
    /// See there.
    pub s_arvalid: Signal<In, Bit>,
    /// See there.
    pub s_arready: Signal<Out, Bit>,
    /// See there.
    pub s_rdata: Signal<Out, Bits<32>>,
    /// See there.
    pub s_rresp: Signal<Out, Bits<2>>,
    /// See there.
    pub s_rvalid: Signal<Out, Bit>,
    /// See there.
    pub s_rready: Signal<In, Bit>,
    /// See there.
    pub rq_address: Signal<Out, Bits<64>>,
    /// See there.
    pub rq_bytes: Signal<Out, Bits<13>>,
    /// See there.
    pub rq_tag: Signal<Out, Bits<TAG_BITS>>,
    /// See there.
    pub rq_valid: Signal<Out, Bit>,
    /// See there.
    pub rq_ready: Signal<In, Bit>,
    /// See there.
    pub rc_data: Signal<In, Bits<W>>,
    /// See there.
    pub rc_tag: Signal<In, Bits<TAG_BITS>>,
    /// See there.
    pub rc_last: Signal<In, Bit>,
    /// See there.
    pub rc_error: Signal<In, Bit>,
    /// See there.
    pub rc_valid: Signal<In, Bit>,
    /// See there.
    pub rc_ready: Signal<Out, Bit>,
    /// See there.
    pub wq_address: Signal<Out, Bits<64>>,
    /// See there.
    pub wq_bytes: Signal<Out, Bits<13>>,
    /// See there.
    pub wq_valid: Signal<Out, Bit>,
    /// See there.
    pub wq_ready: Signal<In, Bit>,
    /// See there.
    pub wd_data: Signal<Out, Bits<W>>,
    /// See there.
    pub wd_last: Signal<Out, Bit>,
    /// See there.
    pub wd_valid: Signal<Out, Bit>,
    /// See there.
    pub wd_ready: Signal<In, Bit>,
    /// See there.
    pub mw_address: Signal<Out, Bits<48>>,
    /// See there.
    pub mw_data: Signal<Out, Bits<64>>,
    /// See there.
    pub mw_valid: Signal<Out, Bit>,
    /// See there.
    pub mw_ready: Signal<In, Bit>,
    /// See there.
    pub irq_vector: Signal<Out, Bits<6>>,
    /// See there.
    pub irq_valid: Signal<Out, Bit>,
    /// See there.
    pub irq_ready: Signal<In, Bit>,
    /// See there.
    pub busy: Signal<Out, Bit>,

    arrivals: Slice<32>,
    departures: Slice<32>,
    sender: Shifter<S>,
    widths: Widths<W>,
    requests: Buffer<85>,
    interrupts: Buffer<6>,

    // What leaves: the kind of the frame that comes next, 0 for none yet.
    chosen: DFF<Bits<3>>,
    // Accesses: 0 none, 1 to be sent, 2 under way, 3 answered.
    write_state: DFF<Bits<2>>,
    write_address: DFF<Bits<16>>,
    write_value: DFF<Bits<32>>,
    write_strobes: DFF<Bits<4>>,
    write_response: DFF<Bits<2>>,
    read_state: DFF<Bits<2>>,
    read_address: DFF<Bits<16>>,
    read_value: DFF<Bits<32>>,
    read_response: DFF<Bits<2>>,
    // A reset: 0 none, 1 to be sent, 2 under way.
    flr_state: DFF<Bits<2>>,
    rq_taken: DFF<Bits<3>>,
    irq_taken: DFF<Bits<3>>,

    // What arrives: the header, how many words of the frame came after it, and of a write how many are left.
    header: DFF<Bits<32>>,
    step: DFF<Bits<2>>,
    low: DFF<Bits<32>>,
    high: DFF<Bits<32>>,
    data_left: DFF<Bits<11>>,
    place: DFF<Bits<4>>,
    beat: DFF<Bits<W>>,
    wq_waits: DFF<Bit>,
    wd_waits: DFF<Bit>,
    wd_ends: DFF<Bit>,
    mw_waits: DFF<Bit>,
    mw_high: DFF<Bits<32>>,
    card_busy: DFF<Bit>,

    word: Signal<Local, Bits<32>>,
    blocked: Signal<Local, Bit>,
    take: Signal<Local, Bit>,
    kind: Signal<Local, Bits<4>>,
    ends: Signal<Local, Bit>,
    words64: Signal<Local, Bits<64>>,
    low64: Signal<Local, Bits<64>>,
    request: Signal<Local, Bits<85>>,
    request_part: Signal<Local, Bits<85>>,
    word_wide: Signal<Local, Bits<W>>,
    amount: Signal<Local, Bits<9>>,
    next_place: Signal<Local, Bits<4>>,
    go: Signal<Local, Bit>,
    number: Signal<Local, Bits<32>>,
    field: Signal<Local, Bits<32>>,
    head: Signal<Local, Bits<32>>,
    follows: Signal<Local, Bits<S>>,
    head_wide: Signal<Local, Bits<S>>,
    credits_go: Signal<Local, Bit>,
    rq_kept: Signal<Local, Bits<3>>,
    irq_kept: Signal<Local, Bits<3>>,
}

impl<const W: usize, const S: usize> Logic for HostEnd<W, S> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            chosen,
            write_state,
            write_address,
            write_value,
            write_strobes,
            write_response,
            read_state,
            read_address,
            read_value,
            read_response,
            flr_state,
            rq_taken,
            irq_taken,
            header,
            step,
            low,
            high,
            data_left,
            place,
            beat,
            wq_waits,
            wd_waits,
            wd_ends,
            mw_waits,
            mw_high,
            card_busy
        );
        clock!(self, clock, arrivals, departures, sender, requests, interrupts);
        self.arrivals.clear.next = false;
        self.departures.clear.next = false;
        self.arrivals.in_data.next = self.link_in_data.val();
        self.arrivals.in_valid.next = self.link_in_valid.val();
        self.link_in_ready.next = self.arrivals.in_ready.val();
        self.departures.in_data.next = self.sender.out_data.val();
        self.departures.in_valid.next = self.sender.out_valid.val();
        self.sender.out_ready.next = self.departures.in_ready.val();
        self.link_out_data.next = self.departures.out_data.val();
        self.link_out_valid.next = self.departures.out_valid.val();
        self.departures.out_ready.next = self.link_out_ready.val();

        // What leaves.
        self.s_awready.next = false;
        self.s_wready.next = false;
        self.s_arready.next = false;
        if (self.write_state.q.val() == 0) && self.s_awvalid.val() && self.s_wvalid.val() {
            self.s_awready.next = true;
            self.s_wready.next = true;
            self.write_address.d.next = self.s_awaddr.val();
            self.write_value.d.next = self.s_wdata.val();
            self.write_strobes.d.next = self.s_wstrb.val();
            self.write_state.d.next = 1.into();
        }
        if (self.read_state.q.val() == 0) && self.s_arvalid.val() {
            self.s_arready.next = true;
            self.read_address.d.next = self.s_araddr.val();
            self.read_state.d.next = 1.into();
        }
        self.s_bvalid.next = self.write_state.q.val() == 3;
        self.s_bresp.next = self.write_response.q.val();
        if (self.write_state.q.val() == 3) && self.s_bready.val() {
            self.write_state.d.next = 0.into();
        }
        self.s_rvalid.next = self.read_state.q.val() == 3;
        self.s_rdata.next = self.read_value.q.val();
        self.s_rresp.next = self.read_response.q.val();
        if (self.read_state.q.val() == 3) && self.s_rready.val() {
            self.read_state.d.next = 0.into();
        }
        self.go.next = self.sender.free.val() && (self.chosen.q.val() != 0);
        self.sender.load.next = self.go.val();
        if self.chosen.q.val() == 0 {
            if self.flr_state.q.val() == 1 {
                self.chosen.d.next = 5.into();
            } else if (self.rq_taken.q.val() != 0) || (self.irq_taken.q.val() != 0) {
                self.chosen.d.next = 4.into();
            } else if self.write_state.q.val() == 1 {
                self.chosen.d.next = 1.into();
            } else if self.read_state.q.val() == 1 {
                self.chosen.d.next = 2.into();
            } else if self.rc_valid.val() {
                self.chosen.d.next = 3.into();
            }
        }
        if self.go.val() {
            self.chosen.d.next = 0.into();
        }
        self.number.next = 0.into();
        self.field.next = 0.into();
        self.follows.next = 0.into();
        self.sender.words.next = 1.into();
        self.rc_ready.next = false;
        self.credits_go.next = false;
        if self.chosen.q.val() == 1 {
            self.number.next = bit_cast::<32, 4>(self.write_strobes.q.val());
            self.field.next = bit_cast::<32, 16>(self.write_address.q.val());
            self.follows.next = bit_cast::<S, 32>(self.write_value.q.val());
            self.sender.words.next = 2.into();
            if self.go.val() {
                self.write_state.d.next = 2.into();
            }
        }
        if self.chosen.q.val() == 2 {
            self.field.next = bit_cast::<32, 16>(self.read_address.q.val());
            if self.go.val() {
                self.read_state.d.next = 2.into();
            }
        }
        if self.chosen.q.val() == 3 {
            self.number.next = bit_cast::<32, TAG_BITS>(self.rc_tag.val());
            if self.rc_last.val() {
                self.field.next = 1.into();
            }
            if self.rc_error.val() {
                self.field.next = self.field.val() | bits::<32>(2);
            } else {
                self.sender.words.next = self.widths.words.val() + 1;
            }
            self.follows.next = bit_cast::<S, W>(self.rc_data.val());
            self.rc_ready.next = self.go.val();
        }
        if self.chosen.q.val() == 4 {
            self.number.next = bit_cast::<32, 3>(self.rq_taken.q.val());
            self.field.next = bit_cast::<32, 3>(self.irq_taken.q.val());
            self.credits_go.next = self.go.val();
        }
        if self.chosen.q.val() == 5 {
            if self.go.val() {
                self.flr_state.d.next = 2.into();
            }
        }
        self.head.next = bit_cast::<32, 3>(self.chosen.q.val());
        self.number.next = self.number.val() << 8;
        self.field.next = self.field.val() << 16;
        self.head.next = self.head.val() | self.number.val() | self.field.val();
        self.head_wide.next = bit_cast::<S, 32>(self.head.val());
        self.follows.next = self.follows.val() << 32;
        self.sender.data.next = self.head_wide.val() | self.follows.val();

        // What arrives. Posted writes hold it up until they are taken, so that nothing overtakes them.
        self.wq_valid.next = self.wq_waits.q.val();
        self.wd_valid.next = self.wd_waits.q.val();
        self.wd_data.next = self.beat.q.val();
        self.wd_last.next = self.wd_ends.q.val();
        self.mw_valid.next = self.mw_waits.q.val();
        self.blocked.next = (self.wq_waits.q.val() && !self.wq_ready.val())
            || (self.wd_waits.q.val() && !self.wd_ready.val())
            || (self.mw_waits.q.val() && !self.mw_ready.val());
        if self.wq_ready.val() {
            self.wq_waits.d.next = false;
        }
        if self.wd_ready.val() {
            self.wd_waits.d.next = false;
        }
        if self.mw_ready.val() {
            self.mw_waits.d.next = false;
        }
        self.word.next = self.arrivals.out_data.val();
        self.take.next = self.arrivals.out_valid.val() && !self.blocked.val();
        self.arrivals.out_ready.next = !self.blocked.val();
        self.kind.next = self.header.q.val().get_bits::<4>(0);
        self.low64.next = bit_cast::<64, 32>(self.low.q.val());
        self.words64.next = bit_cast::<64, 32>(self.word.val());
        self.words64.next = self.words64.val() << 32;
        self.words64.next = self.words64.val() | self.low64.val();
        self.request.next = bit_cast::<85, 64>(self.words64.val());
        self.request_part.next = bit_cast::<85, 13>(self.header.q.val().get_bits::<13>(16));
        self.request_part.next = self.request_part.val() << 64;
        self.request.next = self.request.val() | self.request_part.val();
        self.request_part.next = bit_cast::<85, 8>(self.header.q.val().get_bits::<8>(8));
        self.request_part.next = self.request_part.val() << 77;
        self.requests.clear.next = false;
        self.interrupts.clear.next = false;
        self.requests.in_data.next = self.request.val() | self.request_part.val();
        self.requests.in_valid.next = false;
        self.interrupts.in_data.next = self.word.val().get_bits::<6>(8);
        self.interrupts.in_valid.next = false;
        self.word_wide.next = bit_cast::<W, 32>(self.word.val());
        self.amount.next = bit_cast::<9, 4>(self.place.q.val());
        self.amount.next = self.amount.val() << 5;
        self.word_wide.next = self.word_wide.val() << self.amount.val();
        self.next_place.next = self.place.q.val() + 1;
        self.ends.next = self.data_left.q.val() == 1;
        if self.take.val() && (self.step.q.val() == 0) {
            self.header.d.next = self.word.val();
            self.kind.next = self.word.val().get_bits::<4>(0);
            if self.kind.val() == 1 {
                self.write_response.d.next = self.word.val().get_bits::<2>(8);
                self.write_state.d.next = 3.into();
            }
            if (self.kind.val() >= bits::<4>(2)) && (self.kind.val() <= bits::<4>(5)) {
                self.step.d.next = 1.into();
            }
            self.interrupts.in_valid.next = self.kind.val() == 6;
            if self.kind.val() == 7 {
                self.card_busy.d.next = self.word.val().get_bit(16);
                if self.word.val().get_bit(17) && (self.flr_state.q.val() == 2) {
                    self.flr_state.d.next = 0.into();
                }
            }
        }
        if self.take.val() && (self.step.q.val() == 1) {
            self.low.d.next = self.word.val();
            self.step.d.next = 2.into();
            if self.kind.val() == 2 {
                self.read_response.d.next = self.header.q.val().get_bits::<2>(8);
                self.read_value.d.next = self.word.val();
                self.read_state.d.next = 3.into();
                self.step.d.next = 0.into();
            }
        }
        if self.take.val() && (self.step.q.val() == 2) {
            self.high.d.next = self.word.val();
            self.step.d.next = 3.into();
            if self.kind.val() == 3 {
                self.requests.in_valid.next = true;
                self.step.d.next = 0.into();
            }
            if self.kind.val() == 4 {
                self.wq_waits.d.next = true;
                self.data_left.d.next = self.header.q.val().get_bits::<11>(18);
                self.place.d.next = 0.into();
            }
        }
        if self.take.val() && (self.step.q.val() == 3) {
            if self.kind.val() == 5 {
                self.mw_high.d.next = self.word.val();
                self.mw_waits.d.next = true;
                self.step.d.next = 0.into();
            } else {
                self.beat.d.next = self.beat.q.val() | self.word_wide.val();
                if self.place.q.val() == 0 {
                    self.beat.d.next = self.word_wide.val();
                }
                self.place.d.next = self.next_place.val();
                self.data_left.d.next = self.data_left.q.val() - 1;
                if self.ends.val() || (self.next_place.val() == self.widths.words.val()) {
                    self.wd_waits.d.next = true;
                    self.wd_ends.d.next = self.ends.val();
                    self.place.d.next = 0.into();
                }
                if self.ends.val() {
                    self.step.d.next = 0.into();
                }
            }
        }
        self.wq_address.next = bit_cast::<64, 32>(self.high.q.val());
        self.wq_address.next = self.wq_address.val() << 32;
        self.wq_address.next = self.wq_address.val() | self.low64.val();
        self.wq_bytes.next = self.header.q.val().get_bits::<13>(16);
        self.mw_address.next = bit_cast::<48, 16>(self.header.q.val().get_bits::<16>(16));
        self.mw_address.next = self.mw_address.val() << 32;
        self.mw_address.next = self.mw_address.val() | bit_cast::<48, 32>(self.low.q.val());
        self.mw_data.next = bit_cast::<64, 32>(self.mw_high.q.val());
        self.mw_data.next = self.mw_data.val() << 32;
        self.mw_data.next = self.mw_data.val() | bit_cast::<64, 32>(self.high.q.val());

        // What has no order waits here; each that is taken gives its credit back.
        self.rq_address.next = self.requests.out_data.val().get_bits::<64>(0);
        self.rq_bytes.next = self.requests.out_data.val().get_bits::<13>(64);
        self.rq_tag.next = self.requests.out_data.val().get_bits::<TAG_BITS>(77);
        self.rq_valid.next = self.requests.out_valid.val();
        self.requests.out_ready.next = self.rq_ready.val();
        self.irq_vector.next = self.interrupts.out_data.val();
        self.irq_valid.next = self.interrupts.out_valid.val();
        self.interrupts.out_ready.next = self.irq_ready.val();
        self.rq_kept.next = self.rq_taken.q.val();
        self.irq_kept.next = self.irq_taken.q.val();
        if self.credits_go.val() {
            self.rq_kept.next = 0.into();
            self.irq_kept.next = 0.into();
        }
        self.rq_taken.d.next = self.rq_kept.val();
        if self.requests.out_valid.val() && self.rq_ready.val() {
            self.rq_taken.d.next = self.rq_kept.val() + 1;
        }
        self.irq_taken.d.next = self.irq_kept.val();
        if self.interrupts.out_valid.val() && self.irq_ready.val() {
            self.irq_taken.d.next = self.irq_kept.val() + 1;
        }
        if self.flr.val() {
            self.flr_state.d.next = 1.into();
        }
        self.busy.next = self.card_busy.q.val()
            || (self.flr_state.q.val() != 0)
            || (self.write_state.q.val() != 0)
            || (self.read_state.q.val() != 0)
            || (self.rq_taken.q.val() != 0)
            || (self.irq_taken.q.val() != 0)
            || (self.step.q.val() != 0)
            || (self.chosen.q.val() != 0)
            || self.wq_waits.q.val()
            || self.wd_waits.q.val()
            || self.mw_waits.q.val()
            || self.arrivals.out_valid.val()
            || self.departures.out_valid.val()
            || self.sender.out_valid.val()
            || self.requests.out_valid.val()
            || self.interrupts.out_valid.val();
    }
}
