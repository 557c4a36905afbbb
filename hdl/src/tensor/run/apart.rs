//! Whether the elements that a STORE writes are apart.

use rust_hdl::prelude::*;

/// A row of elements is apart from the next, or a column is: then no byte is written twice. In two passes, the
/// second with rows and columns exchanged, each with a product of one bit a cycle.
///
/// States: 0 waits, 1 takes absolute values, 2 begins a pass, 3 multiplies, 4 adds an element, 5 compares.
#[derive(LogicBlock, Default)]
pub struct Apart {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Begins, anew if it is at others; the operands stand until it is done.
    pub start: Signal<In, Bit>,
    /// Not 0.
    pub rows: Signal<In, Bits<16>>,
    /// Not 0.
    pub cols: Signal<In, Bits<16>>,
    /// From a row to the next, signed.
    pub row_stride: Signal<In, Bits<32>>,
    /// From a column to the next, signed.
    pub col_stride: Signal<In, Bits<32>>,
    /// The elements' type: 1, 1, 2 or 4 bytes.
    pub dtype: Signal<In, Bits<2>>,
    /// From the cycle after `start` until `verdict` holds.
    pub busy: Signal<Out, Bit>,
    /// They are.
    pub verdict: Signal<Out, Bit>,
    state: DFF<Bits<3>>,
    row: DFF<Bits<32>>,
    col: DFF<Bits<32>>,
    second: DFF<Bit>,
    step: DFF<Bits<4>>,
    // What lies side by side within the other: elements of a row within rows, in the first pass.
    stride: DFF<Bits<32>>,
    outer: DFF<Bits<32>>,
    one_inner: DFF<Bit>,
    one_outer: DFF<Bit>,
    // The product's upper bits; its lower ones take the place of the factor's, bit by bit.
    high: DFF<Bits<32>>,
    low: DFF<Bits<16>>,
    reach: DFF<Bits<33>>,
    too_far: DFF<Bit>,
    inner_apart: DFF<Bit>,
    is_apart: DFF<Bit>,
    element: Signal<Local, Bits<33>>,
    element32: Signal<Local, Bits<32>>,
    addend: Signal<Local, Bits<33>>,
    sum: Signal<Local, Bits<33>>,
    lows: Signal<Local, Bits<16>>,
    product: Signal<Local, Bits<33>>,
    product_low: Signal<Local, Bits<33>>,
    outer_wide: Signal<Local, Bits<33>>,
    none: Signal<Local, Bits<32>>,
    passes: Signal<Local, Bit>,
}

impl Logic for Apart {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            state,
            row,
            col,
            second,
            step,
            stride,
            outer,
            one_inner,
            one_outer,
            high,
            low,
            reach,
            too_far,
            inner_apart,
            is_apart
        );
        self.busy.next = self.state.q.val() != 0;
        self.verdict.next = self.is_apart.q.val();
        self.element.next = 1.into();
        self.element32.next = 1.into();
        if self.dtype.val() == 2 {
            self.element.next = 2.into();
            self.element32.next = 2.into();
        }
        if self.dtype.val() == 3 {
            self.element.next = 4.into();
            self.element32.next = 4.into();
        }
        self.none.next = 0.into();

        // One step of the product.
        self.addend.next = 0.into();
        if self.low.q.val().get_bit(0) {
            self.addend.next = bit_cast::<33, 32>(self.stride.q.val());
        }
        self.sum.next = bit_cast::<33, 32>(self.high.q.val());
        self.sum.next = self.sum.val() + self.addend.val();
        self.lows.next = self.low.q.val() >> 1;
        if self.sum.val().get_bit(0) {
            self.lows.next = self.lows.val() | bits::<16>(0x8000);
        }
        // Its lowest 32 bits.
        self.product_low.next = bit_cast::<33, 16>(self.low.q.val());
        self.product.next = bit_cast::<33, 32>(self.high.q.val());
        self.product.next = self.product.val() << 16;
        self.product.next = self.product.val() | self.product_low.val();
        self.outer_wide.next = bit_cast::<33, 32>(self.outer.q.val());
        self.passes.next = self.inner_apart.q.val()
            && (self.one_outer.q.val()
                || (!self.too_far.q.val() && (self.reach.q.val() <= self.outer_wide.val())));

        if self.state.q.val() == 1 {
            self.row.d.next = self.row_stride.val();
            if self.row_stride.val().get_bit(31) {
                self.row.d.next = self.none.val() - self.row_stride.val();
            }
            self.col.d.next = self.col_stride.val();
            if self.col_stride.val().get_bit(31) {
                self.col.d.next = self.none.val() - self.col_stride.val();
            }
            self.second.d.next = false;
            self.state.d.next = 2.into();
        }
        if self.state.q.val() == 2 {
            self.stride.d.next = self.col.q.val();
            self.outer.d.next = self.row.q.val();
            self.low.d.next = self.cols.val() - 1;
            self.one_inner.d.next = self.cols.val() == 1;
            self.one_outer.d.next = self.rows.val() == 1;
            if self.second.q.val() {
                self.stride.d.next = self.row.q.val();
                self.outer.d.next = self.col.q.val();
                self.low.d.next = self.rows.val() - 1;
                self.one_inner.d.next = self.rows.val() == 1;
                self.one_outer.d.next = self.cols.val() == 1;
            }
            self.high.d.next = 0.into();
            self.step.d.next = 0.into();
            self.state.d.next = 3.into();
        }
        if self.state.q.val() == 3 {
            self.high.d.next = self.sum.val().get_bits::<32>(1);
            self.low.d.next = self.lows.val();
            self.step.d.next = self.step.q.val() + 1;
            if self.step.q.val().all() {
                self.state.d.next = 4.into();
            }
        }
        if self.state.q.val() == 4 {
            self.too_far.d.next = self.high.q.val().get_bits::<16>(16).any();
            self.reach.d.next = bit_cast::<33, 32>(self.product.val().get_bits::<32>(0)) + self.element.val();
            self.inner_apart.d.next = self.one_inner.q.val() || (self.stride.q.val() >= self.element32.val());
            self.state.d.next = 5.into();
        }
        if self.state.q.val() == 5 {
            self.is_apart.d.next = self.passes.val();
            self.second.d.next = true;
            self.state.d.next = 0.into();
            if !self.passes.val() && !self.second.q.val() {
                self.state.d.next = 2.into();
            }
        }
        // Whatever it was at is of an instruction that was given up.
        if self.start.val() {
            self.state.d.next = 1.into();
        }
    }
}
