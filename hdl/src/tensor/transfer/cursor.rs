//! Which lanes the elements of a rectangle are, one after the other.

use rust_hdl::prelude::*;

/// Gives tile, row and column within it of the lanes of a rectangle, row by row, one a cycle.
///
/// `first_tile` is that of the row of tiles in which `row` lies. The inputs stay as they are while it goes, and are
/// there a cycle before `start`.
#[derive(LogicBlock, Default)]
pub struct Cursor {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Gives up.
    pub clear: Signal<In, Bit>,
    /// Begins.
    pub start: Signal<In, Bit>,
    /// See above.
    pub first_tile: Signal<In, Bits<16>>,
    /// Tiles from a row of tiles to the next.
    pub pitch: Signal<In, Bits<16>>,
    /// First lane.
    pub row: Signal<In, Bits<16>>,
    /// First lane.
    pub col: Signal<In, Bits<16>>,
    /// Lanes from top to bottom, at least 1.
    pub rows: Signal<In, Bits<16>>,
    /// Lanes from left to right, at least 1.
    pub cols: Signal<In, Bits<16>>,
    /// log2 of a tile's height.
    pub height_log2: Signal<In, Bits<4>>,
    /// log2 of a tile's width.
    pub width_log2: Signal<In, Bits<4>>,
    /// A lane is there.
    pub valid: Signal<Out, Bit>,
    /// Its tile.
    pub tile: Signal<Out, Bits<16>>,
    /// Its row in the tile.
    pub tile_row: Signal<Out, Bits<8>>,
    /// Its column in the tile.
    pub tile_col: Signal<Out, Bits<8>>,
    /// It is the first in this row of this tile.
    pub enters: Signal<Out, Bit>,
    /// It is the last of all.
    pub is_last: Signal<Out, Bit>,
    /// It is taken.
    pub advance: Signal<In, Bit>,
    active: DFF<Bit>,
    here: DFF<Bits<16>>,
    row_first: DFF<Bits<16>>,
    at_row: DFF<Bits<8>>,
    at_col: DFF<Bits<8>>,
    entered: DFF<Bit>,
    rows_left: DFF<Bits<16>>,
    cols_left: DFF<Bits<16>>,
    height_mask: DFF<Bits<8>>,
    width_mask: DFF<Bits<8>>,
    col_tile: DFF<Bits<16>>,
    ones: Signal<Local, Bits<16>>,
    tile_down: Signal<Local, Bits<16>>,
    last_col: Signal<Local, Bit>,
    last_row: Signal<Local, Bit>,
    fire: Signal<Local, Bit>,
}

impl Logic for Cursor {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, active, here, row_first, at_row, at_col, entered, rows_left, cols_left
        );
        dff_setup!(self, clock, height_mask, width_mask, col_tile);
        // 2^n − 1, n up to 8.
        self.ones.next = bits::<16>(0xff) << self.height_log2.val();
        self.ones.next = !self.ones.val();
        self.height_mask.d.next = self.ones.val().get_bits::<8>(0);
        self.ones.next = bits::<16>(0xff) << self.width_log2.val();
        self.ones.next = !self.ones.val();
        self.width_mask.d.next = self.ones.val().get_bits::<8>(0);
        self.col_tile.d.next = self.col.val() >> self.width_log2.val();

        self.valid.next = self.active.q.val();
        self.tile.next = self.here.q.val();
        self.tile_row.next = self.at_row.q.val();
        self.tile_col.next = self.at_col.q.val();
        self.enters.next = self.entered.q.val();
        self.last_col.next = !self.cols_left.q.val().any();
        self.last_row.next = !self.rows_left.q.val().any();
        self.is_last.next = self.last_col.val() && self.last_row.val();
        self.fire.next = self.active.q.val() && self.advance.val();
        self.tile_down.next = self.row_first.q.val() + self.pitch.val();
        if self.fire.val() {
            self.at_col.d.next = self.at_col.q.val() + 1;
            self.cols_left.d.next = self.cols_left.q.val() - 1;
            self.entered.d.next = false;
            if self.at_col.q.val() == self.width_mask.q.val() {
                self.at_col.d.next = 0.into();
                self.here.d.next = self.here.q.val() + 1;
                self.entered.d.next = true;
            }
            if self.last_col.val() {
                self.cols_left.d.next = self.cols.val() - 1;
                self.rows_left.d.next = self.rows_left.q.val() - 1;
                self.at_col.d.next = self.col.val().get_bits::<8>(0) & self.width_mask.q.val();
                self.at_row.d.next = self.at_row.q.val() + 1;
                self.here.d.next = self.row_first.q.val();
                self.entered.d.next = true;
                if self.at_row.q.val() == self.height_mask.q.val() {
                    self.at_row.d.next = 0.into();
                    self.here.d.next = self.tile_down.val();
                    self.row_first.d.next = self.tile_down.val();
                }
                if self.last_row.val() {
                    self.active.d.next = false;
                }
            }
        }
        if self.start.val() {
            self.active.d.next = true;
            self.entered.d.next = true;
            self.here.d.next = self.first_tile.val() + self.col_tile.q.val();
            self.row_first.d.next = self.first_tile.val() + self.col_tile.q.val();
            self.at_row.d.next = self.row.val().get_bits::<8>(0) & self.height_mask.q.val();
            self.at_col.d.next = self.col.val().get_bits::<8>(0) & self.width_mask.q.val();
            self.rows_left.d.next = self.rows.val() - 1;
            self.cols_left.d.next = self.cols.val() - 1;
        }
        if self.clear.val() {
            self.active.d.next = false;
        }
    }
}
