//! The card's end of the bridge.

use super::TAG_BITS;
use super::shifter::Shifter;
use super::widths::Widths;
use crate::stream::slice::Slice;
use rust_hdl::prelude::*;

/// Drives the card's pins from the frames of one link, and sends what the card offers as frames on the other.
///
/// `W` is the width of the card's streams, `S` the larger of it and 128. The ports are named as at the card,
/// with the directions that face it.
#[derive(LogicBlock, Default)]
pub struct CardEnd<const W: usize, const S: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// From the host: a word.
    pub link_in_data: Signal<In, Bits<32>>,
    /// It is there.
    pub link_in_valid: Signal<In, Bit>,
    /// It is taken.
    pub link_in_ready: Signal<Out, Bit>,
    /// To the host: a word.
    pub link_out_data: Signal<Out, Bits<32>>,
    /// It is there.
    pub link_out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub link_out_ready: Signal<In, Bit>,

    /// See [`crate::shell::top::Card`], also for all that follow.
    pub flr: Signal<Out, Bit>,
    /// See there.
    pub s_awaddr: Signal<Out, Bits<16>>,
    /// See there.
    pub s_awvalid: Signal<Out, Bit>,
    /// See there.
    pub s_awready: Signal<In, Bit>,
    /// See there.
    pub s_wdata: Signal<Out, Bits<32>>,
    /// See there.
    pub s_wstrb: Signal<Out, Bits<4>>,
    /// See there.
    pub s_wvalid: Signal<Out, Bit>,
    /// See there.
    pub s_wready: Signal<In, Bit>,
    /// See there.
    pub s_bresp: Signal<In, Bits<2>>,
    /// See there.
    pub s_bvalid: Signal<In, Bit>,
    /// See there.
    pub s_bready: Signal<Out, Bit>,
    /// See there.
    pub s_araddr: Signal<Out, Bits<16>>,
    /// See there.
    pub s_arvalid: Signal<Out, Bit>,
    /// See there.
    pub s_arready: Signal<In, Bit>,
    /// See there.
    pub s_rdata: Signal<In, Bits<32>>,
    /// See there.
    pub s_rresp: Signal<In, Bits<2>>,
    /// See there.
    pub s_rvalid: Signal<In, Bit>,
    /// See there.
    pub s_rready: Signal<Out, Bit>,
    /// See there.
    pub rq_address: Signal<In, Bits<64>>,
    /// See there.
    pub rq_bytes: Signal<In, Bits<13>>,
    /// See there.
    pub rq_tag: Signal<In, Bits<TAG_BITS>>,
    /// See there.
    pub rq_valid: Signal<In, Bit>,
    /// See there.
    pub rq_ready: Signal<Out, Bit>,
    /// See there.
    pub rc_data: Signal<Out, Bits<W>>,
    /// See there.
    pub rc_tag: Signal<Out, Bits<TAG_BITS>>,
    /// See there.
    pub rc_last: Signal<Out, Bit>,
    /// See there.
    pub rc_error: Signal<Out, Bit>,
    /// See there.
    pub rc_valid: Signal<Out, Bit>,
    /// See there.
    pub rc_ready: Signal<In, Bit>,
    /// See there.
    pub wq_address: Signal<In, Bits<64>>,
    /// See there.
    pub wq_bytes: Signal<In, Bits<13>>,
    /// See there.
    pub wq_valid: Signal<In, Bit>,
    /// See there.
    pub wq_ready: Signal<Out, Bit>,
    /// See there.
    pub wd_data: Signal<In, Bits<W>>,
    /// See there.
    pub wd_valid: Signal<In, Bit>,
    /// See there.
    pub wd_ready: Signal<Out, Bit>,
    /// See there.
    pub mw_address: Signal<In, Bits<48>>,
    /// See there.
    pub mw_data: Signal<In, Bits<64>>,
    /// See there.
    pub mw_valid: Signal<In, Bit>,
    /// See there.
    pub mw_ready: Signal<Out, Bit>,
    /// See there.
    pub irq_vector: Signal<In, Bits<6>>,
    /// See there.
    pub irq_valid: Signal<In, Bit>,
    /// See there.
    pub irq_ready: Signal<Out, Bit>,
    /// See there.
    pub busy: Signal<In, Bit>,

    arrivals: Slice<32>,
    departures: Slice<32>,
    sender: Shifter<S>,
    memory: Slice<112>,
    widths: Widths<W>,

    // What arrives. Words left of a frame, and whether they are a beat of read data.
    left: DFF<Bits<4>>,
    is_beat: DFF<Bit>,
    write_address: DFF<Bits<16>>,
    write_strobes: DFF<Bits<4>>,
    write_value: DFF<Bits<32>>,
    read_address: DFF<Bits<16>>,
    aw_waits: DFF<Bit>,
    w_waits: DFF<Bit>,
    ar_waits: DFF<Bit>,
    beat: DFF<Bits<W>>,
    beat_tag: DFF<Bits<TAG_BITS>>,
    beat_last: DFF<Bit>,
    beat_error: DFF<Bit>,
    beat_waits: DFF<Bit>,
    flr_now: DFF<Bit>,
    // Requests and interrupts that the host's FIFOs may hold: sent, and no credit came back.
    rq_sent: DFF<Bits<3>>,
    irq_sent: DFF<Bits<3>>,

    // What leaves: the kind of the frame that comes next, 0 for none yet, 8 for the data of a write.
    chosen: DFF<Bits<4>>,
    write_left: DFF<Bits<11>>,
    // What the host believes of `busy`, and whether it waits for the answer to a reset.
    told: DFF<Bit>,
    busy_seen: DFF<Bit>,
    flr_answer: DFF<Bit>,

    word: Signal<Local, Bits<32>>,
    blocked: Signal<Local, Bit>,
    take: Signal<Local, Bit>,
    memory_word: Signal<Local, Bits<112>>,
    word_wide: Signal<Local, Bits<W>>,
    beat_rest: Signal<Local, Bits<W>>,
    rq_back: Signal<Local, Bits<3>>,
    irq_back: Signal<Local, Bits<3>>,
    rq_left: Signal<Local, Bits<3>>,
    irq_left: Signal<Local, Bits<3>>,
    rq_goes: Signal<Local, Bit>,
    irq_goes: Signal<Local, Bit>,
    rises: Signal<Local, Bit>,
    go: Signal<Local, Bit>,
    loads: Signal<Local, Bit>,
    kind: Signal<Local, Bits<32>>,
    number: Signal<Local, Bits<32>>,
    field: Signal<Local, Bits<32>>,
    header: Signal<Local, Bits<S>>,
    follows: Signal<Local, Bits<S>>,
    beat_words: Signal<Local, Bits<11>>,
    last_beat: Signal<Local, Bit>,
}

impl<const W: usize, const S: usize> Logic for CardEnd<W, S> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            left,
            is_beat,
            write_address,
            write_strobes,
            write_value,
            read_address,
            aw_waits,
            w_waits,
            ar_waits,
            beat,
            beat_tag,
            beat_last,
            beat_error,
            beat_waits,
            flr_now,
            rq_sent,
            irq_sent,
            chosen,
            write_left,
            told,
            busy_seen,
            flr_answer
        );
        clock!(self, clock, arrivals, departures, sender, memory);
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

        // What arrives. Only a beat that the card has not taken yet holds it up.
        self.word.next = self.arrivals.out_data.val();
        self.blocked.next = self.beat_waits.q.val() && !self.rc_ready.val();
        self.take.next = self.arrivals.out_valid.val() && !self.blocked.val();
        self.arrivals.out_ready.next = !self.blocked.val();
        self.word_wide.next = bit_cast::<W, 32>(self.word.val());
        self.word_wide.next = self.word_wide.val() << self.widths.top.val();
        self.beat_rest.next = self.beat.q.val() >> 32;
        self.rq_back.next = 0.into();
        self.irq_back.next = 0.into();
        self.flr_now.d.next = false;
        if self.s_awready.val() {
            self.aw_waits.d.next = false;
        }
        if self.s_wready.val() {
            self.w_waits.d.next = false;
        }
        if self.s_arready.val() {
            self.ar_waits.d.next = false;
        }
        if self.rc_ready.val() {
            self.beat_waits.d.next = false;
        }
        if self.take.val() {
            if self.left.q.val() == 0 {
                self.is_beat.d.next = false;
                if self.word.val().get_bits::<4>(0) == 1 {
                    self.write_strobes.d.next = self.word.val().get_bits::<4>(8);
                    self.write_address.d.next = self.word.val().get_bits::<16>(16);
                    self.left.d.next = 1.into();
                }
                if self.word.val().get_bits::<4>(0) == 2 {
                    self.read_address.d.next = self.word.val().get_bits::<16>(16);
                    self.ar_waits.d.next = true;
                }
                if self.word.val().get_bits::<4>(0) == 3 {
                    self.beat_tag.d.next = self.word.val().get_bits::<TAG_BITS>(8);
                    self.beat_last.d.next = self.word.val().get_bit(16);
                    self.beat_error.d.next = self.word.val().get_bit(17);
                    if self.word.val().get_bit(17) {
                        self.beat_waits.d.next = true;
                    } else {
                        self.is_beat.d.next = true;
                        self.left.d.next = self.widths.words.val();
                    }
                }
                if self.word.val().get_bits::<4>(0) == 4 {
                    self.rq_back.next = self.word.val().get_bits::<3>(8);
                    self.irq_back.next = self.word.val().get_bits::<3>(16);
                }
                if self.word.val().get_bits::<4>(0) == 5 {
                    self.flr_now.d.next = true;
                }
            } else {
                self.left.d.next = self.left.q.val() - 1;
                if self.is_beat.q.val() {
                    self.beat.d.next = self.beat_rest.val() | self.word_wide.val();
                    self.beat_waits.d.next = self.left.q.val() == 1;
                } else {
                    self.write_value.d.next = self.word.val();
                    self.aw_waits.d.next = true;
                    self.w_waits.d.next = true;
                }
            }
        }
        self.flr.next = self.flr_now.q.val();
        self.s_awaddr.next = self.write_address.q.val();
        self.s_awvalid.next = self.aw_waits.q.val();
        self.s_wdata.next = self.write_value.q.val();
        self.s_wstrb.next = self.write_strobes.q.val();
        self.s_wvalid.next = self.w_waits.q.val();
        self.s_araddr.next = self.read_address.q.val();
        self.s_arvalid.next = self.ar_waits.q.val();
        self.rc_data.next = self.beat.q.val();
        self.rc_tag.next = self.beat_tag.q.val();
        self.rc_last.next = self.beat_last.q.val();
        self.rc_error.next = self.beat_error.q.val();
        self.rc_valid.next = self.beat_waits.q.val();

        // What leaves: a frame is chosen while the one before it is sent. Each that goes first is bounded, by
        // what is under way or by credit, so that the last is not kept waiting.
        self.busy_seen.d.next = self.busy.val();
        self.memory.clear.next = false;
        self.memory_word.next = bit_cast::<112, 48>(self.mw_address.val());
        self.memory_word.next = self.memory_word.val() << 64;
        self.memory.in_data.next = self.memory_word.val() | bit_cast::<112, 64>(self.mw_data.val());
        self.memory.in_valid.next = self.mw_valid.val();
        self.mw_ready.next = self.memory.in_ready.val();
        self.memory.out_ready.next = false;
        self.rises.next = self.busy_seen.q.val() && !self.told.q.val();
        self.go.next = self.sender.free.val() && (self.chosen.q.val() != 0);
        self.loads.next = self.go.val();
        if self.chosen.q.val() == 0 {
            if self.rises.val() || self.flr_answer.q.val() {
                self.chosen.d.next = 7.into();
            } else if self.s_bvalid.val() {
                self.chosen.d.next = 1.into();
            } else if self.s_rvalid.val() {
                self.chosen.d.next = 2.into();
            } else if self.irq_valid.val() && !self.irq_sent.q.val().get_bit(2) {
                self.chosen.d.next = 6.into();
            } else if self.rq_valid.val() && !self.rq_sent.q.val().get_bit(2) {
                self.chosen.d.next = 3.into();
            } else if self.wq_valid.val() {
                self.chosen.d.next = 4.into();
            } else if self.memory.out_valid.val() {
                self.chosen.d.next = 5.into();
            } else if self.told.q.val() && !self.busy_seen.q.val() {
                self.chosen.d.next = 7.into();
            }
        }
        if self.go.val() {
            self.chosen.d.next = 0.into();
        }
        self.kind.next = bit_cast::<32, 4>(self.chosen.q.val());
        self.number.next = 0.into();
        self.field.next = 0.into();
        self.follows.next = 0.into();
        self.sender.words.next = 1.into();
        self.s_bready.next = false;
        self.s_rready.next = false;
        self.irq_ready.next = false;
        self.rq_ready.next = false;
        self.wq_ready.next = false;
        self.wd_ready.next = false;
        self.rq_goes.next = false;
        self.irq_goes.next = false;
        if self.chosen.q.val() == 1 {
            self.number.next = bit_cast::<32, 2>(self.s_bresp.val());
            self.s_bready.next = self.go.val();
        }
        if self.chosen.q.val() == 2 {
            self.number.next = bit_cast::<32, 2>(self.s_rresp.val());
            self.follows.next = bit_cast::<S, 32>(self.s_rdata.val());
            self.sender.words.next = 2.into();
            self.s_rready.next = self.go.val();
        }
        if self.chosen.q.val() == 3 {
            self.number.next = bit_cast::<32, TAG_BITS>(self.rq_tag.val());
            self.field.next = bit_cast::<32, 13>(self.rq_bytes.val());
            self.follows.next = bit_cast::<S, 64>(self.rq_address.val());
            self.sender.words.next = 3.into();
            self.rq_ready.next = self.go.val();
            self.rq_goes.next = self.go.val();
        }
        if self.chosen.q.val() == 4 {
            self.field.next = bit_cast::<32, 13>(self.wq_bytes.val());
            self.follows.next = bit_cast::<S, 64>(self.wq_address.val());
            self.sender.words.next = 3.into();
            self.wq_ready.next = self.go.val();
            self.write_left.d.next = self.wq_bytes.val().get_bits::<11>(2);
            if self.go.val() {
                self.chosen.d.next = 8.into();
            }
        }
        if self.chosen.q.val() == 5 {
            self.field.next = bit_cast::<32, 16>(self.memory.out_data.val().get_bits::<16>(96));
            self.follows.next = bit_cast::<S, 64>(self.memory.out_data.val().get_bits::<64>(0));
            self.follows.next = self.follows.val() << 32;
            self.follows.next =
                self.follows.val() | bit_cast::<S, 32>(self.memory.out_data.val().get_bits::<32>(64));
            self.sender.words.next = 4.into();
            self.memory.out_ready.next = self.go.val();
        }
        if self.chosen.q.val() == 6 {
            self.number.next = bit_cast::<32, 6>(self.irq_vector.val());
            self.irq_ready.next = self.go.val();
            self.irq_goes.next = self.go.val();
        }
        if self.chosen.q.val() == 7 {
            if self.busy_seen.q.val() {
                self.field.next = 1.into();
            }
            if self.flr_answer.q.val() {
                self.field.next = self.field.val() | bits::<32>(2);
            }
            if self.go.val() {
                self.told.d.next = self.busy_seen.q.val();
                self.flr_answer.d.next = false;
            }
        }
        if self.flr_now.q.val() {
            self.flr_answer.d.next = true;
        }
        self.number.next = self.number.val() << 8;
        self.field.next = self.field.val() << 16;
        self.kind.next = self.kind.val() | self.number.val() | self.field.val();
        self.header.next = bit_cast::<S, 32>(self.kind.val());
        self.follows.next = self.follows.val() << 32;
        self.sender.data.next = self.header.val() | self.follows.val();
        // The data of a write, beat by beat.
        self.beat_words.next = bit_cast::<11, 4>(self.widths.words.val());
        self.last_beat.next = self.write_left.q.val() <= self.beat_words.val();
        if self.chosen.q.val() == 8 {
            self.loads.next = self.go.val() && self.wd_valid.val();
            self.wd_ready.next = self.sender.free.val();
            self.sender.data.next = bit_cast::<S, W>(self.wd_data.val());
            self.sender.words.next = self.widths.words.val();
            if self.last_beat.val() {
                self.sender.words.next = self.write_left.q.val().get_bits::<4>(0);
            }
            self.chosen.d.next = 8.into();
            if self.loads.val() {
                self.write_left.d.next = self.write_left.q.val() - self.beat_words.val();
                if self.last_beat.val() {
                    self.chosen.d.next = 0.into();
                }
            }
        }
        self.sender.load.next = self.loads.val();
        self.rq_left.next = self.rq_sent.q.val() - self.rq_back.val();
        self.rq_sent.d.next = self.rq_left.val();
        if self.rq_goes.val() {
            self.rq_sent.d.next = self.rq_left.val() + 1;
        }
        self.irq_left.next = self.irq_sent.q.val() - self.irq_back.val();
        self.irq_sent.d.next = self.irq_left.val();
        if self.irq_goes.val() {
            self.irq_sent.d.next = self.irq_left.val() + 1;
        }
    }
}
