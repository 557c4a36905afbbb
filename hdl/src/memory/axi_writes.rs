//! Writes of card memory beyond AXI pins.

use super::collector::Collector;
use crate::stream::fifo::Fifo;
use rust_hdl::prelude::*;

/// Bursts of at most 16 words, as the [`Collector`] makes them. A burst is offered when its last word is known, so that
/// its data never stop for want of words, and neither of its channels waits for the other's.
///
/// Answers are counted; as they come in the order of the bursts, it is known of each user how many must come until its
/// last word is there, whatever the other one writes meanwhile.
#[derive(LogicBlock, Default)]
pub struct AxiWrites {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The byte to write at, a multiple of 8.
    pub wr_address: Signal<In, Bits<48>>,
    /// The word.
    pub wr_data: Signal<In, Bits<64>>,
    /// Its bytes that are written.
    pub wr_strobe: Signal<In, Bits<8>>,
    /// It is the engine's, not of the host's side.
    pub wr_engine: Signal<In, Bit>,
    /// There is a word.
    pub wr_valid: Signal<In, Bit>,
    /// It is taken.
    pub wr_ready: Signal<Out, Bit>,
    /// Every word of the engine that was taken can be read.
    pub engine_settled: Signal<Out, Bit>,
    /// Every word of the host's side that was taken can be read.
    pub host_settled: Signal<Out, Bit>,
    /// A burst's first byte.
    pub awaddr: Signal<Out, Bits<48>>,
    /// Its words less one.
    pub awlen: Signal<Out, Bits<8>>,
    /// There is one.
    pub awvalid: Signal<Out, Bit>,
    /// It is taken.
    pub awready: Signal<In, Bit>,
    /// A word of it.
    pub wdata: Signal<Out, Bits<64>>,
    /// The bytes that count.
    pub wstrb: Signal<Out, Bits<8>>,
    /// It is the burst's last.
    pub wlast: Signal<Out, Bit>,
    /// There is one.
    pub wvalid: Signal<Out, Bit>,
    /// It is taken.
    pub wready: Signal<In, Bit>,
    /// A burst is written.
    pub bvalid: Signal<In, Bit>,
    collector: Collector,
    /// Words: whether it is the last of its burst, above that its strobes, and the data.
    words: Fifo<73, 6, 7>,
    /// Bursts: the first word's place, above that the number of words less one.
    places: Fifo<49, 4, 5>,
    /// Bursts whose last word is in the queue.
    closed: DFF<Bits<7>>,
    /// Bursts that are not answered yet.
    open: DFF<Bits<8>>,
    /// Answers until the last burst of the engine is there, and of the host's side.
    engine_open: DFF<Bits<8>>,
    host_open: DFF<Bits<8>>,
    closes: Signal<Local, Bit>,
    word: Signal<Local, Bits<73>>,
    strobe: Signal<Local, Bits<73>>,
    place: Signal<Local, Bits<49>>,
    length: Signal<Local, Bits<49>>,
    address: Signal<Local, Bits<48>>,
    last_leaves: Signal<Local, Bit>,
    open_n: Signal<Local, Bits<8>>,
}

impl Logic for AxiWrites {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, closed, open, engine_open, host_open);
        clock!(self, clock, collector, words, places);
        self.collector.wr_address.next = self.wr_address.val();
        self.collector.wr_data.next = self.wr_data.val();
        self.collector.wr_strobe.next = self.wr_strobe.val();
        self.collector.wr_engine.next = self.wr_engine.val();
        self.collector.wr_valid.next = self.wr_valid.val();
        self.wr_ready.next = self.collector.wr_ready.val();
        self.collector.room.next =
            !self.words.full.val() && !self.places.full.val() && !self.open.q.val().all();

        // To the queues.
        self.closes.next = self.collector.leaves.val() && self.collector.is_last.val();
        self.strobe.next = bit_cast::<73, 8>(self.collector.strobe.val());
        self.word.next = bit_cast::<73, 64>(self.collector.data.val());
        self.word.next = self.word.val() << 9;
        self.strobe.next = self.strobe.val() << 1;
        self.word.next = self.word.val() | self.strobe.val();
        if self.collector.is_last.val() {
            self.word.next = self.word.val() | bits::<73>(1);
        }
        self.words.clear.next = false;
        self.words.data.next = self.word.val();
        self.words.push.next = self.collector.leaves.val();
        self.length.next = bit_cast::<49, 4>(self.collector.length.val());
        self.length.next = self.length.val() << 45;
        self.place.next = bit_cast::<49, 45>(self.collector.first.val());
        self.place.next = self.place.val() | self.length.val();
        self.places.clear.next = false;
        self.places.data.next = self.place.val();
        self.places.push.next = self.closes.val();

        // And to the pins.
        self.address.next = bit_cast::<48, 45>(self.places.first.val().get_bits::<45>(0));
        self.awaddr.next = self.address.val() << 3;
        self.awlen.next = bit_cast::<8, 4>(self.places.first.val().get_bits::<4>(45));
        self.awvalid.next = self.places.valid.val();
        self.places.pop.next = self.awready.val();
        self.wdata.next = self.words.first.val().get_bits::<64>(9);
        self.wstrb.next = self.words.first.val().get_bits::<8>(1);
        self.wlast.next = self.words.first.val().get_bit(0);
        self.wvalid.next = self.words.valid.val() && self.closed.q.val().any();
        self.words.pop.next = self.wready.val() && self.closed.q.val().any();
        self.last_leaves.next = self.words.valid.val()
            && self.closed.q.val().any()
            && self.wready.val()
            && self.words.first.val().get_bit(0);
        if self.closes.val() && !self.last_leaves.val() {
            self.closed.d.next = self.closed.q.val() + 1;
        }
        if self.last_leaves.val() && !self.closes.val() {
            self.closed.d.next = self.closed.q.val() - 1;
        }

        // What is not written yet.
        self.open_n.next = self.open.q.val();
        if self.closes.val() && !self.bvalid.val() {
            self.open_n.next = self.open.q.val() + 1;
        }
        if self.bvalid.val() && !self.closes.val() {
            self.open_n.next = self.open.q.val() - 1;
        }
        self.open.d.next = self.open_n.val();
        if self.bvalid.val() && self.engine_open.q.val().any() {
            self.engine_open.d.next = self.engine_open.q.val() - 1;
        }
        if self.bvalid.val() && self.host_open.q.val().any() {
            self.host_open.d.next = self.host_open.q.val() - 1;
        }
        if self.closes.val() {
            if self.collector.engine.val() {
                self.engine_open.d.next = self.open_n.val();
            } else {
                self.host_open.d.next = self.open_n.val();
            }
        }
        self.engine_settled.next =
            (self.engine_open.q.val() == 0) && (!self.collector.held.val() || !self.collector.engine.val());
        self.host_settled.next =
            (self.host_open.q.val() == 0) && (!self.collector.held.val() || self.collector.engine.val());
    }
}
