//! Rows of results, put together from lanes.

use rust_hdl::prelude::*;

/// Takes whole rows, some lanes or one lane at a time; W are a row's bits.
///
/// Lanes come in from above and move down, so that the first one is lowest when the row is whole.
#[derive(LogicBlock, Default)]
pub struct Results<const W: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Begins with a new row.
    pub clear: Signal<In, Bit>,
    /// A row of sums, greater or lesser ones.
    pub element_row: Signal<In, Bits<W>>,
    /// It is there.
    pub element_valid: Signal<In, Bit>,
    /// What the requantise units have, the first lowest.
    pub unit_row: Signal<In, Bits<W>>,
    /// It is there.
    pub unit_valid: Signal<In, Bit>,
    /// An entry.
    pub found: Signal<In, Bits<32>>,
    /// It is there.
    pub found_valid: Signal<In, Bit>,
    /// The best index.
    pub index: Signal<In, Bits<32>>,
    /// The best value.
    pub best: Signal<In, Bits<32>>,
    /// They are there.
    pub best_valid: Signal<In, Bit>,
    /// There are as many units as lanes.
    pub units_for_all: Signal<In, Bit>,
    /// Bits of what all units have.
    pub unit_step: Signal<In, Bits<16>>,
    /// Bits of a row less these.
    pub unit_rest: Signal<In, Bits<16>>,
    /// Where the last lane lies.
    pub last_lane: Signal<In, Bits<16>>,
    /// Pieces in which a row comes from the units or from the tables, less one.
    pub last_piece: Signal<In, Bits<8>>,
    /// The row.
    pub row: Signal<Out, Bits<W>>,
    /// It is whole.
    pub whole: Signal<Out, Bit>,
    result: DFF<Bits<W>>,
    is_whole: DFF<Bit>,
    pieces: DFF<Bits<8>>,
    found_wide: Signal<Local, Bits<W>>,
    index_wide: Signal<Local, Bits<W>>,
    best_wide: Signal<Local, Bits<W>>,
}

impl<const W: usize> Logic for Results<W> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, result, is_whole, pieces);
        self.is_whole.d.next = false;
        if self.element_valid.val() {
            self.result.d.next = self.element_row.val();
            self.is_whole.d.next = true;
        }
        self.found_wide.next = bit_cast::<W, 32>(self.found.val());
        if self.found_valid.val() {
            self.result.d.next =
                (self.result.q.val() >> 32) | (self.found_wide.val() << self.last_lane.val());
        }
        if self.unit_valid.val() {
            self.result.d.next =
                (self.result.q.val() >> self.unit_step.val()) | (self.unit_row.val() << self.unit_rest.val());
            if self.units_for_all.val() {
                self.result.d.next = self.unit_row.val();
            }
        }
        if self.unit_valid.val() || self.found_valid.val() {
            self.pieces.d.next = self.pieces.q.val() + 1;
            if self.pieces.q.val() == self.last_piece.val() {
                self.pieces.d.next = 0.into();
                self.is_whole.d.next = true;
            }
        }
        self.index_wide.next = bit_cast::<W, 32>(self.index.val());
        self.best_wide.next = bit_cast::<W, 32>(self.best.val());
        if self.best_valid.val() {
            self.result.d.next = self.index_wide.val() | (self.best_wide.val() << 32);
            self.is_whole.d.next = true;
        }
        if self.clear.val() {
            self.pieces.d.next = 0.into();
        }
        self.row.next = self.result.q.val();
        self.whole.next = self.is_whole.q.val();
    }
}
