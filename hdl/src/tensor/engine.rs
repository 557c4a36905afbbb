//! The tensor engine: from a program to traffic with card memory.

use super::compute::Compute;
use super::duty::Duty;
use super::read_share::ReadShare;
use super::settle::Settle;
use crate::tensor::array::twin::Multipliers;
use crate::tensor::run::runner::Runner;
use crate::tensor::scratchpads::accumulators::Accumulators;
use crate::tensor::scratchpads::lane_bank::LaneBank;
use crate::tensor::scratchpads::records::Records;
use crate::tensor::scratchpads::tables::Tables;
use crate::tensor::transfer::load::Load;
use crate::tensor::transfer::store::Store;
use metisvm_firmware::Geometry;
use rust_hdl::prelude::*;

/// Runs a program's items: [`Runner`] begins instructions on [`Load`], [`Compute`] and [`Store`], between which the
/// scratchpads lie.
///
/// Tiles have sides R = 2^S, C and D, so LA = R·D lanes in A, LB = D·C in B. Scratchpads hold 2^TA tiles of A, 2^TB of
/// B, 2^T rows of ACC, 2^TP records and 2^TT entries of tables. AW is 9·D, W is 18 + log2 D, VW is 32·C, VP is 64·C;
/// queues of rows hold 2^F, P is F + 1. [`any_engine`](super::any_engine) has those that boards use.
#[derive(LogicBlock)]
#[rustfmt::skip]
pub struct Engine<
    const R: usize, const C: usize, const D: usize, const LA: usize, const LB: usize, const AW: usize,
    const W: usize, const TA: usize, const TB: usize, const T: usize, const S: usize, const F: usize,
    const P: usize, const VW: usize, const VP: usize, const TP: usize, const TT: usize,
> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// See [`Runner`], as all to `idle`. Opens a program; records of the one before are forgotten.
    pub open: Signal<In, Bit>,
    /// Its place in card memory in units of 32 bytes.
    pub place: Signal<In, Bits<43>>,
    /// Its bytes.
    pub bytes: Signal<In, Bits<48>>,
    /// Most instructions of a program.
    pub limit: Signal<In, Bits<25>>,
    /// Starts an item.
    pub start: Signal<In, Bit>,
    /// The program is open, or the item at its end; all that it stored can be read.
    pub done: Signal<Out, Bit>,
    /// How that went: 0, 8 to 14.
    pub status: Signal<Out, Bits<15>>,
    /// The instruction at fault.
    pub index: Signal<Out, Bits<32>>,
    /// Gives up, without an answer.
    pub stop: Signal<In, Bit>,
    /// No program is open, and nothing is on its way to or from memory.
    pub idle: Signal<Out, Bit>,
    /// Where the spaces begin: RESIDENT, INPUT, OUTPUT, WORKSPACE, STATE.
    pub base: [Signal<In, Bits<48>>; 5],
    /// Their bytes.
    pub size: [Signal<In, Bits<48>>; 5],
    /// Card memory: the first byte to read, a multiple of 8.
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
    /// A word to write: its first byte.
    pub wr_address: Signal<Out, Bits<48>>,
    /// The word.
    pub wr_data: Signal<Out, Bits<64>>,
    /// Its bytes that are written.
    pub wr_strobe: Signal<Out, Bits<8>>,
    /// There is one.
    pub wr_valid: Signal<Out, Bit>,
    /// It is taken.
    pub wr_ready: Signal<In, Bit>,
    /// Every word that was taken can be read by now.
    pub wr_settled: Signal<In, Bit>,
    /// Events, see [`Duty`].
    pub array_steps: Signal<Out, Bit>,
    /// See there.
    pub load_busy: Signal<Out, Bit>,
    /// See there.
    pub compute_busy: Signal<Out, Bit>,
    /// See there.
    pub store_busy: Signal<Out, Bit>,
    /// See there.
    pub load_waits: Signal<Out, Bit>,
    /// See there.
    pub compute_waits: Signal<Out, Bit>,
    /// See there.
    pub store_waits: Signal<Out, Bit>,
    /// See there.
    pub memory_waits: Signal<Out, Bit>,
    runner: Runner,
    load: Load,
    compute: Compute<R, C, D, AW, W, TA, TB, T, S, F, P, VW, VP>,
    store: Store,
    settle: Settle,
    share: ReadShare,
    duty: Duty,
    bank_a: LaneBank<LA, TA>,
    bank_b: LaneBank<LB, TB>,
    acc: Accumulators<C, T>,
    records: Records<TP>,
    tables: Tables<TT>,
    was_halted: DFF<Bit>,
    /// The program is open, but records are still being forgotten.
    held: DFF<Bit>,
    halts: Signal<Local, Bit>,
    answers: Signal<Local, Bit>,
    a_mask: Signal<Local, Bits<LA>>,
    b_mask: Signal<Local, Bits<LB>>,
    acc_mask: Signal<Local, Bits<C>>,
    a_lane: Vec<Constant<Bits<LA>>>,
    b_lane: Vec<Constant<Bits<LB>>>,
    column: Vec<Constant<Bits<C>>>,
    no_a: Constant<Bits<LA>>,
    no_b: Constant<Bits<LB>>,
    no_column: Constant<Bits<C>>,
}

/// Of each lane, a mask with its bit alone.
fn single_bits<const N: usize>() -> Vec<Constant<Bits<N>>> {
    let one: Bits<N> = 1_u64.into();
    (0..N)
        .map(|lane| Constant::new(one << Bits::<16>::from(lane as u64)))
        .collect()
}

#[rustfmt::skip]
impl<
    const R: usize, const C: usize, const D: usize, const LA: usize, const LB: usize, const AW: usize,
    const W: usize, const TA: usize, const TB: usize, const T: usize, const S: usize, const F: usize,
    const P: usize, const VW: usize, const VP: usize, const TP: usize, const TT: usize,
> Engine<R, C, D, LA, LB, AW, W, TA, TB, T, S, F, P, VW, VP, TP, TT> {
    /// For scratchpads of such sizes, which fit the parameters, with such multipliers and so many requantise units.
    pub fn new(geometry: &Geometry, multipliers: Multipliers, requantise_units: usize) -> Self {
        let sides = [geometry.tile_rows, geometry.tile_cols, geometry.tile_depth].map(usize::from);
        assert_eq!(sides, [R, C, D], "an engine has its tiles' sides");
        assert!(LA == R * D && LB == D * C, "lanes of a tile of A and of B");
        let fits = |count: u32, bits: usize| u64::from(count) <= 1 << bits;
        assert!(fits(geometry.a_tiles, TA) && fits(geometry.b_tiles, TB), "tiles of A and B have addresses");
        assert!(fits(geometry.acc_tiles * R as u32, T), "rows of ACC have addresses");
        assert!(fits(geometry.param_entries, TP), "records have addresses");
        assert!(fits(geometry.table_count * 256, TT), "entries of tables have addresses");
        Self {
            clock: Signal::default(),
            open: Signal::default(),
            place: Signal::default(),
            bytes: Signal::default(),
            limit: Signal::default(),
            start: Signal::default(),
            done: Signal::default(),
            status: Signal::default(),
            index: Signal::default(),
            stop: Signal::default(),
            idle: Signal::default(),
            base: Default::default(),
            size: Default::default(),
            rd_address: Signal::default(),
            rd_words: Signal::default(),
            rd_valid: Signal::default(),
            rd_ready: Signal::default(),
            rd_data: Signal::default(),
            rd_data_valid: Signal::default(),
            rd_data_ready: Signal::default(),
            wr_address: Signal::default(),
            wr_data: Signal::default(),
            wr_strobe: Signal::default(),
            wr_valid: Signal::default(),
            wr_ready: Signal::default(),
            wr_settled: Signal::default(),
            array_steps: Signal::default(),
            load_busy: Signal::default(),
            compute_busy: Signal::default(),
            store_busy: Signal::default(),
            load_waits: Signal::default(),
            compute_waits: Signal::default(),
            store_waits: Signal::default(),
            memory_waits: Signal::default(),
            runner: Runner::default(),
            load: Load::new(geometry),
            compute: Compute::new(geometry, multipliers, requantise_units),
            store: Store::new(geometry),
            settle: Settle::default(),
            share: ReadShare::default(),
            duty: Duty::default(),
            bank_a: LaneBank::default(),
            bank_b: LaneBank::default(),
            acc: Accumulators::default(),
            records: Records::default(),
            tables: Tables::default(),
            was_halted: DFF::default(),
            held: DFF::default(),
            halts: Signal::default(),
            answers: Signal::default(),
            a_mask: Signal::default(),
            b_mask: Signal::default(),
            acc_mask: Signal::default(),
            a_lane: single_bits(),
            b_lane: single_bits(),
            column: single_bits(),
            no_a: Constant::new(0_u64.into()),
            no_b: Constant::new(0_u64.into()),
            no_column: Constant::new(0_u64.into()),
        }
    }
}

#[rustfmt::skip]
impl<
    const R: usize, const C: usize, const D: usize, const LA: usize, const LB: usize, const AW: usize,
    const W: usize, const TA: usize, const TB: usize, const T: usize, const S: usize, const F: usize,
    const P: usize, const VW: usize, const VP: usize, const TP: usize, const TT: usize,
> Logic for Engine<R, C, D, LA, LB, AW, W, TA, TB, T, S, F, P, VW, VP, TP, TT> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, was_halted, held);
        clock!(self, clock, runner, load, compute, store, settle, share, duty, bank_a, bank_b, acc, records, tables);

        // A job: its program is open when the records of the one before are forgotten, too.
        self.runner.open.next = self.open.val();
        self.runner.place.next = self.place.val();
        self.runner.bytes.next = self.bytes.val();
        self.runner.limit.next = self.limit.val();
        self.runner.start.next = self.start.val();
        self.runner.stop.next = self.stop.val();
        self.records.forget.next = self.open.val();
        self.answers.next = self.runner.done.val() || self.held.q.val();
        self.held.d.next = self.answers.val() && self.records.forgetting.val() && !self.stop.val();
        self.done.next = self.answers.val() && !self.records.forgetting.val();
        self.status.next = self.runner.status.val();
        self.index.next = self.runner.index.val();
        self.idle.next = self.runner.idle.val() && !self.held.q.val() && !self.records.forgetting.val();

        // Modules give up for one cycle; the runner halts them until all are idle.
        self.was_halted.d.next = self.runner.halt.val();
        self.halts.next = self.runner.halt.val() && !self.was_halted.q.val();
        self.load.stop.next = self.halts.val();
        self.compute.stop.next = self.halts.val();
        self.store.stop.next = self.halts.val();
        self.settle.stop.next = self.halts.val();
        self.load.start.next = self.runner.module_start[0].val();
        self.compute.start.next = self.runner.module_start[1].val();
        self.store.start.next = self.runner.module_start[2].val();
        for i in 0..4 {
            self.load.words[i].next = self.runner.module_words[i].val();
            self.compute.words[i].next = self.runner.module_words[i + 4].val();
            self.store.words[i].next = self.runner.module_words[i + 8].val();
        }
        self.settle.module_done.next = self.store.done.val();
        self.settle.module_idle.next = self.store.idle.val();
        self.settle.settled.next = self.wr_settled.val();
        self.runner.module_done[0].next = self.load.done.val();
        self.runner.module_done[1].next = self.compute.done.val();
        self.runner.module_done[2].next = self.settle.done.val();
        self.runner.module_status[0].next = self.load.status.val();
        self.runner.module_status[1].next = self.compute.status.val();
        self.runner.module_status[2].next = self.store.status.val();
        self.runner.module_idle[0].next = self.load.idle.val();
        self.runner.module_idle[1].next = self.compute.idle.val();
        self.runner.module_idle[2].next = self.settle.idle.val();

        // Card memory.
        for i in 0..5 {
            self.load.base[i].next = self.base[i].val();
            self.load.size[i].next = self.size[i].val();
            self.store.base[i].next = self.base[i].val();
            self.store.size[i].next = self.size[i].val();
        }
        self.share.runner_address.next = self.runner.rd_address.val();
        self.share.runner_words.next = self.runner.rd_words.val();
        self.share.runner_valid.next = self.runner.rd_valid.val();
        self.runner.rd_ready.next = self.share.runner_ready.val();
        self.runner.rd_data.next = self.rd_data.val();
        self.runner.rd_data_valid.next = self.share.runner_data_valid.val();
        self.share.runner_data_ready.next = self.runner.rd_data_ready.val();
        self.share.load_address.next = self.load.req_address.val();
        self.share.load_words.next = self.load.req_words.val();
        self.share.load_valid.next = self.load.req_valid.val();
        self.load.req_ready.next = self.share.load_ready.val();
        self.load.data.next = self.rd_data.val();
        self.load.data_valid.next = self.share.load_data_valid.val();
        self.share.load_data_ready.next = self.load.data_ready.val();
        self.rd_address.next = self.share.rd_address.val();
        self.rd_words.next = self.share.rd_words.val();
        self.rd_valid.next = self.share.rd_valid.val();
        self.share.rd_ready.next = self.rd_ready.val();
        self.share.rd_data_valid.next = self.rd_data_valid.val();
        self.rd_data_ready.next = self.share.rd_data_ready.val();
        self.wr_address.next = self.store.w_address.val();
        self.wr_data.next = self.store.w_data.val();
        self.wr_strobe.next = self.store.w_strobe.val();
        self.wr_valid.next = self.store.w_valid.val();
        self.store.w_ready.next = self.wr_ready.val();

        // A and B: load writes, GEMM reads.
        self.a_mask.next = self.no_a.val();
        for i in 0..LA {
            if self.load.a_mask[i].val() {
                self.a_mask.next = self.a_mask.val() | self.a_lane[i].val();
            }
            self.bank_a.write_lanes[i].next = self.load.a_data[i].val();
            self.compute.a[i].next = self.bank_a.lanes[i].val();
        }
        self.bank_a.write_mask.next = self.no_a.val();
        if self.load.a_write.val() {
            self.bank_a.write_mask.next = self.a_mask.val();
        }
        self.bank_a.write_address.next = self.load.a_address.val().get_bits::<TA>(0);
        self.bank_a.read_address.next = self.compute.a_address.val();
        self.b_mask.next = self.no_b.val();
        for i in 0..LB {
            if self.load.b_mask[i].val() {
                self.b_mask.next = self.b_mask.val() | self.b_lane[i].val();
            }
            self.bank_b.write_lanes[i].next = self.load.b_data[i].val();
            self.compute.b[i].next = self.bank_b.lanes[i].val();
        }
        self.bank_b.write_mask.next = self.no_b.val();
        if self.load.b_write.val() {
            self.bank_b.write_mask.next = self.b_mask.val();
        }
        self.bank_b.write_address.next = self.load.b_address.val().get_bits::<TB>(0);
        self.bank_b.read_address.next = self.compute.b_address.val();

        // ACC: all three.
        self.acc_mask.next = self.no_column.val();
        for i in 0..C {
            if self.load.acc_mask[i].val() {
                self.acc_mask.next = self.acc_mask.val() | self.column[i].val();
            }
            self.acc.load_write_row[i].next = self.load.acc_data[i].val();
            self.acc.compute_write_row[i].next = self.compute.write_row[i].val();
            self.compute.read_row[i].next = self.acc.row[i].val();
            self.store.acc_data[i].next = self.acc.row[i].val();
        }
        self.acc.load_write_valid.next = self.load.acc_valid.val();
        self.load.acc_ready.next = self.acc.load_write_ready.val();
        self.acc.load_write_address.next = self.load.acc_address.val().get_bits::<T>(0);
        self.acc.load_write_mask.next = self.acc_mask.val();
        self.acc.compute_write_valid.next = self.compute.write_valid.val();
        self.compute.write_ready.next = self.acc.compute_write_ready.val();
        self.acc.compute_write_address.next = self.compute.write_address.val();
        self.acc.compute_write_mask.next = self.compute.write_mask.val();
        self.acc.compute_read_valid.next = self.compute.read_valid.val();
        self.compute.read_ready.next = self.acc.compute_read_ready.val();
        self.acc.compute_read_address.next = self.compute.read_address.val();
        self.acc.store_read_valid.next = self.store.acc_valid.val();
        self.store.acc_ready.next = self.acc.store_read_ready.val();
        self.acc.store_read_address.next = self.store.acc_address.val().get_bits::<T>(0);

        // PARAM and TABLE: load writes, VECTOR reads.
        self.records.write.next = self.load.param_write.val();
        self.records.write_address.next = self.load.param_address.val().get_bits::<TP>(0);
        self.records.write_record.next = self.load.param_data.val();
        self.records.read_address.next = self.compute.param_address.val().get_bits::<TP>(0);
        self.compute.param_record.next = self.records.record.val();
        self.compute.param_loaded.next = self.records.known.val();
        self.tables.write.next = self.load.table_write.val();
        self.tables.write_address.next = self.load.table_address.val().get_bits::<TT>(0);
        self.tables.write_entry.next = self.load.table_data.val();
        self.tables.read_address.next = self.compute.table_address.val().get_bits::<TT>(0);
        self.compute.table_entry.next = self.tables.entry.val();

        // Events.
        for i in 0..3 {
            self.duty.start[i].next = self.runner.module_start[i].val();
            self.duty.pauses[i].next = self.runner.pauses[i].val();
        }
        self.duty.done[0].next = self.load.done.val();
        self.duty.done[1].next = self.compute.done.val();
        self.duty.done[2].next = self.settle.done.val();
        self.duty.halt.next = self.runner.halt.val();
        self.duty.step.next = self.compute.steps.val();
        self.duty.wants_word.next = self.load.wants.val();
        self.duty.has_word.next = self.load.has.val();
        self.array_steps.next = self.duty.array_steps.val();
        self.load_busy.next = self.duty.load_busy.val();
        self.compute_busy.next = self.duty.compute_busy.val();
        self.store_busy.next = self.duty.store_busy.val();
        self.load_waits.next = self.duty.load_waits.val();
        self.compute_waits.next = self.duty.compute_waits.val();
        self.store_waits.next = self.duty.store_waits.val();
        self.memory_waits.next = self.duty.memory_waits.val();
    }
}
