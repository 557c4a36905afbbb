//! What a card with a tensor engine has besides: RUN jobs, the engine, card memory, and who uses that.

use crate::memory::{axi_memory::AxiMemory, block_memory::BlockMemory, read_turns::ReadTurns};
use crate::optional::{Optional, pins};
use crate::shell::run_job::{Areas, RunJob};
use crate::stream::slice::Slice;
use crate::tensor::any_engine::AnyEngine;
use crate::tensor::array::twin;
use crate::tensor::scratchpads::turns::Turns;
use metisvm_boards::{Board, Multipliers};
use rust_hdl::prelude::*;

/// Writes of card memory come from the host's side (what is made resident, an item's input) and from the engine, reads
/// from the engine and for an item's output.
#[derive(LogicBlock)]
pub struct Tensor {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// See [`RunJob`], also for all that follow to `write_idle`.
    pub stop: Signal<In, Bit>,
    /// See there.
    pub entry: [Signal<In, Bits<64>>; 8],
    /// See there.
    pub start: Signal<In, Bit>,
    /// See there.
    pub done: Signal<Out, Bit>,
    /// See there.
    pub status: Signal<Out, Bits<15>>,
    /// See there.
    pub detail: Signal<Out, Bits<32>>,
    /// See there.
    pub working: Signal<Out, Bit>,
    /// See there.
    pub run_handle: Signal<Out, Bits<6>>,
    /// See there.
    pub run_search: Signal<Out, Bit>,
    /// See there.
    pub run_present: Signal<In, Bit>,
    /// See there.
    pub run_is_state: Signal<In, Bit>,
    /// See there.
    pub run_piece: Signal<In, Bits<48>>,
    /// See there.
    pub run_upto: Signal<In, Bits<49>>,
    /// See there.
    pub run_range_ok: Signal<In, Bit>,
    /// See there.
    pub run_searched: Signal<In, Bit>,
    /// See there.
    pub run_meets: Signal<In, Bit>,
    /// See there.
    pub cmd_valid: Signal<Out, Bit>,
    /// See there.
    pub cmd_ready: Signal<In, Bit>,
    /// See there.
    pub cmd_address: Signal<Out, Bits<64>>,
    /// See there.
    pub cmd_length: Signal<Out, Bits<49>>,
    /// See there.
    pub abort: Signal<Out, Bit>,
    /// See there.
    pub drained: Signal<In, Bit>,
    /// See there.
    pub in_valid: Signal<In, Bit>,
    /// See there.
    pub in_ready: Signal<Out, Bit>,
    /// See there.
    pub in_data: Signal<In, Bits<64>>,
    /// See there.
    pub in_end: Signal<In, Bit>,
    /// See there.
    pub in_error: Signal<In, Bit>,
    /// See there.
    pub write_start: Signal<Out, Bit>,
    /// See there.
    pub write_address: Signal<Out, Bits<64>>,
    /// See there.
    pub write_push: Signal<Out, Bit>,
    /// See there.
    pub write_data: Signal<Out, Bits<64>>,
    /// See there.
    pub write_flush: Signal<Out, Bit>,
    /// See there.
    pub write_ready: Signal<In, Bit>,
    /// See there.
    pub write_idle: Signal<In, Bit>,
    /// A word that is made resident: where.
    pub mw_address: Signal<In, Bits<48>>,
    /// What.
    pub mw_data: Signal<In, Bits<64>>,
    /// A word waits.
    pub mw_valid: Signal<In, Bit>,
    /// It is taken.
    pub mw_ready: Signal<Out, Bit>,
    /// The engine's events, see [`crate::tensor::duty::Duty`].
    pub events: [Signal<Out, Bit>; 8],
    /// See [`AxiMemory`], also for all that follow; of no use where card memory is block RAM.
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
    pub rvalid: Signal<In, Bit>,
    /// See there.
    pub rready: Signal<Out, Bit>,
    /// See there.
    pub awaddr: Signal<Out, Bits<48>>,
    /// See there.
    pub awvalid: Signal<Out, Bit>,
    /// See there.
    pub awready: Signal<In, Bit>,
    /// See there.
    pub wdata: Signal<Out, Bits<64>>,
    /// See there.
    pub wstrb: Signal<Out, Bits<8>>,
    /// See there.
    pub wvalid: Signal<Out, Bit>,
    /// See there.
    pub wready: Signal<In, Bit>,
    /// See there.
    pub bvalid: Signal<In, Bit>,
    /// See [`AxiMemory`], also for all that follow; only where card memory is beyond AXI pins.
    pub awlen: Vec<Signal<Out, Bits<8>>>,
    /// See there.
    pub wlast: Vec<Signal<Out, Bit>>,
    /// See there.
    pub rresp: Vec<Signal<In, Bits<2>>>,
    /// See there.
    pub bresp: Vec<Signal<In, Bits<2>>>,
    /// See there.
    pub clear: Vec<Signal<In, Bit>>,
    /// See there.
    pub failed: Vec<Signal<Out, Bit>>,
    /// See there.
    pub quiet: Vec<Signal<Out, Bit>>,
    job: RunJob,
    engine: AnyEngine,
    reads: ReadTurns,
    writes: Turns,
    /// A word of the host's side, and above it where: that side does not wait for the engine within a cycle.
    host: Slice<112>,
    /// One of the two.
    blocks: Optional<BlockMemory>,
    external: Optional<AxiMemory>,
    host_address: Signal<Local, Bits<48>>,
    host_data: Signal<Local, Bits<64>>,
    host_valid: Signal<Local, Bit>,
    host_place: Signal<Local, Bits<112>>,
    host_ready: Signal<Local, Bit>,
    wr_address: Signal<Local, Bits<48>>,
    wr_data: Signal<Local, Bits<64>>,
    wr_strobe: Signal<Local, Bits<8>>,
    wr_valid: Signal<Local, Bit>,
    wr_ready: Signal<Local, Bit>,
    engine_settled: Signal<Local, Bit>,
    host_settled: Signal<Local, Bit>,
    wr_engine: Signal<Local, Bit>,
}

impl Tensor {
    /// What the board's card has of it: one, or none.
    pub fn of(board: &Board) -> Optional<Self> {
        Optional::new(board.tensor.as_ref().map(|tensor| Self::new(board, tensor)))
    }

    fn new(board: &Board, tensor: &metisvm_boards::Tensor) -> Self {
        let multipliers = match tensor.multipliers {
            Multipliers::Lut => twin::Multipliers::Single { dedicated: 0 },
            Multipliers::Dsp(dedicated) => twin::Multipliers::Single { dedicated },
            Multipliers::Packed => twin::Multipliers::Packed,
        };
        let geometry = &board.capabilities.geometry;
        let engine = AnyEngine::new(geometry, multipliers, tensor.requantise_units);
        let areas = Areas::new(&board.capabilities);
        let axi = usize::from(tensor.external_memory);
        Self {
            clock: Signal::default(),
            stop: Signal::default(),
            entry: Default::default(),
            start: Signal::default(),
            done: Signal::default(),
            status: Signal::default(),
            detail: Signal::default(),
            working: Signal::default(),
            run_handle: Signal::default(),
            run_search: Signal::default(),
            run_present: Signal::default(),
            run_is_state: Signal::default(),
            run_piece: Signal::default(),
            run_upto: Signal::default(),
            run_range_ok: Signal::default(),
            run_searched: Signal::default(),
            run_meets: Signal::default(),
            cmd_valid: Signal::default(),
            cmd_ready: Signal::default(),
            cmd_address: Signal::default(),
            cmd_length: Signal::default(),
            abort: Signal::default(),
            drained: Signal::default(),
            in_valid: Signal::default(),
            in_ready: Signal::default(),
            in_data: Signal::default(),
            in_end: Signal::default(),
            in_error: Signal::default(),
            write_start: Signal::default(),
            write_address: Signal::default(),
            write_push: Signal::default(),
            write_data: Signal::default(),
            write_flush: Signal::default(),
            write_ready: Signal::default(),
            write_idle: Signal::default(),
            mw_address: Signal::default(),
            mw_data: Signal::default(),
            mw_valid: Signal::default(),
            mw_ready: Signal::default(),
            events: Default::default(),
            araddr: Signal::default(),
            arlen: Signal::default(),
            arvalid: Signal::default(),
            arready: Signal::default(),
            rdata: Signal::default(),
            rvalid: Signal::default(),
            rready: Signal::default(),
            awaddr: Signal::default(),
            awvalid: Signal::default(),
            awready: Signal::default(),
            wdata: Signal::default(),
            wstrb: Signal::default(),
            wvalid: Signal::default(),
            wready: Signal::default(),
            bvalid: Signal::default(),
            awlen: pins(axi),
            wlast: pins(axi),
            rresp: pins(axi),
            bresp: pins(axi),
            clear: pins(axi),
            failed: pins(axi),
            quiet: pins(axi),
            job: RunJob::new(&board.capabilities),
            engine: engine.unwrap_or_else(|| panic!("no engine has the geometry {geometry:?}")),
            reads: ReadTurns::default(),
            writes: Turns::default(),
            host: Slice::default(),
            blocks: Optional::new((!tensor.external_memory).then(|| BlockMemory::new(areas.end))),
            external: Optional::new(tensor.external_memory.then(AxiMemory::default)),
            host_address: Signal::default(),
            host_data: Signal::default(),
            host_valid: Signal::default(),
            host_place: Signal::default(),
            host_ready: Signal::default(),
            wr_address: Signal::default(),
            wr_data: Signal::default(),
            wr_strobe: Signal::default(),
            wr_valid: Signal::default(),
            wr_ready: Signal::default(),
            engine_settled: Signal::default(),
            host_settled: Signal::default(),
            wr_engine: Signal::default(),
        }
    }
}

impl Logic for Tensor {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, job, engine, reads, writes, host);
        self.job.stop.next = self.stop.val();
        for i in 0..8 {
            self.job.entry[i].next = self.entry[i].val();
            self.events[i].next = self.engine.events[i].val();
        }
        self.job.start.next = self.start.val();
        self.done.next = self.job.done.val();
        self.status.next = self.job.status.val();
        self.detail.next = self.job.detail.val();
        self.working.next = self.job.working.val();
        self.run_handle.next = self.job.run_handle.val();
        self.run_search.next = self.job.run_search.val();
        self.job.run_present.next = self.run_present.val();
        self.job.run_is_state.next = self.run_is_state.val();
        self.job.run_piece.next = self.run_piece.val();
        self.job.run_upto.next = self.run_upto.val();
        self.job.run_range_ok.next = self.run_range_ok.val();
        self.job.run_searched.next = self.run_searched.val();
        self.job.run_meets.next = self.run_meets.val();
        self.cmd_valid.next = self.job.cmd_valid.val();
        self.job.cmd_ready.next = self.cmd_ready.val();
        self.cmd_address.next = self.job.cmd_address.val();
        self.cmd_length.next = self.job.cmd_length.val();
        self.abort.next = self.job.abort.val();
        self.job.drained.next = self.drained.val();
        self.job.in_valid.next = self.in_valid.val();
        self.in_ready.next = self.job.in_ready.val();
        self.job.in_data.next = self.in_data.val();
        self.job.in_end.next = self.in_end.val();
        self.job.in_error.next = self.in_error.val();
        self.write_start.next = self.job.write_start.val();
        self.write_address.next = self.job.write_address.val();
        self.write_push.next = self.job.write_push.val();
        self.write_data.next = self.job.write_data.val();
        self.write_flush.next = self.job.write_flush.val();
        self.job.write_ready.next = self.write_ready.val();
        self.job.write_idle.next = self.write_idle.val();

        // The engine.
        self.engine.open.next = self.job.engine_open.val();
        self.engine.place.next = self.job.engine_place.val();
        self.engine.bytes.next = self.job.engine_bytes.val();
        self.engine.limit.next = self.job.engine_limit.val();
        self.engine.start.next = self.job.engine_start.val();
        self.job.engine_done.next = self.engine.done.val();
        self.job.engine_status.next = self.engine.status.val();
        self.job.engine_index.next = self.engine.index.val();
        self.engine.stop.next = self.job.engine_stop.val();
        self.job.engine_idle.next = self.engine.idle.val();
        for i in 0..5 {
            self.engine.base[i].next = self.job.base[i].val();
            self.engine.size[i].next = self.job.size[i].val();
        }

        // Reads.
        self.reads.user_address[0].next = self.engine.rd_address.val();
        self.reads.user_words[0].next = self.engine.rd_words.val();
        self.reads.user_valid[0].next = self.engine.rd_valid.val();
        self.engine.rd_ready.next = self.reads.user_ready[0].val();
        self.engine.rd_data.next = self.reads.user_data[0].val();
        self.engine.rd_data_valid.next = self.reads.user_data_valid[0].val();
        self.reads.user_data_ready[0].next = self.engine.rd_data_ready.val();
        self.reads.user_address[1].next = self.job.rd_address.val();
        self.reads.user_words[1].next = self.job.rd_words.val();
        self.reads.user_valid[1].next = self.job.rd_valid.val();
        self.job.rd_ready.next = self.reads.user_ready[1].val();
        self.job.rd_data.next = self.reads.user_data[1].val();
        self.job.rd_data_valid.next = self.reads.user_data_valid[1].val();
        self.reads.user_data_ready[1].next = self.job.rd_data_ready.val();

        // Writes: the host's side makes something resident, or a job of its own brings input.
        self.host_address.next = self.mw_address.val();
        self.host_data.next = self.mw_data.val();
        self.host_valid.next = self.mw_valid.val();
        if self.job.working.val() {
            self.host_address.next = self.job.wr_address.val();
            self.host_data.next = self.job.wr_data.val();
            self.host_valid.next = self.job.wr_valid.val();
        }
        self.writes.first_valid.next = self.engine.wr_valid.val();
        self.host_place.next = bit_cast::<112, 48>(self.host_address.val());
        self.host_place.next = self.host_place.val() << 64;
        self.host.clear.next = false;
        self.host.in_data.next = self.host_place.val() | bit_cast::<112, 64>(self.host_data.val());
        self.host.in_valid.next = self.host_valid.val();
        self.writes.second_valid.next = self.host.out_valid.val();
        self.wr_valid.next = self.engine.wr_valid.val() && self.writes.first_ready.val();
        self.wr_address.next = self.engine.wr_address.val();
        self.wr_data.next = self.engine.wr_data.val();
        self.wr_strobe.next = self.engine.wr_strobe.val();
        self.wr_engine.next = true;
        if self.host.out_valid.val() && self.writes.second_ready.val() {
            self.wr_valid.next = true;
            self.wr_address.next = self.host.out_data.val().get_bits::<48>(64);
            self.wr_data.next = self.host.out_data.val().get_bits::<64>(0);
            self.wr_strobe.next = 255.into();
            self.wr_engine.next = false;
        }

        // The memory.
        self.araddr.next = 0.into();
        self.arlen.next = 0.into();
        self.arvalid.next = false;
        self.rready.next = false;
        self.awaddr.next = 0.into();
        self.awvalid.next = false;
        self.wdata.next = 0.into();
        self.wstrb.next = 0.into();
        self.wvalid.next = false;
        self.reads.rd_ready.next = false;
        self.reads.rd_data.next = 0.into();
        self.reads.rd_data_valid.next = false;
        self.wr_ready.next = false;
        self.engine_settled.next = true;
        self.host_settled.next = true;
        for _one in 0..self.blocks.len() {
            self.blocks.clock.next = self.clock.val();
            self.blocks.rd_address.next = self.reads.rd_address.val();
            self.blocks.rd_words.next = self.reads.rd_words.val();
            self.blocks.rd_valid.next = self.reads.rd_valid.val();
            self.reads.rd_ready.next = self.blocks.rd_ready.val();
            self.reads.rd_data.next = self.blocks.rd_data.val();
            self.reads.rd_data_valid.next = self.blocks.rd_data_valid.val();
            self.blocks.rd_data_ready.next = self.reads.rd_data_ready.val();
            self.blocks.wr_address.next = self.wr_address.val();
            self.blocks.wr_data.next = self.wr_data.val();
            self.blocks.wr_strobe.next = self.wr_strobe.val();
            self.blocks.wr_valid.next = self.wr_valid.val();
            self.wr_ready.next = self.blocks.wr_ready.val();
            self.engine_settled.next = self.blocks.engine_settled.val();
            self.host_settled.next = self.blocks.host_settled.val();
            self.blocks.wr_engine.next = self.wr_engine.val();
        }
        for _one in 0..self.external.len() {
            self.external.clock.next = self.clock.val();
            self.external.rd_address.next = self.reads.rd_address.val();
            self.external.rd_words.next = self.reads.rd_words.val();
            self.external.rd_valid.next = self.reads.rd_valid.val();
            self.reads.rd_ready.next = self.external.rd_ready.val();
            self.reads.rd_data.next = self.external.rd_data.val();
            self.reads.rd_data_valid.next = self.external.rd_data_valid.val();
            self.external.rd_data_ready.next = self.reads.rd_data_ready.val();
            self.external.wr_address.next = self.wr_address.val();
            self.external.wr_data.next = self.wr_data.val();
            self.external.wr_strobe.next = self.wr_strobe.val();
            self.external.wr_valid.next = self.wr_valid.val();
            self.wr_ready.next = self.external.wr_ready.val();
            self.engine_settled.next = self.external.engine_settled.val();
            self.host_settled.next = self.external.host_settled.val();
            self.external.wr_engine.next = self.wr_engine.val();
            self.araddr.next = self.external.araddr.val();
            self.arlen.next = self.external.arlen.val();
            self.arvalid.next = self.external.arvalid.val();
            self.external.arready.next = self.arready.val();
            self.external.rdata.next = self.rdata.val();
            self.external.rvalid.next = self.rvalid.val();
            self.rready.next = self.external.rready.val();
            self.awaddr.next = self.external.awaddr.val();
            self.awvalid.next = self.external.awvalid.val();
            self.external.awready.next = self.awready.val();
            self.wdata.next = self.external.wdata.val();
            self.wstrb.next = self.external.wstrb.val();
            self.wvalid.next = self.external.wvalid.val();
            self.external.wready.next = self.wready.val();
            self.external.bvalid.next = self.bvalid.val();
        }
        for i in 0..self.external.len() {
            self.awlen[i].next = self.external.awlen.val();
            self.wlast[i].next = self.external.wlast.val();
            self.external.rresp.next = self.rresp[i].val();
            self.external.bresp.next = self.bresp[i].val();
            self.external.clear.next = self.clear[i].val();
            self.failed[i].next = self.external.failed.val();
            self.quiet[i].next = self.external.quiet.val() && !self.host.out_valid.val();
        }
        self.engine.wr_ready.next = self.writes.first_ready.val() && self.wr_ready.val();
        self.host_ready.next = self.writes.second_ready.val() && self.wr_ready.val();
        self.host.out_ready.next = self.host_ready.val();
        self.mw_ready.next = self.host.in_ready.val();
        self.job.wr_ready.next = self.host.in_ready.val();
        self.engine.wr_settled.next = self.engine_settled.val();
        self.job.settled.next = self.host_settled.val() && !self.host.out_valid.val();
        self.job.engine_settled.next = self.engine_settled.val();
    }
}
