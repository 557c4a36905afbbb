//! The DMA write engine: words in, posted writes out, in order.

use rust_hdl::prelude::*;

/// Collects words and hands them over as writes of at most 512 bytes, none across a multiple of 4096, in beats of W
/// bits.
///
/// A write is requested only when all its words are here, so one that has begun always ends. A beat is written to the
/// memory with each of its words, whole with the last; what a write ends with may be less than a beat.
#[derive(LogicBlock)]
pub struct Writer<const W: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The next word goes to `start_address`; only when nothing is collected.
    pub start: Signal<In, Bit>,
    /// Where, a multiple of 8.
    pub start_address: Signal<In, Bits<64>>,
    /// A word.
    pub push: Signal<In, Bit>,
    /// The word.
    pub data: Signal<In, Bits<64>>,
    /// Hand over what is collected; held until `idle`, and nothing is pushed meanwhile.
    pub flush: Signal<In, Bit>,
    /// A word is taken in this cycle.
    pub ready: Signal<Out, Bit>,
    /// Everything was handed over.
    pub idle: Signal<Out, Bit>,
    /// DMA write request.
    pub wq_address: Signal<Out, Bits<64>>,
    /// Its bytes.
    pub wq_bytes: Signal<Out, Bits<13>>,
    /// It waits.
    pub wq_valid: Signal<Out, Bit>,
    /// It is taken.
    pub wq_ready: Signal<In, Bit>,
    /// A beat of its words.
    pub wd_data: Signal<Out, Bits<W>>,
    /// The last one.
    pub wd_last: Signal<Out, Bit>,
    /// A beat waits.
    pub wd_valid: Signal<Out, Bit>,
    /// It is taken.
    pub wd_ready: Signal<In, Bit>,
    /// Two writes of up to 64 beats each.
    beats: RAM<Bits<W>, 7>,
    /// The beat that is collected, and its words so far.
    partial: DFF<Bits<W>>,
    lane: DFF<Bits<3>>,
    write_at: DFF<Bits<7>>,
    read_at: DFF<Bits<7>>,
    held: DFF<Bits<7>>,
    address: DFF<Bits<64>>,
    sending: DFF<Bits<7>>,
    request: DFF<Bit>,
    request_address: DFF<Bits<64>>,
    request_words: DFF<Bits<7>>,
    beats_held: DFF<Bits<7>>,
    /// Words up to the next multiple of 4096.
    boundary: DFF<Bits<10>>,
    full: DFF<Bit>,
    active: Signal<Local, Bit>,
    issue: Signal<Local, Bit>,
    start_place: Signal<Local, Bits<10>>,
    held_bytes: Signal<Local, Bits<12>>,
    held_wide: Signal<Local, Bits<64>>,
    accept: Signal<Local, Bit>,
    words_wide: Signal<Local, Bits<13>>,
    read_at_n: Signal<Local, Bits<7>>,
    beats_n: Signal<Local, Bits<7>>,
    word: Signal<Local, Bits<W>>,
    shift: Signal<Local, Bits<9>>,
    beat: Signal<Local, Bits<W>>,
    is_full_beat: Signal<Local, Bit>,
    last_lane: Constant<Bits<3>>,
}

impl<const W: usize> Default for Writer<W> {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            start: Signal::default(),
            start_address: Signal::default(),
            push: Signal::default(),
            data: Signal::default(),
            flush: Signal::default(),
            ready: Signal::default(),
            idle: Signal::default(),
            wq_address: Signal::default(),
            wq_bytes: Signal::default(),
            wq_valid: Signal::default(),
            wq_ready: Signal::default(),
            wd_data: Signal::default(),
            wd_last: Signal::default(),
            wd_valid: Signal::default(),
            wd_ready: Signal::default(),
            beats: RAM::default(),
            partial: DFF::default(),
            lane: DFF::default(),
            write_at: DFF::default(),
            read_at: DFF::default(),
            held: DFF::default(),
            address: DFF::default(),
            sending: DFF::default(),
            request: DFF::default(),
            request_address: DFF::default(),
            request_words: DFF::default(),
            beats_held: DFF::default(),
            boundary: DFF::default(),
            full: DFF::default(),
            active: Signal::default(),
            issue: Signal::default(),
            start_place: Signal::default(),
            held_bytes: Signal::default(),
            held_wide: Signal::default(),
            accept: Signal::default(),
            words_wide: Signal::default(),
            read_at_n: Signal::default(),
            beats_n: Signal::default(),
            word: Signal::default(),
            shift: Signal::default(),
            beat: Signal::default(),
            is_full_beat: Signal::default(),
            last_lane: Constant::new((W as u64 / 64 - 1).into()),
        }
    }
}

impl<const W: usize> Logic for Writer<W> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            partial,
            lane,
            write_at,
            read_at,
            held,
            address,
            sending,
            request,
            request_address,
            request_words,
            beats_held,
            boundary,
            full
        );
        // What the registers will hold: a `d` cannot be read back.
        self.read_at_n.next = self.read_at.q.val();
        self.beats_n.next = self.beats_held.q.val();
        self.beats.read_clock.next = self.clock.val();
        self.beats.write_clock.next = self.clock.val();
        self.active.next = self.request.q.val() || (self.sending.q.val() != 0);
        self.held_bytes.next = bit_cast::<12, 7>(self.held.q.val());
        self.held_bytes.next = self.held_bytes.val() << 3;
        self.held_wide.next = bit_cast::<64, 12>(self.held_bytes.val());
        self.issue.next =
            !self.active.val() && (self.full.q.val() || (self.flush.val() && (self.held.q.val() != 0)));
        self.accept.next = self.push.val() && !self.full.q.val();
        self.ready.next = !self.full.q.val();
        self.idle.next = !self.active.val() && (self.held.q.val() == 0);

        // A word joins its beat.
        self.shift.next = bit_cast::<9, 3>(self.lane.q.val());
        self.shift.next = self.shift.val() << 6;
        self.word.next = bit_cast::<W, 64>(self.data.val());
        self.word.next = self.word.val() << self.shift.val();
        self.beat.next = self.partial.q.val() | self.word.val();
        self.is_full_beat.next = self.lane.q.val() == self.last_lane.val();
        self.beats.write_address.next = self.write_at.q.val();
        self.beats.write_data.next = self.beat.val();
        self.beats.write_enable.next = self.accept.val();
        if self.accept.val() {
            self.held.d.next = self.held.q.val() + 1;
            self.boundary.d.next = self.boundary.q.val() - 1;
            self.full.d.next = (self.held.q.val() == 63) || (self.boundary.q.val() == 1);
            self.partial.d.next = self.beat.val();
            self.lane.d.next = self.lane.q.val() + 1;
            if self.lane.q.val() == 0 {
                self.beats_n.next = self.beats_held.q.val() + 1;
            }
            if self.is_full_beat.val() {
                self.partial.d.next = 0.into();
                self.lane.d.next = 0.into();
                self.write_at.d.next = self.write_at.q.val() + 1;
            }
        }
        self.start_place.next = bit_cast::<10, 9>(self.start_address.val().get_bits::<9>(3));
        if self.start.val() {
            self.address.d.next = self.start_address.val();
            self.boundary.d.next = bits::<10>(512) - self.start_place.val();
        }
        self.wq_valid.next = self.request.q.val();
        self.wq_address.next = self.request_address.q.val();
        self.words_wide.next = bit_cast::<13, 7>(self.request_words.q.val());
        self.wq_bytes.next = self.words_wide.val() << 3;
        if self.request.q.val() && self.wq_ready.val() {
            self.request.d.next = false;
        }
        self.wd_valid.next = (self.sending.q.val() != 0) && !self.request.q.val();
        self.wd_data.next = self.beats.read_data.val();
        self.wd_last.next = self.sending.q.val() == 1;
        if (self.sending.q.val() != 0) && !self.request.q.val() && self.wd_ready.val() {
            self.sending.d.next = self.sending.q.val() - 1;
            self.read_at_n.next = self.read_at.q.val() + 1;
        }
        if self.issue.val() {
            self.request.d.next = true;
            self.request_address.d.next = self.address.q.val();
            self.request_words.d.next = self.held.q.val();
            self.sending.d.next = self.beats_held.q.val();
            self.beats_n.next = 0.into();
            self.address.d.next = self.address.q.val() + self.held_wide.val();
            self.held.d.next = 0.into();
            self.full.d.next = false;
            if self.boundary.q.val() == 0 {
                self.boundary.d.next = 512.into();
            }
            if self.lane.q.val() != 0 {
                self.partial.d.next = 0.into();
                self.lane.d.next = 0.into();
                self.write_at.d.next = self.write_at.q.val() + 1;
            }
        }
        self.beats_held.d.next = self.beats_n.val();
        self.beats.read_address.next = self.read_at_n.val();
        self.read_at.d.next = self.read_at_n.val();
    }
}
