//! What of a VECTOR depends on the card's geometry: whether all that it addresses is there.

use rust_hdl::prelude::*;

/// Checks a well-formed VECTOR's operands as docs/device.md has it, a step of 32 bits a cycle.
///
/// The last tile of a matrix takes a product, which is added up bit by bit, no longer than the number of tiles has
/// bits: an instruction of few rows is checked in few cycles.
#[derive(LogicBlock, Default)]
pub struct Checks {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Gives up.
    pub clear: Signal<In, Bit>,
    /// Begins; the words stay until the end.
    pub start: Signal<In, Bit>,
    /// Word 0 of the instruction.
    pub word0: Signal<In, Bits<64>>,
    /// Word 1.
    pub word1: Signal<In, Bits<64>>,
    /// Word 2.
    pub word2: Signal<In, Bits<64>>,
    /// Logarithm of a tile's rows.
    pub row_bits: Signal<In, Bits<3>>,
    /// Logarithm of its columns.
    pub col_bits: Signal<In, Bits<3>>,
    /// Tiles of accumulators.
    pub acc_tiles: Signal<In, Bits<32>>,
    /// Records.
    pub param_entries: Signal<In, Bits<17>>,
    /// Tables.
    pub table_count: Signal<In, Bits<17>>,
    /// Rows of lanes, less one; holds when the checks are over.
    pub rows_less_one: Signal<Out, Bits<16>>,
    /// Columns of lanes of the source, less one.
    pub cols_less_one: Signal<Out, Bits<16>>,
    /// Columns of its tiles, less one.
    pub tile_cols_less_one: Signal<Out, Bits<16>>,
    /// The checks are over, in this cycle.
    pub finished: Signal<Out, Bit>,
    /// Something is outside, or source and destination meet.
    pub fails: Signal<Out, Bit>,
    step: DFF<Bits<3>>,
    rows: DFF<Bits<16>>,
    cols: DFF<Bits<16>>,
    tile_rows: DFF<Bits<16>>,
    tile_cols: DFF<Bits<16>>,
    dst_cols: DFF<Bits<16>>,
    factor: DFF<Bits<16>>,
    dst_term: DFF<Bits<32>>,
    src_term: DFF<Bits<32>>,
    dst_last: DFF<Bits<32>>,
    src_last: DFF<Bits<32>>,
    param_last: DFF<Bits<17>>,
    outside: DFF<Bit>,
    repeats: DFF<Bit>,
    dst_below: DFF<Bit>,
    src_below: DFF<Bit>,
    same_base: DFF<Bit>,
    same_pitch: DFF<Bit>,
    param_outside: DFF<Bit>,
    first_outside: DFF<Bit>,
    second_outside: DFF<Bit>,
    failed: DFF<Bit>,
    is_over: DFF<Bit>,
    op: Signal<Local, Bits<4>>,
    dst: Signal<Local, Bits<16>>,
    dst_pitch: Signal<Local, Bits<16>>,
    src: Signal<Local, Bits<16>>,
    src_pitch: Signal<Local, Bits<16>>,
    first_table: Signal<Local, Bits<16>>,
    second_table: Signal<Local, Bits<16>>,
    shared: Signal<Local, Bit>,
    reduces: Signal<Local, Bit>,
    one_row: Signal<Local, Bit>,
    is_same: Signal<Local, Bit>,
    is_apart: Signal<Local, Bit>,
    looks_up: Signal<Local, Bit>,
    dst_wide: Signal<Local, Bits<32>>,
    src_wide: Signal<Local, Bits<32>>,
    cols_wide: Signal<Local, Bits<32>>,
    dst_cols_wide: Signal<Local, Bits<32>>,
    more_records: Signal<Local, Bits<16>>,
    more_wide: Signal<Local, Bits<17>>,
    first_wide: Signal<Local, Bits<17>>,
    second_wide: Signal<Local, Bits<17>>,
}

impl Logic for Checks {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            step,
            rows,
            cols,
            tile_rows,
            tile_cols,
            dst_cols,
            factor,
            dst_term,
            src_term,
            dst_last,
            src_last,
            param_last,
            outside,
            repeats,
            dst_below,
            src_below,
            same_base,
            same_pitch,
            param_outside,
            first_outside,
            second_outside,
            failed,
            is_over
        );
        self.op.next = self.word0.val().get_bits::<4>(16);
        self.shared.next = self.word0.val().get_bit(24);
        self.dst.next = self.word1.val().get_bits::<16>(0);
        self.dst_pitch.next = self.word1.val().get_bits::<16>(16);
        self.src.next = self.word1.val().get_bits::<16>(32);
        self.src_pitch.next = self.word1.val().get_bits::<16>(48);
        self.first_table.next = self.word2.val().get_bits::<16>(32);
        self.second_table.next = self.word2.val().get_bits::<16>(48);
        self.reduces.next = self.op.val() == bits::<4>(8);
        self.looks_up.next = (self.op.val() == bits::<4>(7)) || (self.op.val() == bits::<4>(9));
        self.is_over.d.next = false;

        // 0: everything less one, so that nothing takes a bit more than its field.
        if self.start.val() {
            self.rows.d.next = self.word0.val().get_bits::<16>(32) - 1;
            self.cols.d.next = self.word0.val().get_bits::<16>(48) - 1;
            self.step.d.next = 1.into();
        }

        // 1: lanes to tiles; of ARGMAX, two columns of the destination are one tile.
        self.dst_wide.next = bit_cast::<32, 16>(self.dst_pitch.val());
        self.src_wide.next = bit_cast::<32, 16>(self.src_pitch.val());
        self.more_records.next = self.cols.q.val();
        if self.shared.val() {
            self.more_records.next = 0.into();
        }
        self.more_wide.next = bit_cast::<17, 16>(self.more_records.val());
        self.first_wide.next = bit_cast::<17, 16>(self.first_table.val());
        self.second_wide.next = bit_cast::<17, 16>(self.second_table.val());
        if self.step.q.val() == bits::<3>(1) {
            self.tile_rows.d.next = self.rows.q.val() >> self.row_bits.val();
            self.tile_cols.d.next = self.cols.q.val() >> self.col_bits.val();
            self.dst_cols.d.next = self.cols.q.val() >> self.col_bits.val();
            if self.reduces.val() {
                self.dst_cols.d.next = 0.into();
            }
            self.factor.d.next = self.rows.q.val() >> self.row_bits.val();
            self.dst_term.d.next = self.dst_wide.val();
            self.src_term.d.next = self.src_wide.val();
            self.dst_last.d.next = bit_cast::<32, 16>(self.dst.val());
            self.src_last.d.next = bit_cast::<32, 16>(self.src.val());
            self.param_last.d.next = self.first_wide.val() + self.more_wide.val();
            self.step.d.next = 2.into();
        }

        // 2: rows of tiles times the pitch.
        if self.step.q.val() == bits::<3>(2) {
            self.factor.d.next = self.factor.q.val() >> 1;
            self.dst_term.d.next = self.dst_term.q.val() << 1;
            self.src_term.d.next = self.src_term.q.val() << 1;
            if self.factor.q.val().get_bit(0) {
                self.dst_last.d.next = self.dst_last.q.val() + self.dst_term.q.val();
                self.src_last.d.next = self.src_last.q.val() + self.src_term.q.val();
            }
            if self.factor.q.val() == bits::<16>(0) {
                self.step.d.next = 3.into();
            }
        }

        // 3: and the last row. No sum passes 2^32 - 1.
        self.cols_wide.next = bit_cast::<32, 16>(self.tile_cols.q.val());
        self.dst_cols_wide.next = bit_cast::<32, 16>(self.dst_cols.q.val());
        if self.step.q.val() == bits::<3>(3) {
            self.dst_last.d.next = self.dst_last.q.val() + self.dst_cols_wide.val();
            self.src_last.d.next = self.src_last.q.val() + self.cols_wide.val();
            self.step.d.next = 4.into();
        }

        // 4: comparisons.
        self.one_row.next = self.tile_rows.q.val() == bits::<16>(0);
        self.outside.d.next = (self.dst_last.q.val() >= self.acc_tiles.val())
            || (self.src_last.q.val() >= self.acc_tiles.val());
        self.repeats.d.next = self.dst_pitch.val() <= self.dst_cols.q.val();
        if self.one_row.val() {
            self.repeats.d.next = false;
        }
        self.dst_below.d.next = self.dst_last.q.val() < bit_cast::<32, 16>(self.src.val());
        self.src_below.d.next = self.src_last.q.val() < bit_cast::<32, 16>(self.dst.val());
        self.same_base.d.next = self.dst.val() == self.src.val();
        self.same_pitch.d.next = (self.dst_pitch.val() == self.src_pitch.val()) || self.one_row.val();
        self.param_outside.d.next = self.param_last.q.val() >= self.param_entries.val();
        self.first_outside.d.next = self.first_wide.val() >= self.table_count.val();
        self.second_outside.d.next = self.second_wide.val() >= self.table_count.val();
        if self.step.q.val() == bits::<3>(4) {
            self.step.d.next = 5.into();
        }

        // 5: what they mean together.
        self.is_same.next = self.same_base.q.val() && self.same_pitch.q.val() && !self.reduces.val();
        self.is_apart.next = self.dst_below.q.val() || self.src_below.q.val();
        self.failed.d.next =
            self.outside.q.val() || self.repeats.q.val() || (!self.is_same.val() && !self.is_apart.val());
        if self.param_outside.q.val() && (self.op.val() == bits::<4>(6)) {
            self.failed.d.next = true;
        }
        if self.first_outside.q.val() && self.looks_up.val() {
            self.failed.d.next = true;
        }
        if self.second_outside.q.val() && (self.op.val() == bits::<4>(9)) {
            self.failed.d.next = true;
        }
        if self.step.q.val() == bits::<3>(5) {
            self.step.d.next = 0.into();
            self.is_over.d.next = true;
        }
        if self.clear.val() {
            self.step.d.next = 0.into();
            self.is_over.d.next = false;
        }
        self.rows_less_one.next = self.rows.q.val();
        self.cols_less_one.next = self.cols.q.val();
        self.tile_cols_less_one.next = self.tile_cols.q.val();
        self.finished.next = self.is_over.q.val();
        self.fails.next = self.failed.q.val();
    }
}
