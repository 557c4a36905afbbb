//! The DMA write engine: words in, posted writes out, in order.

use rust_hdl::prelude::*;

/// Collects words and hands them over as writes of at most 512 bytes, none across a multiple of 4096.
///
/// A write is requested only when all its words are here, so one that has begun always ends.
#[derive(LogicBlock, Default)]
pub struct Writer {
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
    /// Hand over what is collected; held until `idle`.
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
    /// Its words.
    pub wd_data: Signal<Out, Bits<64>>,
    /// The last one.
    pub wd_last: Signal<Out, Bit>,
    /// A word waits.
    pub wd_valid: Signal<Out, Bit>,
    /// It is taken.
    pub wd_ready: Signal<In, Bit>,
    words: RAM<Bits<64>, 7>,
    write_at: DFF<Bits<7>>,
    read_at: DFF<Bits<7>>,
    held: DFF<Bits<7>>,
    address: DFF<Bits<64>>,
    sending: DFF<Bits<7>>,
    request: DFF<Bit>,
    request_address: DFF<Bits<64>>,
    request_words: DFF<Bits<7>>,
    active: Signal<Local, Bit>,
    issue: Signal<Local, Bit>,
    full: Signal<Local, Bit>,
    place: Signal<Local, Bits<12>>,
    place_start: Signal<Local, Bits<12>>,
    held_bytes: Signal<Local, Bits<12>>,
    held_wide: Signal<Local, Bits<64>>,
    accept: Signal<Local, Bit>,
    words_wide: Signal<Local, Bits<13>>,
    read_at_n: Signal<Local, Bits<7>>,
}

impl Logic for Writer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            write_at,
            read_at,
            held,
            address,
            sending,
            request,
            request_address,
            request_words
        );
        // What the registers will hold: a `d` cannot be read back.
        self.read_at_n.next = self.read_at.q.val();
        self.words.read_clock.next = self.clock.val();
        self.words.write_clock.next = self.clock.val();
        self.active.next = self.request.q.val() || (self.sending.q.val() != 0);
        self.held_bytes.next = bit_cast::<12, 7>(self.held.q.val());
        self.held_bytes.next = self.held_bytes.val() << 3;
        self.held_wide.next = bit_cast::<64, 12>(self.held_bytes.val());
        self.place_start.next = self.address.q.val().get_bits::<12>(0);
        // 0 when the words held end at a multiple of 4096.
        self.place.next = self.place_start.val() + self.held_bytes.val();
        self.full.next = (self.held.q.val() == 64) || ((self.held.q.val() != 0) && (self.place.val() == 0));
        self.issue.next =
            !self.active.val() && (self.full.val() || (self.flush.val() && (self.held.q.val() != 0)));
        self.accept.next = self.push.val() && !self.full.val();
        self.ready.next = !self.full.val();
        self.idle.next = !self.active.val() && (self.held.q.val() == 0);
        self.words.write_address.next = self.write_at.q.val();
        self.words.write_data.next = self.data.val();
        self.words.write_enable.next = self.accept.val();
        if self.accept.val() {
            self.write_at.d.next = self.write_at.q.val() + 1;
            self.held.d.next = self.held.q.val() + 1;
        }
        if self.start.val() {
            self.address.d.next = self.start_address.val();
        }
        self.wq_valid.next = self.request.q.val();
        self.wq_address.next = self.request_address.q.val();
        self.words_wide.next = bit_cast::<13, 7>(self.request_words.q.val());
        self.wq_bytes.next = self.words_wide.val() << 3;
        if self.request.q.val() && self.wq_ready.val() {
            self.request.d.next = false;
        }
        self.wd_valid.next = (self.sending.q.val() != 0) && !self.request.q.val();
        self.wd_data.next = self.words.read_data.val();
        self.wd_last.next = self.sending.q.val() == 1;
        if (self.sending.q.val() != 0) && !self.request.q.val() && self.wd_ready.val() {
            self.sending.d.next = self.sending.q.val() - 1;
            self.read_at_n.next = self.read_at.q.val() + 1;
        }
        if self.issue.val() {
            self.request.d.next = true;
            self.request_address.d.next = self.address.q.val();
            self.request_words.d.next = self.held.q.val();
            self.sending.d.next = self.held.q.val();
            self.address.d.next = self.address.q.val() + self.held_wide.val();
            self.held.d.next = 0.into();
            if self.accept.val() {
                self.held.d.next = 1.into();
            }
        }
        self.words.read_address.next = self.read_at_n.val();
        self.read_at.d.next = self.read_at_n.val();
    }
}
