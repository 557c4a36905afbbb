//! What is checked before an instruction that moves data touches anything.

use super::product::Product;
use rust_hdl::prelude::*;

/// Checks a block of tiles against its scratchpad and a walk or a burst against its space, in the order of
/// `metisvm_firmware::check`: first the operands (status 9), then the memory (status 10).
///
/// The inputs stay as they are from `start` to `done`, and the results until the next `start`. It takes 11 cycles and
/// the bits of the longest count: no stage is longer than one addition of 52 bits.
///
/// Of a burst all counts are tiles, `row` and `col` are 0, and the logarithms of the sides too.
#[derive(LogicBlock, Default)]
pub struct Checks {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Gives up.
    pub clear: Signal<In, Bit>,
    /// Begins.
    pub start: Signal<In, Bit>,
    /// First tile.
    pub base: Signal<In, Bits<16>>,
    /// Tiles from a row of tiles to the next.
    pub pitch: Signal<In, Bits<16>>,
    /// First lane.
    pub row: Signal<In, Bits<16>>,
    /// First lane.
    pub col: Signal<In, Bits<16>>,
    /// Lanes, or tiles, from top to bottom.
    pub rows: Signal<In, Bits<16>>,
    /// Lanes, or tiles, from left to right.
    pub cols: Signal<In, Bits<16>>,
    /// log2 of a tile's height.
    pub height_log2: Signal<In, Bits<4>>,
    /// log2 of a tile's width.
    pub width_log2: Signal<In, Bits<4>>,
    /// Tiles of the scratchpad.
    pub tiles: Signal<In, Bits<17>>,
    /// No tile may be met twice.
    pub written: Signal<In, Bit>,
    /// Memory is addressed.
    pub memory: Signal<In, Bit>,
    /// By tiles.
    pub burst: Signal<In, Bit>,
    /// Rows of tiles may not meet in memory.
    pub apart: Signal<In, Bit>,
    /// First byte within the space.
    pub offset: Signal<In, Bits<48>>,
    /// Bytes from a row to the next: of a burst unsigned.
    pub row_stride: Signal<In, Bits<32>>,
    /// Bytes from a column to the next, of a walk.
    pub col_stride: Signal<In, Bits<32>>,
    /// Bytes of an element.
    pub width: Signal<In, Bits<3>>,
    /// log2 of the bytes of a tile.
    pub tile_log2: Signal<In, Bits<5>>,
    /// Where the space begins in memory.
    pub space_base: Signal<In, Bits<48>>,
    /// Its bytes.
    pub space_size: Signal<In, Bits<48>>,
    /// The results are there; one cycle.
    pub done: Signal<Out, Bit>,
    /// 0, 9 or 10.
    pub status: Signal<Out, Bits<15>>,
    /// The first tile of the row of tiles in which `row` lies.
    pub first_tile: Signal<Out, Bits<16>>,
    /// Where the first element lies in memory.
    pub address: Signal<Out, Bits<48>>,
    /// Words of a row of tiles in memory.
    pub row_words: Signal<Out, Bits<32>>,

    // One bit is set while it works: the number of the stage.
    stage: DFF<Bits<12>>,
    row_end: DFF<Bits<17>>,
    col_end: DFF<Bits<17>>,
    rows_less: DFF<Bits<17>>,
    cols_less: DFF<Bits<17>>,
    row_last: DFF<Bits<17>>,
    col_last: DFF<Bits<17>>,
    tile_row_first: DFF<Bits<17>>,
    tile_rows_less: DFF<Bits<17>>,
    tile_cols_less: DFF<Bits<17>>,
    tile_bytes: DFF<Bits<52>>,
    to_last: Product,
    to_first: Product,
    to_row: Product,
    to_col: Product,
    pitch_small: DFF<Bit>,
    rows_meet: DFF<Bit>,
    last: DFF<Bits<52>>,
    first: DFF<Bits<16>>,
    low: DFF<Bits<52>>,
    high: DFF<Bits<52>>,
    at: DFF<Bits<48>>,
    outside: DFF<Bit>,
    over: DFF<Bit>,
    under: DFF<Bit>,

    pitch_wide: Signal<Local, Bits<52>>,
    row_step: Signal<Local, Bits<52>>,
    col_step: Signal<Local, Bits<52>>,
    row_reach: Signal<Local, Bits<52>>,
    col_reach: Signal<Local, Bits<52>>,
    row_down: Signal<Local, Bits<52>>,
    row_up: Signal<Local, Bits<52>>,
    col_down: Signal<Local, Bits<52>>,
    col_up: Signal<Local, Bits<52>>,
    stride_wide: Signal<Local, Bits<52>>,
    offset_wide: Signal<Local, Bits<52>>,
    width_wide: Signal<Local, Bits<52>>,
    size_wide: Signal<Local, Bits<52>>,
    tiles_wide: Signal<Local, Bits<52>>,
    more_tiles: Signal<Local, Bits<52>>,
    base_wide: Signal<Local, Bits<52>>,
    pitch_17: Signal<Local, Bits<17>>,
    one: Signal<Local, Bits<52>>,
    waits: Signal<Local, Bit>,
    sign: Signal<Local, Bits<52>>,
}

impl Logic for Checks {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, stage, row_end, col_end, rows_less, cols_less);
        dff_setup!(
            self,
            clock,
            row_last,
            col_last,
            tile_row_first,
            tile_rows_less,
            tile_cols_less
        );
        dff_setup!(
            self,
            clock,
            tile_bytes,
            pitch_small,
            rows_meet,
            last,
            first,
            low,
            high,
            at
        );
        dff_setup!(self, clock, outside, over, under);
        clock!(self, clock, to_last, to_first, to_row, to_col);

        // 0 to 2: which tiles the lanes lie in.
        self.row_end.d.next = bit_cast::<17, 16>(self.row.val()) + bit_cast::<17, 16>(self.rows.val());
        self.col_end.d.next = bit_cast::<17, 16>(self.col.val()) + bit_cast::<17, 16>(self.cols.val());
        self.rows_less.d.next = bit_cast::<17, 16>(self.rows.val()) - 1;
        self.cols_less.d.next = bit_cast::<17, 16>(self.cols.val()) - 1;
        self.one.next = 1.into();
        self.tile_bytes.d.next = self.one.val() << self.tile_log2.val();
        self.row_last.d.next = self.row_end.q.val() - 1;
        self.col_last.d.next = self.col_end.q.val() - 1;
        self.tile_row_first.d.next = bit_cast::<17, 16>(self.row.val()) >> self.height_log2.val();
        self.tile_rows_less.d.next = self.row_last.q.val() >> self.height_log2.val();
        self.tile_cols_less.d.next = self.col_last.q.val() >> self.width_log2.val();

        // 3: four products. Strides of a walk are signed.
        self.sign.next = 0.into();
        self.sign.next = !self.sign.val();
        self.sign.next = self.sign.val() << 32;
        self.pitch_wide.next = bit_cast::<52, 16>(self.pitch.val());
        self.to_last.count.next = self.tile_rows_less.q.val();
        self.to_last.step.next = self.pitch_wide.val();
        self.to_first.count.next = self.tile_row_first.q.val();
        self.to_first.step.next = self.pitch_wide.val();
        self.row_step.next = bit_cast::<52, 32>(self.row_stride.val());
        if !self.burst.val() && self.row_stride.val().get_bit(31) {
            self.row_step.next = self.row_step.val() | self.sign.val();
        }
        self.col_step.next = bit_cast::<52, 32>(self.col_stride.val());
        if self.col_stride.val().get_bit(31) {
            self.col_step.next = self.col_step.val() | self.sign.val();
        }
        self.to_row.count.next = self.rows_less.q.val();
        self.to_row.step.next = self.row_step.val();
        self.to_col.count.next = self.cols_less.q.val();
        self.to_col.step.next = self.col_step.val();
        // Of a burst the end counts, not the last tile's first byte.
        if self.burst.val() {
            self.to_col.count.next = bit_cast::<17, 16>(self.cols.val());
            self.to_col.step.next = self.tile_bytes.q.val();
        }
        self.to_last.start.next = self.stage.q.val().get_bit(3);
        self.to_first.start.next = self.stage.q.val().get_bit(3);
        self.to_row.start.next = self.stage.q.val().get_bit(3);
        self.to_col.start.next = self.stage.q.val().get_bit(3);
        self.pitch_17.next = bit_cast::<17, 16>(self.pitch.val());
        self.pitch_small.d.next = self.written.val()
            && self.tile_rows_less.q.val().any()
            && (self.pitch_17.val() <= self.tile_cols_less.q.val());

        // 4: until they are there.
        self.waits.next = self.stage.q.val().get_bit(4)
            && (self.to_last.busy.val()
                || self.to_first.busy.val()
                || self.to_row.busy.val()
                || self.to_col.busy.val());

        // 5: the furthest up and down.
        self.row_reach.next = self.to_row.product.val();
        self.col_reach.next = self.to_col.product.val();
        self.row_up.next = self.row_reach.val();
        self.row_down.next = 0.into();
        if self.row_reach.val().get_bit(51) {
            self.row_up.next = 0.into();
            self.row_down.next = self.row_reach.val();
        }
        self.col_up.next = self.col_reach.val();
        self.col_down.next = 0.into();
        if self.col_reach.val().get_bit(51) {
            self.col_up.next = 0.into();
            self.col_down.next = self.col_reach.val();
        }
        self.base_wide.next = bit_cast::<52, 16>(self.base.val());
        self.stride_wide.next = bit_cast::<52, 32>(self.row_stride.val());
        if self.stage.q.val().get_bit(5) {
            self.high.d.next = self.row_up.val() + self.col_up.val();
            self.low.d.next = self.row_down.val() + self.col_down.val();
            self.last.d.next = self.base_wide.val() + self.to_last.product.val();
            self.first.d.next = self.base.val() + self.to_first.product.val().get_bits::<16>(0);
            self.at.d.next = self.space_base.val() + self.offset.val();
            self.rows_meet.d.next = self.apart.val()
                && self.rows_less.q.val().any()
                && (self.stride_wide.val() < self.col_reach.val());
        }
        // 6 and 7: from the space's start, to the last element's end.
        self.offset_wide.next = bit_cast::<52, 48>(self.offset.val());
        self.more_tiles.next = bit_cast::<52, 17>(self.tile_cols_less.q.val());
        self.width_wide.next = bit_cast::<52, 3>(self.width.val());
        if self.burst.val() {
            self.width_wide.next = 0.into();
        }
        if self.stage.q.val().get_bit(6) {
            self.high.d.next = self.high.q.val() + self.offset_wide.val();
            self.low.d.next = self.low.q.val() + self.offset_wide.val();
            self.last.d.next = self.last.q.val() + self.more_tiles.val();
        }
        if self.stage.q.val().get_bit(7) {
            self.high.d.next = self.high.q.val() + self.width_wide.val();
        }
        // 8: the comparisons.
        self.tiles_wide.next = bit_cast::<52, 17>(self.tiles.val());
        self.size_wide.next = bit_cast::<52, 48>(self.space_size.val());
        self.outside.d.next = self.last.q.val() >= self.tiles_wide.val();
        self.over.d.next = self.high.q.val() > self.size_wide.val();
        self.under.d.next = self.low.q.val().get_bit(51);

        // 9: the verdict.
        self.done.next = self.stage.q.val().get_bit(9);
        self.status.next = 0.into();
        if self.memory.val() && (self.over.q.val() || self.under.q.val()) {
            self.status.next = 10.into();
        }
        if self.pitch_small.q.val() || self.outside.q.val() || self.rows_meet.q.val() {
            self.status.next = 9.into();
        }
        self.first_tile.next = self.first.q.val();
        self.address.next = self.at.q.val();
        self.row_words.next = self.to_col.product.val().get_bits::<32>(3);

        self.stage.d.next = self.stage.q.val() << 1;
        if self.waits.val() {
            self.stage.d.next = self.stage.q.val();
        }
        if self.start.val() {
            self.stage.d.next = 1.into();
        }
        if self.clear.val() {
            self.stage.d.next = 0.into();
        }
    }
}
