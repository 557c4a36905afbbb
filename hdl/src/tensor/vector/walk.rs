//! The order in which a VECTOR goes through the rows of its tiles.

use rust_hdl::prelude::*;

/// Gives the rows of tiles of source and destination one after the other; C are a tile's columns.
///
/// A column of tiles is walked down before the next one begins, so that its records are fetched once. ARGMAX goes
/// along a row instead: its destination is a column of tiles.
#[derive(LogicBlock, Default)]
pub struct Walk<const C: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Goes to the first row of the instruction.
    pub begins: Signal<In, Bit>,
    /// Goes to the next row.
    pub advance: Signal<In, Bit>,
    /// It goes along rows.
    pub reduces: Signal<In, Bit>,
    /// Word 1 of the instruction: the tiles.
    pub word1: Signal<In, Bits<64>>,
    /// Rows of lanes, less one.
    pub rows: Signal<In, Bits<16>>,
    /// Columns of lanes of the source, less one.
    pub cols: Signal<In, Bits<16>>,
    /// Columns of its tiles, less one.
    pub tile_cols: Signal<In, Bits<16>>,
    /// Logarithm of a tile's rows.
    pub row_bits: Signal<In, Bits<3>>,
    /// The last row of a tile.
    pub last_row: Signal<In, Bits<8>>,
    /// The last column of a tile.
    pub last_col: Signal<In, Bits<16>>,
    /// Row of the source: its tile times the rows of a tile, and the row within.
    pub src: Signal<Out, Bits<24>>,
    /// Row of the destination.
    pub dst: Signal<Out, Bits<24>>,
    /// The lanes of the source that count.
    pub mask: Signal<Out, Bits<C>>,
    /// The first row of a column of tiles.
    pub top: Signal<Out, Bit>,
    /// The first tile of a row.
    pub left: Signal<Out, Bit>,
    /// The last tile of a row.
    pub right: Signal<Out, Bit>,
    /// The last row of all.
    pub last: Signal<Out, Bit>,
    row: DFF<Bits<8>>,
    rows_left: DFF<Bits<16>>,
    cols_left: DFF<Bits<16>>,
    at_top: DFF<Bit>,
    at_left: DFF<Bit>,
    src_tile: DFF<Bits<16>>,
    src_anchor: DFF<Bits<16>>,
    dst_tile: DFF<Bits<16>>,
    dst_anchor: DFF<Bits<16>>,
    last_mask: DFF<Bits<C>>,
    src_pitch: Signal<Local, Bits<16>>,
    dst_pitch: Signal<Local, Bits<16>>,
    no_rows: Signal<Local, Bit>,
    no_cols: Signal<Local, Bit>,
    tile_ends: Signal<Local, Bit>,
    gap: Signal<Local, Bits<16>>,
    ones: Signal<Local, Bits<C>>,
    zeros: Signal<Local, Bits<C>>,
    cols_inverted: Signal<Local, Bits<16>>,
    row_wide: Signal<Local, Bits<24>>,
    src_wide: Signal<Local, Bits<24>>,
    dst_wide: Signal<Local, Bits<24>>,
}

impl<const C: usize> Logic for Walk<C> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, row, rows_left, cols_left, at_top, at_left, src_tile, src_anchor, dst_tile,
            dst_anchor, last_mask
        );
        self.dst_pitch.next = self.word1.val().get_bits::<16>(16);
        self.src_pitch.next = self.word1.val().get_bits::<16>(48);
        self.no_rows.next = self.rows_left.q.val() == bits::<16>(0);
        self.no_cols.next = self.cols_left.q.val() == bits::<16>(0);
        self.tile_ends.next = self.row.q.val() == self.last_row.val();
        self.zeros.next = 0.into();
        self.ones.next = !self.zeros.val();

        if self.advance.val() {
            self.at_top.d.next = false;
            self.at_left.d.next = false;
            if self.reduces.val() && !self.no_cols.val() {
                self.cols_left.d.next = self.cols_left.q.val() - 1;
                self.src_tile.d.next = self.src_tile.q.val() + 1;
            }
            if self.reduces.val() && self.no_cols.val() {
                self.cols_left.d.next = self.tile_cols.val();
                self.at_left.d.next = true;
                self.rows_left.d.next = self.rows_left.q.val() - 1;
                self.row.d.next = self.row.q.val() + 1;
                self.src_tile.d.next = self.src_anchor.q.val();
                if self.tile_ends.val() {
                    self.row.d.next = 0.into();
                    self.src_tile.d.next = self.src_anchor.q.val() + self.src_pitch.val();
                    self.src_anchor.d.next = self.src_anchor.q.val() + self.src_pitch.val();
                    self.dst_tile.d.next = self.dst_tile.q.val() + self.dst_pitch.val();
                }
            }
            if !self.reduces.val() && !self.no_rows.val() {
                self.rows_left.d.next = self.rows_left.q.val() - 1;
                self.row.d.next = self.row.q.val() + 1;
                if self.tile_ends.val() {
                    self.row.d.next = 0.into();
                    self.src_tile.d.next = self.src_tile.q.val() + self.src_pitch.val();
                    self.dst_tile.d.next = self.dst_tile.q.val() + self.dst_pitch.val();
                }
            }
            if !self.reduces.val() && self.no_rows.val() {
                self.rows_left.d.next = self.rows.val();
                self.cols_left.d.next = self.cols_left.q.val() - 1;
                self.row.d.next = 0.into();
                self.at_top.d.next = true;
                self.src_tile.d.next = self.src_anchor.q.val() + 1;
                self.src_anchor.d.next = self.src_anchor.q.val() + 1;
                self.dst_tile.d.next = self.dst_anchor.q.val() + 1;
                self.dst_anchor.d.next = self.dst_anchor.q.val() + 1;
            }
        }
        // A tile's columns are a power of two: what is missing of the last tile is the complement's low bits.
        self.cols_inverted.next = !self.cols.val();
        self.gap.next = self.cols_inverted.val() & self.last_col.val();
        if self.begins.val() {
            self.row.d.next = 0.into();
            self.rows_left.d.next = self.rows.val();
            self.cols_left.d.next = self.tile_cols.val();
            self.at_top.d.next = true;
            self.at_left.d.next = true;
            self.dst_tile.d.next = self.word1.val().get_bits::<16>(0);
            self.dst_anchor.d.next = self.word1.val().get_bits::<16>(0);
            self.src_tile.d.next = self.word1.val().get_bits::<16>(32);
            self.src_anchor.d.next = self.word1.val().get_bits::<16>(32);
            self.last_mask.d.next = self.ones.val() >> self.gap.val();
        }

        self.row_wide.next = bit_cast::<24, 8>(self.row.q.val());
        self.src_wide.next = bit_cast::<24, 16>(self.src_tile.q.val());
        self.src_wide.next = self.src_wide.val() << self.row_bits.val();
        self.src.next = self.src_wide.val() | self.row_wide.val();
        self.dst_wide.next = bit_cast::<24, 16>(self.dst_tile.q.val());
        self.dst_wide.next = self.dst_wide.val() << self.row_bits.val();
        self.dst.next = self.dst_wide.val() | self.row_wide.val();
        self.mask.next = self.ones.val();
        if self.no_cols.val() {
            self.mask.next = self.last_mask.q.val();
        }
        self.top.next = self.at_top.q.val();
        self.left.next = self.at_left.q.val();
        self.right.next = self.no_cols.val();
        self.last.next = self.no_cols.val() && self.no_rows.val();
    }
}
