//! A word of the stack, as far as the compiler knows it.

use cranelift_codegen::ir::Value;
use revm::primitives::U256;

/// 64 bits of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limb {
    Known(u64),
    Value(Value),
}

pub(super) const ZERO: Limb = Limb::Known(0);

/// A word of four limbs, the lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limbs {
    limbs: [Limb; 4],
    /// The word is below 2^bits.
    bits: u32,
}

impl Limbs {
    /// A word that is known.
    pub(super) fn known(word: U256) -> Self {
        Self {
            limbs: word.into_limbs().map(Limb::Known),
            bits: word.bit_len() as u32,
        }
    }

    /// A word of which nothing is known but what its limbs say.
    pub(super) fn new(limbs: [Limb; 4]) -> Self {
        Self::below(limbs, 256)
    }

    /// A word that is below 2^bits.
    pub(super) fn below(mut limbs: [Limb; 4], mut bits: u32) -> Self {
        for (index, limb) in limbs.iter_mut().enumerate().rev() {
            let under = 64 * index as u32;
            if bits <= under {
                *limb = ZERO;
            }
            match *limb {
                Limb::Known(known) if bits > under => bits = bits.min(under + 64 - known.leading_zeros()),
                _ => {}
            }
            if bits > under {
                break;
            }
        }
        Self { limbs, bits }
    }

    /// A word of one limb that is below 2^bits.
    pub(super) fn small(value: Value, bits: u32) -> Self {
        Self::below([Limb::Value(value), ZERO, ZERO, ZERO], bits.min(64))
    }

    pub(super) fn values(values: [Value; 4]) -> Self {
        Self::new(values.map(Limb::Value))
    }

    pub(super) fn limbs(&self) -> [Limb; 4] {
        self.limbs
    }

    pub(super) fn limb(&self, index: usize) -> Limb {
        self.limbs[index]
    }

    pub(super) fn bits(&self) -> u32 {
        self.bits
    }

    /// The word, where all of it is known.
    pub(super) fn constant(&self) -> Option<U256> {
        let mut limbs = [0; 4];
        for (limb, known) in self.limbs.iter().zip(&mut limbs) {
            match limb {
                Limb::Known(word) => *known = *word,
                Limb::Value(_) => return None,
            }
        }
        Some(U256::from_limbs(limbs))
    }

    /// The word, where it is known and fits.
    pub(super) fn small_constant(&self) -> Option<u64> {
        self.constant().and_then(|word| u64::try_from(word).ok())
    }
}

/// A word of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Limbs(Limbs),
    /// 1 where `bit`, a byte that is 0 or 1, is set, and 0 elsewhere; the other way round where it is negated. Most
    /// comparisons are for a jump, which has no use for a word.
    Truth {
        bit: Value,
        negated: bool,
    },
}

impl Word {
    /// Whether it can be had again without a value.
    pub(super) fn is_known(&self) -> bool {
        matches!(self, Self::Limbs(limbs) if limbs.constant().is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_follow_from_what_is_known() {
        let value = Limb::Value(Value::from_u32(1));
        assert_eq!(Limbs::known(U256::from(5)).bits(), 3);
        assert_eq!(Limbs::known(U256::ZERO).bits(), 0);
        assert_eq!(Limbs::new([value; 4]).bits(), 256);
        assert_eq!(Limbs::new([value, value, ZERO, ZERO]).bits(), 128);
        assert_eq!(Limbs::new([value, Limb::Known(1), ZERO, ZERO]).bits(), 65);
        assert_eq!(Limbs::below([value; 4], 160).bits(), 160);
        assert_eq!(Limbs::below([value; 4], 160).limb(3), ZERO);
        assert_eq!(Limbs::below([value; 4], 64).limbs(), [value, ZERO, ZERO, ZERO]);
        assert_eq!(Limbs::below([value, ZERO, ZERO, ZERO], 70).bits(), 64);
        assert_eq!(Limbs::below([value; 4], 0).constant(), Some(U256::ZERO));
    }
}
