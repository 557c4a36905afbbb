//! The DMA read engine: many tags, completions in any order, data in the order of requests.

use crate::stream::buffer::Buffer;
use crate::stream::fifo::Fifo;
use rust_hdl::prelude::*;

/// Sends each request under a free tag and gives its beats of W bits in the order of requests.
///
/// There are K = 2^T tags (P = T + 1). A tag owns 512 bytes of a buffer of 2^B beats, so that completions may interleave. It is *used* from its request
/// until its beats have been handed on, and *outstanding* until its last or error beat. One that is not answered in
/// `timeout` cycles gives an error and stays outstanding: it is not used again before its late beat, or
/// `clear`. When all are lost like that, `dead` rises.
#[derive(LogicBlock)]
pub struct Reader<const W: usize, const B: usize, const T: usize, const K: usize, const P: usize> {
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
    pub rq_tag: Signal<Out, Bits<T>>,
    /// It waits.
    pub rq_valid: Signal<Out, Bit>,
    /// It is taken.
    pub rq_ready: Signal<In, Bit>,
    /// DMA read completion: one beat.
    pub rc_data: Signal<In, Bits<W>>,
    /// Its tag.
    pub rc_tag: Signal<In, Bits<T>>,
    /// The tag's last beat.
    pub rc_last: Signal<In, Bit>,
    /// No data: the tag failed.
    pub rc_error: Signal<In, Bit>,
    /// A completion waits.
    pub rc_valid: Signal<In, Bit>,
    /// It is taken: always.
    pub rc_ready: Signal<Out, Bit>,
    /// A beat, in the order of requests.
    pub out_data: Signal<Out, Bits<W>>,
    /// How many of its bytes count, 0 to W / 8.
    pub out_bytes: Signal<Out, Bits<6>>,
    /// The request's kind.
    pub out_kind: Signal<Out, Bits<2>>,
    /// The last beat of a request with `req_last`.
    pub out_end: Signal<Out, Bit>,
    /// No data: the request failed.
    pub out_error: Signal<Out, Bit>,
    /// A beat waits.
    pub out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub out_ready: Signal<In, Bit>,
    /// No request whose beats were not handed on.
    pub empty: Signal<Out, Bit>,
    /// No tag is outstanding, no request waits.
    pub quiet: Signal<Out, Bit>,
    /// A request waits for its answer, and nothing is there to hand on.
    pub waits: Signal<Out, Bit>,
    /// Every tag is lost.
    pub dead: Signal<Out, Bit>,

    buffer: RAM<Bits<W>, B>,
    /// Requests in their order: tag | bytes << 6 | kind << 16 | last << 18. There are no more than tags.
    order: Fifo<19, T, P>,
    count: [DFF<Bits<7>>; K],
    used: DFF<Bits<K>>,
    outstanding: DFF<Bits<K>>,
    done: DFF<Bits<K>>,
    failed: DFF<Bits<K>>,
    next_tag: DFF<Bits<T>>,
    streaming: DFF<Bit>,
    tag: DFF<Bits<T>>,
    beat: DFF<Bits<6>>,
    left: DFF<Bits<10>>,
    kind: DFF<Bits<2>>,
    last: DFF<Bit>,
    error: DFF<Bit>,
    timer: DFF<Bits<32>>,
    rq_pending: DFF<Bit>,
    rq_address_reg: DFF<Bits<64>>,
    rq_bytes_reg: DFF<Bits<13>>,
    rq_tag_reg: DFF<Bits<T>>,
    /// Whether the next tag is free, once that was looked at.
    free_now: DFF<Bit>,
    checked: DFF<Bit>,
    /// A beat on its way to the buffer, and whether its tag ends with it.
    put: DFF<Bit>,
    put_at: DFF<Bits<B>>,
    put_data: DFF<Bits<W>>,
    put_tag: DFF<Bits<T>>,
    put_ends: DFF<Bit>,
    put_error: DFF<Bit>,
    /// Of the oldest request: looked at, answered, failed; waits for too long.
    looked: DFF<Bit>,
    first_done: DFF<Bit>,
    first_failed: DFF<Bit>,
    late: DFF<Bit>,
    /// A beat that the buffer gives in this cycle.
    sent: DFF<Bit>,
    sent_bytes: DFF<Bits<6>>,
    sent_kind: DFF<Bits<2>>,
    sent_end: DFF<Bit>,
    sent_error: DFF<Bit>,
    quiet_reg: DFF<Bit>,
    dead_reg: DFF<Bit>,
    beats: Buffer<W>,
    marks: Buffer<10>,

    one: Signal<Local, Bits<K>>,
    next_mask: Signal<Local, Bits<K>>,
    rc_mask: Signal<Local, Bits<K>>,
    rc_keep: Signal<Local, Bits<K>>,
    next_keep: Signal<Local, Bits<K>>,
    tag_mask: Signal<Local, Bits<K>>,
    tag_keep: Signal<Local, Bits<K>>,
    order_tag: Signal<Local, Bits<T>>,
    order_mask: Signal<Local, Bits<K>>,
    blocked: Signal<Local, Bits<K>>,
    lost: Signal<Local, Bits<K>>,
    not_used: Signal<Local, Bits<K>>,
    is_free: Signal<Local, Bit>,
    accept: Signal<Local, Bit>,
    is_empty_request: Signal<Local, Bit>,
    rounded: Signal<Local, Bits<10>>,
    rc_fire: Signal<Local, Bit>,
    rc_place: Signal<Local, Bits<7>>,
    is_over: Signal<Local, Bit>,
    timed_out: Signal<Local, Bit>,
    fire: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    begins: Signal<Local, Bit>,
    can_begin: Signal<Local, Bit>,
    order_entry: Signal<Local, Bits<19>>,
    bytes_wide: Signal<Local, Bits<19>>,
    kind_wide: Signal<Local, Bits<19>>,
    place_wide: Signal<Local, Bits<B>>,
    tag_wide: Signal<Local, Bits<B>>,
    used_n: Signal<Local, Bits<K>>,
    outstanding_n: Signal<Local, Bits<K>>,
    done_n: Signal<Local, Bits<K>>,
    failed_n: Signal<Local, Bits<K>>,
    waiting: Signal<Local, Bit>,
    mark: Signal<Local, Bits<10>>,
    mark_kind: Signal<Local, Bits<10>>,
    moves_on: Signal<Local, Bit>,

    /// Bytes of a beat.
    beat_bytes: Constant<Bits<10>>,
    /// Beats of 512 bytes: what a tag has room for.
    tag_beats: Constant<Bits<7>>,
    /// From a tag to the place of its first beat.
    tag_shift: Constant<Bits<4>>,
}

impl<const W: usize, const B: usize, const T: usize, const K: usize, const P: usize> Default
    for Reader<W, B, T, K, P>
{
    fn default() -> Self {
        let beats = 512 * 8 / W;
        assert_eq!((K, P), (1 << T, T + 1), "tags and the numbers of them");
        assert!(T <= 6, "a request's entry has six bits for its tag");
        assert_eq!(1 << B, K * beats, "the buffer has room for all tags");
        let number = |value: usize| value as u64;
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            timeout: Signal::default(),
            req_valid: Signal::default(),
            req_ready: Signal::default(),
            req_address: Signal::default(),
            req_bytes: Signal::default(),
            req_kind: Signal::default(),
            req_last: Signal::default(),
            rq_address: Signal::default(),
            rq_bytes: Signal::default(),
            rq_tag: Signal::default(),
            rq_valid: Signal::default(),
            rq_ready: Signal::default(),
            rc_data: Signal::default(),
            rc_tag: Signal::default(),
            rc_last: Signal::default(),
            rc_error: Signal::default(),
            rc_valid: Signal::default(),
            rc_ready: Signal::default(),
            out_data: Signal::default(),
            out_bytes: Signal::default(),
            out_kind: Signal::default(),
            out_end: Signal::default(),
            out_error: Signal::default(),
            out_valid: Signal::default(),
            out_ready: Signal::default(),
            empty: Signal::default(),
            quiet: Signal::default(),
            waits: Signal::default(),
            dead: Signal::default(),
            buffer: RAM::default(),
            order: Fifo::default(),
            count: std::array::from_fn(|_| DFF::default()),
            used: DFF::default(),
            outstanding: DFF::default(),
            done: DFF::default(),
            failed: DFF::default(),
            next_tag: DFF::default(),
            streaming: DFF::default(),
            tag: DFF::default(),
            beat: DFF::default(),
            left: DFF::default(),
            kind: DFF::default(),
            last: DFF::default(),
            error: DFF::default(),
            timer: DFF::default(),
            rq_pending: DFF::default(),
            rq_address_reg: DFF::default(),
            rq_bytes_reg: DFF::default(),
            rq_tag_reg: DFF::default(),
            free_now: DFF::default(),
            checked: DFF::default(),
            put: DFF::default(),
            put_at: DFF::default(),
            put_data: DFF::default(),
            put_tag: DFF::default(),
            put_ends: DFF::default(),
            put_error: DFF::default(),
            looked: DFF::default(),
            first_done: DFF::default(),
            first_failed: DFF::default(),
            late: DFF::default(),
            sent: DFF::default(),
            sent_bytes: DFF::default(),
            sent_kind: DFF::default(),
            sent_end: DFF::default(),
            sent_error: DFF::default(),
            quiet_reg: DFF::default(),
            dead_reg: DFF::default(),
            beats: Buffer::default(),
            marks: Buffer::default(),
            one: Signal::default(),
            next_mask: Signal::default(),
            rc_mask: Signal::default(),
            rc_keep: Signal::default(),
            next_keep: Signal::default(),
            tag_mask: Signal::default(),
            tag_keep: Signal::default(),
            order_tag: Signal::default(),
            order_mask: Signal::default(),
            blocked: Signal::default(),
            lost: Signal::default(),
            not_used: Signal::default(),
            is_free: Signal::default(),
            accept: Signal::default(),
            is_empty_request: Signal::default(),
            rounded: Signal::default(),
            rc_fire: Signal::default(),
            rc_place: Signal::default(),
            is_over: Signal::default(),
            timed_out: Signal::default(),
            fire: Signal::default(),
            ends: Signal::default(),
            begins: Signal::default(),
            can_begin: Signal::default(),
            order_entry: Signal::default(),
            bytes_wide: Signal::default(),
            kind_wide: Signal::default(),
            place_wide: Signal::default(),
            tag_wide: Signal::default(),
            used_n: Signal::default(),
            outstanding_n: Signal::default(),
            done_n: Signal::default(),
            failed_n: Signal::default(),
            waiting: Signal::default(),
            mark: Signal::default(),
            mark_kind: Signal::default(),
            moves_on: Signal::default(),
            beat_bytes: Constant::new(number(W / 8).into()),
            tag_beats: Constant::new(number(beats).into()),
            tag_shift: Constant::new(u64::from(beats.ilog2()).into()),
        }
    }
}

impl<const W: usize, const B: usize, const T: usize, const K: usize, const P: usize> Logic
    for Reader<W, B, T, K, P>
{
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
            rq_tag_reg,
            free_now,
            checked,
            put,
            put_at,
            put_data,
            put_tag,
            put_ends,
            put_error,
            looked,
            first_done,
            first_failed,
            late,
            sent,
            sent_bytes,
            sent_kind,
            sent_end,
            sent_error,
            quiet_reg,
            dead_reg
        );
        clock!(self, clock, order, beats, marks);
        // What the registers will hold: a `d` cannot be read back.
        self.used_n.next = self.used.q.val();
        self.outstanding_n.next = self.outstanding.q.val();
        self.done_n.next = self.done.q.val();
        self.failed_n.next = self.failed.q.val();
        self.buffer.read_clock.next = self.clock.val();
        self.buffer.write_clock.next = self.clock.val();
        for i in 0..K {
            self.count[i].clock.next = self.clock.val();
            self.count[i].d.next = self.count[i].q.val();
        }
        self.one.next = 1.into();
        self.next_mask.next = self.one.val() << self.next_tag.q.val();
        self.next_keep.next = !self.next_mask.val();
        // Of the beat that is put into the buffer.
        self.rc_mask.next = self.one.val() << self.put_tag.q.val();
        self.rc_keep.next = !self.rc_mask.val();
        self.tag_mask.next = self.one.val() << self.tag.q.val();
        self.tag_keep.next = !self.tag_mask.val();

        // A request: a free tag, and the register towards the bus is free.
        self.blocked.next = self.used.q.val() | self.outstanding.q.val();
        self.free_now.d.next = !self.blocked.val().get_bit(self.next_tag.q.val().index());
        self.is_free.next = self.checked.q.val() && self.free_now.q.val();
        self.is_empty_request.next = self.req_bytes.val() == 0;
        self.accept.next = self.req_valid.val() && self.is_free.val() && !self.rq_pending.q.val();
        self.req_ready.next = self.is_free.val() && !self.rq_pending.q.val();
        self.rounded.next = self.req_bytes.val() + 7;
        self.order_entry.next = bit_cast::<19, T>(self.next_tag.q.val());
        self.bytes_wide.next = bit_cast::<19, 10>(self.req_bytes.val());
        self.kind_wide.next = bit_cast::<19, 2>(self.req_kind.val());
        self.bytes_wide.next = self.bytes_wide.val() << 6;
        self.kind_wide.next = self.kind_wide.val() << 16;
        self.order_entry.next = self.order_entry.val() | self.bytes_wide.val() | self.kind_wide.val();
        if self.req_last.val() {
            self.order_entry.next = self.order_entry.val() | bits::<19>(0x40000);
        }
        self.order.data.next = self.order_entry.val();
        self.order.push.next = self.accept.val();
        self.order.clear.next = self.clear.val();

        self.rq_valid.next = self.rq_pending.q.val();
        self.rq_address.next = self.rq_address_reg.q.val();
        self.rq_bytes.next = self.rq_bytes_reg.q.val();
        self.rq_tag.next = self.rq_tag_reg.q.val();
        if self.rq_ready.val() {
            self.rq_pending.d.next = false;
        }

        // Completions of outstanding tags; anything else is dropped. A tag of too many beats overwrites nothing.
        self.rc_ready.next = true;
        self.rc_fire.next =
            self.rc_valid.val() && self.outstanding.q.val().get_bit(self.rc_tag.val().index());
        self.rc_place.next = 0.into();
        for i in 0..K {
            if self.rc_tag.val() == i.to_bits() {
                self.rc_place.next = self.count[i].q.val();
                if self.rc_valid.val()
                    && self.outstanding.q.val().get_bit(i)
                    && (self.count[i].q.val() != self.tag_beats.val())
                {
                    self.count[i].d.next = self.count[i].q.val() + 1;
                }
            }
        }
        self.is_over.next = self.rc_place.val() == self.tag_beats.val();
        self.place_wide.next = bit_cast::<B, T>(self.rc_tag.val());
        self.place_wide.next = self.place_wide.val() << self.tag_shift.val();
        self.put_at.d.next = self.place_wide.val() | bit_cast::<B, 7>(self.rc_place.val());
        self.put_data.d.next = self.rc_data.val();
        self.put_tag.d.next = self.rc_tag.val();
        self.put_error.d.next = self.rc_error.val();
        self.put.d.next = self.rc_fire.val() && !self.rc_error.val() && !self.is_over.val();
        self.put_ends.d.next = self.rc_fire.val() && (self.rc_last.val() || self.rc_error.val());
        self.buffer.write_address.next = self.put_at.q.val();
        self.buffer.write_data.next = self.put_data.q.val();
        self.buffer.write_enable.next = self.put.q.val();
        if self.put_ends.q.val() {
            self.outstanding_n.next = self.outstanding.q.val() & self.rc_keep.val();
            self.done_n.next = self.done.q.val() | self.rc_mask.val();
            if self.put_error.q.val() {
                self.failed_n.next = self.failed.q.val() | self.rc_mask.val();
            }
        }

        // The oldest request begins when it is answered and the one before it ends.
        self.order_tag.next = self.order.first.val().get_bits::<T>(0);
        self.order_mask.next = self.one.val() << self.order_tag.val();
        self.fire.next = self.streaming.q.val() && self.marks.ample.val();
        self.ends.next = self.error.q.val() || (self.left.q.val() <= self.beat_bytes.val());
        self.can_begin.next = !self.streaming.q.val() || (self.fire.val() && self.ends.val());
        self.begins.next = self.can_begin.val() && self.looked.q.val() && self.first_done.q.val();
        self.order.pop.next = self.begins.val();
        self.looked.d.next = self.order.valid.val() && !self.begins.val();
        self.first_done.d.next = self.done.q.val().get_bit(self.order_tag.val().index());
        self.first_failed.d.next = self.failed.q.val().get_bit(self.order_tag.val().index());
        self.waiting.next = self.looked.q.val() && !self.first_done.q.val() && !self.streaming.q.val();
        self.waits.next = self.waiting.val();
        self.late.d.next = self.timer.q.val() >= self.timeout.val();
        self.timed_out.next = self.waiting.val() && self.late.q.val();
        self.timer.d.next = 0.into();
        if self.waiting.val() {
            self.timer.d.next = self.timer.q.val() + 1;
        }
        if self.timed_out.val() {
            self.done_n.next = self.done_n.val() | self.order_mask.val();
            self.failed_n.next = self.failed_n.val() | self.order_mask.val();
        }
        if self.fire.val() {
            self.beat.d.next = self.beat.q.val() + 1;
            self.left.d.next = self.left.q.val() - self.beat_bytes.val();
            if self.ends.val() {
                self.streaming.d.next = false;
                self.used_n.next = self.used.q.val() & self.tag_keep.val();
            }
        }
        if self.begins.val() {
            self.streaming.d.next = true;
            self.tag.d.next = self.order_tag.val();
            self.beat.d.next = 0.into();
            self.left.d.next = self.order.first.val().get_bits::<10>(6);
            self.kind.d.next = self.order.first.val().get_bits::<2>(16);
            self.last.d.next = self.order.first.val().get_bit(18);
            self.error.d.next = self.first_failed.q.val();
        }
        // The buffer gives a beat in the next cycle, and the registers at the end have room for it.
        self.tag_wide.next = bit_cast::<B, T>(self.tag.q.val());
        self.tag_wide.next = self.tag_wide.val() << self.tag_shift.val();
        self.buffer.read_address.next = self.tag_wide.val() | bit_cast::<B, 6>(self.beat.q.val());
        self.sent.d.next = self.fire.val();
        self.sent_bytes.d.next = self.beat_bytes.val().get_bits::<6>(0);
        if self.left.q.val() <= self.beat_bytes.val() {
            self.sent_bytes.d.next = self.left.q.val().get_bits::<6>(0);
        }
        self.sent_kind.d.next = self.kind.q.val();
        self.sent_end.d.next = self.ends.val() && self.last.q.val();
        self.sent_error.d.next = self.error.q.val();
        self.beats.clear.next = self.clear.val();
        self.beats.in_data.next = self.buffer.read_data.val();
        self.beats.in_valid.next = self.sent.q.val();
        self.beats.out_ready.next = self.out_ready.val();
        // bytes | kind << 6 | end << 8 | error << 9
        self.mark.next = bit_cast::<10, 6>(self.sent_bytes.q.val());
        self.mark_kind.next = bit_cast::<10, 2>(self.sent_kind.q.val());
        self.mark_kind.next = self.mark_kind.val() << 6;
        self.mark.next = self.mark.val() | self.mark_kind.val();
        if self.sent_end.q.val() {
            self.mark.next = self.mark.val() | bits::<10>(0x100);
        }
        if self.sent_error.q.val() {
            self.mark.next = self.mark.val() | bits::<10>(0x200);
        }
        self.marks.clear.next = self.clear.val();
        self.marks.in_data.next = self.mark.val();
        self.marks.in_valid.next = self.sent.q.val();
        self.marks.out_ready.next = self.out_ready.val();
        self.out_data.next = self.beats.out_data.val();
        self.out_bytes.next = self.marks.out_data.val().get_bits::<6>(0);
        self.out_kind.next = self.marks.out_data.val().get_bits::<2>(6);
        self.out_end.next = self.marks.out_data.val().get_bit(8);
        self.out_error.next = self.marks.out_data.val().get_bit(9);
        self.out_valid.next = self.marks.out_valid.val();

        self.moves_on.next = self.req_valid.val() && self.checked.q.val() && !self.free_now.q.val();
        if self.moves_on.val() {
            self.next_tag.d.next = self.next_tag.q.val() + 1;
        }
        self.checked.d.next = !self.moves_on.val() && !self.accept.val();
        if self.accept.val() {
            self.next_tag.d.next = self.next_tag.q.val() + 1;
            self.used_n.next = self.used_n.val() | self.next_mask.val();
            self.failed_n.next = self.failed_n.val() & self.next_keep.val();
            if self.is_empty_request.val() {
                self.done_n.next = self.done_n.val() | self.next_mask.val();
            } else {
                self.done_n.next = self.done_n.val() & self.next_keep.val();
                self.outstanding_n.next = self.outstanding_n.val() | self.next_mask.val();
                self.rq_pending.d.next = true;
                self.rq_address_reg.d.next = self.req_address.val();
                self.rq_bytes_reg.d.next = bit_cast::<13, 10>(self.rounded.val()) & bits::<13>(0x1ff8);
                self.rq_tag_reg.d.next = self.next_tag.q.val();
            }
            for i in 0..K {
                if self.next_tag.q.val() == i.to_bits() {
                    self.count[i].d.next = 0.into();
                }
            }
        }
        self.not_used.next = !self.used.q.val();
        self.lost.next = self.outstanding.q.val() & self.not_used.val();
        self.dead_reg.d.next = self.lost.val().all();
        self.dead.next = self.dead_reg.q.val();
        self.empty.next = (self.order.fill.val() == 0)
            && !self.streaming.q.val()
            && !self.sent.q.val()
            && !self.marks.out_valid.val();
        self.quiet_reg.d.next = (self.outstanding.q.val() == 0) && !self.rq_pending.q.val();
        self.quiet.next = self.quiet_reg.q.val();
        if self.clear.val() {
            self.used_n.next = 0.into();
            self.outstanding_n.next = 0.into();
            self.done_n.next = 0.into();
            self.failed_n.next = 0.into();
            self.streaming.d.next = false;
            self.sent.d.next = false;
            self.looked.d.next = false;
        }
        self.used.d.next = self.used_n.val();
        self.outstanding.d.next = self.outstanding_n.val();
        self.done.d.next = self.done_n.val();
        self.failed.d.next = self.failed_n.val();
    }
}
