//! The requantise unit: from a 32-bit sum to an element of a small type, with one rounding.

use metisvm_firmware::Dtype;
use rust_hdl::prelude::*;

/// Cycles from an accumulator on the inputs to its element on the output.
pub const LATENCY: usize = 8;

/// Computes `clamp(zero + ((acc · multiplier + 2^(shift − 1)) >> shift))`, exactly as in 64 bits.
///
/// The multiplier is 1..=32767, the shift 1..=47; the bounds of the clamp are those of the element
/// type. One result a cycle, no stall: `out_valid` follows `valid` by [`LATENCY`] cycles. All
/// parameters travel with their accumulator, so each may have its own.
///
/// How the width stays small:
///
/// - the accumulator is split at bit 16 into a signed and an unsigned half, so two 16×16 multipliers
///   give the 47-bit product; the addition that joins the halves is only 32 bits wide;
/// - there is no rounding constant: `(p + 2^(s−1)) >> s` is `((p >> (s−1)) + 1) >> 1`, so that the
///   decoder of the constant and a wide adder become an increment;
/// - a negative product is inverted before the shift and back after it, which makes a logical shifter
///   arithmetic.
#[derive(LogicBlock)]
pub struct Requantise {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The other inputs hold a job.
    pub valid: Signal<In, Bit>,
    /// The accumulator, two's complement.
    pub acc: Signal<In, Bits<32>>,
    /// The multiplier, 1..=32767.
    pub multiplier: Signal<In, Bits<15>>,
    /// The shift, 1..=47. From 47 on every accumulator gives zero.
    pub shift: Signal<In, Bits<6>>,
    /// The zero point of the output, two's complement.
    pub zero: Signal<In, Bits<32>>,
    /// The element type: 0 is u8, 1 is i8, 2 is i16, 3 is i32.
    pub dtype: Signal<In, Bits<2>>,
    /// The element, extended to 32 bits as its type says.
    pub out: Signal<Out, Bits<32>>,
    /// The output holds an element.
    pub out_valid: Signal<Out, Bit>,

    // What a job carries along until the stage that needs it.
    valid_delay: [DFF<Bit>; 8],
    shift_delay: [DFF<Bits<6>>; 4],
    zero_delay: [DFF<Bits<32>>; 6],
    dtype_delay: [DFF<Bits<2>>; 7],

    // 1: the operands. 2: two products.
    acc_reg: DFF<Bits<32>>,
    multiplier_reg: DFF<Bits<15>>,
    multiplier_wide: Signal<Local, Bits<16>>,
    multiplier_signed: Signal<Local, Signed<16>>,
    acc_low: Signal<Local, Bits<16>>,
    acc_high: Signal<Local, Bits<16>>,
    acc_high_signed: Signal<Local, Signed<16>>,
    high_product: Signal<Local, Signed<32>>,
    high_reg: DFF<Bits<32>>,
    low_reg: DFF<Bits<32>>,

    // 3: their sum.
    high_wide: Signal<Local, Bits<48>>,
    high_shifted: Signal<Local, Bits<48>>,
    low_wide: Signal<Local, Bits<48>>,
    product_reg: DFF<Bits<48>>,

    // 4 and 5: the shift by one less than asked for.
    inverted: Signal<Local, Bits<48>>,
    magnitude: Signal<Local, Bits<48>>,
    coarse_amount: Signal<Local, Bits<6>>,
    coarse_reg: DFF<Bits<48>>,
    negative_reg: DFF<Bit>,
    fine_amount: Signal<Local, Bits<3>>,
    fine: Signal<Local, Bits<48>>,
    fine_inverted: Signal<Local, Bits<48>>,
    shifted_reg: DFF<Bits<48>>,

    // 6: half up.
    bumped: Signal<Local, Bits<48>>,
    halved: Signal<Local, Bits<48>>,
    rounded_reg: DFF<Bits<48>>,

    // 7: the zero point.
    zero_wide: Signal<Local, Bits<48>>,
    sum_reg: DFF<Bits<48>>,

    // 8: the clamp.
    negative: Signal<Local, Bit>,
    sum_inverted: Signal<Local, Bits<48>>,
    sum_magnitude: Signal<Local, Bits<48>>,
    above: Signal<Local, Bits<48>>,
    least: Signal<Local, Bits<32>>,
    greatest: Signal<Local, Bits<32>>,
    excess: Signal<Local, Bits<48>>,
    outside: Signal<Local, Bit>,
    below: Signal<Local, Bit>,
    without_sign: Signal<Local, Bit>,
    element: Signal<Local, Bits<32>>,
    out_reg: DFF<Bits<32>>,

    one_6: Constant<Bits<6>>,
    coarse_mask: Constant<Bits<6>>,
    one_48: Constant<Bits<48>>,
    top_bit: Constant<Bits<48>>,
    sign_fill: Constant<Bits<48>>,
    code_u8: Constant<Bits<2>>,
    code_i8: Constant<Bits<2>>,
    code_i16: Constant<Bits<2>>,
    above_u8: Constant<Bits<48>>,
    above_i8: Constant<Bits<48>>,
    above_i16: Constant<Bits<48>>,
    above_i32: Constant<Bits<48>>,
    least_u8: Constant<Bits<32>>,
    least_i8: Constant<Bits<32>>,
    least_i16: Constant<Bits<32>>,
    least_i32: Constant<Bits<32>>,
    greatest_u8: Constant<Bits<32>>,
    greatest_i8: Constant<Bits<32>>,
    greatest_i16: Constant<Bits<32>>,
    greatest_i32: Constant<Bits<32>>,
}

/// A constant of `N` bits, two's complement.
fn constant<const N: usize>(value: i64) -> Constant<Bits<N>> {
    Constant::new(((value as u64) & (u64::MAX >> (64 - N))).into())
}

/// The code of an element type: its place in the ABI's list.
fn code(dtype: Dtype) -> Constant<Bits<2>> {
    constant(Dtype::ALL.iter().take_while(|d| **d != dtype).count() as i64)
}

impl Default for Requantise {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            valid: Signal::default(),
            acc: Signal::default(),
            multiplier: Signal::default(),
            shift: Signal::default(),
            zero: Signal::default(),
            dtype: Signal::default(),
            out: Signal::default(),
            out_valid: Signal::default(),
            valid_delay: std::array::from_fn(|_| DFF::default()),
            shift_delay: std::array::from_fn(|_| DFF::default()),
            zero_delay: std::array::from_fn(|_| DFF::default()),
            dtype_delay: std::array::from_fn(|_| DFF::default()),
            acc_reg: DFF::default(),
            multiplier_reg: DFF::default(),
            multiplier_wide: Signal::default(),
            multiplier_signed: Signal::default(),
            acc_low: Signal::default(),
            acc_high: Signal::default(),
            acc_high_signed: Signal::default(),
            high_product: Signal::default(),
            high_reg: DFF::default(),
            low_reg: DFF::default(),
            high_wide: Signal::default(),
            high_shifted: Signal::default(),
            low_wide: Signal::default(),
            product_reg: DFF::default(),
            inverted: Signal::default(),
            magnitude: Signal::default(),
            coarse_amount: Signal::default(),
            coarse_reg: DFF::default(),
            negative_reg: DFF::default(),
            fine_amount: Signal::default(),
            fine: Signal::default(),
            fine_inverted: Signal::default(),
            shifted_reg: DFF::default(),
            bumped: Signal::default(),
            halved: Signal::default(),
            rounded_reg: DFF::default(),
            zero_wide: Signal::default(),
            sum_reg: DFF::default(),
            negative: Signal::default(),
            sum_inverted: Signal::default(),
            sum_magnitude: Signal::default(),
            above: Signal::default(),
            least: Signal::default(),
            greatest: Signal::default(),
            excess: Signal::default(),
            outside: Signal::default(),
            below: Signal::default(),
            without_sign: Signal::default(),
            element: Signal::default(),
            out_reg: DFF::default(),
            one_6: constant(1),
            coarse_mask: constant(0b11_1000),
            one_48: constant(1),
            top_bit: constant(1 << 47),
            sign_fill: constant(-1 << 32),
            code_u8: code(Dtype::U8),
            code_i8: code(Dtype::I8),
            code_i16: code(Dtype::I16),
            above_u8: constant(!i64::from(Dtype::U8.range().1)),
            above_i8: constant(!i64::from(Dtype::I8.range().1)),
            above_i16: constant(!i64::from(Dtype::I16.range().1)),
            above_i32: constant(!i64::from(Dtype::I32.range().1)),
            least_u8: constant(Dtype::U8.range().0.into()),
            least_i8: constant(Dtype::I8.range().0.into()),
            least_i16: constant(Dtype::I16.range().0.into()),
            least_i32: constant(Dtype::I32.range().0.into()),
            greatest_u8: constant(Dtype::U8.range().1.into()),
            greatest_i8: constant(Dtype::I8.range().1.into()),
            greatest_i16: constant(Dtype::I16.range().1.into()),
            greatest_i32: constant(Dtype::I32.range().1.into()),
        }
    }
}

impl Logic for Requantise {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(
            self,
            clock,
            acc_reg,
            multiplier_reg,
            high_reg,
            low_reg,
            product_reg
        );
        clock!(
            self,
            clock,
            coarse_reg,
            negative_reg,
            shifted_reg,
            rounded_reg,
            sum_reg,
            out_reg
        );
        for i in 0..8 {
            self.valid_delay[i].clock.next = self.clock.val();
        }
        for i in 0..4 {
            self.shift_delay[i].clock.next = self.clock.val();
        }
        for i in 0..6 {
            self.zero_delay[i].clock.next = self.clock.val();
        }
        for i in 0..7 {
            self.dtype_delay[i].clock.next = self.clock.val();
        }

        self.valid_delay[0].d.next = self.valid.val();
        for i in 0..7 {
            self.valid_delay[i + 1].d.next = self.valid_delay[i].q.val();
        }
        // The shift loses its one on the way: the last place is left to the rounding.
        self.shift_delay[0].d.next = self.shift.val();
        self.shift_delay[1].d.next = self.shift_delay[0].q.val() - self.one_6.val();
        self.shift_delay[2].d.next = self.shift_delay[1].q.val();
        self.shift_delay[3].d.next = self.shift_delay[2].q.val();
        self.zero_delay[0].d.next = self.zero.val();
        for i in 0..5 {
            self.zero_delay[i + 1].d.next = self.zero_delay[i].q.val();
        }
        self.dtype_delay[0].d.next = self.dtype.val();
        for i in 0..6 {
            self.dtype_delay[i + 1].d.next = self.dtype_delay[i].q.val();
        }

        self.acc_reg.d.next = self.acc.val();
        self.multiplier_reg.d.next = self.multiplier.val();

        self.multiplier_wide.next = bit_cast::<16, 15>(self.multiplier_reg.q.val());
        self.multiplier_signed.next = signed_cast(self.multiplier_wide.val());
        self.acc_low.next = self.acc_reg.q.val().get_bits::<16>(0);
        self.acc_high.next = self.acc_reg.q.val().get_bits::<16>(16);
        self.acc_high_signed.next = signed_cast(self.acc_high.val());
        self.high_product.next = self.acc_high_signed.val() * self.multiplier_signed.val();
        self.high_reg.d.next = unsigned_cast(self.high_product.val());
        self.low_reg.d.next = self.acc_low.val() * self.multiplier_wide.val();

        // Shifted up by 16, the high product reaches the top: its sign needs no extension.
        self.high_wide.next = bit_cast::<48, 32>(self.high_reg.q.val());
        self.high_shifted.next = self.high_wide.val() << 16;
        self.low_wide.next = bit_cast::<48, 32>(self.low_reg.q.val());
        self.product_reg.d.next = self.high_shifted.val() + self.low_wide.val();

        self.inverted.next = !self.product_reg.q.val();
        self.magnitude.next = self.product_reg.q.val();
        if self.product_reg.q.val().get_bit(47) {
            self.magnitude.next = self.inverted.val();
        }
        self.negative_reg.d.next = self.product_reg.q.val().get_bit(47);
        self.coarse_amount.next = self.shift_delay[2].q.val() & self.coarse_mask.val();
        self.coarse_reg.d.next = self.magnitude.val() >> self.coarse_amount.val();

        self.fine_amount.next = self.shift_delay[3].q.val().get_bits::<3>(0);
        self.fine.next = self.coarse_reg.q.val() >> self.fine_amount.val();
        self.fine_inverted.next = !self.fine.val();
        self.shifted_reg.d.next = self.fine.val();
        if self.negative_reg.q.val() {
            self.shifted_reg.d.next = self.fine_inverted.val();
        }

        self.bumped.next = self.shifted_reg.q.val() + self.one_48.val();
        self.halved.next = self.bumped.val() >> 1;
        if self.bumped.val().get_bit(47) {
            self.halved.next = self.halved.val() | self.top_bit.val();
        }
        self.rounded_reg.d.next = self.halved.val();

        self.zero_wide.next = bit_cast::<48, 32>(self.zero_delay[5].q.val());
        if self.zero_delay[5].q.val().get_bit(31) {
            self.zero_wide.next = self.zero_wide.val() | self.sign_fill.val();
        }
        self.sum_reg.d.next = self.rounded_reg.q.val() + self.zero_wide.val();

        self.least.next = self.least_i32.val();
        self.greatest.next = self.greatest_i32.val();
        self.above.next = self.above_i32.val();
        self.without_sign.next = false;
        if self.dtype_delay[6].q.val() == self.code_u8.val() {
            self.least.next = self.least_u8.val();
            self.greatest.next = self.greatest_u8.val();
            self.above.next = self.above_u8.val();
            self.without_sign.next = true;
        } else if self.dtype_delay[6].q.val() == self.code_i8.val() {
            self.least.next = self.least_i8.val();
            self.greatest.next = self.greatest_i8.val();
            self.above.next = self.above_i8.val();
        } else if self.dtype_delay[6].q.val() == self.code_i16.val() {
            self.least.next = self.least_i16.val();
            self.greatest.next = self.greatest_i16.val();
            self.above.next = self.above_i16.val();
        }
        // A value fits a signed type if all bits from the sign place up are equal; inverted where
        // negative, if they are all clear. Below zero nothing fits an unsigned type.
        self.negative.next = self.sum_reg.q.val().get_bit(47);
        self.sum_inverted.next = !self.sum_reg.q.val();
        self.sum_magnitude.next = self.sum_reg.q.val();
        if self.negative.val() {
            self.sum_magnitude.next = self.sum_inverted.val();
        }
        self.excess.next = self.sum_magnitude.val() & self.above.val();
        self.below.next = self.without_sign.val() & self.negative.val();
        self.outside.next = self.excess.val().any();
        self.outside.next = self.outside.val() | self.below.val();
        self.element.next = self.sum_reg.q.val().get_bits::<32>(0);
        if self.outside.val() {
            self.element.next = self.greatest.val();
            if self.negative.val() {
                self.element.next = self.least.val();
            }
        }
        self.out_reg.d.next = self.element.val();
        self.out.next = self.out_reg.q.val();
        self.out_valid.next = self.valid_delay[7].q.val();
    }
}
