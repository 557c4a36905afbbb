//! ADD, SUB, MUL and division.

use super::{
    Emitter,
    word::{Limb, Limbs, ZERO},
};
use crate::{arithmetic, record};
use cranelift_codegen::ir::{InstBuilder, condcodes::IntCC, types::I128};
use revm::{bytecode::opcode as op, primitives::U256};

impl Emitter<'_, '_> {
    pub(super) fn add(&mut self, a: &Limbs, b: &Limbs) -> Limbs {
        if let (Some(a), Some(b)) = (a.constant(), b.constant()) {
            return Limbs::known(a.wrapping_add(b));
        }
        for (word, other) in [(a, b), (b, a)] {
            if word.constant() == Some(U256::ZERO) {
                return *other;
            }
        }
        let bits = a.bits().max(b.bits()) + 1;
        if bits <= 64 {
            let (a, b) = (self.value(a.limb(0)), self.value(b.limb(0)));
            return Limbs::small(self.builder.ins().iadd(a, b), bits);
        }
        if bits == 65 {
            let (a, b) = (self.value(a.limb(0)), self.value(b.limb(0)));
            let (sum, carry) = self.builder.ins().uadd_overflow(a, b);
            let carry = self.bit(carry);
            return Limbs::below([Limb::Value(sum), Limb::Value(carry), ZERO, ZERO], bits);
        }
        let (low_a, low_b) = (self.pair(a.limb(0), a.limb(1)), self.pair(b.limb(0), b.limb(1)));
        if bits <= 128 {
            let sum = self.builder.ins().iadd(low_a, low_b);
            let [low, high] = self.split(sum);
            return Limbs::below([low, high, ZERO, ZERO], bits);
        }
        let (low, carry) = self.builder.ins().uadd_overflow(low_a, low_b);
        let [first, second] = self.split(low);
        let carry = self.bit(carry);
        if bits == 129 {
            return Limbs::below([first, second, Limb::Value(carry), ZERO], bits);
        }
        let carry = self.cast(carry, I128);
        let mut high = self.pair(a.limb(2), a.limb(3));
        if b.bits() > 128 {
            let other = self.pair(b.limb(2), b.limb(3));
            high = self.builder.ins().iadd(high, other);
        }
        let high = self.builder.ins().iadd(high, carry);
        let [third, fourth] = self.split(high);
        Limbs::below([first, second, third, fourth], bits.min(256))
    }

    pub(super) fn sub(&mut self, a: &Limbs, b: &Limbs) -> Limbs {
        if let (Some(a), Some(b)) = (a.constant(), b.constant()) {
            return Limbs::known(a.wrapping_sub(b));
        }
        if b.constant() == Some(U256::ZERO) {
            return *a;
        }
        let (low_a, low_b) = (self.pair(a.limb(0), a.limb(1)), self.pair(b.limb(0), b.limb(1)));
        let (low, borrow) = self.builder.ins().usub_overflow(low_a, low_b);
        let [first, second] = self.split(low);
        let borrow = self.bit(borrow);
        let borrow = self.cast(borrow, I128);
        let mut high = self.pair(a.limb(2), a.limb(3));
        if b.bits() > 128 {
            let other = self.pair(b.limb(2), b.limb(3));
            high = self.builder.ins().isub(high, other);
        }
        let high = self.builder.ins().isub(high, borrow);
        let [third, fourth] = self.split(high);
        Limbs::new([first, second, third, fourth])
    }

    pub(super) fn mul(&mut self, a: &Limbs, b: &Limbs) -> Limbs {
        if let (Some(a), Some(b)) = (a.constant(), b.constant()) {
            return Limbs::known(a.wrapping_mul(b));
        }
        for (word, other) in [(a, b), (b, a)] {
            match word.constant() {
                Some(factor) if factor.is_zero() => return Limbs::known(U256::ZERO),
                Some(factor) if factor.is_power_of_two() => {
                    return self.shift_left(other, factor.trailing_zeros() as u32);
                }
                _ => {}
            }
        }
        let bits = (a.bits() + b.bits()).min(256);
        if bits <= 64 {
            let (a, b) = (self.value(a.limb(0)), self.value(b.limb(0)));
            return Limbs::small(self.builder.ins().imul(a, b), bits);
        }
        let mut product = [ZERO; 4];
        for i in 0..4 {
            if a.limb(i) == ZERO {
                continue;
            }
            let mut carry = ZERO;
            for j in 0..4 - i {
                (product[i + j], carry) =
                    self.multiply_add(a.limb(i), b.limb(j), product[i + j], carry, i + j < 3);
            }
        }
        Limbs::below(product, bits)
    }

    /// The limbs of `a · b + c + d`, which fit in two: the lower one, and the upper one where it is wanted.
    fn multiply_add(&mut self, a: Limb, b: Limb, c: Limb, d: Limb, upper: bool) -> (Limb, Limb) {
        let addends = [c, d].into_iter().filter(|limb| *limb != ZERO);
        if b == ZERO && !upper {
            let sum = addends.reduce(|c, d| {
                let (c, d) = (self.value(c), self.value(d));
                Limb::Value(self.builder.ins().iadd(c, d))
            });
            return (sum.unwrap_or(ZERO), ZERO);
        }
        if b == ZERO {
            return match (c, d) {
                (limb, ZERO) | (ZERO, limb) => (limb, ZERO),
                (c, d) => {
                    let (c, d) = (self.value(c), self.value(d));
                    let (sum, carry) = self.builder.ins().uadd_overflow(c, d);
                    let carry = self.bit(carry);
                    (Limb::Value(sum), Limb::Value(carry))
                }
            };
        }
        let (a, b) = (self.value(a), self.value(b));
        if upper {
            let (a, b) = (self.cast(a, I128), self.cast(b, I128));
            let mut sum = self.builder.ins().imul(a, b);
            for addend in addends {
                let addend = self.value(addend);
                let addend = self.cast(addend, I128);
                sum = self.builder.ins().iadd(sum, addend);
            }
            let [low, high] = self.split(sum);
            (low, high)
        } else {
            let mut sum = self.builder.ins().imul(a, b);
            for addend in addends {
                let addend = self.value(addend);
                sum = self.builder.ins().iadd(sum, addend);
            }
            (Limb::Value(sum), ZERO)
        }
    }

    /// `DIV` and `MOD`.
    pub(super) fn divide(&mut self, opcode: u8, a: &Limbs, b: &Limbs) -> Limbs {
        let quotient = opcode == op::DIV;
        if let Some(divisor) = b.constant() {
            if divisor.is_power_of_two() {
                let shift = divisor.trailing_zeros() as u32;
                return if quotient {
                    self.shift_right(a, shift)
                } else {
                    let below = Limbs::known(divisor - U256::ONE);
                    self.bit_operation(super::bits::BitOperation::And, a, &below)
                };
            }
            if divisor.is_zero() {
                return Limbs::known(U256::ZERO);
            }
        }
        if a.bits() > 64 || b.bits() > 64 {
            let bits = if quotient {
                a.bits()
            } else {
                a.bits().min(b.bits())
            };
            return self.function(opcode, &[*a, *b], bits);
        }
        let bits = if quotient {
            a.bits()
        } else {
            a.bits().min(b.bits())
        };
        let (a, divisor) = (self.value(a.limb(0)), self.value(b.limb(0)));
        if b.constant().is_some() {
            let result = if quotient {
                self.builder.ins().udiv(a, divisor)
            } else {
                self.builder.ins().urem(a, divisor)
            };
            return Limbs::small(result, bits);
        }
        // By 0 the result is 0, and the processor would trap.
        let (zero, one) = (self.iconst(0), self.iconst(1));
        let by_zero = self.builder.ins().icmp_imm_s(IntCC::Equal, divisor, 0);
        let divisor = self.builder.ins().select(by_zero, one, divisor);
        let result = if quotient {
            self.builder.ins().udiv(a, divisor)
        } else {
            self.builder.ins().urem(a, divisor)
        };
        Limbs::small(self.builder.ins().select(by_zero, zero, result), bits)
    }

    /// Calls a function of [`arithmetic::FUNCTIONS`], whose result is below 2^bits; or has it called now, where all is
    /// known.
    pub(super) fn function(&mut self, opcode: u8, operands: &[Limbs], bits: u32) -> Limbs {
        let function = arithmetic::FUNCTIONS[usize::from(opcode)];
        if operands.iter().all(|operand| operand.constant().is_some()) {
            let mut words = [U256::ZERO; 3];
            for (word, operand) in words.iter_mut().zip(operands) {
                *word = operand.constant().unwrap_or_default();
            }
            function(&mut words);
            return Limbs::known(words[0]);
        }
        let record = self.record;
        for (operand, at) in operands.iter().zip((record::WORDS..).step_by(32)) {
            self.store_limbs(record, at, operand.limbs());
        }
        let functions = self.constant_field(record::ARITHMETIC);
        let at = 8 * i32::from(opcode);
        let function = self.builder.ins().load(
            cranelift_codegen::ir::types::I64,
            super::constant(),
            functions,
            at,
        );
        let words = self.builder.ins().iadd_imm_s(record, i64::from(record::WORDS));
        self.builder
            .ins()
            .call_indirect(self.signatures.arithmetic, function, &[words]);
        self.words(bits)
    }

    /// The first of the record's words, which is below 2^bits.
    pub(super) fn words(&mut self, bits: u32) -> Limbs {
        let limbs = core::array::from_fn(|index| match index as u32 * 64 {
            under if under >= bits => ZERO,
            _ => Limb::Value(self.field(record::WORDS + 8 * index as i32)),
        });
        Limbs::below(limbs, bits)
    }
}
