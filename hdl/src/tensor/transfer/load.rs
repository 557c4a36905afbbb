//! The load module: LOAD, LOAD_TILES and FILL.

use super::bursts::Bursts;
use super::checks::Checks;
use super::chunks::Chunks;
use super::cursor::Cursor;
use super::deposit::{Deposit, many};
use super::gather::Gather;
use super::shape::Shape;
use crate::stream::slice::Slice;
use metisvm_firmware::Geometry;
use rust_hdl::prelude::*;

/// Executes one instruction of the load module after the other.
///
/// First come the [`Checks`]; then elements come from one of three sources, [`Gather`] of LOAD, [`Bursts`] and
/// [`Chunks`] of LOAD_TILES, a counter of FILL, and go through [`Deposit`] into the scratchpads. What was asked of the
/// memory is counted, so that after `stop`, or behind a bad record, all answers are taken before anything else begins.
#[derive(LogicBlock)]
pub struct Load {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Gives up what is in progress; there will be no `done`.
    pub stop: Signal<In, Bit>,
    /// Begins the instruction in `words`, which stay until `done`.
    pub start: Signal<In, Bit>,
    /// A canonical instruction of this module.
    pub words: [Signal<In, Bits<64>>; 4],
    /// It is done; one cycle.
    pub done: Signal<Out, Bit>,
    /// With `done`: 0, or 9, 10, 11.
    pub status: Signal<Out, Bits<15>>,
    /// Nothing is in progress, and the memory owes nothing.
    pub idle: Signal<Out, Bit>,
    /// Where the spaces begin.
    pub base: [Signal<In, Bits<48>>; 5],
    /// Their bytes.
    pub size: [Signal<In, Bits<48>>; 5],
    /// A read request.
    pub req_valid: Signal<Out, Bit>,
    /// It is taken.
    pub req_ready: Signal<In, Bit>,
    /// First byte, a multiple of 8.
    pub req_address: Signal<Out, Bits<48>>,
    /// Words.
    pub req_words: Signal<Out, Bits<16>>,
    /// An answer; in the order of the requests.
    pub data: Signal<In, Bits<64>>,
    /// There is one.
    pub data_valid: Signal<In, Bit>,
    /// It is taken.
    pub data_ready: Signal<Out, Bit>,
    /// An answer is wanted.
    pub wants: Signal<Out, Bit>,
    /// There is one.
    pub has: Signal<Out, Bit>,

    /// See [`Deposit`], as all that follow.
    pub a_write: Signal<Out, Bit>,
    /// Its number.
    pub a_address: Signal<Out, Bits<16>>,
    /// Its lanes.
    pub a_data: Vec<Signal<Out, Bits<9>>>,
    /// Those that are written.
    pub a_mask: Vec<Signal<Out, Bit>>,
    /// Writes a tile of B.
    pub b_write: Signal<Out, Bit>,
    /// Its number.
    pub b_address: Signal<Out, Bits<16>>,
    /// Its lanes.
    pub b_data: Vec<Signal<Out, Bits<9>>>,
    /// Those that are written.
    pub b_mask: Vec<Signal<Out, Bit>>,
    /// Writes a row of a tile of ACC.
    pub acc_valid: Signal<Out, Bit>,
    /// It is written.
    pub acc_ready: Signal<In, Bit>,
    /// tile·R + row.
    pub acc_address: Signal<Out, Bits<24>>,
    /// Its columns.
    pub acc_data: Vec<Signal<Out, Bits<32>>>,
    /// Those that are written.
    pub acc_mask: Vec<Signal<Out, Bit>>,
    /// Writes a record.
    pub param_write: Signal<Out, Bit>,
    /// Its number.
    pub param_address: Signal<Out, Bits<16>>,
    /// As it lies in memory.
    pub param_data: Signal<Out, Bits<64>>,
    /// Writes an entry of a table.
    pub table_write: Signal<Out, Bit>,
    /// table·256 + entry.
    pub table_address: Signal<Out, Bits<24>>,
    /// The entry.
    pub table_data: Signal<Out, Bits<32>>,

    shape: Shape,
    checks: Checks,
    gather: Gather,
    cursor: Cursor,
    bursts: Bursts,
    chunks: Chunks,
    deposit: Deposit,
    /// Between memory and sources, and between these and the scratchpads: no handshake reaches further than to one of them.
    answers: Slice<64>,
    /// An element's word, address, part and lane.
    elements: Slice<120>,

    // What kind of instruction it is.
    is_gather: DFF<Bit>,
    is_burst: DFF<Bit>,
    is_fill: DFF<Bit>,
    // Where it stands.
    begins: DFF<Bit>,
    checking: DFF<Bit>,
    running: DFF<Bit>,
    flushing: DFF<Bit>,
    draining: DFF<Bit>,
    silent: DFF<Bit>,
    done_reg: DFF<Bit>,
    status_reg: DFF<Bits<15>>,
    fill_at: DFF<Bits<24>>,
    fill_left: DFF<Bits<24>>,
    // Words that are asked for and not here.
    owed: DFF<Bits<17>>,

    opcode: Signal<Local, Bits<8>>,
    dtype: Signal<Local, Bits<2>>,
    space: Signal<Local, Bits<3>>,
    first: Signal<Local, Bits<16>>,
    pitch: Signal<Local, Bits<16>>,
    row: Signal<Local, Bits<16>>,
    col: Signal<Local, Bits<16>>,
    rows: Signal<Local, Bits<16>>,
    cols: Signal<Local, Bits<16>>,
    space_base: Signal<Local, Bits<48>>,
    space_size: Signal<Local, Bits<48>>,
    width: Signal<Local, Bits<3>>,
    height_log2: Signal<Local, Bits<4>>,
    width_log2: Signal<Local, Bits<4>>,
    clear: Signal<Local, Bit>,
    launch: Signal<Local, Bit>,
    fill_count: Signal<Local, Bits<24>>,
    first_unit: Signal<Local, Bits<24>>,
    row_units: Signal<Local, Bits<24>>,
    fill_value: Signal<Local, Bits<64>>,
    tile_units: Signal<Local, Bits<24>>,
    inner: Signal<Local, Bits<8>>,
    lane: Signal<Local, Bits<16>>,
    to_lanes: Signal<Local, Bit>,
    element: Signal<Local, Bit>,
    element_word: Signal<Local, Bits<64>>,
    element_at: Signal<Local, Bits<24>>,
    joint: Signal<Local, Bits<120>>,
    open: Signal<Local, Bit>,
    fire: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    finish: Signal<Local, Bit>,
    asks: Signal<Local, Bit>,
    ask_words: Signal<Local, Bits<17>>,
    takes: Signal<Local, Bit>,
    takes_data: Signal<Local, Bit>,
    owed_more: Signal<Local, Bits<17>>,
}

impl Load {
    /// For such scratchpads, whose tiles have sides that are powers of two.
    pub fn new(geometry: &Geometry) -> Self {
        let [rows, cols, depth] =
            [geometry.tile_rows, geometry.tile_cols, geometry.tile_depth].map(usize::from);
        Self {
            clock: Signal::default(),
            stop: Signal::default(),
            start: Signal::default(),
            words: Default::default(),
            done: Signal::default(),
            status: Signal::default(),
            idle: Signal::default(),
            base: Default::default(),
            size: Default::default(),
            req_valid: Signal::default(),
            req_ready: Signal::default(),
            req_address: Signal::default(),
            req_words: Signal::default(),
            data: Signal::default(),
            data_valid: Signal::default(),
            data_ready: Signal::default(),
            wants: Signal::default(),
            has: Signal::default(),
            a_write: Signal::default(),
            a_address: Signal::default(),
            a_data: many(rows * depth),
            a_mask: many(rows * depth),
            b_write: Signal::default(),
            b_address: Signal::default(),
            b_data: many(depth * cols),
            b_mask: many(depth * cols),
            acc_valid: Signal::default(),
            acc_ready: Signal::default(),
            acc_address: Signal::default(),
            acc_data: many(cols),
            acc_mask: many(cols),
            param_write: Signal::default(),
            param_address: Signal::default(),
            param_data: Signal::default(),
            table_write: Signal::default(),
            table_address: Signal::default(),
            table_data: Signal::default(),
            shape: Shape::new(geometry),
            checks: Checks::default(),
            gather: Gather::default(),
            cursor: Cursor::default(),
            bursts: Bursts::default(),
            chunks: Chunks::default(),
            deposit: Deposit::new(geometry),
            answers: Slice::default(),
            elements: Slice::default(),
            is_gather: DFF::default(),
            is_burst: DFF::default(),
            is_fill: DFF::default(),
            begins: DFF::default(),
            checking: DFF::default(),
            running: DFF::default(),
            flushing: DFF::default(),
            draining: DFF::default(),
            silent: DFF::default(),
            done_reg: DFF::default(),
            status_reg: DFF::default(),
            fill_at: DFF::default(),
            fill_left: DFF::default(),
            owed: DFF::default(),
            opcode: Signal::default(),
            dtype: Signal::default(),
            space: Signal::default(),
            first: Signal::default(),
            pitch: Signal::default(),
            row: Signal::default(),
            col: Signal::default(),
            rows: Signal::default(),
            cols: Signal::default(),
            space_base: Signal::default(),
            space_size: Signal::default(),
            width: Signal::default(),
            height_log2: Signal::default(),
            width_log2: Signal::default(),
            clear: Signal::default(),
            launch: Signal::default(),
            fill_count: Signal::default(),
            first_unit: Signal::default(),
            row_units: Signal::default(),
            fill_value: Signal::default(),
            tile_units: Signal::default(),
            inner: Signal::default(),
            lane: Signal::default(),
            to_lanes: Signal::default(),
            element: Signal::default(),
            element_word: Signal::default(),
            element_at: Signal::default(),
            joint: Signal::default(),
            open: Signal::default(),
            fire: Signal::default(),
            ends: Signal::default(),
            finish: Signal::default(),
            asks: Signal::default(),
            ask_words: Signal::default(),
            takes: Signal::default(),
            takes_data: Signal::default(),
            owed_more: Signal::default(),
        }
    }
}

impl Logic for Load {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, is_gather, is_burst, is_fill, begins, checking, running, flushing
        );
        dff_setup!(
            self, clock, draining, silent, done_reg, status_reg, fill_at, fill_left, owed
        );
        clock!(
            self, clock, shape, checks, gather, cursor, bursts, chunks, deposit, answers, elements
        );

        // The fields. FILL has its number of tiles elsewhere, and is a row of them.
        self.opcode.next = self.words[0].val().get_bits::<8>(0);
        self.dtype.next = self.words[0].val().get_bits::<2>(20);
        self.space.next = self.words[0].val().get_bits::<3>(24);
        self.first.next = self.words[0].val().get_bits::<16>(48);
        self.pitch.next = self.words[1].val().get_bits::<16>(0);
        self.row.next = self.words[1].val().get_bits::<16>(16);
        self.col.next = self.words[1].val().get_bits::<16>(32);
        self.rows.next = self.words[1].val().get_bits::<16>(48);
        self.cols.next = self.words[2].val().get_bits::<16>(0);
        if self.is_fill.q.val() {
            self.pitch.next = 0.into();
            self.row.next = 0.into();
            self.col.next = 0.into();
            self.rows.next = 1.into();
            self.cols.next = self.words[0].val().get_bits::<16>(32);
        }
        if self.start.val() {
            self.is_gather.d.next = self.opcode.val() == bits::<8>(2);
            self.is_fill.d.next = self.opcode.val() == bits::<8>(3);
            self.is_burst.d.next = self.opcode.val() == bits::<8>(7);
        }
        self.shape.buffer.next = self.words[0].val().get_bits::<3>(16);
        self.shape.dtype.next = self.dtype.val();
        self.width.next = 1.into();
        if self.dtype.val() == bits::<2>(2) {
            self.width.next = 2.into();
        }
        if self.dtype.val() == bits::<2>(3) {
            self.width.next = 4.into();
        }
        // OUTPUT cannot be read: it is an empty space here.
        self.space_base.next = 0.into();
        self.space_size.next = 0.into();
        for i in 0..5 {
            if self.space.val() == i.to_bits() {
                self.space_base.next = self.base[i].val();
                self.space_size.next = self.size[i].val();
            }
        }
        if self.space.val() == bits::<3>(2) {
            self.space_size.next = 0.into();
        }
        // Only a gather counts in lanes.
        self.height_log2.next = 0.into();
        self.width_log2.next = 0.into();
        if self.is_gather.q.val() {
            self.height_log2.next = self.shape.height_log2.val();
            self.width_log2.next = self.shape.width_log2.val();
        }

        self.clear.next = self.stop.val() || self.deposit.bad.val();
        self.checks.clear.next = self.stop.val();
        self.checks.start.next = self.begins.q.val();
        self.checks.base.next = self.first.val();
        self.checks.pitch.next = self.pitch.val();
        self.checks.row.next = self.row.val();
        self.checks.col.next = self.col.val();
        self.checks.rows.next = self.rows.val();
        self.checks.cols.next = self.cols.val();
        self.checks.height_log2.next = self.height_log2.val();
        self.checks.width_log2.next = self.width_log2.val();
        self.checks.tiles.next = self.shape.tiles.val();
        self.checks.written.next = true;
        self.checks.memory.next = !self.is_fill.q.val();
        self.checks.burst.next = self.is_burst.q.val();
        self.checks.apart.next = false;
        self.checks.offset.next = self.words[2].val().get_bits::<48>(16);
        self.checks.row_stride.next = self.words[3].val().get_bits::<32>(0);
        self.checks.col_stride.next = self.words[3].val().get_bits::<32>(32);
        self.checks.width.next = self.width.val();
        self.checks.tile_log2.next = self.shape.tile_log2.val();
        self.checks.space_base.next = self.space_base.val();
        self.checks.space_size.next = self.space_size.val();
        self.launch.next = self.checking.q.val() && self.checks.done.val() && !self.checks.status.val().any();

        // LOAD.
        self.gather.clear.next = self.clear.val();
        self.gather.start.next = self.launch.val() && self.is_gather.q.val();
        self.gather.address.next = self.checks.address.val();
        self.gather.row_stride.next = self.words[3].val().get_bits::<32>(0);
        self.gather.col_stride.next = self.words[3].val().get_bits::<32>(32);
        self.gather.rows.next = self.rows.val();
        self.gather.cols.next = self.cols.val();
        self.gather.dtype.next = self.dtype.val();
        self.gather.data.next = self.answers.out_data.val();
        self.gather.data_valid.next =
            self.answers.out_valid.val() && self.is_gather.q.val() && self.running.q.val();
        self.cursor.clear.next = self.clear.val();
        self.cursor.start.next = self.launch.val() && self.is_gather.q.val();
        self.cursor.first_tile.next = self.checks.first_tile.val();
        self.cursor.pitch.next = self.pitch.val();
        self.cursor.row.next = self.row.val();
        self.cursor.col.next = self.col.val();
        self.cursor.rows.next = self.rows.val();
        self.cursor.cols.next = self.cols.val();
        self.cursor.height_log2.next = self.height_log2.val();
        self.cursor.width_log2.next = self.width_log2.val();

        // LOAD_TILES.
        self.first_unit.next = bit_cast::<24, 16>(self.first.val());
        self.first_unit.next = self.first_unit.val() << self.shape.unit_log2.val();
        self.row_units.next = bit_cast::<24, 16>(self.pitch.val());
        self.row_units.next = self.row_units.val() << self.shape.unit_log2.val();
        self.bursts.clear.next = self.clear.val();
        self.bursts.start.next = self.launch.val() && self.is_burst.q.val();
        self.bursts.may.next = !self.owed.q.val().get_bit(15);
        self.bursts.address.next = self.checks.address.val();
        self.bursts.row_stride.next = self.words[3].val().get_bits::<32>(0);
        self.bursts.row_words.next = self.checks.row_words.val();
        self.bursts.rows.next = self.rows.val();
        self.chunks.clear.next = self.clear.val();
        self.chunks.start.next = self.launch.val() && self.is_burst.q.val();
        self.chunks.address.next = self.first_unit.val();
        self.chunks.row_step.next = self.row_units.val();
        self.chunks.parts_less.next = self.shape.parts_less.val();
        self.chunks.chunks_less.next = self.shape.chunks_less.val();
        self.chunks.chunk_shift.next = self.shape.chunk_shift.val();
        self.chunks.row_words.next = self.checks.row_words.val();
        self.chunks.rows.next = self.rows.val();
        self.chunks.data.next = self.answers.out_data.val();
        self.chunks.data_valid.next =
            self.answers.out_valid.val() && self.is_burst.q.val() && self.running.q.val();

        // FILL.
        self.fill_count.next = bit_cast::<24, 16>(self.cols.val());
        self.fill_count.next = self.fill_count.val() << self.shape.unit_log2.val();
        self.fill_value.next = bit_cast::<64, 32>(self.words[1].val().get_bits::<32>(0));
        self.fill_value.next = self.fill_value.val() | (self.fill_value.val() << 32);

        // One of them into the scratchpads.
        self.to_lanes.next = !self.words[0].val().get_bits::<2>(17).any();
        self.tile_units.next = bit_cast::<24, 16>(self.cursor.tile.val());
        self.tile_units.next = self.tile_units.val() << self.shape.unit_log2.val();
        self.inner.next = self.cursor.tile_row.val();
        if self.words[0].val().get_bit(18) {
            self.inner.next = self.cursor.tile_col.val();
        }
        if self.to_lanes.val() {
            self.inner.next = 0.into();
        }
        self.lane.next = 0.into();
        if self.to_lanes.val() {
            self.lane.next = bit_cast::<16, 8>(self.cursor.tile_row.val());
            self.lane.next = self.lane.val() << self.shape.width_log2.val();
        }
        self.deposit.clear.next = self.clear.val();
        self.deposit.dtype.next = self.dtype.val();
        self.deposit.zero.next = self.words[0].val().get_bits::<9>(32);
        self.deposit.buffer.next = self.words[0].val().get_bits::<3>(16);
        self.element_word.next = self.chunks.word.val();
        self.element_at.next = self.chunks.at.val();
        self.lane.next = self.lane.val() | bit_cast::<16, 8>(self.cursor.tile_col.val());
        self.deposit.single.next = self.is_gather.q.val();
        self.deposit.whole.next = self.is_fill.q.val();
        self.element.next = self.chunks.valid.val();
        self.ends.next = self.chunks.is_last.val();
        if self.is_gather.q.val() {
            self.element_word.next = self.gather.word.val();
            self.element_at.next = self.tile_units.val() | bit_cast::<24, 8>(self.inner.val());
            self.element.next = self.gather.valid.val();
            self.ends.next = self.cursor.is_last.val();
        }
        if self.is_fill.q.val() {
            self.element_word.next = self.fill_value.val();
            self.deposit.dtype.next = bits::<2>(3);
            self.element_at.next = self.fill_at.q.val();
            self.element.next = self.running.q.val();
            self.ends.next = self.fill_left.q.val() == bits::<24>(1);
        }
        self.elements.clear.next = self.clear.val();
        self.joint.next = bit_cast::<120, 16>(self.lane.val());
        self.joint.next = (self.joint.val() << 16) | bit_cast::<120, 16>(self.chunks.part.val());
        self.joint.next = (self.joint.val() << 24) | bit_cast::<120, 24>(self.element_at.val());
        self.joint.next = (self.joint.val() << 64) | bit_cast::<120, 64>(self.element_word.val());
        self.elements.in_data.next = self.joint.val();
        self.elements.in_valid.next = self.element.val() && self.running.q.val();
        self.open.next = self.running.q.val() && self.elements.in_ready.val();
        self.fire.next = self.element.val() && self.open.val();
        self.deposit.word.next = self.elements.out_data.val().get_bits::<64>(0);
        self.deposit.at.next = self.elements.out_data.val().get_bits::<24>(64);
        self.deposit.part.next = self.elements.out_data.val().get_bits::<16>(88);
        self.deposit.lane.next = self.elements.out_data.val().get_bits::<16>(104);
        self.deposit.valid.next = self.elements.out_valid.val();
        self.elements.out_ready.next = self.deposit.ready.val();
        self.gather.ready.next = self.open.val() && self.is_gather.q.val();
        self.cursor.advance.next = self.gather.valid.val() && self.open.val();
        self.chunks.ready.next = self.open.val() && self.is_burst.q.val();
        if self.fire.val() {
            self.fill_at.d.next = self.fill_at.q.val() + 1;
            self.fill_left.d.next = self.fill_left.q.val() - 1;
        }
        if self.launch.val() {
            self.fill_at.d.next = self.first_unit.val();
            self.fill_left.d.next = self.fill_count.val();
        }

        self.a_write.next = self.deposit.a_write.val();
        self.a_address.next = self.deposit.a_address.val();
        for i in 0..self.a_data.len() {
            self.a_data[i].next = self.deposit.a_data[i].val();
            self.a_mask[i].next = self.deposit.a_mask[i].val();
        }
        self.b_write.next = self.deposit.b_write.val();
        self.b_address.next = self.deposit.b_address.val();
        for i in 0..self.b_data.len() {
            self.b_data[i].next = self.deposit.b_data[i].val();
            self.b_mask[i].next = self.deposit.b_mask[i].val();
        }
        self.acc_valid.next = self.deposit.acc_valid.val();
        self.deposit.acc_ready.next = self.acc_ready.val();
        self.acc_address.next = self.deposit.acc_address.val();
        for i in 0..self.acc_data.len() {
            self.acc_data[i].next = self.deposit.acc_data[i].val();
            self.acc_mask[i].next = self.deposit.acc_mask[i].val();
        }
        self.param_write.next = self.deposit.param_write.val();
        self.param_address.next = self.deposit.param_address.val();
        self.param_data.next = self.deposit.param_data.val();
        self.table_write.next = self.deposit.table_write.val();
        self.table_address.next = self.deposit.table_address.val();
        self.table_data.next = self.deposit.table_data.val();

        // The memory: a request that waits stays, whatever happens.
        self.asks.next = self.gather.req_valid.val() || self.bursts.req_valid.val();
        self.req_valid.next = self.asks.val();
        self.req_address.next = self.gather.req_address.val();
        self.req_words.next = self.gather.req_words.val();
        self.ask_words.next = bit_cast::<17, 16>(self.gather.req_words.val());
        if self.bursts.req_valid.val() {
            self.req_address.next = self.bursts.req_address.val();
            self.req_words.next = self.bursts.req_words.val();
            self.ask_words.next = bit_cast::<17, 16>(self.bursts.req_words.val());
        }
        self.gather.req_ready.next = self.req_ready.val();
        self.bursts.req_ready.next = self.req_ready.val();
        self.takes.next = self.draining.q.val();
        if self.running.q.val() {
            self.takes.next = self.chunks.data_ready.val();
            if self.is_gather.q.val() {
                self.takes.next = self.gather.data_ready.val();
            }
        }
        self.answers.clear.next = false;
        self.answers.in_data.next = self.data.val();
        self.answers.in_valid.next = self.data_valid.val();
        self.data_ready.next = self.answers.in_ready.val();
        self.answers.out_ready.next = self.takes.val();
        self.wants.next = self.takes.val();
        self.has.next = self.answers.out_valid.val();
        self.takes_data.next = self.takes.val() && self.answers.out_valid.val();
        self.owed_more.next = self.owed.q.val();
        if self.asks.val() && self.req_ready.val() {
            self.owed_more.next = self.owed.q.val() + self.ask_words.val();
        }
        self.owed.d.next = self.owed_more.val();
        if self.takes_data.val() {
            self.owed.d.next = self.owed_more.val() - 1;
        }

        // From start to done.
        self.begins.d.next = self.start.val();
        self.finish.next = false;
        if self.begins.q.val() {
            self.checking.d.next = true;
            self.status_reg.d.next = 0.into();
            // A NOP.
            if !self.is_gather.q.val() && !self.is_burst.q.val() && !self.is_fill.q.val() {
                self.checking.d.next = false;
                self.finish.next = true;
            }
        }
        if self.checking.q.val() && self.checks.done.val() {
            self.checking.d.next = false;
            self.status_reg.d.next = self.checks.status.val();
            self.running.d.next = self.launch.val();
            self.finish.next = !self.launch.val();
        }
        if self.fire.val() && self.ends.val() {
            self.running.d.next = false;
            self.flushing.d.next = true;
        }
        if self.flushing.q.val() && self.deposit.empty.val() && !self.elements.out_valid.val() {
            self.flushing.d.next = false;
            self.finish.next = true;
        }
        if self.draining.q.val() && !self.asks.val() && !self.owed.q.val().any() {
            self.draining.d.next = false;
            self.finish.next = !self.silent.q.val();
        }
        if self.deposit.bad.val() {
            self.running.d.next = false;
            self.flushing.d.next = false;
            self.draining.d.next = true;
            self.silent.d.next = false;
            self.status_reg.d.next = 11.into();
        }
        self.done_reg.d.next = self.finish.val();
        if self.stop.val() {
            self.begins.d.next = false;
            self.checking.d.next = false;
            self.running.d.next = false;
            self.flushing.d.next = false;
            self.draining.d.next = true;
            self.silent.d.next = true;
            self.done_reg.d.next = false;
        }
        self.done.next = self.done_reg.q.val();
        self.status.next = self.status_reg.q.val();
        self.idle.next = !self.begins.q.val()
            && !self.checking.q.val()
            && !self.running.q.val()
            && !self.flushing.q.val()
            && !self.draining.q.val();
    }
}
