//! Card memory beyond AXI pins.

use super::axi_reads::AxiReads;
use super::axi_writes::AxiWrites;
use rust_hdl::prelude::*;

/// An AXI4 master of 64 bits: bursts that increment, whole words, one number for all.
///
/// An answer that is an error is remembered until the card is reset: what was written may be lost, and what was read is
/// anything. Reads and writes go on as if it was none, so that nothing waits for them for ever.
#[derive(LogicBlock, Default)]
pub struct AxiMemory {
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
    /// A word, in the order of the requests.
    pub rd_data: Signal<Out, Bits<64>>,
    /// There is one.
    pub rd_data_valid: Signal<Out, Bit>,
    /// It is taken.
    pub rd_data_ready: Signal<In, Bit>,
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
    /// Forgets errors: the card's reset, which waits until nothing is on its way.
    pub clear: Signal<In, Bit>,
    /// An answer was an error.
    pub failed: Signal<Out, Bit>,
    /// Every word that was taken is written.
    pub quiet: Signal<Out, Bit>,
    /// See AXI4, also for all that follow.
    pub araddr: Signal<Out, Bits<48>>,
    /// See there.
    pub arlen: Signal<Out, Bits<8>>,
    /// See there.
    pub arvalid: Signal<Out, Bit>,
    /// See there.
    pub arready: Signal<In, Bit>,
    /// See there.
    pub rdata: Signal<In, Bits<64>>,
    /// See there.
    pub rresp: Signal<In, Bits<2>>,
    /// See there.
    pub rvalid: Signal<In, Bit>,
    /// See there.
    pub rready: Signal<Out, Bit>,
    /// See there.
    pub awaddr: Signal<Out, Bits<48>>,
    /// See there.
    pub awlen: Signal<Out, Bits<8>>,
    /// See there.
    pub awvalid: Signal<Out, Bit>,
    /// See there.
    pub awready: Signal<In, Bit>,
    /// See there.
    pub wdata: Signal<Out, Bits<64>>,
    /// See there.
    pub wstrb: Signal<Out, Bits<8>>,
    /// See there.
    pub wlast: Signal<Out, Bit>,
    /// See there.
    pub wvalid: Signal<Out, Bit>,
    /// See there.
    pub wready: Signal<In, Bit>,
    /// See there.
    pub bresp: Signal<In, Bits<2>>,
    /// See there.
    pub bvalid: Signal<In, Bit>,
    reads: AxiReads,
    writes: AxiWrites,
    has_failed: DFF<Bit>,
    bad_read: Signal<Local, Bit>,
    bad_write: Signal<Local, Bit>,
}

impl Logic for AxiMemory {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, has_failed);
        clock!(self, clock, reads, writes);
        // SLVERR and DECERR.
        self.bad_read.next = self.rvalid.val() && self.rd_data_ready.val() && self.rresp.val().get_bit(1);
        self.bad_write.next = self.bvalid.val() && self.bresp.val().get_bit(1);
        if self.clear.val() {
            self.has_failed.d.next = false;
        }
        if self.bad_read.val() || self.bad_write.val() {
            self.has_failed.d.next = true;
        }
        self.failed.next = self.has_failed.q.val();
        self.quiet.next = self.writes.engine_settled.val() && self.writes.host_settled.val();
        self.reads.rd_address.next = self.rd_address.val();
        self.reads.rd_words.next = self.rd_words.val();
        self.reads.rd_valid.next = self.rd_valid.val();
        self.rd_ready.next = self.reads.rd_ready.val();
        self.araddr.next = self.reads.araddr.val();
        self.arlen.next = self.reads.arlen.val();
        self.arvalid.next = self.reads.arvalid.val();
        self.reads.arready.next = self.arready.val();
        self.rd_data.next = self.rdata.val();
        self.rd_data_valid.next = self.rvalid.val();
        self.rready.next = self.rd_data_ready.val();
        self.writes.wr_address.next = self.wr_address.val();
        self.writes.wr_data.next = self.wr_data.val();
        self.writes.wr_strobe.next = self.wr_strobe.val();
        self.writes.wr_engine.next = self.wr_engine.val();
        self.writes.wr_valid.next = self.wr_valid.val();
        self.wr_ready.next = self.writes.wr_ready.val();
        self.engine_settled.next = self.writes.engine_settled.val();
        self.host_settled.next = self.writes.host_settled.val();
        self.awaddr.next = self.writes.awaddr.val();
        self.awlen.next = self.writes.awlen.val();
        self.awvalid.next = self.writes.awvalid.val();
        self.writes.awready.next = self.awready.val();
        self.wdata.next = self.writes.wdata.val();
        self.wstrb.next = self.writes.wstrb.val();
        self.wlast.next = self.writes.wlast.val();
        self.wvalid.next = self.writes.wvalid.val();
        self.writes.wready.next = self.wready.val();
        self.writes.bvalid.next = self.bvalid.val();
    }
}
