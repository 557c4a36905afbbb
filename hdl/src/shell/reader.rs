//! The DMA read engine: sixteen tags, completions in any order, data in the order of requests.

use rust_hdl::prelude::*;

/// Sends each request under a free tag and gives its words in the order of requests.
///
/// A tag owns 512 bytes of a buffer, so that completions may interleave. It is *used* from its request until
/// its words have been handed on, and *outstanding* until its last or error beat. One that is not answered in
/// `timeout` cycles gives an error and stays outstanding: it is not used again before its late beat, or
/// `clear`. When all sixteen are lost like that, `dead` rises.
#[derive(LogicBlock, Default)]
pub struct Reader {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets all tags and data (the end of a reset).
    pub clear: Signal<In, Bit>,
    /// Cycles until the oldest unanswered tag counts as lost.
    pub timeout: Signal<In, Bits<32>>,
    /// A request waits.
    pub req_valid: Signal<In, Bit>,
    /// It is taken in this cycle.
    pub req_ready: Signal<Out, Bit>,
    /// First byte, a multiple of 8.
    pub req_address: Signal<In, Bits<64>>,
    /// Bytes, 0 to 512, not across a multiple of 512.
    pub req_bytes: Signal<In, Bits<10>>,
    /// Handed through to `out_kind`.
    pub req_kind: Signal<In, Bits<2>>,
    /// Handed through to `out_end`.
    pub req_last: Signal<In, Bit>,
    /// DMA read request.
    pub rq_address: Signal<Out, Bits<64>>,
    /// Its bytes, a multiple of 8.
    pub rq_bytes: Signal<Out, Bits<13>>,
    /// Its tag.
    pub rq_tag: Signal<Out, Bits<4>>,
    /// It waits.
    pub rq_valid: Signal<Out, Bit>,
    /// It is taken.
    pub rq_ready: Signal<In, Bit>,
    /// DMA read completion: one word.
    pub rc_data: Signal<In, Bits<64>>,
    /// Its tag.
    pub rc_tag: Signal<In, Bits<4>>,
    /// The tag's last word.
    pub rc_last: Signal<In, Bit>,
    /// No word: the tag failed.
    pub rc_error: Signal<In, Bit>,
    /// A completion waits.
    pub rc_valid: Signal<In, Bit>,
    /// It is taken: always.
    pub rc_ready: Signal<Out, Bit>,
    /// A word, in the order of requests.
    pub out_data: Signal<Out, Bits<64>>,
    /// How many of its bytes count, 0 to 8.
    pub out_bytes: Signal<Out, Bits<4>>,
    /// The request's kind.
    pub out_kind: Signal<Out, Bits<2>>,
    /// The last word of a request with `req_last`.
    pub out_end: Signal<Out, Bit>,
    /// No word: the request failed.
    pub out_error: Signal<Out, Bit>,
    /// A word waits.
    pub out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub out_ready: Signal<In, Bit>,
    /// No request whose words were not handed on.
    pub empty: Signal<Out, Bit>,
    /// No tag is outstanding, no request waits.
    pub quiet: Signal<Out, Bit>,
    /// Every tag is lost.
    pub dead: Signal<Out, Bit>,

    buffer: RAM<Bits<64>, 10>,
    order: RAM<Bits<18>, 4>,
    count: [DFF<Bits<7>>; 16],
    used: DFF<Bits<16>>,
    outstanding: DFF<Bits<16>>,
    done: DFF<Bits<16>>,
    failed: DFF<Bits<16>>,
    next_tag: DFF<Bits<4>>,
    head: DFF<Bits<5>>,
    tail: DFF<Bits<5>>,
    tail_seen: DFF<Bits<5>>,
    streaming: DFF<Bit>,
    tag: DFF<Bits<4>>,
    beat: DFF<Bits<6>>,
    left: DFF<Bits<10>>,
    kind: DFF<Bits<2>>,
    last: DFF<Bit>,
    error: DFF<Bit>,
    timer: DFF<Bits<32>>,
    rq_pending: DFF<Bit>,
    rq_address_reg: DFF<Bits<64>>,
    rq_bytes_reg: DFF<Bits<13>>,
    rq_tag_reg: DFF<Bits<4>>,

    one: Signal<Local, Bits<16>>,
    next_mask: Signal<Local, Bits<16>>,
    rc_mask: Signal<Local, Bits<16>>,
    tag_mask: Signal<Local, Bits<16>>,
    order_tag: Signal<Local, Bits<4>>,
    order_mask: Signal<Local, Bits<16>>,
    blocked: Signal<Local, Bits<16>>,
    lost: Signal<Local, Bits<16>>,
    not_used: Signal<Local, Bits<16>>,
    is_free: Signal<Local, Bit>,
    accept: Signal<Local, Bit>,
    is_empty_request: Signal<Local, Bit>,
    rounded: Signal<Local, Bits<10>>,
    rc_fire: Signal<Local, Bit>,
    rc_place: Signal<Local, Bits<7>>,
    waiting: Signal<Local, Bit>,
    timed_out: Signal<Local, Bit>,
    fire: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    inverse: Signal<Local, Bits<16>>,
    order_entry: Signal<Local, Bits<18>>,
    tag_wide: Signal<Local, Bits<10>>,
    place_wide: Signal<Local, Bits<10>>,
    beat_wide: Signal<Local, Bits<10>>,
    bytes_wide: Signal<Local, Bits<18>>,
    kind_wide: Signal<Local, Bits<18>>,
    used_n: Signal<Local, Bits<16>>,
    outstanding_n: Signal<Local, Bits<16>>,
    done_n: Signal<Local, Bits<16>>,
    failed_n: Signal<Local, Bits<16>>,
    head_n: Signal<Local, Bits<5>>,
    tag_n: Signal<Local, Bits<4>>,
    beat_n: Signal<Local, Bits<6>>,
}

impl Logic for Reader {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            used,
            outstanding,
            done,
            failed,
            next_tag,
            head,
            tail,
            tail_seen,
            streaming,
            tag,
            beat,
            left,
            kind,
            last,
            error,
            timer,
            rq_pending,
            rq_address_reg,
            rq_bytes_reg,
            rq_tag_reg
        );
        // What the registers will hold: a `d` cannot be read back.
        self.used_n.next = self.used.q.val();
        self.outstanding_n.next = self.outstanding.q.val();
        self.done_n.next = self.done.q.val();
        self.failed_n.next = self.failed.q.val();
        self.head_n.next = self.head.q.val();
        self.tag_n.next = self.tag.q.val();
        self.beat_n.next = self.beat.q.val();
        self.buffer.read_clock.next = self.clock.val();
        self.buffer.write_clock.next = self.clock.val();
        self.order.read_clock.next = self.clock.val();
        self.order.write_clock.next = self.clock.val();
        for i in 0..16 {
            self.count[i].clock.next = self.clock.val();
            self.count[i].d.next = self.count[i].q.val();
        }
        self.one.next = 1.into();
        self.next_mask.next = self.one.val() << self.next_tag.q.val();
        self.rc_mask.next = self.one.val() << self.rc_tag.val();
        self.tag_mask.next = self.one.val() << self.tag.q.val();

        // A request: a free tag, and the register towards the bus is free.
        self.blocked.next = self.used.q.val() | self.outstanding.q.val();
        self.is_free.next = !self.blocked.val().get_bit(self.next_tag.q.val().index());
        self.is_empty_request.next = self.req_bytes.val() == 0;
        self.accept.next = self.req_valid.val() && self.is_free.val() && !self.rq_pending.q.val();
        self.req_ready.next = self.is_free.val() && !self.rq_pending.q.val();
        self.rounded.next = self.req_bytes.val() + 7;
        // tag | bytes << 4 | kind << 14 | last << 16 | empty << 17
        self.order_entry.next = bit_cast::<18, 4>(self.next_tag.q.val());
        self.bytes_wide.next = bit_cast::<18, 10>(self.req_bytes.val());
        self.kind_wide.next = bit_cast::<18, 2>(self.req_kind.val());
        self.bytes_wide.next = self.bytes_wide.val() << 4;
        self.kind_wide.next = self.kind_wide.val() << 14;
        self.order_entry.next = self.order_entry.val() | self.bytes_wide.val() | self.kind_wide.val();
        if self.req_last.val() {
            self.order_entry.next = self.order_entry.val() | bits::<18>(0x10000);
        }
        if self.is_empty_request.val() {
            self.order_entry.next = self.order_entry.val() | bits::<18>(0x20000);
        }
        self.order.write_address.next = self.tail.q.val().get_bits::<4>(0);
        self.order.write_data.next = self.order_entry.val();
        self.order.write_enable.next = self.accept.val();
        self.tail_seen.d.next = self.tail.q.val();

        self.rq_valid.next = self.rq_pending.q.val();
        self.rq_address.next = self.rq_address_reg.q.val();
        self.rq_bytes.next = self.rq_bytes_reg.q.val();
        self.rq_tag.next = self.rq_tag_reg.q.val();
        if self.rq_ready.val() {
            self.rq_pending.d.next = false;
        }

        // Completions of outstanding tags; anything else is dropped.
        self.rc_ready.next = true;
        self.rc_fire.next =
            self.rc_valid.val() && self.outstanding.q.val().get_bit(self.rc_tag.val().index());
        self.rc_place.next = 0.into();
        for i in 0..16 {
            if self.rc_tag.val() == i.to_bits() {
                self.rc_place.next = self.count[i].q.val();
                if self.rc_fire.val() && !self.count[i].q.val().get_bit(6) {
                    self.count[i].d.next = self.count[i].q.val() + 1;
                }
            }
        }
        self.place_wide.next = bit_cast::<10, 4>(self.rc_tag.val());
        self.place_wide.next = self.place_wide.val() << 6;
        self.beat_wide.next = bit_cast::<10, 6>(self.rc_place.val().get_bits::<6>(0));
        self.buffer.write_address.next = self.place_wide.val() | self.beat_wide.val();
        self.buffer.write_data.next = self.rc_data.val();
        // A tag of too many words overwrites nothing.
        self.buffer.write_enable.next =
            self.rc_fire.val() && !self.rc_error.val() && !self.rc_place.val().get_bit(6);
        if self.rc_fire.val() && (self.rc_last.val() || self.rc_error.val()) {
            self.inverse.next = !self.rc_mask.val();
            self.outstanding_n.next = self.outstanding.q.val() & self.inverse.val();
            self.done_n.next = self.done.q.val() | self.rc_mask.val();
            if self.rc_error.val() {
                self.failed_n.next = self.failed.q.val() | self.rc_mask.val();
            }
        } else {
            self.inverse.next = !self.rc_mask.val();
        }

        // The oldest request.
        self.order_tag.next = self.order.read_data.val().get_bits::<4>(0);
        self.order_mask.next = self.one.val() << self.order_tag.val();
        self.waiting.next = self.head.q.val() != self.tail_seen.q.val();
        self.timer.d.next = 0.into();
        self.timed_out.next = false;
        self.fire.next = self.streaming.q.val() && self.out_ready.val();
        self.ends.next = self.error.q.val() || (self.left.q.val() <= bits::<10>(8));
        if !self.streaming.q.val() {
            if self.waiting.val() {
                self.tag_n.next = self.order_tag.val();
                self.left.d.next = self.order.read_data.val().get_bits::<10>(4);
                self.kind.d.next = self.order.read_data.val().get_bits::<2>(14);
                self.last.d.next = self.order.read_data.val().get_bit(16);
                self.error.d.next = self.failed.q.val().get_bit(self.order_tag.val().index());
                self.beat_n.next = 0.into();
                if self.done.q.val().get_bit(self.order_tag.val().index()) {
                    self.streaming.d.next = true;
                } else {
                    self.timer.d.next = self.timer.q.val() + 1;
                    self.timed_out.next = self.timer.q.val() >= self.timeout.val();
                }
            }
        }
        if self.timed_out.val() {
            self.done_n.next = self.done_n.val() | self.order_mask.val();
            self.failed_n.next = self.failed_n.val() | self.order_mask.val();
        }
        self.out_valid.next = self.streaming.q.val();
        self.out_data.next = self.buffer.read_data.val();
        self.out_kind.next = self.kind.q.val();
        self.out_error.next = self.error.q.val();
        self.out_end.next = self.ends.val() && self.last.q.val();
        self.out_bytes.next = 8.into();
        if self.left.q.val() <= bits::<10>(8) {
            self.out_bytes.next = self.left.q.val().get_bits::<4>(0);
        }
        if self.fire.val() {
            self.beat_n.next = self.beat.q.val() + 1;
            self.left.d.next = self.left.q.val() - 8;
            if self.ends.val() {
                self.streaming.d.next = false;
                self.head_n.next = self.head.q.val() + 1;
                self.not_used.next = !self.tag_mask.val();
                self.used_n.next = self.used.q.val() & self.not_used.val();
            } else {
                self.not_used.next = !self.used.q.val();
            }
        } else {
            self.not_used.next = !self.used.q.val();
        }
        // What the memories give in a cycle belongs to what the registers hold in it.
        self.order.read_address.next = self.head_n.val().get_bits::<4>(0);
        self.tag_wide.next = bit_cast::<10, 4>(self.tag_n.val());
        self.tag_wide.next = self.tag_wide.val() << 6;
        self.buffer.read_address.next = self.tag_wide.val() | bit_cast::<10, 6>(self.beat_n.val());

        if self.req_valid.val() && !self.is_free.val() {
            self.next_tag.d.next = self.next_tag.q.val() + 1;
        }
        if self.accept.val() {
            self.next_tag.d.next = self.next_tag.q.val() + 1;
            self.tail.d.next = self.tail.q.val() + 1;
            self.used_n.next = self.used_n.val() | self.next_mask.val();
            self.inverse.next = !self.next_mask.val();
            self.failed_n.next = self.failed_n.val() & self.inverse.val();
            if self.is_empty_request.val() {
                self.done_n.next = self.done_n.val() | self.next_mask.val();
            } else {
                self.done_n.next = self.done_n.val() & self.inverse.val();
                self.outstanding_n.next = self.outstanding_n.val() | self.next_mask.val();
                self.rq_pending.d.next = true;
                self.rq_address_reg.d.next = self.req_address.val();
                self.rq_bytes_reg.d.next = bit_cast::<13, 10>(self.rounded.val()) & bits::<13>(0x1ff8);
                self.rq_tag_reg.d.next = self.next_tag.q.val();
            }
            for i in 0..16 {
                if self.next_tag.q.val() == i.to_bits() {
                    self.count[i].d.next = 0.into();
                }
            }
        }
        self.lost.next = self.used.q.val();
        self.not_used.next = !self.used.q.val();
        self.lost.next = self.outstanding.q.val() & self.not_used.val();
        self.dead.next = self.lost.val().all();
        self.empty.next = (self.head.q.val() == self.tail.q.val()) && !self.streaming.q.val();
        self.quiet.next = (self.outstanding.q.val() == 0) && !self.rq_pending.q.val();
        if self.clear.val() {
            self.used_n.next = 0.into();
            self.outstanding_n.next = 0.into();
            self.done_n.next = 0.into();
            self.failed_n.next = 0.into();
            self.head_n.next = 0.into();
            self.tail.d.next = 0.into();
            self.tail_seen.d.next = 0.into();
            self.streaming.d.next = false;
        }
        self.used.d.next = self.used_n.val();
        self.outstanding.d.next = self.outstanding_n.val();
        self.done.d.next = self.done_n.val();
        self.failed.d.next = self.failed_n.val();
        self.head.d.next = self.head_n.val();
        self.tag.d.next = self.tag_n.val();
        self.beat.d.next = self.beat_n.val();
    }
}
