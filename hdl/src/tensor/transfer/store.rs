//! The store module: STORE and STORE_TILES.

use super::checks::Checks;
use super::deposit::many;
use super::scatter::Scatter;
use super::shape::Shape;
use super::tile_words::TileWords;
use crate::stream::slice::Slice;
use metisvm_firmware::{Buffer, Geometry};
use rust_hdl::prelude::*;

/// Executes one instruction of the store module after the other.
///
/// First come the [`Checks`]; then [`Scatter`] or [`TileWords`] reads ACC and writes. Writes are posted: an instruction
/// is done when the memory has taken all of them. After `stop` it is idle when what was offered is taken.
#[derive(LogicBlock)]
pub struct Store {
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
    /// With `done`: 0, or 9, 10.
    pub status: Signal<Out, Bits<15>>,
    /// Nothing is in progress.
    pub idle: Signal<Out, Bit>,
    /// Where the spaces begin.
    pub base: [Signal<In, Bits<48>>; 5],
    /// Their bytes.
    pub size: [Signal<In, Bits<48>>; 5],
    /// A row of a tile of ACC is wanted.
    pub acc_valid: Signal<Out, Bit>,
    /// It is read: the answer is there in the next cycle.
    pub acc_ready: Signal<In, Bit>,
    /// tile·R + row.
    pub acc_address: Signal<Out, Bits<24>>,
    /// The answer.
    pub acc_data: Vec<Signal<In, Bits<32>>>,
    /// A write.
    pub w_valid: Signal<Out, Bit>,
    /// It is taken.
    pub w_ready: Signal<In, Bit>,
    /// First byte of the word.
    pub w_address: Signal<Out, Bits<48>>,
    /// The word.
    pub w_data: Signal<Out, Bits<64>>,
    /// Its bytes that are written.
    pub w_strobe: Signal<Out, Bits<8>>,

    shape: Shape,
    checks: Checks,
    scatter: Scatter,
    tile_words: TileWords,
    /// Writes: address, word and bytes, on their way to the memory.
    writes: Slice<120>,
    is_scatter: DFF<Bit>,
    is_burst: DFF<Bit>,
    begins: DFF<Bit>,
    checking: DFF<Bit>,
    launched: DFF<Bit>,
    running: DFF<Bit>,
    draining: DFF<Bit>,
    done_reg: DFF<Bit>,
    status_reg: DFF<Bits<15>>,

    opcode: Signal<Local, Bits<8>>,
    dtype: Signal<Local, Bits<2>>,
    space: Signal<Local, Bits<3>>,
    first: Signal<Local, Bits<16>>,
    pitch: Signal<Local, Bits<16>>,
    row: Signal<Local, Bits<16>>,
    col: Signal<Local, Bits<16>>,
    rows: Signal<Local, Bits<16>>,
    cols: Signal<Local, Bits<16>>,
    row_stride: Signal<Local, Bits<32>>,
    col_stride: Signal<Local, Bits<32>>,
    space_base: Signal<Local, Bits<48>>,
    space_size: Signal<Local, Bits<48>>,
    width: Signal<Local, Bits<3>>,
    height_log2: Signal<Local, Bits<4>>,
    width_log2: Signal<Local, Bits<4>>,
    launch: Signal<Local, Bit>,
    first_unit: Signal<Local, Bits<24>>,
    row_units: Signal<Local, Bits<24>>,
    at: Signal<Local, Bits<48>>,
    word: Signal<Local, Bits<64>>,
    strobe: Signal<Local, Bits<8>>,
    joint: Signal<Local, Bits<120>>,
    empty: Signal<Local, Bit>,
    finish: Signal<Local, Bit>,
    acc: Constant<Bits<3>>,
    all_bytes: Constant<Bits<8>>,
}

impl Store {
    /// For such scratchpads, whose tiles have sides that are powers of two.
    pub fn new(geometry: &Geometry) -> Self {
        let cols = geometry.tile_cols.into();
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
            acc_valid: Signal::default(),
            acc_ready: Signal::default(),
            acc_address: Signal::default(),
            acc_data: many(cols),
            w_valid: Signal::default(),
            w_ready: Signal::default(),
            w_address: Signal::default(),
            w_data: Signal::default(),
            w_strobe: Signal::default(),
            shape: Shape::new(geometry),
            checks: Checks::default(),
            scatter: Scatter::new(cols),
            tile_words: TileWords::new(cols),
            writes: Slice::default(),
            is_scatter: DFF::default(),
            is_burst: DFF::default(),
            begins: DFF::default(),
            checking: DFF::default(),
            launched: DFF::default(),
            running: DFF::default(),
            draining: DFF::default(),
            done_reg: DFF::default(),
            status_reg: DFF::default(),
            opcode: Signal::default(),
            dtype: Signal::default(),
            space: Signal::default(),
            first: Signal::default(),
            pitch: Signal::default(),
            row: Signal::default(),
            col: Signal::default(),
            rows: Signal::default(),
            cols: Signal::default(),
            row_stride: Signal::default(),
            col_stride: Signal::default(),
            space_base: Signal::default(),
            space_size: Signal::default(),
            width: Signal::default(),
            height_log2: Signal::default(),
            width_log2: Signal::default(),
            launch: Signal::default(),
            first_unit: Signal::default(),
            row_units: Signal::default(),
            at: Signal::default(),
            word: Signal::default(),
            strobe: Signal::default(),
            joint: Signal::default(),
            empty: Signal::default(),
            finish: Signal::default(),
            acc: Constant::new((Buffer::Acc as u64).into()),
            all_bytes: Constant::new(0xff_u64.into()),
        }
    }
}

impl Logic for Store {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, is_scatter, is_burst, begins, checking, launched, running, draining
        );
        dff_setup!(self, clock, done_reg, status_reg);
        clock!(self, clock, shape, checks, scatter, tile_words, writes);

        // The fields.
        self.opcode.next = self.words[0].val().get_bits::<8>(0);
        self.dtype.next = self.words[0].val().get_bits::<2>(20);
        self.space.next = self.words[0].val().get_bits::<3>(24);
        self.first.next = self.words[0].val().get_bits::<16>(48);
        self.pitch.next = self.words[1].val().get_bits::<16>(0);
        self.row.next = self.words[1].val().get_bits::<16>(16);
        self.col.next = self.words[1].val().get_bits::<16>(32);
        self.rows.next = self.words[1].val().get_bits::<16>(48);
        self.cols.next = self.words[2].val().get_bits::<16>(0);
        self.row_stride.next = self.words[3].val().get_bits::<32>(0);
        self.col_stride.next = self.words[3].val().get_bits::<32>(32);
        if self.start.val() {
            self.is_scatter.d.next = self.opcode.val() == bits::<8>(6);
            self.is_burst.d.next = self.opcode.val() == bits::<8>(8);
        }
        self.shape.buffer.next = self.acc.val();
        self.shape.dtype.next = self.dtype.val();
        self.width.next = 1.into();
        if self.dtype.val() == bits::<2>(2) {
            self.width.next = 2.into();
        }
        if self.dtype.val() == bits::<2>(3) {
            self.width.next = 4.into();
        }
        // RESIDENT and INPUT cannot be written: they are empty spaces here.
        self.space_base.next = 0.into();
        self.space_size.next = 0.into();
        for i in 2..5 {
            if self.space.val() == i.to_bits() {
                self.space_base.next = self.base[i].val();
                self.space_size.next = self.size[i].val();
            }
        }
        // Only a scatter counts in lanes.
        self.height_log2.next = 0.into();
        self.width_log2.next = 0.into();
        if self.is_scatter.q.val() {
            self.height_log2.next = self.shape.height_log2.val();
            self.width_log2.next = self.shape.width_log2.val();
        }

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
        self.checks.written.next = false;
        self.checks.memory.next = true;
        self.checks.burst.next = self.is_burst.q.val();
        self.checks.apart.next = self.is_burst.q.val();
        self.checks.offset.next = self.words[2].val().get_bits::<48>(16);
        self.checks.row_stride.next = self.row_stride.val();
        self.checks.col_stride.next = self.col_stride.val();
        self.checks.width.next = self.width.val();
        self.checks.tile_log2.next = self.shape.tile_log2.val();
        self.checks.space_base.next = self.space_base.val();
        self.checks.space_size.next = self.space_size.val();
        self.launch.next = self.checking.q.val() && self.checks.done.val() && !self.checks.status.val().any();

        // STORE.
        self.scatter.clear.next = self.stop.val();
        self.scatter.start.next = self.launch.val() && self.is_scatter.q.val();
        self.scatter.address.next = self.checks.address.val();
        self.scatter.row_stride.next = self.row_stride.val();
        self.scatter.col_stride.next = self.col_stride.val();
        self.scatter.first_tile.next = self.checks.first_tile.val();
        self.scatter.pitch.next = self.pitch.val();
        self.scatter.row.next = self.row.val();
        self.scatter.col.next = self.col.val();
        self.scatter.rows.next = self.rows.val();
        self.scatter.cols.next = self.cols.val();
        self.scatter.height_log2.next = self.height_log2.val();
        self.scatter.width_log2.next = self.width_log2.val();
        self.scatter.dtype.next = self.dtype.val();

        // STORE_TILES.
        self.first_unit.next = bit_cast::<24, 16>(self.first.val());
        self.first_unit.next = self.first_unit.val() << self.shape.unit_log2.val();
        self.row_units.next = bit_cast::<24, 16>(self.pitch.val());
        self.row_units.next = self.row_units.val() << self.shape.unit_log2.val();
        self.tile_words.clear.next = self.stop.val();
        self.tile_words.start.next = self.launch.val() && self.is_burst.q.val();
        self.tile_words.address.next = self.checks.address.val();
        self.tile_words.row_stride.next = self.row_stride.val();
        self.tile_words.row_words.next = self.checks.row_words.val();
        self.tile_words.rows.next = self.rows.val();
        self.tile_words.first.next = self.first_unit.val();
        self.tile_words.row_step.next = self.row_units.val();
        self.tile_words.parts_less.next = self.shape.parts_less.val();
        self.tile_words.chunks_less.next = self.shape.chunks_less.val();
        self.tile_words.chunk_shift.next = self.shape.chunk_shift.val();
        self.tile_words.dtype.next = self.dtype.val();

        // One of them reads and writes; after a stop the other may have a write left, before it begins.
        self.acc_valid.next = self.scatter.acc_valid.val() || self.tile_words.acc_valid.val();
        self.acc_address.next = self.scatter.acc_address.val();
        if self.tile_words.acc_valid.val() {
            self.acc_address.next = self.tile_words.acc_address.val();
        }
        self.scatter.acc_ready.next = self.acc_ready.val();
        self.tile_words.acc_ready.next = self.acc_ready.val();
        for i in 0..self.acc_data.len() {
            self.scatter.acc_data[i].next = self.acc_data[i].val();
            self.tile_words.acc_data[i].next = self.acc_data[i].val();
        }
        self.at.next = self.scatter.w_address.val();
        self.word.next = self.scatter.w_data.val();
        self.strobe.next = self.scatter.w_strobe.val();
        if self.tile_words.w_valid.val() {
            self.at.next = self.tile_words.w_address.val();
            self.word.next = self.tile_words.w_data.val();
            self.strobe.next = self.all_bytes.val();
        }
        self.joint.next = bit_cast::<120, 8>(self.strobe.val());
        self.joint.next = (self.joint.val() << 48) | bit_cast::<120, 48>(self.at.val());
        self.joint.next = (self.joint.val() << 64) | bit_cast::<120, 64>(self.word.val());
        self.writes.clear.next = false;
        self.writes.in_data.next = self.joint.val();
        self.writes.in_valid.next = self.scatter.w_valid.val() || self.tile_words.w_valid.val();
        self.scatter.w_ready.next = self.writes.in_ready.val();
        self.tile_words.w_ready.next = self.writes.in_ready.val();
        self.w_valid.next = self.writes.out_valid.val();
        self.w_data.next = self.writes.out_data.val().get_bits::<64>(0);
        self.w_address.next = self.writes.out_data.val().get_bits::<48>(64);
        self.w_strobe.next = self.writes.out_data.val().get_bits::<8>(112);
        self.writes.out_ready.next = self.w_ready.val();
        self.empty.next =
            self.scatter.empty.val() && self.tile_words.empty.val() && !self.writes.out_valid.val();

        // From start to done.
        self.begins.d.next = self.start.val();
        self.finish.next = false;
        if self.begins.q.val() {
            self.status_reg.d.next = 0.into();
            self.checking.d.next = self.is_scatter.q.val() || self.is_burst.q.val();
            // A NOP.
            self.finish.next = !self.is_scatter.q.val() && !self.is_burst.q.val();
        }
        if self.checking.q.val() && self.checks.done.val() {
            self.checking.d.next = false;
            self.status_reg.d.next = self.checks.status.val();
            self.finish.next = !self.launch.val();
        }
        self.launched.d.next = self.launch.val();
        if self.launched.q.val() {
            self.running.d.next = true;
        }
        if self.running.q.val() && self.empty.val() {
            self.running.d.next = false;
            self.finish.next = true;
        }
        if self.draining.q.val() && self.empty.val() {
            self.draining.d.next = false;
        }
        self.done_reg.d.next = self.finish.val();
        if self.stop.val() {
            self.begins.d.next = false;
            self.checking.d.next = false;
            self.launched.d.next = false;
            self.running.d.next = false;
            self.draining.d.next = true;
            self.done_reg.d.next = false;
        }
        self.done.next = self.done_reg.q.val();
        self.status.next = self.status_reg.q.val();
        self.idle.next = !self.begins.q.val()
            && !self.checking.q.val()
            && !self.launched.q.val()
            && !self.running.q.val()
            && !self.draining.q.val();
    }
}
