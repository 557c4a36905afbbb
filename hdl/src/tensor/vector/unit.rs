//! The VECTOR module: checks an instruction, reads rows of lanes, and writes what becomes of them.

use super::{
    best::Best, checks::Checks, control::Control, element::Element, lookup::Lookup, records::Records,
    results::Results, row_queue::RowQueue, walk::Walk,
};
use crate::tensor::requantise::Requantise;
use metisvm_firmware::Geometry;
use rust_hdl::prelude::*;

/// Executes VECTOR on rows of C lanes; W is 32·C, P is 64·C.
///
/// `start` takes a well-formed instruction, whose words stay until `done`. All is checked before the first access.
/// A row then takes so many cycles:
///
/// | operation | cycles |
/// |---|---|
/// | ADD, MAX, MIN | 2: the accumulators have one read port |
/// | the same with an immediate | 1 |
/// | REQUANTISE | C / units |
/// | TABLE; INTERPOLATE | C; 2·C |
/// | ARGMAX | C for each tile, and 3 for each row |
///
/// From the read of a row on nothing stalls: a row is read when there is a place in the queue of those that go back.
/// A memory's answer is there in the cycle after its question. `stop` forgets the instruction and what is offered to
/// the accumulators; what comes out of the pipelines then is thrown away, and a `start` waits until that is over.
#[derive(LogicBlock)]
pub struct VectorUnit<const C: usize, const W: usize, const P: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Begins an instruction; one cycle.
    pub start: Signal<In, Bit>,
    /// Its words, until it is done.
    pub words: [Signal<In, Bits<64>>; 4],
    /// It is done; one cycle.
    pub done: Signal<Out, Bit>,
    /// How it ended: 0, 9 (an operand is outside) or 11 (a record was never loaded).
    pub status: Signal<Out, Bits<15>>,
    /// Gives up.
    pub stop: Signal<In, Bit>,
    /// There is an instruction, or rests of one that was given up.
    pub busy: Signal<Out, Bit>,
    /// A row of accumulators is asked for.
    pub acc_read_valid: Signal<Out, Bit>,
    /// It is read; `acc_read_data` holds it in the next cycle.
    pub acc_read_ready: Signal<In, Bit>,
    /// Its tile times the rows of a tile, and the row within.
    pub acc_read_address: Signal<Out, Bits<24>>,
    /// The row, column 0 lowest.
    pub acc_read_data: Signal<In, Bits<W>>,
    /// There is a row for the accumulators.
    pub acc_write_valid: Signal<Out, Bit>,
    /// It is written.
    pub acc_write_ready: Signal<In, Bit>,
    /// Where to.
    pub acc_write_address: Signal<Out, Bits<24>>,
    /// The row.
    pub acc_write_data: Signal<Out, Bits<W>>,
    /// Which of its lanes are written.
    pub acc_write_mask: Signal<Out, Bits<C>>,
    /// The record that is read.
    pub param_address: Signal<Out, Bits<16>>,
    /// The record at the address of the cycle before.
    pub param_record: Signal<In, Bits<64>>,
    /// It was loaded.
    pub param_loaded: Signal<In, Bit>,
    /// The entry that is read: table and place in it.
    pub table_address: Signal<Out, Bits<24>>,
    /// The entry at the address of the cycle before.
    pub table_entry: Signal<In, Bits<32>>,

    control: Control,
    checks: Checks,
    walk: Walk<C>,
    records: Records<P>,
    queue: RowQueue<C, W>,
    elements: Vec<Element>,
    units: Vec<Requantise>,
    lookup: Lookup,
    best: Best,
    results: Results<W>,

    // The instruction.
    flag: Signal<Local, Bit>,
    immediate: Signal<Local, Bits<32>>,

    // Which row is read.
    exhausted: DFF<Bit>,
    has_dst: DFF<Bit>,
    pause: DFF<Bits<8>>,
    wants_dst: Signal<Local, Bit>,
    may_read: Signal<Local, Bit>,
    read: Signal<Local, Bit>,
    read_src: Signal<Local, Bit>,
    row_ends: Signal<Local, Bit>,

    // The row that was asked for; and a cycle later, in a register, what the memory gave.
    dst_asked: DFF<Bit>,
    src_asked: DFF<Bit>,
    asked_top: DFF<Bit>,
    asked_left: DFF<Bit>,
    asked_right: DFF<Bit>,
    asked_mask: DFF<Bits<C>>,
    row: DFF<Bits<W>>,
    dst_comes: DFF<Bit>,
    src_comes: DFF<Bit>,
    comes_top: DFF<Bit>,
    comes_left: DFF<Bit>,
    comes_right: DFF<Bit>,
    comes_mask: DFF<Bits<C>>,

    // The row that is worked on.
    dst_row: DFF<Bits<W>>,
    src_row: DFF<Bits<W>>,
    lanes: DFF<Bits<C>>,
    is_right: DFF<Bit>,
    steps_left: DFF<Bits<8>>,
    second: DFF<Bit>,
    active: Signal<Local, Bit>,
    src_lanes: Signal<Local, Bits<W>>,
    dst_lanes: Signal<Local, Bits<W>>,
    all_records: Signal<Local, Bits<P>>,
    all_immediates: Signal<Local, Bits<W>>,
    immediate_wide: Signal<Local, Bits<W>>,

    // Its result.
    element_valid: [DFF<Bit>; 2],
    best_ends: [DFF<Bit>; 2],
    piece: Signal<Local, Bits<32>>,
    piece_wide: Signal<Local, Bits<W>>,
    element_row: Signal<Local, Bits<W>>,
    unit_row: Signal<Local, Bits<W>>,
    unit_valid: Signal<Local, Bit>,

    up: [Constant<Bits<16>>; C],
    row_bits: Constant<Bits<3>>,
    col_bits: Constant<Bits<3>>,
    last_row: Constant<Bits<8>>,
    last_col: Constant<Bits<16>>,
    acc_tiles: Constant<Bits<32>>,
    param_entries: Constant<Bits<17>>,
    table_count: Constant<Bits<17>>,
    last_lane: Constant<Bits<16>>,
    unit_step: Constant<Bits<16>>,
    unit_rest: Constant<Bits<16>>,
    record_step: Constant<Bits<16>>,
    record_rest: Constant<Bits<16>>,
    last_record: Constant<Bits<16>>,
    unit_steps: Constant<Bits<8>>,
    lane_steps: Constant<Bits<8>>,
    pair_steps: Constant<Bits<8>>,
    units_for_all: Constant<Bit>,
    best_mask: Constant<Bits<C>>,
}

impl<const C: usize, const W: usize, const P: usize> VectorUnit<C, W, P> {
    /// One for a card of that geometry, with so many requantise units, a power of two up to C.
    pub fn new(geometry: &Geometry, units: usize) -> Self {
        let rows = usize::from(geometry.tile_rows);
        assert_eq!(C, usize::from(geometry.tile_cols), "a row has a tile's columns");
        assert!(
            (2..=32).contains(&C) && C.is_power_of_two(),
            "columns are a power of two"
        );
        assert!(rows <= 64 && rows.is_power_of_two(), "rows are a power of two");
        assert!(W == 32 * C && P == 64 * C, "widths of a row and of its records");
        assert!(units <= C && units.is_power_of_two(), "units share a row evenly");
        let all = units == C;
        // Where nothing is shifted, any amount below the width will do.
        let shared = if all { 1 } else { units };
        Self {
            clock: Signal::default(),
            start: Signal::default(),
            words: std::array::from_fn(|_| Signal::default()),
            done: Signal::default(),
            status: Signal::default(),
            stop: Signal::default(),
            busy: Signal::default(),
            acc_read_valid: Signal::default(),
            acc_read_ready: Signal::default(),
            acc_read_address: Signal::default(),
            acc_read_data: Signal::default(),
            acc_write_valid: Signal::default(),
            acc_write_ready: Signal::default(),
            acc_write_address: Signal::default(),
            acc_write_data: Signal::default(),
            acc_write_mask: Signal::default(),
            param_address: Signal::default(),
            param_record: Signal::default(),
            param_loaded: Signal::default(),
            table_address: Signal::default(),
            table_entry: Signal::default(),
            control: Control::default(),
            checks: Checks::default(),
            walk: Walk::default(),
            records: Records::default(),
            queue: RowQueue::default(),
            elements: (0..C).map(|_| Element::default()).collect(),
            units: (0..units).map(|_| Requantise::default()).collect(),
            lookup: Lookup::default(),
            best: Best::default(),
            results: Results::default(),
            flag: Signal::default(),
            immediate: Signal::default(),
            exhausted: DFF::default(),
            has_dst: DFF::default(),
            pause: DFF::default(),
            wants_dst: Signal::default(),
            may_read: Signal::default(),
            read: Signal::default(),
            read_src: Signal::default(),
            row_ends: Signal::default(),
            dst_asked: DFF::default(),
            src_asked: DFF::default(),
            asked_top: DFF::default(),
            asked_left: DFF::default(),
            asked_right: DFF::default(),
            asked_mask: DFF::default(),
            row: DFF::default(),
            dst_comes: DFF::default(),
            src_comes: DFF::default(),
            comes_top: DFF::default(),
            comes_left: DFF::default(),
            comes_right: DFF::default(),
            comes_mask: DFF::default(),
            dst_row: DFF::default(),
            src_row: DFF::default(),
            lanes: DFF::default(),
            is_right: DFF::default(),
            steps_left: DFF::default(),
            second: DFF::default(),
            active: Signal::default(),
            src_lanes: Signal::default(),
            dst_lanes: Signal::default(),
            all_records: Signal::default(),
            all_immediates: Signal::default(),
            immediate_wide: Signal::default(),
            element_valid: Default::default(),
            best_ends: Default::default(),
            piece: Signal::default(),
            piece_wide: Signal::default(),
            element_row: Signal::default(),
            unit_row: Signal::default(),
            unit_valid: Signal::default(),
            up: std::array::from_fn(|i| Constant::new((32 * i as u64).into())),
            row_bits: Constant::new(u64::from(rows.trailing_zeros()).into()),
            col_bits: Constant::new(u64::from(C.trailing_zeros()).into()),
            last_row: Constant::new((rows as u64 - 1).into()),
            last_col: Constant::new((C as u64 - 1).into()),
            acc_tiles: Constant::new(u64::from(geometry.acc_tiles).into()),
            param_entries: Constant::new(u64::from(geometry.param_entries).into()),
            table_count: Constant::new(u64::from(geometry.table_count).into()),
            last_lane: Constant::new((W as u64 - 32).into()),
            unit_step: Constant::new((32 * shared as u64).into()),
            unit_rest: Constant::new((W as u64 - 32 * shared as u64).into()),
            record_step: Constant::new((64 * shared as u64).into()),
            record_rest: Constant::new((P as u64 - 64 * shared as u64).into()),
            last_record: Constant::new((P as u64 - 64).into()),
            unit_steps: Constant::new(((C / units) as u64).into()),
            lane_steps: Constant::new((C as u64).into()),
            pair_steps: Constant::new((2 * C as u64).into()),
            units_for_all: Constant::new(all),
            best_mask: Constant::new(3_u64.into()),
        }
    }
}

impl<const C: usize, const W: usize, const P: usize> Logic for VectorUnit<C, W, P> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            exhausted,
            has_dst,
            pause,
            dst_asked,
            src_asked,
            asked_top,
            asked_left,
            asked_right,
            asked_mask,
            row,
            dst_comes,
            src_comes,
            comes_top,
            comes_left,
            comes_right,
            comes_mask,
            dst_row,
            src_row,
            lanes,
            is_right,
            steps_left,
            second
        );
        clock!(
            self, clock, control, checks, walk, records, queue, lookup, best, results
        );
        for i in 0..2 {
            self.element_valid[i].clock.next = self.clock.val();
            self.best_ends[i].clock.next = self.clock.val();
        }

        // What the instruction asks for, and how far it is.
        self.flag.next = self.words[0].val().get_bit(24);
        self.immediate.next = self.words[2].val().get_bits::<32>(0);
        self.control.start.next = self.start.val();
        self.control.stop.next = self.stop.val();
        self.control.op.next = self.words[0].val().get_bits::<4>(16);
        self.control.unit_steps.next = self.unit_steps.val();
        self.control.lane_steps.next = self.lane_steps.val();
        self.control.pair_steps.next = self.pair_steps.val();
        self.control.checked.next = self.checks.finished.val();
        self.control.fails.next = self.checks.fails.val();
        self.control.scanned.next = self.records.scanned.val();
        self.control.missing.next = self.records.missing.val();
        self.control.written.next =
            self.control.runs.val() && self.exhausted.q.val() && self.queue.empty.val();
        self.done.next = self.control.done.val();
        self.status.next = self.control.status.val();
        self.busy.next = self.control.busy.val();
        self.checks.clear.next = self.stop.val();
        self.checks.start.next = self.control.check.val();
        self.checks.word0.next = self.words[0].val();
        self.checks.word1.next = self.words[1].val();
        self.checks.word2.next = self.words[2].val();
        self.checks.row_bits.next = self.row_bits.val();
        self.checks.col_bits.next = self.col_bits.val();
        self.checks.acc_tiles.next = self.acc_tiles.val();
        self.checks.param_entries.next = self.param_entries.val();
        self.checks.table_count.next = self.table_count.val();
        self.records.scan.next = self.control.scan.val();

        // Rows are read, the destination's before the source's.
        self.walk.begins.next = self.control.begins.val();
        self.walk.reduces.next = self.control.is_reduce.val();
        self.walk.word1.next = self.words[1].val();
        self.walk.rows.next = self.checks.rows_less_one.val();
        self.walk.cols.next = self.checks.cols_less_one.val();
        self.walk.tile_cols.next = self.checks.tile_cols_less_one.val();
        self.walk.row_bits.next = self.row_bits.val();
        self.walk.last_row.next = self.last_row.val();
        self.walk.last_col.next = self.last_col.val();
        self.wants_dst.next = (self.control.takes_two.val()
            || (self.control.is_reduce.val() && self.walk.left.val()))
            && !self.has_dst.q.val();
        self.may_read.next = self.control.runs.val()
            && !self.exhausted.q.val()
            && (self.pause.q.val() == bits::<8>(0))
            && !self.queue.full.val();
        if self.control.is_requantise.val() && self.walk.top.val() && !self.records.full.val() {
            self.may_read.next = false;
        }
        self.acc_read_valid.next = self.may_read.val();
        self.acc_read_address.next = self.walk.src.val();
        if self.wants_dst.val() {
            self.acc_read_address.next = self.walk.dst.val();
        }
        self.read.next = self.may_read.val() && self.acc_read_ready.val();
        self.read_src.next = self.read.val() && !self.wants_dst.val();
        self.row_ends.next = self.walk.right.val() || !self.control.is_reduce.val();
        self.walk.advance.next = self.read_src.val();
        if self.pause.q.val() != bits::<8>(0) {
            self.pause.d.next = self.pause.q.val() - 1;
        }
        if self.read.val() {
            self.has_dst.d.next = self.wants_dst.val();
        }
        if self.read_src.val() {
            self.pause.d.next = self.control.steps.val() - 1;
            // What ARGMAX has found is handed over before the next row begins.
            if self.control.is_reduce.val() && self.walk.right.val() {
                self.pause.d.next = self.control.steps.val() + 1;
            }
            if self.walk.last.val() {
                self.exhausted.d.next = true;
            }
        }
        self.queue.reserve.next = self.read_src.val() && self.row_ends.val();
        self.queue.reserve_address.next = self.walk.dst.val();
        self.queue.reserve_mask.next = self.walk.mask.val();
        if self.control.is_reduce.val() {
            self.queue.reserve_mask.next = self.best_mask.val();
        }
        self.dst_asked.d.next = self.read.val() && self.wants_dst.val();
        self.src_asked.d.next = self.read_src.val();
        self.asked_top.d.next = self.walk.top.val();
        self.asked_left.d.next = self.walk.left.val();
        self.asked_right.d.next = self.walk.right.val();
        self.asked_mask.d.next = self.walk.mask.val();
        self.row.d.next = self.acc_read_data.val();
        self.dst_comes.d.next = self.dst_asked.q.val();
        self.src_comes.d.next = self.src_asked.q.val();
        self.comes_top.d.next = self.asked_top.q.val();
        self.comes_left.d.next = self.asked_left.q.val();
        self.comes_right.d.next = self.asked_right.q.val();
        self.comes_mask.d.next = self.asked_mask.q.val();

        // They come, and are worked on. An immediate is a destination that stays.
        self.all_immediates.next = 0.into();
        self.immediate_wide.next = bit_cast::<W, 32>(self.immediate.val());
        for i in 0..C {
            self.all_immediates.next =
                self.all_immediates.val() | (self.immediate_wide.val() << self.up[i].val());
        }
        if self.control.begins.val() {
            self.dst_row.d.next = self.all_immediates.val();
        }
        if self.dst_comes.q.val() {
            self.dst_row.d.next = self.row.q.val();
        }
        self.active.next = self.steps_left.q.val() != bits::<8>(0);
        if self.active.val() {
            self.steps_left.d.next = self.steps_left.q.val() - 1;
            self.second.d.next = self.control.is_pair.val() && !self.second.q.val();
            if self.control.is_requantise.val() {
                self.src_row.d.next = self.src_row.q.val() >> self.unit_step.val();
            } else if self.second.q.val() || !self.control.is_pair.val() {
                self.src_row.d.next = self.src_row.q.val() >> 32;
                self.lanes.d.next = self.lanes.q.val() >> 1;
            }
        }
        if self.src_comes.q.val() {
            self.src_row.d.next = self.row.q.val();
            self.lanes.d.next = self.comes_mask.q.val();
            self.is_right.d.next = self.comes_right.q.val();
            self.steps_left.d.next = self.control.steps.val();
            self.second.d.next = false;
        }
        self.src_lanes.next = self.src_row.q.val();
        self.dst_lanes.next = self.dst_row.q.val();

        // ADD, MAX, MIN.
        self.element_row.next = 0.into();
        for i in 0..C {
            self.elements[i].clock.next = self.clock.val();
            self.elements[i].a.next = self.dst_lanes.val().get_bits::<32>(i * 32);
            self.elements[i].b.next = self.src_lanes.val().get_bits::<32>(i * 32);
            self.elements[i].is_sum.next = self.control.is_sum.val();
            self.elements[i].is_greater.next = self.control.is_greater.val();
            self.piece.next = self.elements[i].out.val();
            self.piece_wide.next = bit_cast::<W, 32>(self.piece.val());
            self.element_row.next = self.element_row.val() | (self.piece_wide.val() << self.up[i].val());
        }
        self.element_valid[0].d.next = self.active.val() && self.control.is_element.val();
        self.element_valid[1].d.next = self.element_valid[0].q.val();

        // REQUANTISE.
        self.records.clear.next = self.stop.val();
        self.records.index.next = self.words[2].val().get_bits::<16>(32);
        self.records.shared.next = self.flag.val();
        self.records.cols.next = self.checks.cols_less_one.val();
        self.records.last_col.next = self.last_col.val();
        self.records.begins.next = self.control.begins.val() && self.control.is_requantise.val();
        self.records.next_tile.next = self.control.is_requantise.val()
            && self.read_src.val()
            && self.walk.top.val()
            && !self.walk.right.val();
        self.records.take.next = self.src_comes.q.val() && self.comes_top.q.val();
        self.records.rotate.next =
            self.active.val() && self.control.is_requantise.val() && !self.units_for_all.val();
        self.records.step.next = self.record_step.val();
        self.records.rest.next = self.record_rest.val();
        self.records.top.next = self.last_record.val();
        self.records.record.next = self.param_record.val();
        self.records.loaded.next = self.param_loaded.val();
        self.param_address.next = self.records.address.val();
        self.all_records.next = self.records.in_use.val();
        self.unit_row.next = 0.into();
        self.unit_valid.next = false;
        for i in 0..self.units.len() {
            self.units[i].clock.next = self.clock.val();
            self.units[i].valid.next = self.active.val() && self.control.is_requantise.val();
            self.units[i].acc.next = self.src_lanes.val().get_bits::<32>(i * 32);
            self.units[i].multiplier.next = self.all_records.val().get_bits::<15>(i * 64);
            self.units[i].shift.next = self.all_records.val().get_bits::<6>(i * 64 + 16);
            self.units[i].zero.next = self.all_records.val().get_bits::<32>(i * 64 + 32);
            self.units[i].dtype.next = self.words[0].val().get_bits::<2>(20);
            self.piece.next = self.units[i].out.val();
            self.piece_wide.next = bit_cast::<W, 32>(self.piece.val());
            self.unit_row.next = self.unit_row.val() | (self.piece_wide.val() << self.up[i].val());
            self.unit_valid.next = self.units[i].out_valid.val();
        }

        // TABLE and INTERPOLATE.
        self.lookup.valid.next = self.active.val() && self.control.is_lookup.val();
        self.lookup.lane.next = self.src_lanes.val().get_bits::<16>(0);
        self.lookup.interpolates.next = self.control.is_pair.val();
        self.lookup.second.next = self.second.q.val();
        self.lookup.first_table.next = self.words[2].val().get_bits::<16>(32);
        self.lookup.second_table.next = self.words[2].val().get_bits::<16>(48);
        self.table_address.next = self.lookup.address.val();
        self.lookup.entry.next = self.table_entry.val();

        // ARGMAX.
        self.best.begins.next = self.src_comes.q.val() && self.comes_left.q.val();
        self.best.old_index.next = self.dst_lanes.val().get_bits::<32>(0);
        self.best.old_value.next = self.dst_lanes.val().get_bits::<32>(32);
        self.best.base.next = self.immediate.val();
        self.best.first_wins.next = self.flag.val();
        self.best.valid.next =
            self.active.val() && self.control.is_reduce.val() && self.lanes.q.val().get_bit(0);
        self.best.value.next = self.src_lanes.val().get_bits::<32>(0);
        self.best_ends[0].d.next = self.control.is_reduce.val()
            && self.is_right.q.val()
            && (self.steps_left.q.val() == bits::<8>(1));
        self.best_ends[1].d.next = self.best_ends[0].q.val();

        // Results, and their way back.
        self.results.clear.next = self.control.begins.val();
        self.results.element_row.next = self.element_row.val();
        self.results.element_valid.next = self.element_valid[1].q.val();
        self.results.unit_row.next = self.unit_row.val();
        self.results.unit_valid.next = self.unit_valid.val();
        self.results.found.next = self.lookup.out.val();
        self.results.found_valid.next = self.lookup.out_valid.val() && self.control.is_lookup.val();
        self.results.index.next = self.best.index.val();
        self.results.best.next = self.best.greatest.val();
        self.results.best_valid.next = self.best_ends[1].q.val();
        self.results.units_for_all.next = self.units_for_all.val();
        self.results.unit_step.next = self.unit_step.val();
        self.results.unit_rest.next = self.unit_rest.val();
        self.results.last_lane.next = self.last_lane.val();
        self.results.last_piece.next = self.control.last_piece.val();
        self.queue.push.next = self.results.whole.val() && !self.control.flushes.val();
        self.queue.data.next = self.results.row.val();
        self.acc_write_valid.next = self.queue.valid.val();
        self.acc_write_address.next = self.queue.address.val();
        self.acc_write_data.next = self.queue.first.val();
        self.acc_write_mask.next = self.queue.mask.val();
        self.queue.pop.next = self.acc_write_ready.val();
        self.queue.clear.next = self.stop.val();

        if self.control.begins.val() {
            self.exhausted.d.next = false;
            self.has_dst.d.next = false;
            self.pause.d.next = 0.into();
        }
        if self.stop.val() {
            self.dst_asked.d.next = false;
            self.src_asked.d.next = false;
            self.dst_comes.d.next = false;
            self.src_comes.d.next = false;
            self.steps_left.d.next = 0.into();
        }
    }
}
