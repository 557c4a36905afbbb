//! Where the elements of a walk lie, one after the other.

use rust_hdl::prelude::*;

/// Gives the address of element (r, c), row by row, one a cycle: `address` + r·`row_stride` + c·`col_stride`.
///
/// Strides are signed. The inputs stay as they are while it walks; the first address is there two cycles after `start`.
#[derive(LogicBlock, Default)]
pub struct Walker {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Gives up.
    pub clear: Signal<In, Bit>,
    /// Begins.
    pub start: Signal<In, Bit>,
    /// Of element (0, 0).
    pub address: Signal<In, Bits<48>>,
    /// From a row to the next.
    pub row_stride: Signal<In, Bits<32>>,
    /// From a column to the next.
    pub col_stride: Signal<In, Bits<32>>,
    /// Rows, at least 1.
    pub rows: Signal<In, Bits<16>>,
    /// Columns, at least 1.
    pub cols: Signal<In, Bits<16>>,
    /// An element is there.
    pub valid: Signal<Out, Bit>,
    /// Its address.
    pub at: Signal<Out, Bits<48>>,
    /// It is taken.
    pub advance: Signal<In, Bit>,
    begins: DFF<Bit>,
    active: DFF<Bit>,
    here: DFF<Bits<48>>,
    next_row: DFF<Bits<48>>,
    rows_left: DFF<Bits<16>>,
    cols_left: DFF<Bits<16>>,
    row_step: Signal<Local, Bits<48>>,
    col_step: Signal<Local, Bits<48>>,
    row_after: Signal<Local, Bits<48>>,
    fire: Signal<Local, Bit>,
    sign: Signal<Local, Bits<48>>,
}

impl Logic for Walker {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, begins, active, here, next_row, rows_left, cols_left);
        self.sign.next = 0.into();
        self.sign.next = !self.sign.val();
        self.sign.next = self.sign.val() << 32;
        self.row_step.next = bit_cast::<48, 32>(self.row_stride.val());
        if self.row_stride.val().get_bit(31) {
            self.row_step.next = self.row_step.val() | self.sign.val();
        }
        self.col_step.next = bit_cast::<48, 32>(self.col_stride.val());
        if self.col_stride.val().get_bit(31) {
            self.col_step.next = self.col_step.val() | self.sign.val();
        }
        self.valid.next = self.active.q.val();
        self.at.next = self.here.q.val();
        self.fire.next = self.active.q.val() && self.advance.val();
        self.row_after.next = self.next_row.q.val() + self.row_step.val();
        // The next row is known before its turn: it takes an addition of its own.
        self.begins.d.next = self.start.val();
        if self.begins.q.val() {
            self.active.d.next = true;
            self.next_row.d.next = self.row_after.val();
        }
        // Counts say what comes after this one.
        if self.fire.val() {
            self.here.d.next = self.here.q.val() + self.col_step.val();
            self.cols_left.d.next = self.cols_left.q.val() - 1;
            if !self.cols_left.q.val().any() {
                self.here.d.next = self.next_row.q.val();
                self.next_row.d.next = self.row_after.val();
                self.cols_left.d.next = self.cols.val() - 1;
                self.rows_left.d.next = self.rows_left.q.val() - 1;
                if !self.rows_left.q.val().any() {
                    self.active.d.next = false;
                }
            }
        }
        if self.start.val() {
            self.here.d.next = self.address.val();
            self.next_row.d.next = self.address.val();
            self.rows_left.d.next = self.rows.val() - 1;
            self.cols_left.d.next = self.cols.val() - 1;
        }
        if self.clear.val() {
            self.begins.d.next = false;
            self.active.d.next = false;
        }
    }
}
