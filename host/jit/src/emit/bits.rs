//! Limbs: constants folded, the rest emitted.

use super::{
    Emitter,
    word::{Limb, Limbs, ZERO},
};
use cranelift_codegen::ir::{InstBuilder, Value, condcodes::IntCC};
use revm::primitives::U256;

/// What AND, OR and XOR do to limbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BitOperation {
    And,
    Or,
    Xor,
}

impl BitOperation {
    fn apply(self, a: u64, b: u64) -> u64 {
        match self {
            Self::And => a & b,
            Self::Or => a | b,
            Self::Xor => a ^ b,
        }
    }
}

impl Emitter<'_, '_> {
    pub(super) fn value(&mut self, limb: Limb) -> Value {
        match limb {
            Limb::Value(value) => value,
            Limb::Known(known) => self.iconst(known),
        }
    }

    /// Two limbs as a 128-bit value.
    pub(super) fn pair(&mut self, low: Limb, high: Limb) -> Value {
        let (low, high) = (self.value(low), self.value(high));
        self.builder.ins().iconcat(low, high)
    }

    pub(super) fn split(&mut self, pair: Value) -> [Limb; 2] {
        let (low, high) = self.builder.ins().isplit(pair);
        [Limb::Value(low), Limb::Value(high)]
    }

    pub(super) fn limb_operation(&mut self, operation: BitOperation, a: Limb, b: Limb) -> Limb {
        use BitOperation::{And, Or, Xor};
        match (operation, a, b) {
            (_, Limb::Known(a), Limb::Known(b)) => Limb::Known(operation.apply(a, b)),
            (And, ZERO, _) | (And, _, ZERO) => ZERO,
            (And, Limb::Known(u64::MAX), limb) | (And, limb, Limb::Known(u64::MAX)) => limb,
            (Or, Limb::Known(u64::MAX), _) | (Or, _, Limb::Known(u64::MAX)) => Limb::Known(u64::MAX),
            (Or | Xor, ZERO, limb) | (Or | Xor, limb, ZERO) => limb,
            (And | Or, a, b) if a == b => a,
            (Xor, a, b) if a == b => ZERO,
            _ => {
                let (a, b) = (self.value(a), self.value(b));
                Limb::Value(match operation {
                    And => self.builder.ins().band(a, b),
                    Or => self.builder.ins().bor(a, b),
                    Xor => self.builder.ins().bxor(a, b),
                })
            }
        }
    }

    /// All limbs with OR between them.
    pub(super) fn or(&mut self, limbs: &[Limb]) -> Limb {
        limbs.iter().fold(ZERO, |all, limb| {
            self.limb_operation(BitOperation::Or, all, *limb)
        })
    }

    pub(super) fn bit_operation(&mut self, operation: BitOperation, a: &Limbs, b: &Limbs) -> Limbs {
        let limbs =
            core::array::from_fn(|index| self.limb_operation(operation, a.limb(index), b.limb(index)));
        let bits = match operation {
            BitOperation::And => a.bits().min(b.bits()),
            BitOperation::Or | BitOperation::Xor => a.bits().max(b.bits()),
        };
        Limbs::below(limbs, bits)
    }

    pub(super) fn not(&mut self, word: &Limbs) -> Limbs {
        let limbs = word.limbs().map(|limb| match limb {
            Limb::Known(known) => Limb::Known(!known),
            Limb::Value(value) => Limb::Value(self.builder.ins().bnot(value)),
        });
        Limbs::new(limbs)
    }

    /// A limb shifted by less than 64 bits.
    fn shift_limb(&mut self, limb: Limb, bits: u32, left: bool) -> Limb {
        match limb {
            _ if bits == 0 => limb,
            Limb::Known(known) => Limb::Known(if left { known << bits } else { known >> bits }),
            Limb::Value(value) if left => Limb::Value(self.builder.ins().ishl_imm_u(value, i64::from(bits))),
            Limb::Value(value) => Limb::Value(self.builder.ins().ushr_imm_u(value, i64::from(bits))),
        }
    }

    /// The part of two neighbouring limbs that a shift of the lower one up by `bits` leaves in the upper one's place.
    fn funnel(&mut self, low: Limb, high: Limb, bits: u32) -> Limb {
        if bits == 0 {
            return high;
        }
        let from_low = self.shift_limb(low, 64 - bits, false);
        let from_high = self.shift_limb(high, bits, true);
        self.limb_operation(BitOperation::Or, from_low, from_high)
    }

    pub(super) fn shift_left(&mut self, word: &Limbs, bits: u32) -> Limbs {
        if bits >= 256 {
            return Limbs::known(U256::ZERO);
        }
        let (limbs, rest) = ((bits / 64) as usize, bits % 64);
        let at = |index: Option<usize>| index.map_or(ZERO, |index| word.limb(index));
        let shifted = core::array::from_fn(|index| {
            let high = index.checked_sub(limbs);
            let low = high.and_then(|high| high.checked_sub(1));
            self.funnel(at(low), at(high), rest)
        });
        Limbs::below(shifted, (word.bits() + bits).min(256))
    }

    pub(super) fn shift_right(&mut self, word: &Limbs, bits: u32) -> Limbs {
        self.shift_right_with(word, bits, ZERO, word.bits().saturating_sub(bits))
    }

    /// The shift that keeps the sign (EIP-145, `SAR`).
    pub(super) fn shift_right_signed(&mut self, word: &Limbs, bits: u32) -> Limbs {
        let sign = match word.limb(3) {
            Limb::Known(known) => Limb::Known((known as i64 >> 63) as u64),
            Limb::Value(value) => Limb::Value(self.builder.ins().sshr_imm_u(value, 63)),
        };
        let bound = if sign == ZERO {
            word.bits().saturating_sub(bits)
        } else {
            256
        };
        self.shift_right_with(word, bits, sign, bound)
    }

    fn shift_right_with(&mut self, word: &Limbs, bits: u32, above: Limb, bound: u32) -> Limbs {
        if bits >= 256 {
            return Limbs::new([above; 4]);
        }
        let (limbs, rest) = ((bits / 64) as usize, bits % 64);
        let at = |index: usize| if index < 4 { word.limb(index) } else { above };
        let shifted = core::array::from_fn(|index| {
            let (low, high) = (at(index + limbs), at(index + limbs + 1));
            match rest {
                0 => low,
                rest => self.funnel(low, high, 64 - rest),
            }
        });
        Limbs::below(shifted, bound)
    }

    /// `SIGNEXTEND` of a word whose highest byte is the one at `place`, counted from the lowest (0 to 30).
    pub(super) fn sign_extend(&mut self, word: &Limbs, place: u32) -> Limbs {
        let (index, unused) = ((place / 8) as usize, 56 - 8 * (place % 8));
        let value = self.value(word.limb(index));
        let extended = match unused {
            0 => value,
            unused => {
                let up = self.builder.ins().ishl_imm_u(value, i64::from(unused));
                self.builder.ins().sshr_imm_u(up, i64::from(unused))
            }
        };
        let sign = self.builder.ins().sshr_imm_u(extended, 63);
        let mut limbs = word.limbs();
        limbs[index] = Limb::Value(extended);
        limbs[index + 1..].fill(Limb::Value(sign));
        Limbs::new(limbs)
    }

    /// Whether two words are equal, as a byte.
    pub(super) fn equal(&mut self, a: &Limbs, b: &Limbs) -> Result<Value, bool> {
        let difference = self.bit_operation(BitOperation::Xor, a, b);
        self.is_zero(&difference)
    }

    /// Whether a word is zero, as a byte.
    pub(super) fn is_zero(&mut self, word: &Limbs) -> Result<Value, bool> {
        match self.or(&word.limbs()) {
            Limb::Known(known) => Err(known == 0),
            Limb::Value(value) => Ok(self.builder.ins().icmp_imm_s(IntCC::Equal, value, 0)),
        }
    }

    /// Whether a word is less than another, as a byte.
    pub(super) fn less(&mut self, a: &Limbs, b: &Limbs, signed: bool) -> Value {
        let bits = a.bits().max(b.bits());
        // Below 2^255 both orders are the same.
        let (unsigned, order) = (
            IntCC::UnsignedLessThan,
            if signed && bits == 256 {
                IntCC::SignedLessThan
            } else {
                IntCC::UnsignedLessThan
            },
        );
        if bits <= 64 {
            let (a, b) = (self.value(a.limb(0)), self.value(b.limb(0)));
            return self.builder.ins().icmp(unsigned, a, b);
        }
        let (low_a, low_b) = (self.pair(a.limb(0), a.limb(1)), self.pair(b.limb(0), b.limb(1)));
        let low = self.builder.ins().icmp(unsigned, low_a, low_b);
        if bits <= 128 {
            return low;
        }
        let (high_a, high_b) = (self.pair(a.limb(2), a.limb(3)), self.pair(b.limb(2), b.limb(3)));
        let less = self.builder.ins().icmp(order, high_a, high_b);
        let same = self.builder.ins().icmp(IntCC::Equal, high_a, high_b);
        let low = self.builder.ins().band(same, low);
        self.builder.ins().bor(less, low)
    }
}
