//! Writes of card memory beyond AXI pins.

use rust_hdl::prelude::*;

/// Each word is a burst of its own. Answers are counted; as they come in the order of the words, it is known of each
/// user how many must come until its last word is there, whatever the other one writes meanwhile.
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
    /// A burst's byte.
    pub awaddr: Signal<Out, Bits<48>>,
    /// There is one.
    pub awvalid: Signal<Out, Bit>,
    /// It is taken.
    pub awready: Signal<In, Bit>,
    /// Its word.
    pub wdata: Signal<Out, Bits<64>>,
    /// The bytes that count.
    pub wstrb: Signal<Out, Bits<8>>,
    /// There is one.
    pub wvalid: Signal<Out, Bit>,
    /// It is taken.
    pub wready: Signal<In, Bit>,
    /// A burst is written.
    pub bvalid: Signal<In, Bit>,
    place: DFF<Bits<48>>,
    data: DFF<Bits<64>>,
    strobe: DFF<Bits<8>>,
    has_place: DFF<Bit>,
    has_data: DFF<Bit>,
    /// Words that are not answered yet.
    open: DFF<Bits<8>>,
    /// Answers until the last word of the engine is there, and of the host's side.
    engine_open: DFF<Bits<8>>,
    host_open: DFF<Bits<8>>,
    takes: Signal<Local, Bit>,
    free: Signal<Local, Bit>,
    open_n: Signal<Local, Bits<8>>,
}

impl Logic for AxiWrites {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            place,
            data,
            strobe,
            has_place,
            has_data,
            open,
            engine_open,
            host_open
        );
        self.awaddr.next = self.place.q.val();
        self.awvalid.next = self.has_place.q.val();
        self.wdata.next = self.data.q.val();
        self.wstrb.next = self.strobe.q.val();
        self.wvalid.next = self.has_data.q.val();
        self.free.next = (!self.has_place.q.val() || self.awready.val())
            && (!self.has_data.q.val() || self.wready.val())
            && !self.open.q.val().all();
        self.wr_ready.next = self.free.val();
        self.takes.next = self.free.val() && self.wr_valid.val();
        if self.awready.val() {
            self.has_place.d.next = false;
        }
        if self.wready.val() {
            self.has_data.d.next = false;
        }
        self.open_n.next = self.open.q.val();
        if self.takes.val() {
            self.has_place.d.next = true;
            self.has_data.d.next = true;
            self.place.d.next = self.wr_address.val();
            self.data.d.next = self.wr_data.val();
            self.strobe.d.next = self.wr_strobe.val();
            if !self.bvalid.val() {
                self.open_n.next = self.open.q.val() + 1;
            }
        } else {
            if self.bvalid.val() {
                self.open_n.next = self.open.q.val() - 1;
            }
        }
        self.open.d.next = self.open_n.val();
        if self.bvalid.val() && self.engine_open.q.val().any() {
            self.engine_open.d.next = self.engine_open.q.val() - 1;
        }
        if self.bvalid.val() && self.host_open.q.val().any() {
            self.host_open.d.next = self.host_open.q.val() - 1;
        }
        if self.takes.val() {
            if self.wr_engine.val() {
                self.engine_open.d.next = self.open_n.val();
            } else {
                self.host_open.d.next = self.open_n.val();
            }
        }
        self.engine_settled.next = self.engine_open.q.val() == 0;
        self.host_settled.next = self.host_open.q.val() == 0;
    }
}
