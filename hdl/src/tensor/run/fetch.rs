//! The one port to card memory, shared by the header and the three streams.

use super::stream::Stream;
use crate::stream::fifo::Fifo;
use rust_hdl::prelude::*;

/// Streams ask in turn, each for what it has room for. Whose the words are that come is kept in a queue, since they come
/// in the order of the requests. `flush` lets what is under way come and throws it away.
#[derive(LogicBlock)]
pub struct Fetch {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets everything; until `drained`.
    pub flush: Signal<In, Bit>,
    /// Nothing is under way.
    pub drained: Signal<Out, Bit>,
    /// Asks for a header.
    pub ask_header: Signal<In, Bit>,
    /// Where it lies, in units of 32 bytes.
    pub place: Signal<In, Bits<43>>,
    /// A word of it.
    pub header_valid: Signal<Out, Bit>,
    /// The word.
    pub header_word: Signal<Out, Bits<64>>,
    /// All streams to their starts; nothing may be under way.
    pub rewind: Signal<In, Bit>,
    /// Places of the streams.
    pub first: [Signal<In, Bits<43>>; 3],
    /// Their instructions.
    pub length: [Signal<In, Bits<25>>; 3],
    /// A stream's next word.
    pub word: [Signal<Out, Bits<64>>; 3],
    /// There is one.
    pub word_valid: [Signal<Out, Bit>; 3],
    /// It is taken.
    pub word_pop: [Signal<In, Bit>; 3],
    /// Card memory: the first byte to read.
    pub rd_address: Signal<Out, Bits<48>>,
    /// Words.
    pub rd_words: Signal<Out, Bits<16>>,
    /// There is a request.
    pub rd_valid: Signal<Out, Bit>,
    /// It is taken.
    pub rd_ready: Signal<In, Bit>,
    /// A word, in the order of the requests.
    pub rd_data: Signal<In, Bits<64>>,
    /// There is one.
    pub rd_data_valid: Signal<In, Bit>,
    /// It is taken.
    pub rd_data_ready: Signal<Out, Bit>,
    streams: Vec<Stream>,
    // Of each request: whose it is, 3 being the header's, and its instructions.
    order: Fifo<5, 4, 5>,
    pending: DFF<Bit>,
    owner: DFF<Bits<2>>,
    place_reg: DFF<Bits<43>>,
    count: DFF<Bits<3>>,
    waits_header: DFF<Bit>,
    // The stream that was served last.
    turn: DFF<Bits<2>>,
    word_count: DFF<Bits<4>>,
    serve: [Signal<Local, Bit>; 3],
    serve_header: Signal<Local, Bit>,
    free: Signal<Local, Bit>,
    sent: Signal<Local, Bit>,
    byte_place: Signal<Local, Bits<48>>,
    entry: Signal<Local, Bits<5>>,
    entry_owner: Signal<Local, Bits<5>>,
    has_order: Signal<Local, Bit>,
    comes: Signal<Local, Bit>,
    whose: Signal<Local, Bits<2>>,
    expected: Signal<Local, Bits<5>>,
    seen: Signal<Local, Bits<5>>,
    keeps: Signal<Local, Bit>,
}

impl Default for Fetch {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            flush: Signal::default(),
            drained: Signal::default(),
            ask_header: Signal::default(),
            place: Signal::default(),
            header_valid: Signal::default(),
            header_word: Signal::default(),
            rewind: Signal::default(),
            first: Default::default(),
            length: Default::default(),
            word: Default::default(),
            word_valid: Default::default(),
            word_pop: Default::default(),
            rd_address: Signal::default(),
            rd_words: Signal::default(),
            rd_valid: Signal::default(),
            rd_ready: Signal::default(),
            rd_data: Signal::default(),
            rd_data_valid: Signal::default(),
            rd_data_ready: Signal::default(),
            streams: (0..3).map(|_| Stream::default()).collect(),
            order: Fifo::default(),
            pending: DFF::default(),
            owner: DFF::default(),
            place_reg: DFF::default(),
            count: DFF::default(),
            waits_header: DFF::default(),
            turn: DFF::default(),
            word_count: DFF::default(),
            serve: Default::default(),
            serve_header: Signal::default(),
            free: Signal::default(),
            sent: Signal::default(),
            byte_place: Signal::default(),
            entry: Signal::default(),
            entry_owner: Signal::default(),
            has_order: Signal::default(),
            comes: Signal::default(),
            whose: Signal::default(),
            expected: Signal::default(),
            seen: Signal::default(),
            keeps: Signal::default(),
        }
    }
}

impl Logic for Fetch {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            pending,
            owner,
            place_reg,
            count,
            waits_header,
            turn,
            word_count
        );
        clock!(self, clock, order);
        // A new request while there is none, and room to note it.
        self.free.next = !self.pending.q.val() && !self.order.full.val() && !self.flush.val();
        self.serve_header.next = self.free.val() && self.waits_header.q.val();
        for i in 0..3 {
            self.serve[i].next = false;
        }
        if self.free.val() && !self.waits_header.q.val() {
            // The one after the last served comes first.
            if self.turn.q.val() == 0 {
                self.serve[1].next = self.streams[1].wants.val();
                self.serve[2].next = self.streams[2].wants.val() && !self.streams[1].wants.val();
                self.serve[0].next = self.streams[0].wants.val()
                    && !self.streams[1].wants.val()
                    && !self.streams[2].wants.val();
            }
            if self.turn.q.val() == 1 {
                self.serve[2].next = self.streams[2].wants.val();
                self.serve[0].next = self.streams[0].wants.val() && !self.streams[2].wants.val();
                self.serve[1].next = self.streams[1].wants.val()
                    && !self.streams[2].wants.val()
                    && !self.streams[0].wants.val();
            }
            if self.turn.q.val() == 2 {
                self.serve[0].next = self.streams[0].wants.val();
                self.serve[1].next = self.streams[1].wants.val() && !self.streams[0].wants.val();
                self.serve[2].next = self.streams[2].wants.val()
                    && !self.streams[0].wants.val()
                    && !self.streams[1].wants.val();
            }
        }
        self.sent.next = self.pending.q.val() && self.rd_ready.val();
        if self.sent.val() {
            self.pending.d.next = false;
        }
        if self.serve_header.val() {
            self.pending.d.next = true;
            self.waits_header.d.next = false;
            self.owner.d.next = 3.into();
            self.place_reg.d.next = self.place.val();
            self.count.d.next = 1.into();
        }
        for i in 0..3 {
            if self.serve[i].val() {
                self.pending.d.next = true;
                self.owner.d.next = i.to_bits();
                self.turn.d.next = i.to_bits();
                self.place_reg.d.next = self.streams[i].place.val();
                self.count.d.next = self.streams[i].count.val();
            }
        }
        self.byte_place.next = bit_cast::<48, 43>(self.place_reg.q.val());
        self.rd_address.next = self.byte_place.val() << 5;
        self.rd_words.next = bit_cast::<16, 3>(self.count.q.val());
        self.rd_words.next = self.rd_words.val() << 2;
        self.rd_valid.next = self.pending.q.val();
        self.entry.next = bit_cast::<5, 3>(self.count.q.val());
        self.entry_owner.next = bit_cast::<5, 2>(self.owner.q.val());
        self.entry_owner.next = self.entry_owner.val() << 3;
        self.order.data.next = self.entry.val() | self.entry_owner.val();
        self.order.push.next = self.sent.val();
        self.order.clear.next = false;

        // Words go to whom the first entry names.
        self.has_order.next = self.order.valid.val();
        self.rd_data_ready.next = self.has_order.val();
        self.comes.next = self.has_order.val() && self.rd_data_valid.val();
        self.keeps.next = self.comes.val() && !self.flush.val();
        self.whose.next = self.order.first.val().get_bits::<2>(3);
        self.expected.next = bit_cast::<5, 3>(self.order.first.val().get_bits::<3>(0));
        self.expected.next = self.expected.val() << 2;
        self.seen.next = bit_cast::<5, 4>(self.word_count.q.val());
        self.seen.next = self.seen.val() + 1;
        self.order.pop.next = false;
        if self.comes.val() {
            self.word_count.d.next = self.seen.val().get_bits::<4>(0);
            if self.seen.val() == self.expected.val() {
                self.word_count.d.next = 0.into();
                self.order.pop.next = true;
            }
        }
        self.header_word.next = self.rd_data.val();
        self.header_valid.next = self.keeps.val() && (self.whose.val() == 3);
        for i in 0..3 {
            self.streams[i].clock.next = self.clock.val();
            self.streams[i].rewind.next = self.rewind.val();
            self.streams[i].flush.next = self.flush.val();
            self.streams[i].first.next = self.first[i].val();
            self.streams[i].length.next = self.length[i].val();
            self.streams[i].grant.next = self.serve[i].val();
            self.streams[i].in_data.next = self.rd_data.val();
            self.streams[i].in_valid.next = self.keeps.val() && (self.whose.val() == i.to_bits());
            self.word[i].next = self.streams[i].out_data.val();
            self.word_valid[i].next = self.streams[i].out_valid.val();
            self.streams[i].out_pop.next = self.word_pop[i].val();
        }
        self.drained.next =
            !self.pending.q.val() && !self.waits_header.q.val() && (self.order.fill.val() == 0);
        if self.flush.val() {
            self.waits_header.d.next = false;
        }
        // A header is asked for in the last cycle of a flush.
        if self.ask_header.val() {
            self.waits_header.d.next = true;
        }
    }
}
