//! The card's top level: everything joined, and the reset.

use crate::keccak::cluster::Cluster;
use crate::optional::{Optional, pins};
use crate::shell::{
    counters::Counters, executor::Executor, fetcher::Fetcher, keccak_job::KeccakJob, queue::Queue,
    reader::Reader, registers::Registers, tensor::Tensor, writer::Writer,
};
use crate::stream::unpacker::Unpacker;
use metisvm_boards::Board;
use metisvm_firmware::registers::{ABI_VERSION, ABI_VERSION_VALUE, MAGIC, MAGIC_VALUE};
use rust_hdl::prelude::*;

/// The card behind its pins: AXI4-Lite registers, DMA, card memory, interrupts.
///
/// A reset (CONTROL, or `flr`) lets no new entry begin, gives up the job in progress, waits until all writes
/// were handed over, card memory has answered to its own, and no read is outstanding (or its time-out has passed),
/// and then clears queues, handles and, with them, the nonce.
///
/// Streams are W bits wide. D is W + 7 and E is W + 6, entries of queues of beats. There are K = 2^T tags, P = T + 1,
/// and the read buffer has 2^B beats.
#[derive(LogicBlock)]
pub struct Card<
    const W: usize,
    const D: usize,
    const E: usize,
    const B: usize,
    const T: usize,
    const K: usize,
    const P: usize,
> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Function-level reset.
    pub flr: Signal<In, Bit>,
    /// AXI4-Lite, see [`Registers`].
    pub s_awaddr: Signal<In, Bits<16>>,
    /// See there.
    pub s_awvalid: Signal<In, Bit>,
    /// See there.
    pub s_awready: Signal<Out, Bit>,
    /// See there.
    pub s_wdata: Signal<In, Bits<32>>,
    /// See there.
    pub s_wstrb: Signal<In, Bits<4>>,
    /// See there.
    pub s_wvalid: Signal<In, Bit>,
    /// See there.
    pub s_wready: Signal<Out, Bit>,
    /// See there.
    pub s_bresp: Signal<Out, Bits<2>>,
    /// See there.
    pub s_bvalid: Signal<Out, Bit>,
    /// See there.
    pub s_bready: Signal<In, Bit>,
    /// See there.
    pub s_araddr: Signal<In, Bits<16>>,
    /// See there.
    pub s_arvalid: Signal<In, Bit>,
    /// See there.
    pub s_arready: Signal<Out, Bit>,
    /// See there.
    pub s_rdata: Signal<Out, Bits<32>>,
    /// See there.
    pub s_rresp: Signal<Out, Bits<2>>,
    /// See there.
    pub s_rvalid: Signal<Out, Bit>,
    /// See there.
    pub s_rready: Signal<In, Bit>,
    /// DMA reads, see [`Reader`].
    pub rq_address: Signal<Out, Bits<64>>,
    /// See there.
    pub rq_bytes: Signal<Out, Bits<13>>,
    /// See there.
    pub rq_tag: Signal<Out, Bits<T>>,
    /// See there.
    pub rq_valid: Signal<Out, Bit>,
    /// See there.
    pub rq_ready: Signal<In, Bit>,
    /// See there.
    pub rc_data: Signal<In, Bits<W>>,
    /// See there.
    pub rc_tag: Signal<In, Bits<T>>,
    /// See there.
    pub rc_last: Signal<In, Bit>,
    /// See there.
    pub rc_error: Signal<In, Bit>,
    /// See there.
    pub rc_valid: Signal<In, Bit>,
    /// See there.
    pub rc_ready: Signal<Out, Bit>,
    /// DMA writes, see [`Writer`].
    pub wq_address: Signal<Out, Bits<64>>,
    /// See there.
    pub wq_bytes: Signal<Out, Bits<13>>,
    /// See there.
    pub wq_valid: Signal<Out, Bit>,
    /// See there.
    pub wq_ready: Signal<In, Bit>,
    /// See there.
    pub wd_data: Signal<Out, Bits<W>>,
    /// See there.
    pub wd_last: Signal<Out, Bit>,
    /// See there.
    pub wd_valid: Signal<Out, Bit>,
    /// See there.
    pub wd_ready: Signal<In, Bit>,
    /// Card memory of a card without a tensor engine, see [`Executor`].
    pub mw_address: Signal<Out, Bits<48>>,
    /// See there.
    pub mw_data: Signal<Out, Bits<64>>,
    /// See there.
    pub mw_valid: Signal<Out, Bit>,
    /// See there.
    pub mw_ready: Signal<In, Bit>,
    /// Card memory beyond AXI pins, see [`crate::memory::axi_memory::AxiMemory`]; only where it is.
    pub axi_araddr: Vec<Signal<Out, Bits<48>>>,
    /// See there.
    pub axi_arlen: Vec<Signal<Out, Bits<8>>>,
    /// See there.
    pub axi_arvalid: Vec<Signal<Out, Bit>>,
    /// See there.
    pub axi_arready: Vec<Signal<In, Bit>>,
    /// See there.
    pub axi_rdata: Vec<Signal<In, Bits<64>>>,
    /// See there.
    pub axi_rresp: Vec<Signal<In, Bits<2>>>,
    /// See there.
    pub axi_rvalid: Vec<Signal<In, Bit>>,
    /// See there.
    pub axi_rready: Vec<Signal<Out, Bit>>,
    /// See there.
    pub axi_awaddr: Vec<Signal<Out, Bits<48>>>,
    /// See there.
    pub axi_awlen: Vec<Signal<Out, Bits<8>>>,
    /// See there.
    pub axi_awvalid: Vec<Signal<Out, Bit>>,
    /// See there.
    pub axi_awready: Vec<Signal<In, Bit>>,
    /// See there.
    pub axi_wdata: Vec<Signal<Out, Bits<64>>>,
    /// See there.
    pub axi_wstrb: Vec<Signal<Out, Bits<8>>>,
    /// See there.
    pub axi_wlast: Vec<Signal<Out, Bit>>,
    /// See there.
    pub axi_wvalid: Vec<Signal<Out, Bit>>,
    /// See there.
    pub axi_wready: Vec<Signal<In, Bit>>,
    /// See there.
    pub axi_bresp: Vec<Signal<In, Bits<2>>>,
    /// See there.
    pub axi_bvalid: Vec<Signal<In, Bit>>,
    /// The interrupt's vector: the queue's number.
    pub irq_vector: Signal<Out, Bits<6>>,
    /// It is raised.
    pub irq_valid: Signal<Out, Bit>,
    /// It is taken.
    pub irq_ready: Signal<In, Bit>,
    /// Something is in progress, or waits to be looked at.
    pub busy: Signal<Out, Bit>,

    registers: Registers,
    queue: Queue,
    executor: Executor,
    fetcher: Fetcher,
    reader: Reader<W, B, T, K, P>,
    words: Unpacker<W>,
    writer: Writer<W>,
    /// One of each, or none.
    keccak: Optional<KeccakJob<W, E>>,
    cores: Optional<Cluster<W, D>>,
    /// One, or none.
    tensor: Optional<Tensor>,
    counters: Counters,
    constants: SyncROM<Bits<32>, 6>,
    resetting: DFF<Bit>,
    drain: DFF<Bits<32>>,
    was_busy: DFF<Bit>,
    clears: DFF<Bit>,

    queues: Constant<Bits<7>>,
    max_log2: Constant<Bits<32>>,
    max_handles: Constant<Bits<32>>,
    card_bytes: Constant<Bits<64>>,
    max_messages: Constant<Bits<32>>,
    max_bytes: Constant<Bits<32>>,
    timeout: Constant<Bits<32>>,
    short_timeout: Constant<Bits<32>>,
    clear: Signal<Local, Bit>,
    drained: Signal<Local, Bit>,
    is_entry: Signal<Local, Bit>,
    is_for_run: Signal<Local, Bit>,
    is_busy: Signal<Local, Bit>,
    stays_busy: Signal<Local, Bit>,
    is_for_keccak: Signal<Local, Bit>,
    cores_busy: Signal<Local, Bits<5>>,
    read_fire: Signal<Local, Bit>,
    read_ready: Signal<Local, Bit>,
    read_bytes: Signal<Local, Bits<6>>,
}

impl<
    const W: usize,
    const D: usize,
    const E: usize,
    const B: usize,
    const T: usize,
    const K: usize,
    const P: usize,
> Card<W, D, E, B, T, K, P>
{
    /// The card of a board whose streams are W bits wide.
    pub fn new(board: &Board) -> Self {
        assert_eq!(
            (board.stream_bits, board.tags),
            (W, K),
            "the board's streams and tags are those of this card"
        );
        let capabilities = &board.capabilities;
        let timeout = board.read_timeout_cycles;
        let constants = (0..64_u32).map(|word| {
            let value = match word * 4 {
                MAGIC => MAGIC_VALUE,
                ABI_VERSION => ABI_VERSION_VALUE,
                offset => capabilities.register(offset).unwrap_or(0),
            };
            Bits::<32>::from(u64::from(value))
        });
        let is_external = board.tensor.as_ref().is_some_and(|tensor| tensor.external_memory);
        let axi = usize::from(is_external);
        let has_keccak = board.cores > 0;
        let wide = |value: u32| Constant::new(u64::from(value).into());
        Self {
            clock: Signal::default(),
            flr: Signal::default(),
            s_awaddr: Signal::default(),
            s_awvalid: Signal::default(),
            s_awready: Signal::default(),
            s_wdata: Signal::default(),
            s_wstrb: Signal::default(),
            s_wvalid: Signal::default(),
            s_wready: Signal::default(),
            s_bresp: Signal::default(),
            s_bvalid: Signal::default(),
            s_bready: Signal::default(),
            s_araddr: Signal::default(),
            s_arvalid: Signal::default(),
            s_arready: Signal::default(),
            s_rdata: Signal::default(),
            s_rresp: Signal::default(),
            s_rvalid: Signal::default(),
            s_rready: Signal::default(),
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
            wq_address: Signal::default(),
            wq_bytes: Signal::default(),
            wq_valid: Signal::default(),
            wq_ready: Signal::default(),
            wd_data: Signal::default(),
            wd_last: Signal::default(),
            wd_valid: Signal::default(),
            wd_ready: Signal::default(),
            mw_address: Signal::default(),
            mw_data: Signal::default(),
            mw_valid: Signal::default(),
            mw_ready: Signal::default(),
            axi_araddr: pins(axi),
            axi_arlen: pins(axi),
            axi_arvalid: pins(axi),
            axi_arready: pins(axi),
            axi_rdata: pins(axi),
            axi_rresp: pins(axi),
            axi_rvalid: pins(axi),
            axi_rready: pins(axi),
            axi_awaddr: pins(axi),
            axi_awlen: pins(axi),
            axi_awvalid: pins(axi),
            axi_awready: pins(axi),
            axi_wdata: pins(axi),
            axi_wstrb: pins(axi),
            axi_wlast: pins(axi),
            axi_wvalid: pins(axi),
            axi_wready: pins(axi),
            axi_bresp: pins(axi),
            axi_bvalid: pins(axi),
            irq_vector: Signal::default(),
            irq_valid: Signal::default(),
            irq_ready: Signal::default(),
            busy: Signal::default(),
            registers: Registers::default(),
            queue: Queue::default(),
            executor: Executor::default(),
            fetcher: Fetcher::default(),
            reader: Reader::default(),
            words: Unpacker::default(),
            writer: Writer::default(),
            keccak: Optional::new(has_keccak.then(KeccakJob::default)),
            cores: Optional::new(has_keccak.then(|| Cluster::new(board.cores, board.rounds_per_cycle))),
            tensor: Tensor::of(board),
            counters: Counters::new(if board.tensor.is_some() { 20 } else { 12 }),
            constants: SyncROM::from(constants),
            resetting: DFF::default(),
            drain: DFF::default(),
            was_busy: DFF::default(),
            clears: DFF::default(),
            queues: Constant::new(u64::from(capabilities.max_queues).into()),
            max_log2: wide(capabilities.max_queue_entries.max(1).ilog2()),
            max_handles: wide(capabilities.max_handles),
            card_bytes: Constant::new(capabilities.card_memory_bytes.into()),
            max_messages: wide(capabilities.keccak_max_messages),
            max_bytes: wide(capabilities.keccak_max_bytes),
            timeout: wide(timeout),
            // During a reset all tags together have half of a time-out.
            short_timeout: wide(timeout / (2 * K as u32)),
            clear: Signal::default(),
            drained: Signal::default(),
            is_entry: Signal::default(),
            is_for_run: Signal::default(),
            is_busy: Signal::default(),
            stays_busy: Signal::default(),
            is_for_keccak: Signal::default(),
            cores_busy: Signal::default(),
            read_fire: Signal::default(),
            read_ready: Signal::default(),
            read_bytes: Signal::default(),
        }
    }
}

impl<
    const W: usize,
    const D: usize,
    const E: usize,
    const B: usize,
    const T: usize,
    const K: usize,
    const P: usize,
> Logic for Card<W, D, E, B, T, K, P>
{
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, resetting, drain, clears, was_busy);
        clock!(self, clock, registers, queue, executor, fetcher, reader, writer);
        clock!(self, clock, constants, counters, words);
        self.drained.next = self.reader.empty.val() && self.fetcher.idle.val() && !self.words.out_valid.val();

        // The reset.
        self.clear.next = self.clears.q.val();
        self.clears.d.next = false;
        if self.resetting.q.val() {
            if self.queue.idle.val() && self.writer.idle.val() && self.drained.val() {
                self.drain.d.next = self.drain.q.val() + 1;
                // What the bus is offered must be taken before it can be forgotten.
                if !self.reader.rq_valid.val()
                    && (self.reader.quiet.val() || (self.drain.q.val() >= self.timeout.val()))
                {
                    self.clears.d.next = true;
                }
            }
        } else {
            self.drain.d.next = 0.into();
        }
        if self.clears.q.val() {
            self.clears.d.next = false;
            self.resetting.d.next = false;
        }
        if self.registers.reset.val() || self.flr.val() {
            self.resetting.d.next = true;
        }

        self.registers.s_awaddr.next = self.s_awaddr.val();
        self.registers.s_awvalid.next = self.s_awvalid.val();
        self.s_awready.next = self.registers.s_awready.val();
        self.registers.s_wdata.next = self.s_wdata.val();
        self.registers.s_wstrb.next = self.s_wstrb.val();
        self.registers.s_wvalid.next = self.s_wvalid.val();
        self.s_wready.next = self.registers.s_wready.val();
        self.s_bresp.next = self.registers.s_bresp.val();
        self.s_bvalid.next = self.registers.s_bvalid.val();
        self.registers.s_bready.next = self.s_bready.val();
        self.registers.s_araddr.next = self.s_araddr.val();
        self.registers.s_arvalid.next = self.s_arvalid.val();
        self.s_arready.next = self.registers.s_arready.val();
        self.s_rdata.next = self.registers.s_rdata.val();
        self.s_rresp.next = self.registers.s_rresp.val();
        self.s_rvalid.next = self.registers.s_rvalid.val();
        self.registers.s_rready.next = self.s_rready.val();
        self.registers.queues.next = self.queues.val();
        self.registers.status.next = 1.into();
        if self.reader.dead.val() {
            self.registers.status.next = 3.into();
        }
        if self.resetting.q.val() {
            self.registers.status.next = 2.into();
        }
        self.registers.clear.next = self.clear.val();
        self.constants.address.next = self.registers.constant_address.val();
        self.registers.constant_data.next = self.constants.data.val();
        self.registers.counter_data.next = self.counters.data.val();
        self.counters.address.next = self.registers.counter_address.val();
        self.registers.cfg_use.next = self.queue.cfg_use.val();
        self.registers.cfg_address.next = self.queue.cfg_address.val();
        self.registers.sel.next = self.queue.sel.val();
        self.registers.take.next = self.queue.take.val();
        self.registers.again.next = self.queue.again.val();
        self.registers.set_state.next = self.queue.set_state.val();
        self.registers.new_state.next = self.queue.new_state.val();
        self.registers.disarm.next = self.queue.disarm.val();

        self.queue.stop.next = self.resetting.q.val();
        self.queue.queues.next = self.queues.val();
        self.queue.max_log2.next = self.max_log2.val();
        self.queue.boot_nonce.next = self.registers.boot_nonce.val();
        self.queue.cfg_data.next = self.registers.cfg_data.val();
        self.queue.sel_pending.next = self.registers.sel_pending.val();
        self.queue.sel_enabled.next = self.registers.sel_enabled.val();
        self.queue.sel_fresh.next = self.registers.sel_fresh.val();
        self.queue.sel_running.next = self.registers.sel_running.val();
        self.queue.sel_armed.next = self.registers.sel_armed.val();
        self.queue.done.next = self.executor.done.val();
        self.queue.status.next = self.executor.status.val();
        self.queue.detail.next = self.executor.detail.val();
        self.queue.drained.next = self.drained.val();

        self.executor.stop.next = self.resetting.q.val();
        self.executor.clear.next = self.clear.val();
        self.executor.max_handles.next = self.max_handles.val();
        self.executor.card_bytes.next = self.card_bytes.val();
        self.executor.boot_nonce.next = self.registers.boot_nonce.val();
        self.executor.start.next = self.queue.start.val();
        self.executor.cancelled.next = self.queue.cancelled.val();
        self.executor.found.next = self.queue.found.val();
        for i in 0..8 {
            self.executor.entry[i].next = self.queue.entry[i].val();
        }
        self.executor.drained.next = self.drained.val();
        self.executor.has_keccak.next = false;
        self.executor.keccak_done.next = false;
        self.executor.keccak_status.next = 0.into();
        self.executor.keccak_detail.next = 0.into();
        self.executor.has_tensor.next = false;
        self.executor.run_done.next = false;
        self.executor.run_status.next = 0.into();
        self.executor.run_detail.next = 0.into();
        self.executor.run_handle.next = 0.into();
        self.executor.run_search.next = false;
        self.mw_address.next = self.executor.mw_address.val();
        self.mw_data.next = self.executor.mw_data.val();
        self.mw_valid.next = self.executor.mw_valid.val();
        self.executor.mw_ready.next = self.mw_ready.val();

        // The Keccak job and its engine.
        for _one in 0..self.keccak.len() {
            self.keccak.clock.next = self.clock.val();
            self.cores.clock.next = self.clock.val();
            self.executor.has_keccak.next = true;
            self.executor.keccak_done.next = self.keccak.done.val();
            self.executor.keccak_status.next = self.keccak.status.val();
            self.executor.keccak_detail.next = self.keccak.detail.val();
            self.keccak.stop.next = self.resetting.q.val();
            self.keccak.max_messages.next = self.max_messages.val();
            self.keccak.max_bytes.next = self.max_bytes.val();
            self.keccak.start.next = self.executor.keccak_start.val();
            for j in 0..8 {
                self.keccak.entry[j].next = self.queue.entry[j].val();
            }
            self.keccak.drained.next = self.drained.val();
            self.cores.clear.next = self.keccak.engine_clear.val();
            self.cores.in_data.next = self.keccak.engine_data.val();
            self.cores.in_bytes.next = self.keccak.engine_bytes.val();
            self.cores.in_end.next = self.keccak.engine_last.val();
            self.cores.in_valid.next = self.keccak.engine_valid.val();
            self.keccak.engine_ready.next = self.cores.in_ready.val();
            self.keccak.digest_data.next = self.cores.out_data.val();
            self.keccak.digest_valid.next = self.cores.out_valid.val();
            self.cores.out_ready.next = self.keccak.digest_ready.val();
        }

        // RUN jobs; card memory is theirs.
        self.is_for_run.next = false;
        for _one in 0..self.tensor.len() {
            self.tensor.clock.next = self.clock.val();
            self.tensor.stop.next = self.resetting.q.val();
            self.tensor.start.next = self.executor.run_start.val();
            for j in 0..8 {
                self.tensor.entry[j].next = self.queue.entry[j].val();
            }
            self.is_for_run.next = self.tensor.working.val();
            self.executor.has_tensor.next = true;
            self.executor.run_done.next = self.tensor.done.val();
            self.executor.run_status.next = self.tensor.status.val();
            self.executor.run_detail.next = self.tensor.detail.val();
            self.executor.run_handle.next = self.tensor.run_handle.val();
            self.executor.run_search.next = self.tensor.run_search.val();
            self.tensor.run_present.next = self.executor.run_present.val();
            self.tensor.run_is_state.next = self.executor.run_is_state.val();
            self.tensor.run_piece.next = self.executor.run_piece.val();
            self.tensor.run_upto.next = self.executor.run_upto.val();
            self.tensor.run_range_ok.next = self.executor.run_range_ok.val();
            self.tensor.run_searched.next = self.executor.run_searched.val();
            self.tensor.run_meets.next = self.executor.run_meets.val();
            self.tensor.drained.next = self.drained.val();
            self.tensor.mw_address.next = self.executor.mw_address.val();
            self.tensor.mw_data.next = self.executor.mw_data.val();
            self.tensor.mw_valid.next = self.executor.mw_valid.val();
            self.executor.mw_ready.next = self.tensor.mw_ready.val();
            self.mw_valid.next = false;
            self.tensor.arready.next = false;
            self.tensor.rdata.next = 0.into();
            self.tensor.rvalid.next = false;
            self.tensor.awready.next = false;
            self.tensor.wready.next = false;
            self.tensor.bvalid.next = false;
        }

        // Reads: one client at a time.
        self.fetcher.cmd_valid.next = self.queue.cmd_valid.val() || self.executor.cmd_valid.val();
        self.fetcher.cmd_address.next = self.queue.cmd_address.val();
        self.fetcher.cmd_length.next = self.queue.cmd_length.val();
        self.fetcher.cmd_kind.next = 0.into();
        self.queue.cmd_ready.next = self.fetcher.cmd_ready.val();
        self.executor.cmd_ready.next = self.fetcher.cmd_ready.val();
        if self.executor.cmd_valid.val() {
            self.fetcher.cmd_address.next = self.queue.entry[3].val();
            self.fetcher.cmd_length.next = self.queue.entry[7].val().get_bits::<49>(0);
            self.fetcher.cmd_kind.next = 1.into();
        }
        self.fetcher.abort.next = self.queue.abort.val() || self.executor.abort.val();
        for _one in 0..self.keccak.len() {
            self.keccak.cmd_ready.next = self.fetcher.cmd_ready.val();
            if self.keccak.cmd_valid.val() {
                self.fetcher.cmd_valid.next = true;
                self.fetcher.cmd_address.next = self.keccak.cmd_address.val();
                self.fetcher.cmd_length.next = self.keccak.cmd_length.val();
                self.fetcher.cmd_kind.next = self.keccak.cmd_kind.val();
            }
            if self.keccak.abort.val() {
                self.fetcher.abort.next = true;
            }
        }
        for _one in 0..self.tensor.len() {
            self.tensor.cmd_ready.next = self.fetcher.cmd_ready.val();
            if self.tensor.cmd_valid.val() {
                self.fetcher.cmd_valid.next = true;
                self.fetcher.cmd_address.next = self.tensor.cmd_address.val();
                self.fetcher.cmd_length.next = self.tensor.cmd_length.val();
                self.fetcher.cmd_kind.next = 1.into();
            }
            if self.tensor.abort.val() {
                self.fetcher.abort.next = true;
            }
        }
        self.reader.clear.next = self.clear.val();
        self.reader.timeout.next = self.timeout.val();
        if self.resetting.q.val() {
            self.reader.timeout.next = self.short_timeout.val();
        }
        self.reader.req_valid.next = self.fetcher.req_valid.val();
        self.fetcher.req_ready.next = self.reader.req_ready.val();
        self.reader.req_address.next = self.fetcher.req_address.val();
        self.reader.req_bytes.next = self.fetcher.req_bytes.val();
        self.reader.req_kind.next = self.fetcher.req_kind.val();
        self.reader.req_last.next = self.fetcher.req_last.val();
        self.rq_address.next = self.reader.rq_address.val();
        self.rq_bytes.next = self.reader.rq_bytes.val();
        self.rq_tag.next = self.reader.rq_tag.val();
        self.rq_valid.next = self.reader.rq_valid.val();
        self.reader.rq_ready.next = self.rq_ready.val();
        self.reader.rc_data.next = self.rc_data.val();
        self.reader.rc_tag.next = self.rc_tag.val();
        self.reader.rc_last.next = self.rc_last.val();
        self.reader.rc_error.next = self.rc_error.val();
        self.reader.rc_valid.next = self.rc_valid.val();
        self.rc_ready.next = self.reader.rc_ready.val();
        // What is read goes to the Keccak job as it is, and to the others word by word.
        self.is_for_keccak.next = self.reader.out_kind.val().get_bit(1);
        self.words.clear.next = self.clear.val();
        self.words.in_data.next = self.reader.out_data.val();
        self.words.in_bytes.next = self.reader.out_bytes.val();
        self.words.in_kind.next = self.reader.out_kind.val();
        self.words.in_end.next = self.reader.out_end.val();
        self.words.in_error.next = self.reader.out_error.val();
        self.words.in_valid.next = self.reader.out_valid.val() && !self.is_for_keccak.val();
        self.read_ready.next = self.words.in_ready.val();
        for _one in 0..self.keccak.len() {
            self.keccak.in_valid.next = self.reader.out_valid.val() && self.is_for_keccak.val();
            self.keccak.in_data.next = self.reader.out_data.val();
            self.keccak.in_bytes.next = self.reader.out_bytes.val();
            self.keccak.in_kind.next = self.reader.out_kind.val();
            self.keccak.in_end.next = self.reader.out_end.val();
            self.keccak.in_error.next = self.reader.out_error.val();
            if self.is_for_keccak.val() {
                self.read_ready.next = self.keccak.in_ready.val();
            }
        }
        self.reader.out_ready.next = self.read_ready.val();
        self.is_entry.next = self.words.out_kind.val() == 0;
        self.queue.in_valid.next = self.words.out_valid.val() && self.is_entry.val();
        self.queue.in_data.next = self.words.out_data.val();
        self.queue.in_end.next = self.words.out_end.val();
        self.queue.in_error.next = self.words.out_error.val();
        self.executor.in_valid.next =
            self.words.out_valid.val() && !self.is_entry.val() && !self.is_for_run.val();
        self.executor.in_data.next = self.words.out_data.val();
        self.executor.in_end.next = self.words.out_end.val();
        self.executor.in_error.next = self.words.out_error.val();
        self.words.out_ready.next = self.executor.in_ready.val();
        for _one in 0..self.tensor.len() {
            self.tensor.in_valid.next =
                self.words.out_valid.val() && !self.is_entry.val() && self.is_for_run.val();
            self.tensor.in_data.next = self.words.out_data.val();
            self.tensor.in_end.next = self.words.out_end.val();
            self.tensor.in_error.next = self.words.out_error.val();
            if self.is_for_run.val() {
                self.words.out_ready.next = self.tensor.in_ready.val();
            }
        }
        if self.is_entry.val() {
            self.words.out_ready.next = self.queue.in_ready.val();
        }

        // Writes.
        self.writer.start.next = self.queue.write_start.val();
        self.writer.start_address.next = self.queue.write_address.val();
        self.writer.push.next = self.queue.write_push.val();
        self.writer.data.next = self.queue.write_data.val();
        self.writer.flush.next = self.queue.write_flush.val();
        for _one in 0..self.keccak.len() {
            if self.keccak.write_start.val() {
                self.writer.start.next = true;
                self.writer.start_address.next = self.keccak.write_address.val();
            }
            if self.keccak.write_push.val() {
                self.writer.push.next = true;
                self.writer.data.next = self.keccak.write_data.val();
            }
            if self.keccak.write_flush.val() {
                self.writer.flush.next = true;
            }
            self.keccak.write_ready.next = self.writer.ready.val();
            self.keccak.write_idle.next = self.writer.idle.val();
        }
        for _one in 0..self.tensor.len() {
            if self.tensor.write_start.val() {
                self.writer.start.next = true;
                self.writer.start_address.next = self.tensor.write_address.val();
            }
            if self.tensor.write_push.val() {
                self.writer.push.next = true;
                self.writer.data.next = self.tensor.write_data.val();
            }
            if self.tensor.write_flush.val() {
                self.writer.flush.next = true;
            }
            self.tensor.write_ready.next = self.writer.ready.val();
            self.tensor.write_idle.next = self.writer.idle.val();
        }
        self.queue.write_ready.next = self.writer.ready.val();
        self.queue.write_idle.next = self.writer.idle.val();
        self.wq_address.next = self.writer.wq_address.val();
        self.wq_bytes.next = self.writer.wq_bytes.val();
        self.wq_valid.next = self.writer.wq_valid.val();
        self.writer.wq_ready.next = self.wq_ready.val();
        self.wd_data.next = self.writer.wd_data.val();
        self.wd_last.next = self.writer.wd_last.val();
        self.wd_valid.next = self.writer.wd_valid.val();
        self.writer.wd_ready.next = self.wd_ready.val();

        // Card memory beyond pins.
        for i in 0..self.axi_arvalid.len() {
            self.axi_araddr[i].next = self.tensor.araddr.val();
            self.axi_arlen[i].next = self.tensor.arlen.val();
            self.axi_arvalid[i].next = self.tensor.arvalid.val();
            self.tensor.arready.next = self.axi_arready[i].val();
            self.tensor.rdata.next = self.axi_rdata[i].val();
            self.tensor.rresp[i].next = self.axi_rresp[i].val();
            self.tensor.rvalid.next = self.axi_rvalid[i].val();
            self.axi_rready[i].next = self.tensor.rready.val();
            self.axi_awaddr[i].next = self.tensor.awaddr.val();
            self.axi_awlen[i].next = self.tensor.awlen[i].val();
            self.axi_awvalid[i].next = self.tensor.awvalid.val();
            self.tensor.awready.next = self.axi_awready[i].val();
            self.axi_wdata[i].next = self.tensor.wdata.val();
            self.axi_wstrb[i].next = self.tensor.wstrb.val();
            self.axi_wlast[i].next = self.tensor.wlast[i].val();
            self.axi_wvalid[i].next = self.tensor.wvalid.val();
            self.tensor.wready.next = self.axi_wready[i].val();
            self.tensor.bresp[i].next = self.axi_bresp[i].val();
            self.tensor.bvalid.next = self.axi_bvalid[i].val();
            // An error of the memory: nothing that lies there is believed until the reset, which waits for all answers.
            self.tensor.clear[i].next = self.clear.val();
            if self.tensor.failed[i].val() {
                self.executor.run_status.next = 19.into();
                self.executor.run_detail.next = 0.into();
                if !self.resetting.q.val() {
                    self.registers.status.next = 3.into();
                }
            }
            if !self.tensor.quiet[i].val() {
                self.clears.d.next = false;
            }
        }

        self.irq_vector.next = self.queue.sel.val();
        self.irq_valid.next = self.queue.irq_valid.val();
        self.queue.irq_ready.next = self.irq_ready.val();
        self.is_busy.next = self.resetting.q.val()
            || self.registers.active.val()
            || !self.queue.idle.val()
            || !self.writer.idle.val()
            || !self.drained.val()
            || !self.reader.quiet.val();
        // A queue that is to be looked at again is known to wait one cycle after the queue engine is idle.
        self.was_busy.d.next = self.is_busy.val();
        self.stays_busy.next = self.is_busy.val() || self.was_busy.q.val();
        self.busy.next = self.stays_busy.val();
        // What was made resident may be answered before it is written.
        for i in 0..self.axi_arvalid.len() {
            if !self.tensor.quiet[i].val() {
                self.busy.next = true;
            }
        }
        for i in 0..self.counters.by.len() {
            self.counters.by[i].next = 0.into();
        }
        for _one in 0..self.tensor.len() {
            for j in 0..8 {
                if self.tensor.events[j].val() {
                    self.counters.by[j + 12].next = 1.into();
                }
            }
        }
        if self.stays_busy.val() {
            self.counters.by[0].next = 1.into();
        }
        self.cores_busy.next = 0.into();
        for _one in 0..self.keccak.len() {
            self.cores_busy.next = self.cores.busy.val();
            if self.keccak.working.val() && (self.cores.busy.val() == 0) {
                if self.cores.has_word.val() {
                    self.counters.by[3].next = 1.into();
                } else {
                    self.counters.by[2].next = 1.into();
                }
            }
            if self.cores.out_valid.val() && self.keccak.digest_ready.val() && self.cores.out_last.val() {
                self.counters.by[6].next = 1.into();
            }
        }
        self.counters.by[1].next = bit_cast::<10, 5>(self.cores_busy.val());
        // Words, the last of which may be a part of one.
        self.read_fire.next = self.reader.out_valid.val() && !self.reader.out_error.val();
        self.read_bytes.next = self.reader.out_bytes.val() + 7;
        if self.read_fire.val() && self.read_ready.val() {
            self.counters.by[4].next = bit_cast::<10, 3>(self.read_bytes.val().get_bits::<3>(3));
        }
        if self.writer.wq_valid.val() && self.wq_ready.val() {
            self.counters.by[5].next = self.writer.wq_bytes.val().get_bits::<10>(3);
        }
        if self.executor.done.val() {
            self.counters.by[7].next = 1.into();
        }
        if self.reader.waits.val() {
            self.counters.by[8].next = 1.into();
        }
        if self.reader.out_valid.val() && !self.read_ready.val() {
            self.counters.by[9].next = 1.into();
        }
        if self.fetcher.req_valid.val() && !self.reader.req_ready.val() {
            self.counters.by[10].next = 1.into();
        }
        if (self.writer.wq_valid.val() && !self.wq_ready.val())
            || (self.writer.wd_valid.val() && !self.wd_ready.val())
        {
            self.counters.by[11].next = 1.into();
        }
    }
}
