//! Requantisation: the one place where a wide integer becomes a narrow one.

use crate::tensor::{DType, Tensor};
use alloc::vec::Vec;

/// `clamp(zero + ((acc · multiplier + 2^(shift−1)) >> shift))` to the range of `to`, in 64 bits with an
/// arithmetic shift: one rounding, halves towards positive infinity.
///
/// `multiplier` is 1..=32767 and `shift` 1..=47, so that `|acc · multiplier| < 2^46` and no step can
/// overflow.
pub fn requantise(acc: i32, multiplier: i32, shift: i32, zero: i32, to: DType) -> i32 {
    let product = i64::from(acc) * i64::from(multiplier);
    let rounded = (product + (1i64 << (shift - 1))) >> shift;
    to.saturate(i64::from(zero) + rounded)
}

/// [`requantise`] of every element; operands as [`crate::Op::Requantise`] lists them.
pub fn requantise_tensor(operands: &[&Tensor], to: DType, axis: usize) -> Vec<i32> {
    let (acc, multiplier, shift, zero) = (operands[0], operands[1], operands[2], operands[3]);
    let (_, extent, inner) = acc.shape().split(axis);
    acc.data()
        .iter()
        .enumerate()
        .map(|(i, &v)| {
            let c = i / inner % extent;
            requantise(v, multiplier.channel(c), shift.channel(c), zero.channel(c), to)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_up() {
        for (acc, expected) in [(3, 2), (1, 1), (-1, 0), (-3, -1), (5, 3), (-5, -2)] {
            assert_eq!(requantise(acc, 1, 1, 0, DType::I32), expected, "{acc}/2");
        }
    }

    #[test]
    fn extremes_do_not_overflow() {
        assert_eq!(requantise(i32::MIN, 32767, 1, i32::MIN, DType::I32), i32::MIN);
        assert_eq!(requantise(i32::MAX, 32767, 1, i32::MAX, DType::I32), i32::MAX);
        assert_eq!(requantise(i32::MIN, 32767, 47, 5, DType::U8), 5);
        assert_eq!(requantise(i32::MAX, 32767, 47, 5, DType::U8), 5);
        assert_eq!(requantise(i32::MAX, 32767, 46, 0, DType::I8), 1);
    }

    #[test]
    fn results_saturate_to_the_type() {
        assert_eq!(requantise(1000, 1, 1, 0, DType::I8), 127);
        assert_eq!(requantise(-1000, 1, 1, 0, DType::I8), -128);
        assert_eq!(requantise(-1000, 1, 1, 10, DType::U8), 0);
    }
}
