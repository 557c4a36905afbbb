//! One multiply-accumulate cell: a product register and an accumulator.

use rust_hdl::prelude::*;

/// Multiplies two operands a cycle and adds the product into a 32-bit accumulator that wraps.
///
/// Two registers follow each other, so that a DSP block's own multiplier register can be used:
/// operands of cycle *n* are in the accumulator in cycle *n* + 2. `enable` and `first` belong to the
/// product, not to the operands: they come one cycle after them.
#[derive(LogicBlock)]
pub struct Mac {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Left operand, −256..=255 in 16 bits.
    pub a: Signal<In, Signed<16>>,
    /// Right operand, −256..=255 in 16 bits.
    pub b: Signal<In, Signed<16>>,
    /// The product of last cycle's operands enters the accumulator at the end of this cycle.
    pub enable: Signal<In, Bit>,
    /// With `enable`: the product replaces the accumulator instead of being added to it.
    pub first: Signal<In, Bit>,
    /// The accumulator, two's complement.
    pub acc: Signal<Out, Bits<32>>,
    product: Signal<Local, Signed<32>>,
    product_bits: Signal<Local, Bits<32>>,
    extended: Signal<Local, Bits<32>>,
    base: Signal<Local, Bits<32>>,
    sum: Signal<Local, Bits<32>>,
    product_reg: DFF<Bits<18>>,
    acc_reg: DFF<Bits<32>>,
    zero: Constant<Bits<32>>,
    sign_fill: Constant<Bits<32>>,
}

impl Default for Mac {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            a: Signal::default(),
            b: Signal::default(),
            enable: Signal::default(),
            first: Signal::default(),
            acc: Signal::default(),
            product: Signal::default(),
            product_bits: Signal::default(),
            extended: Signal::default(),
            base: Signal::default(),
            sum: Signal::default(),
            product_reg: DFF::default(),
            acc_reg: DFF::default(),
            zero: Constant::new(0_u64.into()),
            sign_fill: Constant::new(0xFFFC_0000_u64.into()),
        }
    }
}

impl Logic for Mac {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, product_reg, acc_reg);

        self.product.next = self.a.val() * self.b.val();
        self.product_bits.next = unsigned_cast(self.product.val());
        // Operands of nine bits give a product of eighteen.
        self.product_reg.d.next = self.product_bits.val().get_bits::<18>(0);

        self.extended.next = bit_cast::<32, 18>(self.product_reg.q.val());
        if self.product_reg.q.val().get_bit(17) {
            self.extended.next = self.extended.val() | self.sign_fill.val();
        }
        self.base.next = self.acc_reg.q.val();
        if self.first.val() {
            self.base.next = self.zero.val();
        }
        self.sum.next = self.base.val() + self.extended.val();
        if self.enable.val() {
            self.acc_reg.d.next = self.sum.val();
        }
        self.acc.next = self.acc_reg.q.val();
    }
}
